package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
	"countersign/mobile-stub/phone"
)

// BenchmarkReadApproval is a hot JSON route; BenchmarkPlain is what net/http
// and encoding/json alone take for the same work and the same answer.
func BenchmarkReadApproval(b *testing.B) {
	w := newWorld(b)
	w.pair(person, phone.ES256)
	s := w.signIn(person)
	serveMany(b, w.API, func() *http.Request {
		r := httptest.NewRequest("GET", "/v1/approvals/"+s.id, nil)
		r.Header.Set("Authorization", "Bearer "+w.key)
		return r
	})
}

func BenchmarkPlainReadApproval(b *testing.B) {
	w := newWorld(b)
	w.pair(person, phone.ES256)
	s := w.signIn(person)
	answer := json.RawMessage(w.state(s).body)
	var view map[string]any
	if err := json.Unmarshal(answer, &view); err != nil {
		b.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/approvals/{id}", func(rw http.ResponseWriter, r *http.Request) {
		key, err := enrolments.ParseAPIKey(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		if err != nil {
			b.Error(err)
		}
		if _, err := w.people.Authenticate(r.Context(), key); err != nil {
			b.Error(err)
		}
		rw.Header().Set("Content-Type", "application/json")
		json.NewEncoder(rw).Encode(view)
	})
	serveMany(b, mux, func() *http.Request {
		r := httptest.NewRequest("GET", "/v1/approvals/"+s.id, nil)
		r.Header.Set("Authorization", "Bearer "+w.key)
		return r
	})
}

func serveMany(b *testing.B, h http.Handler, request func() *http.Request) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, request())
		if rec.Code >= 300 {
			b.Fatal(rec.Code, rec.Body)
		}
	}
}

// BenchmarkWaitingBrowser reports what one more waiting browser takes of heap
// and stacks. Its clients are bare connections of this process, a few hundred
// bytes each.
func BenchmarkWaitingBrowser(b *testing.B) {
	w := newWorld(b)
	token := enrolments.NewSecret()
	ids := make([]approvals.ID, b.N)
	for i := range ids {
		who := enrolments.NewID[enrolments.PersonID]()
		ids[i] = approvals.NewID(who)
		_, err := w.memory.Create(b.Context(), approvals.New{
			ID: ids[i], Application: "northwind", ApplicationName: "Northwind Books", Person: who, User: person,
			Waiting: token.Hash(), Number: "47", TTL: 5 * time.Minute, CodeTries: 5, NumberTries: 2, Budget: approvals.Budget{Limit: 5, Window: time.Minute},
			Phones: []approvals.AskedPhone{{ID: "phone", Name: "Ana's iPhone", Sent: approvals.Asking}},
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	conns := make([]net.Conn, b.N)
	before := inUse()
	b.ResetTimer()
	for i := range conns {
		conns[i] = shakeHands(b, w, ids[i], token)
	}
	b.StopTimer()
	b.ReportMetric(float64(int64(inUse()-before))/float64(b.N), "B/socket")
	for _, conn := range conns {
		conn.Close()
	}
}

// shakeHands opens a websocket by hand and reads the first frame.
func shakeHands(b *testing.B, w *world, id approvals.ID, token enrolments.Secret) net.Conn {
	b.Helper()
	conn, err := net.Dial("tcp", w.server.Listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	_, err = fmt.Fprintf(conn, "GET /v1/approvals/%s/stream HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Protocol: countersign.v1, bearer.%s\r\n"+
		"User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36\r\n\r\n", id, token.Reveal())
	if err != nil {
		b.Fatal(err)
	}
	buffer, n := make([]byte, 4096), 0
	for !bytes.Contains(buffer[:n], []byte(`"resends_left"`)) {
		more, err := conn.Read(buffer[n:])
		if err != nil {
			b.Fatal(err, string(buffer[:n]))
		}
		n += more
	}
	return conn
}

func inUse() uint64 {
	runtime.GC()
	runtime.GC() // the second one empties pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// BenchmarkAnswerToFrame is one whole sign-in after another; it reports the
// time from the phone's answer to the browser's final frame.
func BenchmarkAnswerToFrame(b *testing.B) {
	w := newWorld(b)
	h := w.pair(person, phone.EdDSA)
	var took time.Duration
	for b.Loop() {
		s := w.signIn(person)
		if s.number == "" { // the budget of pushes is spent: move on
			w.clock.move(time.Hour)
			s = w.signIn(person)
		}
		conn, _ := w.dial(s)
		asked, err := h.Find(context.Background(), h.id, s.id)
		if err != nil {
			b.Fatal(err)
		}
		answer := w.answerOf(h, asked, func(c *phone.AnswerClaims) { c.Number = s.number })
		req, err := h.Request(context.Background(), h.id, "POST", "/v1/phone/approvals/"+s.id+"/answer", []byte(`{"answer":"`+answer+`"}`))
		if err != nil {
			b.Fatal(err)
		}
		done := make(chan time.Time, 1)
		go func() {
			for {
				if _, raw, err := conn.ReadMessage(); err != nil || strings.Contains(string(raw), `"approved"`) {
					done <- time.Now()
					return
				}
			}
		}()
		begun := time.Now()
		resp, err := w.server.Client().Do(req)
		if err != nil {
			b.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		took += (<-done).Sub(begun)
		conn.Close()
	}
	b.ReportMetric(float64(took.Microseconds())/float64(b.N), "µs/answer")
}
