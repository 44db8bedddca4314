package gateway

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
)

const tokenPath = "/token"

// grant is RFC 7523's.
const grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"

const (
	longestAssertion = time.Hour       // Google's limit
	clockSkew        = 5 * time.Minute // that Google forgives
)

var messagingScopes = []string{
	"https://www.googleapis.com/auth/firebase.messaging",
	"https://www.googleapis.com/auth/cloud-platform",
}

// accessTokens are those that were given out, with their ends.
type accessTokens struct {
	mu   sync.Mutex
	ends map[string]time.Time
}

func newAccessTokens() *accessTokens { return &accessTokens{ends: make(map[string]time.Time)} }

// maxAccessTokens bounds them; the oldest are of no more use by then.
const maxAccessTokens = 10_000

func (a *accessTokens) issue(now time.Time, life time.Duration) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.ends) >= maxAccessTokens {
		clear(a.ends)
	}
	token := "ya29." + rand.Text()
	a.ends[token] = now.Add(life)
	return token
}

func (a *accessTokens) valid(token string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return now.Before(a.ends[token])
}

// RevokeTokens makes FCM refuse every access token given out so far.
func (g *Gateway) RevokeTokens() {
	g.access.mu.Lock()
	defer g.access.mu.Unlock()
	clear(g.access.ends)
}

// token is Google's OAuth token endpoint for service accounts.
func (g *Gateway) token(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, reason string) {
		writeJSON(w, status, map[string]string{"error": reason, "error_description": w.Header().Get("Gateway-Why")})
	}
	if reason, why := g.judgeAssertion(r); why != "" {
		g.refused(w, "token endpoint", why)
		refuse(http.StatusBadRequest, reason)
		return
	}
	if g.rules.obey(w, r, refuse, TokenServer) {
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"access_token": g.access.issue(g.options.Now(), g.options.TokenLife),
		"expires_in":   int(g.options.TokenLife / time.Second),
		"token_type":   "Bearer",
	})
}

// judgeAssertion gives OAuth's error code and what is wrong; nothing if nothing
// is.
func (g *Gateway) judgeAssertion(r *http.Request) (reason, why string) {
	if got := r.PostFormValue("grant_type"); got != grant {
		return "unsupported_grant_type", "grant_type must be " + grant
	}
	_, c, err := readJWT(r.PostFormValue("assertion"), g.identity.account.Public())
	if err != nil {
		return "invalid_grant", "assertion: " + err.Error()
	}
	now := g.options.Now()
	issued, expires := time.Unix(c.IssuedAt, 0), time.Unix(c.Expires, 0)
	switch {
	case c.Issuer != clientEmail:
		return "invalid_grant", "iss is not the account's client_email"
	case c.Audience != g.TokenURL:
		return "invalid_grant", "aud is not the token endpoint"
	case issued.After(now.Add(clockSkew)):
		return "invalid_grant", "iat lies in the future: check the clock"
	case now.After(expires.Add(clockSkew)):
		return "invalid_grant", "exp has passed: check the clock"
	case expires.Sub(issued) > longestAssertion:
		return "invalid_grant", "exp is more than an hour after iat"
	}
	for _, s := range strings.Fields(c.Scope) {
		for _, good := range messagingScopes {
			if s == good {
				return "", ""
			}
		}
	}
	return "invalid_scope", "scope does not allow messaging"
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) // a reader that is gone needs no answer
}
