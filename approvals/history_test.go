package approvals_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/approvals"
)

// verified says that the phone verified its person.
func verified(_, claims map[string]any) { claims["uv"] = true }

func TestWhereThePolicyAsksForItAPhoneVerifiesItsPersonToApprove(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		s.app.Policy.RequireVerification = true
		out := s.asks("ana@example.com")
		pass(0)
		before := s.stands(out.ID)
		for name, change := range map[string]func(_, claims map[string]any){
			"nothing said":       nil,
			"not verified":       func(_, claims map[string]any) { claims["uv"] = false },
			"wrong number":       number(wrongNumber(out.Approval)),
			"other nonce":        func(_, claims map[string]any) { claims["nonce"] = "n-" + strings.TrimPrefix(out.Nonce, "uv-") },
			"verified in a word": func(_, claims map[string]any) { claims["uv"] = "true" },
		} {
			_, err := s.answers(h, out.Approval, approvals.Approve, change)
			if !errors.Is(err, approvals.ErrVerification) && !errors.Is(err, approvals.ErrMismatch) {
				t.Errorf("%s: got %v", name, err)
			}
			if diff := cmp.Diff(before, s.stands(out.ID)); diff != "" {
				t.Errorf("%s changed (-before +after):\n%s", name, diff)
			}
		}
		a, err := s.answers(h, out.Approval, approvals.Approve, verified)
		noError(t, err)
		if a.State != approvals.Approved {
			t.Errorf("it is %s", a.State)
		}
	})
}

func TestNobodyIsVerifiedToDenyOrWhereNobodyAsks(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		_, err := s.answers(h, s.asks("ana@example.com").Approval, approvals.Approve, nil)
		noError(t, err)
		s.app.Policy.RequireVerification = true
		for _, decision := range []approvals.Decision{approvals.Deny, approvals.Report} {
			_, err := s.answers(h, s.asks("ana@example.com").Approval, decision, nil)
			noError(t, err)
		}
	})
}

func TestAPersonSeesHowTheirSignInsEnded(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "Ana's phone")
		bob := s.phone("bob@example.com", "Bob's phone")
		r := request("ana@example.com")
		r.Context = approvals.Context{IP: "203.0.113.9", Location: "Wellington, NZ", Browser: "Chrome on Windows"}
		first, err := s.Request(t.Context(), s.app, r)
		noError(t, err)
		_, err = s.answers(h, first.Approval, approvals.Approve, verified)
		noError(t, err)
		at := s.now().UTC()
		_, err = s.answers(bob, s.asks("bob@example.com").Approval, approvals.Deny, nil)
		noError(t, err)
		pass(time.Second)
		second := s.asks("ana@example.com")
		s.settleBy("123456", second)
		s.asks("ana@example.com") // pending: it has not ended

		got, err := s.History(t.Context(), h.Person)
		noError(t, err)
		want := []approvals.SignIn{
			{
				Approval: second.ID, Application: "Northwind Books", Action: "Sign in", At: at.Add(time.Second),
				State: approvals.Approved, Method: approvals.ByTOTP,
			},
			{
				Approval: first.ID, Application: "Northwind Books", Action: "Sign in", At: at,
				State: approvals.Approved, Method: approvals.ByPush, Phone: h.ID, PhoneName: "Ana's phone", Verified: true,
				Browser: "Chrome on Windows", Location: "Wellington, NZ", IP: "203.0.113.9",
			},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seen (-want +got):\n%s", diff)
		}
		// Neither the number nor the nonce goes into the trail.
		for _, e := range s.town.events {
			if strings.Contains(e.Data, first.Nonce) || strings.Contains(e.Data, `"number"`) {
				t.Errorf("the trail holds %s", e.Data)
			}
		}
	})
}

// The trail takes 8 KiB for programs, and the longest texts must fit.
func TestTheLongestSignInFitsTheTrail(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		full := strings.Repeat("<", 256) // six bytes each in JSON
		user := full[:128]
		h := s.phone(user, full[:64])
		s.app.Name = full[:64]
		r := request(user)
		r.Context = approvals.Context{
			IP: "2001:db8:1111:2222:3333:4444:5555:6666", Location: full, Browser: full, Action: full, Reference: full,
		}
		out, err := s.Request(t.Context(), s.app, r)
		noError(t, err)
		_, err = s.answers(h, out.Approval, approvals.Approve, verified)
		noError(t, err)
		for _, e := range s.town.events {
			if len(e.Data) > 8<<10 {
				t.Errorf("%s has %d bytes", e.Kind, len(e.Data))
			}
		}
		if got, err := s.History(t.Context(), h.Person); err != nil || len(got) != 1 || got[0].Location != full {
			t.Errorf("got %d, %v", len(got), err)
		}
	})
}

func TestTheHistoryIsShortAndFailsWithItsStore(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		for range 25 {
			_, err := s.Cancel(t.Context(), s.asks("ana@example.com").ID)
			noError(t, err)
		}
		if got, err := s.History(t.Context(), h.Person); err != nil || len(got) != 20 {
			t.Errorf("got %d, %v", len(got), err)
		}
		s.town.lost = errors.New("the database is lost")
		_, err := s.History(t.Context(), h.Person)
		wantError(t, err, s.town.lost)
	})
}
