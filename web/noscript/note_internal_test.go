package noscript

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestANoteComesBackAsItWasWritten(t *testing.T) {
	for _, want := range []note{
		{Asked: time.Unix(0, 0)},
		{Asked: time.Unix(1_790_000_000, 0), Tries: 2, HeldBack: true, Phoneless: true, Trusted: true, Said: "code-wrong", Count: 4, OfRecovery: true, Trial: "a.b"},
		{Asked: time.Unix(1, 0), Said: "a&b=c;d\"é\n", Trial: "%"},
	} {
		text := want.String()
		if strings.ContainsAny(text, "\"\\,; \n") {
			t.Errorf("%q cannot be a cookie", text)
		}
		if diff := cmp.Diff(want, parseNote(text)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func FuzzANoteOfAStrangerIsBounded(f *testing.F) {
	for _, seed := range []string{"asked=-1&tries=99999999999", "count=1e9", "%zz", "said=&said=x", "tries=5&count=90000"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n := parseNote(text)
		if n.Tries < 0 || n.Tries > 10 || n.Count < 0 || n.Count > 24*3600 || n.Asked.Unix() < 0 {
			t.Errorf("%q reads as %+v", text, n)
		}
		if diff := cmp.Diff(n, parseNote(n.String())); diff != "" {
			t.Errorf("not what was written (-want +got):\n%s", diff)
		}
	})
}

func FuzzACodeThatIsReadIsOne(f *testing.F) {
	for _, seed := range []string{"123 456", "k7q0-m2xr-9tbd-w4h9", "１２３４５６", "ŉ23456", "ß", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		if code, ok := readCode(typed); ok && !isDigits(code) && !isRecovery(code) {
			t.Errorf("%q reads as %q", typed, code)
		}
	})
}
