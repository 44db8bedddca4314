package approvals_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/approvals"
	"countersign/enrolments"
)

func TestAPhonesAnswerSettles(t *testing.T) {
	for _, c := range []struct {
		decision approvals.Decision
		state    approvals.State
		reason   approvals.Reason
		method   approvals.Method
		line     string
	}{
		{approvals.Approve, approvals.Approved, "", approvals.ByPush, "approval.settled approved by push"},
		{approvals.Deny, approvals.Denied, approvals.ByUser, "", "approval.settled denied: user"},
		{approvals.Report, approvals.Denied, approvals.Reported, "", "approval.settled denied: reported"},
	} {
		t.Run(string(c.decision), func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.phone("ana@example.com", "other")
				h := s.phone("ana@example.com", "phone")
				out := s.asks("ana@example.com")
				a, err := s.answers(h, out.Approval, c.decision, nil)
				noError(t, err)
				if a.State != c.state || a.Reason != c.reason || a.Method != c.method || a.SettledBy != h.ID {
					t.Errorf("got %s, %s, %s by %s", a.State, a.Reason, a.Method, a.SettledBy)
				}
				if s.times(c.line) != 1 {
					t.Errorf("the trail: %q", s.trail())
				}
				for _, e := range s.town.events {
					if e.Kind == enrolments.EventApprovalSettled && (e.Phone != h.ID || e.Person != h.Person || e.Application != s.app.ID || e.Approval != string(out.ID)) {
						t.Errorf("noted as %+v", e)
					}
				}
				if !cmp.Equal(s.town.used, []enrolments.PhoneID{h.ID}) {
					t.Errorf("used: %v", s.town.used)
				}
				if locked := len(s.town.locked) == 1; locked != (c.decision == approvals.Report) {
					t.Errorf("locked: %v", s.town.locked)
				}
			})
		})
	}
}

func TestAReportHoldsPushesBack(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		out := s.asks("ana@example.com")
		_, err := s.answers(h, out.Approval, approvals.Report, nil)
		noError(t, err)
		if !cmp.Equal(s.town.locked, []enrolments.PersonID{h.Person}) {
			t.Errorf("locked: %v", s.town.locked)
		}
		want := []string{
			"approval.requested wait", "approval.reported reported as not the person's own",
			"approval.settled denied: reported",
		}
		if diff := cmp.Diff(want, s.trail()); diff != "" {
			t.Errorf("the trail (-want +got):\n%s", diff)
		}
	})
}

func TestAReportThatCouldNotBeKeptIsNoAnswer(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		out := s.asks("ana@example.com")
		s.town.unlockable = context.DeadlineExceeded
		_, err := s.answers(h, out.Approval, approvals.Report, nil)
		wantError(t, err, context.DeadlineExceeded)
		if got := s.stands(out.ID).State; got != approvals.Pending {
			t.Errorf("it is %s", got)
		}
		s.town.unlockable = nil
		for range 2 { // the second time the reply was lost
			a, err := s.answers(h, out.Approval, approvals.Report, nil)
			noError(t, err)
			if a.State != approvals.Denied || a.Reason != approvals.Reported {
				t.Errorf("it is %s: %s", a.State, a.Reason)
			}
		}
		if len(s.town.locked) != 1 {
			t.Errorf("locked %v", s.town.locked)
		}
	})
}

func TestAReportOfWhatThePhoneWasNotAskedLocksNothing(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		out := s.asks("ana@example.com")
		h := s.phone("ana@example.com", "a later phone")
		_, err := s.answers(h, out.Approval, approvals.Report, nil)
		wantError(t, err, approvals.ErrNotFound)
		again := s.asks("ana@example.com").Approval
		again.Display = "{}"
		_, err = s.answers(h, again, approvals.Report, nil)
		wantError(t, err, approvals.ErrDisplay)
		if len(s.town.locked) != 0 {
			t.Errorf("locked %v", s.town.locked)
		}
	})
}

