package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"countersign/api"
	"countersign/approvals"
	"countersign/mobile-stub/phone"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
)

// patience bounds how long a test waits for what must come.
const patience = 20 * time.Second

// browser is a waiting screen's websocket.
type browser struct {
	t    *testing.T
	conn *websocket.Conn
}

// dial opens a websocket; token and headers as a browser sends them.
func (w *world) dial(s signIn, headers ...string) (*websocket.Conn, reply) {
	w.t.Helper()
	header := http.Header{"Sec-Websocket-Protocol": {"countersign.v1, bearer." + s.token}}
	for i := 0; i < len(headers); i += 2 {
		header[http.CanonicalHeaderKey(headers[i])] = []string{headers[i+1]}
	}
	address := "ws" + strings.TrimPrefix(w.url, "http") + "/v1/approvals/" + s.id + "/stream"
	conn, resp, err := websocket.DefaultDialer.DialContext(w.t.Context(), address, header)
	if err != nil && resp == nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw := make([]byte, 4096)
	n, _ := resp.Body.Read(raw)
	return conn, reply{resp.StatusCode, resp.Header, string(raw[:n])}
}

func (w *world) watch(t *testing.T, s signIn) *browser {
	t.Helper()
	conn, r := w.dial(s)
	if conn == nil {
		t.Fatalf("got %d %s, want a websocket", r.status, r.body)
	}
	t.Cleanup(func() { conn.Close() })
	if conn.Subprotocol() != "countersign.v1" {
		t.Errorf("subprotocol %q", conn.Subprotocol())
	}
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &browser{t, conn}
}

// next is the next frame.
func (b *browser) next() reply {
	b.t.Helper()
	kind, raw, err := b.conn.ReadMessage()
	if err != nil || kind != websocket.TextMessage {
		b.t.Fatalf("no frame: %v", err)
	}
	return reply{body: string(raw)}
}

// until reads frames to the first that says so; a step may be left out, never
// taken back.
func (b *browser) until(path, value string) reply {
	b.t.Helper()
	for {
		if r := b.next(); r.member(path) == value {
			return r
		}
	}
}

// closed is the code that the server closed with.
func (b *browser) closed() int {
	b.t.Helper()
	var closing *websocket.CloseError
	if _, raw, err := b.conn.ReadMessage(); !errors.As(err, &closing) {
		b.t.Fatalf("not closed: %s %v", raw, err)
	}
	return closing.Code
}

