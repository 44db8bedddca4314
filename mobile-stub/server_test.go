package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

const ticket = "cwbYsW8wWke6lSsId96Bqo_uryJv9Y2ntKOmGnHDeBc"

// server says what a Countersign server says and judges nothing: package phone
// tries the phone against a strict one.
type server struct {
	*httptest.Server
	device string

	mu      sync.Mutex
	state   string // of the phone
	pending []string
	display string
	push    map[string]any
	seen    []string
	answers []string // approval ids
	notices []map[string]any
	stopped []string // notice ids
	outcome func(w http.ResponseWriter, id string)
	removed bool
}

func newServer(t *testing.T) *server {
	s := &server{device: "device-1", state: "active", display: `{"application":"Northwind Books","location":"Wellington, NZ"}`}
	s.outcome = func(w http.ResponseWriter, id string) {
		send(w, 200, map[string]any{"id": id, "state": "approved", "method": "push"})
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/pair", s.locked(s.pair))
	mux.HandleFunc("GET /v1/phone", s.locked(func(w http.ResponseWriter, _ *http.Request) {
		if s.state == "" {
			refuse(w, 401, "phone-unknown", nil)
			return
		}
		send(w, 200, map[string]any{"state": s.state})
	}))
	mux.HandleFunc("DELETE /v1/phone", s.locked(func(w http.ResponseWriter, _ *http.Request) { s.removed = true; w.WriteHeader(204) }))
	mux.HandleFunc("POST /v1/phone/totp", s.locked(func(w http.ResponseWriter, _ *http.Request) {
		send(w, 201, map[string]any{"secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "algorithm": "SHA1", "digits": 6, "period": 30})
	}))
	mux.HandleFunc("GET /v1/phone/approvals", s.locked(s.approvals))
	mux.HandleFunc("POST /v1/phone/approvals/{id}/seen", s.locked(func(w http.ResponseWriter, r *http.Request) {
		s.seen = append(s.seen, r.PathValue("id"))
		w.WriteHeader(204)
	}))
	mux.HandleFunc("POST /v1/phone/approvals/{id}/answer", s.locked(func(w http.ResponseWriter, r *http.Request) {
		s.answers = append(s.answers, r.PathValue("id"))
		s.outcome(w, r.PathValue("id"))
	}))
	mux.HandleFunc("GET /v1/phone/notices", s.locked(func(w http.ResponseWriter, _ *http.Request) { send(w, 200, map[string]any{"notices": s.notices}) }))
	mux.HandleFunc("POST /v1/phone/notices/{id}/stop", s.locked(func(w http.ResponseWriter, r *http.Request) {
		s.stopped = append(s.stopped, r.PathValue("id"))
		send(w, 200, map[string]any{"id": r.PathValue("id")})
	}))
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *server) link() string { return s.URL + "/pair#" + ticket }

func (s *server) locked(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		h(w, r)
	}
}

func (s *server) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *server) pair(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Push map[string]any `json:"push"`
	}
	body, _ := io.ReadAll(r.Body)
	if json.Unmarshal(body, &in) != nil {
		refuse(w, 422, "invalid-request", nil)
		return
	}
	s.push = in.Push
	send(w, 201, map[string]any{"device_id": s.device, "server": "Test", "user": "ana@example.com"})
}

func (s *server) approvals(w http.ResponseWriter, _ *http.Request) {
	if s.state != "active" {
		refuse(w, 401, "phone-unknown", nil)
		return
	}
	list := []any{}
	for _, id := range s.pending {
		list = append(list, map[string]any{"id": id, "display": s.display, "nonce": "n", "number_digits": 2, "expires_at": time.Now().Add(time.Minute)})
	}
	send(w, 200, map[string]any{"approvals": list})
}

func send(w http.ResponseWriter, status int, v any) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that is gone needs no reply
}

func refuse(w http.ResponseWriter, status int, kind string, more map[string]any) {
	w.Header().Set("Content-Type", "application/problem+json")
	body := map[string]any{"type": "urn:countersign:problem:" + kind, "detail": fmt.Sprintf("the detail of %s", kind)}
	for k, v := range more {
		body[k] = v
	}
	send(w, status, body)
}
