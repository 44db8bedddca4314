package duo

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"time"

	"countersign/enrolments"
)

// errToken is returned for a token that does not verify, whatever the cause.
var errToken = errors.New("the token is not valid")

const (
	// maxToken bounds a token in bytes; a state of 1024 characters and a
	// redirect URI of as many fit.
	maxToken = 8 << 10
	// leeway is how far a client's clock may be ahead.
	leeway = time.Minute
	// maxAssertion is the longest life of what a client signs.
	maxAssertion = 5 * time.Minute
)

// hs512 is the one header that is written, and with or without its typ the one
// that is read: no algorithm is taken from a token.
var hs512 = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS512","typ":"JWT"}`))

// signToken makes a token of claims (RFC 7515 compact, HMAC with SHA-512).
func signToken(secret enrolments.Secret, claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed := hs512 + "." + base64.RawURLEncoding.EncodeToString(payload)
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac512(secret, signed)), nil
}

func mac512(secret enrolments.Secret, text string) []byte {
	mac := hmac.New(sha512.New, []byte(secret.Reveal()))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// verifyToken reads the claims of a token; errToken.
func verifyToken(secret enrolments.Secret, token string, claims any) error {
	parts := splitToken(token)
	if parts == nil {
		return errToken
	}
	mac, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !hmac.Equal(mac, mac512(secret, parts[0]+"."+parts[1])) {
		return errToken
	}
	var header struct {
		Alg string `json:"alg"`
		Typ string `json:"typ"`
	}
	if err := decodePart(parts[0], &header, true); err != nil || header.Alg != "HS512" || (header.Typ != "" && header.Typ != "JWT") {
		return errToken
	}
	return decodePart(parts[1], claims, false)
}

// splitToken is the three parts of a token within its bounds, or nil.
func splitToken(token string) []string {
	parts := strings.Split(token, ".")
	if len(token) > maxToken || len(parts) != 3 {
		return nil
	}
	return parts
}

// decodePart reads one JSON object; strict refuses members that are not known,
// such as crit or a key.
func decodePart(part string, into any, strict bool) error {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return errToken
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if strict {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(into); err != nil {
		return errToken
	}
	if _, err := d.Token(); err != io.EOF {
		return errToken
	}
	return nil
}

// seconds is a time in a token, which one library writes with a fraction.
type seconds float64

// soon reports whether a token that ends then is neither over nor good for
// longer than it may be.
func (s seconds) soon(now time.Time) bool {
	at := float64(s)
	if math.IsNaN(at) || math.IsInf(at, 0) {
		return false
	}
	left := at - float64(now.UnixMilli())/1000
	return left > 0 && left <= (maxAssertion+leeway).Seconds()
}

// audience is a text or an array of one.
type audience string

func (a *audience) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*a = audience(one)
		return nil
	}
	var all []string
	if err := json.Unmarshal(raw, &all); err != nil || len(all) != 1 {
		return errToken
	}
	*a = audience(all[0])
	return nil
}

// sealText makes a text that only the integration's own server can have made:
// it proves and hides nothing from who holds it. label keeps one use from
// another.
func sealText(secret enrolments.Secret, label string, value any) (string, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(raw)
	return text + "." + base64.RawURLEncoding.EncodeToString(mac512(secret, label+"\x00"+text)[:32]), nil
}

// openText reads what sealText made for the same label; errToken.
func openText(secret enrolments.Secret, label, sealed string, value any) error {
	text, tail, ok := strings.Cut(sealed, ".")
	mac, err := base64.RawURLEncoding.DecodeString(tail)
	if !ok || err != nil || len(sealed) > maxToken || !hmac.Equal(mac, mac512(secret, label+"\x00"+text)[:32]) {
		return errToken
	}
	return decodePart(text, value, true)
}
