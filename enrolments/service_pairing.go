package enrolments

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"countersign/internal/jws"
	"countersign/push"
	"countersign/totp"
)

// ProofWindow is how far a phone's clock may be from the server's.
const ProofWindow = 120 * time.Second

// PairingProof is the type of a pairing proof.
const PairingProof = "countersign-pair+jwt"

// Opening says for whom a set-up is opened.
type Opening struct {
	User string
	// Application is the one that asks; empty for none.
	Application ApplicationID
	// Allowed says that a fresh approval stands behind it.
	Allowed bool
	// Held is as in Pairing: where no administrator stands behind it.
	Held bool
	// ReturnURL and SigningIn are as in Pairing. The caller has seen that the URL
	// is registered.
	ReturnURL string
	SigningIn bool
}

// OpenPairing opens a set-up for a person, and returns the secret that the
// person's browser holds. ErrFreshApproval for somebody who has anything set up,
// unless it is allowed; ErrLocked where it is Held.
func (s *Service) OpenPairing(ctx context.Context, o Opening) (Pairing, Secret, error) {
	token := NewSecret()
	p, err := s.openFor(ctx, o, token)
	if err != nil {
		return Pairing{}, Secret{}, err
	}
	return p, token, nil
}

func (s *Service) openFor(ctx context.Context, o Opening, token Secret) (Pairing, error) {
	p, err := s.AddPerson(ctx, o.User)
	if err != nil {
		return Pairing{}, err
	}
	e, err := s.config.Store.EnrolmentOf(ctx, p.ID)
	if err != nil {
		return Pairing{}, err
	}
	if !e.Empty() && !o.Allowed {
		return Pairing{}, ErrFreshApproval
	}
	return s.open(ctx, Pairing{
		Person: p.ID, User: p.User, Application: o.Application, Free: !o.Allowed, Held: o.Held,
		ReturnURL: o.ReturnURL, SigningIn: o.SigningIn,
	}, token)
}

// OpenPairingByPhone opens a pairing for a new phone on the word of one that
// the person has; it shows the link and compares the digits. replace says that
// the old one goes when the new one is active. The secret is the ticket.
// ErrPhoneInactive for a phone that its person has not confirmed; ErrLocked.
func (s *Service) OpenPairingByPhone(ctx context.Context, phone KnownPhone, replace bool) (Pairing, Secret, error) {
	if !phone.Active {
		return Pairing{}, Secret{}, ErrPhoneInactive
	}
	token := NewSecret()
	p, err := s.open(ctx, Pairing{Person: phone.Person, User: phone.User, By: phone.ID, Replace: replace, Held: true}, token)
	return p, TicketOf(token), err
}

func (s *Service) open(ctx context.Context, p Pairing, token Secret) (Pairing, error) {
	p = s.pairingWith(p, token)
	if err := s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		return []Event{p.opened()}, store.AddPairing(ctx, p)
	}); err != nil {
		return Pairing{}, err
	}
	return p, nil
}

func (p Pairing) opened() Event {
	return Event{Kind: EventPairingOpened, Person: p.Person, Application: p.Application, Phone: p.By}
}

// newPairing gives p an identity, a secret and its life.
func (s *Service) newPairing(p Pairing) (Pairing, Secret) {
	token := NewSecret()
	return s.pairingWith(p, token), token
}

// pairingWith is newPairing with a secret that is known.
func (s *Service) pairingWith(p Pairing, token Secret) Pairing {
	now := s.now()
	p.ID, p.State, p.Version = NewID[PairingID](), PairingOpen, 1
	p.Token, p.Ticket = token.Hash(), TicketOf(token).Hash()
	p.CreatedAt, p.ExpiresAt = now, now.Add(PairingTTL)
	return p
}

// PairingOf returns a pairing that the phone has opened; ErrNotFound for
// anybody else's.
func (s *Service) PairingOf(ctx context.Context, phone KnownPhone, id PairingID) (Pairing, error) {
	p, err := s.config.Store.Pairing(ctx, id, s.now())
	if err == nil && p.By != phone.ID {
		return Pairing{}, ErrNotFound
	}
	return p, err
}

