package approvalstest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/approvals"
)

// ear collects what a watch says, and finds fault with its order.
type ear struct {
	mu     sync.Mutex
	states []approvals.Approval
	busy   bool
	faults []string
}

func (e *ear) notify(a approvals.Approval) {
	e.mu.Lock()
	if e.busy {
		e.faults = append(e.faults, "two calls at once")
	}
	e.busy = true
	if n := len(e.states); n > 0 {
		if last := e.states[n-1]; a.Version < last.Version {
			e.faults = append(e.faults, fmt.Sprintf("version %d after %d", a.Version, last.Version))
		} else if last.Final() {
			e.faults = append(e.faults, fmt.Sprintf("%q after the final %q", a.State, last.State))
		}
	}
	e.states = append(e.states, a)
	e.busy = false
	e.mu.Unlock()
}

func (e *ear) last() approvals.Approval {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.states) == 0 {
		return approvals.Approval{}
	}
	return e.states[len(e.states)-1]
}

func (e *ear) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.states)
}

func (e *ear) check(s *scene) {
	s.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, fault := range e.faults {
		s.Errorf("a watch was told %s", fault)
	}
}

// watch listens until the test ends.
func (s *scene) watch(id approvals.ID) *ear {
	s.Helper()
	e := &ear{}
	stop, err := s.store.Watch(s.ctx, id, e.notify)
	s.wantError(err, nil)
	s.Cleanup(func() {
		stop()
		e.check(s)
	})
	return e
}

// hears waits until the last that was told is a.
func (s *scene) hears(e *ear, a approvals.Approval) {
	s.Helper()
	s.eventually(fmt.Sprintf("a watch was told %q, version %d", a.State, a.Version), func() bool {
		last := e.last()
		return last.Version == a.Version && last.State == a.State
	})
	s.want(e.last(), a)
}

