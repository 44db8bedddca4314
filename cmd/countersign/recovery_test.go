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

func TestTheWaysToANewPhoneInABrowser(t *testing.T) {
	node := needBrowser(t)
	post := mailtest.Start(t, mailtest.Options{Plain: true})
	s := startServer(t, "sqlite:"+filepath.Join(t.TempDir(), "c.db"),
		"--smtp=smtp://"+post.Address, "--smtp-from=countersign@example.com", "--smtp-insecure")
	const back = "http://localhost:9/signed-in"
	key := strings.TrimSpace(verb(t, "app", "create", "books", s.keys, s.db, "--return-url", back))
	verb(t, "policy", "set", "books", "recovery_paths=totp,recovery_code,email,questions", s.keys, s.db)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "--test", "recovery.test.mjs")
	cmd.Dir = "../../browsertest"
	cmd.Env = append(os.Environ(), "SERVER="+s.url, "KEY="+key, "BACK="+back, "MAIL="+post.Reader(t))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
