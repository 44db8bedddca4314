package northwind

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"
)

// claims are those of a result token that decide here.
type claims struct {
	Issuer      string `json:"iss"`
	Audience    string `json:"aud"`
	Subject     string `json:"sub"`
	Transaction string `json:"txn"`
	Method      string `json:"method"` // push, totp, recovery_code, trusted_browser or not_required
	Expires     int64  `json:"exp"`
	Issued      int64  `json:"iat"`
}

var errToken = errors.New("countersign: the result token is not one for this application, now")

// leeway is for clocks that differ.
const leeway = 30 * time.Second

// check verifies a result token: signature, type, issuer, audience and time. A
// token that came straight from the server over TLS could do without the
// signature; one that is passed on to another service cannot.
func (c *countersign) check(ctx context.Context, token string, now time.Time) (claims, error) {
	parts := strings.Split(token, ".")
	if len(token) > 8<<10 || len(parts) != 3 {
		return claims{}, errToken
	}
	var header struct{ Alg, Typ, Kid string }
	// The algorithm is ours to choose, never the token's (RFC 8725, 3.1).
	if err := decode(parts[0], &header); err != nil || header.Alg != "ES256" || header.Typ != "countersign-result+jwt" {
		return claims{}, errToken
	}
	key, err := c.keys.find(ctx, c, header.Kid, now)
	if err != nil {
		return claims{}, err
	}
	if !verify(key, parts[0]+"."+parts[1], parts[2]) {
		return claims{}, errToken
	}
	var got claims
	if err := decode(parts[1], &got); err != nil {
		return claims{}, errToken
	}
	if got.Issuer != c.issuer || got.Audience != c.id ||
		now.After(time.Unix(got.Expires, 0).Add(leeway)) || now.Before(time.Unix(got.Issued, 0).Add(-leeway)) {
		return claims{}, errToken
	}
	return got, nil
}

// verify checks a signature of ES256: r and s, 32 bytes each (RFC 7518, 3.4).
func verify(key *ecdsa.PublicKey, signed, signature string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(signature)
	if err != nil || len(raw) != 64 {
		return false
	}
	digest := sha256.Sum256([]byte(signed))
	return ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:]))
}

func decode(part string, into any) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// keySet keeps the server's public keys. A key that is not among them is looked
// for again, at most once in askAgain: the server may have changed its keys.
type keySet struct {
	mu    sync.Mutex
	keys  map[string]*ecdsa.PublicKey
	asked time.Time
}

const askAgain = time.Minute

func (s *keySet) find(ctx context.Context, c *countersign, kid string, now time.Time) (*ecdsa.PublicKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key := s.keys[kid]; key != nil {
		return key, nil
	}
	if now.Sub(s.asked) < askAgain {
		return nil, errToken
	}
	s.asked = now
	keys, err := c.fetchKeys(ctx)
	if err != nil {
		s.asked = time.Time{} // nothing was learnt: the next may ask at once
		return nil, err
	}
	if s.keys = keys; keys[kid] == nil {
		return nil, errToken
	}
	return keys[kid], nil
}

func (c *countersign) fetchKeys(ctx context.Context) (map[string]*ecdsa.PublicKey, error) {
	var set struct {
		Keys []struct{ Kid, Kty, Crv, X, Y string }
	}
	if err := c.call(ctx, http.MethodGet, "/.well-known/jwks.json", nil, &set); err != nil {
		return nil, err
	}
	keys := make(map[string]*ecdsa.PublicKey, len(set.Keys))
	for _, k := range set.Keys {
		x, errX := base64.RawURLEncoding.DecodeString(k.X)
		y, errY := base64.RawURLEncoding.DecodeString(k.Y)
		if k.Kty != "EC" || k.Crv != "P-256" || errX != nil || errY != nil {
			continue
		}
		// 4, x, y: an uncompressed point; it is refused unless on the curve.
		point := append(append([]byte{4}, x...), y...)
		if key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point); err == nil {
			keys[k.Kid] = key
		}
	}
	return keys, nil
}
