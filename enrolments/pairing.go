package enrolments

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"
)

// PairingState is the step that a pairing has reached.
type PairingState string

const (
	PairingOpen    PairingState = "open"
	PairingClaimed PairingState = "claimed"
	PairingActive  PairingState = "active"
	PairingRefused PairingState = "refused"
	PairingExpired PairingState = "expired"
)

// PairingTTL is the life of a pairing (ten minutes: walk to the phone, not
// more).
const PairingTTL = 10 * time.Minute

// MaxOpenPairings bounds the pairings of one person that wait for a phone.
const MaxOpenPairings = 16

// Pairing is one set-up: a phone by ticket and, beside it, an authenticator
// and recovery codes.
type Pairing struct {
	ID     PairingID
	Person PersonID
	// User is the person's name.
	User string
	// Application is the one for which it was opened; empty for none. Its policy
	// says what is offered beside phone, authenticator and codes.
	Application ApplicationID
	// ReturnURL leads back to the application, empty for nowhere. It was one of
	// the registered ones when the set-up was opened.
	ReturnURL string
	// SigningIn says that a sign-in led here and was withdrawn for it: its person
	// has to begin it anew.
	SigningIn bool
	// Token is the hash of the secret that the browser holds, Ticket that of
	// the one that the phone spends.
	Token, Ticket Hash
	State         PairingState
	// Free says that no approval stands behind it: it was opened for a person
	// who had nothing set up, and is void once they have something by another.
	Free bool
	// By is the phone that opened the pairing and compares the digits in place
	// of a browser; empty for a browser's. Replace says that it goes when the
	// new phone becomes active.
	By      PhoneID
	Replace bool
	// Removes are further phones of the person that go when the new one becomes
	// active.
	Removes []PhoneID
	// Held says that it cannot be opened while the person's pushes are locked, as
	// that of an administrator can. It is not stored.
	Held bool
	// AppOnly says that it was opened for an authenticator app: no phone may
	// claim it.
	AppOnly bool
	// Phone and Digits are set once a phone has claimed the ticket.
	Phone  PhoneID
	Digits string
	// PhoneName and Platform are the claiming phone's.
	PhoneName, Platform string
	// Authenticator is the one begun in this set-up, if any;
	// AuthenticatorConfirmed tells whether a code has proved it.
	Authenticator          AuthenticatorID
	AuthenticatorConfirmed bool
	// CodesIssued is true once recovery codes were shown.
	CodesIssued bool
	CreatedAt   time.Time
	ExpiresAt   time.Time
	// Version rises with every change.
	Version int64
}

// Confirmed reports whether the person has proved something new in this
// set-up: a phone or an authenticator.
func (p Pairing) Confirmed() bool { return p.State == PairingActive || p.AuthenticatorConfirmed }

// TakesPhone reports whether a phone may claim the set-up now.
func (p Pairing) TakesPhone() bool { return p.State == PairingOpen && !p.AppOnly }

// over reports whether the set-up gives nothing more: it was refused, or its
// time has passed, whatever was confirmed in it before.
func (p Pairing) over(now time.Time) bool {
	return p.State == PairingRefused || !now.Before(p.ExpiresAt)
}

// TicketOf derives the ticket from the set-up token: the browser can show it
// again while only hashes are kept, and a phone that sees the ticket cannot go
// back to the token.
func TicketOf(token Secret) Secret {
	sum := sha256.Sum256([]byte("countersign-ticket\x00" + token.Reveal()))
	return SecretOf(base64.RawURLEncoding.EncodeToString(sum[:]))
}

// Digits are the six digits that both screens show: they bind the ticket that
// the browser opened to the key of the phone that spent it.
func Digits(ticket Secret, thumbprint string) string {
	sum := sha256.Sum256([]byte("countersign-digits\x00" + ticket.Reveal() + "\x00" + thumbprint))
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(sum[:8])%1_000_000)
}
