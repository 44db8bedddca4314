package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"countersign/enrolments"
	"countersign/mobile-stub/phone"
)

// pairOf writes a certificate for localhost, its own authority, and its key.
func pairOf(t *testing.T, name string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	noError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	noError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	noError(t, err)
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	noError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o644))
	noError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	return cert, key
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnIntegrationIsPrintedAsAReadyConfiguration(t *testing.T) {
	keys, db, url := keysFile(t), "--db=sqlite:"+filepath.Join(t.TempDir(), "c.db"), "--public-url=https://mfa.example.com:8443"
	conf := verb(t, "app", "create", "ssh", "--duo", "--duo-old-signatures", "Debian 12", "--duo-domain", "CORP", keys, db, url)
	for _, want := range []string{
		`(?m)^\[duo\]$`, `(?m)^ikey = DI[A-Z0-9]{18}$`, `(?m)^skey = [A-Za-z0-9]{40}$`, `(?m)^host = mfa\.example\.com:8443$`,
		`(?m)^failmode = secure$`, `(?m)^cafile = /`, `(?m)^pushinfo = yes$`,
	} {
		if !regexp.MustCompile(want).MatchString(conf) {
			t.Errorf("no line %s in\n%s", want, conf)
		}
	}
	secret := regexp.MustCompile(`skey = (\S+)`).FindStringSubmatch(conf)[1]
	trail := verb(t, "audit", "list", keys, db)
	if !strings.Contains(trail, "old signatures: Debian 12") || strings.Contains(trail, secret) {
		t.Errorf("the trail:\n%s", trail)
	}
	if raw, err := os.ReadFile(strings.TrimPrefix(db, "--db=sqlite:")); err != nil || bytes.Contains(raw, []byte(secret)) {
		t.Errorf("the secret lies open in the database, or %v", err)
	}
	if got := valueOf(verb(t, "policy", "show", "ssh", keys, db), "push_limit"); got != "12" {
		t.Errorf("the push limit is %s", got)
	}
	file := filepath.Join(t.TempDir(), "pam_duo.conf")
	if out := verb(t, "app", "create", "sudo", "--duo", "--key-file", file, keys, db); out != "" {
		t.Errorf("printed beside the file: %s", out)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info, err)
	}
	verb(t, "app", "alias", "ssh", "root", "ana", keys, db)
	verb(t, "app", "disable", "ssh", keys, db)
	verb(t, "app", "disable", "ssh", "--off", keys, db)
	for want, args := range map[string][]string{
		"exists already": {"app", "create", "ssh", "--duo", keys, db},
		"not found":      {"app", "alias", "nobody", "a", "b", keys, db},
		"is none":        {"app", "create", "b", "--duo", "--duo-domain", "a@b", keys, db},
	} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", args, err, want)
		}
	}
}

// shop is a server with TLS, an integration of it, and a phone in a file.
type shop struct {
	t                         *testing.T
	host, port                string // of the server, and of the shop
	keys, db, url, cert, conf string
	client                    *http.Client
}

// openShop runs serve with a certificate until the test ends.
func openShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t, keys: keysFile(t), db: "--db=sqlite:" + filepath.Join(t.TempDir(), "c.db")}
	cert, key := pairOf(t, "countersign test")
	first := freePorts(t)
	_, port, _ := net.SplitHostPort(first)
	number, err := strconv.Atoi(port)
	noError(t, err)
	s.host, s.port, s.cert = "localhost:"+port, strconv.Itoa(number+1), cert
	s.url = "--public-url=https://" + s.host
	roots, err := readRoots(cert)
	noError(t, err)
	s.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	t.Cleanup(s.client.CloseIdleConnections)
	s.conf = verb(t, "app", "create", "shop", "--duo", "--title", "The Shop", "--return-url", "http://localhost:"+s.port+"/in", s.keys, s.db, s.url)
	s.serve(first, "--tls-cert", cert, "--tls-key", key)
	return s
}

func (s *shop) serve(listen string, flags ...string) {
	s.t.Helper()
	runServe(s.t, listen, append([]string{s.keys, s.db, s.url}, flags...)...)
	for end := time.Now().Add(patience); ; <-time.After(20 * time.Millisecond) {
		resp, err := s.client.Get("https://" + s.host + "/readyz")
		if err == nil {
			resp.Body.Close()
			return
		}
		if time.Now().After(end) {
			s.t.Fatal(err)
		}
	}
}

// value is a line of the printed configuration.
func (s *shop) value(name string) string {
	return regexp.MustCompile(`(?m)^` + name + ` = (\S+)$`).FindStringSubmatch(s.conf)[1]
}

