package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/mail/mailtest"
)

func TestMySignInSecurityInABrowser(t *testing.T) {
	node := needBrowser(t)
	post, flags := mailOf(t, mailtest.Options{})
	s := startServer(t, "sqlite:"+filepath.Join(t.TempDir(), "c.db"), flags...)
	key := strings.TrimSpace(verb(t, "app", "create", "books", s.keys, s.db, "--return-url", "http://localhost:9/signed-in"))
	verb(t, "policy", "set", "books", "trusted_browser_days=30", "push_limit=30",
		"recovery_paths=totp,recovery_code,email,questions", s.keys, s.db)
	inBrowser(t, node, "security.test.mjs", 5*time.Minute, "SERVER="+s.url, "KEY="+key, "MAIL="+post.Reader(t))
}
