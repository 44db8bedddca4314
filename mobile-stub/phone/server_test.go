package phone

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// server is a server as strict as the protocol page: it judges every proof and
// answer by the rules that the vectors are judged by.
type server struct {
	*httptest.Server
	t      *testing.T
	honest http.Handler // without meddling

	mu        sync.Mutex
	now       func() time.Time
	tickets   map[string]bool
	phones    map[string]*pairedPhone
	jtis      []string
	approvals []*approval
	notices   []Notice
	answers   []string                                          // every answer that came, in order
	changed   chan struct{}                                     // closed and replaced at every change
	meddle    func(w http.ResponseWriter, r *http.Request) bool // true: it has replied
}

type pairedPhone struct {
	key     JWK
	name    string
	state   State
	push    json.RawMessage
	secrets int
}

type approval struct {
	Request
	number   string
	tries    int
	state    string
	reason   string
	settling string // the answer that settled it
	seen     int
}

const testTicket = "cwbYsW8wWke6lSsId96Bqo_uryJv9Y2ntKOmGnHDeBc"

func newServer(t *testing.T) *server {
	s := &server{
		t: t, now: time.Now, tickets: map[string]bool{testTicket: true}, phones: map[string]*pairedPhone{}, changed: make(chan struct{}),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/pair", s.pair)
	mux.HandleFunc("GET /v1/phone", s.proved(s.phone))
	mux.HandleFunc("DELETE /v1/phone", s.proved(s.remove))
	mux.HandleFunc("POST /v1/phone/totp", s.proved(s.totp))
	mux.HandleFunc("PUT /v1/phone/push", s.proved(s.push))
	mux.HandleFunc("GET /v1/phone/approvals", s.proved(s.pending))
	mux.HandleFunc("POST /v1/phone/approvals/{id}/seen", s.proved(s.seen))
	mux.HandleFunc("POST /v1/phone/approvals/{id}/answer", s.proved(s.answer))
	mux.HandleFunc("GET /v1/phone/notices", s.proved(s.listNotices))
	mux.HandleFunc("POST /v1/phone/notices/{id}/stop", s.proved(s.stopNotice))
	s.honest = mux
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		meddle := s.meddle
		s.mu.Unlock()
		if meddle == nil || !meddle(w, r) {
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) link() string { return s.URL + "/pair#" + testTicket }

// change runs f under the lock and wakes whoever waits.
func (s *server) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *server) meddling(f func(http.ResponseWriter, *http.Request) bool) {
	s.change(func() { s.meddle = f })
}

// confirm is the person saying that the digits match.
func (s *server) confirm(id string) { s.change(func() { s.phones[id].state = Active }) }

// ask begins a sign-in.
func (s *server) ask(id, number string) {
	s.change(func() {
		s.approvals = slices.Insert(s.approvals, 0, &approval{
			Request: Request{
				ID: id, Display: strings.Replace(vecDisplay, "Northwind", id, 1), Nonce: "nonce-" + id, NumberDigits: len(number), ExpiresAt: s.now().Add(time.Minute),
			},
			number: number, tries: 2, state: "pending",
		})
	})
}

func (s *server) find(id string) *approval {
	for _, a := range s.approvals {
		if a.ID == id {
			return a
		}
	}
	return nil
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that is gone needs no reply
}

func refuse(w http.ResponseWriter, status int, kind string, more map[string]any) {
	body := map[string]any{"type": "urn:countersign:problem:" + kind, "title": "no", "status": status, "detail": "do " + kind}
	for k, v := range more {
		body[k] = v
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (s *server) pair(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Ticket    string          `json:"ticket"`
		PublicKey json.RawMessage `json:"public_key"`
		Name      string          `json:"name"`
		Platform  string          `json:"platform"`
		Push      json.RawMessage `json:"push"`
		Proof     string          `json:"proof"`
	}
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("Content-Type") != "application/json" || strictJSON(body, &in) != nil {
		refuse(w, 422, "invalid-request", nil)
		return
	}
	c := pairingCase{PublicKey: in.PublicKey, Ticket: in.Ticket, Aud: s.URL, Now: s.now().Unix(), Proof: in.Proof}
	if kind := c.judge(); kind != good {
		refuse(w, 422, kind, nil)
		return
	}
	if !slices.Contains([]string{"ios", "android", "web", "other"}, in.Platform) || in.Name == "" {
		refuse(w, 422, "invalid-request", nil)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.tickets[in.Ticket] {
		refuse(w, 410, TicketInvalid, nil)
		return
	}
	delete(s.tickets, in.Ticket)
	var key JWK
	_ = json.Unmarshal(in.PublicKey, &key) // judged
	id := fmt.Sprintf("device-%015d", len(s.phones)+1)
	s.phones[id] = &pairedPhone{key: key, name: in.Name, state: Claimed, push: in.Push}
	// The digits here are wrong on purpose: a phone computes its own.
	reply(w, 201, map[string]any{
		"device_id": id, "state": "claimed", "digits": "000000", "server": "Test", "user": "ana@example.com", "expires_at": s.now(),
	})
}

type provedHandler func(w http.ResponseWriter, r *http.Request, id string, body []byte)

// proved lets a handler see only requests with a good proof.
func (s *server) proved(next provedHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if len(body) > 0 && r.Header.Get("Content-Type") != "application/json" {
			refuse(w, 415, "unsupported-media-type", nil)
			return
		}
		id, kind := s.judge(r, body)
		if kind != good {
			refuse(w, 401, kind, map[string]any{"server_time": s.now().UTC()})
			return
		}
		next(w, r, id, body)
	}
}

func (s *server) judge(r *http.Request, body []byte) (id, kind string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	proof := r.Header.Get("Phone-Proof")
	t, err := splitToken(proof, "alg", "typ", "kid")
	if err != nil {
		return "", proofInvalid
	}
	id = t.header["kid"]
	p, ok := s.phones[id]
	if !ok {
		return "", PhoneUnknown
	}
	c := proofCase{
		PublicKey: p.key, DeviceID: id, Method: r.Method, URL: s.URL + r.URL.Path, Body: encode(body), SeenJTI: s.jtis, Now: s.now().Unix(), Proof: proof,
	}
	if kind := c.judge(); kind != good {
		return "", kind
	}
	var claims ProofClaims
	_ = json.Unmarshal(t.payload, &claims) // judged already
	s.jtis = append(s.jtis, claims.Jti)
	return id, good
}

// wait returns once ready says so or the request's wait is over.
func (s *server) wait(r *http.Request, ready func() bool) {
	d, _ := time.ParseDuration(r.URL.Query().Get("wait"))
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		s.mu.Lock()
		done, changed := ready(), s.changed
		s.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-timer.C:
			return
		case <-r.Context().Done():
			return
		}
	}
}

