package phone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func oneRequest(t *testing.T, p *Phone, id string) Request {
	t.Helper()
	requests, err := p.Pending(within(t), id, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(requests) != 1 {
		t.Fatalf("%d requests are pending, want 1", len(requests))
	}
	return requests[0]
}

func TestAPersonAnswersWithEitherAlgorithm(t *testing.T) {
	type answer func(*Phone, context.Context, string, Request) (Outcome, error)
	approve := func(p *Phone, ctx context.Context, id string, r Request) (Outcome, error) {
		return p.Approve(ctx, id, r, "07")
	}
	for name, c := range map[string]struct {
		answer answer
		want   Outcome
	}{
		"approve": {approve, Outcome{ID: "sign-in", State: "approved", Method: "push"}},
		"deny":    {(*Phone).Deny, Outcome{ID: "sign-in", State: "denied", Reason: "user"}},
		"report":  {(*Phone).Report, Outcome{ID: "sign-in", State: "denied", Reason: "reported"}},
	} {
		for _, alg := range []Algorithm{ES256, EdDSA} {
			t.Run(name+" with "+string(alg), func(t *testing.T) {
				s := newServer(t)
				p, id := paired(t, s, alg)
				s.ask("sign-in", "07")
				r := oneRequest(t, p, id)
				if err := p.Seen(within(t), id, r.ID); err != nil || s.approvals[0].seen != 1 {
					t.Errorf("seen %d times, %v", s.approvals[0].seen, err)
				}
				got, err := c.answer(p, within(t), id, r)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("outcome (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestAWrongNumberSaysHowManyTriesAreLeft(t *testing.T) {
	s := newServer(t)
	p, id := paired(t, s, ES256)
	s.ask("sign-in", "47")
	r := oneRequest(t, p, id)
	for left := 1; left >= 0; left-- {
		_, err := p.Approve(within(t), id, r, "48")
		var problem *Problem
		if !errors.As(err, &problem) || problem.Kind != NumberWrong || problem.NumberAttemptsLeft != left {
			t.Errorf("got %v, want %s with %d left", err, NumberWrong, left)
		}
	}
	_, err := p.Approve(within(t), id, r, "47")
	var problem *Problem
	if !errors.As(err, &problem) || problem.Kind != ApprovalSettled || problem.State != "denied" || problem.Reason != "number_mismatch" {
		t.Errorf("the right number too late: got %v, want %s and what stands", err, ApprovalSettled)
	}
}

func TestANumberOfTheWrongFormSpendsNoTry(t *testing.T) {
	s := newServer(t)
	p, id := paired(t, s, ES256)
	s.ask("sign-in", "47")
	r := oneRequest(t, p, id)
	for _, number := range []string{"", "4", "470", "4x", " 47", "４7"} {
		if _, err := p.Approve(within(t), id, r, number); !errors.Is(err, ErrNumber) {
			t.Errorf("%q: got %v, want ErrNumber", number, err)
		}
	}
	if len(s.answers) != 0 {
		t.Errorf("%d answers were sent", len(s.answers))
	}
}

func TestAnAnswerIsSignedOverWhatWasShown(t *testing.T) {
	s := newServer(t)
	p, id := paired(t, s, ES256)
	s.ask("sign-in", "47")
	r := oneRequest(t, p, id)
	r.Display = strings.Replace(r.Display, "Wellington", "Auckland", 1)
	if _, err := p.Approve(within(t), id, r, "47"); KindOf(err) != answerDisplay {
		t.Errorf("got %v, want %s", err, answerDisplay)
	}
}

func TestALostReplyIsAskedForAgainWithTheSameAnswer(t *testing.T) {
	s := newServer(t)
	p, id := paired(t, s, EdDSA)
	s.ask("sign-in", "47")
	r := oneRequest(t, p, id)
	var lost atomic.Bool
	s.meddling(func(w http.ResponseWriter, r *http.Request) bool {
		if lost.Swap(true) {
			return false
		}
		s.honest.ServeHTTP(discard{}, r) // it takes the answer
		dropConnection(w)
		return true
	})
	got, err := p.Approve(within(t), id, r, "47")
	if err != nil || got.State != "approved" {
		t.Errorf("got %+v, %v, want approved", got, err)
	}
	if len(s.answers) != 2 || s.answers[0] != s.answers[1] {
		t.Errorf("%d answers came, want the same one twice", len(s.answers))
	}
}

// discard is a reply that nobody reads.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

func TestAnAnswerIsGivenUpAfterThreeTries(t *testing.T) {
	s := newServer(t)
	p, id := paired(t, s, ES256)
	s.ask("sign-in", "47")
	r := oneRequest(t, p, id)
	var tries atomic.Int32
	s.meddling(func(w http.ResponseWriter, _ *http.Request) bool {
		tries.Add(1)
		dropConnection(w)
		return true
	})
	if _, err := p.Deny(within(t), id, r); !errors.Is(err, ErrNetwork) || tries.Load() != answerTries {
		t.Errorf("got %v after %d tries, want ErrNetwork after %d", err, tries.Load(), answerTries)
	}
}

func TestARefusalIsNotAskedForAgain(t *testing.T) {
	s := newServer(t)
	p, id := paired(t, s, ES256)
	s.ask("sign-in", "47")
	r := oneRequest(t, p, id)
	var tries atomic.Int32
	s.meddling(func(w http.ResponseWriter, _ *http.Request) bool {
		tries.Add(1)
		refuse(w, 503, "unavailable", nil)
		return true
	})
	if _, err := p.Deny(within(t), id, r); KindOf(err) != "unavailable" || tries.Load() != 1 {
		t.Errorf("got %v after %d tries, want unavailable after 1", err, tries.Load())
	}
}

func TestPendingWaitsForARequest(t *testing.T) {
	s := newServer(t)
	p, id := paired(t, s, ES256)
	asked := make(chan string, 1)
	s.meddling(func(_ http.ResponseWriter, r *http.Request) bool {
		asked <- r.URL.RawQuery
		return false
	})
	came := make(chan []Request)
	go func() {
		requests, err := p.Pending(within(t), id, time.Hour)
		if err != nil {
			t.Error(err)
		}
		came <- requests
	}()
	if got := <-asked; got != "wait=25s" {
		t.Errorf("asked with %q, want the longest wait there is", got)
	}
	s.ask("sign-in", "47")
	if got := <-came; len(got) != 1 || got[0].ID != "sign-in" {
		t.Errorf("got %v, want the one request", got)
	}
}

func TestTheNewestRequestComesFirstAndCanBeFoundByItsID(t *testing.T) {
	s := newServer(t)
	p, id := paired(t, s, ES256)
	s.ask("older", "11")
	s.ask("newer", "22")
	got, err := p.Pending(within(t), id, 0)
	if err != nil || len(got) != 2 || got[0].ID != "newer" {
		t.Errorf("got %v, %v", got, err)
	}
	if r, err := p.Find(within(t), id, "older"); err != nil || r.ID != "older" {
		t.Errorf("got %v, %v", r, err)
	}
	if _, err := p.Find(within(t), id, "oldest"); !errors.Is(err, ErrNoRequest) {
		t.Errorf("got %v, want ErrNoRequest", err)
	}
}

func TestAClockThatIsOffIsToldTheServersTime(t *testing.T) {
	s := newServer(t)
	p, id := paired(t, s, ES256)
	p.now = func() time.Time { return time.Now().Add(-10 * time.Minute) }
	_, err := p.Pending(within(t), id, 0)
	var problem *Problem
	if !errors.As(err, &problem) || problem.Kind != ProofClock {
		t.Fatalf("got %v, want %s", err, ProofClock)
	}
	if off := problem.ServerTime.Sub(p.now()); off < 9*time.Minute || off > 11*time.Minute {
		t.Errorf("the server's time differs by %v, want about 10 minutes", off)
	}
}

func TestARequestSentTwiceIsAReplay(t *testing.T) {
	s := newServer(t)
	p, id := paired(t, s, ES256)
	r, err := p.Request(within(t), id, http.MethodGet, "/v1/phone", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.do(r, 0, nil); err != nil {
		t.Fatal(err)
	}
	if err := p.do(r, 0, nil); KindOf(err) != proofReplayed {
		t.Errorf("got %v, want %s", err, proofReplayed)
	}
}

func TestATestCanAnswerDishonestly(t *testing.T) {
	s := newServer(t)
	p, id := paired(t, s, ES256)
	s.ask("sign-in", "47")
	r := oneRequest(t, p, id)
	key, err := p.Key(id)
	if err != nil {
		t.Fatal(err)
	}
	claims := NewAnswerClaims("https://elsewhere.example", id, r, Approve, "47", time.Now())
	jws, err := SignAnswer(key, id, claims)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.SendAnswer(within(t), id, r.ID, jws); KindOf(err) != answerAudience {
		t.Errorf("wrong audience: got %v, want %s", err, answerAudience)
	}
	jws, err = SignCompact(key, Header{Alg: EdDSA, Typ: TypAnswer, Kid: id}, claims)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.SendAnswer(within(t), id, r.ID, jws); KindOf(err) != answerAlgorithm {
		t.Errorf("wrong algorithm: got %v, want %s", err, answerAlgorithm)
	}
}

func TestOnlyAnApprovalCarriesTheNumber(t *testing.T) {
	for decision, want := range map[Decision]string{Approve: "47", Deny: "", Report: ""} {
		if got := NewAnswerClaims("https://example.com", "device", Request{}, decision, "47", time.Now()).Number; got != want {
			t.Errorf("%s: number %q, want %q", decision, got, want)
		}
	}
}

func TestAnIDThatIsNoneNeverBecomesAPath(t *testing.T) {
	s := newServer(t)
	p, id := paired(t, s, ES256)
	for _, bad := range []string{"", "../../phone", "a/b", "a?b", "a%2fb", strings.Repeat("a", 65)} {
		if err := p.Seen(within(t), id, bad); !errors.Is(err, ErrNoRequest) {
			t.Errorf("%q: got %v, want ErrNoRequest", bad, err)
		}
	}
}

func TestBadRepliesAreErrorsOfTheirKind(t *testing.T) {
	for name, c := range map[string]struct {
		reply func(http.ResponseWriter)
		check func(error) bool
	}{
		"a redirect is not followed": {
			func(w http.ResponseWriter) { w.Header().Set("Location", "/elsewhere"); w.WriteHeader(307) },
			func(err error) bool { var p *Problem; return errors.As(err, &p) && p.Kind == "" && p.Status == 307 },
		},
		"a proxy's page": {
			func(w http.ResponseWriter) { http.Error(w, "<h1>Bad gateway", http.StatusBadGateway) },
			func(err error) bool { var p *Problem; return errors.As(err, &p) && p.Kind == "" && p.Status == 502 },
		},
		"not JSON": {
			func(w http.ResponseWriter) { fmt.Fprint(w, "secret words") },
			func(err error) bool { return errors.Is(err, ErrReply) && !strings.Contains(err.Error(), "secret") },
		},
		"the wrong JSON": {
			func(w http.ResponseWriter) { fmt.Fprint(w, `{"approvals":"secret words"}`) },
			func(err error) bool { return errors.Is(err, ErrReply) && !strings.Contains(err.Error(), "secret") },
		},
		"no end": {
			func(w http.ResponseWriter) {
				fmt.Fprint(w, `{"approvals":[]}`)
				_, _ = io.Copy(w, io.LimitReader(spaces{}, maxReply))
			},
			func(err error) bool { return errors.Is(err, ErrReply) },
		},
		"half a reply": {
			func(w http.ResponseWriter) { w.Header().Set("Content-Length", "100"); fmt.Fprint(w, `{"approvals":`) },
			func(err error) bool { return errors.Is(err, ErrNetwork) },
		},
		"a request whose id is a path": {
			func(w http.ResponseWriter) { fmt.Fprint(w, `{"approvals":[{"id":"../x"}]}`) },
			func(err error) bool { return errors.Is(err, ErrReply) },
		},
		"more requests than a phone shows": {
			func(w http.ResponseWriter) {
				fmt.Fprint(w, `{"approvals":[`+strings.Repeat(`{"id":"a"},`, maxRequests)+`{"id":"a"}]}`)
			},
			func(err error) bool { return errors.Is(err, ErrReply) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			p, id := paired(t, s, ES256)
			s.meddling(func(w http.ResponseWriter, _ *http.Request) bool { c.reply(w); return true })
			if got, err := p.Pending(within(t), id, 0); !c.check(err) || got != nil {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

type spaces struct{}

func (spaces) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

func TestManyHandlersMayDriveOnePhone(t *testing.T) {
	s := newServer(t)
	p, id := paired(t, s, ES256)
	var all sync.WaitGroup
	for i := range 10 {
		s.ask(fmt.Sprintf("sign-in-%d", i), "47")
	}
	requests, err := p.Pending(within(t), id, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range requests {
		all.Go(func() {
			if _, err := p.Approve(within(t), id, r, "47"); err != nil {
				t.Error(err)
			}
			p.Accounts()
			if err := p.SetPush(within(t), id, nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestARequestIsShownInTheOrderOfReadingWithNothingLeftOut(t *testing.T) {
	r := Request{Display: `{"time":"2026-11-01T10:00:00Z","zeta":"new","application":"Northwind\u202e\u001b[2J","reference":"","user":"ana@example.com","alpha":""}`}
	got, err := r.Show()
	if err != nil {
		t.Fatal(err)
	}
	want := []Line{
		{"Application", "Northwind\ufffd\ufffd[2J"}, {"Account", "ana@example.com"}, {"Time", "2026-11-01T10:00:00Z"},
		{"alpha", ""}, {"zeta", "new"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if _, err := (Request{Display: `{"application":{"name":"x"}}`}).Show(); !errors.Is(err, ErrReply) {
		t.Errorf("a display that is not all text: got %v, want ErrReply", err)
	}
}
