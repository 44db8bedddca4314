package approvalstest

import (
	"context"
	"errors"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
)

var (
	cancelled = approvals.Settlement{State: approvals.Withdrawn, Reason: approvals.Cancelled}
	byTOTP    = approvals.Settlement{State: approvals.Approved, Method: approvals.ByTOTP}
)

var settleTests = []test{
	{"a settlement is stored as it is", func(s *scene) {
		for _, with := range []approvals.Settlement{
			byTOTP, cancelled,
			{State: approvals.Approved, Method: approvals.ByRecoveryCode},
			{State: approvals.Denied, Reason: approvals.TooManyCodes},
			{State: approvals.Withdrawn, Reason: approvals.ByApplication},
			{State: approvals.Withdrawn, Reason: approvals.NeedsEnrol},
		} {
			a := s.create()
			got, err := s.store.Settle(s.ctx, a.ID, with)
			s.wantError(err, nil)
			a.State, a.Reason, a.Method, a.Version, a.Settled = with.State, with.Reason, with.Method, 2, got.Settled
			s.want(got, a)
			s.want(s.read(a.ID), a)
		}
	}},
	{"what settles nothing is refused", func(s *scene) {
		a := s.create()
		for _, state := range []approvals.State{"", approvals.Pending, approvals.Expired, "done"} {
			if _, err := s.store.Settle(s.ctx, a.ID, approvals.Settlement{State: state}); err == nil {
				s.Errorf("it was settled as %q", state)
			}
		}
		s.want(s.read(a.ID), a)
	}},
	{"what is settled is told, and stays", func(s *scene) {
		for _, with := range []approvals.Settlement{byTOTP, cancelled, {State: approvals.Denied, Reason: approvals.TooManyCodes}} {
			a := s.create()
			first, err := s.store.Settle(s.ctx, a.ID, with)
			s.wantError(err, nil)
			got, err := s.store.Settle(s.ctx, a.ID, cancelled)
			s.wantError(err, approvals.ErrSettled)
			s.want(got, first)
			got, err = s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Approve))
			s.wantError(err, approvals.ErrSettled)
			s.want(got, first)
			got, err = s.store.TryCode(s.ctx, a.ID)
			s.wantError(err, approvals.ErrSettled)
			s.want(got, first)
			s.want(s.read(a.ID), first)
		}
	}},
	{"a code try is taken before the code is looked at", func(s *scene) {
		a := s.create()
		for range a.CodeTries {
			got, err := s.store.TryCode(s.ctx, a.ID)
			s.wantError(err, nil)
			a.CodeTries--
			a.Version++
			s.want(got, a)
		}
		got, err := s.store.TryCode(s.ctx, a.ID)
		s.wantError(err, approvals.ErrNoTries)
		s.want(got, approvals.Approval{})
		s.want(s.read(a.ID), a)
	}},
	{"nothing is not found", func(s *scene) {
		id := approvals.NewID(s.person)
		_, err := s.store.Settle(s.ctx, id, byTOTP)
		s.wantError(err, approvals.ErrNotFound)
		_, err = s.store.TryCode(s.ctx, id)
		s.wantError(err, approvals.ErrNotFound)
		_, _, err = s.store.Expire(s.ctx, id)
		s.wantError(err, approvals.ErrNotFound)
		_, err = s.store.Resend(s.ctx, id, approvals.Budget{Limit: 1, Window: time.Minute})
		s.wantError(err, approvals.ErrNotFound)
		_, err = s.store.Redeem(s.ctx, id, enrolments.Hash{})
		s.wantError(err, approvals.ErrNotFound)
		s.wantError(s.store.NoteSent(s.ctx, id, s.phones[0].ID, approvals.Accepted), approvals.ErrNotFound)
		s.wantError(s.store.NoteSeen(s.ctx, id, s.phones[0].ID), approvals.ErrNotFound)
	}},
	{"before the deadline nothing expires", func(s *scene) {
		a := s.create()
		got, done, err := s.store.Expire(s.ctx, a.ID)
		if done || err != nil {
			s.Errorf("done %v, error %v", done, err)
		}
		s.want(got, a)
	}},
	{"after the deadline one caller notes it, and the state was clear before", func(s *scene) {
		a := s.create(living(20 * time.Millisecond))
		a.State, a.Settled = approvals.Expired, a.Expires
		s.want(s.settled(a.ID), a)
		got, done, err := s.store.Expire(s.ctx, a.ID)
		if !done || err != nil {
			s.Errorf("the first: done %v, error %v", done, err)
		}
		a.Version = 2
		s.want(got, a)
		got, done, err = s.store.Expire(s.ctx, a.ID)
		if done || err != nil {
			s.Errorf("the second: done %v, error %v", done, err)
		}
		s.want(got, a)
	}},
	{"what is settled does not expire", func(s *scene) {
		a := s.create(living(50 * time.Millisecond))
		stands, err := s.store.Settle(s.ctx, a.ID, cancelled)
		if errors.Is(err, approvals.ErrSettled) {
			s.Skip("this machine is too slow to settle in time")
		}
		s.wantError(err, nil)
		s.eventually("the deadline has passed", func() bool { return s.read(a.ID).AsOf.After(a.Expires) })
		got, done, err := s.store.Expire(s.ctx, a.ID)
		if done || err != nil {
			s.Errorf("done %v, error %v", done, err)
		}
		s.want(got, stands)
	}},
}