// phone pairs a phone for ana that lives in a file.
func (s *shop) phone() (file string) {
	s.t.Helper()
	link := strings.TrimSpace(verb(s.t, "person", "set-up", "ana", "--reason", "first phone", s.keys, s.db, s.url))
	id, token, _ := strings.Cut(link[strings.LastIndexByte(link, '/')+1:], "#")
	file = filepath.Join(s.t.TempDir(), "phone.json")
	p, err := phone.Open(file, phone.Options{HTTP: s.client})
	noError(s.t, err)
	ticket := enrolments.TicketOf(enrolments.SecretOf(token)).Reveal()
	account, err := p.Pair(s.t.Context(), "https://"+s.host+"/pair#"+ticket, phone.Pairing{Name: "Ana's phone", Platform: "other"})
	noError(s.t, err)
	req, err := http.NewRequestWithContext(s.t.Context(), "POST", "https://"+s.host+"/v1/pairings/"+id+"/confirm", strings.NewReader(`{"match":true}`))
	noError(s.t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(req)
	noError(s.t, err)
	resp.Body.Close()
	_, err = p.WaitActive(s.t.Context(), account.ID)
	noError(s.t, err)
	return file
}

func TestTheNodeLibrariesSignInThroughABrowser(t *testing.T) {
	node := needBrowser(t)
	s := openShop(t)
	file := s.phone()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	stub := filepath.Join(t.TempDir(), "mobile-stub")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", stub, "countersign/mobile-stub").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	inBrowser(t, node, "duo.test.mjs", 3*time.Minute, "HOST="+s.host, "CLIENT="+s.value("ikey"), "SECRET="+s.value("skey"), "CA="+s.cert,
		"STUB="+stub, "PHONE="+file, "SHOP_PORT="+s.port)
}

func TestACertificateIsReadAnewWhenItsFilesChange(t *testing.T) {
	cert, key := pairOf(t, "first")
	now := time.Now()
	p := &certificatePair{cert: cert, key: key, log: slog.New(slog.DiscardHandler), now: func() time.Time { return now }}
	noError(t, p.load())
	name := func() string {
		t.Helper()
		now = now.Add(lookEvery)
		c, err := p.certificate(nil)
		noError(t, err)
		leaf, err := x509.ParseCertificate(c.Certificate[0])
		noError(t, err)
		return leaf.Subject.CommonName
	}
	if got := name(); got != "first" {
		t.Errorf("serves %s", got)
	}
	noError(t, os.WriteFile(cert, []byte("half a certif"), 0o644))
	if got := name(); got != "first" {
		t.Errorf("while it is written, serves %s", got)
	}
	next, nextKey := pairOf(t, "second")
	for from, to := range map[string]string{next: cert, nextKey: key} {
		raw, err := os.ReadFile(from)
		noError(t, err)
		noError(t, os.WriteFile(to, raw, 0o600))
	}
	if got := name(); got != "second" {
		t.Errorf("after the renewal serves %s", got)
	}
	noError(t, os.Remove(cert))
	if got := name(); got != "second" {
		t.Errorf("without its file serves %s", got)
	}
}

func TestTLSFlagsThatDoNotGoTogetherAreRefusedByName(t *testing.T) {
	cert, key := pairOf(t, "one")
	_, other := pairOf(t, "another")
	log := slog.New(slog.DiscardHandler)
	for name, c := range map[string]struct {
		flags tlsFlags
		want  string
	}{
		"no key":            {tlsFlags{TLSCert: cert}, "--tls-key"},
		"no certificate":    {tlsFlags{TLSKey: key}, "--tls-cert"},
		"another's key":     {tlsFlags{TLSCert: cert, TLSKey: other}, "--tls-cert"},
		"no file":           {tlsFlags{TLSCert: "/nowhere", TLSKey: key}, "/nowhere"},
		"two ways":          {tlsFlags{TLSCert: cert, TLSKey: key, ACMEHost: []string{"a.example.com"}}, "--acme-host"},
		"no cache":          {tlsFlags{ACMEHost: []string{"a.example.com"}}, "--acme-cache"},
		"no ACME authority": {tlsFlags{ACMEHost: []string{"a.example.com"}, ACMECache: t.TempDir(), ACMECAFile: "/nowhere"}, "--acme-ca-file"},
	} {
		if _, err := c.flags.config(log); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if c, err := (tlsFlags{}).config(log); c != nil || err != nil {
		t.Errorf("without flags: %v, %v", c, err)
	}
}
