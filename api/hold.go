package api

import (
	"context"
	"errors"
	"sync"
	"time"

	"countersign/approvals"
)

// pollEvery is how often the durable store is asked for a change while a
// request is held: it announces none.
const pollEvery = 500 * time.Millisecond

// hold runs do with up to wait of time. When the server stops meanwhile, do is
// run again without: who waits is answered with what there is.
func (a *API) hold(ctx context.Context, what string, wait time.Duration, do func(context.Context, time.Duration) error) error {
	if wait == 0 {
		return do(ctx, 0)
	}
	if err := a.crowd.enter(what); errors.Is(err, errStopping) {
		return do(ctx, 0)
	} else if err != nil {
		return err
	}
	defer a.crowd.leave(what)
	held, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(a.life, cancel)()
	err := do(held, wait)
	if errors.Is(err, context.Canceled) && ctx.Err() == nil {
		return do(ctx, 0)
	}
	return err
}

// poll reads again until done, the wait is over or the server stops. The
// caller has read once.
func (a *API) poll(ctx context.Context, what string, wait time.Duration, done func() bool, read func(context.Context) error) error {
	if wait == 0 || done() {
		return nil
	}
	return a.hold(ctx, what, wait, func(ctx context.Context, wait time.Duration) error {
		if wait == 0 {
			return nil
		}
		timer, ticker := time.NewTimer(wait), time.NewTicker(pollEvery)
		defer timer.Stop()
		defer ticker.Stop()
		for !done() {
			select {
			case <-ticker.C:
				if err := read(ctx); err != nil {
					return err
				}
			case <-timer.C:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
}

// feed keeps the newest state of an approval for one reader.
type feed struct {
	// fresh has an element when there is a state that was not taken.
	fresh chan struct{}

	mu     sync.Mutex
	latest approvals.Approval
}

func newFeed() *feed { return &feed{fresh: make(chan struct{}, 1)} }

func (f *feed) put(p approvals.Approval) {
	f.mu.Lock()
	f.latest = p
	f.mu.Unlock()
	select {
	case f.fresh <- struct{}{}:
	default:
	}
}

func (f *feed) take() approvals.Approval {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.latest
}

// follow returns the approval once done says so, or as it stands when the wait
// is over or the server stops.
func (a *API) follow(ctx context.Context, p approvals.Approval, wait time.Duration, done func(approvals.Approval) bool) (approvals.Approval, error) {
	if wait == 0 || done(p) {
		return p, nil
	}
	read := time.Now()
	err := a.hold(ctx, waitersOf(p.ID), wait, func(ctx context.Context, wait time.Duration) error {
		if wait == 0 {
			return nil
		}
		f := newFeed()
		stop, err := a.config.Approvals.Watch(ctx, p.ID, f.put)
		if err != nil {
			return err
		}
		defer stop()
		timer := time.NewTimer(wait)
		defer timer.Stop()
		for !done(p) {
			select {
			case <-f.fresh:
				p, read = f.take(), time.Now()
			case <-timer.C:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	// The store's clock has gone on since the last change; a browser counts
	// down by it.
	p.AsOf = p.AsOf.Add(time.Since(read))
	return p, err
}

// waitersOf names those who wait for an approval.
func waitersOf(id approvals.ID) string { return "approval " + string(id) }
