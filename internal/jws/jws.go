// Package jws signs and verifies compact JSON Web Signatures (RFC 7515), the
// form of everything that is signed here: phone proofs, answers, pairing
// proofs and result tokens. It is the one home of the JOSE library.
//
// It refuses what JWTs are usually attacked with (RFC 8725): a key or a
// certificate in the header, an algorithm that differs from the key's own, a
// missing or foreign "typ", "none", symmetric algorithms, unknown header
// members.
package jws

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// MaxSize is the longest token read, in bytes.
const MaxSize = 8 << 10

var (
	// ErrMalformed is returned for what is not a compact JWS with exactly the
	// header members alg, typ and, optionally, kid.
	ErrMalformed = errors.New("not a compact JWS with alg, typ and kid alone")
	// ErrAlgorithm is returned when the token names another algorithm than
	// its key is for.
	ErrAlgorithm = errors.New("the algorithm is not the one of this key")
	// ErrType is returned when typ is not the expected one.
	ErrType = errors.New("the token is of another type")
	// ErrSignature is returned when the signature does not verify.
	ErrSignature = errors.New("the signature does not verify")
)

// alphabet is what a compact token consists of. Decoders of base64 pass over
// line breaks: two texts would then be one token.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."

func outside(r rune) bool { return !strings.ContainsRune(alphabet, r) }

// Header is the protected header of a token.
type Header struct {
	Alg string `json:"alg"`
	Typ string `json:"typ"`
	Kid string `json:"kid,omitempty"`
}

// Peek reads the header of a token without verifying anything: for finding
// the key by Kid, never for a decision.
func Peek(token string) (Header, error) {
	var h Header
	if len(token) > MaxSize || strings.Count(token, ".") != 2 || strings.ContainsFunc(token, outside) {
		return h, ErrMalformed
	}
	encoded, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return h, ErrMalformed
	}
	if err := strict(raw, &h); err != nil || h.Alg == "" || len(h.Kid) > 128 {
		return Header{}, ErrMalformed
	}
	return h, nil
}

// Verify checks that token is of type typ and signed by k with k's own
// algorithm, and returns its header and payload.
func Verify(token string, k Key, typ string) (Header, []byte, error) {
	h, err := Peek(token)
	if err != nil {
		return Header{}, nil, err
	}
	if h.Alg != string(k.alg) {
		return Header{}, nil, ErrAlgorithm
	}
	if h.Typ != typ {
		return Header{}, nil, ErrType
	}
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{k.alg})
	if err != nil {
		return Header{}, nil, ErrMalformed
	}
	payload, err := parsed.Verify(k.jwk.Key)
	if err != nil {
		return Header{}, nil, ErrSignature
	}
	return h, payload, nil
}

// Claims decodes a verified payload into out and refuses unknown members and
// trailing bytes.
func Claims(payload []byte, out any) error {
	if err := strict(payload, out); err != nil {
		return fmt.Errorf("%w: claims", ErrMalformed)
	}
	return nil
}

func strict(raw []byte, out any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(out); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("trailing bytes")
	}
	return nil
}
