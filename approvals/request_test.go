package approvals_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/approvals"
	"countersign/enrolments"
)

func TestAPersonWithPhonesIsAskedOnAllOfThem(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "first")
		s.phone("ana@example.com", "second")
		r := request("ana@example.com")
		r.Context = approvals.Context{
			IP: "203.0.113.9", Location: "Wellington, NZ", Browser: "Chrome on Windows", Reference: "<b>42</b>",
		}
		out, err := s.Request(t.Context(), s.app, r)
		noError(t, err)
		if out.Next != approvals.Wait || out.State != approvals.Pending || len(out.Number) != 2 ||
			!out.Expires.Equal(s.now().Add(time.Minute)) {
			t.Errorf("got %s, %s, number %q, until %v", out.Next, out.State, out.Number, out.Expires)
		}
		want := `{"application":"Northwind Books","user":"ana@example.com","action":"Sign in","location":"Wellington, NZ",` +
			`"ip":"203.0.113.9","browser":"Chrome on Windows","reference":"\u003cb\u003e42\u003c/b\u003e","time":"` +
			s.now().UTC().Format(time.RFC3339) + `"}`
		if out.Display != want {
			t.Errorf("phones show %s, want %s", out.Display, want)
		}
		if waiting, err := s.Waiting(t.Context(), out.ID, out.Token); err != nil || waiting.ID != out.ID {
			t.Errorf("the waiting screen sees %s, %v", waiting.ID, err)
		}
		synctest.Wait()
		rings := s.bells.rings()
		if len(rings) != 1 || rings[0].message.ApprovalID != string(out.ID) ||
			!rings[0].message.ExpiresAt.Equal(out.Expires) || !cmp.Equal(rings[0].tokens, []string{"first", "second"}) {
			t.Errorf("woken: %+v", rings)
		}
		for _, p := range s.stands(out.ID).Phones {
			if p.Sent != approvals.Accepted || p.Seen {
				t.Errorf("%s is %s, seen %v", p.Name, p.Sent, p.Seen)
			}
		}
		if diff := cmp.Diff([]string{"approval.requested wait"}, s.trail()); diff != "" {
			t.Errorf("the trail (-want +got):\n%s", diff)
		}
	})
}

