// Package webpush wakes browsers and installed pages by Web Push (RFC 8030),
// encrypted to the phone (RFC 8291) and signed by us (VAPID, RFC 8292). It is
// the only home of webpush-go.
//
// An endpoint comes from outside and is asked by our server, so it is checked
// twice: its host against a list of known services, and the address that its
// name leads to when it is dialled. Redirects are not followed.
package webpush

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"

	"countersign/push"
)

// Config says which services may be asked and as whom.
type Config struct {
	// Key signs what we send, or the key in KeyFile, which is read anew when it
	// changes. Phones subscribe with its public half, so that another key makes
	// every subscription useless until its phone subscribes again. One of the
	// two is required.
	Key     Key
	KeyFile string
	// Subject is where a push service reaches the operator: a mailto: or https:
	// URL (RFC 8292 section 2.1). Required.
	Subject string
	// AllowHosts adds to KnownHosts, in the same form.
	AllowHosts []string
	// AllowNetworks may be dialled although they are private, link-local or
	// loopback.
	AllowNetworks []netip.Prefix
	// RootCAs replaces the system's.
	RootCAs *x509.CertPool
	// Log hears of a key file that changed; nil is silent.
	Log *slog.Logger
}

// Sender is a push.Sender for push.WebPush. It is divided by the hosts that may
// be asked.
type Sender struct {
	key     *push.Fresh[Key]
	subject string
	policy  policy
	client  *http.Client
	base    *http.Transport
}

// New asks nobody.
func New(c Config) (*Sender, error) {
	key, err := push.NewFresh("VAPID key", []string{c.KeyFile}, c.Log, c.readKey)
	if err != nil {
		return nil, err
	}
	subject, err := subscriber(c.Subject)
	if err != nil {
		return nil, fmt.Errorf("webpush: %w", err)
	}
	p, err := newPolicy(append(KnownHosts(), c.AllowHosts...), c.AllowNetworks)
	if err != nil {
		return nil, fmt.Errorf("webpush: %w", err)
	}
	base := newTransport(p, c.RootCAs)
	return &Sender{
		key:     key,
		subject: subject,
		policy:  p,
		base:    base,
		client:  &http.Client{Transport: base, CheckRedirect: noRedirect},
	}, nil
}

func (c Config) readKey() (Key, error) {
	switch {
	case c.Key.private != "" && c.KeyFile != "":
		return Key{}, errors.New("webpush: both a key and a key file: give one")
	case c.KeyFile != "":
		return ReadKey(c.KeyFile)
	case c.Key.private == "":
		return Key{}, errors.New("webpush: no key")
	}
	return c.Key, nil
}

// subscriber is the subject as webpush-go wants it: it puts mailto: before
// whatever does not begin with https: itself.
func subscriber(subject string) (string, error) {
	u, err := url.Parse(subject)
	switch {
	case err == nil && u.Scheme == "mailto" && strings.Contains(u.Opaque, "@"):
		return strings.TrimPrefix(subject, "mailto:"), nil
	case err == nil && u.Scheme == "https" && u.Host != "":
		return subject, nil
	}
	return "", fmt.Errorf("subject %q must be a mailto: or https: URL", subject)
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// PublicKey is the applicationServerKey that a phone subscribes with.
func (s *Sender) PublicKey() string { return s.key.Value().Public() }

// Allowed says whether the endpoint's host may be asked, so that a target that
// never can be woken is not stored. The error wraps push.ErrBadTarget.
func (s *Sender) Allowed(t push.Target) error { return s.policy.endpoint(t.Endpoint) }

// Parts implements push.Divided: the allowed hosts, as they were configured.
func (s *Sender) Parts() []string { return s.policy.entries }

// Part implements push.Divided.
func (s *Sender) Part(t push.Target) string {
	entry, err := s.policy.entry(t.Endpoint)
	if err != nil {
		return ""
	}
	return entry
}

// recordSize makes every message 256 bytes long: the largest wake-up has 82,
// and 102 go to RFC 8188's header and tag.
const recordSize = 256

// Send implements push.Sender.
func (s *Sender) Send(ctx context.Context, t push.Target, m push.Message) error {
	if err := s.policy.endpoint(t.Endpoint); err != nil {
		return err
	}
	body, err := json.Marshal(map[string]string{m.Key(): m.ID()})
	if err != nil {
		return fmt.Errorf("%w: webpush: %w", push.ErrRefused, err)
	}
	resp, err := webpush.SendNotificationWithContext(ctx, body,
		&webpush.Subscription{Endpoint: t.Endpoint, Keys: webpush.Keys{Auth: t.Auth, P256dh: t.P256DH}},
		s.options(m, time.Now()))
	if err != nil {
		return outcomeOfFailure(ctx, err)
	}
	err = readOutcome(resp)
	if errors.Is(err, push.ErrCredential) {
		s.key.Doubt()
	}
	return err
}

func (s *Sender) options(m push.Message, now time.Time) *webpush.Options {
	key := s.key.Value()
	return &webpush.Options{
		HTTPClient:      s.client,
		RecordSize:      recordSize,
		Subscriber:      s.subject,
		Topic:           topic(m.ID()),
		TTL:             max(int(m.ExpiresAt.Sub(now)/time.Second), 0),
		Urgency:         webpush.UrgencyHigh,
		VAPIDPublicKey:  key.public,
		VAPIDPrivateKey: key.private,
	}
}

// Reach asks whether a host, with or without a port, answers at all: its name is
// known, it leads to an address that may be dialled, its certificate is trusted.
// What it answers does not matter: without a subscription nothing more can be
// learned.
func (s *Sender) Reach(ctx context.Context, host string) error {
	u := url.URL{Scheme: "https", Host: host, Path: "/"}
	if err := s.policy.endpoint(u.String()); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return fmt.Errorf("%w: host is no part of a URL", push.ErrBadTarget)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return outcomeOfFailure(ctx, err)
	}
	return resp.Body.Close()
}

// Close closes idle connections.
func (s *Sender) Close() { s.base.CloseIdleConnections() }

// topic lets a second wake-up replace the first (RFC 8030 section 5.4: at most
// 32 characters of base64url). It is readable to the service, so it is made from
// the message's id rather than being it.
func topic(id string) string {
	sum := sha256.Sum256([]byte("countersign push topic\x00" + id))
	return base64.RawURLEncoding.EncodeToString(sum[:24])
}
