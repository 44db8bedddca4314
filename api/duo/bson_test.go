package duo

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestADocumentIsWrittenAsTheSpecificationHasIt(t *testing.T) {
	for name, c := range map[string]struct {
		value map[string]any
		want  string
	}{
		// bsonspec.org's own example.
		"hello world": {map[string]any{"hello": "world"}, "160000000268656c6c6f0006000000776f726c640000"},
		"empty":       {map[string]any{}, "0500000000"},
		"a number":    {map[string]any{"code": int32(40103)}, "0f00000010636f646500a79c000000"},
		"nested":      {map[string]any{"r": map[string]any{"a": "b"}}, "16000000037200" + "0e00000002610002000000620000" + "00"},
	} {
		got, err := document(c.value)
		if err != nil || hex.EncodeToString(got) != c.want {
			t.Errorf("%s: %x, %v; want %s", name, got, err, c.want)
		}
	}
}

func TestAnythingElseIsNotWritten(t *testing.T) {
	for _, value := range []any{1, 1.5, true, nil, []string{"a"}, map[string]any{"a": int64(1)}} {
		if _, err := document(map[string]any{"v": value}); !errors.Is(err, errKind) {
			t.Errorf("%T: %v", value, err)
		}
	}
	if _, err := document(map[string]any{"a\x00b": "c"}); !errors.Is(err, errKind) {
		t.Errorf("a name with a NUL: %v", err)
	}
}

// readDocument reads what document writes, by the specification.
func readDocument(t *testing.T, raw []byte) (map[string]any, []byte) {
	t.Helper()
	size := binary.LittleEndian.Uint32(raw)
	body, rest := raw[4:size-1], raw[size:]
	out := map[string]any{}
	for len(body) > 0 {
		kind := body[0]
		name, after := cString(t, body[1:])
		switch kind {
		case 0x02:
			n := binary.LittleEndian.Uint32(after)
			out[name] = string(after[4 : 4+n-1])
			body = after[4+n:]
		case 0x03:
			out[name], body = readDocument(t, after)
		case 0x10:
			out[name] = int32(binary.LittleEndian.Uint32(after))
			body = after[4:]
		default:
			t.Fatalf("kind %x", kind)
		}
	}
	return out, rest
}

func cString(t *testing.T, raw []byte) (string, []byte) {
	t.Helper()
	for i, b := range raw {
		if b == 0 {
			return string(raw[:i]), raw[i+1:]
		}
	}
	t.Fatal("a name without an end")
	return "", nil
}

func FuzzDocument(f *testing.F) {
	f.Add("name", "text", int32(7))
	f.Fuzz(func(t *testing.T, name, text string, number int32) {
		want := map[string]any{name: text, "n-" + name: number, "d-" + name: map[string]any{name: text}}
		raw, err := document(want)
		if err != nil {
			return // a NUL in a name
		}
		got, rest := readDocument(t, raw)
		if diff := cmp.Diff(want, got); diff != "" || len(rest) != 0 {
			t.Errorf("%d bytes left; %s", len(rest), diff)
		}
	})
}
