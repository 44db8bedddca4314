package jws

import "testing"

func BenchmarkParseKey(b *testing.B) {
	raw := newSigner(b).Public().JSON()
	for b.Loop() {
		if _, err := ParseKey(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	s := newSigner(b)
	token, err := s.Sign("a+jwt", map[string]string{"sub": "ana"})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, _, err := Verify(token, s.Public(), "a+jwt"); err != nil {
			b.Fatal(err)
		}
	}
}
