package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/mail/mailtest"
)

func TestWhatPeopleAreToldInABrowser(t *testing.T) {
	node := needBrowser(t)
	post, flags := mailOf(t, mailtest.Options{Auth: true})
	s := startServer(t, "sqlite:"+filepath.Join(t.TempDir(), "c.db"), flags...)
	key := strings.TrimSpace(verb(t, "app", "create", "books", s.keys, s.db, "--return-url", "http://localhost:9/signed-in"))
	inBrowser(t, node, "notice.test.mjs", 4*time.Minute, "SERVER="+s.url, "KEY="+key, "MAIL="+post.Reader(t))
}
