package approvals_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/approvals"
	"countersign/enrolments"
	"countersign/internal/jws"
)

// asRole asks for somebody who has nothing set up.
func (s *scene) asRole(role string) approvals.Requested {
	s.t.Helper()
	r := request("new@example.com")
	r.Role = role
	out, err := s.Request(s.t.Context(), s.app, r)
	noError(s.t, err)
	return out
}

func TestWhereNothingIsRequiredWhoHasNothingIsLetIn(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.app.Policy.OptionalRoles = []string{"member"}
		out := s.asRole("member")
		if out.Next != approvals.Done || out.State != approvals.Approved || out.Method != approvals.NotRequired {
			t.Errorf("got %s, %s by %s", out.Next, out.State, out.Method)
		}
		if out.Pairing.ID != "a-pairing" || out.SetUpToken.Reveal() != "set-up" || !out.RequiredFrom.IsZero() {
			t.Errorf("offered %s, required from %v", out.Pairing.ID, out.RequiredFrom)
		}
		synctest.Wait()
		if rings := s.bells.rings(); len(rings) != 0 {
			t.Errorf("woken: %v", rings)
		}
		want := []string{"approval.requested done", "approval.settled approved by not_required"}
		if diff := cmp.Diff(want, s.trail()); diff != "" {
			t.Errorf("the trail (-want +got):\n%s", diff)
		}
		_, token, err := s.Redeem(t.Context(), s.app.ID, out.ID, brings(t, out.Approval, out.Token))
		noError(t, err)
		if token == "" {
			t.Error("no result")
		}
	})
}

func TestEveryOtherRoleIsLedToSetUp(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.app.Policy.OptionalRoles = []string{"member"}
		for _, role := range []string{"", "owner", "members"} {
			if out := s.asRole(role); out.Next != approvals.Enrol || out.State != approvals.Withdrawn {
				t.Errorf("role %q: got %s, %s", role, out.Next, out.State)
			}
		}
		r := request("new@example.com")
		r.Role = "Member"
		_, err := s.Request(t.Context(), s.app, r)
		wantError(t, err, enrolments.ErrInvalid)
	})
}

func TestWhoHasSomethingSetUpIsAskedWhateverTheRole(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.app.Policy.OptionalRoles = []string{"member"}
		s.phone("ana@example.com", "phone")
		r := request("ana@example.com")
		r.Role = "member"
		out, err := s.Request(t.Context(), s.app, r)
		noError(t, err)
		if out.Next != approvals.Wait || out.State != approvals.Pending {
			t.Errorf("got %s, %s", out.Next, out.State)
		}
	})
}

// Time passes: before the day, in the grace, after it.
func TestARequirementBeginsAfterItsDayAndItsGrace(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		midnight := time.Now().UTC().Truncate(24 * time.Hour)
		s.app.Policy.RequiredFrom, s.app.Policy.GraceDays = midnight.AddDate(0, 0, 2), 3
		s.person("new@example.com")
		s.change("new@example.com", func(e *enrolments.Enrolment) { e.Authenticators, e.CreatedAt = 0, time.Now() })
		for range 5 {
			out := s.asRole("owner")
			if due := midnight.AddDate(0, 0, 5); out.Next != approvals.Done || !out.RequiredFrom.Equal(due) {
				t.Errorf("at %v: got %s, required from %v", time.Now(), out.Next, out.RequiredFrom)
			}
			pass(24 * time.Hour)
		}
		if out := s.asRole("owner"); out.Next != approvals.Enrol || !out.RequiredFrom.IsZero() {
			t.Errorf("at %v: got %s, required from %v", time.Now(), out.Next, out.RequiredFrom)
		}
	})
}

func TestSomebodyNewHasTheirWholeGraceFromNow(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.app.Policy.GraceDays = 1
		if out := s.asRole("owner"); out.Next != approvals.Done {
			t.Errorf("got %s", out.Next)
		}
	})
}

// Their set-up is an offer: no sign-in is left to be begun anew.
func TestWhoIsLetInWithoutASecondFactorIsNotAskedToSignInAgain(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.app.Policy.OptionalRoles = []string{"member"}
		s.asRole("member")
		o := s.town.openings[0]
		if o.SigningIn || o.ReturnURL != request(o.User).ReturnURL {
			t.Errorf("opened %+v", o)
		}
	})
}

// An approval that proves nothing must not open a set-up beside what the person
// has set up since.
func TestWhatWasNotRequiredIsNoFreshApproval(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.app.Policy.OptionalRoles = []string{"member"}
		out := s.asRole("member")
		s.phone("new@example.com", "set up since")
		_, _, err := s.OpenPairing(t.Context(), s.app, "new@example.com", "", out.ID)
		wantError(t, err, enrolments.ErrFreshApproval)
	})
}