func (s *server) phone(w http.ResponseWriter, r *http.Request, id string, _ []byte) {
	s.wait(r, func() bool { return s.phones[id] == nil || s.phones[id].state == Active })
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.phones[id]
	if p == nil {
		refuse(w, 401, PhoneUnknown, nil)
		return
	}
	reply(w, 200, map[string]any{
		"device_id": id, "state": p.state, "name": p.name, "user": "ana@example.com", "server": "Test", "server_time": s.now(), "totp": p.secrets > 0,
	})
}

func (s *server) remove(w http.ResponseWriter, _ *http.Request, id string, _ []byte) {
	s.change(func() { delete(s.phones, id) })
	w.WriteHeader(204)
}

func (s *server) totp(w http.ResponseWriter, _ *http.Request, id string, _ []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phones[id].secrets++
	reply(w, 201, map[string]any{
		"secret": rfc6238Secret, "algorithm": "SHA1", "digits": 6, "period": 30, "issuer": "Test", "label": "ana@example.com",
	})
}

func (s *server) push(w http.ResponseWriter, _ *http.Request, id string, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phones[id].push = body
	w.WriteHeader(204)
}

func (s *server) pending(w http.ResponseWriter, r *http.Request, _ string, _ []byte) {
	list := func() []Request {
		requests := []Request{}
		for _, a := range s.approvals {
			if a.state == "pending" {
				requests = append(requests, a.Request)
			}
		}
		return requests
	}
	s.wait(r, func() bool { return len(list()) > 0 })
	s.mu.Lock()
	defer s.mu.Unlock()
	reply(w, 200, map[string]any{"server_time": s.now(), "approvals": list()})
}

func (s *server) seen(w http.ResponseWriter, r *http.Request, _ string, _ []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.find(r.PathValue("id"))
	if a == nil {
		refuse(w, 404, "approval-not-found", nil)
		return
	}
	a.seen++
	w.WriteHeader(204)
}

func (s *server) answer(w http.ResponseWriter, r *http.Request, id string, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in struct {
		Answer string `json:"answer"`
	}
	a := s.find(r.PathValue("id"))
	switch {
	case strictJSON(body, &in) != nil:
		refuse(w, 422, "invalid-request", nil)
		return
	case a == nil:
		refuse(w, 404, "approval-not-found", nil)
		return
	}
	s.answers = append(s.answers, in.Answer)
	c := answerCase{
		PublicKey: s.phones[id].key, DeviceID: id, Aud: s.URL, Txn: a.ID, Nonce: a.Nonce, Display: a.Display, Now: s.now().Unix(), Answer: in.Answer,
	}
	if kind := c.judge(); kind != good {
		refuse(w, 403, kind, nil)
		return
	}
	t, _ := splitToken(in.Answer, "alg", "typ", "kid")
	var claims AnswerClaims
	_ = json.Unmarshal(t.payload, &claims)
	s.settle(w, a, in.Answer, claims)
}

func (s *server) settle(w http.ResponseWriter, a *approval, jws string, claims AnswerClaims) {
	if a.state != "pending" && a.settling != jws {
		refuse(w, 409, ApprovalSettled, map[string]any{"state": a.state, "reason": a.reason})
		return
	}
	if a.state == "pending" && claims.Decision == Approve && claims.Number != a.number {
		if a.tries--; a.tries == 0 {
			a.state, a.reason = "denied", "number_mismatch"
		}
		refuse(w, 422, NumberWrong, map[string]any{"number_attempts_left": a.tries})
		return
	}
	switch claims.Decision {
	case Approve:
		a.state = "approved"
	case Deny:
		a.state, a.reason = "denied", "user"
	case Report:
		a.state, a.reason = "denied", "reported"
	}
	a.settling = jws
	out := map[string]any{"id": a.ID, "state": a.state, "reason": a.reason}
	if a.state == "approved" {
		out["method"] = "push"
	}
	reply(w, 200, out)
}
