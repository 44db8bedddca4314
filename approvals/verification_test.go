package approvals

import (
	"strings"
	"testing"
)

func TestTheNonceSaysWhetherThePersonMustBeVerified(t *testing.T) {
	for range 1000 {
		if nonce := newAnswerNonce(false); NeedsVerification(nonce) {
			t.Fatalf("%q asks for verification", nonce)
		}
	}
	if nonce := newAnswerNonce(true); !NeedsVerification(nonce) || len(strings.TrimPrefix(nonce, verifiedNonce)) != 22 {
		t.Errorf("%q does not ask for verification, or is short of chance", nonce)
	}
}
