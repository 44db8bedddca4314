package northwind

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// asksWith is what the application sent with its latest request.
func (p *protocol) asksWith(member string) any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[len(p.asked)-1][member]
}

// trustedCookies are what the response leaves with the browser, without the
// session.
func trustedCookies(res *http.Response) (all []*http.Cookie) {
	for _, c := range res.Cookies() {
		if strings.Contains(c.Name, "-trusted-") {
			all = append(all, c)
		}
	}
	return all
}

func TestABrowserThatItsPersonTrustsSendsItsTokenWithTheNextSignIn(t *testing.T) {
	p := newProtocol(t)
	p.trusting("token-1", time.Now().Add(30*24*time.Hour))
	b := newBrowser(t, p)
	b.signIn(ana, "sunflower")
	if got := p.asksWith("trusted_browser"); got != nil {
		t.Errorf("a browser that nobody trusts sends %v", got)
	}
	b.open(back)
	res, err := b.PostForm(b.app+"/sign-out", nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	b.signIn(ana, "sunflower")
	if got := p.asksWith("trusted_browser"); got != "token-1" {
		t.Errorf("sent %v", got)
	}
	b.signIn("ben@example.com", "lavender")
	if got := p.asksWith("trusted_browser"); got != nil {
		t.Errorf("for somebody else it sends %v", got)
	}
}

func TestTheTokenIsKeptAsTheSessionIsAndAsLongAsTrust(t *testing.T) {
	p := newProtocol(t)
	ends := time.Now().Add(30 * 24 * time.Hour).UTC().Truncate(time.Second)
	p.trusting("token-1", ends)
	b := newBrowser(t, p)
	b.signIn(ana, "sunflower")
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, _ := b.open(back)
	kept := trustedCookies(res)
	if len(kept) != 1 || kept[0].Value != "token-1" || !kept[0].Expires.Equal(ends) || !kept[0].HttpOnly ||
		kept[0].SameSite != http.SameSiteLaxMode || kept[0].Path != "/" || kept[0].Domain != "" {
		t.Errorf("kept %+v", kept)
	}
	secure := (&app{sessions: newSessions(true)}).trustName(ana)
	if !strings.HasPrefix(secure, "__Host-") || strings.Contains(secure, ana) {
		t.Errorf("the cookie is called %q", secure)
	}
}

func TestNoTokenIsKeptOfAResultThatDoesNotFit(t *testing.T) {
	p := newProtocol(t)
	p.claims["sub"] = "ben@example.com"
	p.trusting("token-1", time.Now().Add(time.Hour))
	b := newBrowser(t, p)
	b.signIn(ana, "sunflower")
	if res, _ := b.open(back); len(trustedCookies(res)) != 0 {
		t.Errorf("kept %v", trustedCookies(res))
	}
}

func TestTheServerIsToldTheRole(t *testing.T) {
	p := newProtocol(t)
	b := newBrowser(t, p)
	for user, c := range map[string]struct {
		password string
		role     any
	}{ana: {"sunflower", "owner"}, "ben@example.com": {"lavender", nil}} {
		b.signIn(user, c.password)
		if got := p.asksWith("role"); got != c.role {
			t.Errorf("%s is %v, want %v", user, got, c.role)
		}
	}
}
