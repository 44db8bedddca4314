package phone

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
)

// The world of the vectors. Nothing in it is anybody's.
const (
	vecServer   = "https://countersign.example.com"
	vecDevice   = "ZGV2aWNlIG9mIHZlY3Rvcg"
	otherDevice = "YW5vdGhlciBkZXZpY2UgMg"
	vecTxn      = "dmVjdG9yYXBwcm92YWwgdmVjdG9yMQ"
	otherTxn    = "dmVjdG9yYW5vdGhlciBhcHByb3ZhbA"
	vecNonce    = "bm9uY2Ugb2YgdmVjdG9ycw"
	otherNonce  = "YW5vdGhlciBub25jZSAwMg"
	vecJTI      = "anRpIG9mIHZlY3RvcnMgMQ"
	otherJTI    = "anRpIG9mIHZlY3RvcnMgMg"
	vecSetUp    = "c2V0LXVwIHRva2VuIG9mIHRoZSB2ZWN0b3JzIDAxMjM"
	vecNow      = int64(1790000000)
	vecDisplay  = `{"application":"Northwind Books","user":"ana@example.com","action":"Sign in","location":"Wellington, NZ","ip":"203.0.113.9","browser":"Chrome on Windows","reference":"","time":"2026-09-21T14:13:20Z"}`
)