// Whoever floods a person replaces each sign-in by the next, or has a stolen
// code ready: the report that comes too late to settle still counts.
func TestAReportThatComesTooLateStillHoldsPushesBack(t *testing.T) {
	for name, end := range map[string]func(s *scene, out approvals.Requested){
		"after a code":        func(s *scene, out approvals.Requested) { s.settleBy("123456", out) },
		"after its deadline":  func(s *scene, _ approvals.Requested) { pass(61 * time.Second) },
		"after a new sign-in": func(s *scene, _ approvals.Requested) { s.asks("ana@example.com") },
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				h := s.phone("ana@example.com", "phone")
				out := s.asks("ana@example.com")
				end(s, out)
				before := s.stands(out.ID)
				a, err := s.answers(h, out.Approval, approvals.Report, nil)
				wantError(t, err, approvals.ErrSettled)
				if a.State != before.State || a.Reason != before.Reason {
					t.Errorf("it was %s and is %s", before.State, a.State)
				}
				if len(s.town.locked) != 1 || s.times("approval.reported reported as not the person's own") != 1 {
					t.Errorf("locked %v, noted %q", s.town.locked, s.trail())
				}
			})
		})
	}
}

func TestALateAnswerThatReportsNothingIsOnlyTold(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		out := s.asks("ana@example.com")
		s.settleBy("123456", out)
		noted := len(s.trail())
		for _, decision := range []approvals.Decision{approvals.Approve, approvals.Deny} {
			a, err := s.answers(h, out.Approval, decision, nil)
			wantError(t, err, approvals.ErrSettled)
			if a.State != approvals.Approved || a.Method != approvals.ByTOTP {
				t.Errorf("told %s by %s", a.State, a.Method)
			}
		}
		if len(s.town.locked) != 0 || len(s.trail()) != noted {
			t.Errorf("locked %v, noted %q", s.town.locked, s.trail())
		}
	})
}

func TestAWrongNumberTakesATryAndTheLastIsAMismatch(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		out := s.asks("ana@example.com")
		a, err := s.answers(h, out.Approval, approvals.Approve, number(wrongNumber(out.Approval)))
		wantError(t, err, approvals.ErrNumberWrong)
		if a.State != approvals.Pending || a.NumberTries != 1 {
			t.Errorf("got %s, %d left", a.State, a.NumberTries)
		}
		a, err = s.answers(h, out.Approval, approvals.Approve, number("1"))
		wantError(t, err, approvals.ErrNumberWrong)
		if a.State != approvals.Denied || a.Reason != approvals.NumberMismatch || a.NumberTries != 0 {
			t.Errorf("got %s, %s, %d left", a.State, a.Reason, a.NumberTries)
		}
		_, err = s.answers(h, out.Approval, approvals.Approve, nil)
		wantError(t, err, approvals.ErrSettled)
		want := []string{
			"approval.requested wait", "approval.number_wrong", "approval.number_wrong",
			"approval.settled denied: number_mismatch",
		}
		if diff := cmp.Diff(want, s.trail()); diff != "" {
			t.Errorf("the trail (-want +got):\n%s", diff)
		}
	})
}

func TestASlipLeavesRoomForTheRightNumber(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		out := s.asks("ana@example.com")
		for _, n := range []string{"0" + out.Number, out.Number + "0", out.Number[:1], wrongNumber(out.Approval)} {
			// The one try that is lost is that of the first: a fresh sign-in each.
			out = s.asks("ana@example.com")
			_, err := s.answers(h, out.Approval, approvals.Approve, number(n))
			if n != out.Number {
				wantError(t, err, approvals.ErrNumberWrong)
			}
			a, err := s.answers(h, out.Approval, approvals.Approve, nil)
			noError(t, err)
			if a.State != approvals.Approved {
				t.Errorf("got %s", a.State)
			}
			pass(time.Hour)
		}
	})
}

