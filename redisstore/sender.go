package redisstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// maxQueued bounds the steps that wait for Redis: about half a second's
	// work; more would only wait to fail.
	maxQueued = 10_000
	// maxBatch bounds the steps of one batch, so that none waits for replies
	// to very many others.
	maxBatch = 128
)

var errQueue = errors.New("redisstore: too many steps wait for Redis")

// sender hands steps to Redis. A caller alone sends its own at once; what comes
// while that is on its way is gathered and sent together, which costs a busy
// client and Redis far fewer trips.
type sender struct {
	client  redis.UniversalClient
	timeout time.Duration // for a batch
	drains  sync.WaitGroup

	mu    sync.Mutex
	busy  bool
	queue []parcel
}

// parcel is a step under way; done is closed when it has its reply.
type parcel struct {
	cmd  redis.Cmder
	done chan struct{}
}

// send returns when cmd has its reply, or when ctx ends: then the step may
// still be done.
func (s *sender) send(ctx context.Context, cmd redis.Cmder) error {
	s.mu.Lock()
	if !s.busy {
		s.busy = true
		s.mu.Unlock()
		defer s.next()
		return s.client.Process(ctx, cmd)
	}
	if len(s.queue) >= maxQueued {
		s.mu.Unlock()
		return errQueue
	}
	p := parcel{cmd, make(chan struct{})}
	s.queue = append(s.queue, p)
	s.mu.Unlock()
	select {
	case <-p.done:
		return cmd.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// next has what was gathered sent, if anything was.
func (s *sender) next() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		s.busy = false
		return
	}
	s.drains.Go(s.drain)
}

// drain sends batch after batch until nothing is left.
func (s *sender) drain() {
	for {
		batch := s.take()
		if batch == nil {
			return
		}
		s.sendAll(batch)
	}
}

func (s *sender) take() []parcel {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(s.queue), maxBatch)
	if n == 0 {
		s.busy = false
		return nil
	}
	batch := s.queue[:n:n]
	s.queue = s.queue[n:]
	if len(s.queue) == 0 {
		s.queue = nil
	}
	return batch
}

func (s *sender) sendAll(batch []parcel) {
	// The callers' own contexts only end their waiting: a batch belongs to
	// all of them.
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, one := range batch {
			if err := p.Process(ctx, one.cmd); err != nil {
				return err
			}
		}
		return nil
	})
	for _, one := range batch {
		if err != nil && !answered(one.cmd) {
			one.cmd.SetErr(fmt.Errorf("batch: %w", err))
		}
		close(one.done)
	}
}

// answered reports whether a command of a batch that failed has a reply or an
// error of its own.
func answered(cmd redis.Cmder) bool {
	c, ok := cmd.(once)
	return ok && (c.Err() != nil || c.Val() != nil)
}

// lanes is one sender for each server, so that on a Cluster a server that does
// not answer holds up nobody who needs another.
type lanes struct {
	client  redis.UniversalClient
	timeout time.Duration

	mu       sync.Mutex
	byServer map[string]*sender
}

func newLanes(client redis.UniversalClient, timeout time.Duration) *lanes {
	return &lanes{client: client, timeout: timeout, byServer: make(map[string]*sender)}
}

// send sends a step on the lane of its key.
func (l *lanes) send(ctx context.Context, key string, cmd redis.Cmder) error {
	server := ""
	if c, ok := l.client.(*redis.ClusterClient); ok {
		node, err := c.MasterForKey(ctx, key)
		if err != nil {
			return err
		}
		server = node.Options().Addr
	}
	return l.lane(server).send(ctx, cmd)
}

func (l *lanes) lane(server string) *sender {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.byServer[server]
	if s == nil {
		s = &sender{client: l.client, timeout: l.timeout}
		l.byServer[server] = s
	}
	return s
}

// wait returns when all batches are done.
func (l *lanes) wait() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.byServer {
		s.drains.Wait()
	}
}
