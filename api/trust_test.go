package api_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"countersign/mobile-stub/phone"
)

const userAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"

// asks begins a sign-in of person from a browser that holds a token.
func (w *world) asks(token string) reply {
	w.t.Helper()
	return w.want(w.app("POST", "/v1/approvals", `{"user":"`+person+`","trusted_browser":"`+token+`",
		"return_url":"https://books.example.com/signed-in","context":{"user_agent":"`+userAgent+`"}}`), 201)
}

// trusts approves a sign-in on the phone, trusts its browser, and returns what
// the application is handed.
func (w *world) trusts(h handset) string {
	w.t.Helper()
	r := w.asks("")
	s := signIn{r.member("id"), r.member("waiting_token"), r.member("number")}
	if _, err := h.Approve(w.t.Context(), h.id, h.find(w.t, s), s.number); err != nil {
		w.t.Fatal(err)
	}
	w.want(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/trust", "", "Origin", w.url), 200)
	redeemed := w.redeem(s)
	token := redeemed.member("trusted_browser.token")
	if token == "" {
		w.t.Fatalf("no token in %s", redeemed.body)
	}
	return token
}

func TestATrustedBrowserNeedsNoSecondFactorForItsTime(t *testing.T) {
	w := newWorld(t)
	w.policy(map[string]string{"trusted_browser_days": "30", "trusted_browser_idle_hours": "0"})
	h := w.pair(person, phone.ES256)
	token := w.trusts(h)
	const day = 24 * time.Hour
	w.clock.move(30*day - time.Minute)
	r := w.asks(token)
	if r.member("next") != "done" || r.member("state") != "approved" || r.member("set_up_url") != "" {
		t.Errorf("got %s", r.body)
	}
	if s := w.want(w.app("GET", "/v1/approvals/"+r.member("id"), ""), 200); s.member("method") != "trusted_browser" {
		t.Errorf("got %s", s.body)
	}
	list := w.want(w.app("GET", "/v1/people/"+person+"/trusted-browsers", ""), 200)
	if !strings.Contains(list.body, "Chrome on Windows") || strings.Contains(list.body, token) || strings.Contains(list.body, "idle_ends_at") {
		t.Errorf("the list is %s", list.body)
	}
	w.clock.move(time.Minute)
	if r := w.asks(token); r.member("next") != "wait" {
		t.Errorf("after its time: %s", r.body)
	}
}

func TestATrustedBrowserThatWasNotUsedIsAskedAgain(t *testing.T) {
	w := newWorld(t)
	w.policy(map[string]string{"trusted_browser_days": "30", "trusted_browser_idle_hours": "48"})
	token := w.trusts(w.pair(person, phone.ES256))
	for range 3 { // in use it stays trusted
		w.clock.move(47 * time.Hour)
		if r := w.asks(token); r.member("next") != "done" {
			t.Fatalf("in use: %s", r.body)
		}
	}
	listed := func() reply { return w.want(w.app("GET", "/v1/people/"+person+"/trusted-browsers", ""), 200) }
	when := func(member string) time.Time {
		at, err := time.Parse(time.RFC3339, listed().member("trusted_browsers."+member))
		if err != nil {
			t.Error(err)
		}
		return at
	}
	if used, ends := when("last_used_at"), when("idle_ends_at"); !ends.Equal(used.Add(48 * time.Hour)) {
		t.Errorf("used at %v, it is asked again at %v", used, ends)
	}
	w.clock.move(48 * time.Hour)
	if r := w.asks(token); r.member("next") != "wait" {
		t.Errorf("left unused: %s", r.body)
	}
	if left := listed(); left.member("trusted_browsers.id") != "" {
		t.Errorf("listed still: %s", left.body)
	}
}

func TestTrustEndsWithWhatItRestsOn(t *testing.T) {
	for name, end := range map[string]func(w *world, h handset){
		"the application says so": func(w *world, _ handset) {
			w.want(w.app("DELETE", "/v1/people/"+person+"/trusted-browsers", ""), 204)
		},
		"one is ended": func(w *world, _ handset) {
			list := w.want(w.app("GET", "/v1/people/"+person+"/trusted-browsers", ""), 200)
			_, rest, _ := strings.Cut(list.body, `"id":"`)
			id, _, _ := strings.Cut(rest, `"`)
			w.want(w.app("DELETE", "/v1/people/"+person+"/trusted-browsers/"+id, ""), 204)
		},
		"a stricter policy": func(w *world, _ handset) {
			w.clock.move(2 * 24 * time.Hour)
			w.policy(map[string]string{"trusted_browser_days": "1"})
		},
		"a stricter policy of idle time": func(w *world, _ handset) {
			w.clock.move(2 * time.Hour)
			w.policy(map[string]string{"trusted_browser_idle_hours": "1"})
		},
		"no trust any more": func(w *world, _ handset) { w.policy(map[string]string{"trusted_browser_days": "0"}) },
		"a phone removed": func(w *world, h handset) {
			e, err := w.people.Person(w.t.Context(), person)
			if err != nil {
				w.t.Fatal(err)
			}
			if err := w.people.RemovePhone(w.t.Context(), e.Phones[1]); err != nil {
				w.t.Fatal(err)
			}
		},
		"a report": func(w *world, h handset) {
			w.reports(h)
			w.unlock(person)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.policy(map[string]string{"trusted_browser_days": "30"})
			l := w.loser(person)
			w.finish(w.want(w.setUp(w.begin(l.byTOTP()), `[]`), 201))
			w.clock.move(time.Minute) // the recovery has ended all trust
			token := w.trusts(l.old)
			if r := w.asks(token); r.member("next") != "done" {
				t.Fatalf("not trusted: %s", r.body)
			}
			end(w, l.old)
			if r := w.asks(token); r.member("next") == "done" {
				t.Errorf("it is trusted still: %s", r.body)
			}
		})
	}
}