// SetUp returns the pairing that a browser holds the token of; ErrUnauthorized
// whether the pairing or the token is unknown.
func (s *Service) SetUp(ctx context.Context, id PairingID, token Secret) (Pairing, error) {
	p, err := s.config.Store.Pairing(ctx, id, s.now())
	if errors.Is(err, ErrNotFound) {
		return Pairing{}, ErrUnauthorized
	}
	if err != nil {
		return Pairing{}, err
	}
	if !p.Token.Is(token.Hash()) {
		return Pairing{}, ErrUnauthorized
	}
	return p, nil
}

// OpenedFor is the application for which a set-up or a recovery was opened, and
// whose policy and return URLs hold for it: one that allows nothing where it was
// opened for none, or that is gone.
func (s *Service) OpenedFor(ctx context.Context, id ApplicationID) (Application, error) {
	if id == "" {
		return Application{}, nil
	}
	app, err := s.Application(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return Application{}, nil
	}
	return app, err
}

// Claim is what a phone sends to spend a ticket.
type Claim struct {
	Ticket Secret
	// Key is the public key as a JWK.
	Key            []byte
	Name, Platform string
	Push           *push.Target
	// Proof is a JWS by the private key over the ticket's hash.
	Proof string
}

// Claim spends a ticket for a phone that proves to hold its key. The phone is
// inactive until the person confirms the digits. ErrTicket, ErrProof,
// jws.ErrKey, push.ErrBadTarget, ErrInvalid.
func (s *Service) Claim(ctx context.Context, c Claim) (Pairing, error) {
	phone, err := s.newPhone(c)
	if err != nil {
		return Pairing{}, err
	}
	now := s.now()
	if err := s.checkPairingProof(c, phone.Key, now); err != nil {
		return Pairing{}, err
	}
	var p Pairing
	if err := s.act(ctx, func(ctx context.Context, store Store) (_ []Event, err error) {
		p, err = store.Claim(ctx, c.Ticket.Hash(), phone, Digits(c.Ticket, phone.Key.Thumbprint()), now)
		return []Event{{Kind: EventPairingClaimed, Person: p.Person, Phone: phone.ID, Detail: phone.Name}}, err
	}); err != nil {
		return Pairing{}, err
	}
	return p, nil
}

func (s *Service) newPhone(c Claim) (Phone, error) {
	name, err := ParseName("phone name", c.Name, MaxPhoneName)
	if err != nil {
		return Phone{}, err
	}
	if !slices.Contains(Platforms(), c.Platform) {
		return Phone{}, invalid("platform is %q; it takes ios, android, web or other", truncate(c.Platform))
	}
	key, err := jws.ParseKey(c.Key)
	if err != nil {
		return Phone{}, err
	}
	if err := s.checkTarget(c.Push); err != nil {
		return Phone{}, err
	}
	return Phone{ID: NewID[PhoneID](), Name: name, Platform: c.Platform, Key: key, Push: c.Push, AddedAt: s.now()}, nil
}

func truncate(text string) string {
	if len(text) > 32 {
		return text[:32] + "…"
	}
	return text
}

func (s *Service) checkTarget(t *push.Target) error {
	if t == nil {
		return nil
	}
	if err := t.Validate(); err != nil {
		return err
	}
	if s.config.AllowTarget == nil {
		return nil
	}
	return s.config.AllowTarget(*t)
}

// pairingClaims are the claims of a pairing proof.
type pairingClaims struct {
	Aud string `json:"aud"`
	Tkt string `json:"tkt"`
	Jkt string `json:"jkt"`
	Iat int64  `json:"iat"`
}

func (s *Service) checkPairingProof(c Claim, key jws.Key, now time.Time) error {
	header, payload, err := jws.Verify(c.Proof, key, PairingProof)
	if err != nil || header.Kid != "" {
		return ErrProof
	}
	var claims pairingClaims
	if err := jws.Claims(payload, &claims); err != nil {
		return ErrProof
	}
	hash := c.Ticket.Hash()
	if claims.Aud != s.config.PublicURL || claims.Jkt != key.Thumbprint() ||
		claims.Tkt != base64.RawURLEncoding.EncodeToString(hash[:]) || !Near(claims.Iat, now) {
		return ErrProof
	}
	return nil
}

