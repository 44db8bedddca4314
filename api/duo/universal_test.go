package duo_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/enrolments"
)

const redirectURI = "https://shop.example.com/in"

// dialect is one of the three libraries, by what it does differently.
type dialect struct {
	name string
	// audience writes aud, ends writes exp.
	audience func(string) any
	ends     func(time.Time) any
	// inQuery puts the token request's parameters into its address.
	inQuery bool
	// nonce goes to authorize beside the signed request.
	nonce string
}

func dialects() []dialect {
	text := func(s string) any { return s }
	whole := func(t time.Time) any { return t.Unix() }
	return []dialect{
		{"node", text, whole, false, ""},
		{"python", text, func(t time.Time) any { return float64(t.Unix()) + 0.25 }, true, "nonce-of-python-1"},
		{"golang", func(s string) any { return []string{s} }, whole, false, ""},
	}
}

// sign makes an HS512 token as the libraries do.
func sign(secret enrolments.Secret, claims map[string]any) string {
	part := func(v any) string {
		raw, _ := json.Marshal(v) // of maps, texts and numbers alone
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	text := part(map[string]string{"alg": "HS512", "typ": "JWT"}) + "." + part(claims)
	mac := hmac.New(sha512.New, []byte(secret.Reveal()))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// claimsOf reads a token that the server signed, as a library checks it.
func claimsOf(t *testing.T, secret enrolments.Secret, token string) (claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no token", token)
	}
	mac := hmac.New(sha512.New, []byte(secret.Reveal()))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	if parts[2] != base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) {
		t.Fatal("the token does not verify")
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(raw, &claims)
	}
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

// assertion is what a client proves itself with, altered by change.
func (w *world) assertion(d dialect, path string, change map[string]any) string {
	claims := map[string]any{
		"iss": string(w.Key), "sub": string(w.Key), "aud": d.audience(w.url + path),
		"exp": d.ends(w.clock.now().Add(5 * time.Minute)), "jti": enrolments.NewID[string](),
	}
	maps.Copy(claims, change)
	return sign(w.Secret, claims)
}

// asks is the signed request that a browser brings.
func (w *world) asks(d dialect, change map[string]any) string {
	claims := map[string]any{
		"scope": "openid", "redirect_uri": redirectURI, "client_id": string(w.Key), "iss": string(w.Key), "aud": d.audience(w.url),
		"exp": d.ends(w.clock.now().Add(5 * time.Minute)), "state": enrolments.NewID[string](),
		"response_type": "code", "duo_uname": "ana", "use_duo_code_attribute": true,
	}
	maps.Copy(claims, change)
	return sign(w.Secret, claims)
}

// browser follows no redirect by itself, and keeps its cookies.
type browser struct {
	*http.Client
	w *world
}

func (w *world) browser() browser {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	w.ok(err)
	return browser{&http.Client{Transport: w.client.Transport, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, w}
}

// open visits an address and tells where it leads.
func (b browser) open(address string) (status int, to, body string) {
	b.w.t.Helper()
	r, err := http.NewRequestWithContext(b.w.t.Context(), http.MethodGet, address, nil)
	b.w.ok(err)
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	resp, err := b.Do(r)
	b.w.ok(err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	b.w.ok(err)
	if resp.StatusCode == http.StatusFound && (resp.Header.Get("Referrer-Policy") != "no-referrer" || resp.Header.Get("Cache-Control") != "no-store") {
		b.w.t.Errorf("the redirect may be kept or told on: %v", resp.Header)
	}
	return resp.StatusCode, resp.Header.Get("Location"), string(raw)
}

func (w *world) authorizeURL(d dialect, request string) string {
	q := url.Values{"response_type": {"code"}, "client_id": {string(w.Key)}, "request": {request}}
	if d.nonce != "" {
		q.Set("nonce", d.nonce)
	}
	return w.url + "/oauth/v1/authorize?" + q.Encode()
}

// back is where an approved waiting screen leads the browser.
func (b browser) back(waiting string) string {
	b.w.t.Helper()
	address, token, _ := strings.Cut(waiting, "#")
	id := address[strings.LastIndexByte(address, '/')+1:]
	r, err := http.NewRequestWithContext(b.w.t.Context(), http.MethodGet, b.w.url+"/v1/approvals/"+id+"/stream", nil)
	b.w.ok(err)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := b.Do(r)
	b.w.ok(err)
	defer resp.Body.Close()
	var state struct {
		State    string
		ReturnTo string `json:"return_to"`
	}
	b.w.ok(json.NewDecoder(resp.Body).Decode(&state))
	return state.ReturnTo
}

// trade asks for an identity.
func (w *world) trade(d dialect, code string, change map[string]string) (status int, reply map[string]any) {
	w.t.Helper()
	in := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "client_id": {string(w.Key)},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {w.assertion(d, "/oauth/v1/token", nil)},
	}
	for name, value := range change {
		in.Set(name, value)
	}
	return w.post("/oauth/v1/token", in, d.inQuery)
}

func (w *world) post(path string, in url.Values, inQuery bool) (status int, reply map[string]any) {
	w.t.Helper()
	address, body := w.url+path, in.Encode()
	if inQuery {
		address, body = address+"?"+body, ""
	}
	resp, err := w.client.Post(address, "application/x-www-form-urlencoded", strings.NewReader(body))
	w.ok(err)
	defer resp.Body.Close()
	w.ok(json.NewDecoder(resp.Body).Decode(&reply))
	return resp.StatusCode, reply
}

// signedIn goes all the way to a code.
func (w *world) signedIn(d dialect, ana *handset) (code string) {
	w.t.Helper()
	b := w.browser()
	_, waiting, _ := b.open(w.authorizeURL(d, w.asks(d, nil)))
	ana.approves(ana.asked())
	_, to, body := b.open(b.back(waiting))
	u, err := url.Parse(to)
	w.ok(err)
	if u.Query().Get("duo_code") == "" {
		w.t.Fatalf("no code in %q: %s", to, body)
	}
	return u.Query().Get("duo_code")
}

func TestTheUniversalPromptInTheDialectsOfThreeLibraries(t *testing.T) {
	for _, d := range dialects() {
		t.Run(d.name, func(t *testing.T) {
			w := newWorld(t, enrolments.IntegrationPolicy{})
			ana := w.phone("ana")
			in := url.Values{"client_id": {string(w.Key)}, "client_assertion": {w.assertion(d, "/oauth/v1/health_check", nil)}}
			if status, reply := w.post("/oauth/v1/health_check", in, false); status != http.StatusOK || reply["stat"] != "OK" {
				t.Errorf("health_check: %d %v", status, reply)
			}
			b := w.browser()
			const state = "a state of 36 characters, as it were"
			status, waiting, _ := b.open(w.authorizeURL(d, w.asks(d, map[string]any{"state": state})))
			if status != http.StatusFound || !strings.HasPrefix(waiting, w.url+"/waiting/") {
				t.Fatalf("authorize: %d %s", status, waiting)
			}
			r := ana.asked()
			if r.NumberDigits != 2 || ana.shown(r, "browser") != "Firefox on Linux" || ana.shown(r, "ip") != "127.0.0.1" {
				t.Errorf("the phone shows %s", r.Display)
			}
			ana.approves(r)
			status, to, body := b.open(b.back(waiting))
			u, err := url.Parse(to)
			if err != nil || status != http.StatusFound || !strings.HasPrefix(to, redirectURI+"?") || u.Query().Get("state") != state {
				t.Fatalf("return: %d %s %s", status, to, body)
			}
			status, reply := w.trade(d, u.Query().Get("duo_code"), nil)
			if status != http.StatusOK || reply["token_type"] != "Bearer" || reply["expires_in"] != float64(300) || reply["access_token"] == "" {
				t.Fatalf("token: %d %v", status, reply)
			}
			token, _ := reply["id_token"].(string)
			w.checkIdentity(t, d, claimsOf(t, w.Secret, token))
			if status, reply := w.trade(d, u.Query().Get("duo_code"), nil); status != http.StatusBadRequest || reply["error"] != "invalid_grant" {
				t.Errorf("the code again: %d %v", status, reply)
			}
		})
	}
}

// checkIdentity is what the libraries check, and the strictest one's types.
func (w *world) checkIdentity(t *testing.T, d dialect, claims map[string]any) {
	t.Helper()
	for name, want := range map[string]any{
		"iss": w.url + "/oauth/v1/token", "aud": string(w.Key), "preferred_username": "ana", "sub": "ana",
	} {
		if claims[name] != want {
			t.Errorf("%s is %v, want %v", name, claims[name], want)
		}
	}
	if nonce, _ := claims["nonce"].(string); nonce != d.nonce {
		t.Errorf("nonce is %q", nonce)
	}
	var strict struct {
		Exp, Iat int64
		Result   struct{ Result, Status string } `json:"auth_result"`
		Context  struct {
			Timestamp int64
			Factor    string
			User      struct {
				Name   string
				Groups []string
			}
			AccessDevice struct {
				Encryption string `json:"is_encryption_enabled"`
			} `json:"access_device"`
		} `json:"auth_context"`
	}
	raw, err := json.Marshal(claims)
	w.ok(err)
	w.ok(json.Unmarshal(raw, &strict))
	now := w.clock.now().Unix()
	if strict.Exp <= now || strict.Iat > now || strict.Result.Result != "allow" || strict.Context.Factor != "push" ||
		strict.Context.User.Name != "ana" || strict.Context.AccessDevice.Encryption != "unknown" || strict.Context.Timestamp == 0 {
		t.Errorf("%s", raw)
	}
}

func TestWithUseDuoCodeAttributeOffTheCodeIsCalledCode(t *testing.T) {
	w := newWorld(t, enrolments.IntegrationPolicy{})
	ana, d, b := w.phone("ana"), dialects()[0], w.browser()
	_, waiting, _ := b.open(w.authorizeURL(d, w.asks(d, map[string]any{"use_duo_code_attribute": false})))
	ana.approves(ana.asked())
	_, to, _ := b.open(b.back(waiting))
	u, err := url.Parse(to)
	if err != nil || u.Query().Get("code") == "" || u.Query().Has("duo_code") {
		t.Errorf("%s", to)
	}
}

func TestAPageThatIsLoadedTwiceAsksOnce(t *testing.T) {
	w := newWorld(t, enrolments.IntegrationPolicy{})
	ana, d, b := w.phone("ana"), dialects()[0], w.browser()
	address := w.authorizeURL(d, w.asks(d, nil))
	_, one, _ := b.open(address)
	_, two, _ := b.open(address)
	if one != two || one == "" {
		t.Errorf("%s, then %s", one, two)
	}
	ana.approves(ana.asked())
	ana.dark()
}

func TestAConfiguredNameIsTheIssuerThatItsClientsSee(t *testing.T) {
	w := newWorld(t, enrolments.IntegrationPolicy{})
	for aud, want := range map[string]int{
		w.url: http.StatusOK, "https://OLD.example.com": http.StatusOK,
		"https://evil.example.com": http.StatusBadRequest, "http://" + w.host: http.StatusBadRequest, "https://localhost": http.StatusBadRequest,
	} {
		in := url.Values{"client_id": {string(w.Key)}, "client_assertion": {w.assertion(dialects()[0], "", map[string]any{"aud": aud + "/oauth/v1/health_check"})}}
		if status, reply := w.post("/oauth/v1/health_check", in, false); status != want {
			t.Errorf("%s: %d %v", aud, status, reply)
		}
	}
}

func TestAnAssertionThatIsNotExactlyOneIsRefused(t *testing.T) {
	w := newWorld(t, enrolments.IntegrationPolicy{})
	d := dialects()[0]
	other, _ := w.register("other", enrolments.IntegrationPolicy{})
	once := w.assertion(d, "/oauth/v1/health_check", nil)
	health := func(id, token string) (int, map[string]any) {
		return w.post("/oauth/v1/health_check", url.Values{"client_id": {id}, "client_assertion": {token}}, false)
	}
	if status, _ := health(string(w.Key), once); status != http.StatusOK {
		t.Fatalf("a good one: %d", status)
	}
	now := w.clock.now()
	for name, c := range map[string]struct{ id, token string }{
		"sent before":         {string(w.Key), once},
		"another's":           {string(other.Key), w.assertion(d, "/oauth/v1/health_check", nil)},
		"another's, signed":   {string(other.Key), sign(other.Secret, map[string]any{"iss": string(w.Key), "sub": string(w.Key), "aud": w.url + "/oauth/v1/health_check", "exp": now.Add(time.Minute).Unix(), "jti": "x"})},
		"for the token":       {string(w.Key), w.assertion(d, "/oauth/v1/token", nil)},
		"over":                {string(w.Key), w.assertion(d, "/oauth/v1/health_check", map[string]any{"exp": now.Unix() - 1})},
		"good for an hour":    {string(w.Key), w.assertion(d, "/oauth/v1/health_check", map[string]any{"exp": now.Add(time.Hour).Unix()})},
		"without an end":      {string(w.Key), w.assertion(d, "/oauth/v1/health_check", map[string]any{"exp": nil})},
		"without an id":       {string(w.Key), w.assertion(d, "/oauth/v1/health_check", map[string]any{"jti": ""})},
		"another subject":     {string(w.Key), w.assertion(d, "/oauth/v1/health_check", map[string]any{"sub": "DI"})},
		"an unknown key":      {"DIAAAAAAAAAAAAAAAAAA", once},
		"no key":              {"", once},
		"no assertion":        {string(w.Key), ""},
		"two audiences in it": {string(w.Key), w.assertion(d, "/oauth/v1/health_check", map[string]any{"aud": []string{w.url + "/oauth/v1/health_check", "x"}})},
	} {
		status, reply := health(c.id, c.token)
		if status != http.StatusBadRequest || reply["stat"] != "FAIL" || reply["message"] != "invalid_client" || reply["timestamp"] == nil {
			t.Errorf("%s: %d %v", name, status, reply)
		}
	}
	w.ok(w.people.DisableIntegration(t.Context(), w.app.ID, true))
	if status, _ := health(string(w.Key), w.assertion(d, "/oauth/v1/health_check", nil)); status != http.StatusBadRequest {
		t.Errorf("disabled: %d", status)
	}
}

func TestARequestThatIsNotItsClientsAsksNobody(t *testing.T) {
	w := newWorld(t, enrolments.IntegrationPolicy{}, func(p *enrolments.Policy) { p.FirstSignIn = false })
	ana, d := w.phone("ana"), dialects()[0]
	defer ana.dark()
	for name, change := range map[string]map[string]any{
		"over":                     {"exp": w.clock.now().Unix() - 1},
		"good for an hour":         {"exp": w.clock.now().Add(time.Hour).Unix()},
		"another client":           {"client_id": "DIAAAAAAAAAAAAAAAAAA"},
		"another issuer":           {"iss": "DIAAAAAAAAAAAAAAAAAA"},
		"another server":           {"aud": "https://evil.example.com"},
		"a token's audience":       {"aud": w.url + "/oauth/v1/token"},
		"another response type":    {"response_type": "token"},
		"another scope":            {"scope": "profile"},
		"a short state":            {"state": "short"},
		"a long state":             {"state": strings.Repeat("a", 1025)},
		"a long nonce":             {"nonce": strings.Repeat("a", 1025)},
		"an open redirect":         {"redirect_uri": "https://evil.example.com/in"},
		"a redirect beside":        {"redirect_uri": "https://shop.example.com.evil.example/in"},
		"a redirect to a script":   {"redirect_uri": "javascript:alert(1)"},
		"more than a cookie holds": {"state": strings.Repeat("<", 1024), "nonce": strings.Repeat("<", 1024), "redirect_uri": redirectURI + "?" + strings.Repeat("a", 900)},
		"somebody unknown":         {"duo_uname": "nobody"},
		"no name":                  {"duo_uname": "a\nb"},
	} {
		status, to, _ := w.browser().open(w.authorizeURL(d, w.asks(d, change)))
		if status < 400 || status >= 500 || to != "" {
			t.Errorf("%s: %d, to %q", name, status, to)
		}
	}
	for name, address := range map[string]string{
		"not signed": w.url + "/oauth/v1/authorize?client_id=" + string(w.Key), "no client": w.url + "/oauth/v1/authorize",
		"signed by another": w.authorizeURL(d, sign(enrolments.SecretOf("x"), map[string]any{"client_id": string(w.Key)})),
	} {
		if status, to, _ := w.browser().open(address); status != http.StatusBadRequest || to != "" {
			t.Errorf("%s: %d %q", name, status, to)
		}
	}
}

func TestACodeIsForAnApprovalItsClientItsRedirectAndOnce(t *testing.T) {
	w := newWorld(t, enrolments.IntegrationPolicy{})
	ana, d := w.phone("ana"), dialects()[0]
	b := w.browser()
	const state = "a state of 36 characters, as it were"
	_, waiting, _ := b.open(w.authorizeURL(d, w.asks(d, map[string]any{"state": state})))
	if to := b.back(waiting); to != "" {
		t.Errorf("a pending approval leads to %q", to)
	}
	ana.denies(ana.asked())
	id, token, _ := strings.Cut(waiting[strings.LastIndexByte(waiting, '/')+1:], "#")
	if status, to, _ := b.open(w.url + "/oauth/v1/return?approval_id=" + id + "&result_code=" + token); status != http.StatusBadRequest || to != "" {
		t.Errorf("a denied approval goes on: %d %q", status, to)
	}
	_, to, _ := b.open(b.back(waiting))
	u, err := url.Parse(to)
	w.ok(err)
	if want := (url.Values{"state": {state}, "error": {"access_denied"}}); !strings.HasPrefix(to, redirectURI) || !maps.EqualFunc(u.Query(), want, slices.Equal) {
		t.Errorf("a denied approval leads to %q", to)
	}

	code := w.signedIn(d, ana)
	other, _ := w.register("other", enrolments.IntegrationPolicy{})
	for name, change := range map[string]map[string]string{
		"another redirect":      {"redirect_uri": "https://shop.example.com/other"},
		"another client":        {"client_id": string(other.Key)},
		"altered":               {"code": "A" + code[1:]},
		"nothing":               {"code": ""},
		"another grant":         {"grant_type": "client_credentials"},
		"another type of proof": {"client_assertion_type": "password"},
		"no proof":              {"client_assertion": ""},
	} {
		if status, reply := w.trade(d, code, change); status != http.StatusBadRequest || reply["id_token"] != nil || reply["error"] == "" {
			t.Errorf("%s: %d %v", name, status, reply)
		}
	}
	if status, reply := w.trade(d, code, nil); status != http.StatusOK {
		t.Errorf("the code itself, after all that: %d %v", status, reply)
	}

	late := w.signedIn(d, ana)
	w.clock.move(2*time.Minute + time.Second)
	if status, reply := w.trade(d, late, nil); status != http.StatusBadRequest || reply["error"] != "invalid_grant" {
		t.Errorf("after two minutes: %d %v", status, reply)
	}
}

// Who has seen the addresses but is another browser gets no code.
func TestAnotherBrowserDoesNotComeBackForIt(t *testing.T) {
	w := newWorld(t, enrolments.IntegrationPolicy{})
	ana, d, b := w.phone("ana"), dialects()[0], w.browser()
	_, waiting, _ := b.open(w.authorizeURL(d, w.asks(d, nil)))
	ana.approves(ana.asked())
	back := b.back(waiting)
	if status, to, _ := w.browser().open(back); status != http.StatusBadRequest || to != "" {
		t.Errorf("%d %q", status, to)
	}
	if status, to, _ := b.open(back); status != http.StatusFound || to == "" {
		t.Errorf("its own: %d %q", status, to)
	}
}

func TestWhoHasNothingSetUpGoesToSetUpFromTheBrowser(t *testing.T) {
	w := newWorld(t, enrolments.IntegrationPolicy{})
	d := dialects()[0]
	status, to, _ := w.browser().open(w.authorizeURL(d, w.asks(d, map[string]any{"duo_uname": "new"})))
	if status != http.StatusFound || !strings.HasPrefix(to, w.url+"/set-up/") {
		t.Errorf("%d %s", status, to)
	}
}

// resultCodeOf is what a browser with a waiting token can work out by itself,
// approved or not.
func resultCodeOf(token, id string) string {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("countersign-result\x00" + id))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// apart takes a waiting screen's address apart.
func apart(waiting string) (id, token string) {
	id, token, _ = strings.Cut(waiting[strings.LastIndexByte(waiting, '/')+1:], "#")
	return id, token
}

func TestABrowserThatWorksOutTheResultOfADeniedApprovalGetsNoCode(t *testing.T) {
	w := newWorld(t, enrolments.IntegrationPolicy{})
	ana, d, b := w.phone("ana"), dialects()[0], w.browser()
	for name, answer := range map[string]func(){"pending": func() {}, "denied": func() { ana.denies(ana.asked()) }} {
		_, waiting, _ := b.open(w.authorizeURL(d, w.asks(d, nil)))
		answer()
		id, token := apart(waiting)
		back := w.url + "/oauth/v1/return?approval_id=" + id + "&result_code=" + resultCodeOf(token, id)
		if status, to, _ := b.open(back); status != http.StatusBadRequest || to != "" {
			t.Errorf("%s: %d %q", name, status, to)
		}
	}
	_, waiting, _ := b.open(w.authorizeURL(d, w.asks(d, nil)))
	ana.approves(ana.asked())
	id, token := apart(waiting)
	if got, want := w.url+"/oauth/v1/return?approval_id="+id+"&result_code="+resultCodeOf(token, id), b.back(waiting); got != want {
		t.Errorf("this test works the result out wrongly: %s, %s", got, want)
	}
}

// Mallory knows Ana's password. He begins a sign-in as her and one as himself,
// approves his own, and brings the cookie of hers.
func TestTheApprovalOfOnePersonIsNotTheSignInOfAnother(t *testing.T) {
	w := newWorld(t, enrolments.IntegrationPolicy{})
	w.phone("ana")
	mallory, d, b := w.phone("mallory"), dialects()[0], w.browser()
	_, hers, _ := b.open(w.authorizeURL(d, w.asks(d, nil)))
	_, his, _ := b.open(w.authorizeURL(d, w.asks(d, map[string]any{"duo_uname": "mallory"})))
	mallory.approves(mallory.asked())
	back := b.back(his)
	herID, _ := apart(hers)
	hisID, _ := apart(his)
	server, err := url.Parse(w.url)
	w.ok(err)
	for _, cookie := range b.Jar.Cookies(server) {
		if strings.HasSuffix(cookie.Name, herID) {
			b.Jar.SetCookies(server, []*http.Cookie{{
				Name: strings.TrimSuffix(cookie.Name, herID) + hisID, Value: cookie.Value, Path: "/", Secure: true,
			}})
		}
	}
	if status, to, _ := b.open(back); status != http.StatusBadRequest || to != "" {
		t.Errorf("%d %q", status, to)
	}
}
