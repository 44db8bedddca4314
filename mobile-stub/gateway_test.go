package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/mobile-stub/gateway"
	"countersign/mobile-stub/phone"
)

// startGateway is the gateway in this process, and the file that trusts it.
func startGateway(t *testing.T) (g *gateway.Gateway, ca string) {
	t.Helper()
	folder := t.TempDir()
	g, err := gateway.Start(gateway.Options{Dir: folder})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g, filepath.Join(folder, gateway.CAFile)
}

// signingKey reads the gateway's key for APNs as one that this phone signs with.
func signingKey(t *testing.T, pkcs8 []byte) *phone.Key {
	t.Helper()
	block, _ := pem.Decode(pkcs8)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	private := parsed.(*ecdsa.PrivateKey)
	point, err := private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	d, err := private.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString
	jwk, err := json.Marshal(map[string]string{"kty": "EC", "crv": "P-256", "x": text(point[1:33]), "y": text(point[33:]), "d": text(d)})
	if err != nil {
		t.Fatal(err)
	}
	var key phone.Key
	if err := json.Unmarshal(jwk, &key); err != nil {
		t.Fatal(err)
	}
	return &key
}

// wakeByAPNs sends a wake-up as a server would.
func wakeByAPNs(t *testing.T, g *gateway.Gateway, token, approval string) {
	t.Helper()
	bearer, err := phone.SignCompact(signingKey(t, g.Credentials.APNsKey),
		map[string]string{"alg": "ES256", "kid": g.Credentials.KeyID},
		map[string]any{"iss": g.Credentials.TeamID, "iat": time.Now().Unix()})
	if err != nil {
		t.Fatal(err)
	}
	body := `{"aps":{"alert":{"title":"Sign-in request"}},"approval_id":"` + approval + `"}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.APNs+"/3/device/"+token, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "bearer "+bearer)
	r.Header.Set("apns-topic", g.Credentials.Topic)
	r.Header.Set("apns-push-type", "alert")
	r.Header.Set("apns-expiration", "0")
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: g.CertPool()}, ForceAttemptHTTP2: true}}
	reply, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(reply.Body)
		t.Fatalf("%s %s: %s", reply.Status, text, reply.Header.Get("Gateway-Why"))
	}
}

func TestAWakeupThroughTheGatewayShowsTheRequest(t *testing.T) {
	g, ca := startGateway(t)
	s, c := newServer(t), newStub(t)
	c.must("pair", s.link(), "-gateway", g.WebPush, "-service", "apns", "-ca", ca)
	token, ok := s.push["token"].(string)
	if !ok {
		t.Fatalf("the server was given %v", s.push)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, ended := newScreen(), make(chan error)
	go func() { ended <- run(ctx, []string{"watch", "-file", c.file, "-ca", ca}, nil, out, io.Discard) }()
	// What is pending when the phone begins to listen is shown without a push,
	// so the second request waits until it listens.
	s.change(func() { s.pending = []string{"first"} })
	wakeByAPNs(t, g, token, "first")
	out.await(t, "first")
	s.change(func() { s.pending = []string{"second"} })
	wakeByAPNs(t, g, token, "second")
	out.await(t, "second")
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestEachServiceGetsATargetOfItsForm(t *testing.T) {
	g, ca := startGateway(t)
	for service, members := range map[string][]string{"webpush": {"endpoint", "p256dh", "auth"}, "fcm": {"token"}, "apns": {"token", "sandbox"}} {
		s, c := newServer(t), newStub(t)
		c.must("pair", s.link(), "-gateway", g.WebPush+"/", "-service", service, "-ca", ca)
		for _, member := range members {
			if _, ok := s.push[member]; !ok {
				t.Errorf("%s: no %s in %v", service, member, s.push)
			}
		}
		if len(s.push) != len(members)+1 || s.push["service"] != service {
			t.Errorf("%s: got %v", service, s.push)
		}
		if endpoint, ok := s.push["endpoint"].(string); ok && !strings.HasPrefix(endpoint, g.WebPush+"/push/") {
			t.Errorf("endpoint %s is not the gateway's", endpoint)
		}
	}
}

func TestOnlyAGatewayThatCanBeTrustedIsTaken(t *testing.T) {
	s, c := newServer(t), newStub(t)
	for _, gateway := range []string{"http://gateway.example", "https://u@gateway.example", "https://gateway.example?x", "gateway", "https://"} {
		if _, err := c.run("", "pair", s.link(), "-gateway", gateway); err == nil {
			t.Errorf("%s: taken", gateway)
		}
	}
	if _, err := c.run("", "pair", s.link(), "-gateway", "https://gateway.example", "-service", "pigeon"); err == nil {
		t.Error("a service that there is not was taken")
	}
	if s.push != nil {
		t.Error("the link was spent")
	}
}

func TestGatewayIsACommandOfTheStub(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out, ended := newScreen(), make(chan error)
	any := "127.0.0.1:0"
	go func() {
		ended <- run(ctx, []string{"gateway", "-fcm", any, "-apns", any, "-apns-sandbox", any, "-webpush", any, "-dir", t.TempDir()}, nil, out, io.Discard)
	}()
	out.await(t, "deliveries https://127.0.0.1:")
	stop()
	if err := <-ended; err != nil {
		t.Errorf("interrupted: got %v, want a good end", err)
	}
	if err := run(t.Context(), []string{"gateway", "-nonsense"}, nil, &bytes.Buffer{}, io.Discard); err == nil {
		t.Error("a flag that there is not was taken")
	}
}