func TestAResultThatProvesNothingNamesNoMethodOfAuthentication(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.app.Policy.OptionalRoles = []string{"member"}
		out := s.asRole("member")
		_, token, err := s.Redeem(t.Context(), s.app.ID, out.ID, brings(t, out.Approval, out.Token))
		noError(t, err)
		claims := claimsOf(t, token)
		if diff := cmp.Diff([]any{}, claims["amr"]); diff != "" || claims["method"] != "not_required" {
			t.Errorf("amr %v, method %v", claims["amr"], claims["method"])
		}
	})
}

func claimsOf(t *testing.T, token string) (claims map[string]any) {
	t.Helper()
	_, payload, err := jws.Verify(token, signer(t).Public(), approvals.ResultType)
	noError(t, err)
	noError(t, json.Unmarshal(payload, &claims))
	return claims
}

func TestCodesOfAKindThatIsNotTakenAreRefusedUnseen(t *testing.T) {
	const recovery = "ABCD-EFGH-IJKL-MNOP"
	for name, c := range map[string]struct {
		takes []enrolments.Method
		typed string
		want  error
	}{
		"a TOTP code where recovery codes are":   {[]enrolments.Method{approvals.ByPush, approvals.ByRecoveryCode}, "123456", approvals.ErrCodeKind},
		"a recovery code where TOTP codes are":   {[]enrolments.Method{approvals.ByTOTP}, recovery, approvals.ErrCodeKind},
		"a recovery code in other letters":       {[]enrolments.Method{approvals.ByTOTP}, "abcdefghijklmnop", approvals.ErrCodeKind},
		"a TOTP code where phones alone are":     {[]enrolments.Method{approvals.ByPush}, "123456", approvals.ErrCodeKind},
		"a recovery code where both are":         {enrolments.Methods(), recovery, nil},
		"a TOTP code where recovery is left out": {[]enrolments.Method{approvals.ByPush, approvals.ByTOTP}, "123456", nil},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.app.Policy.Methods = c.takes
				s.phone("ana@example.com", "phone")
				s.town.codes["123456"], s.town.codes[recovery] = nil, nil
				out := s.asks("ana@example.com")
				a, err := s.Code(t.Context(), out.ID, c.typed)
				wantError(t, err, c.want)
				if c.want != nil && (len(s.town.typed) != 0 || a.State != approvals.Pending || a.CodeTries != s.app.Policy.CodeTries-1) {
					t.Errorf("looked at %v, now %s with %d tries", s.town.typed, a.State, a.CodeTries)
				}
			})
		})
	}
}

func TestWhyOnlyACodeIsTaken(t *testing.T) {
	for want, prepare := range map[approvals.Cause]func(*scene){
		approvals.NoPhone:  func(s *scene) { s.person("ana@example.com") },
		approvals.Locked:   func(s *scene) { s.phone("ana@example.com", "phone"); s.change("ana@example.com", lock) },
		approvals.ByPolicy: func(s *scene) { s.phone("ana@example.com", "phone"); s.app.Policy.Methods = enrolments.Methods()[1:] },
		approvals.HeldBack: func(s *scene) {
			s.phone("ana@example.com", "phone")
			for range s.app.Policy.PushLimit {
				s.asks("ana@example.com")
			}
		},
	} {
		t.Run(string(want), func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				prepare(s)
				out := s.asks("ana@example.com")
				if got := s.stands(out.ID); got.Next != approvals.CodeOnly || got.CodeOnlyBecause() != want {
					t.Errorf("got %s because %q", got.Next, got.CodeOnlyBecause())
				}
			})
		})
	}
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "phone")
		if out := s.asks("ana@example.com"); out.CodeOnlyBecause() != "" {
			t.Errorf("a phone is asked, and yet %q", out.CodeOnlyBecause())
		}
	})
}

func lock(e *enrolments.Enrolment) { e.PushLocked = true }

func TestWhoHasNothingThatIsTakenIsToldSo(t *testing.T) {
	for name, c := range map[string]struct {
		has   enrolments.Enrolment
		takes enrolments.Method
	}{
		"an authenticator, phones taken": {enrolments.Enrolment{Authenticators: 1, RecoveryCodes: 9}, approvals.ByPush},
		"recovery codes, codes taken":    {enrolments.Enrolment{RecoveryCodes: 9}, approvals.ByTOTP},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.person("ana@example.com")
				s.change("ana@example.com", func(e *enrolments.Enrolment) {
					e.Authenticators, e.RecoveryCodes = c.has.Authenticators, c.has.RecoveryCodes
				})
				s.app.Policy.Methods = []enrolments.Method{c.takes}
				s.app.Policy.OptionalRoles = []string{"member"}
				r := request("ana@example.com")
				r.Role = "member"
				out, err := s.Request(t.Context(), s.app, r)
				wantError(t, err, approvals.ErrNothingUsable)
				if out.ID != "" || len(s.town.openings) != 0 {
					t.Errorf("got %s, opened %v", out.ID, s.town.openings)
				}
			})
		})
	}
}
