// Package totp is RFC 6238 as authenticator apps speak it: SHA-1, 6 digits, 30
// seconds. It makes secrets, writes them as a set-up key and as an otpauth://
// URI, and says which time step a code belongs to, so that whoever calls can
// spend that step: the package itself remembers nothing and so cannot refuse a
// replay. It is the one home of the otp library.
package totp

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

const (
	// SecretSize is the size of a secret in bytes: 160 bits, as RFC 4226
	// section 4 recommends.
	SecretSize = 20
	// Digits of a code.
	Digits = 6
	// Period is the length of a time step.
	Period = 30 * time.Second
	// Drift is how many steps a phone's clock may be off on either side, the
	// one step that RFC 6238 section 5.2 recommends.
	Drift = 1
)

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewSecret makes a secret.
func NewSecret() []byte {
	secret := make([]byte, SecretSize)
	rand.Read(secret) // never fails: crypto/rand ends the program instead
	return secret
}

// Step is the time step that holds now.
func Step(now time.Time) int64 { return now.Unix() / int64(Period/time.Second) }

// Match returns the step, within Drift of now, whose code is the given one. It
// looks at every step whatever it finds, so that the time taken says nothing
// about which matched. Two steps may share a code; the newer one is returned,
// so that spending it spends both.
func Match(secret []byte, code string, now time.Time) (step int64, ok bool) {
	if len(code) != Digits {
		return 0, false
	}
	text := Text(secret)
	for s := Step(now) - Drift; s <= Step(now)+Drift; s++ {
		want, err := codeAt(text, s)
		if err != nil {
			return 0, false
		}
		if subtle.ConstantTimeCompare([]byte(code), []byte(want)) == 1 {
			step, ok = s, true
		}
	}
	return step, ok
}

func codeAt(secret string, step int64) (string, error) {
	return hotp.GenerateCodeCustom(secret, uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
}

// Code is the code of a secret at an instant: what an authenticator app shows.
func Code(secret []byte, now time.Time) (string, error) { return codeAt(Text(secret), Step(now)) }

// Text is the secret in base32 without padding, the form that programs take.
func Text(secret []byte) string { return encoding.EncodeToString(secret) }

// SetUpKey is the secret for typing: base32 in groups of four.
func SetUpKey(secret []byte) string {
	text := Text(secret)
	var groups []string
	for len(text) > 4 {
		groups, text = append(groups, text[:4]), text[4:]
	}
	return strings.Join(append(groups, text), " ")
}

// URI is the otpauth:// form that authenticator apps read from a QR code
// (Google's "Key Uri Format"). issuer names the server, account the person; a
// colon in either would shift the border between them and becomes a space. It
// is written here, not by the library, which leaves an ampersand in the issuer
// unescaped.
func URI(secret []byte, issuer, account string) string {
	clean := strings.NewReplacer(":", " ")
	issuer, account = clean.Replace(issuer), clean.Replace(account)
	query := url.Values{
		"secret": {Text(secret)}, "issuer": {issuer}, "algorithm": {"SHA1"},
		"digits": {strconv.Itoa(Digits)}, "period": {strconv.Itoa(int(Period / time.Second))},
	}
	u := url.URL{
		Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + account,
		// Some apps show a "+" of the query as it stands.
		RawQuery: strings.ReplaceAll(query.Encode(), "+", "%20"),
	}
	return u.String()
}
