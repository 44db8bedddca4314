package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTheWaitingScreenLivesThroughWhatABrowserDoes(t *testing.T) {
	node := needBrowser(t)
	s := startServer(t, "sqlite:"+filepath.Join(t.TempDir(), "c.db"))
	key := strings.TrimSpace(verb(t, "app", "create", "books", s.keys, s.db, "--return-url", "http://localhost:9/signed-in"))
	inBrowser(t, node, "waiting.test.mjs", 2*time.Minute, "SERVER="+s.url, "KEY="+key)
}
