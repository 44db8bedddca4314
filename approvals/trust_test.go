package approvals_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/approvals"
	"countersign/enrolments"
)

// trusts are the browsers that a town's people trust.
type trusts struct {
	noted  []enrolments.TrustedBrowser
	tokens map[string]string // browser by token
	asked  int
}

func (w *town) Trust(_ context.Context, t enrolments.TrustedBrowser, _ time.Time, life time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, known := range w.trusts.noted {
		if known.Approval == t.Approval {
			return enrolments.ErrExists
		}
	}
	t.EndsAt = time.Now().Add(life)
	w.trusts.noted = append(w.trusts.noted, t)
	return w.lost
}

func (w *town) IssueTrust(_ context.Context, approval string) (enrolments.TrustedBrowser, enrolments.Secret, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.trusts.noted {
		if t.Approval == approval {
			return t, enrolments.SecretOf("trust"), w.lost
		}
	}
	return enrolments.TrustedBrowser{}, enrolments.Secret{}, enrolments.ErrNotFound
}

func (w *town) Trusted(_ context.Context, _ enrolments.PersonID, _ enrolments.Application, token enrolments.Secret, name string) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trusts.asked++
	known, ok := w.trusts.tokens[token.Reveal()]
	return ok && known == name, w.lost
}

const chrome = "Chrome on Windows"

// trusting is a scene whose application lets browsers be trusted, and in which
// ana's Chrome is.
func trusting(s *scene) *handset {
	s.app.Policy.TrustFor = 30 * 24 * time.Hour
	s.town.trusts.tokens = map[string]string{"good": chrome}
	return s.phone("ana@example.com", "phone")
}

func (s *scene) from(token string) approvals.Requested {
	s.t.Helper()
	r := request("ana@example.com")
	r.Trusted, r.Context.Browser = enrolments.SecretOf(token), chrome
	out, err := s.Request(s.t.Context(), s.app, r)
	noError(s.t, err)
	return out
}

func TestATrustedBrowserIsLetInAtOnce(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		trusting(s)
		out := s.from("good")
		if out.Next != approvals.Done || out.State != approvals.Approved || out.Method != approvals.ByTrust || !out.SetUpToken.IsZero() {
			t.Errorf("got %s, %s by %s", out.Next, out.State, out.Method)
		}
		synctest.Wait()
		if rings := s.bells.rings(); len(rings) != 0 {
			t.Errorf("woken: %v", rings)
		}
		want := []string{"approval.requested done", "approval.settled approved by trusted_browser"}
		if diff := cmp.Diff(want, s.trail()); diff != "" {
			t.Errorf("the trail (-want +got):\n%s", diff)
		}
		_, token, err := s.Redeem(t.Context(), s.app.ID, out.ID, brings(t, out.Approval, out.Token))
		noError(t, err)
		if claims := claimsOf(t, token); claims["method"] != "trusted_browser" || !cmp.Equal(claims["amr"], []any{}) {
			t.Errorf("the claims are %v", claims)
		}
		_, _, err = s.OpenPairing(t.Context(), s.app, "ana@example.com", "", out.ID)
		wantError(t, err, enrolments.ErrFreshApproval)
	})
}

func TestWhatIsNotTrustedIsAskedAsAlways(t *testing.T) {
	for name, prepare := range map[string]func(s *scene) string{
		"no token":       func(*scene) string { return "" },
		"a wrong token":  func(*scene) string { return "wrong" },
		"policy of none": func(s *scene) string { s.app.Policy.TrustFor = 0; return "good" },
		"after a report": func(s *scene) string { s.change("ana@example.com", lock); return "good" },
		"another browser": func(s *scene) string {
			s.town.trusts.tokens["good"] = "Firefox on Linux"
			return "good"
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				trusting(s)
				if out := s.from(prepare(s)); out.State != approvals.Pending {
					t.Errorf("got %s by %s", out.State, out.Method)
				}
			})
		})
	}
}

func TestWhereTrustCannotBeLookedUpNobodyIsLetIn(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		trusting(s)
		s.town.lost = context.DeadlineExceeded
		r := request("ana@example.com")
		r.Trusted, r.Context.Browser = enrolments.SecretOf("good"), chrome
		_, err := s.Request(t.Context(), s.app, r)
		wantError(t, err, context.DeadlineExceeded)
	})
}

func TestABrowserIsTrustedOnceItsSignInIsApproved(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := trusting(s)
		out := s.from("")
		wantError(t, s.Trust(t.Context(), s.stands(out.ID)), enrolments.ErrFreshApproval)
		_, err := s.answers(h, out.Approval, approvals.Approve, nil)
		noError(t, err)
		a := s.stands(out.ID)
		noError(t, s.Trust(t.Context(), a))
		noError(t, s.Trust(t.Context(), a))
		if len(s.town.trusts.noted) != 1 || s.town.trusts.noted[0].Name != chrome {
			t.Errorf("trusted %+v", s.town.trusts.noted)
		}
		redeemed, _, err := s.Redeem(t.Context(), s.app.ID, a.ID, brings(t, a, out.Token))
		noError(t, err)
		if _, token := s.IssueTrust(t.Context(), redeemed); token.Reveal() != "trust" {
			t.Error("no token was handed out")
		}
		wantError(t, s.Trust(t.Context(), s.stands(out.ID)), enrolments.ErrFreshApproval)
	})
}

func TestNoTrustAfterARecoveryCodeALongTimeOrWithoutAWayBack(t *testing.T) {
	for name, approved := range map[string]func(s *scene, h *handset) approvals.ID{
		"a recovery code": func(s *scene, _ *handset) approvals.ID { return s.byCode("recovery").ID },
		"two minutes later": func(s *scene, h *handset) approvals.ID {
			a, _ := s.approved(h)
			pass(2 * time.Minute)
			return a.ID
		},
		"nowhere to go back to": func(s *scene, h *handset) approvals.ID {
			r := request("ana@example.com")
			r.ReturnURL = ""
			out, err := s.Request(s.t.Context(), s.app, r)
			noError(s.t, err)
			_, err = s.answers(h, out.Approval, approvals.Approve, nil)
			noError(s.t, err)
			return out.ID
		},
		"trusted already": func(s *scene, _ *handset) approvals.ID { return s.from("good").ID },
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				h := trusting(s)
				a := s.stands(approved(s, h))
				if a.State != approvals.Approved {
					t.Fatalf("it is %s", a.State)
				}
				wantError(t, s.Trust(t.Context(), a), enrolments.ErrFreshApproval)
				if _, token := s.IssueTrust(t.Context(), a); !token.IsZero() {
					t.Error("a token was handed out")
				}
			})
		})
	}
}
