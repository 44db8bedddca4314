package duo

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"countersign/enrolments"
)

func part(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// forged is a token of any header, with a right MAC under the secret.
func forged(header, payload string) string {
	signed := part(header) + "." + part(payload)
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac512(goldenSecret, signed))
}

func TestATokenComesBackAsItWasSigned(t *testing.T) {
	token, err := signToken(goldenSecret, assertion{Iss: "DI", Jti: "one"})
	if err != nil {
		t.Fatal(err)
	}
	var a assertion
	if err := verifyToken(goldenSecret, token, &a); err != nil || a.Iss != "DI" || a.Jti != "one" {
		t.Errorf("%+v, %v", a, err)
	}
	if err := verifyToken(goldenSecret, forged(`{"alg":"HS512"}`, `{"iss":"DI"}`), &a); err != nil {
		t.Errorf("without a typ: %v", err)
	}
}

func TestATokenThatIsNotExactlyOneIsRefused(t *testing.T) {
	good := forged(`{"alg":"HS512"}`, `{"iss":"DI"}`)
	parts := strings.Split(good, ".")
	short := hmac.New(sha256.New, []byte(goldenSecret.Reveal()))
	short.Write([]byte(part(`{"alg":"HS256"}`) + "." + parts[1]))
	for name, token := range map[string]string{
		"nothing":           "",
		"two parts":         parts[0] + "." + parts[1],
		"four parts":        good + ".",
		"no MAC":            parts[0] + "." + parts[1] + ".",
		"half a MAC":        good[:len(good)-40],
		"another payload":   parts[0] + "." + part(`{"iss":"DJ"}`) + "." + parts[2],
		"none":              part(`{"alg":"none"}`) + "." + parts[1] + ".",
		"alg none, MAC":     forged(`{"alg":"none"}`, `{"iss":"DI"}`),
		"HS256":             part(`{"alg":"HS256"}`) + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(short.Sum(nil)),
		"HS256, long MAC":   forged(`{"alg":"HS256"}`, `{"iss":"DI"}`),
		"another typ":       forged(`{"alg":"HS512","typ":"at+jwt"}`, `{"iss":"DI"}`),
		"a kid":             forged(`{"alg":"HS512","kid":"x"}`, `{"iss":"DI"}`),
		"crit":              forged(`{"alg":"HS512","crit":["x"]}`, `{"iss":"DI"}`),
		"no object":         forged(`{"alg":"HS512"}`, `"DI"`),
		"two values":        forged(`{"alg":"HS512"}`, `{"iss":"DI"}{}`),
		"two audiences":     forged(`{"alg":"HS512"}`, `{"aud":["a","b"]}`),
		"no audience in it": forged(`{"alg":"HS512"}`, `{"aud":[]}`),
		"padded":            parts[0] + "." + parts[1] + "." + parts[2] + "==",
		"too long":          forged(`{"alg":"HS512"}`, `{"iss":"`+strings.Repeat("a", maxToken)+`"}`),
	} {
		var a assertion
		if err := verifyToken(goldenSecret, token, &a); !errors.Is(err, errToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var a assertion
	if err := verifyToken(enrolments.SecretOf("another"), good, &a); !errors.Is(err, errToken) {
		t.Errorf("another secret: %v", err)
	}
}

func TestTheThreeLibrariesWriteAudienceAndTimeDifferently(t *testing.T) {
	for _, text := range []string{`{"aud":"https://a","exp":1800000100}`, `{"aud":["https://a"],"exp":1800000100.25}`} {
		var a assertion
		if err := json.Unmarshal([]byte(text), &a); err != nil || a.Aud != "https://a" || !a.Exp.soon(time.Unix(1_800_000_000, 0)) {
			t.Errorf("%s: %+v, %v", text, a, err)
		}
	}
}

func TestAnAssertionEndsSoonAndHasNotEnded(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for offset, want := range map[float64]bool{-1: false, 0: false, 0.5: true, 300: true, 360: true, 361: false, 1e18: false} {
		if got := seconds(float64(now.Unix()) + offset).soon(now); got != want {
			t.Errorf("%v s from now: %v", offset, got)
		}
	}
}

func TestASealedTextOpensForItsUseAlone(t *testing.T) {
	sealed, err := sealText(goldenSecret, "code", code{Approval: "a", User: "ana"})
	if err != nil {
		t.Fatal(err)
	}
	var c code
	if err := openText(goldenSecret, "code", sealed, &c); err != nil || c.User != "ana" {
		t.Errorf("%+v, %v", c, err)
	}
	for name, err := range map[string]error{
		"another use":    openText(goldenSecret, "flow", sealed, &c),
		"another secret": openText(enrolments.SecretOf("x"), "code", sealed, &c),
		"cut":            openText(goldenSecret, "code", sealed[:len(sealed)-1], &c),
		"altered":        openText(goldenSecret, "code", "A"+sealed[1:], &c),
		"nothing":        openText(goldenSecret, "code", "", &c),
		"no MAC":         openText(goldenSecret, "code", strings.Split(sealed, ".")[0], &c),
	} {
		if !errors.Is(err, errToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// No bytes are a token without the secret.
func FuzzToken(f *testing.F) {
	f.Add(forged(`{"alg":"HS512"}`, `{"iss":"DI"}`))
	f.Add("a.b.c")
	other := enrolments.SecretOf("a secret that nobody has signed with")
	f.Fuzz(func(t *testing.T, token string) {
		var a assertion
		if verifyToken(other, token, &a) == nil || openText(other, "code", token, &code{}) == nil {
			t.Errorf("%q verifies", token)
		}
		_ = verifyToken(goldenSecret, token, &a)
		_ = claimedClient(token)
	})
}
