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

func TestMySignInSecurityInABrowser(t *testing.T) {
	node := needBrowser(t)
	post := mailtest.Start(t, mailtest.Options{Plain: true})
	s := startServer(t, "sqlite:"+filepath.Join(t.TempDir(), "c.db"),
		"--smtp=smtp://"+post.Address, "--smtp-from=countersign@example.com", "--smtp-insecure")
	key := strings.TrimSpace(verb(t, "app", "create", "books", s.keys, s.db, "--return-url", "http://localhost:9/signed-in"))
	verb(t, "policy", "set", "books", "trusted_browser_days=30", "push_limit=30",
		"recovery_paths=totp,recovery_code,email,questions", s.keys, s.db)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "--test", "security.test.mjs")
	cmd.Dir = "../../browsertest"
	cmd.Env = append(os.Environ(), "SERVER="+s.url, "KEY="+key, "MAIL="+post.Reader(t))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
