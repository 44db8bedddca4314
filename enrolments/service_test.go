package enrolments_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"countersign/enrolments"
	"countersign/internal/jws"
	"countersign/internal/seal"
	"countersign/push"
	"countersign/sqlstore"
	"countersign/totp"
)

const publicURL = "https://countersign.example.com"

// hands is a clock that stands still until it is turned.
type hands struct {
	mu sync.Mutex
	at time.Time
}

func (h *hands) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *hands) turn(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

// desk is the service over a real store, on a clock of the test's.
type desk struct {
	*enrolments.Service
	store enrolments.Store
	clock *hands
}

// open makes a desk; each of changes may alter what the service is made of.
func open(t *testing.T, changes ...func(*enrolments.Config)) *desk {
	t.Helper()
	clock := &hands{at: time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)}
	keys, err := seal.New(make([]byte, seal.KeySize))
	noError(t, err)
	store, err := sqlstore.Open(t.Context(), sqlstore.Config{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "countersign.db"), Keys: keys, Now: clock.now,
	})
	noError(t, err)
	t.Cleanup(func() { noError(t, store.Close()) })
	c := enrolments.Config{
		Store: store, PublicURL: publicURL, ServerName: "Countersign",
		CodeLimits: enrolments.DefaultCodeLimits(), Now: clock.now,
	}
	for _, change := range changes {
		change(&c)
	}
	return &desk{enrolments.NewService(c), store, clock}
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

// handset is a phone of a test: a key that signs whatever it is told to.
type handset struct {
	private ed25519.PrivateKey
	jwk     []byte
	thumb   string
	id      enrolments.PhoneID
}

func newHandset(t *testing.T) *handset {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	noError(t, err)
	jwk := []byte(`{"kty":"OKP","crv":"Ed25519","x":"` + base64.RawURLEncoding.EncodeToString(public) + `"}`)
	key, err := jws.ParseKey(jwk)
	noError(t, err)
	return &handset{private: private, jwk: jwk, thumb: key.Thumbprint()}
}

func (h *handset) sign(header, claims map[string]any) string {
	part := func(v any) string {
		raw, _ := json.Marshal(v) // of strings and numbers alone
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	signed := part(header) + "." + part(claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(h.private, []byte(signed)))
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// claim is what the phone sends to spend ticket.
func (h *handset) claim(ticket enrolments.Secret, now time.Time) enrolments.Claim {
	return enrolments.Claim{
		Ticket: ticket, Key: h.jwk, Name: "Ana's phone", Platform: "android",
		Push: &push.Target{Service: push.FCM, Token: "token-of-the-phone"},
		Proof: h.sign(map[string]any{"alg": "EdDSA", "typ": enrolments.PairingProof}, map[string]any{
			"aud": publicURL, "tkt": hashOf(ticket.Reveal()), "jkt": h.thumb, "iat": now.Unix(),
		}),
	}
}

// proof is a good proof of a request without a body, altered by change.
func (h *handset) proof(now time.Time, change func(header, claims map[string]any)) enrolments.SignedRequest {
	const url = publicURL + "/v1/phone"
	header := map[string]any{"alg": "EdDSA", "typ": enrolments.PhoneProof, "kid": string(h.id)}
	claims := map[string]any{
		"htm": "GET", "htu": url, "iat": now.Unix(), "jti": enrolments.NewID[string](), "bod": hashOf(""),
	}
	if change != nil {
		change(header, claims)
	}
	return enrolments.SignedRequest{Proof: h.sign(header, claims), Method: "GET", URL: url}
}

// know is the phone as the service knows it.
func (d *desk) know(t *testing.T, h *handset) enrolments.KnownPhone {
	t.Helper()
	known, err := d.KnowPhone(t.Context(), h.proof(d.clock.now(), nil))
	noError(t, err)
	return known
}

// claimed opens a set-up for user and has a phone claim it.
func (d *desk) claimed(t *testing.T, user string) (enrolments.Pairing, enrolments.Secret, *handset) {
	t.Helper()
	_, token, err := d.OpenPairing(t.Context(), enrolments.Opening{User: user, Application: "northwind", Allowed: true})
	noError(t, err)
	h := newHandset(t)
	p, err := d.Claim(t.Context(), h.claim(enrolments.TicketOf(token), d.clock.now()))
	noError(t, err)
	h.id = p.Phone
	return p, token, h
}

// paired pairs a phone for user from beginning to end.
func (d *desk) paired(t *testing.T, user string) (enrolments.Pairing, *handset) {
	t.Helper()
	p, _, h := d.claimed(t, user)
	p, err := d.Confirm(t.Context(), p, true)
	noError(t, err)
	return p, h
}

// secret gives the phone a TOTP secret and returns it.
func (d *desk) secret(t *testing.T, h *handset) []byte {
	t.Helper()
	s, err := d.NewPhoneSecret(t.Context(), d.know(t, h))
	noError(t, err)
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(s.Text)
	noError(t, err)
	return raw
}

// codeAt is the code that a secret shows the given number of steps from now.
func (d *desk) codeAt(t *testing.T, secret []byte, steps int) string {
	t.Helper()
	code, err := totp.Code(secret, d.clock.now().Add(time.Duration(steps)*totp.Period))
	noError(t, err)
	return code
}

// wrongCode is six digits that none of the secrets shows within the drift.
func (d *desk) wrongCode(t *testing.T, secrets ...[]byte) string {
	t.Helper()
next:
	for _, code := range []string{"000000", "111111", "222222", "333333", "444444", "555555", "666666"} {
		for _, s := range secrets {
			if _, hit := totp.Match(s, code, d.clock.now()); hit {
				continue next
			}
		}
		return code
	}
	t.Fatal("every code is right")
	return ""
}

// trail is the kinds of all events, oldest first.
func (d *desk) trail(t *testing.T) []enrolments.EventKind {
	t.Helper()
	var kinds []enrolments.EventKind
	for _, e := range d.events(t) {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func (d *desk) events(t *testing.T) []enrolments.Event {
	t.Helper()
	newest, err := d.store.Events(context.WithoutCancel(t.Context()), enrolments.EventFilter{Limit: 1000})
	noError(t, err)
	var events []enrolments.Event
	for i := range newest {
		events = append(events, newest[len(newest)-1-i])
	}
	return events
}