var factTests = []test{
	{"a phone's facts are its own, and raise the version when they change", func(s *scene) {
		a := s.create()
		s.wantError(s.store.NoteSent(s.ctx, a.ID, s.phones[1].ID, approvals.Failed), nil)
		s.wantError(s.store.NoteSent(s.ctx, a.ID, s.phones[0].ID, approvals.Accepted), nil)
		s.wantError(s.store.NoteSeen(s.ctx, a.ID, s.phones[0].ID), nil)
		a.Version = 4
		a.Phones = []approvals.AskedPhone{a.Phones[0], a.Phones[1]}
		a.Phones[0].Sent, a.Phones[0].Seen, a.Phones[1].Sent = approvals.Accepted, true, approvals.Failed
		s.want(s.read(a.ID), a)
	}},
	{"the same fact again changes nothing", func(s *scene) {
		a := s.create()
		for range 2 {
			s.wantError(s.store.NoteSent(s.ctx, a.ID, s.phones[0].ID, approvals.Accepted), nil)
			s.wantError(s.store.NoteSeen(s.ctx, a.ID, s.phones[0].ID), nil)
		}
		if got := s.read(a.ID); got.Version != 3 {
			s.Errorf("version %d, want 3", got.Version)
		}
	}},
	{"facts come too late for what is settled", func(s *scene) {
		a := s.create()
		stands, err := s.store.Settle(s.ctx, a.ID, cancelled)
		s.wantError(err, nil)
		s.wantError(s.store.NoteSent(s.ctx, a.ID, s.phones[0].ID, approvals.Accepted), nil)
		s.wantError(s.store.NoteSeen(s.ctx, a.ID, s.phones[0].ID), nil)
		s.want(s.read(a.ID), stands)
	}},
	{"a phone that was not asked has seen nothing", func(s *scene) {
		a := s.create(func(n *approvals.New) { n.Phones = s.phones[:1] })
		s.wantError(s.store.NoteSeen(s.ctx, a.ID, s.phones[1].ID), approvals.ErrNotFound)
		only := s.create(func(n *approvals.New) { n.CodeOnly = true })
		s.wantError(s.store.NoteSeen(s.ctx, only.ID, s.phones[0].ID), approvals.ErrNotFound)
	}},
}

var redeemTests = []test{
	{"the result code of an approved sign-in is good once", func(s *scene) {
		a := s.create()
		stands, err := s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Approve))
		s.wantError(err, nil)
		got, err := s.store.Redeem(s.ctx, a.ID, a.Result)
		s.wantError(err, nil)
		stands.Redeemed = true
		s.want(got, stands)
		s.want(s.read(a.ID), stands)
		got, err = s.store.Redeem(s.ctx, a.ID, a.Result)
		s.wantError(err, approvals.ErrResult)
		s.want(got, approvals.Approval{})
	}},
	{"a wrong code is refused and spends nothing", func(s *scene) {
		a := s.create()
		_, err := s.store.Settle(s.ctx, a.ID, byTOTP)
		s.wantError(err, nil)
		for _, wrong := range []enrolments.Hash{{}, a.Waiting, enrolments.SecretOf("other").Hash()} {
			_, err = s.store.Redeem(s.ctx, a.ID, wrong)
			s.wantError(err, approvals.ErrResult)
		}
		_, err = s.store.Redeem(s.ctx, a.ID, a.Result)
		s.wantError(err, nil)
	}},
	{"what is not approved is not redeemed", func(s *scene) {
		a := s.create()
		_, err := s.store.Redeem(s.ctx, a.ID, a.Result)
		s.wantError(err, approvals.ErrResult)
		_, err = s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Deny))
		s.wantError(err, nil)
		_, err = s.store.Redeem(s.ctx, a.ID, a.Result)
		s.wantError(err, approvals.ErrResult)
	}},
}

var endedTests = []test{
	{"a caller that has gone away changes nothing", func(s *scene) {
		a := s.create()
		gone, cancel := context.WithCancel(s.ctx)
		cancel()
		calls := map[string]func() error{
			"create": func() error { _, err := s.store.Create(gone, s.request()); return err },
			"read":   func() error { _, err := s.store.Read(gone, a.ID); return err },
			"answer": func() error { _, err := s.store.Answer(gone, a.ID, s.says(a, approvals.Approve)); return err },
			"code":   func() error { _, err := s.store.TryCode(gone, a.ID); return err },
			"settle": func() error { _, err := s.store.Settle(gone, a.ID, byTOTP); return err },
			"expire": func() error { _, _, err := s.store.Expire(gone, a.ID); return err },
			"resend": func() error {
				_, err := s.store.Resend(gone, a.ID, approvals.Budget{Limit: 9, Window: time.Hour})
				return err
			},
			"sent":    func() error { return s.store.NoteSent(gone, a.ID, s.phones[0].ID, approvals.Accepted) },
			"seen":    func() error { return s.store.NoteSeen(gone, a.ID, s.phones[0].ID) },
			"redeem":  func() error { _, err := s.store.Redeem(gone, a.ID, a.Result); return err },
			"pending": func() error { _, err := s.store.PendingFor(gone, s.person, s.phones[0].ID); return err },
			"proof":   func() error { return s.store.SpendProof(gone, s.person, "spent-by-nobody") },
			"watch":   func() error { _, err := s.store.Watch(gone, a.ID, func(approvals.Approval) {}); return err },
			"person":  func() error { _, err := s.store.WatchPerson(gone, s.person, func() {}); return err },
		}
		for name, call := range calls {
			if err := call(); !errors.Is(err, context.Canceled) {
				s.Errorf("%s: got error %v, want %v", name, err, context.Canceled)
			}
		}
		s.want(s.read(a.ID), a)
		s.wantError(s.store.SpendProof(s.ctx, s.person, "spent-by-nobody"), nil)
	}},
}
