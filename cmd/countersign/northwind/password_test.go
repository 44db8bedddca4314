package northwind

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// changes posts the form for a new password.
func (b *browser) changes(current, fresh string) (*http.Response, string) {
	b.t.Helper()
	res, err := b.PostForm(b.app+"/password", url.Values{"current": {current}, "new": {fresh}})
	if err != nil {
		b.t.Fatal(err)
	}
	return res, text(b.t, res)
}

func TestANewPasswordEndsTrustAndEveryOtherSession(t *testing.T) {
	p := newProtocol(t)
	p.trusting("token-1", time.Now().Add(time.Hour))
	b := newBrowser(t, p)
	b.signIn(ana, "sunflower")
	b.open(back)
	other := visit(t, b.app)
	other.signIn(ana, "sunflower")
	other.open(back)
	if _, page := b.changes("sunflower", "marigolds in May"); !strings.Contains(page, "You are signed in") {
		t.Errorf("got %s", page)
	}
	if len(p.ended) != 1 || p.ended[0] != ana {
		t.Errorf("trust was ended of %v", p.ended)
	}
	other.stranger()
	if res, _ := other.signIn(ana, "sunflower"); res.StatusCode != 401 {
		t.Errorf("the old password: got %d", res.StatusCode)
	}
	b.signIn(ana, "marigolds in May")
	if got := p.asksWith("trusted_browser"); got != nil {
		t.Errorf("the browser still sends %v", got)
	}
}

func TestAPasswordStaysWhereItMayNotBeChanged(t *testing.T) {
	for name, c := range map[string]struct {
		current, fresh string
		prepare        func(p *protocol)
		status         int
	}{
		"wrong current password": {"lavender", "marigolds in May", nil, 403},
		"too short":              {"sunflower", "7 chars", nil, 422},
		"too long":               {"sunflower", strings.Repeat("x", 257), nil, 422},
		"no server":              {"sunflower", "marigolds in May", func(p *protocol) { p.Close() }, 503},
		"server that fails":      {"sunflower", "marigolds in May", func(p *protocol) { p.end = problem("internal", 500) }, 503},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProtocol(t)
			b := newBrowser(t, p)
			b.signIn(ana, "sunflower")
			b.open(back)
			if c.prepare != nil {
				c.prepare(p)
			}
			res, page := b.changes(c.current, c.fresh)
			if res.StatusCode != c.status || !strings.Contains(page, `role="alert"`) {
				t.Errorf("got %d", res.StatusCode)
			}
			if res, _ := b.changes("sunflower", "7 chars"); res.StatusCode != 422 {
				t.Errorf("the old password is not right any more: got %d", res.StatusCode)
			}
		})
	}
}

func TestSomebodyWhomTheServerDoesNotKnowMayChangeTheirPassword(t *testing.T) {
	p := newProtocol(t)
	p.end = problem("person-not-found", 404)
	b := newBrowser(t, p)
	b.signIn(ana, "sunflower")
	b.open(back)
	if res, page := b.changes("sunflower", "marigolds in May"); res.StatusCode != 200 || !strings.Contains(page, "You are signed in") {
		t.Errorf("got %d", res.StatusCode)
	}
}

func TestAStrangerChangesNoPassword(t *testing.T) {
	p := newProtocol(t)
	b := newBrowser(t, p)
	b.signIn(ana, "sunflower") // the password alone
	if _, page := b.changes("sunflower", "marigolds in May"); !strings.Contains(page, `action="/sign-in"`) {
		t.Errorf("got %s", page)
	}
	if _, page := b.open("/password"); strings.Contains(page, `action="/password"`) {
		t.Error("the form is shown")
	}
	if res, _ := b.signIn(ana, "sunflower"); res.StatusCode != 303 || len(p.ended) != 0 {
		t.Errorf("got %d, trust ended of %v", res.StatusCode, p.ended)
	}
}
