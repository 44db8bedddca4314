package duo

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"time"

	"countersign/enrolments"
)

// A number is only worth typing where the person can see it. The places:
//
//	the menu     preauth puts it into the text of option 1, whose token carries
//	             the ticket that the number is made of
//	verified     preauth hands number and ticket to a client that asked for them
//	the status   a client that polls shows what the status says
//	nowhere      a client that blocks, or was told to push without a menu
//
// A ticket is no secret and no proof: without the integration's secret nobody
// can make its number, and with it one may ask anyway.

// ticket names a number that was shown before the push.
type ticket string

const (
	ticketSize = 16
	// ticketLife is no longer than an approval's key is remembered, so that a
	// ticket makes one approval.
	ticketLife = 10 * time.Minute
)

func newTicket(now time.Time) ticket {
	raw := make([]byte, 12)
	rand.Read(raw) // never fails: crypto/rand ends the program instead
	binary.BigEndian.PutUint32(raw, uint32(now.Unix()))
	return ticket(base64.RawURLEncoding.EncodeToString(raw))
}

// parseTicket reads a ticket from outside; ok is false for one that is out of
// time or none.
func parseTicket(text string, now time.Time) (t ticket, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(text) != ticketSize {
		return "", false
	}
	age := now.Sub(time.Unix(int64(binary.BigEndian.Uint32(raw)), 0))
	return ticket(text), age >= -time.Minute && age < ticketLife
}

func (t ticket) expires() time.Time {
	raw, err := base64.RawURLEncoding.DecodeString(string(t))
	if err != nil || len(raw) < 4 {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint32(raw)), 0).Add(ticketLife)
}

// number is the ticket's number for a person: it does not begin with 0, which
// people drop.
func (t ticket) number(secret enrolments.Secret, person enrolments.PersonID, digits int) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte("countersign-duo-number\x00" + string(t) + "\x00" + string(person)))
	low := uint64(1)
	for range digits - 1 {
		low *= 10
	}
	return strconv.FormatUint(binary.BigEndian.Uint64(mac.Sum(nil))%(9*low)+low, 10)
}