func TestAWaitingScreenSeesEveryStep(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	s := w.signIn(person)
	b := w.watch(t, s)
	first := b.next()
	if first.member("state") != "pending" || first.member("number") != s.number || first.member("application") != "Northwind Books" {
		t.Errorf("the first frame is %s", first.body)
	}
	if strings.Contains(first.body, h.id) {
		t.Errorf("the browser is told a phone's id: %s", first.body)
	}
	w.want(w.signed(h, "POST", "/v1/phone/approvals/"+s.id+"/seen", ""), 204)
	b.until("phones.seen", "true")
	w.refused(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/code", `{"code":"000000"}`), 422, "code-wrong")
	b.until("code_attempts_left", "4")
	w.want(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/resend", ""), 200)
	b.until("resends_left", "1")
	if _, err := h.Approve(t.Context(), h.id, h.find(t, s), s.number); err != nil {
		t.Fatal(err)
	}
	last := b.until("state", "approved")
	if last.member("method") != "push" || last.member("settled_by") != "Ana's iPhone" || last.member("number") != "" {
		t.Errorf("the last frame is %s", last.body)
	}
	if !strings.HasPrefix(last.member("return_to"), "https://books.example.com/signed-in?approval_id="+s.id) {
		t.Errorf("return_to is %s", last.member("return_to"))
	}
	if code := b.closed(); code != websocket.CloseNormalClosure {
		t.Errorf("closed with %d, want 1000", code)
	}
}

func TestVersionsOnASocketRise(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	s := w.signIn(person)
	b := w.watch(t, s)
	versions := make(chan int64, 100)
	go func() {
		defer close(versions)
		for {
			var frame struct{ Version int64 }
			_, raw, err := b.conn.ReadMessage()
			if err != nil || json.Unmarshal(raw, &frame) != nil {
				return
			}
			versions <- frame.Version
		}
	}()
	for range 4 {
		w.refused(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/code", `{"code":"000000"}`), 422, "code-wrong")
	}
	if _, err := h.Deny(t.Context(), h.id, h.find(t, s)); err != nil {
		t.Fatal(err)
	}
	last := int64(0)
	for v := range versions {
		if v <= last {
			t.Errorf("version %d after %d", v, last)
		}
		last = v
	}
	if a, err := w.memory.Read(t.Context(), approvals.ID(s.id)); err != nil || a.Version != last {
		t.Errorf("the last frame has version %d, the approval %d (%v)", last, a.Version, err)
	}
}

func TestASocketThatConnectsAgainGetsTheWholeState(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	s := w.signIn(person)
	b := w.watch(t, s)
	b.next()
	b.conn.Close()
	if _, err := h.Approve(t.Context(), h.id, h.find(t, s), s.number); err != nil {
		t.Fatal(err)
	}
	b = w.watch(t, s)
	if r := b.next(); r.member("state") != "approved" || r.member("return_to") == "" {
		t.Errorf("the first frame is %s", r.body)
	}
	if code := b.closed(); code != websocket.CloseNormalClosure {
		t.Errorf("closed with %d, want 1000", code)
	}
}

func TestASocketSeesTheDeadline(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	s := w.signIn(person)
	b := w.watch(t, s)
	b.next()
	w.clock.move(time.Minute)
	if _, done, err := w.memory.Expire(t.Context(), approvals.ID(s.id)); err != nil || !done {
		t.Fatal(done, err)
	}
	if r := b.until("state", "expired"); r.member("number") != "" {
		t.Errorf("the last frame is %s", r.body)
	}
	if code := b.closed(); code != websocket.CloseNormalClosure {
		t.Errorf("closed with %d, want 1000", code)
	}
}

func TestStrangersGetNoSocket(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	s := w.signIn(person)
	other := signIn{id: s.id, token: strings.Repeat("A", 43)}
	for name, row := range map[string]struct {
		of      signIn
		headers []string
		status  int
		kind    string
	}{
		"page of another site":          {s, []string{"Origin", "https://evil.example.com"}, 403, "origin-refused"},
		"page of a subdomain":           {s, []string{"Origin", "https://x.books.example.com"}, 403, "origin-refused"},
		"page of another site, no pass": {other, []string{"Origin", "https://evil.example.com"}, 401, "unauthorized"},
		"wrong token":                   {other, nil, 401, "unauthorized"},
		"no token":                      {s, []string{"Sec-WebSocket-Protocol", "countersign.v1"}, 401, "unauthorized"},
		"token without our protocol":    {s, []string{"Sec-WebSocket-Protocol", "bearer." + s.token}, 401, "unauthorized"},
		"two tokens":                    {s, []string{"Sec-WebSocket-Protocol", "countersign.v1, bearer." + s.token + ", bearer." + s.token}, 401, "unauthorized"},
		"another protocol beside":       {s, []string{"Sec-WebSocket-Protocol", "countersign.v1, bearer." + s.token + ", chat"}, 401, "unauthorized"},
	} {
		conn, r := w.dial(row.of, row.headers...)
		if conn != nil {
			conn.Close()
			t.Errorf("%s: got a socket", name)
			continue
		}
		if r.status != row.status || r.kind() != row.kind {
			t.Errorf("%s: got %d %s, want %d %s", name, r.status, r.body, row.status, row.kind)
		}
	}
	for _, origin := range []string{w.url, "https://books.example.com"} {
		conn, r := w.dial(s, "Origin", origin)
		if conn == nil {
			t.Fatalf("page of %s: got %d %s", origin, r.status, r.body)
		}
		conn.Close()
	}
}

func TestAHandshakeThatIsNoneIsAProblem(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	s := w.signIn(person)
	r := w.with(s.token, "GET", "/v1/approvals/"+s.id+"/stream", "", "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "12")
	w.refused(r, 400, "invalid-request")
	if r := w.want(w.with(s.token, "GET", "/v1/approvals/"+s.id+"/stream?wait=1ms&version=99", ""), 200); r.member("state") != "pending" {
		t.Errorf("afterwards the approval is %s", r.body)
	}
}

func TestABrowserThatTalksIsCutOff(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	s := w.signIn(person)
	for _, message := range []string{"hello", strings.Repeat("x", 1<<16)} {
		b := w.watch(t, s)
		b.next()
		// The server may cut it off before all is written.
		_ = b.conn.WriteMessage(websocket.TextMessage, []byte(message))
		_, _, err := b.conn.ReadMessage()
		if late := (net.Error)(nil); err == nil || (errors.As(err, &late) && late.Timeout()) {
			t.Errorf("after %d bytes the socket goes on: %v", len(message), err)
		}
	}
}

func TestSocketsOfOneApprovalAreBounded(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Limits.WaitingEach = 2 })
	w.pair(person, phone.ES256)
	s := w.signIn(person)
	first, second := w.watch(t, s), w.watch(t, s)
	first.next()
	second.next()
	conn, r := w.dial(s)
	if conn != nil {
		t.Fatal("a third socket is let in")
	}
	if r.kind() != "too-many-requests" || r.header.Get("Retry-After") == "" {
		t.Errorf("got %d %s", r.status, r.body)
	}
	w.refused(w.with(s.token, "GET", "/v1/approvals/"+s.id+"/stream?wait=25s&version=99", ""), 429, "too-many-requests")
	first.conn.Close()
	eventually(t, func() bool {
		conn, _ := w.dial(s)
		if conn != nil {
			conn.Close()
		}
		return conn != nil
	})
}

// eventually waits until ok.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it did not come")
		}
	}
}

