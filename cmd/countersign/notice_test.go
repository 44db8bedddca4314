package main

import (
	"context"
	"os"
	"os/exec"
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
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "--test", "notice.test.mjs")
	cmd.Dir = "../../browsertest"
	cmd.Env = append(os.Environ(), "SERVER="+s.url, "KEY="+key, "MAIL="+post.Reader(t))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
