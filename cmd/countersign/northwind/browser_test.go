package northwind

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// browser keeps cookies and follows redirects within the application only.
type browser struct {
	t *testing.T
	*http.Client
	app string
}

func newBrowser(t *testing.T, p *protocol) *browser {
	t.Helper()
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	handler, err := New(Config{CountersignURL: p.URL + "/", APIKey: apiKey, PublicURL: server.URL, HTTPClient: p.Client(),
		People: map[string]Person{ana: {Password: "sunflower", Role: "owner"}, "ben@example.com": {Password: "lavender"}}})
	if err != nil {
		t.Fatal(err)
	}
	return visit(t, server.URL)
}

// visit is a browser without cookies.
func visit(t *testing.T, app string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), app) {
			return http.ErrUseLastResponse
		}
		return nil
	}}, app}
}

func (b *browser) open(path string) (*http.Response, string) {
	b.t.Helper()
	res, err := b.Get(b.app + path)
	if err != nil {
		b.t.Fatal(err)
	}
	return res, text(b.t, res)
}

func (b *browser) signIn(name, password string) (*http.Response, string) {
	b.t.Helper()
	res, err := b.PostForm(b.app+"/sign-in", url.Values{"name": {name}, "password": {password}})
	if err != nil {
		b.t.Fatal(err)
	}
	return res, text(b.t, res)
}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
