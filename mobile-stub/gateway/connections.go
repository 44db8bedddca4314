package gateway

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// connections are those that are open, and the requests under way on them.
type connections struct {
	mu     sync.Mutex
	open   map[net.Conn]bool
	opened int
	closed bool
	goAway int // rises with each wish that all connections go
	active sync.WaitGroup
	busy   int // of active
}

// connection is what is remembered of one.
type connection struct {
	goAway int // connections.goAway when it was opened

	mu sync.Mutex
	// provider is the last provider token, since when it is used.
	provider string
	since    time.Time
}

type connectionKey struct{}

// attend gives a connection's requests what is remembered of it.
func (c *connections) attend(ctx context.Context, _ net.Conn) context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	return context.WithValue(ctx, connectionKey{}, &connection{goAway: c.goAway})
}

func connectionOf(r *http.Request) *connection {
	conn, _ := r.Context().Value(connectionKey{}).(*connection) // always, by attend
	return conn
}

// sendAway wishes all connections that are open to go.
func (c *connections) sendAway() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.goAway++
}

// mustGo reports whether a connection was wished away since it was opened.
func (c *connections) mustGo(conn *connection) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return conn.goAway < c.goAway
}

func newConnections() *connections { return &connections{open: make(map[net.Conn]bool)} }

func (c *connections) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		c.open[conn] = true
		c.opened++
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	}
}

// cut closes every connection without a word to the other side.
func (c *connections) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.open {
		if t, ok := conn.(*tls.Conn); ok {
			conn = t.NetConn()
		}
		conn.Close()
	}
}

// enter counts a request in; ok is false after wait, and busy is how many there
// are now.
func (c *connections) enter() (busy int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, false
	}
	c.active.Add(1)
	c.busy++
	return c.busy, true
}

func (c *connections) leave() {
	c.mu.Lock()
	c.busy--
	c.mu.Unlock()
	c.active.Done()
}

// wait lets nobody in any more and waits for those who are.
func (c *connections) wait() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.active.Wait()
}

// count is how many connections were ever opened.
func (c *connections) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.opened
}
