package northwind

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

func begin(s *sessions, fresh session) *http.Request {
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	s.start(w, r, fresh)
	next := httptest.NewRequest("GET", "/", nil)
	for _, c := range w.Result().Cookies() {
		next.AddCookie(c)
	}
	return next
}

func TestSessionsEndWithTheirTime(t *testing.T) {
	for name, c := range map[string]struct {
		session session
		life    time.Duration
	}{
		"begun":     {session{begun: begun{user: ana, approval: "approval-1"}}, begunFor},
		"signed in": {session{user: ana}, signedInFor},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSessions(false)
				r := begin(s, c.session)
				time.Sleep(c.life - time.Second)
				if got := s.of(r); got.user != c.session.user || got.begun != c.session.begun {
					t.Errorf("a second early: got %+v", got)
				}
				time.Sleep(2 * time.Second)
				if got := s.of(r); got != (session{}) {
					t.Errorf("a second late: got %+v", got)
				}
			})
		})
	}
}

func TestSessionsStayWithinTheirNumberAndTheOldestGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSessions(false)
		first := begin(s, session{user: "first"})
		time.Sleep(time.Second)
		second := begin(s, session{user: "second"})
		time.Sleep(time.Second)
		for range maxSessions {
			begin(s, session{user: "more"})
			if len(s.all) == maxSessions && s.of(first).user == "" {
				break
			}
		}
		if len(s.all) != maxSessions || s.of(first).user != "" || s.of(second).user != "second" {
			t.Errorf("got %d sessions, first %q, second %q", len(s.all), s.of(first).user, s.of(second).user)
		}
	})
}

func TestSessionsThatAreOverMakeRoomFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSessions(false)
		for range maxSessions {
			begin(s, session{begun: begun{user: ana, approval: "approval-1"}})
		}
		time.Sleep(begunFor + time.Second)
		begin(s, session{user: ana})
		if len(s.all) != 1 {
			t.Errorf("got %d sessions, want one", len(s.all))
		}
	})
}

func TestSessionThatBeginsEndsTheOneBeforeIt(t *testing.T) {
	s := newSessions(false)
	before := begin(s, session{user: ana})
	s.start(httptest.NewRecorder(), before, session{user: ana})
	if got := s.of(before); got != (session{}) {
		t.Errorf("got %+v under the old secret", got)
	}
}

func TestCookieIsForThisHostAloneAndNoScript(t *testing.T) {
	w := httptest.NewRecorder()
	newSessions(true).start(w, httptest.NewRequest("GET", "/", nil), session{user: ana})
	c := w.Result().Cookies()[0]
	if c.Name != "__Host-northwind" || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || len(c.Value) < 26 {
		t.Errorf("got %+v", c)
	}
}

func TestUnknownCookieIsNoSession(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.AddCookie(&http.Cookie{Name: "northwind", Value: "guess"})
	if got := newSessions(false).of(r); got != (session{}) {
		t.Errorf("got %+v", got)
	}
}
