package fcm_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"countersign/mobile-stub/gateway"
	"countersign/push"
	"countersign/push/fcm"
	"countersign/push/pushtest"
)

func TestAKeyFileThatIsPutRightNeedsNoRestart(t *testing.T) {
	dir := t.TempDir()
	g, err := gateway.Start(gateway.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	other, err := gateway.Start(gateway.Options{})
	if err != nil {
		t.Fatal(err)
	}
	other.Close() // its account alone is wanted

	c := config(g, dir)
	c.ServiceAccountFile = filepath.Join(t.TempDir(), "account.json")
	c.TokenURL = g.TokenURL
	write := func(text []byte) {
		t.Helper()
		if err := os.WriteFile(c.ServiceAccountFile, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(other.Credentials.ServiceAccount)
	s, err := fcm.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if err := s.Send(t.Context(), phone, wakeUp()); !errors.Is(err, push.ErrCredential) {
		t.Fatalf("a stranger's key: got %v, want ErrCredential", err)
	}
	write(g.Credentials.ServiceAccount)
	pushtest.Eventually(t, func() error { return s.Send(t.Context(), phone, wakeUp()) })
}
