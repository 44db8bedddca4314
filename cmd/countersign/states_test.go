package main

import (
	"path/filepath"
	"testing"
	"time"
)

func TestEveryStateOfTheWaitingScreenInABrowser(t *testing.T) {
	node := needBrowser(t)
	s := startServer(t, "sqlite:"+filepath.Join(t.TempDir(), "c.db"))
	inBrowser(t, node, "states.test.mjs", 6*time.Minute, "SERVER="+s.url)
}
