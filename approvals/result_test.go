package approvals_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/approvals"
	"countersign/enrolments"
	"countersign/internal/jws"
)

// brings is the result code that the browser with the token brings back.
func brings(t *testing.T, a approvals.Approval, token enrolments.Secret) enrolments.Secret {
	t.Helper()
	u, err := url.Parse(approvals.ReturnTo(a, token))
	noError(t, err)
	if got := u.Query().Get("approval_id"); got != string(a.ID) {
		t.Errorf("the browser brings back the approval %q, want %q", got, a.ID)
	}
	return codeOf(a, token)
}

// codeOf is the result code in the address that the browser goes to.
func codeOf(a approvals.Approval, token enrolments.Secret) enrolments.Secret {
	_, query, _ := strings.Cut(approvals.ReturnTo(a, token), "?")
	q, _ := url.ParseQuery(query) // what cannot be read has no code
	return enrolments.SecretOf(q.Get("result_code"))
}

// approved has ana approve a sign-in.
func (s *scene) approved(h *handset) (approvals.Approval, enrolments.Secret) {
	s.t.Helper()
	out := s.asks("ana@example.com")
	a, err := s.answers(h, out.Approval, approvals.Approve, nil)
	noError(s.t, err)
	return a, out.Token
}

func TestACodeIsTradedForASignedResultOnce(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		a, token := s.approved(h)
		pass(10 * time.Second)
		redeemed, result, err := s.Redeem(t.Context(), s.app.ID, a.ID, brings(t, a, token))
		noError(t, err)
		if !redeemed.Redeemed || redeemed.ID != a.ID {
			t.Errorf("got %s, redeemed %v", redeemed.ID, redeemed.Redeemed)
		}
		header, payload, err := jws.Verify(result, s.signer.Public(), approvals.ResultType)
		noError(t, err)
		if header.Alg != "ES256" || header.Kid != s.signer.Public().Thumbprint() {
			t.Errorf("the header is %+v", header)
		}
		var claims map[string]any
		noError(t, json.Unmarshal(payload, &claims))
		if jti, _ := claims["jti"].(string); len(jti) != 22 {
			t.Errorf("jti is %q", jti)
		}
		delete(claims, "jti")
		now := float64(s.now().Unix())
		want := map[string]any{
			"iss": publicURL, "aud": "northwind", "sub": "ana@example.com", "txn": string(a.ID),
			"amr": []any{"mfa", "pop"}, "method": "push", "auth_time": now - 10, "iat": now, "exp": now + 120,
		}
		if diff := cmp.Diff(want, claims); diff != "" {
			t.Errorf("the claims (-want +got):\n%s", diff)
		}
		_, result, err = s.Redeem(t.Context(), s.app.ID, a.ID, brings(t, a, token))
		wantError(t, err, approvals.ErrResult)
		if result != "" {
			t.Error("a result came with the error")
		}
		if s.times("approval.redeemed") != 1 {
			t.Errorf("the trail: %q", s.trail())
		}
	})
}

func TestAResultSaysByWhatItWasApproved(t *testing.T) {
	for code, method := range map[string]string{"123456": "totp", "recovery": "recovery_code"} {
		play(t, func(t *testing.T, s *scene) {
			s.phone("ana@example.com", "phone")
			out := s.asks("ana@example.com")
			s.settleBy(code, out)
			a := s.stands(out.ID)
			_, result, err := s.Redeem(t.Context(), s.app.ID, a.ID, brings(t, a, out.Token))
			noError(t, err)
			_, payload, err := jws.Verify(result, s.signer.Public(), approvals.ResultType)
			noError(t, err)
			var claims struct {
				Method string
				Amr    []string
			}
			noError(t, json.Unmarshal(payload, &claims))
			if claims.Method != method || !cmp.Equal(claims.Amr, []string{"mfa", "otp"}) {
				t.Errorf("%s: got %+v", code, claims)
			}
		})
	}
}

func TestWhatIsNoGoodCodeIsTradedForNothing(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		a, token := s.approved(h)
		b, otherToken := s.approved(h)
		good := brings(t, a, token)
		for name, c := range map[string]struct {
			app  enrolments.ApplicationID
			id   approvals.ID
			code enrolments.Secret
			want error
		}{
			"no code":             {"northwind", a.ID, enrolments.Secret{}, approvals.ErrResult},
			"chance":              {"northwind", a.ID, enrolments.NewSecret(), approvals.ErrResult},
			"the waiting token":   {"northwind", a.ID, token, approvals.ErrResult},
			"another browser's":   {"northwind", a.ID, brings(t, a, otherToken), approvals.ErrResult},
			"another approval's":  {"northwind", a.ID, brings(t, b, otherToken), approvals.ErrResult},
			"for another":         {"northwind", b.ID, good, approvals.ErrResult},
			"another application": {"southwind", a.ID, good, approvals.ErrNotFound},
			"unknown":             {"northwind", approvals.NewID(h.Person), good, approvals.ErrNotFound},
		} {
			_, result, err := s.Redeem(t.Context(), c.app, c.id, c.code)
			if !errors.Is(err, c.want) || result != "" {
				t.Errorf("%s: got %v, want %v", name, err, c.want)
			}
		}
		if s.times("approval.redeemed") != 0 {
			t.Errorf("the trail: %q", s.trail())
		}
		// None of it has spent the good one.
		_, _, err := s.Redeem(t.Context(), s.app.ID, a.ID, good)
		noError(t, err)
	})
}

