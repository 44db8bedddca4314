package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
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
	node, err := exec.LookPath("node")
	if err != nil || !exists("../../browsertest/node_modules/playwright-core") {
		if realParts() {
			t.Fatal("node or browsertest/node_modules is missing; make test installs them")
		}
		t.Skip("node or browsertest/node_modules is missing; make test installs them")
	}
	server, key := servePhones(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "--test", "phone.test.mjs")
	cmd.Dir = "../../browsertest"
	cmd.Env = append(os.Environ(), "SERVER="+server, "KEY="+key)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// servePhones runs a server with Web Push until the test ends, and returns its
// address and the key of an application.
func servePhones(t *testing.T) (server, key string) {
	t.Helper()
	keys, db := keysFile(t), "--db=sqlite:"+filepath.Join(t.TempDir(), "c.db")
	vapid := filepath.Join(t.TempDir(), "vapid.key")
	verb(t, "keys", "vapid", vapid)
	key = strings.TrimSpace(verb(t, "app", "create", "northwind", keys, db, "--title", "Northwind Books"))

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	server = "http://localhost" + address[strings.LastIndex(address, ":"):]
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{
			"serve", keys, db, "--listen", address, "--public-url", server, "--server-name", "Example Ltd",
			"--vapid-key-file", vapid, "--vapid-subject", "mailto:admin@example.com",
		}, io.Discard, io.Discard)
	}()
	t.Cleanup(func() {
		stop()
		if err := within(10*time.Second, done); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	awaitReady(t, ctx, "http://"+address+"/readyz")
	return server, key
}

func within(patience time.Duration, done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		return errors.New("nothing: it goes on")
	}
}

func awaitReady(t *testing.T, ctx context.Context, url string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := run(ctx, []string{"health", "--url", url}, io.Discard, io.Discard)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server is not ready: %v", err)
		}
		select {
		case <-ctx.Done():
			t.Fatal(ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
