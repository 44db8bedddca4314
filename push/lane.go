package push

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// atOnce bounds the attempts under way at one service. Each is one stream
	// on a shared connection; FCM allows 100 streams a connection.
	atOnce = 256
	// mayWait bounds those that wait for a turn at one service. Whoever comes
	// after them is told at once, so that the person can be offered a code.
	mayWait = 16_384
	// attemptTimeout ends an attempt at a service that took it and never
	// answers, early enough for another try within the shortest approval (30 s).
	attemptTimeout = 10 * time.Second
)

var (
	errEnded = errors.New("the approval ended")
	errSlow  = errors.New("no answer in time")
	errFull  = errors.New("too many messages are waiting")
)

// lane leads to one service, with bounds of its own.
type lane struct {
	at      Place
	sender  Sender
	breaker *breaker
	turns   chan struct{} // holds a token for each attempt under way
	waiting atomic.Int64
}

func newLane(at Place, s Sender, turned func(Place, Health)) *lane {
	return &lane{
		at: at, sender: s, turns: make(chan struct{}, atOnce),
		breaker: newBreaker(func(h Health) { turned(at, h) }),
	}
}

// ask makes one attempt, once it is this message's turn.
func (l *lane) ask(ctx context.Context, t Target, m Message) (result Attempt) {
	result = Attempt{Place: l.at, Began: time.Now()}
	if result.Err = l.enter(ctx, m.ExpiresAt); result.Err != nil {
		return result
	}
	defer func() { <-l.turns }()
	result.Began = time.Now()
	result.Err = l.breaker.guard(ctx, result.Began, func() error {
		result.Asked = true
		return l.attempt(ctx, t, m, result.Began)
	})
	result.Took = time.Since(result.Began)
	return result
}

// attempt's context is the only one on the common path: what it costs, each
// push pays.
func (l *lane) attempt(ctx context.Context, t Target, m Message, now time.Time) error {
	end, why := now.Add(attemptTimeout), errSlow
	if m.ExpiresAt.Before(end) {
		end, why = m.ExpiresAt, errEnded
	}
	ctx, cancel := context.WithDeadlineCause(ctx, end, why)
	defer cancel()
	return l.sender.Send(ctx, t, m)
}

// enter waits for a turn. Its errors are final, except that the service is
// down: when so many wait already, one more try later would only make the queue
// longer.
func (l *lane) enter(ctx context.Context, end time.Time) error {
	switch {
	case ctx.Err() != nil:
		return unavailable(context.Cause(ctx))
	case !time.Now().Before(end):
		return unavailable(errEnded)
	case l.breaker.health() == Down: // not after a wait for a turn
		return ErrDown
	}
	select {
	case l.turns <- struct{}{}:
		return nil
	default:
		return l.queue(ctx, end)
	}
}

func (l *lane) queue(ctx context.Context, end time.Time) error {
	defer l.waiting.Add(-1)
	if l.waiting.Add(1) > mayWait {
		return unavailable(errFull)
	}
	ctx, cancel := context.WithDeadlineCause(ctx, end, errEnded)
	defer cancel()
	select {
	case l.turns <- struct{}{}:
		return nil
	case <-ctx.Done():
		return unavailable(context.Cause(ctx))
	}
}

func unavailable(why error) error { return fmt.Errorf("%w: %w", ErrUnavailable, why) }
