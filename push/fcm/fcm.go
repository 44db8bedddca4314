// Package fcm wakes phones through Firebase Cloud Messaging (HTTP v1). It is
// the only home of the Firebase Admin SDK.
//
// It makes one attempt a Send: the SDK's own retries, which know nothing of an
// approval's end, are cut short. Access tokens are kept until shortly before
// they end, so that a wake-up is one request on a shared HTTP/2 connection.
package fcm

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

	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/messaging"
	"google.golang.org/api/option"

	"countersign/push"
)

// DefaultEndpoint is Google's.
const DefaultEndpoint = "https://fcm.googleapis.com"

// Config says how to reach FCM and as whom.
type Config struct {
	// ServiceAccountFile is the JSON key as downloaded from the Firebase
	// console. Required.
	ServiceAccountFile string
	// Endpoint replaces DefaultEndpoint: https scheme and host, no path.
	Endpoint string
	// TokenURL replaces the key file's token_uri.
	TokenURL string
	// RootCAs replaces the system's.
	RootCAs *x509.CertPool
	// Log hears of a key file that changed; nil is silent.
	Log *slog.Logger
}

// Sender is a push.Sender for push.FCM. It reads the key file anew when that
// changes.
type Sender struct{ live *push.Fresh[*session] }

// session is what one key file makes: nothing of it outlives the key.
type session struct {
	client *messaging.Client
	base   *http.Transport
}

// New reads the key file. It asks nobody: a key that Google does not accept
// shows at the first Send, or at Check.
func New(c Config) (*Sender, error) {
	if c.Endpoint == "" {
		c.Endpoint = DefaultEndpoint
	}
	if err := checkBase(c.Endpoint); err != nil {
		return nil, fmt.Errorf("fcm: endpoint %q %w", c.Endpoint, err)
	}
	live, err := push.NewFresh("FCM service account", []string{c.ServiceAccountFile}, c.Log, c.open)
	if err != nil {
		return nil, err
	}
	return &Sender{live}, nil
}

func (c Config) open() (*session, error) {
	account, err := readAccount(c.ServiceAccountFile)
	if err != nil {
		return nil, err
	}
	if c.TokenURL != "" {
		account.TokenURI = c.TokenURL
	}
	base := newTransport(c.RootCAs)
	tokens, err := newTokens(account, base)
	if err != nil {
		return nil, err
	}
	client, err := newClient(account.ProjectID, c.Endpoint, &transport{base: base, tokens: tokens})
	if err != nil {
		return nil, fmt.Errorf("fcm: %w", err)
	}
	return &session{client, base}, nil
}

func newClient(project, endpoint string, t *transport) (*messaging.Client, error) {
	ctx := context.Background() // the SDK keeps it for nothing but credentials, which are ours
	app, err := firebase.NewApp(ctx, &firebase.Config{ProjectID: project},
		option.WithHTTPClient(&http.Client{Transport: t, CheckRedirect: noRedirect}),
		option.WithEndpoint(endpoint+"/v1"))
	if err != nil {
		return nil, err
	}
	return app.Messaging(ctx)
}

// Send implements push.Sender.
func (s *Sender) Send(ctx context.Context, t push.Target, m push.Message) error {
	return s.ask(ctx, t, m, (*messaging.Client).Send)
}

// Check asks FCM to look at a message without delivering it. nil means that the
// credential is accepted; that no phone has the token sent along is expected.
func (s *Sender) Check(ctx context.Context) error {
	nobody := push.Target{Service: push.FCM, Token: "countersign-check"}
	m := push.Message{ApprovalID: "check", ExpiresAt: time.Now().Add(time.Minute)}
	err := s.ask(ctx, nobody, m, (*messaging.Client).SendDryRun)
	if isGone(err) {
		return nil
	}
	return err
}

// ask makes one request by send.
func (s *Sender) ask(ctx context.Context, t push.Target, m push.Message, send func(*messaging.Client, context.Context, *messaging.Message) (string, error)) error {
	client := s.live.Value().client
	err := once(ctx, func(ctx context.Context) error {
		_, err := send(client, ctx, message(t, m, time.Now()))
		return err
	})
	if errors.Is(err, push.ErrCredential) {
		s.live.Doubt()
	}
	return err
}

// Close closes idle connections.
func (s *Sender) Close() { s.live.Value().Close() }

// Close leaves requests be that are under way.
func (s *session) Close() { s.base.CloseIdleConnections() }

// message is a wake-up in FCM's words. The title is a name that the app looks
// up in the person's language; nothing readable passes through Google.
func message(t push.Target, m push.Message, now time.Time) *messaging.Message {
	ttl := max(m.ExpiresAt.Sub(now), 0)
	title, channel := "sign_in_request", "sign_in_requests"
	if m.NoticeID != "" {
		title, channel = "security_change", "security_changes"
	}
	return &messaging.Message{
		Token: t.Token,
		Data:  map[string]string{m.Key(): m.ID()},
		Android: &messaging.AndroidConfig{
			Priority:    "high", // wakes a dozing phone
			TTL:         &ttl,
			CollapseKey: m.ID(),
			Notification: &messaging.AndroidNotification{
				TitleLocKey: title,
				ChannelID:   channel,
				Tag:         m.ID(), // a second wake-up replaces the first on the screen
			},
		},
	}
}

func newTransport(roots *x509.CertPool) *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	return &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 5 * time.Second,
		DisableCompression:  true, // answers are short, and none may unfold into a long one
		Protocols:           &protocols,
		// A dead connection is found before most approvals end.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
		// Without a bound, each request of a burst would dial. FCM gives a
		// connection 100 streams.
		MaxConnsPerHost: 4,
		IdleConnTimeout: 30 * time.Minute,
	}
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// checkBase continues a sentence that began with the URL.
func checkBase(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
		return fmt.Errorf("must be https:// and a host, nothing after it")
	}
	return nil
}
