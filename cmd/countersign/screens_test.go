package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTheScreensInABrowser(t *testing.T) {
	node := needBrowser(t)
	s := startServer(t, "sqlite:"+filepath.Join(t.TempDir(), "c.db"))
	key := strings.TrimSpace(verb(t, "app", "create", "books", s.keys, s.db, "--return-url", "http://localhost:9/signed-in"))
	verb(t, "policy", "set", "books", "optional_roles=member", "trusted_browser_days=30", s.keys, s.db)
	inBrowser(t, node, "screens.test.mjs", 3*time.Minute, "SERVER="+s.url, "KEY="+key)
}
