package approvalstest

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
)

var createTests = []test{
	{"a new approval is pending and holds what was asked", func(s *scene) {
		n := s.request()
		c, err := s.store.Create(s.ctx, n)
		s.wantError(err, nil)
		s.want(c, approvals.Created{Approval: approvals.Approval{
			ID: n.ID, Version: 1, Application: n.Application, ApplicationName: n.ApplicationName, Logo: n.Logo,
			Person: n.Person, User: n.User, ReturnURL: n.ReturnURL, Display: n.Display, Nonce: n.Nonce,
			Number: n.Number, Waiting: n.Waiting, Result: n.Result, Created: c.Created, Expires: c.Created.Add(n.TTL),
			Next: approvals.Wait, Takes: n.Takes, Role: n.Role, Offers: n.Offers, EmailHint: n.EmailHint, Barred: n.Barred, TrustFor: n.TrustFor, TTL: n.TTL, Phones: n.Phones, State: approvals.Pending,
			NumberTries: n.NumberTries, CodeTries: n.CodeTries, Resends: n.Resends,
		}})
		if c.Created.IsZero() || c.AsOf.Before(c.Created) {
			s.Errorf("created at %v as of %v", c.Created, c.AsOf)
		}
	}},
	{"what is read is what was created", func(s *scene) {
		a := s.create()
		s.want(s.read(a.ID), a)
	}},
	{"an approval that never was is not found", func(s *scene) {
		_, err := s.store.Read(s.ctx, approvals.NewID(s.person))
		s.wantError(err, approvals.ErrNotFound)
		_, err = s.store.Read(s.ctx, "short")
		s.wantError(err, approvals.ErrNotFound)
	}},
	{"a person without a phone is left with codes", func(s *scene) {
		a := s.create(func(n *approvals.New) { n.Phones = nil })
		if a.Next != approvals.CodeOnly || len(s.read(a.ID).Phones) != 0 {
			s.Errorf("next is %q with phones %v", a.Next, a.Phones)
		}
	}},
	{"code only is code only, and counts no push", func(s *scene) {
		one := func(n *approvals.New) { n.Budget.Limit = 1 }
		if a := s.create(one, func(n *approvals.New) { n.CodeOnly = true }); a.Next != approvals.CodeOnly {
			s.Errorf("next is %q", a.Next)
		}
		if a := s.create(one); a.Next != approvals.Wait {
			s.Errorf("then next is %q", a.Next)
		}
	}},
	{"a newer one of the same person and application replaces the older", func(s *scene) {
		first := s.create()
		c := s.created()
		if c.Replaced != first.ID {
			s.Errorf("replaced %q, want %q", c.Replaced, first.ID)
		}
		old := s.read(first.ID)
		if old.State != approvals.Withdrawn || old.Reason != approvals.Replaced || old.Version != 2 || old.Settled.IsZero() {
			s.Errorf("the older one is %q/%q, version %d, settled %v", old.State, old.Reason, old.Version, old.Settled)
		}
		s.want(s.read(c.ID), c.Approval)
	}},
	{"one of another application or person replaces nothing", func(s *scene) {
		first := s.create()
		if c := s.created(inApplication("other")); c.Replaced != "" {
			s.Errorf("another application replaced %q", c.Replaced)
		}
		other := newScene(s.T, s.store)
		if c := other.created(); c.Replaced != "" {
			s.Errorf("another person replaced %q", c.Replaced)
		}
		s.want(s.read(first.ID), first)
	}},
	{"of a change and a sign-in neither replaces the other, and a newer change replaces the older", func(s *scene) {
		signIn, change := s.create(), s.created(forChange)
		if change.Replaced != "" || change.Purpose != approvals.ForChange || s.read(change.ID).Purpose != approvals.ForChange {
			s.Errorf("for %q, it replaced %q", change.Purpose, change.Replaced)
		}
		s.want(s.pending(0), newestFirst(signIn, change.Approval))
		if c := s.created(); c.Replaced != signIn.ID {
			s.Errorf("a sign-in replaced %q", c.Replaced)
		}
		if c := s.created(forChange); c.Replaced != change.ID {
			s.Errorf("a change replaced %q", c.Replaced)
		}
		if c := s.created(forChange, inApplication("other")); c.Replaced != "" {
			s.Errorf("one of another application replaced %q", c.Replaced)
		}
	}},
	{"what is settled is not replaced", func(s *scene) {
		first := s.create()
		a, err := s.store.Settle(s.ctx, first.ID, cancelled)
		s.wantError(err, nil)
		if c := s.created(); c.Replaced != "" {
			s.Errorf("replaced %q", c.Replaced)
		}
		s.want(s.read(first.ID), a)
	}},
	{"what has expired is not replaced", func(s *scene) {
		first := s.create(living(20 * time.Millisecond))
		s.settled(first.ID)
		if c := s.created(); c.Replaced != "" {
			s.Errorf("replaced %q", c.Replaced)
		}
		if a := s.read(first.ID); a.State != approvals.Expired {
			s.Errorf("it became %q", a.State)
		}
	}},
	{"the same key and request find the first approval, and change nothing", func(s *scene) {
		first := s.created(keyed("k", "body"))
		_, err := s.store.TryCode(s.ctx, first.ID)
		s.wantError(err, nil)
		c := s.created(keyed("k", "body"))
		s.want(c, approvals.Created{Approval: s.read(first.ID), Repeated: true})
	}},
	{"a repeated request finds the first approval also when it is settled", func(s *scene) {
		first := s.created(keyed("k", "body"))
		a, err := s.store.Settle(s.ctx, first.ID, cancelled)
		s.wantError(err, nil)
		s.want(s.created(keyed("k", "body")), approvals.Created{Approval: a, Repeated: true})
	}},
	{"the same key with another request is refused, and changes nothing", func(s *scene) {
		first := s.created(keyed("k", "body"))
		_, err := s.store.Create(s.ctx, s.request(keyed("k", "another body")))
		s.wantError(err, approvals.ErrIdempotency)
		s.want(s.read(first.ID), first.Approval)
	}},
	{"a key belongs to one person and application", func(s *scene) {
		first := s.created(keyed("k", "body"))
		if c := s.created(keyed("k", "body"), inApplication("other")); c.Repeated || c.ID == first.ID {
			s.Error("another application found it")
		}
		if c := newScene(s.T, s.store).created(keyed("k", "body")); c.Repeated || c.ID == first.ID {
			s.Error("another person found it")
		}
		if c := s.created(keyed("l", "body")); c.Repeated || c.Replaced != first.ID {
			s.Error("another key found it")
		}
	}},
	{"without a key nothing is a repetition", func(s *scene) {
		first := s.created()
		if c := s.created(); c.Repeated || c.ID == first.ID {
			s.Error("it was taken as a repetition")
		}
	}},
	{"a person's pending approvals are bounded; replacing one is not one more", func(s *scene) {
		for i := range approvals.MaxPending {
			s.create(inApplication(application(i)))
		}
		_, err := s.store.Create(s.ctx, s.request(inApplication("one-more")))
		s.wantError(err, approvals.ErrBusy)
		c := s.created(inApplication(application(3)))
		if c.Replaced == "" {
			s.Error("nothing was replaced")
		}
		_, err = s.store.Settle(s.ctx, c.ID, cancelled)
		s.wantError(err, nil)
		s.create(inApplication("one-more"))
	}},
}

