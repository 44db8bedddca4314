package redisstore

import (
	"context"
	"sync"
	"time"
)

// readers bounds the reads that make up for what may not have been heard, at
// one time; retryRead is how long a failed one waits.
const (
	readers   = 32
	retryRead = 200 * time.Millisecond
)

// read has a topic read again soon, as often as it takes.
func (h *hub) read(t *topic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.readLocked(t)
}

func (h *hub) readLocked(t *topic) {
	if t.queued || t.refs == 0 {
		return
	}
	t.queued = true
	h.due = append(h.due, t)
	wake(h.dueNow)
}

func (h *hub) readAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range h.topics {
		if t.phase == live {
			h.readLocked(t)
		}
	}
}

// repair reads what is due, as long as the hub lives.
func (h *hub) repair() {
	var busy sync.WaitGroup
	defer busy.Wait()
	free := make(chan struct{}, readers)
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-h.dueNow:
		}
		for _, t := range h.takeDue() {
			select {
			case free <- struct{}{}:
			case <-h.ctx.Done():
				return
			}
			busy.Go(func() {
				defer func() { <-free }()
				h.readNow(t)
			})
		}
	}
}

func (h *hub) takeDue() []*topic {
	h.mu.Lock()
	defer h.mu.Unlock()
	due := h.due
	h.due = nil
	for _, t := range due {
		t.queued = false
	}
	return due
}

func (h *hub) readNow(t *topic) {
	ctx, cancel := context.WithTimeout(h.ctx, h.patience)
	defer cancel()
	if err := t.room.again(ctx); err != nil && h.ctx.Err() == nil {
		time.AfterFunc(retryRead, func() { h.read(t) })
	}
}
