package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/mail/mailtest"
)

func TestTheWaysToANewPhoneInABrowser(t *testing.T) {
	node := needBrowser(t)
	post, flags := mailOf(t, mailtest.Options{})
	s := startServer(t, "sqlite:"+filepath.Join(t.TempDir(), "c.db"), flags...)
	const back = "http://localhost:9/signed-in"
	key := strings.TrimSpace(verb(t, "app", "create", "books", s.keys, s.db, "--return-url", back))
	verb(t, "policy", "set", "books", "recovery_paths=totp,recovery_code,email,questions", s.keys, s.db)
	inBrowser(t, node, "recovery.test.mjs", 4*time.Minute, "SERVER="+s.url, "KEY="+key, "BACK="+back, "MAIL="+post.Reader(t))
}
