package api_test

import (
	"encoding/base32"
	"strings"
	"testing"
	"time"

	"countersign/enrolments"
	"countersign/mobile-stub/phone"
	"countersign/totp"
)

// policy sets values of the application's.
func (w *world) policy(values map[string]string) {
	w.t.Helper()
	var all []enrolments.Assignment
	for key, value := range values {
		all = append(all, enrolments.Assignment{Key: key, Value: value})
	}
	if err := w.people.SetPolicy(w.t.Context(), "northwind", all); err != nil {
		w.t.Fatal(err)
	}
}

func TestAnApplicationReadsItsPolicyWithBoundsAndReasons(t *testing.T) {
	w := newWorld(t)
	w.policy(map[string]string{"number_digits": "3"})
	r := w.want(w.app("GET", "/v1/policy", ""), 200)
	for _, want := range []string{`"application":"northwind"`, `"key":"number_digits","value":"3",`, `"takes":"2 to 6","default":"2","why":"as CISA`} {
		if !strings.Contains(r.body, want) {
			t.Errorf("no %s in %s", want, r.body)
		}
	}
	w.refused(w.with("", "GET", "/v1/policy", ""), 401, "unauthorized")
}

func TestARoleThatMayDoWithoutIsLetInAndOfferedSetUp(t *testing.T) {
	w := newWorld(t)
	w.policy(map[string]string{"optional_roles": "member"})
	r := w.want(w.app("POST", "/v1/approvals", `{"user":"new@example.com","role":"member"}`), 201)
	if r.member("next") != "done" || r.member("state") != "approved" || !strings.Contains(r.member("set_up_url"), "/set-up/") {
		t.Errorf("got %s", r.body)
	}
	s := w.want(w.app("GET", "/v1/approvals/"+r.member("id"), ""), 200)
	if s.member("method") != "not_required" || s.member("next") != "done" {
		t.Errorf("got %s", s.body)
	}
	for _, body := range []string{`{"user":"new@example.com"}`, `{"user":"new@example.com","role":"owner"}`} {
		if r := w.want(w.app("POST", "/v1/approvals", body), 201); r.member("next") != "enrol" || r.member("state") != "withdrawn" {
			t.Errorf("%s: got %s", body, r.body)
		}
	}
	for _, role := range []string{"Member", "a b", strings.Repeat("a", 33)} {
		w.refused(w.app("POST", "/v1/approvals", `{"user":"new@example.com","role":"`+role+`"}`), 422, "invalid-request")
	}
}

func TestWhoIsInTheirGraceIsToldWhenItEnds(t *testing.T) {
	w := newWorld(t)
	w.policy(map[string]string{"grace_days": "14", "optional_roles": "member"})
	due := w.clock.now().AddDate(0, 0, 14)
	r := w.want(w.app("POST", "/v1/approvals", `{"user":"new@example.com","role":"owner"}`), 201)
	if got, err := time.Parse(time.RFC3339, r.member("required_from")); err != nil || got.Sub(due).Abs() > time.Second {
		t.Errorf("required from %v, %v; want %v", got, err, due)
	}
	if r := w.want(w.app("POST", "/v1/approvals", `{"user":"new@example.com","role":"member"}`), 201); strings.Contains(r.body, "required_from") {
		t.Errorf("of a role that may do without: %s", r.body)
	}
}

// withAuthenticator sets an authenticator app up for user, and returns its secret.
func (w *world) withAuthenticator(user string) []byte {
	w.t.Helper()
	p := w.openPairing(user)
	path := "/v1/pairings/" + p.id
	r := w.want(w.with(p.token, "POST", path+"/authenticator", ""), 201)
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(r.member("setup_key"), " ", ""))
	if err != nil {
		w.t.Fatal(err)
	}
	code, err := totp.Code(secret, w.clock.now())
	if err != nil {
		w.t.Fatal(err)
	}
	w.want(w.with(p.token, "POST", path+"/authenticator/confirm", `{"code":"`+code+`"}`), 200)
	return secret
}

func TestTheWaitingScreenIsToldWhatIsTakenAndWhy(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	w.withAuthenticator("carol@example.com")
	w.policy(map[string]string{"methods": "push"})
	w.refused(w.app("POST", "/v1/approvals", `{"user":"carol@example.com"}`), 403, "nothing-usable")
	s := w.signIn(person)
	if r := w.want(w.with(s.token, "GET", "/v1/approvals/"+s.id+"/stream", "", "Accept", "application/json"), 200); !strings.Contains(r.body, `"methods":["push"]`) || r.member("code_only_because") != "" {
		t.Errorf("got %s", r.body)
	}
	r := w.refused(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/code", `{"code":"123456"}`), 422, "code-kind-refused")
	if r.member("code_attempts_left") != "4" {
		t.Errorf("got %s", r.body)
	}
}