// events reads a stream of server-sent events to its end.
func (w *world) events(ctx context.Context, s signIn, each func(reply)) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(ctx, "GET", w.url+"/v1/approvals/"+s.id+"/stream", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Accept", "text/event-stream")
	resp, err := w.server.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		w.t.Errorf("content type %q", got)
	}
	lines, named := bufio.NewScanner(resp.Body), false
	for lines.Scan() {
		if lines.Text() == "event: state" {
			named = true
		}
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			if !named {
				w.t.Errorf("data without its event's name: %s", data)
			}
			each(reply{body: data})
			named = false
		}
	}
}

func TestTheThreeFormsOfTheStreamShowTheSame(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	s := w.signIn(person)
	b := w.watch(t, s)
	b.next()

	type seen struct {
		form, body string
	}
	finals := make(chan seen, 3)
	started := make(chan struct{}, 3)
	go func() {
		w.events(t.Context(), s, func(r reply) {
			if r.member("state") == "pending" {
				started <- struct{}{}
				return
			}
			finals <- seen{"events", r.body}
		})
	}()
	go func() {
		for {
			if r := b.next(); r.member("state") != "pending" {
				finals <- seen{"websocket", r.body}
				return
			}
		}
	}()
	version := w.want(w.with(s.token, "GET", "/v1/approvals/"+s.id+"/stream", ""), 200).member("version")
	go func() {
		started <- struct{}{}
		finals <- seen{"long-poll", w.with(s.token, "GET", "/v1/approvals/"+s.id+"/stream?wait=25s&version="+version, "").body}
	}()
	<-started
	<-started
	if _, err := h.Deny(t.Context(), h.id, h.find(t, s)); err != nil {
		t.Fatal(err)
	}
	same := func(body string) map[string]any {
		var m map[string]any
		if err := json.Unmarshal([]byte(body), &m); err != nil {
			t.Fatal(err)
		}
		delete(m, "server_time")
		return m
	}
	first := <-finals
	if same(first.body)["state"] != "denied" {
		t.Errorf("%s shows %s", first.form, first.body)
	}
	for range 2 {
		other := <-finals
		if diff := cmp.Diff(same(first.body), same(other.body)); diff != "" {
			t.Errorf("%s and %s differ\n%s", first.form, other.form, diff)
		}
	}
}