// Near reports whether a phone's time, in Unix seconds, is within ProofWindow.
func Near(unix int64, now time.Time) bool {
	const window = int64(ProofWindow / time.Second)
	return unix >= now.Unix()-window && unix <= now.Unix()+window
}

// Confirm ends a claimed pairing as the person says that the digits are equal,
// or not.
func (s *Service) Confirm(ctx context.Context, p Pairing, match bool) (Pairing, error) {
	before, err := s.config.Store.EnrolmentOf(ctx, p.Person)
	if err != nil {
		return p, err
	}
	var settled Pairing
	err = s.actEven(ctx, ErrFreshApproval, func(ctx context.Context, store Store) (_ []Event, err error) {
		settled, err = store.Confirm(ctx, p.ID, match, s.now())
		if err != nil { // then the phone that came is gone for good, or nothing is done
			return p.confirmed(false, nil), err
		}
		return settled.confirmed(match, before.Phones), nil
	})
	if err != nil {
		return p, err
	}
	return settled, nil
}

// confirmed tells of a pairing whose person has compared the digits: the phone
// that came, and those of phones that went.
func (p Pairing) confirmed(match bool, phones []Phone) []Event {
	if !match {
		return []Event{{Kind: EventPairingRefused, Person: p.Person, Phone: p.Phone, Detail: p.PhoneName}}
	}
	events := []Event{{Kind: EventPhonePaired, Person: p.Person, Phone: p.Phone, Detail: p.PhoneName}}
	for _, old := range phones {
		if p.replaces(old.ID) {
			events = append(events, Event{Kind: EventPhoneRemoved, Person: p.Person, Phone: old.ID, Detail: old.Name})
		}
	}
	return events
}

// replaces reports whether the phone goes when the pairing's becomes active.
func (p Pairing) replaces(id PhoneID) bool {
	return (p.Replace && p.By == id) || slices.Contains(p.Removes, id)
}

// SetUpKey is a new TOTP secret in the forms that people can take it in.
type SetUpKey struct {
	// Key is for typing, URI for a QR code.
	Key, URI string
}

// BeginAuthenticator makes a TOTP secret for an authenticator app; it counts
// once ConfirmAuthenticator has seen a code of it.
func (s *Service) BeginAuthenticator(ctx context.Context, p Pairing) (SetUpKey, error) {
	if p.over(s.now()) {
		return SetUpKey{}, ErrPairingSettled
	}
	a := Authenticator{ID: NewID[AuthenticatorID](), Person: p.Person, Secret: totp.NewSecret(), CreatedAt: s.now()}
	if err := s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		return []Event{{Kind: EventSecretIssued, Person: p.Person}}, store.BeginAuthenticator(ctx, p.ID, a, s.now())
	}); err != nil {
		return SetUpKey{}, err
	}
	return SetUpKey{Key: totp.SetUpKey(a.Secret), URI: totp.URI(a.Secret, s.config.ServerName, p.User)}, nil
}

// ConfirmAuthenticator takes the first code of an authenticator app. Wrong
// ones count against the person like any.
func (s *Service) ConfirmAuthenticator(ctx context.Context, p Pairing, typed string) error {
	if p.over(s.now()) || p.Authenticator == "" {
		return ErrPairingSettled
	}
	a, err := s.config.Store.Authenticator(ctx, p.Authenticator)
	if err != nil {
		return err
	}
	return s.try(ctx, p.Person, GuessCode, s.config.CodeLimits, func(now time.Time) error {
		c, err := parseCode(typed)
		if err != nil || c.recovery {
			return ErrCodeWrong
		}
		return s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
			return []Event{{Kind: EventSecretConfirmed, Person: p.Person}}, s.burn(ctx, store, []Authenticator{a}, c.text, now)
		})
	})
}

// IssueCodes makes a new set of recovery codes in a set-up that has confirmed
// something; the person's older ones are void. It is the only time they are
// seen.
func (s *Service) IssueCodes(ctx context.Context, p Pairing) ([]string, error) {
	codes, hashes, err := newCodesOf(p.Person)
	if err != nil {
		return nil, err
	}
	if err := s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		return []Event{{Kind: EventCodesIssued, Person: p.Person}}, store.IssueCodes(ctx, p.ID, hashes, s.now())
	}); err != nil {
		return nil, err
	}
	return codes, nil
}
