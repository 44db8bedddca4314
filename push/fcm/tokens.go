package fcm

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"cloud.google.com/go/auth"

	"countersign/push"
)

const (
	// scope is all that an access token of ours is good for.
	scope = "https://www.googleapis.com/auth/firebase.messaging"
	// refreshBefore leaves time to try again while the old token still works.
	refreshBefore = 5 * time.Minute
	// failureFor keeps a burst of wake-ups from asking a broken token endpoint
	// once each.
	failureFor = time.Second
	// settled is the age from which a token that FCM refuses may have been
	// revoked, so that a new one is worth asking for.
	settled = time.Minute
)

// tokens keeps one access token for all senders. Whoever finds it missing
// fetches it, while the others wait no longer than their own contexts.
type tokens struct {
	provider auth.TokenProvider
	turn     chan struct{} // guards what follows, so that waiting can be given up

	value       string
	issued, end time.Time
	err         error // of the last fetch
	failed      time.Time
}

func newTokens(a account, base http.RoundTripper) (*tokens, error) {
	if u, err := url.Parse(a.TokenURI); err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("fcm: token URL must be an https URL")
	}
	if err := checkKey(a.PrivateKey); err != nil {
		return nil, fmt.Errorf("fcm: private_key of the service account %w", err)
	}
	provider, err := auth.New2LOTokenProvider(&auth.Options2LO{
		Email:        a.ClientEmail,
		PrivateKey:   []byte(a.PrivateKey),
		PrivateKeyID: a.PrivateKeyID,
		Scopes:       []string{scope},
		TokenURL:     a.TokenURI,
		Client:       &http.Client{Transport: base, CheckRedirect: noRedirect},
	})
	if err != nil {
		return nil, fmt.Errorf("fcm: service account: %w", err)
	}
	return &tokens{provider: provider, turn: make(chan struct{}, 1)}, nil
}

// checkKey continues a sentence that began with the key's name.
func checkKey(text string) error {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return errors.New("is not PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return errors.New("is not a PKCS #8 key")
	}
	if _, ok := key.(*rsa.PrivateKey); !ok {
		return errors.New("is not an RSA key")
	}
	return nil
}

// token returns a token that works for some minutes to come.
func (t *tokens) token(ctx context.Context) (string, error) {
	if !t.enter(ctx) {
		return "", fmt.Errorf("%w: waiting for an access token: %w", push.ErrUnavailable, context.Cause(ctx))
	}
	defer t.leave()
	now := time.Now()
	if now.Before(t.end.Add(-refreshBefore)) {
		return t.value, nil
	}
	if now.Sub(t.failed) >= failureFor {
		t.fetch(ctx, now)
	}
	if now.Before(t.end) {
		return t.value, nil
	}
	return "", t.err
}

func (t *tokens) fetch(ctx context.Context, now time.Time) {
	got, err := t.provider.Token(ctx)
	switch {
	case err != nil && ctx.Err() != nil: // this caller's hurry says nothing to the next
		t.err = fmt.Errorf("%w: asking for an access token: %w", push.ErrUnavailable, context.Cause(ctx))
	case err != nil:
		t.err, t.failed = tokenError(err), now
	case got.Value == "" || got.Expiry.IsZero():
		t.err, t.failed = fmt.Errorf("%w: token endpoint gave no token with an end", push.ErrUnavailable), now
	default:
		t.value, t.issued, t.end = got.Value, now, got.Expiry
	}
}

// drop forgets a token that FCM refused, and reports whether a new one may do
// better.
func (t *tokens) drop(ctx context.Context, value string) bool {
	if !t.enter(ctx) {
		return false
	}
	defer t.leave()
	if t.value != value {
		return true // somebody replaced it meanwhile
	}
	if time.Since(t.issued) < settled {
		return false
	}
	t.value, t.end = "", time.Time{}
	return true
}

func (t *tokens) enter(ctx context.Context) bool {
	select {
	case t.turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (t *tokens) leave() { <-t.turn }

// tokenError reads an answer of the token endpoint (RFC 6749 section 5.2): 4xx
// means that our key, its account or our clock is wrong.
func tokenError(err error) error {
	var answered *auth.Error
	if !errors.As(err, &answered) || answered.Response == nil {
		return fmt.Errorf("%w: asking for an access token: %w", push.ErrUnavailable, withoutURL(err))
	}
	refusal := refusedToken(answered)
	if !errors.Is(refusal, push.ErrUnavailable) {
		return refusal
	}
	return push.Later(refusal, answered.Response.Header.Get("Retry-After"), time.Now())
}

func refusedToken(answered *auth.Error) *push.Refusal {
	r := &push.Refusal{Status: answered.Response.StatusCode, Means: push.ErrCredential}
	switch {
	case r.Status == http.StatusTooManyRequests:
		r.Means = push.ErrTooMany
	case r.Status >= http.StatusInternalServerError:
		r.Means = push.ErrUnavailable
	}
	var body struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(answered.Body, &body) != nil {
		body.Error = "no reason"
	}
	r.Said = fmt.Sprintf("token endpoint answered %d: %.60q %.200q", r.Status, body.Error, body.Description)
	for _, known := range tokenReasons {
		if body.Error == known {
			r.Reason = known
		}
	}
	return r
}

// tokenReasons are RFC 6749's (section 5.2) that a service account can meet.
var tokenReasons = []string{"invalid_grant", "invalid_client", "invalid_request", "invalid_scope", "unauthorized_client", "unsupported_grant_type"}

// withoutURL drops the address that net/http puts before every error.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
