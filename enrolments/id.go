package enrolments

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
)

// Identifiers are 128 random bits, 22 characters of base64url.
type (
	PersonID        string
	PhoneID         string
	PairingID       string
	AuthenticatorID string
)

// IDSize is the length of an identifier in characters.
const IDSize = 22

// NewID makes an identifier.
func NewID[T ~string]() T { return T(randomText(16)) }

func randomText(size int) string {
	raw := make([]byte, size)
	rand.Read(raw) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Secret is a bearer secret in clear: it prints as nothing, and is compared
// through its Hash.
type Secret struct{ text string }

// NewSecret makes a secret of 256 random bits.
func NewSecret() Secret { return Secret{randomText(32)} }

// SecretOf holds a secret that somebody presented.
func SecretOf(text string) Secret { return Secret{text} }

// Reveal returns the secret itself, for the one reply that hands it out.
func (s Secret) Reveal() string { return s.text }

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.text == "" }

// Hash is what is stored of the secret.
func (s Secret) Hash() Hash { return sha256.Sum256([]byte(s.text)) }

// String hides the secret from whoever asks for its text.
func (s Secret) String() string { return "[secret]" }

// Format hides the secret from every verb of fmt; String would not be asked
// for %d.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// Hash is the SHA-256 of a secret with at least 80 bits of chance, which needs
// no salt.
type Hash [sha256.Size]byte

// Is compares in constant time.
func (h Hash) Is(other Hash) bool { return subtle.ConstantTimeCompare(h[:], other[:]) == 1 }
