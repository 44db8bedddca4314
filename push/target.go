package push

import (
	"crypto/ecdh"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
)

// Target is where one phone is woken. Token, Endpoint and the keys are secrets:
// who has them can wake the phone, though nothing more. A Target therefore
// prints as the name of its service alone.
type Target struct {
	Service Service
	Token   string // FCM registration token, or APNs device token in hex
	Sandbox bool   // APNs: the token is of the development environment

	// Web Push (RFC 8030, RFC 8291): the subscription as the browser gives it,
	// keys in base64url without padding.
	Endpoint string // https URL, at most 2048 bytes
	P256DH   string // the phone's public key: a point of P-256, uncompressed, 65 bytes
	Auth     string // authentication secret, 16 bytes
}

const (
	// FCM documents no length; tokens seen are of 140 to 350 characters.
	maxFCMToken = 4096
	// Apple's tokens have 32 bytes today; Apple asks not to rely on it and has
	// announced up to 100 bytes.
	minAPNsToken, maxAPNsToken = 2 * 32, 2 * 100
	// Endpoints seen are of 150 to 700 characters.
	maxEndpoint = 2048
	// RFC 8291 section 3.2.
	authBytes = 16
)

// Validate checks bounds and shape of every field, and that fields of other
// services are empty. It asks nobody: a valid target may still be gone, and a
// valid endpoint may still be one that policy does not allow. The error wraps
// ErrBadTarget, names the field and does not repeat its value.
func (t Target) Validate() error {
	switch t.Service {
	case FCM:
		return t.validateFCM()
	case APNs:
		return t.validateAPNs()
	case WebPush:
		return t.validateWebPush()
	}
	return bad("service must be fcm, apns or webpush")
}

func (t Target) validateFCM() error {
	if t.Sandbox || t.hasSubscription() {
		return bad("fcm takes a token alone")
	}
	if len(t.Token) == 0 || len(t.Token) > maxFCMToken {
		return bad("token must have 1 to %d characters", maxFCMToken)
	}
	if !consistsOf(t.Token, isFCM) {
		return bad("token has a character outside A–Z a–z 0–9 _ - : .")
	}
	return nil
}

func (t Target) validateAPNs() error {
	if t.hasSubscription() {
		return bad("apns takes a token and sandbox alone")
	}
	if n := len(t.Token); n < minAPNsToken || n > maxAPNsToken || n%2 != 0 {
		return bad("token must have %d to %d hexadecimal digits, an even number", minAPNsToken, maxAPNsToken)
	}
	if !consistsOf(t.Token, isHex) {
		return bad("token must be hexadecimal")
	}
	return nil
}

func (t Target) validateWebPush() error {
	if t.Token != "" || t.Sandbox {
		return bad("webpush takes endpoint, p256dh and auth alone")
	}
	if err := validateEndpoint(t.Endpoint); err != nil {
		return err
	}
	point, err := decode(t.P256DH)
	if err != nil {
		return bad("p256dh must be base64url without padding")
	}
	if _, err := ecdh.P256().NewPublicKey(point); err != nil {
		return bad("p256dh must be an uncompressed point of P-256")
	}
	secret, err := decode(t.Auth)
	if err != nil || len(secret) != authBytes {
		return bad("auth must be %d bytes in base64url without padding", authBytes)
	}
	return nil
}

func validateEndpoint(s string) error {
	if len(s) == 0 || len(s) > maxEndpoint {
		return bad("endpoint must have 1 to %d bytes", maxEndpoint)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return bad("endpoint has a space, a control character or one outside ASCII")
	}
	u, err := url.Parse(s)
	if err != nil { // its text would repeat the endpoint
		return bad("endpoint is not a URL")
	}
	switch {
	case u.Scheme != "https":
		return bad("endpoint must be https")
	case u.Hostname() == "" || u.Opaque != "":
		return bad("endpoint has no host")
	case u.User != nil:
		return bad("endpoint must not hold a user")
	case u.Fragment != "" || strings.Contains(s, "#"):
		return bad("endpoint must not hold a fragment")
	}
	return nil
}

func (t Target) hasSubscription() bool {
	return t.Endpoint != "" || t.P256DH != "" || t.Auth != ""
}

// String names the service and hides the rest.
func (t Target) String() string {
	switch t.Service {
	case FCM, WebPush:
		return string(t.Service) + " target"
	case APNs:
		if t.Sandbox {
			return "apns sandbox target"
		}
		return "apns target"
	}
	return "target of no known service"
}

// GoString keeps %#v from printing the fields.
func (t Target) GoString() string { return t.String() }

// LogValue keeps slog from printing the fields.
func (t Target) LogValue() slog.Value { return slog.StringValue(t.String()) }

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBadTarget, fmt.Sprintf(format, args...))
}

// decode takes one spelling a value: stray bits at the end are refused, so that
// a subscription cannot be stored twice under two names.
func decode(s string) ([]byte, error) {
	const longest = 88 // a P-256 point; keeps the decoder from long input
	if len(s) > longest || strings.ContainsAny(s, "\r\n") {
		return nil, base64.CorruptInputError(0)
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}

func consistsOf(s string, allowed func(byte) bool) bool {
	for i := range len(s) {
		if !allowed(s[i]) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isBase64URL(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-' || c == '_'
}

func isFCM(c byte) bool { return isBase64URL(c) || c == ':' || c == '.' }