func TestARequestOutOfBoundsChangesNothing(t *testing.T) {
	long := strings.Repeat("a", 257)
	for name, c := range map[string]struct {
		change func(*approvals.Request)
		want   error
	}{
		"no user":            {func(r *approvals.Request) { r.User = "" }, enrolments.ErrInvalid},
		"long user":          {func(r *approvals.Request) { r.User = long[:129] }, enrolments.ErrInvalid},
		"user with a break":  {func(r *approvals.Request) { r.User = "ana\n" }, enrolments.ErrInvalid},
		"long location":      {func(r *approvals.Request) { r.Context.Location = long }, enrolments.ErrInvalid},
		"bidi location":      {func(r *approvals.Request) { r.Context.Location = "a\u202eb" }, enrolments.ErrInvalid},
		"long browser":       {func(r *approvals.Request) { r.Context.Browser = long }, enrolments.ErrInvalid},
		"control in browser": {func(r *approvals.Request) { r.Context.Browser = "a\x1b[0m" }, enrolments.ErrInvalid},
		"long action":        {func(r *approvals.Request) { r.Context.Action = long }, enrolments.ErrInvalid},
		"zero-width action":  {func(r *approvals.Request) { r.Context.Action = "pay\u200b" }, enrolments.ErrInvalid},
		"long reference":     {func(r *approvals.Request) { r.Context.Reference = long }, enrolments.ErrInvalid},
		"broken reference":   {func(r *approvals.Request) { r.Context.Reference = "\xff" }, enrolments.ErrInvalid},
		"no address":         {func(r *approvals.Request) { r.Context.IP = "somewhere" }, enrolments.ErrInvalid},
		"address and port":   {func(r *approvals.Request) { r.Context.IP = "203.0.113.9:80" }, enrolments.ErrInvalid},
		// A zone is any text: it would be shown on the phone as it came.
		"address with a zone":    {func(r *approvals.Request) { r.Context.IP = "fe80::1%eth0" }, enrolments.ErrInvalid},
		"address with a message": {func(r *approvals.Request) { r.Context.IP = "::1%\u202e" + long }, enrolments.ErrInvalid},
		"short life":             {func(r *approvals.Request) { r.TTL = 29 * time.Second }, enrolments.ErrInvalid},
		"long life":              {func(r *approvals.Request) { r.TTL = 301 * time.Second }, enrolments.ErrInvalid},
		"negative life":          {func(r *approvals.Request) { r.TTL = -time.Minute }, enrolments.ErrInvalid},
		"other return URL":       {func(r *approvals.Request) { r.ReturnURL = "https://books.example.com.evil.test/signed-in" }, approvals.ErrReturnURL},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				h := s.phone("ana@example.com", "phone")
				r := request("ana@example.com")
				c.change(&r)
				out, err := s.Request(t.Context(), s.app, r)
				wantError(t, err, c.want)
				if out.ID != "" || !out.Token.IsZero() {
					t.Errorf("an approval came with it: %s", out.ID)
				}
				synctest.Wait()
				if list, err := s.PendingFor(t.Context(), h.known(), 0); err != nil || len(list) != 0 {
					t.Errorf("the phone is asked: %v, %v", list, err)
				}
				if len(s.bells.rings()) != 0 || len(s.trail()) != 0 || len(s.town.openings) != 0 {
					t.Errorf("woken %v, noted %v, opened %v", s.bells.rings(), s.trail(), s.town.openings)
				}
			})
		})
	}
}

func TestARequestWithinBoundsIsTaken(t *testing.T) {
	for name, change := range map[string]func(*approvals.Request){
		"nowhere to return":       func(r *approvals.Request) { r.ReturnURL = "" },
		"return URL with a query": func(r *approvals.Request) { r.ReturnURL += "?next=/cart" },
		"shortest life":           func(r *approvals.Request) { r.TTL = 30 * time.Second },
		"longest life":            func(r *approvals.Request) { r.TTL = 300 * time.Second },
		"IPv6":                    func(r *approvals.Request) { r.Context.IP = "2001:db8::1" },
		"longest texts": func(r *approvals.Request) {
			full := strings.Repeat("\U0001f4f1", 256)
			r.Context = approvals.Context{Location: full, Browser: full, Action: full, Reference: full}
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.phone("ana@example.com", "phone")
				r := request("ana@example.com")
				change(&r)
				out, err := s.Request(t.Context(), s.app, r)
				noError(t, err)
				if ttl := out.Expires.Sub(out.Created); r.TTL != 0 && ttl != r.TTL {
					t.Errorf("it lives %v, want %v", ttl, r.TTL)
				}
			})
		})
	}
}