func TestAnAnswerOfAnotherKindIsRefusedAndChangesNothing(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		second := s.phone("ana@example.com", "second")
		other := s.app
		other.ID = "southwind"
		sibling, err := s.Request(t.Context(), other, request("ana@example.com"))
		noError(t, err)
		out := s.asks("ana@example.com")
		later := s.phone("ana@example.com", "paired later")
		stranger := s.phone("bob@example.com", "phone")
		synctest.Wait()
		set := func(name string, value any) func(_, claims map[string]any) {
			return func(_, claims map[string]any) { claims[name] = value }
		}
		for name, c := range map[string]struct {
			phone  *handset
			change func(header, claims map[string]any)
			want   error
		}{
			"another's person":       {stranger, nil, approvals.ErrNotFound},
			"a phone that came late": {later, nil, approvals.ErrNotFound},
			"another's key":          {&handset{h.Phone, second.private}, nil, approvals.ErrSignature},
			"another phone's name":   {h, set("iss", string(second.ID)), approvals.ErrMismatch},
			"another algorithm":      {h, func(header, _ map[string]any) { header["alg"] = "ES256" }, approvals.ErrAlgorithm},
			"another server":         {h, set("aud", publicURL+"/"), approvals.ErrAudience},
			"another approval":       {h, set("txn", string(sibling.ID)), approvals.ErrMismatch},
			"another's nonce":        {h, set("nonce", sibling.Nonce), approvals.ErrMismatch},
			"no nonce":               {h, set("nonce", ""), approvals.ErrMismatch},
			"another text":           {h, set("dsp", sibling.DisplayHash()+"A"), approvals.ErrDisplay},
			"an old time":            {h, set("iat", s.now().Unix()-121), approvals.ErrClock},
			"no number":              {h, func(_, claims map[string]any) { delete(claims, "number") }, approvals.ErrMismatch},
			"a decision of its own":  {h, set("decision", "approved"), approvals.ErrMismatch},
		} {
			before := s.stands(out.ID)
			known := c.phone.known()
			a, err := s.Answer(t.Context(), known, out.ID, c.phone.answer(out.Approval, approvals.Approve, s.now(), c.change))
			if !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", name, err, c.want)
			}
			if a.ID != "" {
				t.Errorf("%s: an approval came with it", name)
			}
			if diff := cmp.Diff(before, s.stands(out.ID)); diff != "" {
				t.Errorf("%s changed (-before +after):\n%s", name, diff)
			}
			wantError(t, s.SpendProof(t.Context(), known), approvals.ErrReplayed)
		}
		// An answer to the sibling, sent to this one's address.
		_, err = s.Answer(t.Context(), h.known(), out.ID, h.answer(sibling.Approval, approvals.Approve, s.now(), nil))
		wantError(t, err, approvals.ErrMismatch)
		_, err = s.Answer(t.Context(), h.known(), approvals.NewID(h.Person), h.answer(out.Approval, approvals.Approve, s.now(), nil))
		wantError(t, err, approvals.ErrMismatch)
		if a := s.stands(sibling.ID); a.State != approvals.Pending {
			t.Errorf("the sibling is %s", a.State)
		}
		if s.times("approval.number_wrong") != 0 || len(s.town.used) != 0 {
			t.Errorf("noted %q, used %v", s.trail(), s.town.used)
		}
		_, err = s.answers(h, out.Approval, approvals.Approve, nil)
		noError(t, err)
	})
}

func TestAnApprovalOfSomebodyElseIsNotThere(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "phone")
		bob := s.phone("bob@example.com", "phone")
		out := s.asks("ana@example.com")
		_, err := s.answers(bob, out.Approval, approvals.Approve, nil)
		wantError(t, err, approvals.ErrNotFound)
		wantError(t, s.Seen(t.Context(), bob.known(), out.ID), approvals.ErrNotFound)
		if list, err := s.PendingFor(t.Context(), bob.known(), 0); err != nil || len(list) != 0 {
			t.Errorf("bob is asked %v, %v", list, err)
		}
		// One that pretends to be ana's phone, by her person, is none that was asked.
		forged := newHandset(t, out.Person, "forged")
		_, err = s.answers(forged, out.Approval, approvals.Approve, nil)
		wantError(t, err, approvals.ErrNotFound)
		wantError(t, s.Seen(t.Context(), forged.known(), out.ID), approvals.ErrNotFound)
		if a := s.stands(out.ID); a.State != approvals.Pending {
			t.Errorf("it is %s", a.State)
		}
	})
}

