package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
)

// watched is an approval that somebody on this node watches.
type watched struct {
	hub   *hub
	topic *topic
	id    approvals.ID

	mu sync.Mutex
	// latest is what the watchers were told; all share it.
	latest approvals.Approval
	known  bool
	// early is an announcement that came before the first read was done.
	early string
	// doubted says that latest may be of a Redis that is no more, so that
	// what comes next stands whatever its version.
	doubted  bool
	watchers []*watcher
	deadline *time.Timer
}

type watcher struct{ notify func(approvals.Approval) }

func (h *hub) watch(ctx context.Context, id approvals.ID, notify func(approvals.Approval)) (func(), error) {
	t, err := h.join(ctx, approvalKey(id), func(t *topic) room { return &watched{hub: h, topic: t, id: id} })
	if err != nil {
		return nil, watchError(err)
	}
	w := t.room.(*watched)
	// Always asked, also when others watch: an announcement of what the caller
	// has just done may still be on its way.
	a, err := h.store.Read(ctx, id)
	if err != nil {
		h.leave(t, 1)
		return nil, err
	}
	return w.add(a, notify), nil
}

func watchError(err error) error {
	if errors.Is(err, approvals.ErrBusy) {
		return err
	}
	return fmt.Errorf("redisstore: watch: %w", err)
}

// add tells a new watcher what stands and keeps it for what follows.
func (w *watched) add(a approvals.Approval, notify func(approvals.Approval)) (stop func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.takeLocked(a)
	notify(w.latest)
	if w.latest.Final() {
		w.hub.leave(w.topic, 1)
		return func() {}
	}
	who := &watcher{notify}
	w.watchers = append(w.watchers, who)
	w.keepTimeLocked(a)
	return func() { w.remove(who) }
}

func (w *watched) remove(who *watcher) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := slices.Index(w.watchers, who)
	if at < 0 {
		return
	}
	w.watchers = slices.Delete(w.watchers, at, at+1)
	if len(w.watchers) == 0 {
		w.stopTimerLocked()
	}
	w.hub.leave(w.topic, 1)
}

// hear implements room.
func (w *watched) hear(payload string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.known {
		w.early = payload
		return true
	}
	a, err := withLine(w.latest, payload)
	if err != nil {
		return false
	}
	w.takeLocked(a)
	return true
}

// again implements room.
func (w *watched) again(ctx context.Context) error {
	a, err := w.hub.store.Read(ctx, w.id)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case errors.Is(err, approvals.ErrNotFound):
		w.vanishLocked()
	case err != nil:
		return err
	default:
		w.takeLocked(a)
	}
	return nil
}

// doubt implements room.
func (w *watched) doubt() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.doubted, w.early = w.known, ""
}

// end implements room.
func (w *watched) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watchers = nil
	w.stopTimerLocked()
}

// takeLocked tells the watchers of a, if it is news.
func (w *watched) takeLocked(a approvals.Approval) {
	switch {
	case !w.known:
		w.known = true
		w.latest = a
		if next, err := withLine(a, w.early); err == nil && next.Version > a.Version {
			w.latest = next
		}
		w.early = ""
	case w.doubted:
		w.doubted = false
		news := a.Version != w.latest.Version || a.State != w.latest.State
		w.latest = a
		if !news {
			break
		}
		w.tellLocked()
	case a.Version > w.latest.Version, a.Final() && !w.latest.Final():
		w.latest = a
		w.tellLocked()
	case a.Version == w.latest.Version && !w.latest.Final():
		w.latest = a // the same, as of later
	}
	w.keepTimeLocked(a)
}

// vanishLocked ends the watches of an approval that is not there any more: for
// whoever waits it has run out.
func (w *watched) vanishLocked() {
	if !w.known || w.latest.Final() {
		return
	}
	w.latest.State, w.latest.Settled = approvals.Expired, w.latest.Expires
	w.tellLocked()
	w.stopTimerLocked()
}

func (w *watched) tellLocked() {
	for _, who := range w.watchers {
		who.notify(w.latest)
	}
	if !w.latest.Final() {
		return
	}
	gone := len(w.watchers)
	w.watchers = nil
	if gone > 0 {
		w.hub.leave(w.topic, gone)
	}
}

// keepTimeLocked has the approval read when its deadline has passed. The time
// left is by Redis' clock, so that of this node need not agree with it.
func (w *watched) keepTimeLocked(a approvals.Approval) {
	if w.latest.Final() || len(w.watchers) == 0 {
		w.stopTimerLocked()
		return
	}
	left := max(w.latest.Expires.Sub(a.AsOf)+time.Millisecond, 10*time.Millisecond)
	if w.deadline == nil {
		w.deadline = time.AfterFunc(left, func() { w.hub.read(w.topic) })
	} else {
		w.deadline.Reset(left)
	}
}

func (w *watched) stopTimerLocked() {
	if w.deadline != nil {
		w.deadline.Stop()
		w.deadline = nil
	}
}

// person is somebody whose new approvals are waited for on this node.
type person struct {
	mu       sync.Mutex
	watchers []*personWatcher
}

type personWatcher struct{ notify func() }

func (h *hub) watchPerson(ctx context.Context, id enrolments.PersonID, notify func()) (func(), error) {
	t, err := h.join(ctx, personKey("w", id), func(*topic) room { return &person{} })
	if err != nil {
		return nil, watchError(err)
	}
	p, who := t.room.(*person), &personWatcher{notify}
	p.mu.Lock()
	p.watchers = append(p.watchers, who)
	p.mu.Unlock()
	return func() {
		if p.remove(who) {
			h.leave(t, 1)
		}
	}, nil
}

func (p *person) remove(who *personWatcher) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := slices.Index(p.watchers, who)
	if at >= 0 {
		p.watchers = slices.Delete(p.watchers, at, at+1)
	}
	return at >= 0
}

// hear implements room.
func (p *person) hear(string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, who := range p.watchers {
		who.notify()
	}
	return true
}

// again implements room: whatever was missed, "there may be one" is true.
func (p *person) again(context.Context) error {
	p.hear("")
	return nil
}

// doubt implements room.
func (p *person) doubt() {}

// end implements room.
func (p *person) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watchers = nil
}
