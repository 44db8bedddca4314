package approvalstest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"countersign/approvals"
)

// callers is how many settle one approval at once.
const callers = 20

// races has one approval settled by all who may, at once, over and over: one
// wins, and all others are told what stands.
func races(t *testing.T, store approvals.Store, rounds int) {
	for round := range rounds {
		s := newScene(t, store)
		ttl := time.Minute
		if round%10 == 9 {
			ttl = time.Duration(round%7) * time.Millisecond // the deadline runs too
		}
		s.race(round, ttl)
		if t.Failed() {
			return
		}
	}
}

// outcome is what one caller was told.
type outcome struct {
	what string
	a    approvals.Approval
	won  bool
	err  error
}

func (s *scene) race(round int, ttl time.Duration) {
	a := s.create(living(ttl))
	told := make([]outcome, callers)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			<-start
			told[i] = s.settles(a, (i+round)%len(ways))
		})
	}
	close(start)
	all.Wait()
	s.oneWinner(a, told)
}

// ways are the ways in which the callers of a race settle.
var ways = []string{"approve", "other phone approves", "deny", "report", "wrong number", "code", "cancel", "expire"}

func (s *scene) settles(a approvals.Approval, way int) (out outcome) {
	out.what = ways[way]
	switch out.what {
	case "approve":
		out.a, out.err = s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Approve))
	case "other phone approves":
		out.a, out.err = s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Approve, from(s.phones[1].ID)))
	case "deny":
		out.a, out.err = s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Deny))
	case "report":
		out.a, out.err = s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Report))
	case "wrong number":
		out.a, out.err = s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Approve, number("99")))
		out.won = errors.Is(out.err, approvals.ErrNumberWrong) && out.a.NumberTries == 0
		if errors.Is(out.err, approvals.ErrNumberWrong) {
			out.err = nil
		}
		return out
	case "code":
		out.a, out.err = s.store.Settle(s.ctx, a.ID, byTOTP)
	case "cancel":
		out.a, out.err = s.store.Settle(s.ctx, a.ID, cancelled)
	case "expire":
		out.a, out.won, out.err = s.store.Expire(s.ctx, a.ID)
		return out
	}
	out.won = out.err == nil
	return out
}

// oneWinner checks what all were told. Where nobody was in time, the deadline
// won, and who notes it first is told so.
func (s *scene) oneWinner(a approvals.Approval, told []outcome) {
	stands := s.read(a.ID)
	var winners []string
	for _, o := range told {
		switch {
		case o.won:
			winners = append(winners, fmt.Sprintf("%s (%s)", o.what, o.a.State))
			s.want(o.a, stands)
		case o.err != nil && !errors.Is(o.err, approvals.ErrSettled):
			s.Errorf("%s: %v", o.what, o.err)
		case errors.Is(o.err, approvals.ErrSettled) && (o.a.State != stands.State || o.a.Reason != stands.Reason || o.a.SettledBy != stands.SettledBy):
			s.Errorf("%s was told %q/%q, but %q/%q stands", o.what, o.a.State, o.a.Reason, stands.State, stands.Reason)
		}
	}
	if len(winners) == 0 && stands.State == approvals.Expired {
		_, done, err := s.store.Expire(s.ctx, a.ID)
		if !done || err != nil {
			s.Errorf("nobody had noted the deadline, but done is %v, error %v", done, err)
		}
		return
	}
	if len(winners) != 1 || !stands.Final() {
		s.Errorf("it is %q; winners: %q", stands.State, winners)
	}
}
