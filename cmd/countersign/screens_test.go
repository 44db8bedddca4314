package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestTheScreensInABrowser(t *testing.T) {
	node := needBrowser(t)
	s := startServer(t, "sqlite:"+filepath.Join(t.TempDir(), "c.db"))
	verb(t, "policy", "set", "shop", "optional_roles=member", s.keys, s.db)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "--test", "screens.test.mjs")
	cmd.Dir = "../../browsertest"
	cmd.Env = append(os.Environ(), "SERVER="+s.url, "KEY="+s.key)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