func TestWhoCannotBeAskedTypesACode(t *testing.T) {
	for name, change := range map[string]func(*enrolments.Enrolment){
		"no phone":      func(e *enrolments.Enrolment) { e.Phones = nil },
		"pushes locked": func(e *enrolments.Enrolment) { e.PushLocked = true },
		"recovery codes alone": func(e *enrolments.Enrolment) {
			e.Phones, e.Authenticators, e.RecoveryCodes = nil, 0, 1
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				h := s.phone("ana@example.com", "phone")
				s.change("ana@example.com", change)
				out := s.asks("ana@example.com")
				if out.Next != approvals.CodeOnly || out.State != approvals.Pending {
					t.Errorf("got %s, %s", out.Next, out.State)
				}
				synctest.Wait()
				if len(s.bells.rings()) != 0 {
					t.Errorf("woken: %v", s.bells.rings())
				}
				// A phone that finds out about it may not answer either.
				_, err := s.answers(h, out.Approval, approvals.Approve, nil)
				wantError(t, err, approvals.ErrNotFound)
				if got := s.stands(out.ID).State; got != approvals.Pending {
					t.Errorf("it is %s", got)
				}
				if diff := cmp.Diff([]string{"approval.requested code_only"}, s.trail()); diff != "" {
					t.Errorf("the trail (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestWhoIsAskedTooOftenTypesACode(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "phone")
		for range 5 {
			if out := s.asks("ana@example.com"); out.Next != approvals.Wait {
				t.Fatalf("got %s", out.Next)
			}
		}
		if out := s.asks("ana@example.com"); out.Next != approvals.CodeOnly {
			t.Errorf("the sixth: got %s", out.Next)
		}
		synctest.Wait()
		if n := len(s.bells.rings()); n != 5 {
			t.Errorf("woken %d times", n)
		}
		if s.times("push.held too many requests; codes only until a quiet time") != 1 {
			t.Errorf("the trail: %q", s.trail())
		}
		// A code frees the budget.
		s.town.codes["123456"] = nil
		out := s.asks("ana@example.com")
		_, err := s.Code(t.Context(), out.ID, "123456")
		noError(t, err)
		if out := s.asks("ana@example.com"); out.Next != approvals.Wait {
			t.Errorf("after a code: got %s", out.Next)
		}
	})
}

func TestWhoHasNothingSetUpIsLedToSetUp(t *testing.T) {
	for name, prepare := range map[string]func(*scene){
		"unknown": func(*scene) {},
		"empty": func(s *scene) {
			s.person("new@example.com")
			s.change("new@example.com", func(e *enrolments.Enrolment) { e.Authenticators = 0 })
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				prepare(s)
				r := request("new@example.com")
				r.Key = "a key"
				out, err := s.Request(t.Context(), s.app, r)
				noError(t, err)
				if out.Next != approvals.Enrol || out.State != approvals.Withdrawn || out.Reason != approvals.NeedsEnrol {
					t.Errorf("got %s, %s, %s", out.Next, out.State, out.Reason)
				}
				if out.Pairing.ID != "a-pairing" || out.SetUpToken.Reveal() != "set-up" {
					t.Errorf("led to %s", out.Pairing.ID)
				}
				opened := enrolments.Opening{User: r.User, Application: "northwind", ReturnURL: r.ReturnURL, SigningIn: true, Held: true}
				if diff := cmp.Diff([]enrolments.Opening{opened}, s.town.openings); diff != "" {
					t.Errorf("opened (-want +got):\n%s", diff)
				}
				_, err = s.Code(t.Context(), out.ID, "123456")
				wantError(t, err, approvals.ErrSettled)
				want := []string{"approval.requested enrol", "approval.settled withdrawn: enrol"}
				if diff := cmp.Diff(want, s.trail()); diff != "" {
					t.Errorf("the trail (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// Where set-up is not offered, whoever has nothing is unknown, whether or not
// the name was seen before.
func TestWithoutFirstSignInWhoHasNothingIsUnknown(t *testing.T) {
	for _, known := range []bool{false, true} {
		t.Run(fmt.Sprintf("known %v", known), func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.app.Policy.FirstSignIn = false
				if known {
					s.person("new@example.com")
					s.change("new@example.com", func(e *enrolments.Enrolment) { e.Authenticators = 0 })
				}
				out, err := s.Request(t.Context(), s.app, request("new@example.com"))
				wantError(t, err, enrolments.ErrNotFound)
				if out.ID != "" || len(s.town.openings) != 0 || len(s.trail()) != 0 {
					t.Errorf("got %s, opened %v, noted %v", out.ID, s.town.openings, s.trail())
				}
			})
		})
	}
}

func TestARepeatedRequestIsAnsweredAsTheFirst(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "phone")
		r := request("ana@example.com")
		r.Key, r.Fingerprint = "a key", enrolments.SecretOf("body").Hash()
		first, err := s.Request(t.Context(), s.app, r)
		noError(t, err)
		synctest.Wait()
		again, err := s.Request(t.Context(), s.app, r)
		noError(t, err)
		if again.ID != first.ID || again.Token != first.Token || again.Number != first.Number {
			t.Errorf("got %s, want %s", again.ID, first.ID)
		}

		otherBody, otherSecret := r, r
		otherBody.Fingerprint = enrolments.SecretOf("another body").Hash()
		otherSecret.Seed = request("").Seed
		for name, other := range map[string]approvals.Request{"other body": otherBody, "other secret": otherSecret} {
			out, err := s.Request(t.Context(), s.app, other)
			wantError(t, err, approvals.ErrIdempotency)
			if out.ID != "" || !out.Token.IsZero() {
				t.Errorf("%s: %s came with it", name, out.ID)
			}
		}
		synctest.Wait()
		if n := len(s.bells.rings()); n != 1 {
			t.Errorf("woken %d times", n)
		}
		if diff := cmp.Diff([]string{"approval.requested wait"}, s.trail()); diff != "" {
			t.Errorf("the trail (-want +got):\n%s", diff)
		}
		if got := s.stands(first.ID).State; got != approvals.Pending {
			t.Errorf("the first is %s", got)
		}
	})
}

func TestANewSignInTakesThePlaceOfTheOld(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		first := s.asks("ana@example.com")
		other := s.app
		other.ID = "southwind"
		elsewhere, err := s.Request(t.Context(), other, request("ana@example.com"))
		noError(t, err)
		second := s.asks("ana@example.com")
		if a := s.stands(first.ID); a.State != approvals.Withdrawn || a.Reason != approvals.Replaced {
			t.Errorf("the first is %s, %s", a.State, a.Reason)
		}
		if a := s.stands(elsewhere.ID); a.State != approvals.Pending {
			t.Errorf("that of another application is %s", a.State)
		}
		_, err = s.answers(h, first.Approval, approvals.Approve, nil)
		wantError(t, err, approvals.ErrSettled)
		_, err = s.answers(h, second.Approval, approvals.Approve, nil)
		noError(t, err)
		if s.times("approval.settled withdrawn: replaced") != 1 {
			t.Errorf("the trail: %q", s.trail())
		}
	})
}

