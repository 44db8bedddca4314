package phone

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// rfc6238Secret is the secret of RFC 6238 appendix B, "12345678901234567890".
const rfc6238Secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

func TestCodesAreThoseOfRFC6238(t *testing.T) {
	s := Secret{Secret: rfc6238Secret, Algorithm: "SHA1", Digits: 8, Period: 30}
	for unix, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		got, err := s.at(time.Unix(unix, 0))
		if err != nil || got.Digits != want {
			t.Errorf("at %d: got %q, %v, want %q", unix, got.Digits, err, want)
		}
		six := s
		six.Digits = 6
		if got, err := six.at(time.Unix(unix, 0)); err != nil || got.Digits != want[2:] {
			t.Errorf("six digits at %d: got %q, %v, want %q", unix, got.Digits, err, want[2:])
		}
	}
}

func TestACodeSaysHowLongItIsShown(t *testing.T) {
	s := Secret{Secret: rfc6238Secret, Algorithm: "SHA1", Digits: 6, Period: 30}
	for unix, want := range map[int64]time.Duration{60: 30 * time.Second, 61: 29 * time.Second, 89: time.Second} {
		if got, err := s.at(time.Unix(unix, 0)); err != nil || got.Left != want {
			t.Errorf("at %d: got %v, %v, want %v", unix, got.Left, err, want)
		}
	}
}

func TestSecretsThatMakeNoCodesAreRefused(t *testing.T) {
	good := Secret{Secret: rfc6238Secret, Algorithm: "SHA1", Digits: 6, Period: 30}
	if err := good.check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Secret){
		"no secret":         func(s *Secret) { s.Secret = "" },
		"short secret":      func(s *Secret) { s.Secret = "GEZDGNBV" },
		"long secret":       func(s *Secret) { s.Secret = strings.Repeat("GEZDGNBV", 13) },
		"not base32":        func(s *Secret) { s.Secret = strings.Repeat("1", 32) },
		"another algorithm": func(s *Secret) { s.Algorithm = "SHA256" },
		"five digits":       func(s *Secret) { s.Digits = 5 },
		"nine digits":       func(s *Secret) { s.Digits = 9 },
		"no period":         func(s *Secret) { s.Period = 0 },
		"negative period":   func(s *Secret) { s.Period = -30 },
	} {
		bad := good
		change(&bad)
		if err := bad.check(); !errors.Is(err, ErrReply) {
			t.Errorf("%s: got %v, want ErrReply", name, err)
		}
	}
}

func TestSecretsPrintAsNothing(t *testing.T) {
	key, err := GenerateKey(ES256)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := NewSubscription()
	if err != nil {
		t.Fatal(err)
	}
	private, err := key.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	d := string(private[strings.Index(string(private), `"d":"`)+5:][:43])
	a := account{Key: key, Codes: &Secret{Secret: rfc6238Secret}, Push: &Push{Keys: keys}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, value := range []any{a.Key, a.Codes, *a.Codes, a.Push.Keys} {
			text := fmt.Sprintf(verb, value)
			for _, secret := range []string{d, rfc6238Secret, keys.AuthSecret(), encode(keys.private.Bytes())} {
				if strings.Contains(text, secret) {
					t.Errorf("%s of %T prints a secret: %s", verb, value, text)
				}
			}
		}
	}
}