func TestEventsEndWithTheFinalState(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	s := w.signIn(person)
	w.want(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/cancel", ""), 200)
	var states []string
	w.events(t.Context(), s, func(r reply) { states = append(states, r.member("state")+" "+r.member("reason")) })
	if diff := cmp.Diff([]string{"withdrawn cancelled"}, states); diff != "" {
		t.Errorf("events (-want +got)\n%s", diff)
	}
}

func TestALongPollAnswersAtOnceForAnOlderVersion(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	s := w.signIn(person)
	path := "/v1/approvals/" + s.id + "/stream"
	if r := w.want(w.with(s.token, "GET", path+"?wait=25s&version=0", ""), 200); r.member("state") != "pending" {
		t.Errorf("the state is %s", r.body)
	}
	w.want(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/cancel", ""), 200)
	if r := w.want(w.with(s.token, "GET", path+"?wait=25s&version=999", ""), 200); r.member("state") != "withdrawn" {
		t.Errorf("a settled approval is waited for: %s", r.body)
	}
}

func TestShutdownAnswersWhoWaits(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	lone := w.pair("bob@example.com", phone.ES256)
	s := w.signIn(person)
	p := w.openPairing("carol@example.com")
	version := w.with(p.token, "GET", "/v1/pairings/"+p.id, "").member("version")
	b := w.watch(t, s)
	b.next()
	answers := make(chan reply, 4)
	ended := make(chan struct{})
	entered := make(chan struct{}, 1)
	for _, do := range []func() reply{
		func() reply { return w.app("GET", "/v1/approvals/"+s.id+"?wait=25s", "") },
		func() reply { return w.with(s.token, "GET", "/v1/approvals/"+s.id+"/stream?wait=25s&version=99", "") },
		func() reply { return w.signed(lone, "GET", "/v1/phone/approvals?wait=25s", "") },
		func() reply { return w.with(p.token, "GET", "/v1/pairings/"+p.id+"?wait=25s&version="+version, "") },
	} {
		go func() { answers <- do() }()
	}
	go func() {
		w.events(t.Context(), s, func(reply) {
			select {
			case entered <- struct{}{}:
			default:
			}
		})
		close(ended)
	}()
	<-entered
	// patience is shorter than what they asked to wait.
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := w.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if code := b.closed(); code != websocket.CloseServiceRestart {
		t.Errorf("closed with %d, want 1012", code)
	}
	<-ended
	for range 4 {
		if r := <-answers; r.status != 200 {
			t.Errorf("who waits gets %d %s", r.status, r.body)
		}
	}
	// What is pending can still be answered; nothing new begins.
	if r := w.refused(w.app("POST", "/v1/approvals", `{"user":"`+person+`"}`), 503, "unavailable"); r.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	conn, r := w.dial(s)
	if conn != nil || r.kind() != "unavailable" {
		t.Errorf("a new socket gets %d %s", r.status, r.body)
	}
	w.refused(w.call("GET", "/readyz", ""), 503, "unavailable")
	if out, err := h.Approve(t.Context(), h.id, h.find(t, s), s.number); err != nil || out.State != "approved" {
		t.Errorf("the phone gets %+v, %v", out, err)
	}
}

// A browser that does not answer the close is cut off when the time is up.
func TestShutdownCutsOffWhoDoesNotGo(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	s := w.signIn(person)
	b := w.watch(t, s)
	b.next()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Shutdown(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want that the time was up and all have gone", err)
	}
}

func TestEverySocketSeesTheDecision(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	s := w.signIn(person)
	var all []*browser
	for range 16 {
		b := w.watch(t, s)
		b.next()
		all = append(all, b)
	}
	if _, err := h.Approve(t.Context(), h.id, h.find(t, s), s.number); err != nil {
		t.Fatal(err)
	}
	for _, b := range all {
		b.until("state", "approved")
		if code := b.closed(); code != websocket.CloseNormalClosure {
			t.Errorf("closed with %d, want 1000", code)
		}
	}
}