func TestWhereTheTownIsLostNobodyIsAsked(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "phone")
		s.town.lost = errors.New("the database is lost")
		for _, user := range []string{"ana@example.com", "new@example.com"} {
			out, err := s.Request(t.Context(), s.app, request(user))
			wantError(t, err, s.town.lost)
			if out.ID != "" {
				t.Errorf("%s: got %s", user, out.ID)
			}
		}
		if len(s.bells.rings()) != 0 {
			t.Errorf("woken: %v", s.bells.rings())
		}
	})
}

func TestTheTokenOfAnApprovalOpensNoOther(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "phone")
		s.phone("bob@example.com", "phone")
		r := request("ana@example.com")
		ana, err := s.Request(t.Context(), s.app, r)
		noError(t, err)
		r.User = "bob@example.com" // by the same seed
		bob, err := s.Request(t.Context(), s.app, r)
		noError(t, err)
		for name, c := range map[string]struct {
			id    approvals.ID
			token enrolments.Secret
		}{
			"another's token": {ana.ID, bob.Token},
			"no token":        {ana.ID, enrolments.Secret{}},
			"chance":          {ana.ID, enrolments.NewSecret()},
			"unknown":         {approvals.NewID("nobody"), ana.Token},
		} {
			a, err := s.Waiting(t.Context(), c.id, c.token)
			wantError(t, err, enrolments.ErrUnauthorized)
			if a.ID != "" {
				t.Errorf("%s: opens %s", name, a.ID)
			}
		}
	})
}
