// Package apns wakes iPhones through the Apple Push Notification service. It is
// the only home of apns2.
//
// Sandbox and production are two clients that are never changed after New; the
// target says which is asked. Both prove who we are by the same provider token
// or certificate.
package apns

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/sideshow/apns2"
	"github.com/sideshow/apns2/payload"

	"countersign/push"
)

// Config says how to reach APNs and as whom: by KeyFile, KeyID and TeamID, or
// by CertificateFile.
type Config struct {
	// Topic is the app's bundle id. Required.
	Topic string

	// KeyFile is the .p8 key as downloaded from Apple; KeyID and TeamID are the
	// ten characters each that belong to it.
	KeyFile, KeyID, TeamID string

	// CertificateFile is a PEM file with certificate and key, or a .p12.
	CertificateFile, CertificatePassword string

	// Production and Sandbox replace Apple's hosts: https scheme and host, no
	// path.
	Production, Sandbox string
	// RootCAs replaces the system's.
	RootCAs *x509.CertPool
	// Log hears of a credential file that changed; nil is silent.
	Log *slog.Logger
}

// Sender is a push.Sender for push.APNs. It reads the credential anew when its
// file changes.
type Sender struct {
	topic string
	live  *push.Fresh[*session]
}

// session is what one credential makes: nothing of it outlives the credential.
type session struct {
	production, sandbox *apns2.Client
	base                *http.Transport
}

// New reads the credential. It asks nobody: one that Apple does not accept
// shows at the first Send, or at Check.
func New(c Config) (*Sender, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("apns: %w", err)
	}
	live, err := push.NewFresh("APNs credential", []string{c.KeyFile, c.CertificateFile}, c.Log, c.open)
	if err != nil {
		return nil, fmt.Errorf("apns: %w", err)
	}
	return &Sender{topic: c.Topic, live: live}, nil
}

func (c Config) open() (*session, error) {
	cred, err := c.credential()
	if err != nil {
		return nil, err
	}
	base := newTransport(c.RootCAs, cred.certificate)
	client := func(host, standard string) *apns2.Client {
		if host == "" {
			host = standard
		}
		return &apns2.Client{
			Host:  host,
			Token: cred.token,
			HTTPClient: &http.Client{
				Transport:     noting{base},
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			},
		}
	}
	return &session{
		production: client(c.Production, apns2.HostProduction),
		sandbox:    client(c.Sandbox, apns2.HostDevelopment),
		base:       base,
	}, nil
}

func (c Config) check() error {
	if c.Topic == "" {
		return errors.New("no topic: give the app's bundle id")
	}
	for name, host := range map[string]string{"production": c.Production, "sandbox": c.Sandbox} {
		if host == "" {
			continue
		}
		u, err := url.Parse(host)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
			return fmt.Errorf("%s host %q must be https:// and a host, nothing after it", name, host)
		}
	}
	return nil
}

// Send implements push.Sender.
func (s *Sender) Send(ctx context.Context, t push.Target, m push.Message) error {
	err := send(ctx, s.live.Value().client(t), s.notification(t, m))
	if errors.Is(err, push.ErrCredential) {
		s.live.Doubt()
	}
	return err
}

// Check pushes to a token that no phone has, in production or in the sandbox.
// nil means that the credential and the topic are accepted there.
func (s *Sender) Check(ctx context.Context, sandbox bool) error {
	nobody := push.Target{Service: push.APNs, Token: fmt.Sprintf("%064d", 0), Sandbox: sandbox}
	err := s.Send(ctx, nobody, push.Message{ApprovalID: "check", ExpiresAt: time.Now().Add(time.Minute)})
	if errors.Is(err, push.ErrGone) {
		return nil
	}
	return err
}

// Close closes idle connections.
func (s *Sender) Close() { s.live.Value().Close() }

// Close leaves requests be that are under way.
func (s *session) Close() { s.base.CloseIdleConnections() }

func (s *session) client(t push.Target) *apns2.Client {
	if t.Sandbox {
		return s.sandbox
	}
	return s.production
}

// notification is a wake-up in Apple's words. The title is a name that the app
// looks up in the person's language; nothing readable passes through Apple.
func (s *Sender) notification(t push.Target, m push.Message) *apns2.Notification {
	return &apns2.Notification{
		DeviceToken: t.Token,
		Topic:       s.topic,
		CollapseID:  m.ID(),
		Expiration:  m.ExpiresAt,
		Priority:    apns2.PriorityHigh,
		PushType:    apns2.PushTypeAlert,
		Payload: payload.NewPayload().
			AlertTitleLocKey(title(m)).
			Sound("default").
			InterruptionLevel(payload.InterruptionLevelTimeSensitive).
			Custom(m.Key(), m.ID()),
	}
}

// title is the name that the app has in its Localizable.strings.
func title(m push.Message) string {
	if m.NoticeID != "" {
		return "SECURITY_CHANGE"
	}
	return "SIGN_IN_REQUEST"
}

func newTransport(roots *x509.CertPool, certificate *tls.Certificate) *http.Transport {
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if certificate != nil {
		config.Certificates = []tls.Certificate{*certificate}
	}
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	return &http.Transport{
		TLSClientConfig:     config,
		TLSHandshakeTimeout: 5 * time.Second,
		DisableCompression:  true, // answers are short, and none may unfold into a long one
		Protocols:           &protocols,
		// A dead connection is found before most approvals end.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
		// Apple asks to keep connections open, and takes many new ones for an
		// attack. Without a bound, each request of a burst would dial.
		MaxConnsPerHost: 4,
		IdleConnTimeout: time.Hour,
	}
}
