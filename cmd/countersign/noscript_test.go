package main

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/mail/mailtest"
)

func TestASignInWithoutScriptInABrowser(t *testing.T) {
	node := needBrowser(t)
	post, flags := mailOf(t, mailtest.Options{})
	s := startServer(t, "sqlite:"+filepath.Join(t.TempDir(), "c.db"), flags...)
	const back = "http://localhost:9/signed-in"
	key := strings.TrimSpace(verb(t, "app", "create", "books", s.keys, s.db, "--return-url", back))
	trusting := strings.TrimSpace(verb(t, "app", "create", "library", s.keys, s.db, "--return-url", back))
	verb(t, "policy", "set", "books", "recovery_paths=totp,recovery_code,email,questions", s.keys, s.db)
	verb(t, "policy", "set", "library", "trusted_browser_days=30", s.keys, s.db)
	inBrowser(t, node, "noscript.test.mjs", 6*time.Minute, "SERVER="+s.url, "KEY="+key, "BACK="+back, "TRUSTING="+trusting, "MAIL="+post.Reader(t))
}

// diary is what a server has logged.
type diary struct {
	mu   sync.Mutex
	text strings.Builder
}

func (d *diary) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.Write(p)
}

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.String()
}

func TestALinkOfTheHelpDeskLetsABrowserInOnceAndIsInNoLog(t *testing.T) {
	address, log := freeAddress(t), &diary{}
	s := &serving{t: t, url: "http://" + address, keys: keysFile(t), db: "--db=sqlite:" + filepath.Join(t.TempDir(), "c.db"), publicURL: "--public-url=http://" + address}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--listen", address, "--log-level", "debug", s.keys, s.db, s.publicURL}, io.Discard, log)
	}()
	s.eventually("the server is ready", func() bool {
		return run(t.Context(), []string{"health", "--url", s.url + "/readyz"}, io.Discard, io.Discard) == nil
	})
	link := strings.TrimSpace(verb(t, "person", "set-up", "ana@example.com", "--without-script", "--reason", "first phone", s.keys, s.db, s.publicURL))
	first, second := opens(t, link), opens(t, link)
	if !strings.Contains(first, "Add your phone") || !strings.Contains(second, "This link lets nobody in any more") {
		t.Errorf("the first is shown\n%s\nand the second\n%s", first, second)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	entry := link[strings.LastIndex(link, "/")+1:]
	if text := log.String(); !strings.Contains(text, "serving") || strings.Contains(text, entry) {
		t.Errorf("the log is\n%s", text)
	}
}

// opens is what a browser of its own shows of a link.
func opens(t *testing.T, link string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := (&http.Client{Jar: jar}).Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
