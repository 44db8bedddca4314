package seal

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func parse(t testing.TB, lines ...string) *Keyring {
	t.Helper()
	ring, err := Parse(strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func TestASealedValueOpensInItsOwnPlaceOnly(t *testing.T) {
	ring := parse(t, NewKey())
	sealed := ring.Seal([]byte("secret"), "totp:ana")
	if bytes.Contains(sealed, []byte("secret")) {
		t.Fatal("the plaintext shows")
	}
	if got, err := ring.Open(sealed, "totp:ana"); err != nil || string(got) != "secret" {
		t.Fatalf("got %q, %v", got, err)
	}
	if _, err := ring.Open(sealed, "totp:ben"); !errors.Is(err, ErrOpen) {
		t.Errorf("moved to another row: got %v, want ErrOpen", err)
	}
	if _, err := parse(t, NewKey()).Open(sealed, "totp:ana"); !errors.Is(err, ErrOpen) {
		t.Errorf("another keyring: got %v, want ErrOpen", err)
	}
}

func TestEveryAlteredByteIsNoticed(t *testing.T) {
	ring := parse(t, NewKey())
	sealed := ring.Seal([]byte("secret"), "x")
	for i := range sealed {
		altered := bytes.Clone(sealed)
		altered[i] ^= 1
		if _, err := ring.Open(altered, "x"); !errors.Is(err, ErrOpen) {
			t.Errorf("byte %d: got %v, want ErrOpen", i, err)
		}
	}
}

func TestRotationKeepsOldValuesReadable(t *testing.T) {
	older, newer := NewKey(), NewKey()
	sealed := parse(t, older).Seal([]byte("secret"), "x")
	both := parse(t, "# rotated", newer, "", older)
	if got, err := both.Open(sealed, "x"); err != nil || string(got) != "secret" {
		t.Fatalf("got %q, %v", got, err)
	}
	if !both.Stale(sealed) || both.Stale(both.Seal([]byte("secret"), "x")) {
		t.Error("stale is not told from fresh")
	}
}

func TestBadKeyringsAreRefusedWithTheLine(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "short": "AAAA", "not base64": "hello world!", "comments only": "# nothing",
		"too many": strings.Repeat(NewKey()+"\n", maxKeys+1),
	} {
		if _, err := Parse(strings.NewReader(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzOpen(f *testing.F) {
	ring := parse(f, NewKey())
	f.Add(ring.Seal([]byte("secret"), "x"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, in []byte) {
		if got, err := ring.Open(in, "y"); err == nil {
			t.Errorf("opened %q as %q", in, got)
		}
	})
}