func TestAResultIsTakenWithinTwoMinutes(t *testing.T) {
	for wait, want := range map[time.Duration]error{
		2*time.Minute - time.Second: nil, 2 * time.Minute: approvals.ErrResult,
	} {
		play(t, func(t *testing.T, s *scene) {
			a, token := s.approved(s.phone("ana@example.com", "phone"))
			pass(wait)
			if _, _, err := s.Redeem(t.Context(), s.app.ID, a.ID, brings(t, a, token)); !errors.Is(err, want) {
				t.Errorf("after %v: got %v, want %v", wait, err, want)
			}
		})
	}
}

func TestWhatIsNotApprovedIsTradedForNothing(t *testing.T) {
	for name, end := range map[string]func(s *scene, h *handset, out approvals.Requested){
		"pending": func(*scene, *handset, approvals.Requested) {},
		"denied": func(s *scene, h *handset, out approvals.Requested) {
			_, err := s.answers(h, out.Approval, approvals.Deny, nil)
			noError(s.t, err)
		},
		"withdrawn": func(s *scene, _ *handset, out approvals.Requested) {
			_, err := s.Cancel(s.t.Context(), out.ID)
			noError(s.t, err)
		},
		"expired": func(*scene, *handset, approvals.Requested) { pass(time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				h := s.phone("ana@example.com", "phone")
				out := s.asks("ana@example.com")
				end(s, h, out)
				a := s.stands(out.ID)
				want := ""
				if a.Final() {
					want = "https://books.example.com/signed-in?approval_id=" + string(a.ID)
				}
				if to := approvals.ReturnTo(a, out.Token); to != want {
					t.Errorf("the browser is sent to %q, want %q", to, want)
				}
				a.State = approvals.Approved // as a browser may claim
				_, result, err := s.Redeem(t.Context(), s.app.ID, a.ID, brings(t, a, out.Token))
				wantError(t, err, approvals.ErrResult)
				if result != "" {
					t.Error("a result came with the error")
				}
			})
		})
	}
}

func TestTheBrowserGoesBackWithWhatItBrought(t *testing.T) {
	token := enrolments.SecretOf("token")
	a := approvals.Approval{ID: "an-approval", State: approvals.Approved}
	for given, want := range map[string]url.Values{
		"https://books.example.com/signed-in":                           {},
		"https://books.example.com/signed-in?next=%2Fcart&a=1&a=2":      {"next": {"/cart"}, "a": {"1", "2"}},
		"https://books.example.com/signed-in?approval_id=x&result_code": {},
	} {
		a.ReturnURL = given
		u, err := url.Parse(approvals.ReturnTo(a, token))
		noError(t, err)
		q := u.Query()
		if id, code := q["approval_id"], q["result_code"]; !cmp.Equal(id, []string{"an-approval"}) || len(code) != 1 || len(code[0]) != 43 {
			t.Errorf("%s: goes to %s", given, u)
		}
		q.Del("approval_id")
		q.Del("result_code")
		if diff := cmp.Diff(want, q); diff != "" {
			t.Errorf("%s: the rest of the query (-want +got):\n%s", given, diff)
		}
		if u.Scheme+"://"+u.Host+u.Path != "https://books.example.com/signed-in" || u.Fragment != "" {
			t.Errorf("%s: goes to %s", given, u)
		}
	}
	a.ReturnURL = ""
	if to := approvals.ReturnTo(a, token); to != "" {
		t.Errorf("nowhere is %s", to)
	}
}

func TestAFreshApprovalOpensOneSetUp(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		a, _ := s.approved(h)
		pass(5*time.Minute - time.Second)
		p, token, err := s.OpenPairing(t.Context(), s.app, "ana@example.com", "", a.ID)
		noError(t, err)
		if p.ID != "a-pairing" || token.Reveal() != "set-up" {
			t.Errorf("opened %s", p.ID)
		}
		_, _, err = s.OpenPairing(t.Context(), s.app, "ana@example.com", "", a.ID)
		wantError(t, err, enrolments.ErrFreshApproval)
		if diff := cmp.Diff([]enrolments.Opening{{User: "ana@example.com", Application: "northwind", Allowed: true, Held: true}}, s.town.openings); diff != "" {
			t.Errorf("opened (-want +got):\n%s", diff)
		}
	})
}

