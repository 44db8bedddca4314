package api_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"countersign/api"
	"countersign/approvals"
	"countersign/enrolments"
	"countersign/internal/jws"
	"countersign/internal/seal"
	"countersign/mobile-stub/phone"
	"countersign/notices"
	"countersign/push"
	"countersign/sqlstore"
)

// person is who signs in, in all tests that name nobody else.
const person = "ana@example.com"

// clock is the real one, moved by hand.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time       { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) move(d time.Duration) { c.ahead.Add(int64(d)) }

// wakeups stands in for the delivery services: all take everything.
type wakeups struct {
	mu   sync.Mutex
	sent []push.Message
}

func (w *wakeups) Send(_ context.Context, m push.Message, targets []push.Target, report func(int, error)) {
	w.mu.Lock()
	w.sent = append(w.sent, m)
	w.mu.Unlock()
	for i := range targets {
		report(i, nil)
	}
}

// postbox is a mail server that keeps what it takes; broken, it takes nothing.
type postbox struct {
	mu     sync.Mutex
	taken  []enrolments.Letter
	broken error
	came   chan struct{} // told of each letter, where somebody waits
}

func (b *postbox) Send(_ context.Context, l enrolments.Letter) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken == nil {
		b.taken = append(b.taken, l)
	}
	select {
	case b.came <- struct{}{}:
	default:
	}
	return b.broken
}

// letters are those taken so far.
func (b *postbox) letters() []enrolments.Letter {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.taken)
}

// logbook is what the server logged.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// world is a server with one application, as its clients meet it.
type world struct {
	*api.API
	t      testing.TB
	url    string
	server *httptest.Server
	clock  *clock
	log    *logbook
	store  *sqlstore.Store
	memory *approvals.Memory
	people *enrolments.Service
	post   *postbox // for codes
	told   *told    // for notices
	key    string
	signer *jws.Signer
}

// newWorld starts a server; change may alter its Config first.
func newWorld(t testing.TB, change ...func(*api.Config)) *world {
	t.Helper()
	return newWorldOf(t, func(*enrolments.Config) {}, change...)
}

// newWorldOf is newWorld with people of another kind.
func newWorldOf(t testing.TB, people func(*enrolments.Config), change ...func(*api.Config)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{}, log: &logbook{}, post: &postbox{came: make(chan struct{}, 1)}}
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.API.ServeHTTP(rw, r) }))
	w.url = "http://" + w.server.Listener.Addr().String()
	w.store = openStore(t, w.clock)
	w.memory = approvals.NewMemory(w.clock.now)
	of := enrolments.Config{
		Store: w.store, PublicURL: w.url, ServerName: "Countersign", CodeLimits: enrolments.DefaultCodeLimits(), Post: w.post, Now: w.clock.now,
	}
	people(&of)
	w.people = enrolments.NewService(of)
	w.signer = newSigner(t)
	log := slog.New(slog.NewTextHandler(w.log, nil))
	signIns := approvals.NewService(approvals.Config{
		Store: w.memory, People: w.people, Record: w.store, Waker: &wakeups{}, Signer: w.signer,
		PublicURL: w.url, Now: w.clock.now, Log: log,
	})
	w.told = newTold()
	telling := notices.Start(notices.Config{
		Store: w.store, People: w.people, Waker: &wakeups{}, Post: w.told, PublicURL: w.url, Now: w.clock.now, Log: log,
	})
	c := api.Config{
		Approvals: signIns, Enrolments: w.people, Notices: telling, PublicURL: w.url, ServerName: "Countersign",
		KeySet: keySet(t, w.signer), Now: w.clock.now, Log: log,
	}
	for _, f := range change {
		f(&c)
	}
	var err error
	if w.API, err = api.New(c); err != nil {
		t.Fatal(err)
	}
	w.server.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := w.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		w.server.Close()
		telling.Close()
		signIns.Close()
		w.memory.Close()
		w.store.Close()
	})
	w.key = w.register("northwind", "Northwind Books")
	return w
}

