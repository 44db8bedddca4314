package sqlstore

import (
	"path/filepath"
	"testing"

	"countersign/enrolments"
	"countersign/enrolments/enrolmentstest"
	"countersign/internal/seal"
)

// ring is a keyring of keys that differ by their first byte.
func ring(t testing.TB, keys ...byte) *seal.Keyring {
	t.Helper()
	var raw [][]byte
	for _, k := range keys {
		key := make([]byte, seal.KeySize)
		key[0] = k
		raw = append(raw, key)
	}
	ring, err := seal.New(raw...)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// open opens url until the test ends.
func open(t testing.TB, url string, keys ...byte) *Store {
	t.Helper()
	if len(keys) == 0 {
		keys = []byte{1}
	}
	s, err := Open(t.Context(), Config{URL: url, Keys: ring(t, keys...)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func sqliteURL(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "countersign.db") }

func TestSQLiteKeepsTheContract(t *testing.T) {
	enrolmentstest.Exercise(t, func(t *testing.T) enrolments.Store { return open(t, sqliteURL(t)) })
}
