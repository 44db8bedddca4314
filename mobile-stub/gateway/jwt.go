package gateway

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// claims are those that the three services look at.
type claims struct {
	Issuer   string `json:"iss"`
	Audience string `json:"aud"`
	Subject  string `json:"sub"`
	Scope    string `json:"scope"`
	IssuedAt int64  `json:"iat"`
	Expires  int64  `json:"exp"`
}

type jwtHeader struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
}

// readJWT checks shape, algorithm and signature (RFC 7515). key decides both
// how it is verified and which algorithm the header must name.
func readJWT(text string, key crypto.PublicKey) (jwtHeader, claims, error) {
	var h jwtHeader
	var c claims
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return h, c, errors.New("a JWT has three parts")
	}
	if err := decodePart(parts[0], &h); err != nil {
		return h, c, fmt.Errorf("JWT header: %w", err)
	}
	if err := decodePart(parts[1], &c); err != nil {
		return h, c, fmt.Errorf("JWT claims: %w", err)
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return h, c, errors.New("JWT signature is not base64url")
	}
	return h, c, verify(key, h.Algorithm, parts[0]+"."+parts[1], signature)
}

func decodePart(s string, into any) error {
	text, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return errors.New("not base64url")
	}
	return json.Unmarshal(text, into)
}

func verify(key crypto.PublicKey, algorithm, signed string, signature []byte) error {
	digest := sha256.Sum256([]byte(signed))
	switch key := key.(type) {
	case *rsa.PublicKey:
		if algorithm != "RS256" {
			return fmt.Errorf("alg is %q, want RS256", algorithm)
		}
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature)
	case *ecdsa.PublicKey:
		if algorithm != "ES256" {
			return fmt.Errorf("alg is %q, want ES256", algorithm)
		}
		if len(signature) != 64 { // RFC 7518 section 3.4: r and s, 32 bytes each
			return fmt.Errorf("ES256 signature has %d bytes, want 64", len(signature))
		}
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		if !ecdsa.Verify(key, digest[:], r, s) {
			return errors.New("signature does not verify")
		}
		return nil
	}
	return errors.New("no key to verify with")
}