func TestWhoMayNotTrust(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	r := w.asks("")
	if s := w.want(w.with(r.member("waiting_token"), "GET", "/v1/approvals/"+r.member("id")+"/stream", "", "Accept", "application/json"), 200); s.member("trust_days") != "" {
		t.Errorf("offered against the policy: %s", s.body)
	}
	w.policy(map[string]string{"trusted_browser_days": "30"})
	r = w.asks("")
	path, token := "/v1/approvals/"+r.member("id")+"/trust", r.member("waiting_token")
	if s := w.want(w.with(token, "GET", "/v1/approvals/"+r.member("id")+"/stream", "", "Accept", "application/json"), 200); s.member("trust_days") != "30" {
		t.Errorf("not offered: %s", s.body)
	}
	w.refused(w.with(token, "POST", path, ""), 403, "fresh-approval-needed")
	s := signIn{r.member("id"), token, r.member("number")}
	if _, err := h.Approve(t.Context(), h.id, h.find(t, s), s.number); err != nil {
		t.Fatal(err)
	}
	w.refused(w.with(token, "POST", path, "", "Origin", "https://books.example.com"), 403, "origin-refused")
	w.refused(w.with(w.key, "POST", path, ""), 401, "unauthorized")
	other := w.register("contoso", "Contoso")
	trusted := w.trusts(h)
	if r := w.want(w.with(other, "POST", "/v1/approvals", `{"user":"`+person+`","trusted_browser":"`+trusted+`","context":{"user_agent":"`+userAgent+`"}}`), 201); r.member("next") == "done" {
		t.Error("another application's browser is trusted")
	}
}

// Whoever has a sign-in approved that is not theirs may yet be at its screen when
// its person says so.
func TestWhatWasApprovedBeforeTrustEndedTrustsNoBrowser(t *testing.T) {
	for name, end := range map[string]func(w *world, l *loser){
		"a report":            func(w *world, l *loser) { w.reports(l.old) },
		"a report, looked at": func(w *world, l *loser) { w.reports(l.old); w.unlock(person) },
		"a password changed":  func(w *world, _ *loser) { w.want(w.app("DELETE", "/v1/people/"+person+"/trusted-browsers", ""), 204) },
		"a phone removed": func(w *world, l *loser) {
			if err := l.old.Remove(w.t.Context(), l.old.id); err != nil {
				w.t.Fatal(err)
			}
		},
		"a word on their page": func(w *world, _ *loser) { w.want(w.at(w.securityPage(person), "DELETE", "/trusted-browsers", ""), 204) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.policy(map[string]string{"trusted_browser_days": "30"})
			l := w.loser(person)
			s := l.byTOTP()
			end(w, l)
			w.refused(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/trust", ""), 403, "fresh-approval-needed")
			if got := w.redeem(s); got.member("trusted_browser.token") != "" {
				t.Errorf("the browser is trusted: %s", got.body)
			}
		})
	}
}

func TestNoBrowserIsTrustedUntilAnAdministratorHasLooked(t *testing.T) {
	w := newWorld(t)
	w.policy(map[string]string{"trusted_browser_days": "30"})
	l := w.loser(person)
	w.reports(l.old)
	s := l.byTOTP() // codes are still taken
	state := w.want(w.with(s.token, "GET", "/v1/approvals/"+s.id+"/stream", "", "Accept", "application/json"), 200)
	if state.member("trust_days") != "" {
		t.Errorf("it is offered: %s", state.body)
	}
	w.refused(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/trust", ""), 403, "fresh-approval-needed")
	w.unlock(person)
	if got := w.redeem(s); got.member("trusted_browser.token") != "" {
		t.Errorf("the browser is trusted: %s", got.body)
	}
	next := l.byTOTP()
	w.want(w.with(next.token, "POST", "/v1/approvals/"+next.id+"/trust", ""), 200)
	if got := w.redeem(next); got.member("trusted_browser.token") == "" {
		t.Errorf("after that it is not trusted: %s", got.body)
	}
}

// reports has the phone say that a sign-in is not its person's own.
func (w *world) reports(h handset) {
	w.t.Helper()
	if _, err := h.Report(w.t.Context(), h.id, h.find(w.t, w.signIn(person))); err != nil {
		w.t.Fatal(err)
	}
}

// unlock is an administrator who has looked.
func (w *world) unlock(user string) {
	w.t.Helper()
	e, err := w.people.Person(w.t.Context(), user)
	if err != nil {
		w.t.Fatal(err)
	}
	desk, err := w.people.HelpDesk("looked at")
	if err == nil {
		err = desk.Unlock(w.t.Context(), e.ID)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// redeem is the application to which a browser came back.
func (w *world) redeem(s signIn) reply {
	w.t.Helper()
	state := w.want(w.with(s.token, "GET", "/v1/approvals/"+s.id+"/stream", "", "Accept", "application/json"), 200)
	back, err := url.Parse(state.member("return_to"))
	if err != nil {
		w.t.Fatal(err)
	}
	return w.want(w.app("POST", "/v1/approvals/"+s.id+"/redeem", `{"result_code":"`+back.Query().Get("result_code")+`"}`), 200)
}