func keyed(key, body string) func(*approvals.New) {
	return func(n *approvals.New) { n.Key, n.Fingerprint = key, enrolments.SecretOf(body).Hash() }
}

func forChange(n *approvals.New) { n.Purpose = approvals.ForChange }

func application(i int) enrolments.ApplicationID {
	return enrolments.ApplicationID(fmt.Sprintf("app-%d", i))
}

var budgetTests = []test{
	{"pushes are counted over all applications, and then held", func(s *scene) {
		limit := func(n *approvals.New) { n.Budget.Limit = 3 }
		for i := range 5 {
			want := approvals.Wait
			if i >= 3 {
				want = approvals.CodeOnly
			}
			if a := s.create(limit, inApplication(application(i))); a.Next != want {
				s.Errorf("request %d: next is %q, want %q", i+1, a.Next, want)
			}
		}
		if a := newScene(s.T, s.store).create(limit); a.Next != approvals.Wait {
			s.Errorf("another person is held too")
		}
	}},
	{"a limit of none holds the first", func(s *scene) {
		if a := s.create(func(n *approvals.New) { n.Budget.Limit = 0 }); a.Next != approvals.CodeOnly {
			s.Errorf("next is %q", a.Next)
		}
	}},
	{"a deadline is moved once, and the approval lives until then", func(s *scene) {
		a := s.create(func(n *approvals.New) { n.TTL = 300 * time.Millisecond })
		watched := make(chan approvals.Approval, 64)
		stop, err := s.store.Watch(s.ctx, a.ID, func(a approvals.Approval) { watched <- a })
		s.wantError(err, nil)
		defer stop()
		var all sync.WaitGroup
		errs := make([]error, callers)
		for i := range errs {
			all.Go(func() { _, errs[i] = s.store.Extend(s.ctx, a.ID, a.TTL, 2*a.TTL) })
		}
		all.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				s.wantError(err, approvals.ErrHeld)
			}
		}
		moved := s.read(a.ID)
		if won != 1 || moved.Version != a.Version+1 || !moved.Expires.Equal(a.Created.Add(2*a.TTL)) || moved.TTL != a.TTL {
			s.Errorf("%d moved it, to %v after %v", won, moved.Expires.Sub(a.Created), a.TTL)
		}
		for got := range watched {
			if got.Final() {
				if got.AsOf.Before(moved.Expires) || got.State != approvals.Expired {
					s.Errorf("told %s %v early", got.State, moved.Expires.Sub(got.AsOf))
				}
				break
			}
		}
		_, err = s.store.Extend(s.ctx, a.ID, 2*a.TTL, time.Hour)
		s.wantError(err, approvals.ErrSettled)
		_, err = s.store.Extend(s.ctx, approvals.NewID(s.person), a.TTL, time.Hour)
		s.wantError(err, approvals.ErrNotFound)
	}},
	{"an approval that nothing proves frees no budget", func(s *scene) {
		one := func(n *approvals.New) { n.Budget.Limit = 1 }
		s.create(one)
		for _, method := range []approvals.Method{approvals.NotRequired, approvals.ByTrust} {
			held := s.create(one)
			_, err := s.store.Settle(s.ctx, held.ID, approvals.Settlement{State: approvals.Approved, Method: method})
			s.wantError(err, nil)
			if a := s.create(one); a.Next != approvals.CodeOnly {
				s.Errorf("after %s next is %q", method, a.Next)
			}
		}
	}},
	{"a budget without a window holds nothing, counts nothing and is not held", func(s *scene) {
		free := func(n *approvals.New) { n.Budget = approvals.Budget{} }
		one := func(n *approvals.New) { n.Budget.Limit = 1 }
		for range 3 {
			if a := s.create(free); a.Next != approvals.Wait {
				s.Errorf("next is %q", a.Next)
			}
		}
		if a := s.create(one); a.Next != approvals.Wait {
			s.Errorf("it was counted: next is %q", a.Next)
		}
		held, a := s.create(one), s.create(free)
		if held.Next != approvals.CodeOnly || a.Next != approvals.Wait {
			s.Errorf("held %q, and without a window %q", held.Next, a.Next)
		}
	}},
	{"pushes go out again after a quiet window, not while they are asked for", func(s *scene) { s.quiet() }},
	{"a shorter window does not free what a longer one holds", func(s *scene) {
		long := func(n *approvals.New) { n.Budget = approvals.Budget{Limit: 1, Window: 10 * time.Minute} }
		short := func(n *approvals.New) { n.Budget = approvals.Budget{Limit: 1, Window: time.Millisecond} }
		s.create(long)
		s.create(long)
		held := s.create(short)
		until := held.Created.Add(20 * time.Millisecond)
		s.eventually("the short window is over", func() bool { return !s.read(held.ID).AsOf.Before(until) })
		for _, asks := range []func(*approvals.New){short, long} {
			if a := s.create(asks); a.Next != approvals.CodeOnly {
				s.Errorf("next is %q", a.Next)
			}
		}
	}},
	{"a code that succeeds frees the budget", func(s *scene) {
		one := func(n *approvals.New) { n.Budget.Limit = 1 }
		s.create(one)
		held := s.create(one)
		_, err := s.store.Settle(s.ctx, held.ID, byTOTP)
		s.wantError(err, nil)
		if a := s.create(one); held.Next != approvals.CodeOnly || a.Next != approvals.Wait {
			s.Errorf("held %q, then %q", held.Next, a.Next)
		}
	}},
	{"a code that keeps what is held frees nothing", func(s *scene) {
		one := func(n *approvals.New) { n.Budget.Limit = 1 }
		s.create(one)
		change := s.create(one, forChange)
		_, err := s.store.Settle(s.ctx, change.ID, approvals.Settlement{State: approvals.Approved, Method: approvals.ByTOTP, KeepsHeld: true})
		s.wantError(err, nil)
		if a := s.create(one); a.Next != approvals.CodeOnly {
			s.Errorf("next is %q", a.Next)
		}
	}},
	{"neither withdrawing, denying nor expiring frees the budget", func(s *scene) {
		one := func(n *approvals.New) { n.Budget.Limit = 1 }
		s.create(one)
		for _, with := range []approvals.Settlement{cancelled, {State: approvals.Denied, Reason: approvals.TooManyCodes}} {
			a := s.create(one)
			_, err := s.store.Settle(s.ctx, a.ID, with)
			s.wantError(err, nil)
		}
		a := s.create(one, living(5*time.Millisecond))
		s.settled(a.ID)
		_, _, err := s.store.Expire(s.ctx, a.ID)
		s.wantError(err, nil)
		if a := s.create(one); a.Next != approvals.CodeOnly {
			s.Errorf("next is %q", a.Next)
		}
	}},
	{"a repeated request counts no push", func(s *scene) {
		two := func(n *approvals.New) { n.Budget.Limit = 2 }
		s.create(two, keyed("k", "body"))
		s.create(two, keyed("k", "body"))
		if a := s.create(two); a.Next != approvals.Wait {
			s.Errorf("next is %q", a.Next)
		}
	}},
	{"resending takes a push and a resend", func(s *scene) {
		budget := approvals.Budget{Limit: 2, Window: 10 * time.Minute}
		a := s.create(func(n *approvals.New) { n.Budget = budget })
		got, err := s.store.Resend(s.ctx, a.ID, budget)
		s.wantError(err, nil)
		a.Resends, a.Version = 1, 2
		s.want(got, a)
		_, err = s.store.Resend(s.ctx, a.ID, budget)
		s.wantError(err, approvals.ErrHeld)
		s.want(s.read(a.ID), a)
	}},
	{"resends end also within the budget", func(s *scene) {
		budget := approvals.Budget{Limit: 30, Window: 10 * time.Minute}
		a := s.create()
		for range a.Resends {
			_, err := s.store.Resend(s.ctx, a.ID, budget)
			s.wantError(err, nil)
		}
		_, err := s.store.Resend(s.ctx, a.ID, budget)
		s.wantError(err, approvals.ErrHeld)
	}},
	{"nothing is resent for code only, or once settled", func(s *scene) {
		budget := approvals.Budget{Limit: 30, Window: 10 * time.Minute}
		a := s.create(func(n *approvals.New) { n.CodeOnly = true })
		_, err := s.store.Resend(s.ctx, a.ID, budget)
		s.wantError(err, approvals.ErrHeld)
		stands, err := s.store.Settle(s.ctx, a.ID, cancelled)
		s.wantError(err, nil)
		got, err := s.store.Resend(s.ctx, a.ID, budget)
		s.wantError(err, approvals.ErrSettled)
		s.want(got, stands)
	}},
}

