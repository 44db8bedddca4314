package api_test

import (
	"testing"

	"countersign/mobile-stub/phone"
)

func TestSignInByPhone(t *testing.T) {
	for _, alg := range []phone.Algorithm{phone.ES256, phone.EdDSA} {
		t.Run(string(alg), func(t *testing.T) {
			w := newWorld(t)
			h := w.pair(person, alg)
			s := w.signIn(person)
			out, err := h.Approve(t.Context(), h.id, h.find(t, s), s.number)
			if err != nil || out.State != "approved" || out.Method != "push" || out.ID != s.id {
				t.Fatalf("approve: %+v, %v", out, err)
			}
			r := w.state(s)
			if r.member("state") != "approved" || r.member("method") != "push" || r.member("settled_by") != "Ana's iPhone" {
				t.Errorf("the application reads %s", r.body)
			}
		})
	}
}
