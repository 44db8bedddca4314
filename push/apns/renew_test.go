package apns_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"countersign/mobile-stub/gateway"
	"countersign/push"
	"countersign/push/pushtest"
)

func TestAKeyFileThatIsPutRightNeedsNoRestart(t *testing.T) {
	g, _ := start(t, gateway.Options{})
	other, err := gateway.Start(gateway.Options{})
	if err != nil {
		t.Fatal(err)
	}
	other.Close() // its key alone is wanted
	renewed(t, g, "key.p8", other.Credentials.APNsKey, g.Credentials.APNsKey)
}

func TestACertificateThatIsPutRightNeedsNoRestart(t *testing.T) {
	g, _ := start(t, gateway.Options{})
	other, err := gateway.Start(gateway.Options{})
	if err != nil {
		t.Fatal(err)
	}
	other.Close()
	renewed(t, g, "certificate.pem", other.Credentials.APNsCertificate, g.Credentials.APNsCertificate)
}

// renewed pushes with a stranger's credential and then with the right one, in a
// file of the same name.
func renewed(t *testing.T, g *gateway.Gateway, name string, strangers, right []byte) {
	t.Helper()
	c := byKey(g, "")
	file := filepath.Join(t.TempDir(), name)
	if c.KeyFile = file; filepath.Ext(name) == ".pem" {
		c.KeyFile, c.CertificateFile = "", file
	}
	write := func(text []byte) {
		t.Helper()
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(strangers)
	s := newSender(t, c)
	if err := s.Send(t.Context(), phone, wakeUp()); !errors.Is(err, push.ErrCredential) {
		t.Fatalf("a stranger's credential: got %v, want ErrCredential", err)
	}
	write(right)
	pushtest.Eventually(t, func() error { return s.Send(t.Context(), phone, wakeUp()) })
}
