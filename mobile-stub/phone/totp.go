package phone

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" // RFC 6238's own choice, and what every authenticator app takes
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// ErrNoCodes: the account has no secret for codes yet; it is not active.
var ErrNoCodes = errors.New("phone: this account has no codes yet")

// Secret makes codes without a network (RFC 6238). It prints as nothing.
type Secret struct {
	Secret    string `json:"secret"`    // base32, 16 to 64 bytes
	Algorithm string `json:"algorithm"` // SHA1
	Digits    int    `json:"digits"`    // 6 to 8
	Period    int    `json:"period"`    // seconds, 15 to 120
}

// Code is one code and how much longer it is shown.
type Code struct {
	Digits string
	Left   time.Duration
}

// String hides the secret.
func (Secret) String() string { return "secret" }

// GoString keeps %#v from printing the secret.
func (s Secret) GoString() string { return s.String() }

// Code is the account's code at a time. It needs no network. Errors:
// ErrNoAccount, ErrNoCodes.
func (p *Phone) Code(accountID string, now time.Time) (Code, error) {
	a, err := p.account(accountID)
	if err != nil {
		return Code{}, err
	}
	if a.Codes == nil {
		return Code{}, ErrNoCodes
	}
	return a.Codes.at(now)
}

func (s Secret) at(now time.Time) (Code, error) {
	key, err := s.key()
	if err != nil {
		return Code{}, err
	}
	period := int64(s.Period)
	digits, into := hotp(key, uint64(now.Unix()/period), s.Digits), now.Unix()%period
	return Code{digits, time.Duration(period-into) * time.Second}, nil
}

// hotp is RFC 4226 section 5.3.
func hotp(key []byte, counter uint64, digits int) string {
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, counter) // a hash never refuses
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0x0f
	n := binary.BigEndian.Uint32(sum[offset:]) & 0x7fff_ffff
	modulo := uint32(1)
	for range digits {
		modulo *= 10
	}
	return fmt.Sprintf("%0*d", digits, n%modulo)
}

func (s Secret) check() error {
	_, err := s.key()
	return err
}

func (s Secret) key() ([]byte, error) {
	text := strings.TrimRight(s.Secret, "=")
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	switch {
	case err != nil || len(key) < 16 || len(key) > 64: // RFC 4226 section 4, R6: 128 bits or more
		return nil, fmt.Errorf("%w: the secret for codes is damaged", ErrReply)
	case s.Algorithm != "SHA1" || s.Digits < 6 || s.Digits > 8 || s.Period < 15 || s.Period > 120:
		return nil, fmt.Errorf("%w: codes of a kind that this phone cannot make", ErrReply)
	}
	return key, nil
}

// fetchCodes gets the secret of an active account unless the phone has it.
func (p *Phone) fetchCodes(ctx context.Context, accountID string) error {
	p.codes.Lock()
	defer p.codes.Unlock()
	if a, err := p.account(accountID); err != nil || a.Codes != nil {
		return err
	}
	var s Secret
	err := p.exchange(ctx, accountID, exchange{method: http.MethodPost, path: "/v1/phone/totp", out: &s})
	if err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	return p.edit(accountID, func(a *account) { a.Codes = &s })
}
