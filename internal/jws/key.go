package jws

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// ErrKey is returned for a public key that is not P-256 or Ed25519 in the
// plain JWK form of the protocol.
var ErrKey = errors.New("not a P-256 or Ed25519 public key as a JWK")

// Key is a public key with the one algorithm it may be used with: ES256 for
// P-256, EdDSA for Ed25519. The zero Key verifies nothing.
type Key struct {
	jwk jose.JSONWebKey
	alg jose.SignatureAlgorithm
}

// publicJWK has the members a phone may send; a private member or a
// certificate is refused as unknown.
type publicJWK struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y,omitempty"`
}

// ParseKey reads a public JWK of at most 1 KiB.
func ParseKey(raw []byte) (Key, error) {
	var plain publicJWK
	if len(raw) > 1<<10 || strict(raw, &plain) != nil {
		return Key{}, ErrKey
	}
	if plain.Kty == "OKP" && plain.Y != "" {
		return Key{}, ErrKey
	}
	var jwk jose.JSONWebKey
	if err := json.Unmarshal(raw, &jwk); err != nil || !jwk.Valid() {
		return Key{}, ErrKey
	}
	return keyOf(jwk)
}

func keyOf(jwk jose.JSONWebKey) (Key, error) {
	switch public := jwk.Key.(type) {
	case *ecdsa.PublicKey:
		if public.Curve == elliptic.P256() {
			return Key{jwk, jose.ES256}, nil
		}
	case ed25519.PublicKey:
		return Key{jwk, jose.EdDSA}, nil
	}
	return Key{}, ErrKey
}

// Algorithm is the JOSE name of the key's algorithm.
func (k Key) Algorithm() string { return string(k.alg) }

// JSON is the key as a JWK.
func (k Key) JSON() []byte {
	raw, err := k.jwk.MarshalJSON()
	if err != nil {
		return nil
	}
	return raw
}

// Thumbprint is the RFC 7638 SHA-256 thumbprint, base64url.
func (k Key) Thumbprint() string {
	sum, err := k.jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// Signer signs tokens with ES256 under a key id.
type Signer struct {
	kid    string
	key    *ecdsa.PrivateKey
	public Key
}

// NewPrivateKey makes a P-256 private key, PKCS #8.
func NewPrivateKey() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(key)
}

// NewSigner reads a P-256 private key in PKCS #8; its key id is its
// thumbprint, so that two nodes with one key name it alike.
func NewSigner(pkcs8 []byte) (*Signer, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return nil, errors.New("signing key: not PKCS #8")
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return nil, errors.New("signing key: not P-256")
	}
	public, err := keyOf(jose.JSONWebKey{Key: &private.PublicKey})
	if err != nil {
		return nil, err
	}
	return &Signer{kid: public.Thumbprint(), key: private, public: public}, nil
}

// Public is the key that verifies what s signs.
func (s *Signer) Public() Key { return s.public }

// Sign returns claims as a compact JWS of type typ.
func (s *Signer) Sign(typ string, claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("claims: %w", err)
	}
	options := (&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("kid", s.kid)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: s.key}, options)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// KeySet is the public half of signers as a JWK set (RFC 7517).
func KeySet(signers ...*Signer) ([]byte, error) {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, s := range signers {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: &s.key.PublicKey, KeyID: s.kid, Algorithm: string(jose.ES256), Use: "sig"})
	}
	return json.Marshal(set)
}
