// Package mailtest is a mail server for tests: it speaks SMTP as real ones do
// (STARTTLS or TLS from the first byte under an authority of its own, AUTH),
// keeps what it is sent, and refuses, puts off or hangs where a test says so.
//
// It delivers nothing and lets nobody in from outside this machine.
package mailtest

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Patience is how long Next waits for a mail.
const Patience = 20 * time.Second

// User and Password are taken where Options ask for them.
const (
	User     = "countersign"
	Password = "correct horse battery staple"
)

// Answers that a rule may give for a recipient.
var (
	NoSuchMailbox = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox here"}
	TryLater      = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again later"}
	NotYou        = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "relaying denied"}
)

// Options say how the server is reached.
type Options struct {
	// TLS speaks TLS from the first byte, as on port 465; else STARTTLS is
	// offered.
	TLS bool
	// Plain offers no TLS at all.
	Plain bool
	// Auth takes mail from User with Password alone.
	Auth bool
}

// Server is a mail server that keeps what it is sent.
type Server struct {
	// Address is where it listens, host:port.
	Address string
	// Roots trust its certificate, which is good for 127.0.0.1 and localhost.
	Roots *x509.CertPool

	options Options
	roots   []byte // as PEM
	server  *smtp.Server
	ended   chan struct{}

	mu      sync.Mutex
	rule    func(to string) error
	mails   []Mail
	taken   []bool // of mails, by the same index
	arrived chan struct{}
}

// Start runs a server until t ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	certificate, roots, err := newCertificate()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{
		Address: listener.Addr().String(), Roots: x509.NewCertPool(), options: o, roots: roots,
		ended: make(chan struct{}), arrived: make(chan struct{}),
	}
	s.Roots.AppendCertsFromPEM(roots)
	s.server = smtp.NewServer(smtp.BackendFunc(s.session))
	s.server.Domain, s.server.MaxMessageBytes, s.server.MaxRecipients = "mailtest", 1<<20, 8
	s.server.ErrorLog = log.New(io.Discard, "", 0)
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	switch {
	case o.TLS:
		listener = tls.NewListener(listener, config)
	case o.Plain:
		s.server.AllowInsecureAuth = true
	default:
		s.server.TLSConfig = config
	}
	served := make(chan error, 1)
	go func() { served <- s.server.Serve(listener) }()
	t.Cleanup(func() {
		close(s.ended)
		err := s.server.Close()
		listener.Close() // that of a server that had not begun is not known to it
		<-served
		if err != nil {
			t.Errorf("mail server: %v", err)
		}
	})
	return s
}

// URL is the address in the form of --smtp, with the user where one is needed.
func (s *Server) URL() string {
	scheme, user := "smtp://", ""
	if s.options.TLS {
		scheme = "smtps://"
	}
	if s.options.Auth {
		user = User + "@"
	}
	return scheme + user + s.Address
}

// RootsFile writes the authority to a file and returns its path.
func (s *Server) RootsFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mail-ca.pem")
	if err := os.WriteFile(path, s.roots, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Answer has rule say what becomes of each recipient from now on: nil takes the
// mail. nil for a rule takes all.
func (s *Server) Answer(rule func(to string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rule = rule
}

// Always is a rule that gives everybody one answer.
func Always(answer error) func(string) error { return func(string) error { return answer } }

// Hang is a rule that answers nobody while the server lives.
func (s *Server) Hang(string) error {
	<-s.ended
	return TryLater
}

// Next returns the oldest mail to an address that was not returned before, and
// waits for it at most Patience.
func (s *Server) Next(t testing.TB, to string) Mail {
	t.Helper()
	return s.NextAbout(t, to, "")
}

// NextAbout is Next of those whose subject holds a text.
func (s *Server) NextAbout(t testing.TB, to, subject string) Mail {
	t.Helper()
	m, ok := s.await(to, subject, t.Context().Done())
	if !ok {
		t.Fatalf("no mail to %s about %q within %v", to, subject, Patience)
	}
	return m
}

func (s *Server) await(to, subject string, gone <-chan struct{}) (Mail, bool) {
	late := time.NewTimer(Patience)
	defer late.Stop()
	for {
		m, ok, arrived := s.take(to, subject)
		if ok {
			return m, true
		}
		select {
		case <-arrived:
		case <-late.C:
			return Mail{}, false
		case <-gone:
			return Mail{}, false
		}
	}
}

// take returns the oldest mail that was not, or what is closed when another one
// arrives.
func (s *Server) take(to, subject string) (Mail, bool, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, m := range s.mails {
		if !s.taken[i] && strings.EqualFold(m.To, to) && strings.Contains(m.Subject, subject) {
			s.taken[i] = true
			return m, true, nil
		}
	}
	return Mail{}, false, s.arrived
}

// All returns every mail that was taken, oldest first.
func (s *Server) All() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

func (s *Server) keep(m Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails, s.taken = append(s.mails, m), append(s.taken, false)
	close(s.arrived)
	s.arrived = make(chan struct{})
}

// session is one connection.
type session struct {
	s        *Server
	conn     *smtp.Conn
	known    bool
	from, to string
}

func (s *Server) session(c *smtp.Conn) (smtp.Session, error) { return &session{s: s, conn: c}, nil }

func (c *session) AuthMechanisms() []string {
	if !c.s.options.Auth {
		return nil
	}
	return []string{sasl.Plain}
}

func (c *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if c.known = user == User && password == Password; !c.known {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (c *session) Mail(from string, _ *smtp.MailOptions) error {
	if c.s.options.Auth && !c.known {
		return smtp.ErrAuthRequired
	}
	c.from = from
	return nil
}

func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.s.mu.Lock()
	rule := c.s.rule
	c.s.mu.Unlock()
	if rule != nil {
		if err := rule(to); err != nil {
			return err
		}
	}
	c.to = to
	return nil
}

func (c *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := parse(raw)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: err.Error()}
	}
	m.From, m.To = c.from, c.to
	_, m.TLS = c.conn.TLSConnectionState()
	c.s.keep(m)
	return nil
}

func (c *session) Reset() { c.from, c.to = "", "" }

func (c *session) Logout() error { return nil }
