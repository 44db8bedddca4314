package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// tlsFlags say how the server itself speaks TLS, where no proxy before it does.
type tlsFlags struct {
	TLSCert       string   `name:"tls-cert" placeholder:"FILE" help:"Certificate and its chain (PEM): turns TLS on, with --tls-key. A changed file is read anew."`
	TLSKey        string   `name:"tls-key" placeholder:"FILE" help:"Private key of the certificate (PEM)."`
	ACMEHost      []string `name:"acme-host" placeholder:"HOST" help:"Name to get a certificate for by ACME (TLS-ALPN-01), which accepts the authority's terms; --listen is then port 443; may be given again."`
	ACMECache     string   `name:"acme-cache" placeholder:"DIR" help:"Where account and certificates are kept; needed with --acme-host."`
	ACMEDirectory string   `name:"acme-directory" placeholder:"URL" help:"The ACME authority; Let's Encrypt when left out."`
	ACMECAFile    string   `name:"acme-ca-file" placeholder:"FILE" help:"Authorities (PEM) trusted for the ACME server, instead of the system's."`
	ACMEEmail     string   `name:"acme-email" placeholder:"ADDRESS" help:"Where the authority may write to."`
}

// config is how to speak TLS; nil for not at all.
func (f tlsFlags) config(log *slog.Logger) (*tls.Config, error) {
	files, issued := f.TLSCert != "" || f.TLSKey != "", len(f.ACMEHost) > 0
	switch {
	case files && issued:
		return nil, errors.New("--tls-cert and --acme-host are both given; give one")
	case files:
		return f.fromFiles(log)
	case issued:
		return f.fromAuthority()
	}
	return nil, nil
}

func (f tlsFlags) fromFiles(log *slog.Logger) (*tls.Config, error) {
	if f.TLSCert == "" || f.TLSKey == "" {
		return nil, errors.New("--tls-cert and --tls-key go together")
	}
	p := &certificatePair{cert: f.TLSCert, key: f.TLSKey, log: log, now: time.Now}
	if err := p.load(); err != nil {
		return nil, fmt.Errorf("--tls-cert, --tls-key: %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: p.certificate}, nil
}

// fromAuthority gets certificates when they are first asked for, and renews
// them before they end.
func (f tlsFlags) fromAuthority() (*tls.Config, error) {
	if f.ACMECache == "" {
		return nil, errors.New("--acme-cache is needed with --acme-host")
	}
	roots, err := readRoots(f.ACMECAFile)
	if err != nil {
		return nil, fmt.Errorf("--acme-ca-file: %w", err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	m := &autocert.Manager{
		Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(f.ACMEHost...),
		Cache: autocert.DirCache(f.ACMECache), Email: f.ACMEEmail,
		Client: &acme.Client{DirectoryURL: f.ACMEDirectory, HTTPClient: &http.Client{Transport: transport, Timeout: time.Minute}},
	}
	c := m.TLSConfig()
	c.MinVersion = tls.VersionTLS12
	return c, nil
}

// listen is a listener at an address, with TLS where the flags turn it on.
func (f tlsFlags) listen(address string, log *slog.Logger) (net.Listener, error) {
	c, err := f.config(log)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	if c == nil {
		return l, nil
	}
	return tls.NewListener(l, c), nil
}

// lookEvery is how often files are looked at for a change, at most.
const lookEvery = 2 * time.Second

// certificatePair is a certificate in two files, read anew when they change: a
// renewed one needs no restart.
type certificatePair struct {
	cert, key string
	log       *slog.Logger
	now       func() time.Time

	mu     sync.Mutex
	loaded *tls.Certificate
	seen   string // what the files looked like when they were last read
	looked time.Time
}

// load reads the files. One that is half written fails, and what was loaded
// before stays.
func (p *certificatePair) load() error {
	seen, err := looks(p.cert, p.key)
	if err != nil {
		return err
	}
	c, err := tls.LoadX509KeyPair(p.cert, p.key)
	p.seen = seen
	if err != nil {
		return err
	}
	p.loaded = &c
	return nil
}

// looks tells one state of files from another.
func looks(paths ...string) (string, error) {
	var b strings.Builder
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%d %d,", info.Size(), info.ModTime().UnixNano())
	}
	return b.String(), nil
}

func (p *certificatePair) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.now(); now.Sub(p.looked) >= lookEvery {
		p.looked = now
		p.lookAgain()
	}
	return p.loaded, nil
}

func (p *certificatePair) lookAgain() {
	seen, err := looks(p.cert, p.key)
	if err == nil && seen == p.seen {
		return
	}
	if err == nil {
		err = p.load()
	}
	if err != nil {
		p.log.Error("the certificate has changed and cannot be read; the one before stays", "error", err)
		return
	}
	p.log.Info("the certificate was read anew")
}
