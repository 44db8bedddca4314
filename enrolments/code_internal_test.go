package enrolments

import (
	"encoding/base32"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"
)

var recoveryShape = regexp.MustCompile(`^[A-Z2-7]{4}(-[A-Z2-7]{4}){3}$`)

func TestRecoveryCodesAreFourGroupsAndAllDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 20 {
		codes := newRecoveryCodes()
		if len(codes) != RecoveryCodes {
			t.Fatalf("got %d codes", len(codes))
		}
		for _, text := range codes {
			if !recoveryShape.MatchString(text) || seen[text] {
				t.Fatalf("got %q", text)
			}
			seen[text] = true
		}
	}
}

func TestWhatIsTypedIsReadKindly(t *testing.T) {
	const recovery = "ABCDEFGHIJOIB234"
	for typed, want := range map[string]code{
		"123456":                 {text: "123456"},
		" 123 456 ":              {text: "123456"},
		"123-456":                {text: "123456"},
		"123\u00a0456":           {text: "123456"},
		"000000":                 {text: "000000"},
		"12345678":               {text: "12345678"},
		"1234567":                {text: "1234567"},
		recovery:                 {recovery, true},
		"abcdefghijoib234":       {recovery, true},
		"ABCD-EFGH-IJOI-B234":    {recovery, true},
		"abcd efgh ijoi b234":    {recovery, true},
		"ABCD-EFGH-IJ01-8234":    {recovery, true},
		"ABCDEFGHIJOIB234\n":     {recovery, true},
		"ABCD-EFGH\r\nIJOI-B234": {recovery, true},
	} {
		if got, err := parseCode(typed); err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", typed, got, err, want)
		}
	}
}

func TestWhatIsNoCodeIsWrong(t *testing.T) {
	for _, typed := range []string{
		"", " ", "-", "12345", "123456789", "12345a", "-12345", "+123456", "12.3456",
		"\uff11\uff12\uff13\uff14\uff15\uff16", "\u0661\u0662\u0663\u0664\u0665\u0666", "123456\x00",
		"ABCDEFGHIJKLMNO", "ABCDEFGHIJKLMNOPQ", "ABCDEFGHIJKLMNO9", "ABCDEFGH========",
		"ABCDEFGHIJKLMNO=", "ABCDEFGHIJKLMN\u00d6P", strings.Repeat("A", 65), strings.Repeat(" ", 65),
		strings.Repeat("1", 1<<20), "123456" + strings.Repeat(" ", 64),
	} {
		if got, err := parseCode(typed); !errors.Is(err, ErrCodeWrong) || got != (code{}) {
			t.Errorf("%.40q: got %+v, %v, want ErrCodeWrong", typed, got, err)
		}
	}
}

func TestARecoveryCodeIsBoundToItsPerson(t *testing.T) {
	if recoveryHash("a", "B") == recoveryHash("b", "B") || recoveryHash("a", "B") == recoveryHash("a", "C") {
		t.Error("two people or two codes share a hash")
	}
}

// Every way to type a code leads to the one text that its hash was made of.
func FuzzParseCode(f *testing.F) {
	for _, seed := range append(newRecoveryCodes(), "123456", "abcd efgh ijoi b234", "ABCD\nEFGHIJOIB234", "12345678901234567890") {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		got, err := parseCode(typed)
		if err != nil {
			if got != (code{}) || !errors.Is(err, ErrCodeWrong) {
				t.Errorf("%q: got %+v, %v", typed, got, err)
			}
			return
		}
		if again, err := parseCode(got.text); err != nil || again != got {
			t.Errorf("%q: %+v reads as %+v, %v", typed, got, again, err)
		}
		if !got.recovery {
			if n := len(got.text); n < 6 || n > 8 || strings.Trim(got.text, "0123456789") != "" {
				t.Errorf("%q: got %+v", typed, got)
			}
			return
		}
		raw, err := base32.StdEncoding.DecodeString(got.text)
		if err != nil || base32.StdEncoding.EncodeToString(raw) != got.text || len(got.text) != 16 {
			t.Errorf("%q: got %+v", typed, got)
		}
	})
}

func TestTheBackOffDoublesWithEveryTenWrongCodes(t *testing.T) {
	l := DefaultCodeLimits()
	if l.InARow != 10 || l.BackOff != 15*time.Minute || l.LockAt > 100 {
		t.Errorf("the limits are %+v", l)
	}
	for failures, want := range map[int]time.Duration{
		0: 0, 1: 0, 9: 0, 11: 0, 19: 0, 99: 0,
		10: 15 * time.Minute, 20: 30 * time.Minute, 30: time.Hour, 40: 2 * time.Hour,
		90: 64 * time.Hour, 100: 128 * time.Hour,
		// However many: the wait never turns over into none.
		110: 256 * time.Hour, 1000: 256 * time.Hour, 1_000_000: 256 * time.Hour,
	} {
		if got := l.Wait(failures); got != want {
			t.Errorf("after %d: got %v, want %v", failures, got, want)
		}
	}
}
