package api

import (
	"context"
	"sync"
)

// crowd counts who waits for something: held requests, streams and sockets. It
// bounds them, in total and for each thing that is waited for, and knows when
// the last has gone.
type crowd struct {
	total, each int

	mu     sync.Mutex
	count  int
	by     map[string]int
	closed bool
	empty  chan struct{}
}

func newCrowd(total, each int) *crowd {
	return &crowd{total: total, each: each, by: map[string]int{}, empty: make(chan struct{})}
}

// enter lets one more in; who was let in leaves once.
func (c *crowd) enter(what string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return errStopping
	case c.count >= c.total || c.by[what] >= c.each:
		return errTooManyWait
	}
	c.count++
	c.by[what]++
	return nil
}

func (c *crowd) leave(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count--
	if c.by[what]--; c.by[what] == 0 {
		delete(c.by, what)
	}
	if c.closed && c.count == 0 {
		close(c.empty)
	}
}

// waiting is how many are in.
func (c *crowd) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// close lets nobody in any more.
func (c *crowd) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.closed = true
	if c.count == 0 {
		close(c.empty)
	}
}

// gone waits until the last has left, after close.
func (c *crowd) gone(ctx context.Context) error {
	select {
	case <-c.empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