// quiet asks over and over for more than a window, then waits one out. It
// judges by the store's own clock, and begins again where the machine was so
// slow that a window passed by itself.
func (s *scene) quiet() {
	const window = 150 * time.Millisecond
	asks := func(n *approvals.New) { n.Budget = approvals.Budget{Limit: 1, Window: window} }
	for range 20 {
		last := s.create(asks)
		begun := last.Created
		slow := false
		s.eventually("it was asked for three windows", func() bool {
			a := s.create(asks)
			slow = slow || a.Created.Sub(last.Created) >= window
			last = a
			if a.Next != approvals.CodeOnly && !slow {
				s.Fatalf("a push went out %v after the last request", a.Created.Sub(last.Created))
			}
			return slow || a.Created.Sub(begun) > 3*window
		})
		if slow {
			s.eventually("the window is over", func() bool { return s.read(last.ID).AsOf.Sub(last.Created) > window })
			continue
		}
		s.eventually("nothing was asked for a window", func() bool { return s.read(last.ID).AsOf.Sub(last.Created) > window })
		if a := s.create(asks); a.Next != approvals.Wait {
			s.Fatalf("after a quiet window next is %q", a.Next)
		}
		return
	}
	s.Skip("this machine is too slow to ask twice in a window")
}

var pendingTests = []test{
	{"a phone sees what it is asked now, newest first", func(s *scene) {
		first := s.create(inApplication("a"))
		second := s.create(inApplication("b"))
		third := s.create(inApplication("c"))
		s.want(s.pending(0), newestFirst(first, second, third))
	}},
	{"a phone does not see what it is not asked", func(s *scene) {
		only := s.create(inApplication("a"), func(n *approvals.New) { n.Phones = s.phones[:1] })
		s.create(inApplication("b"), func(n *approvals.New) { n.CodeOnly = true })
		newScene(s.T, s.store).create()
		s.want(s.pending(0), []approvals.Approval{only})
		if got := s.pending(1); len(got) != 0 {
			s.Errorf("the other phone sees %d", len(got))
		}
	}},
	{"what is settled, replaced or expired is not seen", func(s *scene) {
		settled := s.create(inApplication("a"))
		_, err := s.store.Settle(s.ctx, settled.ID, cancelled)
		s.wantError(err, nil)
		s.create(inApplication("b"))
		newer := s.create(inApplication("b"))
		s.settled(s.create(inApplication("c"), living(10*time.Millisecond)).ID)
		s.want(s.pending(0), []approvals.Approval{newer})
	}},
	{"nobody's phone sees nothing", func(s *scene) {
		if got := s.pending(0); len(got) != 0 {
			s.Errorf("%d approvals", len(got))
		}
	}},
}

