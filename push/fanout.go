package push

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// atOnce bounds the attempts under way at one service. Each is one stream
	// on a shared connection; FCM allows 100 streams a connection.
	atOnce = 256
	// mayWait bounds those that wait for a turn at one service. Whoever comes
	// after them is told at once, so that the person can be offered a code.
	mayWait = 4096
	// attemptTimeout ends an attempt at a service that took it and never
	// answers, early enough for another try within the shortest approval (30 s).
	attemptTimeout = 10 * time.Second
	// The pause before another try doubles from first to longest. A connection
	// that broke is worth a new one at once; a service that is down is not.
	firstPause, longestPause = 100 * time.Millisecond, 8 * time.Second
)

var (
	errEnded = errors.New("the approval ended")
	errSlow  = errors.New("no answer in time")
	errFull  = errors.New("too many messages are waiting")
)

// Fanout asks all phones of a person at once. Each service has a lane of its
// own, with bounds of its own, so that a slow or dead service delays no other.
type Fanout struct {
	lanes map[Service]*lane
}

// NewFanout takes one Sender for each service that is set up.
func NewFanout(senders map[Service]Sender) *Fanout {
	f := &Fanout{lanes: make(map[Service]*lane, len(senders))}
	for service, sender := range senders {
		f.lanes[service] = &lane{sender: sender, turns: make(chan struct{}, atOnce)}
	}
	return f
}

// Send asks every target, tries again where a service is unavailable for now,
// and gives up when the message expires or ctx ends, whichever is first. It
// reports each target once, by its index and never two at a time, and returns
// when all are reported. No target's fate touches another's.
//
// A report is nil when the service took the message; otherwise it wraps one of
// the errors of this package.
func (f *Fanout) Send(ctx context.Context, m Message, targets []Target, report func(i int, err error)) {
	var reporting sync.Mutex
	ask := func(i int) {
		err := f.deliver(ctx, targets[i], m)
		reporting.Lock()
		defer reporting.Unlock()
		report(i, err)
	}

	// Most people have one phone: it needs no goroutine beside ours.
	var others sync.WaitGroup
	for i := 1; i < len(targets); i++ {
		others.Go(func() { ask(i) })
	}
	if len(targets) > 0 {
		ask(0)
	}
	others.Wait()
}

func (f *Fanout) deliver(ctx context.Context, t Target, m Message) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if err := t.Validate(); err != nil {
		return err
	}
	l, ok := f.lanes[t.Service]
	if !ok {
		return fmt.Errorf("%w: %s", ErrNoSender, t.Service)
	}
	for tries := 0; ; tries++ {
		if err := l.enter(ctx, m.ExpiresAt); err != nil {
			return err
		}
		err := l.attempt(ctx, t, m)
		if !errors.Is(err, ErrUnavailable) || !waitFor(ctx, pauseAfter(tries, err), m.ExpiresAt) {
			return err
		}
	}
}

// lane leads to one service.
type lane struct {
	sender  Sender
	turns   chan struct{} // holds a token for each attempt under way
	waiting atomic.Int64
}

// attempt gives the turn back that enter took. Its context is the only one on
// the common path: what it costs, each push pays.
func (l *lane) attempt(ctx context.Context, t Target, m Message) error {
	defer func() { <-l.turns }()
	end, why := time.Now().Add(attemptTimeout), errSlow
	if m.ExpiresAt.Before(end) {
		end, why = m.ExpiresAt, errEnded
	}
	ctx, cancel := context.WithDeadlineCause(ctx, end, why)
	defer cancel()
	return l.sender.Send(ctx, t, m)
}

// enter waits for a turn. Its errors are final: when so many wait already, one
// more try later would only make the queue longer.
func (l *lane) enter(ctx context.Context, end time.Time) error {
	switch {
	case ctx.Err() != nil:
		return unavailable(context.Cause(ctx))
	case !time.Now().Before(end):
		return unavailable(errEnded)
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

// pauseAfter says how long to wait before the next try. A service that named a
// time is never asked before it. Chance spreads those who failed together.
func pauseAfter(tries int, err error) time.Duration {
	var told *RetryAfter
	if errors.As(err, &told) {
		return told.After + chance(told.After/4+firstPause)
	}
	pause := min(firstPause<<min(tries, 10), longestPause)
	return pause/2 + chance(pause/2)
}

func chance(below time.Duration) time.Duration { return rand.N(below) }

// waitFor reports whether pause passed. It does not begin a wait that would
// outlive ctx or the approval: the person is better told now.
func waitFor(ctx context.Context, pause time.Duration, end time.Time) bool {
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(end) {
		end = deadline
	}
	if time.Until(end) <= pause {
		return false
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
