package northwind

import (
	"crypto/rand"
	"crypto/sha256"
	"maps"
	"net/http"
	"sync"
	"time"
)

const (
	maxSessions = 10_000
	signedInFor = 8 * time.Hour
	begunFor    = 10 * time.Minute
)

// session is one browser's. user is empty until both factors are proved.
type session struct {
	user    string
	method  string // the second factor's
	begun   begun
	due     time.Time // when a second factor will be required; zero for never
	expires time.Time
}

// begun is a sign-in of which the password was right. due is as in session.
type begun struct {
	user, approval string
	due            time.Time
}

// User and Method are for the page.
func (s session) User() string { return s.user }

// Method says how the person proved to be there.
func (s session) Method() string {
	switch s.method {
	case "push":
		return "approved on your phone"
	case "totp":
		return "with a code"
	case "recovery_code":
		return "with a recovery code"
	case "trusted_browser":
		return "in a browser that you trust"
	}
	return ""
}

// Due is the day from which this person needs a second factor; empty for none.
func (s session) Due() string {
	if s.method != "not_required" || s.due.IsZero() {
		return ""
	}
	return s.due.Format("2 January 2006")
}

// sessions keeps them in memory, under the hash of the cookie's secret.
type sessions struct {
	secure bool
	mu     sync.Mutex
	all    map[[sha256.Size]byte]session
}

func newSessions(secure bool) *sessions {
	return &sessions{secure: secure, all: make(map[[sha256.Size]byte]session)}
}

// of is the session of a request; the zero session if it has none.
func (s *sessions) of(r *http.Request) session {
	cookie, err := r.Cookie(s.name())
	if err != nil {
		return session{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.all[sha256.Sum256([]byte(cookie.Value))]
	if time.Now().After(found.expires) {
		return session{}
	}
	return found
}

// start begins a session under a new secret. The old one ends, so that a cookie
// planted before signing in is worth nothing after it.
func (s *sessions) start(w http.ResponseWriter, r *http.Request, fresh session) {
	fresh.expires = time.Now().Add(begunFor)
	if fresh.user != "" {
		fresh.expires = time.Now().Add(signedInFor)
	}
	secret := rand.Text()
	s.mu.Lock()
	s.drop(r)
	s.makeRoom()
	s.all[sha256.Sum256([]byte(secret))] = fresh
	s.mu.Unlock()
	http.SetCookie(w, s.cookie(secret, 0))
}

func (s *sessions) end(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.drop(r)
	s.mu.Unlock()
	http.SetCookie(w, s.cookie("", -1))
}

// endAll ends every session of a person.
func (s *sessions) endAll(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.all, func(_ [sha256.Size]byte, one session) bool { return one.user == user || one.begun.user == user })
}

func (s *sessions) drop(r *http.Request) {
	if cookie, err := r.Cookie(s.name()); err == nil {
		delete(s.all, sha256.Sum256([]byte(cookie.Value)))
	}
}

// makeRoom forgets what is over and, if that is not enough, what ends first.
func (s *sessions) makeRoom() {
	if len(s.all) < maxSessions {
		return
	}
	var oldest [sha256.Size]byte
	first := time.Now().Add(signedInFor)
	for id, one := range s.all {
		if time.Now().After(one.expires) {
			delete(s.all, id)
		} else if !one.expires.After(first) {
			oldest, first = id, one.expires
		}
	}
	if len(s.all) >= maxSessions {
		delete(s.all, oldest)
	}
}

// cookie is sent along when the waiting screen sends the browser back (Lax), but
// not with another site's forms.
func (s *sessions) cookie(secret string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: s.name(), Value: secret, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	}
}

// name with the prefix that no other host of the domain can set.
func (s *sessions) name() string {
	if s.secure {
		return "__Host-northwind"
	}
	return "northwind"
}
