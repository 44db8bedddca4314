package apibench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// Seat is where one browser waits.
type Seat struct {
	// URL is of the stream, ws://…; Origin is of the page.
	URL    string `json:"url"`
	Origin string `json:"origin"`
	// Token authenticates in the subprotocol; empty for a server that has none.
	Token string `json:"token,omitempty"`
}

// Crowd is many browsers that wait, each with a connection and a goroutine. It
// is safe for concurrent use; Leave ends it.
type Crowd struct {
	pings, lost atomic.Int64
	work        sync.WaitGroup

	mu    sync.Mutex
	conns []*websocket.Conn
	gone  bool
}

// Join connects one more and returns once its first message is here.
func (c *Crowd) Join(ctx context.Context, s Seat) error {
	dialer := websocket.Dialer{HandshakeTimeout: 20 * time.Second, ReadBufferSize: 256, WriteBufferSize: 256}
	if s.Token != "" {
		dialer.Subprotocols = []string{"countersign.v1", "bearer." + s.Token}
	}
	conn, resp, err := dialer.DialContext(ctx, s.URL, http.Header{"Origin": {s.Origin}})
	if err != nil {
		if resp != nil {
			err = fmt.Errorf("%w: %s", err, resp.Status)
		}
		return fmt.Errorf("apibench: browser: %w", err)
	}
	pong := conn.PingHandler()
	conn.SetPingHandler(func(text string) error {
		c.pings.Add(1)
		return pong(text)
	})
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, _, err := conn.ReadMessage(); err != nil {
		conn.Close()
		return fmt.Errorf("apibench: first message: %w", err)
	}
	conn.SetReadDeadline(time.Time{})
	return c.keep(conn)
}

func (c *Crowd) keep(conn *websocket.Conn) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		conn.Close()
		return errors.New("apibench: the crowd has gone")
	}
	c.conns = append(c.conns, conn)
	c.work.Go(func() {
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				c.lost.Add(1)
				return
			}
		}
	})
	return nil
}

// Pings is how often a server asked for a sign of life.
func (c *Crowd) Pings() int { return int(c.pings.Load()) }

// Waiting is how many are still connected.
func (c *Crowd) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.conns) - int(c.lost.Load())
}

// Leave cuts all connections, as browsers do whose tabs are closed.
func (c *Crowd) Leave() {
	c.mu.Lock()
	c.gone = true
	for _, conn := range c.conns {
		conn.Close()
	}
	c.mu.Unlock()
	c.work.Wait()
}