// The published keys of RFC 7515 appendix A.3 and RFC 8037 appendix A.1: nobody
// can take them for real ones.
const (
	rfc7515Key = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}`
	rfc8037Key = `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}`
)

type namedKey struct {
	Name       string `json:"name"`
	PrivateKey *Key   `json:"private_key"`
}

// namedKeys are the phone's key of each algorithm, and a stranger's.
func namedKeys(t *testing.T) []namedKey {
	t.Helper()
	seed := sha256.Sum256([]byte("countersign vectors: the key of a stranger"))
	ec, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		t.Fatal(err)
	}
	return []namedKey{
		{"ES256", parseKey(t, rfc7515Key)},
		{"EdDSA", parseKey(t, rfc8037Key)},
		{"ES256 of a stranger", &Key{ec: ec}},
		{"EdDSA of a stranger", &Key{ed: ed25519.NewKeyFromSeed(seed[:])}},
	}
}

func parseKey(t *testing.T, jwk string) *Key {
	t.Helper()
	var k Key
	if err := json.Unmarshal([]byte(jwk), &k); err != nil {
		t.Fatal(err)
	}
	return &k
}

// signer makes the tokens of one kind: good ones, and every bad one that can be
// told before the claims are read.
type signer struct {
	t               *testing.T
	key             *Key
	stranger        *Key // of the same algorithm
	foreign         *Key // of the other algorithm
	typ, kid        string
	claims          any
	form, typed     string // wanted for what is no such token, or of another typ
	algorithm, sign string // wanted for another algorithm, a wrong signature
	claimed         string // wanted for claims that cannot be read
}

// signers gives one for each algorithm.
func signers(t *testing.T, base signer) []signer {
	keys := namedKeys(t)
	es, ed := base, base
	es.key, es.stranger, es.foreign = keys[0].PrivateKey, keys[2].PrivateKey, keys[1].PrivateKey
	ed.key, ed.stranger, ed.foreign = keys[1].PrivateKey, keys[3].PrivateKey, keys[0].PrivateKey
	es.t, ed.t = t, t
	return []signer{es, ed}
}

type tokenCase struct{ name, token, want string }

func (s signer) header() map[string]any {
	h := map[string]any{"alg": s.key.Algorithm(), "typ": s.typ}
	if s.kid != "" {
		h["kid"] = s.kid
	}
	return h
}

// with is the header with one member changed; nil takes it away.
func (s signer) with(member string, value any) map[string]any {
	h := s.header()
	h[member] = value
	if value == nil {
		delete(h, member)
	}
	return h
}

func (s signer) marshal(v any) []byte {
	s.t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

// by signs any bytes with any key.
func (s signer) by(k *Key, header any, payload []byte) string {
	s.t.Helper()
	input := encode(s.marshal(header)) + "." + encode(payload)
	signature, err := k.sign([]byte(input))
	if err != nil {
		s.t.Fatal(err)
	}
	return input + "." + encode(signature)
}

func (s signer) payload() []byte { return s.marshal(s.claims) }

// good is the honest token.
func (s signer) good() string { return s.by(s.key, s.header(), s.payload()) }

// claiming is an honest signature over any claims.
func (s signer) claiming(claims any) string { return s.by(s.key, s.header(), s.marshal(claims)) }

// changed is an honest signature over the claims with one changed; nil takes it
// away.
func (s signer) changed(claim string, value any) string {
	return s.claiming(s.edited(claim, value))
}

func (s signer) edited(claim string, value any) map[string]any {
	var claims map[string]any
	d := json.NewDecoder(bytes.NewReader(s.payload()))
	d.UseNumber()
	if err := d.Decode(&claims); err != nil {
		s.t.Fatal(err)
	}
	claims[claim] = value
	if value == nil {
		delete(claims, claim)
	}
	return claims
}

// editedToo is the claims with two changed.
func (s signer) editedToo(first string, value any, second string, other any) map[string]any {
	claims := s.edited(first, value)
	claims[second] = other
	return claims
}

// altered is the honest token with one claim changed after signing.
func (s signer) altered(claim string, value any) string {
	parts := strings.Split(s.good(), ".")
	return parts[0] + "." + encode(s.marshal(s.edited(claim, value))) + "." + parts[2]
}

// signed is the honest token with another signature.
func (s signer) signed(signature []byte) string {
	good := s.good()
	return good[:strings.LastIndex(good, ".")+1] + encode(signature)
}

func (s signer) rawSignature() []byte {
	good := s.good()
	raw, err := base64.RawURLEncoding.DecodeString(good[strings.LastIndex(good, ".")+1:])
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

// badTokens are the attacks on the token itself.
func (s signer) badTokens() []tokenCase {
	return slices.Concat(s.badSignatures(), s.badAlgorithms(), s.badHeaders(), s.badForms(), s.badPayloads())
}

func (s signer) badSignatures() []tokenCase {
	flipped := s.rawSignature()
	flipped[40] ^= 1
	cases := []tokenCase{
		{"signed by a stranger", s.by(s.stranger, s.header(), s.payload()), s.sign},
		{"signature with one bit flipped", s.signed(flipped), s.sign},
		{"signature empty", s.signed(nil), s.sign},
		{"signature one byte short", s.signed(s.rawSignature()[:63]), s.sign},
		{"signature one byte long", s.signed(append(s.rawSignature(), 0)), s.sign},
		{"signature all zeros", s.signed(make([]byte, 64)), s.sign},
	}
	if s.key.ec != nil {
		raw := s.rawSignature()
		der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])})
		if err != nil {
			s.t.Fatal(err)
		}
		cases = append(cases, tokenCase{"signature as DER instead of r and s", s.signed(der), s.sign})
	}
	return cases
}

func (s signer) badAlgorithms() []tokenCase {
	none := encode(s.marshal(s.with("alg", "none"))) + "." + encode(s.payload()) + "."
	return []tokenCase{
		{"alg none without a signature", none, s.algorithm},
		{"alg none with the good signature", none + encode(s.rawSignature()), s.algorithm},
		{"alg none in mixed case", encode(s.marshal(s.with("alg", "nOnE"))) + "." + encode(s.payload()) + ".", s.algorithm},
		{"alg HS256 keyed with the public key as JWK", s.hmac(s.marshal(s.key.Public())), s.algorithm},
		{"alg HS256 keyed with the public key as PEM", s.hmac(s.publicPEM()), s.algorithm},
		{"alg of the other kind in the header alone", s.by(s.key, s.with("alg", s.foreign.Algorithm()), s.payload()), s.algorithm},
		{"alg of the other kind with a key of that kind", s.by(s.foreign, s.with("alg", s.foreign.Algorithm()), s.payload()), s.algorithm},
		{"alg with another hash", s.by(s.key, s.with("alg", "ES384"), s.payload()), s.algorithm},
		{"alg in lower case", s.by(s.key, s.with("alg", strings.ToLower(string(s.key.Algorithm()))), s.payload()), s.algorithm},
	}
}

func (s signer) hmac(secret []byte) string {
	input := encode(s.marshal(s.with("alg", "HS256"))) + "." + encode(s.payload())
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(input))
	return input + "." + encode(mac.Sum(nil))
}

func (s signer) publicPEM() []byte {
	var public any
	if s.key.ec != nil {
		public = s.key.ec.Public()
	} else {
		public = s.key.ed.Public()
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		s.t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func (s signer) badHeaders() []tokenCase {
	bring := func(member string, value any) string { return s.by(s.stranger, s.with(member, value), s.payload()) }
	add := func(member string, value any) string { return s.by(s.key, s.with(member, value), s.payload()) }
	var cases []tokenCase
	for _, typ := range []string{TypPair, TypProof, TypAnswer, "JWT", strings.ToUpper(s.typ)} {
		if typ != s.typ {
			cases = append(cases, tokenCase{"typ " + typ, add("typ", typ), s.typed})
		}
	}
	return append(cases,
		tokenCase{"typ missing", add("typ", nil), s.typed},
		tokenCase{"alg missing", add("alg", nil), s.form},
		tokenCase{"a stranger's key in the header", bring("jwk", s.stranger.Public()), s.form},
		tokenCase{"the phone's own key in the header", add("jwk", s.key.Public()), s.form},
		tokenCase{"the address of a key in the header", bring("jku", "https://attacker.example/keys"), s.form},
		tokenCase{"a certificate in the header", bring("x5c", []string{"MIIB"}), s.form},
		tokenCase{"crit in the header", add("crit", []string{"b64"}), s.form},
		tokenCase{"an unknown member in the header", add("cty", "JWT"), s.form},
	)
}

func (s signer) badForms() []tokenCase {
	good := s.good()
	parts := strings.Split(good, ".")
	inJSON := s.marshal(map[string]string{"protected": parts[0], "payload": parts[1], "signature": parts[2]})
	return []tokenCase{
		{"nothing", "", s.form},
		{"two parts", parts[0] + "." + parts[1], s.form},
		{"four parts", good + "." + parts[2], s.form},
		{"a dot at the end", good + ".", s.form},
		{"a dot in front", "." + good, s.form},
		{"header not JSON", encode([]byte("header")) + "." + parts[1] + "." + parts[2], s.form},
		{"header not base64url", "{}." + parts[1] + "." + parts[2], s.form},
		{"padded base64 in the signature", good + "==", s.form},
		{"padded base64 in the header", parts[0] + "=." + parts[1] + "." + parts[2], s.form},
		{"the other base64 alphabet", s.otherAlphabet(), s.form},
		{"a line break inside the payload", parts[0] + "." + parts[1][:20] + "\n" + parts[1][20:] + "." + parts[2], s.form},
		{"a space at the end", good + " ", s.form},
		{"JSON serialization", string(inJSON), s.form},
		{"more than 8 KiB", s.padded(maxTokenBytes + 4), s.form},
	}
}

// otherAlphabet is a good token in the alphabet of RFC 4648 section 4. Spaces
// are added to the claims until the signature has a character that differs.
func (s signer) otherAlphabet() string {
	payload := s.payload()
	for range 100 {
		token := s.by(s.key, s.header(), payload)
		if changed := strings.NewReplacer("-", "+", "_", "/").Replace(token); changed != token {
			return changed
		}
		payload = append(payload, ' ')
	}
	s.t.Fatal("no token with such a character")
	return ""
}

// padded is a good token, made longer by spaces after its claims: the longest of
// at most length characters.
func (s signer) padded(length int) string {
	fixed := len(s.by(s.key, s.header(), nil))
	spaces := (length-fixed)*3/4 - len(s.payload())
	return s.by(s.key, s.header(), append(s.payload(), bytes.Repeat([]byte(" "), spaces)...))
}

func (s signer) badPayloads() []tokenCase {
	signed := func(payload string) string { return s.by(s.key, s.header(), []byte(payload)) }
	return []tokenCase{
		{"payload empty", signed(""), s.claimed},
		{"payload not JSON", signed("approve"), s.claimed},
		{"payload null", signed("null"), s.claimed},
		{"payload a list", signed("[" + string(s.payload()) + "]"), s.claimed},
		{"payload with a second value after it", signed(string(s.payload()) + string(s.payload())), s.claimed},
		{"iat as text", s.changed("iat", "1790000000"), s.claimed},
		{"iat with a fraction", s.changed("iat", json.Number("1790000000.5")), s.claimed},
		{"iat beyond 64 bits", s.changed("iat", json.Number("18446744073709551616")), s.claimed},
	}
}

// clocks are claims at and beyond the edge of the 120 seconds.
func (s signer) clocks(late string) []tokenCase {
	return []tokenCase{
		{"iat 120 seconds ago", s.changed("iat", vecNow-120), good},
		{"iat 120 seconds ahead", s.changed("iat", vecNow+120), good},
		{"iat 121 seconds ago", s.changed("iat", vecNow-121), late},
		{"iat 121 seconds ahead", s.changed("iat", vecNow+121), late},
		{"iat in milliseconds", s.changed("iat", vecNow*1000), late},
		{"iat the greatest 64-bit number", s.changed("iat", json.Number("9223372036854775807")), late},
		{"iat the least 64-bit number", s.changed("iat", json.Number("-9223372036854775808")), late},
		{"iat missing", s.changed("iat", nil), late},
	}
}
