package approvalstest

import (
	"time"

	"countersign/approvals"
	"countersign/enrolments"
)

var answerTests = []test{
	{"the right number approves", func(s *scene) {
		a := s.create()
		got, err := s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Approve))
		s.wantError(err, nil)
		a.State, a.Method, a.SettledBy, a.Version, a.Settled = approvals.Approved, approvals.ByPush, a.Phones[0].ID, 2, got.Settled
		s.want(got, a)
		s.want(s.read(a.ID), a)
		if got.Settled.Before(a.Created) {
			s.Errorf("settled at %v", got.Settled)
		}
	}},
	{"no and not me deny, whatever the number", func(s *scene) {
		for decision, reason := range map[approvals.Decision]approvals.Reason{approvals.Deny: approvals.ByUser, approvals.Report: approvals.Reported} {
			a := s.create()
			got, err := s.store.Answer(s.ctx, a.ID, s.says(a, decision, number(a.Number)))
			s.wantError(err, nil)
			if got.State != approvals.Denied || got.Reason != reason || got.SettledBy != a.Phones[0].ID || got.Method != "" {
				s.Errorf("%s: %q/%q by %q", decision, got.State, got.Reason, got.SettledBy)
			}
		}
	}},
	{"a decision that is none approves nothing", func(s *scene) {
		a := s.create()
		got, _ := s.store.Answer(s.ctx, a.ID, s.says(a, "sure", number(a.Number)))
		if got.State == approvals.Approved || s.read(a.ID).State == approvals.Approved {
			s.Error("it approved")
		}
	}},
	{"where no number is asked, none is needed", func(s *scene) {
		a := s.create(func(n *approvals.New) { n.Number = "" })
		got, err := s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Approve))
		s.wantError(err, nil)
		if got.State != approvals.Approved {
			s.Errorf("it is %q", got.State)
		}
	}},
	{"without the number nothing is approved", func(s *scene) {
		a := s.create()
		_, err := s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Approve, number("")))
		s.wantError(err, approvals.ErrNumberWrong)
	}},
	{"a proof is good once, over all of a person's requests", func(s *scene) {
		a, b := s.create(inApplication("a")), s.create(inApplication("b"))
		wrong := s.says(a, approvals.Approve, func(x *approvals.Answer) { x.Nonce = "other" })
		_, err := s.store.Answer(s.ctx, a.ID, wrong)
		s.wantError(err, approvals.ErrMismatch)
		same := func(x *approvals.Answer) { x.Proof = wrong.Proof }
		_, err = s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Approve, same))
		s.wantError(err, approvals.ErrReplayed)
		_, err = s.store.Answer(s.ctx, b.ID, s.says(b, approvals.Approve, same))
		s.wantError(err, approvals.ErrReplayed)
		s.wantError(s.store.SpendProof(s.ctx, s.person, wrong.Proof), approvals.ErrReplayed)
		s.want(s.read(a.ID), a)
	}},
	{"a spent proof answers nothing, and is another person's to use", func(s *scene) {
		a := s.create()
		x := s.says(a, approvals.Approve)
		s.wantError(s.store.SpendProof(s.ctx, s.person, x.Proof), nil)
		s.wantError(s.store.SpendProof(s.ctx, s.person, x.Proof), approvals.ErrReplayed)
		s.wantError(s.store.SpendProof(s.ctx, enrolments.NewID[enrolments.PersonID](), x.Proof), nil)
		_, err := s.store.Answer(s.ctx, a.ID, x)
		s.wantError(err, approvals.ErrReplayed)
	}},
	{"a replayed proof is told before anything else", func(s *scene) {
		a := s.create()
		x := s.says(a, approvals.Approve)
		_, err := s.store.Answer(s.ctx, a.ID, x)
		s.wantError(err, nil)
		x.Phone, x.Nonce, x.Display, x.Number = enrolments.NewID[enrolments.PhoneID](), "other", "other", "00"
		_, err = s.store.Answer(s.ctx, a.ID, x)
		s.wantError(err, approvals.ErrReplayed)
	}},
	{"a phone that was not asked finds nothing, also with the rest wrong", func(s *scene) {
		a := s.create(func(n *approvals.New) { n.Phones = s.phones[:1] })
		for _, nonce := range []string{a.Nonce, "other"} {
			got, err := s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Approve, from(s.phones[1].ID), func(x *approvals.Answer) { x.Nonce = nonce }))
			s.wantError(err, approvals.ErrNotFound)
			s.want(got, approvals.Approval{})
		}
		s.want(s.read(a.ID), a)
	}},
	{"code only takes no phone's answer", func(s *scene) {
		held := func(n *approvals.New) { n.Budget.Limit = 0 }
		only := func(n *approvals.New) { n.CodeOnly = true }
		for _, why := range []func(*approvals.New){held, only} {
			a := s.create(why)
			for _, d := range []approvals.Decision{approvals.Approve, approvals.Deny, approvals.Report} {
				_, err := s.store.Answer(s.ctx, a.ID, s.says(a, d))
				s.wantError(err, approvals.ErrNotFound)
			}
			s.want(s.read(a.ID), a)
		}
	}},
	{"another nonce or another text is refused, the nonce first, and takes no try", func(s *scene) {
		a := s.create()
		for _, c := range []struct {
			nonce, shown string
			want         error
		}{
			{"other", a.DisplayHash(), approvals.ErrMismatch},
			{"", a.DisplayHash(), approvals.ErrMismatch},
			{a.Nonce, "other", approvals.ErrDisplay},
			{a.Nonce, "", approvals.ErrDisplay},
			{"other", "other", approvals.ErrMismatch},
		} {
			got, err := s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Approve, func(x *approvals.Answer) { x.Nonce, x.Display = c.nonce, c.shown }))
			s.wantError(err, c.want)
			s.want(got, approvals.Approval{})
		}
		s.want(s.read(a.ID), a)
	}},
	{"the answer to one approval is none to another", func(s *scene) {
		a, b := s.create(inApplication("a")), s.create(inApplication("b"))
		_, err := s.store.Answer(s.ctx, b.ID, s.says(a, approvals.Approve))
		s.wantError(err, approvals.ErrMismatch)
	}},
	{"one wrong number takes a try, and the right one still approves", func(s *scene) {
		a := s.create()
		got, err := s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Approve, number("48")))
		s.wantError(err, approvals.ErrNumberWrong)
		a.NumberTries, a.Version = 1, 2
		s.want(got, a)
		got, err = s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Approve))
		s.wantError(err, nil)
		if got.State != approvals.Approved {
			s.Errorf("it is %q", got.State)
		}
	}},
	{"the last wrong number denies, and the right one comes too late", func(s *scene) {
		a := s.create()
		_, err := s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Approve, number("48")))
		s.wantError(err, approvals.ErrNumberWrong)
		last := s.says(a, approvals.Approve, number("49"), from(s.phones[1].ID))
		got, err := s.store.Answer(s.ctx, a.ID, last)
		s.wantError(err, approvals.ErrNumberWrong)
		a.State, a.Reason, a.SettledBy = approvals.Denied, approvals.NumberMismatch, s.phones[1].ID
		a.NumberTries, a.Version, a.Settled = 0, 3, got.Settled
		s.want(got, a)
		stands, err := s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Approve))
		s.wantError(err, approvals.ErrSettled)
		s.want(stands, a)
	}},
	{"the same wrong bytes take one try, also after another phone's", func(s *scene) {
		a := s.create(func(n *approvals.New) { n.NumberTries = 3 })
		one := s.says(a, approvals.Approve, number("48"))
		two := s.says(a, approvals.Approve, number("49"), from(s.phones[1].ID))
		for _, x := range []approvals.Answer{one, again(one), two, again(one), again(two)} {
			_, err := s.store.Answer(s.ctx, a.ID, x)
			s.wantError(err, approvals.ErrNumberWrong)
		}
		if got := s.read(a.ID); got.NumberTries != 1 || got.Version != 3 || got.Final() {
			s.Errorf("%d tries left, version %d, %q", got.NumberTries, got.Version, got.State)
		}
	}},
	{"the same answer again gets the same reply and changes nothing", func(s *scene) {
		for _, d := range []approvals.Decision{approvals.Approve, approvals.Deny, approvals.Report} {
			a := s.create()
			x := s.says(a, d)
			first, err := s.store.Answer(s.ctx, a.ID, x)
			s.wantError(err, nil)
			if !first.JustSettled() {
				s.Errorf("settled at %v as of %v, to the one that settled", first.Settled, first.AsOf)
			}
			for range 2 {
				second, err := s.store.Answer(s.ctx, a.ID, again(x))
				s.wantError(err, nil)
				s.want(second, first)
				if second.JustSettled() {
					s.Errorf("settled at %v as of %v, to the second", second.Settled, second.AsOf)
				}
			}
		}
	}},
	{"another later answer is told what stands", func(s *scene) {
		a := s.create()
		first, err := s.store.Answer(s.ctx, a.ID, s.says(a, approvals.Deny))
		s.wantError(err, nil)
		for _, x := range []approvals.Answer{
			s.says(a, approvals.Approve),
			s.says(a, approvals.Deny),
			s.says(a, approvals.Approve, from(s.phones[1].ID)),
			s.says(a, approvals.Approve, number("99")),
		} {
			got, err := s.store.Answer(s.ctx, a.ID, x)
			s.wantError(err, approvals.ErrSettled)
			s.want(got, first)
		}
	}},
	{"the settling bytes from another phone are another answer", func(s *scene) {
		a := s.create()
		x := s.says(a, approvals.Deny)
		_, err := s.store.Answer(s.ctx, a.ID, x)
		s.wantError(err, nil)
		stolen := again(x)
		stolen.Phone = s.phones[1].ID
		_, err = s.store.Answer(s.ctx, a.ID, stolen)
		s.wantError(err, approvals.ErrSettled)
	}},
	{"what comes after the deadline finds it expired", func(s *scene) {
		a := s.create(living(20 * time.Millisecond))
		s.settled(a.ID)
		s.takesNothing(a)
	}},
	{"an answer to nothing is not found", func(s *scene) {
		a := s.create()
		_, err := s.store.Answer(s.ctx, approvals.NewID(s.person), s.says(a, approvals.Approve))
		s.wantError(err, approvals.ErrNotFound)
	}},
}

