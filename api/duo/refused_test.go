package duo_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"countersign/enrolments"
)

// both is a policy that takes everything.
var both = enrolments.IntegrationPolicy{OldSignatures: "an old client", PushWithoutNumber: "a client that waits"}

// A person who may not sign in is refused in a way that the clients cannot take
// for an outage, in which they would let everybody in.
func TestNobodyIsRefusedByAnError(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(t *testing.T, w *world)
		user    string
		want    string // the result of preauth
		auth    bool   // whether a push is worth trying
	}{
		"unknown":                       {func(*testing.T, *world) {}, "nobody", "deny", true},
		"no name that anybody can have": {func(*testing.T, *world) {}, "a\nb", "deny", true},
		"a very long name":              {func(*testing.T, *world) {}, strings.Repeat("a", 1000), "deny", true},
		"locked, and nothing to type": {func(t *testing.T, w *world) {
			h := w.phone("ana")
			e, err := w.people.Person(t.Context(), "ana")
			w.ok(err)
			w.ok(w.people.LockPush(t.Context(), enrolments.Event{Kind: enrolments.EventApprovalReported, Person: e.ID}))
			// Its passcodes go with the policy.
			w.ok(w.people.SetPolicy(t.Context(), w.app.ID, []enrolments.Assignment{{Key: "methods", Value: "push"}}))
			_ = h
		}, "ana", "deny", true},
		"disabled": {func(t *testing.T, w *world) {
			w.phone("ana")
			w.ok(w.people.DisableIntegration(t.Context(), w.app.ID, true))
		}, "ana", "deny", true},
		"the database is lost": {func(t *testing.T, w *world) {
			w.phone("ana")
			w.ok(w.store.Close())
		}, "ana", "deny", true},
		"the short-lived store is lost": {func(t *testing.T, w *world) {
			w.phone("ana")
			w.ok(w.short.Close())
		}, "ana", "auth", true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, both, func(p *enrolments.Policy) { p.FirstSignIn = false })
			c.prepare(t, w)
			for path, params := range map[string]url.Values{
				"/auth/v2/preauth":      {"username": {c.user}},
				"/auth/v2/auth":         {"username": {c.user}, "factor": {"push"}, "device": {"auto"}},
				"/rest/v1/preauth.json": {"user": {c.user}},
				"/rest/v1/auth.json":    {"user": {c.user}, "factor": {"auto"}, "auto": {"push1"}, "async": {"0"}},
			} {
				got := w.v2(path, params)
				want := "deny"
				if strings.Contains(path, "preauth") {
					want = c.want
				}
				if got.status == http.StatusTooManyRequests && name == "the short-lived store is lost" && want == "deny" {
					continue // asked again, and never let in
				}
				if got.status != http.StatusOK || got.Stat != "OK" || got.member("result") != want {
					t.Errorf("%s: %d %s", path, got.status, got.raw)
				}
				if got.member("status_msg") == "" && strings.HasPrefix(path, "/auth") || got.member("status") == "" && strings.HasPrefix(path, "/rest") {
					t.Errorf("%s says nothing: %s", path, got.raw)
				}
			}
		})
	}
}

func TestWhoHasNothingSetUpIsLedToSetUp(t *testing.T) {
	w := newWorld(t, both)
	got := w.v2("/auth/v2/preauth", url.Values{"username": {"new"}})
	portal := got.member("enroll_portal_url")
	if got.member("result") != "enroll" || !strings.HasPrefix(portal, w.url+"/set-up/") || !strings.Contains(got.member("status_msg"), portal) {
		t.Errorf("%s", got.raw)
	}
	got = w.v1("/rest/v1/preauth", url.Values{"user": {"new"}})
	if got.member("result") != "enroll" || !strings.Contains(got.member("status"), w.url+"/set-up/") {
		t.Errorf("%s", got.raw)
	}
	if got := w.v2("/auth/v2/auth", url.Values{"username": {"new"}, "factor": {"push"}, "device": {"auto"}}); got.member("result") != "deny" {
		t.Errorf("%s", got.raw)
	}
}

// Whoever made their person report has the password.
func TestWhoIsLockedAndHasNothingLeftIsNotLedToSetUp(t *testing.T) {
	w := newWorld(t, both)
	p, err := w.people.AddPerson(t.Context(), "ana")
	w.ok(err)
	w.ok(w.people.LockPush(t.Context(), enrolments.Event{Kind: enrolments.EventApprovalReported, Person: p.ID}))
	got := w.v2("/auth/v2/preauth", url.Values{"username": {"ana"}})
	if got.member("result") != "deny" || got.member("enroll_portal_url") != "" || !strings.Contains(got.member("status_msg"), "after a report") {
		t.Errorf("%s", got.raw)
	}
}

func TestWhereNothingIsRequiredYetNobodyIsStopped(t *testing.T) {
	w := newWorld(t, both, func(p *enrolments.Policy) { p.GraceDays = 3 })
	if got := w.v2("/auth/v2/preauth", url.Values{"username": {"new"}}); got.member("result") != "allow" {
		t.Errorf("%s", got.raw)
	}
	if !strings.Contains(w.trail(), "approved by not_required") {
		t.Errorf("the trail:\n%s", w.trail())
	}
	w.phone("ana")
	if got := w.v2("/auth/v2/preauth", url.Values{"username": {"ana"}}); got.member("result") != "auth" {
		t.Errorf("somebody who has a phone: %s", got.raw)
	}
}