func openStore(t testing.TB, c *clock) *sqlstore.Store {
	t.Helper()
	keys, err := seal.New(bytes.Repeat([]byte{7}, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlstore.Open(t.Context(), sqlstore.Config{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "countersign.db"), Keys: keys, Now: c.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func newSigner(t testing.TB) *jws.Signer {
	t.Helper()
	raw, err := jws.NewPrivateKey()
	if err != nil {
		t.Fatal(err)
	}
	s, err := jws.NewSigner(raw)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func keySet(t testing.TB, s *jws.Signer) []byte {
	t.Helper()
	set, err := jws.KeySet(s)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// register adds an application and returns its key.
func (w *world) register(id, name string) string {
	w.t.Helper()
	key, err := w.people.AddApplication(w.t.Context(), enrolments.Application{
		ID: enrolments.ApplicationID(id), Name: name, Policy: enrolments.DefaultPolicy(),
		ReturnURLs: []string{"https://books.example.com/signed-in"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return key.Reveal()
}

// reply is an answer of the server.
type reply struct {
	status int
	header http.Header
	body   string
}

// member reads a member of the JSON answer as text; "" when it is not there.
func (r reply) member(path string) string {
	var v any
	if json.Unmarshal([]byte(r.body), &v) != nil {
		return ""
	}
	for name := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			if len(in) == 0 {
				return ""
			}
			v = in[0].(map[string]any)[name]
		default:
			return ""
		}
	}
	if text, ok := v.(string); ok {
		return text
	}
	if v == nil {
		return ""
	}
	raw, _ := json.Marshal(v)
	return string(raw)
}

// kind of the problem; "" for a success.
func (r reply) kind() string {
	return strings.TrimPrefix(r.member("type"), "urn:countersign:problem:")
}

// call sends one request. Its headers come in pairs.
func (w *world) call(method, path, body string, headers ...string) reply {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return w.send(req)
}

// send waits for the answer less than the longest that a request is held:
// what should come at once, and comes at the end of the wait, does not come.
func (w *world) send(req *http.Request) reply {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(req.Context(), patience)
	defer cancel()
	resp, err := w.server.Client().Do(req.WithContext(ctx))
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(raw)}
}

// app sends a request of the application.
func (w *world) app(method, path, body string, headers ...string) reply {
	w.t.Helper()
	return w.call(method, path, body, append([]string{"Authorization", "Bearer " + w.key}, headers...)...)
}

// with sends a request with a bearer token.
func (w *world) with(token, method, path, body string, headers ...string) reply {
	w.t.Helper()
	return w.call(method, path, body, append([]string{"Authorization", "Bearer " + token}, headers...)...)
}

// want fails the test unless r has the status.
func (w *world) want(r reply, status int) reply {
	w.t.Helper()
	if r.status != status {
		w.t.Fatalf("got %d %s, want %d", r.status, r.body, status)
	}
	return r
}

// refused fails the test unless r is a problem of the kind.
func (w *world) refused(r reply, status int, kind string) reply {
	w.t.Helper()
	if r.status != status || r.kind() != kind {
		w.t.Errorf("got %d %s, want %d %s", r.status, r.body, status, kind)
	}
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		w.t.Errorf("problem of type %q", got)
	}
	if r.member("detail") == "" || r.member("title") == "" {
		w.t.Errorf("problem without words: %s", r.body)
	}
	return r
}

// handset is a paired phone.
type handset struct {
	*phone.Phone
	id string
}

// pairing is a set-up that was opened.
type pairing struct{ id, token, link string }

// openPairing opens a set-up for a person who has nothing.
func (w *world) openPairing(user string) pairing {
	w.t.Helper()
	r := w.want(w.app("POST", "/v1/pairings", `{"user":"`+user+`"}`), 201)
	p := pairing{id: r.member("id"), token: r.member("set_up_token")}
	p.link = w.want(w.with(p.token, "GET", "/v1/pairings/"+p.id, ""), 200).member("pair_url")
	return p
}

// claim pairs a new phone as far as the comparison.
func (w *world) claim(p pairing, as phone.Pairing) handset {
	w.t.Helper()
	device := phone.New(phone.Options{HTTP: w.server.Client(), Now: w.clock.now})
	account, err := device.Pair(w.t.Context(), p.link, as)
	if err != nil {
		w.t.Fatal(err)
	}
	return handset{device, account.ID}
}

// pair pairs a new phone of a person who has nothing yet.
func (w *world) pair(user string, alg phone.Algorithm) handset {
	w.t.Helper()
	p := w.openPairing(user)
	h := w.claim(p, phone.Pairing{Name: "Ana's iPhone", Platform: "ios", Algorithm: alg})
	w.want(w.with(p.token, "POST", "/v1/pairings/"+p.id+"/confirm", `{"match":true}`), 200)
	if _, err := h.Refresh(w.t.Context(), h.id); err != nil {
		w.t.Fatal(err)
	}
	return h
}

// signIn is an approval that was requested.
type signIn struct{ id, token, number string }

// returnTo is where the sign-ins of these tests lead back to.
const returnTo = "https://books.example.com/signed-in?cart=1"

func (w *world) signIn(user string) signIn {
	w.t.Helper()
	r := w.want(w.app("POST", "/v1/approvals", `{"user":"`+user+`","return_url":"`+returnTo+`"}`), 201)
	return signIn{r.member("id"), r.member("waiting_token"), r.member("number")}
}

// state reads an approval as its application sees it.
func (w *world) state(s signIn) reply {
	w.t.Helper()
	return w.want(w.app("GET", "/v1/approvals/"+s.id, ""), 200)
}

// derivedToken is a waiting token as its seed and approval make it.
func derivedToken(seed [32]byte, id string) string {
	mac := hmac.New(sha256.New, seed[:])
	mac.Write([]byte("countersign-waiting\x00" + id))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// find reads what the phone is asked.
func (h handset) find(t testing.TB, s signIn) phone.Request {
	t.Helper()
	r, err := h.Find(t.Context(), h.id, s.id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