// takesNothing checks that an approval past its deadline can only be noted as
// expired.
func (s *scene) takesNothing(a approvals.Approval) {
	s.Helper()
	a.State, a.Settled = approvals.Expired, a.Expires
	s.want(s.read(a.ID), a)
	for _, d := range []approvals.Decision{approvals.Approve, approvals.Deny, approvals.Report} {
		got, err := s.store.Answer(s.ctx, a.ID, s.says(a, d))
		s.wantError(err, approvals.ErrSettled)
		s.want(got, a)
	}
	got, err := s.store.Settle(s.ctx, a.ID, byTOTP)
	s.wantError(err, approvals.ErrSettled)
	s.want(got, a)
	got, err = s.store.TryCode(s.ctx, a.ID)
	s.wantError(err, approvals.ErrSettled)
	s.want(got, a)
	got, err = s.store.Resend(s.ctx, a.ID, approvals.Budget{Limit: 30, Window: time.Minute})
	s.wantError(err, approvals.ErrSettled)
	s.want(got, a)
	s.wantError(s.store.NoteSeen(s.ctx, a.ID, a.Phones[0].ID), nil)
	_, err = s.store.Redeem(s.ctx, a.ID, a.Result)
	s.wantError(err, approvals.ErrResult)
	s.want(s.read(a.ID), a)
}
