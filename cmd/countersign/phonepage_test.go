package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The server is reached as localhost, not by its number: a screen lock
// (WebAuthn) needs a name.
func TestThePhonePageInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("one story waits out an approval's shortest life, 30 s")
	}
	node := needBrowser(t)
	server, key := servePhones(t)
	inBrowser(t, node, "phone.test.mjs", 10*time.Minute, "SERVER="+server, "KEY="+key)
}

// servePhones runs a server with Web Push until the test ends, and returns its
// address and the key of an application.
func servePhones(t *testing.T) (server, key string) {
	t.Helper()
	keys, db := keysFile(t), "--db=sqlite:"+filepath.Join(t.TempDir(), "c.db")
	vapid := filepath.Join(t.TempDir(), "vapid.key")
	verb(t, "keys", "vapid", vapid)
	key = strings.TrimSpace(verb(t, "app", "create", "northwind", keys, db, "--title", "Northwind Books"))

	address := freeAddress(t)
	server = "http://localhost" + address[strings.LastIndex(address, ":"):]
	(&serving{t: t}).serve(address, keys, db, "--public-url", server, "--server-name", "Example Ltd",
		"--vapid-key-file", vapid, "--vapid-subject", "mailto:admin@example.com")
	return server, key
}