var watchTests = []test{
	{"the first call is the state as it stands", func(s *scene) {
		a := s.create()
		_, err := s.store.TryCode(s.ctx, a.ID)
		s.wantError(err, nil)
		e := s.watch(a.ID)
		if e.count() != 1 {
			s.Fatalf("%d calls when Watch returned", e.count())
		}
		s.want(e.last(), s.read(a.ID))
	}},
	{"every kind of change is told", func(s *scene) {
		a := s.create(func(n *approvals.New) { n.NumberTries = 3 })
		e := s.watch(a.ID)
		for name, change := range map[string]func() error{
			"sent": func() error { return s.store.NoteSent(s.ctx, a.ID, s.phones[1].ID, approvals.Failed) },
			"seen": func() error { return s.store.NoteSeen(s.ctx, a.ID, s.phones[0].ID) },
			"code": func() error { _, err := s.store.TryCode(s.ctx, a.ID); return err },
			"resend": func() error {
				_, err := s.store.Resend(s.ctx, a.ID, approvals.Budget{Limit: 30, Window: time.Hour})
				return err
			},
			"number": func() error {
				_, err := s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Approve, number("99")))
				if err == approvals.ErrNumberWrong {
					return nil
				}
				return fmt.Errorf("got error %v, want %v", err, approvals.ErrNumberWrong)
			},
		} {
			if err := change(); err != nil {
				s.Fatalf("%s: %v", name, err)
			}
			s.hears(e, s.read(a.ID))
		}
	}},
	{"every way to settle is told, and is the last that is told", func(s *scene) {
		for name, settle := range map[string]func(approvals.Approval) error{
			"approve": func(a approvals.Approval) error {
				_, err := s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Approve))
				return err
			},
			"deny": func(a approvals.Approval) error {
				_, err := s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Deny))
				return err
			},
			"report": func(a approvals.Approval) error {
				_, err := s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Report))
				return err
			},
			"code":     func(a approvals.Approval) error { _, err := s.store.Settle(s.ctx, a.ID, byTOTP); return err },
			"withdraw": func(a approvals.Approval) error { _, err := s.store.Settle(s.ctx, a.ID, cancelled); return err },
			"replace":  func(approvals.Approval) error { _, err := s.store.Create(s.ctx, s.request()); return err },
		} {
			a := s.create()
			e := s.watch(a.ID)
			if err := settle(a); err != nil {
				s.Fatalf("%s: %v", name, err)
			}
			s.hears(e, s.read(a.ID))
		}
	}},
	{"a settled approval is told once", func(s *scene) {
		a := s.create()
		stands, err := s.store.Settle(s.ctx, a.ID, cancelled)
		s.wantError(err, nil)
		e := s.watch(a.ID)
		s.want(e.last(), stands)
		if e.count() != 1 {
			s.Errorf("%d calls", e.count())
		}
	}},
	{"the deadline is told without anybody noting it", func(s *scene) {
		a := s.create(living(150 * time.Millisecond))
		e := s.watch(a.ID)
		a.State, a.Settled = approvals.Expired, a.Expires
		s.hears(e, a)
	}},
	{"what has expired unnoted is told as expired", func(s *scene) {
		a := s.create(living(10 * time.Millisecond))
		stands := s.settled(a.ID)
		e := s.watch(a.ID)
		s.want(e.last(), stands)
	}},
	{"noting the deadline tells those who know it nothing new", func(s *scene) {
		a := s.create(living(50 * time.Millisecond))
		e := s.watch(a.ID)
		s.eventually("the watch heard the deadline", func() bool { return e.last().Final() })
		_, done, err := s.store.Expire(s.ctx, a.ID)
		if !done || err != nil {
			s.Errorf("done %v, error %v", done, err)
		}
		other := s.create()
		heard := s.watch(other.ID)
		stands, err := s.store.Settle(s.ctx, other.ID, cancelled)
		s.wantError(err, nil)
		s.hears(heard, stands)
	}},
	{"nothing to watch is not found", func(s *scene) {
		_, err := s.store.Watch(s.ctx, approvals.NewID(s.person), func(approvals.Approval) { s.Error("told") })
		s.wantError(err, approvals.ErrNotFound)
	}},
	{"a watch that was stopped hears nothing more, and stopping twice is once", func(s *scene) {
		a := s.create()
		e, other := &ear{}, s.watch(a.ID)
		stop, err := s.store.Watch(s.ctx, a.ID, e.notify)
		s.wantError(err, nil)
		stop()
		stop()
		stands, err := s.store.Settle(s.ctx, a.ID, cancelled)
		s.wantError(err, nil)
		s.hears(other, stands)
		if e.count() != 1 {
			s.Errorf("%d calls, want the first alone", e.count())
		}
	}},
	{"one watch stopped leaves the others listening", func(s *scene) {
		a := s.create()
		for range 5 {
			stop, err := s.store.Watch(s.ctx, a.ID, func(approvals.Approval) {})
			s.wantError(err, nil)
			defer stop()
			stop()
			e := s.watch(a.ID)
			_, err = s.store.TryCode(s.ctx, a.ID)
			if err == approvals.ErrNoTries {
				break
			}
			s.wantError(err, nil)
			s.hears(e, s.read(a.ID))
		}
	}},
	{"many watches of one approval all see its end", func(s *scene) {
		a := s.create()
		var ears []*ear
		for range 100 {
			ears = append(ears, s.watch(a.ID))
		}
		stands, err := s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Approve))
		s.wantError(err, nil)
		for _, e := range ears {
			s.hears(e, stands)
		}
	}},
	{"watches hear of their own approval alone", func(s *scene) {
		a, b := s.create(inApplication("a")), s.create(inApplication("b"))
		mine, theirs := s.watch(a.ID), s.watch(b.ID)
		for id, e := range map[approvals.ID]*ear{a.ID: mine, b.ID: theirs} {
			stands, err := s.store.Settle(s.ctx, id, cancelled)
			s.wantError(err, nil)
			s.hears(e, stands)
			if e.count() != 2 {
				s.Errorf("%d calls, want 2", e.count())
			}
		}
	}},
	{"no change is lost between a watch's beginning and its first call", func(s *scene) {
		for range 300 {
			a := s.create()
			settled := make(chan error, 1)
			go func() {
				_, err := s.store.Settle(s.ctx, a.ID, cancelled)
				settled <- err
			}()
			e := &ear{}
			stop, err := s.store.Watch(s.ctx, a.ID, e.notify)
			s.wantError(err, nil)
			s.wantError(<-settled, nil)
			s.eventually("the watch saw the end", func() bool { return e.last().State == approvals.Withdrawn })
			stop()
			e.check(s)
		}
	}},
	{"watches that come and go while it changes miss no end", func(s *scene) { s.comeAndGo() }},
	{"a watch of a person is told of each new approval", func(s *scene) {
		calls := make(chan struct{}, 100)
		stop, err := s.store.WatchPerson(s.ctx, s.person, func() { calls <- struct{}{} })
		s.wantError(err, nil)
		defer stop()
		for i := range 3 {
			for len(calls) > 0 {
				<-calls
			}
			a := s.create(inApplication(application(i)))
			select {
			case <-calls:
			case <-time.After(patience):
				s.Fatal("nothing was told")
			}
			if got := s.pending(0); len(got) != i+1 || !cmp.Equal(got[0].ID, a.ID) {
				s.Errorf("%d pending", len(got))
			}
		}
	}},
	{"a watch of a person hears nothing once stopped", func(s *scene) {
		var stopped atomic.Bool
		stop, err := s.store.WatchPerson(s.ctx, s.person, func() {
			if stopped.Load() {
				s.Error("told after stop")
			}
		})
		s.wantError(err, nil)
		stop()
		stopped.Store(true)
		stop()
		told := make(chan struct{}, 10)
		after, err := s.store.WatchPerson(s.ctx, s.person, func() { told <- struct{}{} })
		s.wantError(err, nil)
		defer after()
		s.create()
		select {
		case <-told:
		case <-time.After(patience):
			s.Fatal("the other watch was not told")
		}
	}},
}

// comeAndGo has ten watchers begin and stop over and over while one approval
// changes and is settled; a last watch of each must see the end.
func (s *scene) comeAndGo() {
	for range 20 {
		a := s.create(func(n *approvals.New) { n.CodeTries = 50 })
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				for {
					e := &ear{}
					stop, err := s.store.Watch(s.ctx, a.ID, e.notify)
					if err != nil {
						s.Errorf("watch: %v", err)
						return
					}
					if e.last().Final() {
						stop()
						return
					}
					stop()
					e.check(s)
				}
			})
		}
		e := s.watch(a.ID)
		for range 10 {
			_, err := s.store.TryCode(s.ctx, a.ID)
			s.wantError(err, nil)
		}
		stands, err := s.store.Settle(s.ctx, a.ID, cancelled)
		s.wantError(err, nil)
		all.Wait()
		s.hears(e, stands)
	}
}
