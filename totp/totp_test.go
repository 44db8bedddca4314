package totp

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
)

// rfcSecret is the SHA-1 seed of RFC 6238 appendix B.
var rfcSecret = []byte("12345678901234567890")

// rfcVectors are the last six digits of the appendix's eight.
var rfcVectors = []struct {
	unix int64
	code string
}{
	{59, "287082"}, {1111111109, "081804"}, {1111111111, "050471"},
	{1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"},
}

func TestCodesAreThoseOfRFC6238(t *testing.T) {
	for _, v := range rfcVectors {
		at := time.Unix(v.unix, 0)
		if got, err := Code(rfcSecret, at); err != nil || got != v.code {
			t.Errorf("at %d: got %q, %v, want %q", v.unix, got, err, v.code)
		}
		if step, ok := Match(rfcSecret, v.code, at); !ok || step != v.unix/30 {
			t.Errorf("at %d: got step %d, %v", v.unix, step, ok)
		}
	}
}

func TestACodeIsTakenOneStepEarlyOrLateAndNoFurther(t *testing.T) {
	at := time.Unix(1111111111, 0)
	code, err := Code(rfcSecret, at)
	if err != nil {
		t.Fatal(err)
	}
	for steps, want := range map[int]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		step, ok := Match(rfcSecret, code, at.Add(time.Duration(steps)*Period))
		if ok != want || (ok && step != Step(at)) {
			t.Errorf("%d steps away: got %d, %v, want %v", steps, step, ok, want)
		}
	}
}

func TestWhatIsNoCodeMatchesNothing(t *testing.T) {
	at := time.Unix(59, 0)
	for _, code := range []string{"", "28708", "2870820", "94287082", "287 082", "２８７０８２", "28708x"} {
		if _, ok := Match(rfcSecret, code, at); ok {
			t.Errorf("%q matched", code)
		}
	}
}

func TestTheURIHoldsWhatAppsNeed(t *testing.T) {
	text := URI(rfcSecret, "North:wind & Sons", "ana@example.com")
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/North wind & Sons:ana@example.com" {
		t.Fatalf("got %s, %v", text, err)
	}
	q := u.Query()
	for name, want := range map[string]string{
		"secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "issuer": "North wind & Sons",
		"algorithm": "SHA1", "digits": "6", "period": "30",
	} {
		if q.Get(name) != want {
			t.Errorf("%s: got %q, want %q", name, q.Get(name), want)
		}
	}
	if strings.Contains(text, "+") {
		t.Errorf("a plus sign that apps would show: %s", text)
	}
}

func TestTheLibraryReadsTheURIAsMeant(t *testing.T) {
	key, err := otp.NewKeyFromURL(URI(rfcSecret, "Northwind & Sons", "ana b@example.com"))
	if err != nil || key.Issuer() != "Northwind & Sons" || key.AccountName() != "ana b@example.com" || key.Secret() != Text(rfcSecret) {
		t.Errorf("got %q, %q, %v", key.Issuer(), key.AccountName(), err)
	}
}

func TestTheSetUpKeyIsTheSecretInGroups(t *testing.T) {
	if got := SetUpKey(rfcSecret); got != "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ" {
		t.Errorf("got %q", got)
	}
}

func TestSecretsDiffer(t *testing.T) {
	a, b := NewSecret(), NewSecret()
	if len(a) != SecretSize || string(a) == string(b) {
		t.Errorf("got %x and %x", a, b)
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("287082", int64(59))
	f.Add("000000", int64(-1))
	f.Fuzz(func(t *testing.T, code string, unix int64) {
		now := time.Unix(unix%(1<<40), 0)
		step, ok := Match(rfcSecret, code, now)
		if !ok {
			return
		}
		if want, err := codeAt(Text(rfcSecret), step); err != nil || want != code {
			t.Errorf("%q matched step %d, whose code is %q, %v", code, step, want, err)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	at := time.Unix(59, 0)
	for b.Loop() {
		Match(rfcSecret, "287082", at)
	}
}