func (s *scene) pending(phone int) []approvals.Approval {
	s.Helper()
	got, err := s.store.PendingFor(s.ctx, s.person, s.phones[phone].ID)
	s.wantError(err, nil)
	return got
}

// newestFirst orders as the contract says; those of one instant by id.
func newestFirst(all ...approvals.Approval) []approvals.Approval {
	out := append([]approvals.Approval(nil), all...)
	for i := range out {
		for j := i; j > 0 && cmp.Or(out[j-1].Created.Compare(out[j].Created), cmp.Compare(out[j-1].ID, out[j].ID)) < 0; j-- {
			out[j-1], out[j] = out[j], out[j-1]
		}
	}
	return out
}

var laterTests = []test{
	{"an idempotency key is forgotten", func(s *scene) {
		first := s.created(keyed("k", "body"))
		s.ahead(approvals.RememberKeys + time.Second)
		if c := s.created(keyed("k", "another body")); c.Repeated || c.ID == first.ID {
			s.Error("it was remembered")
		}
	}},
	{"an approval can be read for ten minutes after its deadline, then it is gone", func(s *scene) {
		a := s.create()
		s.ahead(time.Minute + approvals.KeepSettled - 5*time.Second)
		if got := s.read(a.ID); got.State != approvals.Expired || !got.Settled.Equal(a.Expires) {
			s.Errorf("it is %q, settled %v", got.State, got.Settled)
		}
		s.ahead(10 * time.Second)
		_, err := s.store.Read(s.ctx, a.ID)
		s.wantError(err, approvals.ErrNotFound)
		_, err = s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Approve))
		s.wantError(err, approvals.ErrNotFound)
	}},
	{"a result code is good for two minutes", func(s *scene) {
		a, b := s.create(inApplication("a")), s.create(inApplication("b"))
		for _, id := range []approvals.ID{a.ID, b.ID} {
			_, err := s.store.Settle(s.ctx, id, byTOTP)
			s.wantError(err, nil)
		}
		s.ahead(approvals.RedeemWithin - 5*time.Second)
		_, err := s.store.Redeem(s.ctx, a.ID, a.Result)
		s.wantError(err, nil)
		s.ahead(10 * time.Second)
		_, err = s.store.Redeem(s.ctx, b.ID, b.Result)
		s.wantError(err, approvals.ErrResult)
	}},
	{"once past its deadline, an approval takes nothing", func(s *scene) {
		a := s.create()
		s.ahead(time.Minute)
		s.takesNothing(a)
	}},
}
