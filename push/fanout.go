package push

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// The pause before another try doubles from first to longest. A connection
	// that broke is worth a new one at once; a service that is down is not.
	firstPause, longestPause = 100 * time.Millisecond, 8 * time.Second
	// patience is how long a message may stay undelivered before that is
	// reported, so that the person is offered a code; trying goes on.
	patience = 3 * time.Second
)

// Fanout asks all phones of a person at once. Each service has a lane of its
// own, with bounds of its own, so that a slow or dead service delays no other.
type Fanout struct {
	senders   map[Service]Sender
	lanes     map[Place]*lane
	observers observers
}

// NewFanout takes one Sender for each service that is set up.
func NewFanout(senders map[Service]Sender, told ...Observer) *Fanout {
	f := &Fanout{senders: senders, lanes: make(map[Place]*lane), observers: told}
	for service, sender := range senders {
		parts := []string{""}
		if d, ok := sender.(Divided); ok {
			parts = append(parts, d.Parts()...)
		}
		for _, part := range parts {
			at := Place{service, part}
			f.lanes[at] = newLane(at, sender, f.observers.turned)
		}
	}
	return f
}

// Conditions lists every place that messages go to, in order of its name.
func (f *Fanout) Conditions() []Condition {
	var all []Condition
	for at, l := range f.lanes {
		if _, divided := l.sender.(Divided); divided && at.Part == "" {
			continue // leads nowhere
		}
		all = append(all, Condition{at, l.breaker.health()})
	}
	slices.SortFunc(all, func(a, b Condition) int { return strings.Compare(a.Place.String(), b.Place.String()) })
	return all
}

// Send asks every target, tries again where a service is unavailable for now,
// and gives up when the message expires or ctx ends, whichever is first. It
// reports each target by its index, never two at a time, and returns when
// nothing more will come. No target's fate touches another's.
//
// A report is nil when the service took the message; otherwise it wraps one of
// the errors of this package. A target is reported once. Only one that was
// reported unavailable may be reported once more: it is told early, while
// trying goes on, and again when the message was taken after all or something
// else came of it.
func (f *Fanout) Send(ctx context.Context, m Message, targets []Target, report func(i int, err error)) {
	var reporting sync.Mutex
	ask := func(i int) {
		f.deliver(ctx, targets[i], m, func(err error) {
			reporting.Lock()
			defer reporting.Unlock()
			report(i, err)
		})
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

func (f *Fanout) deliver(ctx context.Context, t Target, m Message, report func(error)) {
	l, err := f.laneOf(t, m)
	if err != nil {
		report(err)
		return
	}
	began, told := time.Now(), false
	for tries := 0; ; tries++ {
		a := l.ask(ctx, t, m)
		a.Message, a.Try = m.ID(), tries
		f.observers.attempted(ctx, a)
		pause := pauseAfter(tries, a.Err)
		again := mayRecover(a.Err) && leaves(ctx, m.ExpiresAt, pause)
		late := time.Since(began)+pause >= patience || errors.Is(a.Err, ErrDown)
		if repeats := told && errors.Is(a.Err, ErrUnavailable); !repeats && (!again || late) {
			report(a.Err)
			told = true
		}
		if !again {
			return
		}
		if !wait(ctx, pause) {
			if !told {
				report(unavailable(context.Cause(ctx)))
			}
			return
		}
	}
}

// laneOf checks what is to be sent and finds its way.
func (f *Fanout) laneOf(t Target, m Message) (*lane, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	if err := t.Validate(); err != nil {
		return nil, err
	}
	at := Place{Service: t.Service}
	if d, ok := f.senders[t.Service].(Divided); ok {
		at.Part = d.Part(t)
	}
	l, ok := f.lanes[at]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNoSender, t.Service)
	}
	return l, nil
}

// mayRecover: a queue that is full would only grow by another try.
func mayRecover(err error) bool { return errors.Is(err, ErrUnavailable) && !errors.Is(err, errFull) }

// pauseAfter says how long to wait before the next try. A service that named a
// time is never asked before it, one that is down not before it may be tried.
// Chance spreads those who failed together.
func pauseAfter(tries int, err error) time.Duration {
	var told *RetryAfter
	switch {
	case errors.As(err, &told):
		return told.After + chance(told.After/4+firstPause)
	case errors.Is(err, ErrDown):
		return restFor/2 + chance(restFor)
	}
	pause := min(firstPause<<min(tries, 10), longestPause)
	return pause/2 + chance(pause/2)
}

func chance(below time.Duration) time.Duration { return rand.N(below) }

// leaves reports whether a pause leaves time for another try, before ctx and
// the approval end: else the person is better told now.
func leaves(ctx context.Context, end time.Time, pause time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(end) {
		end = deadline
	}
	return ctx.Err() == nil && time.Until(end) > pause
}

// wait reports whether the pause passed before ctx ended.
func wait(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
