package northwind

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const back = "/signed-in?approval_id=approval-1&result_code=code-1"

// stranger fails the test if the browser is signed in.
func (b *browser) stranger() {
	b.t.Helper()
	if _, page := b.open("/"); strings.Contains(page, "You are signed in") {
		b.t.Error("the browser is signed in")
	}
}

func TestRightPasswordAndRedeemedResultSignIn(t *testing.T) {
	p := newProtocol(t)
	b := newBrowser(t, p)
	res, _ := b.signIn(ana, "sunflower")
	if res.StatusCode != 303 || res.Header.Get("Location") != p.URL+"/waiting/approval-1#token" {
		t.Fatalf("got %d to %q, want the waiting screen", res.StatusCode, res.Header.Get("Location"))
	}
	b.stranger()
	_, page := b.open(back)
	if !strings.Contains(page, "You are signed in as <strong>ana@example.com</strong>, approved on your phone.") {
		t.Errorf("got %s", page)
	}
	if len(p.redeemed) != 1 || p.redeemed[0] != "approval-1 code-1" {
		t.Errorf("got %v, want one redeeming of the code", p.redeemed)
	}
}

func TestServerIsToldWhoAsksAndWhereFrom(t *testing.T) {
	p := newProtocol(t)
	b := newBrowser(t, p)
	b.signIn(ana, "sunflower")
	if len(p.asked) != 1 {
		t.Fatalf("got %d calls, want one", len(p.asked))
	}
	got := p.asked[0]
	context := got["context"].(map[string]any)
	if got["user"] != ana || got["return_url"] != b.app+"/signed-in" || context["ip"] != "127.0.0.1" || context["user_agent"] != "Go-http-client/1.1" {
		t.Errorf("got %v", got)
	}
}

