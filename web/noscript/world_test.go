package noscript_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"countersign/web"
)

const (
	approval = "c2xvdC0wMDFhYmNkZWZnaGlqa2xtbg"
	setUp    = "abcdefghijklmnopqrstuv"
	recovery = "vutsrqponmlkjihgfedcba"
	entry    = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	token    = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
)

// asking is a sign-in of which a phone is asked.
const asking = `{"id":"` + approval + `","version":3,"state":"pending","application":"Northwind <b>Books","user":"ana@example.com",
	"next":"wait","number":"47","expires_at":"2026-11-01T10:01:00Z","server_time":"2026-11-01T10:00:15Z",
	"phones":[{"name":"Ana’s iPhone","sent":"accepted","seen":false}],"methods":["push","totp","recovery_code"],
	"may_extend":true,"number_attempts_left":2,"code_attempts_left":5,"resends_left":2}`

// settled is the same, settled as members say.
func settled(members string) string {
	return `{"id":"` + approval + `","version":4,"application":"Northwind Books","user":"ana@example.com","next":"wait","phones":[],` + members + `}`
}

// opened is a set-up as members say.
func opened(members string) string {
	return `{"id":"` + setUp + `","version":2,"user":"ana@example.com","expires_at":"2026-11-01T10:10:00Z",` + members + `}`
}

// reply is what the API answers.
type reply struct {
	status int
	body   string
	after  string // Retry-After
}

func problem(status int, kind, members string) reply {
	return reply{status: status, body: `{"type":"urn:countersign:problem:` + kind + `"` + members + `}`}
}

// call is what the API was asked.
type call struct{ what, token, body, remote, forwarded, origin string }

// world is the pages over an API that answers as it is told.
type world struct {
	t       *testing.T
	server  *httptest.Server
	mu      sync.Mutex
	replies map[string]reply // by method and path
	calls   []call
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, replies: map[string]reply{
		"POST /v1/approvals/" + approval + "/enter": {200, `{"token":"` + token + `","ends_at":"2999-01-01T00:00:00Z"}`, ""},
		"POST /v1/pairings/" + setUp + "/enter":     {200, `{"token":"` + token + `","ends_at":"2999-01-01T00:00:00Z"}`, ""},
		"GET /v1/approvals/" + approval + "/stream": {200, asking, ""},
		"GET /v1/pairings/" + setUp:                 {200, opened(`"state":"open","pair_url":"https://example.com/pair#ticket"`), ""},
	}}
	var pages http.Handler
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { pages.ServeHTTP(rw, r) }))
	t.Cleanup(w.server.Close)
	pages = web.New(web.Config{PublicURL: w.server.URL, API: http.HandlerFunc(w.api)})
	return w
}

func (w *world) api(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Error(err)
	}
	what := r.Method + " " + r.URL.Path
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, call{
		what, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), string(body), r.RemoteAddr,
		strings.Join(r.Header.Values("X-Forwarded-For"), ","), r.Header.Get("Origin"),
	})
	a, known := w.replies[what]
	if !known {
		a = reply{status: 200, body: "{}"}
	}
	if a.after != "" {
		rw.Header().Set("Retry-After", a.after)
	}
	rw.WriteHeader(a.status)
	fmt.Fprint(rw, a.body)
}

// answers has the API answer so from now on.
func (w *world) answers(what string, r reply) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.replies[what] = r
}

// asked returns the calls since it was asked last.
func (w *world) asked() []call {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.calls
	w.calls = nil
	return out
}

// browser keeps cookies and follows redirects within the server.
type browser struct {
	*world
	client *http.Client
}

func (w *world) browser() *browser {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &browser{w, &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), w.server.URL) {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
}

// page is an answer that was read.
type page struct {
	*http.Response
	body string
}

func (b *browser) send(r *http.Request) page {
	b.t.Helper()
	res, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return page{res, string(body)}
}

func (b *browser) request(method, path, body string, headers ...string) *http.Request {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func (b *browser) open(path string, headers ...string) page {
	b.t.Helper()
	return b.send(b.request("GET", path, "", headers...))
}

// submit sends a form of the page itself, as today's browsers do.
func (b *browser) submit(path string, fields url.Values) page {
	b.t.Helper()
	return b.send(b.request("POST", path, fields.Encode(), "Sec-Fetch-Site", "same-origin", "Origin", b.server.URL))
}

// enters is a browser that was let in by a link.
func (w *world) enters(path string) *browser {
	w.t.Helper()
	b := w.browser()
	if p := b.open(path + "/enter/" + entry); p.StatusCode != 200 {
		w.t.Fatalf("not let in: %s", p.Status)
	}
	w.asked()
	return b
}

func (p page) says(t *testing.T, words ...string) {
	t.Helper()
	for _, text := range words {
		if !strings.Contains(p.body, text) {
			t.Errorf("%s: the page does not say %q:\n%s", p.Request.URL, text, p.body)
		}
	}
}

func (p page) keepsQuiet(t *testing.T, words ...string) {
	t.Helper()
	for _, text := range words {
		if strings.Contains(p.body, text) {
			t.Errorf("%s: the page says %q", p.Request.URL, text)
		}
	}
}
