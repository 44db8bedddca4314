package northwind

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"
)

// A browser that its person trusts holds a token of Countersign's in a cookie of
// its own, apart from the session: that ends when somebody signs out, trust does
// not. Several people may trust one browser, so each has a cookie.

// trustedBrowser comes with a redeemed result when the person has trusted the
// browser, this once.
type trustedBrowser struct {
	Token  string    `json:"token"`
	EndsAt time.Time `json:"ends_at"`
}

// trusted is the token that the browser holds for a person; empty for none. It
// is sent along whether good or not: that is for the server to say.
func (a *app) trusted(r *http.Request, user string) string {
	cookie, err := r.Cookie(a.trustName(user))
	if err != nil {
		return ""
	}
	return first(cookie.Value, 128)
}

func (a *app) trustName(user string) string {
	sum := sha256.Sum256([]byte(user))
	return a.sessions.name() + "-trusted-" + hex.EncodeToString(sum[:8])
}

// keepTrust leaves the token with the browser until its end.
func (a *app) keepTrust(w http.ResponseWriter, user string, t *trustedBrowser) {
	if t == nil {
		return
	}
	cookie := a.sessions.cookie(t.Token, 0)
	cookie.Name, cookie.Expires = a.trustName(user), t.EndsAt
	http.SetCookie(w, cookie)
}

// dropTrust takes the token back from this browser.
func (a *app) dropTrust(w http.ResponseWriter, user string) {
	cookie := a.sessions.cookie("", -1)
	cookie.Name = a.trustName(user)
	http.SetCookie(w, cookie)
}