func TestTheSameAnswerAgainGetsTheSameReply(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h, second := s.phone("ana@example.com", "phone"), s.phone("ana@example.com", "second")
		out := s.asks("ana@example.com")
		token := h.answer(out.Approval, approvals.Deny, s.now(), nil)
		first, err := s.Answer(t.Context(), h.known(), out.ID, token)
		noError(t, err)
		pass(time.Millisecond)
		again, err := s.Answer(t.Context(), h.known(), out.ID, token)
		noError(t, err)
		first.AsOf = again.AsOf
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("the second reply differs (-first +again):\n%s", diff)
		}
		if n := s.times("approval.settled denied: user"); n != 1 {
			t.Errorf("the ending is noted %d times: %q", n, s.trail())
		}
		for _, late := range []*handset{h, second} {
			a, err := s.answers(late, out.Approval, approvals.Approve, nil)
			wantError(t, err, approvals.ErrSettled)
			if a.State != approvals.Denied || a.SettledBy != h.ID {
				t.Errorf("told %s by %s", a.State, a.SettledBy)
			}
		}
	})
}

func TestAProofIsForOneAnswer(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		out := s.asks("ana@example.com")
		known := h.known()
		noError(t, s.SpendProof(t.Context(), known))
		_, err := s.Answer(t.Context(), known, out.ID, h.answer(out.Approval, approvals.Approve, s.now(), nil))
		wantError(t, err, approvals.ErrReplayed)
		if a := s.stands(out.ID); a.State != approvals.Pending {
			t.Errorf("it is %s", a.State)
		}
	})
}

func TestAPhoneSeesWhatItIsAskedNewestFirst(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		first := s.asks("ana@example.com")
		pass(time.Second)
		other := s.app
		other.ID = "southwind"
		second, err := s.Request(t.Context(), other, request("ana@example.com"))
		noError(t, err)
		list, err := s.PendingFor(t.Context(), h.known(), 25*time.Second)
		noError(t, err)
		if len(list) != 2 || list[0].ID != second.ID || list[1].ID != first.ID {
			t.Errorf("got %d: %v", len(list), list)
		}
		noError(t, s.Seen(t.Context(), h.known(), first.ID))
		if a := s.stands(first.ID); !a.Phones[0].Seen {
			t.Error("it was seen and is not")
		}
		_, err = s.Cancel(t.Context(), second.ID)
		noError(t, err)
		if list, err := s.PendingFor(t.Context(), h.known(), 0); err != nil || len(list) != 1 || list[0].ID != first.ID {
			t.Errorf("got %v, %v", list, err)
		}
	})
}

func TestAPhoneWaitsUntilItIsAsked(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		before := time.Now()
		list, err := s.PendingFor(t.Context(), h.known(), 25*time.Second)
		if err != nil || len(list) != 0 || time.Since(before) != 25*time.Second {
			t.Errorf("got %v, %v after %v", list, err, time.Since(before))
		}
		before = time.Now()
		time.AfterFunc(3*time.Second, func() { s.asks("ana@example.com") })
		list, err = s.PendingFor(t.Context(), h.known(), 25*time.Second)
		if err != nil || len(list) != 1 || time.Since(before) != 3*time.Second {
			t.Errorf("got %v, %v after %v", list, err, time.Since(before))
		}
		_, err = s.Cancel(t.Context(), list[0].ID)
		noError(t, err)
		ctx, hangUp := context.WithTimeout(t.Context(), time.Second)
		defer hangUp()
		_, err = s.PendingFor(ctx, h.known(), 25*time.Second)
		wantError(t, err, context.DeadlineExceeded)
	})
}
