package phone

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"slices"
	"strings"
)

// This file is the server's side of the protocol as a stranger would write it
// from docs/protocol.md: it judges the shared vectors and is what the phone
// talks to in these tests.

// Kinds of problem that only a server gives.
const (
	good               = "ok"
	proofInvalid       = "proof-invalid"
	proofReplayed      = "proof-replayed"
	pairingProofBad    = "pairing-proof-invalid"
	keyRefused         = "key-refused"
	answerSignature    = "answer-signature"
	answerAlgorithm    = "answer-algorithm"
	answerAudience     = "answer-audience"
	answerClock        = "answer-clock"
	answerMismatch     = "answer-mismatch"
	answerDisplay      = "answer-display"
	maxTokenBytes      = 8 << 10
	maxSkewSeconds     = 120
	minJTI, maxJTI     = 16, 64
	rawSignatureLength = 64
)

// What can be wrong with a token before its claims are read.
var (
	errForm      = errors.New("not a compact JWS with the members named")
	errAlgorithm = errors.New("another algorithm than the key's")
	errType      = errors.New("another typ")
	errSignature = errors.New("the signature does not verify")
)

// token is a JWS taken apart; nothing in it has been verified.
type token struct {
	header    map[string]string
	payload   []byte
	signature []byte
	input     string
}

func splitToken(s string, members ...string) (token, error) {
	parts := strings.Split(s, ".")
	if len(s) > maxTokenBytes || len(parts) != 3 || strings.Trim(s, base64url+".") != "" {
		return token{}, errForm
	}
	var raw [3][]byte
	for i, part := range parts {
		b, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			return token{}, errForm
		}
		raw[i] = b
	}
	t := token{payload: raw[1], signature: raw[2], input: parts[0] + "." + parts[1]}
	if json.Unmarshal(raw[0], &t.header) != nil || t.header["alg"] == "" {
		return token{}, errForm
	}
	for member := range t.header {
		if !slices.Contains(members, member) {
			return token{}, errForm
		}
	}
	return t, nil
}

// verify checks algorithm, type and signature, in this order.
func (t token) verify(public JWK, typ string) error {
	alg, check := verifierOf(public)
	switch {
	case alg == "" || t.header["alg"] != string(alg):
		return errAlgorithm
	case t.header["typ"] != typ:
		return errType
	case len(t.signature) != rawSignatureLength || !check([]byte(t.input), t.signature):
		return errSignature
	}
	return nil
}

// verifierOf gives the algorithm of a public key, "" for a key that is refused.
func verifierOf(j JWK) (Algorithm, func(input, signature []byte) bool) {
	x, errX := base64.RawURLEncoding.Strict().DecodeString(j.X)
	y, errY := base64.RawURLEncoding.Strict().DecodeString(j.Y)
	if errX != nil || errY != nil || len(x) != 32 {
		return "", nil
	}
	switch {
	case j.Kty == "OKP" && j.Crv == "Ed25519" && len(y) == 0:
		return EdDSA, func(input, signature []byte) bool { return ed25519.Verify(x, input, signature) }
	case j.Kty == "EC" && j.Crv == "P-256" && len(y) == 32:
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
		if err != nil {
			return "", nil
		}
		return ES256, func(input, signature []byte) bool {
			der, err := asn1.Marshal(struct{ R, S *big.Int }{
				new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]),
			})
			sum := sha256.Sum256(input)
			return err == nil && ecdsa.VerifyASN1(public, sum[:], der)
		}
	}
	return "", nil
}

// strictJSON refuses unknown members and whatever follows the value.
func strictJSON(text []byte, out any) error {
	if !strings.HasPrefix(strings.TrimSpace(string(text)), "{") {
		return errors.New("not an object")
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(out); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one value")
	}
	return nil
}

// skewed says whether iat is too far from now, without overflowing.
func skewed(iat, now int64) bool { return iat < now-maxSkewSeconds || iat > now+maxSkewSeconds }

// judge gives the kind of problem of a pairing proof, or good.
func (c pairingCase) judge() string {
	var public JWK
	if strictJSON(c.PublicKey, &public) != nil {
		return keyRefused
	}
	if alg, _ := verifierOf(public); alg == "" {
		return keyRefused
	}
	t, err := splitToken(c.Proof, "alg", "typ")
	if err != nil || t.verify(public, TypPair) != nil {
		return pairingProofBad
	}
	var claims PairClaims
	want := PairClaims{Aud: c.Aud, Tkt: digest([]byte(c.Ticket)), Jkt: public.Thumbprint()}
	if strictJSON(t.payload, &claims) != nil || skewed(claims.Iat, c.Now) {
		return pairingProofBad
	}
	want.Iat = claims.Iat
	if claims != want {
		return pairingProofBad
	}
	return good
}

// judge gives the kind of problem of a phone proof, or good.
func (c proofCase) judge() string {
	t, err := splitToken(c.Proof, "alg", "typ", "kid")
	if err != nil {
		return proofInvalid
	}
	switch kid := t.header["kid"]; {
	case kid == "":
		return proofInvalid
	case kid != c.DeviceID:
		return PhoneUnknown
	}
	switch err := t.verify(c.PublicKey, TypProof); {
	case errors.Is(err, errType):
		return proofInvalid
	case err != nil:
		return PhoneUnknown
	}
	body, err := base64.RawURLEncoding.DecodeString(c.Body)
	var claims ProofClaims
	if err != nil || strictJSON(t.payload, &claims) != nil {
		return proofInvalid
	}
	switch {
	case claims.Htm != c.Method || claims.Htu != c.URL || claims.Bod != digest(body):
		return proofInvalid
	case len(claims.Jti) < minJTI || len(claims.Jti) > maxJTI || strings.Trim(claims.Jti, base64url) != "":
		return proofInvalid
	case skewed(claims.Iat, c.Now):
		return ProofClock
	case slices.Contains(c.SeenJTI, claims.Jti):
		return proofReplayed
	}
	return good
}

// judge gives the kind of problem of an answer, or good.
func (c answerCase) judge() string {
	t, err := splitToken(c.Answer, "alg", "typ", "kid")
	if err != nil {
		return answerSignature
	}
	switch err := t.verify(c.PublicKey, TypAnswer); {
	case errors.Is(err, errAlgorithm):
		return answerAlgorithm
	case err != nil:
		return answerSignature
	}
	var claims signedAnswer
	if strictJSON(t.payload, &claims) != nil || !claims.wellFormed() {
		return answerMismatch
	}
	switch {
	case t.header["kid"] != c.DeviceID || claims.Iss != c.DeviceID:
		return answerMismatch
	case claims.Aud != c.Aud:
		return answerAudience
	case skewed(claims.Iat, c.Now):
		return answerClock
	case claims.Txn != c.Txn || claims.Nonce != c.Nonce:
		return answerMismatch
	case claims.Dsp != digest([]byte(c.Display)):
		return answerDisplay
	}
	return good
}

// signedAnswer tells a number that is empty from none.
type signedAnswer struct {
	AnswerClaims
	Number *string `json:"number"`
}

func (c signedAnswer) wellFormed() bool {
	switch c.Decision {
	case Approve:
		return c.Number != nil && len(*c.Number) >= 1 && len(*c.Number) <= 6 && strings.Trim(*c.Number, "0123456789") == ""
	case Deny, Report:
		return c.Number == nil
	}
	return false
}
