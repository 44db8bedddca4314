package approvals_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"countersign/approvals"
	"countersign/enrolments"
)

// asksWith has the application ask for ana with a changed request.
func (s *scene) asksWith(change func(*approvals.Request)) (approvals.Requested, error) {
	r := request("ana@example.com")
	change(&r)
	return s.Request(s.t.Context(), s.app, r)
}

func noNumber(_, claims map[string]any) { delete(claims, "number") }

func TestANumberThatWasShownBeforeIsTheOneToType(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		out, err := s.asksWith(func(r *approvals.Request) { r.Number = "4711" })
		noError(t, err)
		if out.Number != "4711" {
			t.Fatalf("the number is %q", out.Number)
		}
		_, err = s.answers(h, out.Approval, approvals.Approve, number("4712"))
		wantError(t, err, approvals.ErrNumberWrong)
		a, err := s.answers(h, out.Approval, approvals.Approve, nil)
		noError(t, err)
		if a.State != approvals.Approved {
			t.Errorf("it is %s", a.State)
		}
	})
}

func TestANumberOutOfBoundsIsRefused(t *testing.T) {
	for name, change := range map[string]func(*approvals.Request){
		"short":          func(r *approvals.Request) { r.Number = "1" },
		"long":           func(r *approvals.Request) { r.Number = "1234567" },
		"letters":        func(r *approvals.Request) { r.Number = "4x" },
		"one and no one": func(r *approvals.Request) { r.Number, r.NoNumber = "47", true },
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.phone("ana@example.com", "phone")
				_, err := s.asksWith(change)
				wantError(t, err, enrolments.ErrInvalid)
			})
		})
	}
}

func TestAnApprovalWithoutANumberTakesNone(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		out, err := s.asksWith(func(r *approvals.Request) { r.NoNumber = true })
		noError(t, err)
		if out.Number != "" || s.times("approval.requested wait, without a number") != 1 {
			t.Errorf("number %q; the trail: %q", out.Number, s.trail())
		}
		for _, n := range []string{"47", "", "-"} {
			_, err = s.answers(h, out.Approval, approvals.Approve, number(n))
			wantError(t, err, approvals.ErrMismatch)
		}
		a, err := s.answers(h, out.Approval, approvals.Approve, noNumber)
		noError(t, err)
		if a.State != approvals.Approved {
			t.Errorf("it is %s", a.State)
		}
	})
}

// A phone that leaves the number out, or pretends that none is asked for, is
// not approving.
func TestWhereANumberIsAskedForNoneIsNotEnough(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		out := s.asks("ana@example.com")
		for name, change := range map[string]func(header, claims map[string]any){
			"left out": noNumber,
			"empty":    number(""),
			"nonce of one without": func(header, claims map[string]any) {
				noNumber(header, claims)
				claims["nonce"] = "n0-" + out.Nonce[2:]
			},
		} {
			_, err := s.answers(h, out.Approval, approvals.Approve, change)
			if !errors.Is(err, approvals.ErrMismatch) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if a := s.stands(out.ID); a.State != approvals.Pending {
			t.Errorf("it is %s", a.State)
		}
	})
}

func TestASignInByCodeAloneWakesNoPhoneAndCostsNoPush(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		s.town.codes["123456"] = nil
		for range 20 { // far above the budget
			out, err := s.asksWith(func(r *approvals.Request) { r.CodesOnly = true })
			noError(t, err)
			if out.Next != approvals.CodeOnly {
				t.Fatalf("next is %s", out.Next)
			}
			_, err = s.answers(h, out.Approval, approvals.Approve, nil)
			wantError(t, err, approvals.ErrNotFound)
		}
		synctest.Wait()
		if len(s.bells.rings()) != 0 || s.times("push.held") != 0 {
			t.Errorf("woken %v; the trail: %q", s.bells.rings(), s.trail())
		}
		out, err := s.asksWith(func(*approvals.Request) {})
		noError(t, err)
		if out.Next != approvals.Wait {
			t.Errorf("the budget is spent: %s", out.Next)
		}
	})
}

func TestARepeatedRequestSaysSo(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "phone")
		r := request("ana@example.com")
		r.Key = "key"
		for i, want := range []bool{false, true, true} {
			out, err := s.Request(t.Context(), s.app, r)
			noError(t, err)
			if out.Repeated != want {
				t.Errorf("request %d: repeated %v", i, out.Repeated)
			}
		}
	})
}

func TestWhatWasSaidOnceIsNotSaidTwice(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		noError(t, s.Once(t.Context(), "ana", "proof"))
		wantError(t, s.Once(t.Context(), "ana", "proof"), approvals.ErrReplayed)
		noError(t, s.Once(t.Context(), "ben", "proof"))
	})
}
