package approvals

import (
	"strings"
	"testing"
)

func TestTheNonceSaysWhatAnApprovingAnswerNeeds(t *testing.T) {
	for _, c := range []struct{ verification, noNumber bool }{{false, false}, {false, true}, {true, false}, {true, true}} {
		for range 200 { // what is drawn must not be taken for what is said
			nonce := newAnswerNonce(c.verification, c.noNumber)
			if _, chance, _ := strings.Cut(nonce, "-"); len(chance) != 22 {
				t.Fatalf("%q is short of chance", nonce)
			}
			if NeedsVerification(nonce) != c.verification || withoutNumber(nonce) != c.noNumber {
				t.Fatalf("%q says verification %v, no number %v; want %v", nonce, NeedsVerification(nonce), withoutNumber(nonce), c)
			}
		}
	}
	for _, nonce := range []string{"", "n", "0-", "x0-abc", "n00-abc", "uv"} {
		if NeedsVerification(nonce) || withoutNumber(nonce) {
			t.Errorf("%q asks for something", nonce)
		}
	}
}
