package noscript_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"countersign/web"
)

const (
	waitingPath  = "/waiting/" + approval
	setUpPath    = "/set-up/" + setUp
	recoveryPath = "/recovery/" + recovery
)

// once asks without following anything.
func (b *browser) once(r *http.Request) page {
	b.t.Helper()
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return b.send(r)
}

func TestALinkIsTradedForACookieOfItsPageAlone(t *testing.T) {
	w := newWorld(t)
	for path, what := range map[string]string{waitingPath: "/v1/approvals/" + approval, setUpPath: "/v1/pairings/" + setUp} {
		b := w.browser()
		p := b.once(b.request("GET", path+"/enter/"+entry, "", "X-Forwarded-For", "203.0.113.9"))
		if p.StatusCode != 303 || p.Header.Get("Location") != path {
			t.Fatalf("%s: got %s to %q", path, p.Status, p.Header.Get("Location"))
		}
		for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"} {
			if got := p.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if strings.Contains(p.Header.Get("Location")+p.body, entry) {
			t.Errorf("%s: the entry goes on", path)
		}
		c := w.asked()
		if len(c) != 1 || c[0].what != "POST "+what+"/enter" || c[0].token != entry || c[0].forwarded != "203.0.113.9" || !strings.HasPrefix(c[0].remote, "127.0.0.1:") {
			t.Errorf("%s: the API was asked %+v", path, c)
		}
	}
}

func TestTheCookieIsOneThatNobodyElseReads(t *testing.T) {
	for publicURL, want := range map[string][]string{
		"https://login.example.com": {"__Secure-countersign-waiting=" + token, "Path=" + waitingPath, "HttpOnly", "Secure", "SameSite=Lax"},
		"http://127.0.0.1:8080":     {"countersign-waiting=" + token, "Path=" + waitingPath, "HttpOnly", "SameSite=Lax"},
		"https://example.com/login": {"__Secure-countersign-waiting=" + token, "Path=/login" + waitingPath, "HttpOnly", "Secure", "SameSite=Lax"},
	} {
		w := newWorld(t)
		rec := httptest.NewRecorder()
		web.New(web.Config{PublicURL: publicURL, API: http.HandlerFunc(w.api)}).ServeHTTP(rec, httptest.NewRequest("GET", waitingPath+"/enter/"+entry, nil))
		cookies := rec.Result().Cookies()
		if len(cookies) != 2 {
			t.Fatalf("%s: got %v", publicURL, cookies)
		}
		parts := strings.Split(cookies[0].Raw, "; ")
		for _, part := range want {
			found := false
			for _, p := range parts {
				found = found || p == part
			}
			if !found {
				t.Errorf("%s: no %s in %s", publicURL, part, cookies[0].Raw)
			}
		}
		if cookies[0].MaxAge <= 0 || cookies[0].Domain != "" || cookies[0].Secure != strings.HasPrefix(publicURL, "https") {
			t.Errorf("%s: got %s", publicURL, cookies[0].Raw)
		}
	}
}

func TestWhoeverOnlyLooksAheadSpendsNothing(t *testing.T) {
	w := newWorld(t)
	for name, r := range map[string]*http.Request{
		"HEAD":      w.browser().request("HEAD", waitingPath+"/enter/"+entry, ""),
		"prefetch":  w.browser().request("GET", waitingPath+"/enter/"+entry, "", "Sec-Purpose", "prefetch"),
		"prerender": w.browser().request("GET", setUpPath+"/enter/"+entry, "", "Sec-Purpose", "prefetch;prerender"),
		"older":     w.browser().request("GET", waitingPath+"/enter/"+entry, "", "Purpose", "prefetch"),
	} {
		p := w.browser().once(r)
		if len(p.Cookies()) != 0 || p.Header.Get("Location") != "" || p.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %s %v", name, p.Status, p.Header)
		}
		if name != "HEAD" && p.StatusCode < 400 {
			t.Errorf("%s: %s would be kept for the person", name, p.Status)
		}
	}
	if c := w.asked(); len(c) != 0 {
		t.Errorf("the API was asked %+v", c)
	}
}

func TestWhoIsNotLetInIsToldTheSameWhateverTheCause(t *testing.T) {
	w := newWorld(t)
	w.answers("POST /v1/approvals/"+approval+"/enter", problem(401, "unauthorized", ""))
	refused := w.browser().open(waitingPath + "/enter/" + entry)
	malformed := w.browser().open(waitingPath + "/enter/" + strings.Repeat("A", 65))
	if refused.StatusCode != 410 || malformed.StatusCode != 410 || refused.body != malformed.body || len(refused.Cookies()) != 0 {
		t.Errorf("got %s and %s", refused.Status, malformed.Status)
	}
	refused.says(t, "This link lets nobody in any more", "begin again")
	if got := refused.Header.Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("the address goes on to where the page leads: %q", got)
	}
	w.answers("POST /v1/approvals/"+approval+"/enter", problem(429, "too-many-requests", ""))
	busy := w.browser().open(waitingPath + "/enter/" + entry)
	busy.says(t, "Too many at once")
	w.answers("POST /v1/approvals/"+approval+"/enter", problem(503, "unavailable", ""))
	away := w.browser().open(waitingPath + "/enter/" + entry)
	away.says(t, "Look now")
	for _, p := range []page{refused, busy, away} {
		p.keepsQuiet(t, entry)
	}
	if busy.StatusCode != 429 || away.StatusCode != 503 {
		t.Errorf("got %s, %s", busy.Status, away.Status)
	}
}

func TestABrowserThatIsInAlreadySpendsNothing(t *testing.T) {
	w := newWorld(t)
	b := w.enters(waitingPath)
	b.open(waitingPath+"/enter/"+entry).says(t, "Check your phone")
	for _, c := range w.asked() {
		if strings.HasSuffix(c.what, "/enter") {
			t.Errorf("the entry was spent again: %+v", c)
		}
	}
}

func TestWithoutTheCookieThePageIsTheOneWithAScript(t *testing.T) {
	w := newWorld(t)
	w.enters(waitingPath)
	for _, path := range []string{waitingPath, setUpPath, recoveryPath} {
		w.browser().open(path).says(t, `<script type="module"`, "This browser runs no scripts")
	}
	// Nor does the cookie of one page open another.
	w.enters(waitingPath).open("/waiting/x"+approval[1:]).says(t, `<script type="module"`)
	if c := w.asked(); len(c) != 0 {
		t.Errorf("the API was asked %+v", c)
	}
}

func TestPagesWithoutScriptLetNoneIn(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{waitingPath, setUpPath} {
		p := w.enters(path).open(path)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"Referrer-Policy":         "same-origin",
			"X-Content-Type-Options":  "nosniff",
			"X-Frame-Options":         "DENY",
			"Cache-Control":           "no-store",
			"Content-Language":        "en",
		} {
			if got := p.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		p.keepsQuiet(t, "<script", "<noscript", "javascript:", " style=", token)
	}
}
