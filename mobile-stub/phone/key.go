package phone

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
)

// Algorithm is a JWS algorithm (RFC 7518, RFC 8037).
type Algorithm string

// The algorithms that the protocol takes.
const (
	ES256 Algorithm = "ES256" // ECDSA with P-256 and SHA-256
	EdDSA Algorithm = "EdDSA" // Ed25519
)

// ErrKey: a key is of no kind that the protocol takes, or is damaged.
var ErrKey = errors.New("phone: unusable key")

// coordinateBytes is the length of a P-256 coordinate and of half a signature.
const coordinateBytes = 32

// Key is a private key with its algorithm. It prints as its thumbprint.
type Key struct {
	ec *ecdsa.PrivateKey
	ed ed25519.PrivateKey
}

// JWK is a public key as the protocol carries it (RFC 7517): exactly these
// members, coordinates in base64url.
type JWK struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y,omitempty"`
}

// privateJWK is how a key is kept in the state file and in the vectors.
type privateJWK struct {
	JWK
	D string `json:"d"`
}

// GenerateKey makes a new key. The error is ErrKey if alg is not known.
func GenerateKey(alg Algorithm) (*Key, error) {
	switch alg {
	case ES256:
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		return &Key{ec: private}, err
	case EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return &Key{ed: private}, err
	}
	return nil, fmt.Errorf("%w: algorithm %q, want ES256 or EdDSA", ErrKey, alg)
}

// Algorithm is the one algorithm that the key signs with.
func (k *Key) Algorithm() Algorithm {
	if k.ec != nil {
		return ES256
	}
	return EdDSA
}

// Public is the key's public half.
func (k *Key) Public() JWK {
	if k.ec == nil {
		return JWK{Kty: "OKP", Crv: "Ed25519", X: encode(k.ed.Public().(ed25519.PublicKey))}
	}
	point, err := k.ec.PublicKey.Bytes() // 0x04 ‖ X ‖ Y
	if err != nil {
		panic("phone: a generated or checked key has no point") // cannot happen
	}
	return JWK{Kty: "EC", Crv: "P-256", X: encode(point[1 : 1+coordinateBytes]), Y: encode(point[1+coordinateBytes:])}
}

// Thumbprint is the key's RFC 7638 thumbprint in base64url.
func (j JWK) Thumbprint() string {
	// RFC 7638 section 3.2: required members, in order of their names.
	canonical := fmt.Sprintf(`{"crv":%q,"kty":%q,"x":%q}`, j.Crv, j.Kty, j.X)
	if j.Y != "" {
		canonical = fmt.Sprintf(`{"crv":%q,"kty":%q,"x":%q,"y":%q}`, j.Crv, j.Kty, j.X, j.Y)
	}
	return digest([]byte(canonical))
}

// sign gives the raw JWS signature: r ‖ s for ES256 (RFC 7518 section 3.4).
//
// ES256 is deterministic (RFC 6979): equal input gives equal bytes, which the
// shared vectors rely on.
func (k *Key) sign(input []byte) ([]byte, error) {
	if k.ec == nil {
		return ed25519.Sign(k.ed, input), nil
	}
	hash := sha256.Sum256(input)
	der, err := k.ec.Sign(nil, hash[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	var parts struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &parts); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	raw := make([]byte, 2*coordinateBytes)
	parts.R.FillBytes(raw[:coordinateBytes])
	parts.S.FillBytes(raw[coordinateBytes:])
	return raw, nil
}

// String hides the private half.
func (k *Key) String() string { return "key " + k.Public().Thumbprint() }

// GoString keeps %#v from printing the private half.
func (k *Key) GoString() string { return k.String() }

// MarshalJSON writes the private key. It is for the state file alone.
func (k *Key) MarshalJSON() ([]byte, error) {
	if k.ec == nil {
		return json.Marshal(privateJWK{k.Public(), encode(k.ed.Seed())})
	}
	d, err := k.ec.Bytes()
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrKey, err)
	}
	return json.Marshal(privateJWK{k.Public(), encode(d)})
}

// UnmarshalJSON reads what MarshalJSON wrote. Its errors wrap ErrKey and repeat
// nothing of the key.
func (k *Key) UnmarshalJSON(text []byte) error {
	var j privateJWK
	if err := json.Unmarshal(text, &j); err != nil {
		return fmt.Errorf("%w: not a JWK", ErrKey)
	}
	d, err := base64.RawURLEncoding.Strict().DecodeString(j.D)
	if err != nil || len(d) != coordinateBytes {
		return fmt.Errorf("%w: d must be %d bytes in base64url", ErrKey, coordinateBytes)
	}
	read := Key{ed: ed25519.NewKeyFromSeed(d)}
	if j.Kty == "EC" {
		private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d)
		if err != nil {
			return fmt.Errorf("%w: d is no scalar of P-256", ErrKey)
		}
		read = Key{ec: private}
	}
	// A file whose halves do not belong together was damaged or edited.
	if read.Public() != j.JWK {
		return fmt.Errorf("%w: public and private half differ", ErrKey)
	}
	*k = read
	return nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
