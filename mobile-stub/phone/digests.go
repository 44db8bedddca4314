package phone

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Labels keep a digest made for one purpose from serving another.
const (
	ticketLabel = "countersign-ticket"
	digitsLabel = "countersign-digits"
)

// Digits are the six digits that both screens show at pairing, computed from
// the ticket of the link and the thumbprint of the phone's own key: who swaps
// the key changes the digits.
func Digits(ticket, thumbprint string) string {
	sum := sha256.Sum256([]byte(digitsLabel + "\x00" + ticket + "\x00" + thumbprint))
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(sum[:8])%1_000_000)
}

// Ticket is the ticket that belongs to a set-up token. Phones never need it;
// the shared vectors do.
func Ticket(setUpToken string) string {
	return digest([]byte(ticketLabel + "\x00" + setUpToken))
}

// digest is SHA-256 in base64url: tkt, bod, dsp and jkt all have this form.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return encode(sum[:])
}
