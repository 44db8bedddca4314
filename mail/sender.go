package mail

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	netmail "net/mail"
	"slices"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"countersign/enrolments"
)

const (
	// letterTime is how long a letter may take, from the connection to the
	// server's last word. RFC 5321 section 4.5.3.2 would wait minutes for each
	// step; a person is waiting.
	letterTime = 30 * time.Second
	// connections is how many letters are handed in at once, each over a
	// connection of its own: large providers take three from one account.
	connections = 3
)

// Config is what a Sender is made of. RootCAs may be left out.
type Config struct {
	Server   Server
	Password enrolments.Secret
	From     netmail.Address
	// Hello is the name by which this server greets the mail server.
	Hello string
	// RootCAs are trusted for the mail server; nil takes the system's.
	RootCAs *x509.CertPool
	// Writer puts letters into words.
	Writer Writer
	Now    func() time.Time
}

// Sender hands letters to a mail server. It is safe for concurrent use and
// keeps no connection between letters.
type Sender struct {
	config Config
	slots  chan struct{}
}

var _ enrolments.Post = (*Sender)(nil)

// New makes a Sender; it asks no server yet.
func New(c Config) (*Sender, error) {
	if err := c.Server.check(c.Password); err != nil {
		return nil, err
	}
	if !slices.Contains(Languages(), c.Writer.Language) {
		return nil, fmt.Errorf("no letters are written in %q; there are %s", c.Writer.Language, strings.Join(Languages(), ", "))
	}
	return &Sender{config: c, slots: make(chan struct{}, connections)}, nil
}

// Send implements enrolments.Post. enrolments.ErrUndeliverable when the server
// will not have the letter, whenever it is sent.
func (s *Sender) Send(ctx context.Context, l enrolments.Letter) error {
	_, err := s.send(ctx, l)
	return plainly(err)
}

// Check sends a test letter and returns what the server said to it. The error
// has the server's own words and may hold the address: it is for the
// administrator who asked.
func (s *Sender) Check(ctx context.Context, to string) (answer string, err error) {
	return s.send(ctx, enrolments.Letter{Kind: letterTest, To: to})
}

func (s *Sender) send(ctx context.Context, l enrolments.Letter) (answer string, err error) {
	m, err := s.message(l)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, letterTime)
	defer cancel()
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return "", fmt.Errorf("mail: %w", ctx.Err())
	}
	if err := s.handIn(ctx, m); err != nil && !m.IsDelivered() {
		if ctx.Err() != nil {
			return "", fmt.Errorf("mail: %w", ctx.Err())
		}
		return "", err
	}
	return m.ServerResponse(), nil
}

// message is a letter as a mail of two forms.
func (s *Sender) message(l enrolments.Letter) (*gomail.Msg, error) {
	text, err := s.config.Writer.Write(l)
	if err != nil {
		return nil, err
	}
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := m.FromFormat(s.config.From.Name, s.config.From.Address); err != nil {
		return nil, fmt.Errorf("mail: from: %w", err)
	}
	// Its error would repeat the address.
	if err := m.To(l.To); err != nil {
		return nil, fmt.Errorf("mail: %w: not an address", enrolments.ErrUndeliverable)
	}
	m.Subject(text.Subject)
	m.SetDateWithValue(s.config.Now())
	m.SetMessageIDWithValue(s.messageID(l))
	m.SetGenHeader(gomail.HeaderContentLang, text.Language)
	// RFC 3834 section 5: no machine answers a machine. Exchange asks for a
	// header of its own.
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	m.SetBodyString(gomail.TypeTextPlain, text.Plain)
	m.AddAlternativeString(gomail.TypeTextHTML, text.HTML)
	return m, nil
}

// messageID is the same each time a notice is sent: one that comes twice, since
// a node died in between, is one mail to most mailboxes. A code is in no id: ids
// stand in the logs of every server on the way.
func (s *Sender) messageID(l enrolments.Letter) string {
	id := make([]byte, 18)
	rand.Read(id)
	if l.Kind == enrolments.LetterNotice {
		sum := sha256.Sum256([]byte(strings.Join([]string{
			"countersign-message-id", l.To, l.User, l.Application, string(l.Event), l.Detail, l.Where, l.At.UTC().Format(time.RFC3339Nano),
		}, "\x00")))
		copy(id, sum[:])
	}
	_, domain, _ := strings.Cut(s.config.From.Address, "@")
	return base64.RawURLEncoding.EncodeToString(id) + "@" + domain
}

// handIn gives one message to the server. Whatever it is doing, it ends with
// ctx: the connection is cut.
func (s *Sender) handIn(ctx context.Context, m *gomail.Msg) error {
	client, err := gomail.NewClient(s.config.Server.Host, s.options(ctx)...)
	if err != nil {
		return err
	}
	to, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	if err := client.SendWithSMTPClient(to, m); err != nil {
		return err
	}
	return to.Quit()
}

func (s *Sender) options(ctx context.Context) []gomail.Option {
	server := s.config.Server
	roots := &tls.Config{ServerName: server.Host, RootCAs: s.config.RootCAs, MinVersion: tls.VersionTLS12}
	all := []gomail.Option{
		gomail.WithPort(server.Port), gomail.WithTimeout(letterTime), gomail.WithHELO(s.config.Hello),
		gomail.WithTLSConfig(roots), gomail.WithoutNoop(), gomail.WithoutRset(),
		gomail.WithDialContextFunc(func(dialing context.Context, network, _ string) (net.Conn, error) {
			return s.dial(ctx, dialing, network, roots)
		}),
	}
	switch server.Security {
	case TLS:
		all = append(all, gomail.WithSSL())
	case StartTLS:
		all = append(all, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case Plain:
		all = append(all, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if server.User == "" {
		return all
	}
	// The proof that shows no password first; the others are safe under TLS,
	// which is there.
	return append(all, gomail.WithUsername(server.User), gomail.WithPassword(s.config.Password.Reveal()),
		gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
}

// dial opens a connection that is cut when ctx ends, and not with dialing,
// which ends once the connection is there.
func (s *Sender) dial(ctx, dialing context.Context, network string, roots *tls.Config) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(dialing, network, s.config.Server.address())
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { conn.Close() })
	if s.config.Server.Security != TLS {
		return conn, nil
	}
	secured := tls.Client(conn, roots)
	return secured, secured.HandshakeContext(dialing)
}
