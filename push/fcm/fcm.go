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
	"fmt"
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
}

// Sender is a push.Sender for push.FCM.
type Sender struct {
	client *messaging.Client
	base   *http.Transport
}

// New reads the key file. It asks nobody: a key that Google does not accept
// shows at the first Send, or at Check.
func New(c Config) (*Sender, error) {
	account, err := readAccount(c.ServiceAccountFile)
	if err != nil {
		return nil, err
	}
	if c.TokenURL != "" {
		account.TokenURI = c.TokenURL
	}
	endpoint := c.Endpoint
	if endpoint == "" {
		endpoint = DefaultEndpoint
	}
	if err := checkBase(endpoint); err != nil {
		return nil, fmt.Errorf("fcm: endpoint %q %w", endpoint, err)
	}
	base := newTransport(c.RootCAs)
	tokens, err := newTokens(account, base)
	if err != nil {
		return nil, err
	}
	client, err := newClient(account.ProjectID, endpoint, &transport{base: base, tokens: tokens})
	if err != nil {
		return nil, fmt.Errorf("fcm: %w", err)
	}
	return &Sender{client: client, base: base}, nil
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
	return once(ctx, func(ctx context.Context) error {
		_, err := s.client.Send(ctx, message(t, m, time.Now()))
		return err
	})
}

// Check asks FCM to look at a message without delivering it. nil means that the
// credential is accepted; that no phone has the token sent along is expected.
func (s *Sender) Check(ctx context.Context) error {
	err := once(ctx, func(ctx context.Context) error {
		nobody := push.Target{Service: push.FCM, Token: "countersign-check"}
		m := push.Message{ApprovalID: "check", ExpiresAt: time.Now().Add(time.Minute)}
		_, err := s.client.SendDryRun(ctx, message(nobody, m, time.Now()))
		return err
	})
	if isGone(err) {
		return nil
	}
	return err
}

// Close closes idle connections.
func (s *Sender) Close() { s.base.CloseIdleConnections() }

// message is a wake-up in FCM's words. The title is a name that the app looks
// up in the person's language; nothing readable passes through Google.
func message(t push.Target, m push.Message, now time.Time) *messaging.Message {
	ttl := max(m.ExpiresAt.Sub(now), 0)
	return &messaging.Message{
		Token: t.Token,
		Data:  map[string]string{"approval_id": m.ApprovalID},
		Android: &messaging.AndroidConfig{
			Priority:    "high", // wakes a dozing phone
			TTL:         &ttl,
			CollapseKey: m.ApprovalID,
			Notification: &messaging.AndroidNotification{
				TitleLocKey: "sign_in_request",
				ChannelID:   "sign_in_requests",
				Tag:         m.ApprovalID, // a second wake-up replaces the first on the screen
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