func TestABrowserWithoutScriptIsAskedForAsOne(t *testing.T) {
	p := newProtocol(t)
	b := newBrowser(t, p)
	if _, page := b.open("/sign-in"); !strings.Contains(page, `<noscript><input type="hidden" name="without_script" value="1"></noscript>`) {
		t.Errorf("the form does not tell: %s", page)
	}
	b.signIn(ana, "sunflower")
	if got := p.asksWith("without_script"); got != nil {
		t.Errorf("of a browser with script it sends %v", got)
	}
	res, err := b.PostForm(b.app+"/sign-in", url.Values{"name": {ana}, "password": {"sunflower"}, "without_script": {"1"}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if got := p.asksWith("without_script"); got != true {
		t.Errorf("of one without it sends %v", got)
	}
}

func TestWrongPasswordAsksNobody(t *testing.T) {
	p := newProtocol(t)
	b := newBrowser(t, p)
	for name, password := range map[string]string{ana: "wrong", "nobody@example.com": "", "": "", "ben@example.com": "sunflower"} {
		res, page := b.signIn(name, password)
		if res.StatusCode != 401 || !strings.Contains(page, "don’t belong together") {
			t.Errorf("%q: got %d", name, res.StatusCode)
		}
		if len(res.Cookies()) != 0 {
			t.Errorf("%q: a session was begun", name)
		}
	}
	if len(p.asked) != 0 {
		t.Errorf("got %d approvals", len(p.asked))
	}
}

func TestPersonWithNothingSetUpGoesToSetUp(t *testing.T) {
	p := newProtocol(t)
	p.ask = func() (int, any) {
		return 201, map[string]any{"id": "approval-1", "next": "enrol", "set_up_url": p.URL + "/set-up/pairing-1#token", "waiting_url": p.URL + "/waiting/x#y"}
	}
	b := newBrowser(t, p)
	res, _ := b.signIn(ana, "sunflower")
	if got := res.Header.Get("Location"); got != p.URL+"/set-up/pairing-1#token" {
		t.Errorf("got %q", got)
	}
	b.stranger()
	// Set-up leads back with nothing: nobody is signed in by it.
	p.state = map[string]string{"state": "withdrawn", "reason": "enrol"}
	if res, page := b.open("/signed-in"); res.StatusCode != 200 || !strings.Contains(page, "Sign in once more") {
		t.Errorf("got %d, %s", res.StatusCode, page)
	}
	b.stranger()
}

func TestNoAnswerOfTheServerIsANo(t *testing.T) {
	for name, ask := range map[string]func() (int, any){
		"unavailable": problem("unavailable", 503),
		"key refused": problem("unauthorized", 401),
		"many":        problem("too-many-requests", 429),
		"not json":    func() (int, any) { return 201, "hello" },
		"empty":       func() (int, any) { return 201, map[string]any{} },
		"no way on":   func() (int, any) { return 201, map[string]any{"id": "approval-1", "next": "enrol"} },
	} {
		t.Run(name, func(t *testing.T) {
			p := newProtocol(t)
			p.ask = ask
			b := newBrowser(t, p)
			res, page := b.signIn(ana, "sunflower")
			if res.StatusCode != 503 || !strings.Contains(page, `role="alert"`) {
				t.Errorf("got %d", res.StatusCode)
			}
			b.stranger()
		})
	}
}

func TestServerThatIsDownSignsNobodyIn(t *testing.T) {
	p := newProtocol(t)
	b := newBrowser(t, p)
	p.Close()
	if res, page := b.signIn(ana, "sunflower"); res.StatusCode != 503 || !strings.Contains(page, "can’t reach the second factor") {
		t.Errorf("got %d", res.StatusCode)
	}
	b.stranger()
}

func TestResultOfAnotherSignInIsRefusedAndNotRedeemed(t *testing.T) {
	for name, path := range map[string]string{
		"another approval": "/signed-in?approval_id=approval-2&result_code=code-2",
		"no approval":      "/signed-in?result_code=code-1",
		"empty approval":   "/signed-in?approval_id=&result_code=code-1",
	} {
		t.Run(name, func(t *testing.T) {
			p := newProtocol(t)
			b := newBrowser(t, p)
			b.signIn(ana, "sunflower")
			if res, _ := b.open(path); res.StatusCode != 403 {
				t.Errorf("got %d", res.StatusCode)
			}
			b.stranger()
			if len(p.redeemed) != 0 {
				t.Errorf("got %v redeemed", p.redeemed)
			}
		})
	}
}

func TestLinkOfSomebodyElsesSignInIsWorthNothingInAnotherBrowser(t *testing.T) {
	p := newProtocol(t)
	attacker := newBrowser(t, p)
	attacker.signIn(ana, "sunflower")
	victim := visit(t, attacker.app)
	if res, _ := victim.open(back); res.StatusCode != 403 {
		t.Errorf("got %d", res.StatusCode)
	}
	victim.stranger()
	if len(p.redeemed) != 0 {
		t.Errorf("got %v redeemed", p.redeemed)
	}
}

func TestBrowserThatBeganNothingBringsNoResult(t *testing.T) {
	p := newProtocol(t)
	b := newBrowser(t, p)
	p.Close() // whoever asks it now gets another answer than the one below
	if res, page := b.open("/signed-in?approval_id=&result_code=code-1"); res.StatusCode != 403 || !strings.Contains(page, "not the sign-in which this browser began") {
		t.Errorf("got %d, %s", res.StatusCode, page)
	}
}

func TestBrowserThatComesBackWithoutAResultIsToldWhyAndMayStartAgain(t *testing.T) {
	p := newProtocol(t)
	p.state = map[string]string{"state": "denied", "reason": "user"}
	b := newBrowser(t, p)
	b.signIn(ana, "sunflower")
	res, page := b.open("/signed-in?approval_id=approval-1")
	if res.StatusCode != 200 || !strings.Contains(page, "refused on your phone") || !strings.Contains(page, `action="/sign-in"`) {
		t.Errorf("got %d, %s", res.StatusCode, page)
	}
	b.stranger()
	if len(p.redeemed) != 0 {
		t.Errorf("got %v redeemed", p.redeemed)
	}
}

func TestRefusedRedeemingSignsNobodyIn(t *testing.T) {
	for _, kind := range []string{"approval-settled", "approval-not-found", "invalid-request", "unavailable", "internal", "something-new"} {
		t.Run(kind, func(t *testing.T) {
			p := newProtocol(t)
			p.redeem = problem(kind, 409)
			b := newBrowser(t, p)
			b.signIn(ana, "sunflower")
			if res, page := b.open(back); res.StatusCode != 403 || !strings.Contains(page, `role="alert"`) {
				t.Errorf("got %d", res.StatusCode)
			}
			b.stranger()
		})
	}
}

func TestTokenThatDoesNotFitSignsNobodyIn(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	past := time.Now().Add(-time.Hour).Unix()
	for name, spoil := range map[string]func(p *protocol){
		"of another person":        func(p *protocol) { p.claims["sub"] = "ben@example.com" },
		"of another approval":      func(p *protocol) { p.claims["txn"] = "approval-2" },
		"for another application":  func(p *protocol) { p.claims["aud"] = "southwind" },
		"of another server":        func(p *protocol) { p.claims["iss"] = "https://evil.example.com" },
		"out of time":              func(p *protocol) { p.claims["exp"] = past },
		"of a time to come":        func(p *protocol) { p.claims["iat"] = time.Now().Add(time.Hour).Unix() },
		"without a time":           func(p *protocol) { delete(p.claims, "exp") },
		"of another type":          func(p *protocol) { p.header["typ"] = "countersign-answer+jwt" },
		"with no algorithm":        func(p *protocol) { p.header["alg"] = "none" },
		"with an unsafe algorithm": func(p *protocol) { p.header["alg"] = "HS256" },
		"of an unknown key":        func(p *protocol) { p.header["kid"] = "k2" },
		"signed by another key":    func(p *protocol) { p.spoil(func(string) string { return p.token(t, other) }) },
		"without a signature":      func(p *protocol) { p.spoil(func(s string) string { return s[:strings.LastIndex(s, ".")+1] }) },
		"cut short":                func(p *protocol) { p.spoil(func(s string) string { return s[:len(s)-2] }) },
		"that is none":             func(p *protocol) { p.spoil(func(string) string { return "token" }) },
		"that is missing":          func(p *protocol) { p.spoil(func(string) string { return "" }) },
		"far too long":             func(p *protocol) { p.claims["more"] = strings.Repeat("x", 9<<10) },
		"with claims changed":      func(p *protocol) { p.spoil(forge) },
		"of an approval not approved": func(p *protocol) {
			p.redeem = func() (int, any) {
				return 200, map[string]any{"result_token": p.token(t, p.key), "approval": map[string]any{"state": "denied"}}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProtocol(t)
			spoil(p)
			b := newBrowser(t, p)
			b.signIn(ana, "sunflower")
			if res, _ := b.open(back); res.StatusCode != 403 {
				t.Errorf("got %d", res.StatusCode)
			}
			b.stranger()
		})
	}
}

func TestResultCountsOnce(t *testing.T) {
	p := newProtocol(t)
	b := newBrowser(t, p)
	b.signIn(ana, "sunflower")
	b.open(back)
	if res, _ := b.open(back); res.StatusCode != 403 {
		t.Errorf("the same address again: got %d", res.StatusCode)
	}
	if len(p.redeemed) != 1 {
		t.Errorf("got %v", p.redeemed)
	}
}

func TestKeysOfTheServerAreAskedForOnce(t *testing.T) {
	p := newProtocol(t)
	b := newBrowser(t, p)
	for range 3 {
		b.signIn(ana, "sunflower")
		b.open(back)
	}
	p.header["kid"] = "unknown" // and a stranger's token does not make us ask and ask
	for range 3 {
		b.signIn(ana, "sunflower")
		b.open(back)
	}
	if p.keyCalls != 1 {
		t.Errorf("got %d calls, want one", p.keyCalls)
	}
}

func TestSignInPageSaysWhatBecameOfTheLast(t *testing.T) {
	for want, state := range map[string]map[string]string{
		"still waiting for your phone": {"state": "pending"},
		"refused on your phone":        {"state": "denied", "reason": "user"},
		"reported as not you":          {"state": "denied", "reason": "reported"},
		"too many wrong tries":         {"state": "denied", "reason": "number_mismatch"},
		"took too long":                {"state": "expired"},
		"You cancelled":                {"state": "withdrawn", "reason": "cancelled"},
	} {
		t.Run(want, func(t *testing.T) {
			p := newProtocol(t)
			p.state = state
			b := newBrowser(t, p)
			if _, page := b.open("/sign-in"); strings.Contains(page, `role="alert"`) {
				t.Error("a browser that began nothing is told something")
			}
			b.signIn(ana, "sunflower")
			if _, page := b.open("/sign-in"); !strings.Contains(page, want) {
				t.Errorf("got %s", page)
			}
		})
	}
}

func TestFormOfAnotherSiteIsRefused(t *testing.T) {
	p := newProtocol(t)
	b := newBrowser(t, p)
	for name, header := range map[string]http.Header{
		"by fetch metadata": {"Sec-Fetch-Site": {"cross-site"}},
		"by origin":         {"Origin": {"https://evil.example.com"}},
		"by a null origin":  {"Origin": {"null"}},
	} {
		for _, path := range []string{"/sign-in", "/sign-out"} {
			form := url.Values{"name": {ana}, "password": {"sunflower"}}
			req, err := http.NewRequest("POST", b.app+path, strings.NewReader(form.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			req.Header = header.Clone()
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			res, err := b.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if res.Body.Close(); res.StatusCode != 403 {
				t.Errorf("%s %s: got %d", path, name, res.StatusCode)
			}
		}
	}
	if len(p.asked) != 0 {
		t.Errorf("got %d approvals", len(p.asked))
	}
}

func TestOwnFormIsTaken(t *testing.T) {
	p := newProtocol(t)
	b := newBrowser(t, p)
	req, err := http.NewRequest("POST", b.app+"/sign-in", strings.NewReader(url.Values{"name": {ana}, "password": {"sunflower"}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Origin", b.app)
	res, err := b.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if res.Body.Close(); res.StatusCode != 303 {
		t.Errorf("got %d", res.StatusCode)
	}
}

func TestSigningOutEndsTheSessionAtTheServerToo(t *testing.T) {
	p := newProtocol(t)
	b := newBrowser(t, p)
	b.signIn(ana, "sunflower")
	b.open(back)
	home, _ := url.Parse(b.app)
	kept := b.Jar.Cookies(home)
	res, err := b.PostForm(b.app+"/sign-out", nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	b.stranger()
	b.Jar.SetCookies(home, kept) // as a thief would have kept it
	b.stranger()
}

func TestSessionGetsANewSecretWhenItIsSignedIn(t *testing.T) {
	p := newProtocol(t)
	b := newBrowser(t, p)
	home, _ := url.Parse(b.app)
	b.signIn(ana, "sunflower")
	before := b.Jar.Cookies(home)
	b.open(back)
	after := b.Jar.Cookies(home)
	if len(before) != 1 || len(after) != 1 || before[0].Value == after[0].Value {
		t.Fatalf("the cookie was kept: %v, %v", before, after)
	}
	planted := visit(t, b.app)
	planted.Jar.SetCookies(home, before)
	planted.stranger()
}

func TestLongFormIsRefused(t *testing.T) {
	p := newProtocol(t)
	b := newBrowser(t, p)
	if res, _ := b.signIn(ana, strings.Repeat("x", 5<<10)); res.StatusCode != 401 {
		t.Errorf("got %d", res.StatusCode)
	}
}

func TestHeadersLetTheFormReachTheWaitingScreenAndNobodyFrameUs(t *testing.T) {
	p := newProtocol(t)
	b := newBrowser(t, p)
	res, _ := b.open("/sign-in")
	want := "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self' " + p.URL + "; frame-ancestors 'none'"
	if got := res.Header.Get("Content-Security-Policy"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("got %v", res.Header)
	}
}

func TestWhoIsSignedInComesToTheirSecurityPageAndBack(t *testing.T) {
	p := newProtocol(t)
	b := newBrowser(t, p)
	open := func() *http.Response {
		t.Helper()
		res, err := b.PostForm(b.app+"/security", url.Values{"user": {"ben@example.com"}})
		if err != nil {
			t.Fatal(err)
		}
		text(t, res)
		return res
	}
	if res := open(); res.Request.URL.Path != "/sign-in" || len(p.secured) != 0 {
		t.Errorf("a stranger comes to %s", res.Request.URL)
	}
	b.signIn(ana, "sunflower")
	if res := open(); res.Request.URL.Path != "/sign-in" || len(p.secured) != 0 {
		t.Errorf("the password alone leads to %s", res.Request.URL)
	}
	b.open(back)
	if res := open(); res.StatusCode != 303 || res.Header.Get("Location") != p.URL+"/security/page-1#token" {
		t.Errorf("got %d to %s", res.StatusCode, res.Header.Get("Location"))
	}
	if want := map[string]any{"user": ana, "return_url": b.app + ReturnPath}; len(p.secured) != 1 || !maps.Equal(p.secured[0], want) {
		t.Errorf("asked for %v", p.secured)
	}
	if _, page := b.open("/"); !strings.Contains(page, `action="/security"><noscript><input type="hidden" name="without_script" value="1"></noscript>`) {
		t.Errorf("a browser without script cannot say so: %s", page)
	}
	if _, err := b.PostForm(b.app+"/security", url.Values{"without_script": {"1"}}); err != nil || p.secured[1]["without_script"] != true {
		t.Errorf("asked for %v, %v", p.secured, err)
	}
	if res, page := b.open(ReturnPath); res.StatusCode != 200 || !strings.Contains(page, "You are signed in") {
		t.Errorf("back at the application: %d", res.StatusCode)
	}
}

func TestWhoHasNothingSetUpIsToldFromWhenAndLedToSetUp(t *testing.T) {
	p := newProtocol(t)
	p.claims["sub"], p.claims["method"] = "ben@example.com", "not_required"
	p.ask = func() (int, any) {
		return 201, map[string]any{"id": "approval-1", "next": "done", "waiting_url": p.URL + "/waiting/approval-1#token",
			"set_up_url": p.URL + "/set-up/offer#token", "required_from": "2026-12-15T00:00:00Z"}
	}
	b := newBrowser(t, p)
	b.signIn("ben@example.com", "lavender")
	if _, page := b.open(back); !strings.Contains(page, "From 15 December 2026 on you need a second factor here.") {
		t.Errorf("the time of grace is not told: %s", page)
	}
	res, err := b.PostForm(b.app+"/security", nil)
	if err != nil {
		t.Fatal(err)
	}
	if text(t, res); res.StatusCode != 303 || res.Header.Get("Location") != p.URL+"/set-up/set-up-1#token" {
		t.Errorf("got %d to %s", res.StatusCode, res.Header.Get("Location"))
	}
}

func TestASecurityPageThatCannotBeOpenedIsNoDeadEnd(t *testing.T) {
	p := newProtocol(t)
	p.pair = problem("unavailable", 503)
	p.claims["sub"] = "ben@example.com"
	b := newBrowser(t, p)
	b.signIn("ben@example.com", "lavender")
	b.open(back)
	res, err := b.PostForm(b.app+"/security", nil)
	if err != nil {
		t.Fatal(err)
	}
	if page := text(t, res); res.StatusCode != 503 || !strings.Contains(page, "can’t be shown right now") || !strings.Contains(page, "Sign out") {
		t.Errorf("got %d %s", res.StatusCode, page)
	}
}

func TestHealthIsAnswered(t *testing.T) {
	b := newBrowser(t, newProtocol(t))
	if res, body := b.open("/healthz"); res.StatusCode != 200 || body != "ok\n" {
		t.Errorf("got %d %q", res.StatusCode, body)
	}
}

func TestSettingsThatCannotWorkAreRefusedWithoutRepeatingTheKey(t *testing.T) {
	good := Config{CountersignURL: "https://countersign.example.com", APIKey: apiKey, PublicURL: "https://books.example.com", People: map[string]Person{ana: {Password: "sunflower"}}}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"no server":      func(c *Config) { c.CountersignURL = "" },
		"server by path": func(c *Config) { c.CountersignURL = "/countersign" },
		"no address":     func(c *Config) { c.PublicURL = "books" },
		"no people":      func(c *Config) { c.People = nil },
		"no key":         func(c *Config) { c.APIKey = "" },
		"key of a kind":  func(c *Config) { c.APIKey = "sk_northwind_S3cret" },
		"half a key":     func(c *Config) { c.APIKey = "cs_northwindS3cret" },
	} {
		t.Run(name, func(t *testing.T) {
			c := good
			change(&c)
			_, err := New(c)
			if err == nil || strings.Contains(err.Error(), "S3cret") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTheIssuerMayDifferFromWhereTheServerIsReached(t *testing.T) {
	p := newProtocol(t)
	for issuer, want := range map[string]string{"": p.URL, "https://cs.example.com/": "https://cs.example.com"} {
		c, err := newCountersign(Config{CountersignURL: p.URL, Issuer: issuer, APIKey: "cs_shop_x"})
		if err != nil || c.issuer != want || c.url != p.URL {
			t.Errorf("issuer %q: got %q at %q, %v; want %q", issuer, c.issuer, c.url, err, want)
		}
	}
	if _, err := newCountersign(Config{CountersignURL: p.URL, Issuer: "nowhere", APIKey: "cs_shop_x"}); err == nil {
		t.Error("an issuer that is no URL was accepted")
	}
}