func TestCredentialsThatAreNotAnIntegrationsOwnAreRefused(t *testing.T) {
	w := newWorld(t, enrolments.IntegrationPolicy{})
	w.phone("ana")
	params := url.Values{"username": {"ana"}}
	now := w.clock.now().UTC()
	at := func(d time.Duration) string { return now.Add(d).Format(time.RFC1123Z) }
	other, _ := w.register("other", enrolments.IntegrationPolicy{})
	mixed := w.Integration
	mixed.Secret = other.Secret
	for name, c := range map[string]struct {
		got  sent
		code int
	}{
		"no credentials": {func() sent {
			r := w.raw(w.Integration, http.MethodPost, "/auth/v2/preauth", at(0), params, "")
			r.Header.Del("Authorization")
			return w.send(r)
		}(), 40101},
		"a signature of nothing":   {w.send(w.raw(w.Integration, http.MethodPost, "/auth/v2/preauth", at(0), params, strings.Repeat("0", 40))), 40103},
		"another's secret":         {w.call(mixed, http.MethodPost, "/auth/v2/preauth", at(0), params), 40103},
		"no date":                  {w.call(w.Integration, http.MethodPost, "/auth/v2/preauth", "", params), 40103},
		"a date that is none":      {w.call(w.Integration, http.MethodPost, "/auth/v2/preauth", "today", params), 40104},
		"six minutes ago":          {w.call(w.Integration, http.MethodPost, "/auth/v2/preauth", at(-6*time.Minute), params), 40105},
		"in six minutes":           {w.call(w.Integration, http.MethodPost, "/auth/v2/preauth", at(6*time.Minute), params), 40105},
		"four minutes ago":         {w.call(w.Integration, http.MethodPost, "/auth/v2/preauth", at(-4*time.Minute), params), 0},
		"nobody named":             {w.v2("/auth/v2/preauth", url.Values{"x": {"1"}}), 40001},
		"two names":                {w.v2("/auth/v2/preauth", url.Values{"username": {"ana"}, "user_id": {"x"}}), 40002},
		"no factor":                {w.v2("/auth/v2/auth", params), 40001},
		"another's device":         {w.v2("/auth/v2/auth", url.Values{"username": {"ana"}, "factor": {"push"}, "device": {"DPxxx"}}), 40002},
		"an unknown transaction":   {w.call(w.Integration, http.MethodGet, "/auth/v2/auth_status", at(0), url.Values{"txid": {"x"}}), 40002},
		"no such transaction":      {w.call(w.Integration, http.MethodGet, "/auth/v2/auth_status", at(0), url.Values{"txid": {strings.Repeat("A", 30)}}), 40002},
		"a resource that is none":  {w.call(w.Integration, http.MethodPost, "/auth/v2/moonlight", at(0), params), 40401},
		"a body that is too large": {w.v2("/auth/v2/preauth", url.Values{"username": {strings.Repeat("a", 65<<10)}}), 40002},
	} {
		if c.got.Code != c.code || c.code != 0 && (c.got.status != c.code/100 || c.got.Stat != "FAIL" || c.got.Message == "") {
			t.Errorf("%s: %d %s, want %d", name, c.got.status, c.got.raw, c.code)
		}
	}
	if got := w.call(w.Integration, http.MethodPost, "/auth/v2/preauth", "", params); !strings.Contains(got.Detail, "no date") {
		t.Errorf("an old signature is not told from a wrong one: %s", got.raw)
	}
}

func TestATransactionIsItsIntegrationsOwn(t *testing.T) {
	w := newWorld(t, both)
	ana := w.phone("ana")
	got := w.v2("/auth/v2/auth", url.Values{"username": {"ana"}, "factor": {"push"}, "device": {"auto"}, "async": {"1"}})
	ana.asked()
	other, _ := w.register("other", both)
	seen := w.call(other, http.MethodGet, "/auth/v2/auth_status", w.date(), url.Values{"txid": {got.member("txid")}})
	if seen.Code != 40002 {
		t.Errorf("another's transaction: %s", seen.raw)
	}
}

func TestNoSecretIsLogged(t *testing.T) {
	w := newWorld(t, both)
	w.phone("ana")
	w.v2("/auth/v2/auth", url.Values{"username": {"ana"}, "factor": {"passcode"}, "passcode": {"314159"}})
	w.v2("/auth/v2/preauth", url.Values{"username": {"new"}})
	w.ok(w.store.Close())
	w.v2("/auth/v2/preauth", url.Values{"username": {"ana"}})
	logged := w.log.text.String()
	if logged == "" {
		t.Error("a lost database is not in the log")
	}
	for _, secret := range []string{w.Secret.Reveal(), "314159", "/set-up/"} {
		if strings.Contains(logged, secret) {
			t.Errorf("the log holds %q:\n%s", secret, logged)
		}
	}
}
