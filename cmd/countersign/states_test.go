package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestEveryStateOfTheWaitingScreenInABrowser(t *testing.T) {
	node := needBrowser(t)
	s := startServer(t, "sqlite:"+filepath.Join(t.TempDir(), "c.db"))
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "--test", "states.test.mjs")
	cmd.Dir = "../../browsertest"
	cmd.Env = append(os.Environ(), "SERVER="+s.url)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
