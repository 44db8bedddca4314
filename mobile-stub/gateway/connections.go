package gateway

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// connections are those that are open, and the requests under way on them.
type connections struct {
	mu     sync.Mutex
	open   map[net.Conn]bool
	opened int
	closed bool
	active sync.WaitGroup
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

func (c *connections) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.active.Add(1)
	return true
}

func (c *connections) leave() { c.active.Done() }

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
