package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestASignInWithoutScriptInABrowser(t *testing.T) {
	node := needBrowser(t)
	s := startServer(t, "sqlite:"+filepath.Join(t.TempDir(), "c.db"))
	const back = "http://localhost:9/signed-in"
	key := strings.TrimSpace(verb(t, "app", "create", "books", s.keys, s.db, "--return-url", back))
	trusting := strings.TrimSpace(verb(t, "app", "create", "library", s.keys, s.db, "--return-url", back))
	verb(t, "policy", "set", "library", "trusted_browser_days=30", s.keys, s.db)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "--test", "noscript.test.mjs")
	cmd.Dir = "../../browsertest"
	cmd.Env = append(os.Environ(), "SERVER="+s.url, "KEY="+key, "BACK="+back, "TRUSTING="+trusting)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
