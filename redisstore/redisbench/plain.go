package redisbench

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Plain is a go-redis client as it comes: a pool, one command a trip.
type Plain struct{ client *redis.Client }

// NewPlain makes a client with a connection for each of callers.
func NewPlain(addr string, callers int) *Plain {
	return &Plain{redis.NewClient(&redis.Options{
		Addr: addr, PoolSize: callers, Protocol: 2, DisableIdentity: true, MaxRetries: -1,
	})}
}

// Do sends a command that replies with words, the first of which must be "ok".
func (p *Plain) Do(ctx context.Context, c []any) error {
	cmd := redis.NewCmd(ctx, c...)
	if err := p.client.Process(ctx, cmd); err != nil {
		return fmt.Errorf("redisbench: plain: %w", err)
	}
	reply, err := cmd.StringSlice()
	if err != nil {
		return fmt.Errorf("redisbench: plain: %w", err)
	}
	if len(reply) == 0 || reply[0] != "ok" {
		return fmt.Errorf("redisbench: plain: the reply is %.100q", reply)
	}
	return nil
}

// Words turns a command into what Do takes.
func (c Command) Words() []any {
	out := make([]any, len(c))
	for i, word := range c {
		out[i] = word
	}
	return out
}

// Close closes the connections.
func (p *Plain) Close() error { return p.client.Close() }

// Line is one publisher and one subscriber of one channel: the shortest way
// from one to another through Redis.
type Line struct {
	client  *redis.Client
	heard   *redis.PubSub
	arrived chan arrival
	done    chan struct{}
	stop    context.CancelFunc
}

type arrival struct {
	at  time.Time
	err error
}

const lineChannel = "redisbench:line"

// NewLine opens a line through the server at addr. Whoever opens it closes it.
func NewLine(ctx context.Context, addr string) (*Line, error) {
	client := redis.NewClient(&redis.Options{Addr: addr, Protocol: 2, DisableIdentity: true, MaxRetries: -1})
	heard := client.Subscribe(ctx, lineChannel)
	if _, err := heard.Receive(ctx); err != nil {
		heard.Close()
		client.Close()
		return nil, fmt.Errorf("redisbench: line: %w", err)
	}
	listening, stop := context.WithCancel(context.Background())
	l := &Line{client: client, heard: heard, arrived: make(chan arrival, 1), done: make(chan struct{}), stop: stop}
	go l.listen(listening)
	return l, nil
}

func (l *Line) listen(ctx context.Context) {
	defer close(l.done)
	for {
		_, err := l.heard.ReceiveMessage(ctx)
		select {
		case l.arrived <- arrival{time.Now(), err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// Trip publishes text and returns how long it took to arrive.
func (l *Line) Trip(ctx context.Context, text string) (time.Duration, error) {
	began := time.Now()
	if err := l.client.Publish(ctx, lineChannel, text).Err(); err != nil {
		return 0, fmt.Errorf("redisbench: line: %w", err)
	}
	select {
	case got := <-l.arrived:
		return got.at.Sub(began), got.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Close ends both.
func (l *Line) Close() error {
	l.stop()
	err := l.heard.Close()
	<-l.done
	if closing := l.client.Close(); err == nil {
		err = closing
	}
	return err
}
