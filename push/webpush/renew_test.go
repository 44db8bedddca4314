package webpush_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"countersign/mobile-stub/gateway"
	"countersign/push"
	"countersign/push/pushtest"
	"countersign/push/webpush"
)

func TestAnotherKeyInTheFileNeedsNoRestart(t *testing.T) {
	g, _ := start(t, gateway.Options{})
	first, err1 := webpush.GenerateKey()
	second, err2 := webpush.GenerateKey()
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	c := config(t, g)
	c.Key, c.KeyFile = webpush.Key{}, filepath.Join(t.TempDir(), "vapid.key")
	write := func(k webpush.Key) {
		t.Helper()
		if err := os.WriteFile(c.KeyFile, []byte(k.Secret()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(first)
	s := newSender(t, c)
	target := newBrowser(t, g.Endpoint("phone")).target
	write(second)
	g.Answer("phone", gateway.Rule{Status: 403, Times: 1})
	if err := s.Send(t.Context(), target, wakeUp()); !errors.Is(err, push.ErrCredential) {
		t.Fatalf("got %v, want ErrCredential", err)
	}
	pushtest.Eventually(t, func() error {
		if s.PublicKey() != second.Public() {
			return errors.New("the public key is the first one's")
		}
		return s.Send(t.Context(), target, wakeUp())
	})
}

func TestAKeyComesFromOnePlace(t *testing.T) {
	g, _ := start(t, gateway.Options{})
	c := config(t, g)
	c.KeyFile = "vapid.key"
	if _, err := webpush.New(c); err == nil {
		t.Error("a key and a key file were taken together")
	}
}

func TestEachAllowedHostIsAPartOfItsOwn(t *testing.T) {
	g, s := start(t, gateway.Options{})
	host := g.WebPush[len("https://"):]
	for endpoint, want := range map[string]string{
		g.Endpoint("phone"):                    host,
		"https://fcm.googleapis.com/x":         "fcm.googleapis.com",
		"https://FCM.googleapis.com:443/x":     "fcm.googleapis.com",
		"https://am3p.notify.windows.com/w/?x": "*.notify.windows.com",
		"https://nobody.example/x":             "",
	} {
		if got := s.Part(push.Target{Service: push.WebPush, Endpoint: endpoint}); got != want {
			t.Errorf("%s is part %q, want %q", endpoint, got, want)
		}
	}
	known := map[string]bool{}
	for _, part := range s.Parts() {
		known[part] = true
	}
	for _, want := range append(webpush.KnownHosts(), host) {
		if !known[want] {
			t.Errorf("%s is no part", want)
		}
	}
}

func TestReachSaysWhyAHostCannotBeAsked(t *testing.T) {
	g, s := start(t, gateway.Options{})
	host := g.WebPush[len("https://"):]
	if err := s.Reach(t.Context(), host); err != nil {
		t.Errorf("a host that answers: %v", err)
	}
	if err := s.Reach(t.Context(), "nobody.example"); !errors.Is(err, push.ErrBadTarget) {
		t.Errorf("a host that is not allowed: got %v, want ErrBadTarget", err)
	}
	c := config(t, g)
	c.AllowNetworks = nil
	if err := newSender(t, c).Reach(t.Context(), host); !errors.Is(err, push.ErrBadTarget) {
		t.Errorf("an address that is not public: got %v, want ErrBadTarget", err)
	}
	c = config(t, g)
	c.RootCAs = nil
	if err := newSender(t, c).Reach(t.Context(), host); !errors.Is(err, push.ErrUnavailable) {
		t.Errorf("a certificate of nobody: got %v, want ErrUnavailable", err)
	}
}
