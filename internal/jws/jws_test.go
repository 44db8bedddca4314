package jws

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func newSigner(t testing.TB) *Signer {
	t.Helper()
	raw, err := NewPrivateKey()
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(raw)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestATokenVerifiesUnderItsOwnKeyAndTypeOnly(t *testing.T) {
	ours, theirs := newSigner(t), newSigner(t)
	token, err := ours.Sign("a+jwt", map[string]string{"sub": "ana"})
	if err != nil {
		t.Fatal(err)
	}
	header, payload, err := Verify(token, ours.Public(), "a+jwt")
	if err != nil || string(payload) != `{"sub":"ana"}` || header.Kid != ours.Public().Thumbprint() {
		t.Fatalf("got %v, %s, %v", header, payload, err)
	}
	if _, _, err := Verify(token, theirs.Public(), "a+jwt"); !errors.Is(err, ErrSignature) {
		t.Errorf("another key: got %v, want ErrSignature", err)
	}
	if _, _, err := Verify(token, ours.Public(), "b+jwt"); !errors.Is(err, ErrType) {
		t.Errorf("another type: got %v, want ErrType", err)
	}
	if _, _, err := Verify(token, Key{}, "a+jwt"); err == nil {
		t.Error("the zero key verified a token")
	}
}

func TestADecoyVerifiesByItsOwnAlgorithmAndNothingOfOurs(t *testing.T) {
	token, err := newSigner(t).Sign("a+jwt", map[string]string{"sub": "ana"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Verify(token, Decoy("ES256"), "a+jwt"); !errors.Is(err, ErrSignature) {
		t.Errorf("got %v, want ErrSignature", err)
	}
	for _, alg := range []string{"ES256", "EdDSA"} {
		if got := Decoy(alg).Algorithm(); got != alg {
			t.Errorf("the decoy for %s is of %q", alg, got)
		}
	}
	for _, alg := range []string{"", "none", "HS256", "es256"} {
		if got := Decoy(alg); got.Algorithm() != "" {
			t.Errorf("there is a decoy for %q, of %s", alg, got.Algorithm())
		}
	}
}

func TestHeadersThatAttackersSendAreRefused(t *testing.T) {
	s := newSigner(t)
	token, err := s.Sign("a+jwt", map[string]string{"sub": "ana"})
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(token, ".")
	cases := map[string]struct {
		header string
		want   error
	}{
		"none":             {`{"alg":"none","typ":"a+jwt"}`, ErrAlgorithm},
		"symmetric":        {`{"alg":"HS256","typ":"a+jwt"}`, ErrAlgorithm},
		"other curve":      {`{"alg":"EdDSA","typ":"a+jwt"}`, ErrAlgorithm},
		"key in header":    {`{"alg":"ES256","typ":"a+jwt","jwk":{}}`, ErrMalformed},
		"critical":         {`{"alg":"ES256","typ":"a+jwt","crit":["b64"],"b64":false}`, ErrMalformed},
		"no algorithm":     {`{"typ":"a+jwt"}`, ErrMalformed},
		"trailing bytes":   {`{"alg":"ES256","typ":"a+jwt"}{}`, ErrMalformed},
		"altered header":   {`{"alg":"ES256","typ":"a+jwt","kid":"x"}`, ErrSignature},
		"not even JSON":    {`hello`, ErrMalformed},
		"a type elsewhere": {`{"alg":"ES256","typ":"A+JWT"}`, ErrType},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			forged := base64.RawURLEncoding.EncodeToString([]byte(c.header)) + "." + rest
			if _, _, err := Verify(forged, s.Public(), "a+jwt"); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestALineBreakInsideATokenIsRefused(t *testing.T) {
	s := newSigner(t)
	token, err := s.Sign("a+jwt", map[string]string{"sub": "ana"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range token {
		broken := token[:i] + "\n" + token[i:]
		if _, _, err := Verify(broken, s.Public(), "a+jwt"); !errors.Is(err, ErrMalformed) {
			t.Fatalf("a line break at %d: got %v, want ErrMalformed", i, err)
		}
	}
}

func TestOnlyPlainP256AndEd25519KeysAreRead(t *testing.T) {
	edKey, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	x := base64.RawURLEncoding.EncodeToString(edKey)
	good := `{"kty":"OKP","crv":"Ed25519","x":"` + x + `"}`
	k, err := ParseKey([]byte(good))
	if err != nil || k.Algorithm() != "EdDSA" {
		t.Fatalf("got %v, %v", k.Algorithm(), err)
	}
	if back, err := ParseKey(k.JSON()); err != nil || back.Thumbprint() != k.Thumbprint() {
		t.Errorf("a key does not survive being written and read: %v", err)
	}
	for name, raw := range map[string]string{
		"RSA":                 `{"kty":"RSA","n":"AQAB","e":"AQAB"}`,
		"P-384":               `{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}`,
		"symmetric":           `{"kty":"oct","k":"AAAA"}`,
		"off the curve":       `{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}`,
		"private member":      `{"kty":"OKP","crv":"Ed25519","x":"` + x + `","d":"` + x + `"}`,
		"huge":                `{"kty":"` + strings.Repeat("x", 2000) + `"}`,
		"a second coordinate": `{"kty":"OKP","crv":"Ed25519","x":"` + x + `","y":"` + x + `"}`,
		"nothing":             ``,
	} {
		if _, err := ParseKey([]byte(raw)); !errors.Is(err, ErrKey) {
			t.Errorf("%s: got %v, want ErrKey", name, err)
		}
	}
}

func TestKeySetHoldsNoPrivateMember(t *testing.T) {
	raw, err := KeySet(newSigner(t), newSigner(t))
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(raw, &set); err != nil || len(set.Keys) != 2 {
		t.Fatalf("got %s, %v", raw, err)
	}
	for _, key := range set.Keys {
		if key["d"] != "" || key["kid"] == "" || key["alg"] != "ES256" {
			t.Errorf("got %v", key)
		}
	}
}

func FuzzVerify(f *testing.F) {
	s := newSigner(f)
	token, err := s.Sign("a+jwt", map[string]string{"sub": "ana"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add("e30.e30.")
	f.Fuzz(func(t *testing.T, in string) {
		_, payload, err := Verify(in, s.Public(), "a+jwt")
		if err != nil && payload != nil {
			t.Error("a payload came with an error")
		}
		if err == nil && string(payload) != `{"sub":"ana"}` {
			t.Errorf("a payload that was never signed: %s", payload)
		}
	})
}

func FuzzParseKey(f *testing.F) {
	f.Add([]byte(`{"kty":"OKP","crv":"Ed25519","x":"AAAA"}`))
	f.Add(newSigner(f).Public().JSON())
	f.Fuzz(func(t *testing.T, in []byte) {
		k, err := ParseKey(in)
		if err != nil {
			return
		}
		if back, err := ParseKey(k.JSON()); err != nil || back.Thumbprint() != k.Thumbprint() {
			t.Errorf("%s does not survive being written and read: %v", in, err)
		}
	})
}