func TestWhatIsNoFreshApprovalOpensNothing(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		s.phone("bob@example.com", "phone")
		old, _ := s.approved(h)
		pass(5 * time.Minute)
		fresh, _ := s.approved(h)
		out := s.asks("ana@example.com")
		denied, err := s.answers(h, out.Approval, approvals.Deny, nil)
		noError(t, err)
		pending := s.asks("ana@example.com")
		for name, c := range map[string]struct {
			app  enrolments.ApplicationID
			user string
			id   approvals.ID
		}{
			"too old":                {"northwind", "ana@example.com", old.ID},
			"of another person":      {"northwind", "bob@example.com", fresh.ID},
			"of another application": {"southwind", "ana@example.com", fresh.ID},
			"denied":                 {"northwind", "ana@example.com", denied.ID},
			"pending":                {"northwind", "ana@example.com", pending.ID},
			"unknown":                {"northwind", "ana@example.com", approvals.NewID(h.Person)},
		} {
			p, token, err := s.OpenPairing(t.Context(), enrolments.Application{ID: c.app, Policy: s.app.Policy}, c.user, "", c.id)
			if !errors.Is(err, enrolments.ErrFreshApproval) || p.ID != "" || !token.IsZero() {
				t.Errorf("%s: got %s, %v", name, p.ID, err)
			}
		}
		if len(s.town.openings) != 0 {
			t.Errorf("opened: %v", s.town.openings)
		}
		// None of it has spent the good one.
		_, _, err = s.OpenPairing(t.Context(), s.app, "ana@example.com", "", fresh.ID)
		noError(t, err)
	})
}

func TestAfterAReportAnApprovalOpensNoSetUp(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		a, _ := s.approved(s.phone("ana@example.com", "phone"))
		s.change("ana@example.com", lock)
		_, _, err := s.OpenPairing(t.Context(), s.app, "ana@example.com", "", a.ID)
		wantError(t, err, approvals.ErrLocked)
		if len(s.town.spent) != 0 || len(s.town.openings) != 0 {
			t.Errorf("spent %v, opened %v", s.town.spent, s.town.openings)
		}
	})
}

func TestASetUpLeadsBackToARegisteredURLAlone(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		a, _ := s.approved(s.phone("ana@example.com", "phone"))
		for _, to := range []string{"https://evil.example.com/signed-in", "https://books.example.com/elsewhere", "//books.example.com/signed-in", "javascript:alert(1)"} {
			_, _, err := s.OpenPairing(t.Context(), s.app, "ana@example.com", to, a.ID)
			wantError(t, err, approvals.ErrReturnURL)
			_, _, err = s.OpenPairingToEnter(t.Context(), s.app, "ana@example.com", to, a.ID)
			wantError(t, err, approvals.ErrReturnURL)
		}
		// None of it has spent the approval.
		const back = "https://books.example.com/signed-in?tab=1"
		_, _, err := s.OpenPairing(t.Context(), s.app, "ana@example.com", back, a.ID)
		noError(t, err)
		opened := []enrolments.Opening{{User: "ana@example.com", Application: "northwind", Allowed: true, Held: true, ReturnURL: back}}
		if diff := cmp.Diff(opened, s.town.openings); diff != "" {
			t.Errorf("opened (-want +got):\n%s", diff)
		}
	})
}

func TestWithoutAnApprovalOnlyWhoHasNothingIsSetUp(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "phone")
		_, _, err := s.OpenPairing(t.Context(), s.app, "ana@example.com", "", "")
		wantError(t, err, enrolments.ErrFreshApproval)
		_, _, err = s.OpenPairing(t.Context(), s.app, "new@example.com", "", "")
		noError(t, err)
		want := []enrolments.Opening{{User: "ana@example.com", Application: "northwind", Held: true}, {User: "new@example.com", Application: "northwind", Held: true}}
		if diff := cmp.Diff(want, s.town.openings); diff != "" {
			t.Errorf("asked (-want +got):\n%s", diff)
		}
	})
}

func TestAnApprovalThatCouldNotBeSpentOpensNothing(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		a, _ := s.approved(s.phone("ana@example.com", "phone"))
		s.town.lost = errors.New("the database is lost")
		_, _, err := s.OpenPairing(t.Context(), s.app, "ana@example.com", "", a.ID)
		wantError(t, err, s.town.lost)
		if len(s.town.openings) != 0 {
			t.Errorf("opened: %v", s.town.openings)
		}
	})
}
