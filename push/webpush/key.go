package webpush

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
)

// Key is a VAPID key (RFC 8292): P-256, private and public half. It prints as
// nothing.
type Key struct {
	private, public string // base64url without padding: 32 bytes, 65 bytes
}

// GenerateKey makes a new key.
func GenerateKey() (Key, error) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return Key{}, fmt.Errorf("webpush: %w", err)
	}
	return keyOf(key), nil
}

// ParseKey reads what Secret wrote: the private half, 32 bytes in base64url
// without padding.
func ParseKey(text string) (Key, error) {
	scalar, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimSpace(text))
	if err != nil {
		return Key{}, fmt.Errorf("webpush: key must be base64url without padding")
	}
	key, err := ecdh.P256().NewPrivateKey(scalar)
	if err != nil {
		return Key{}, fmt.Errorf("webpush: key must be the 32 bytes of a P-256 private key")
	}
	return keyOf(key), nil
}

// maxKeyFile is more than a key and a line break need.
const maxKeyFile = 1 << 10

// ReadKey reads a key from a file.
func ReadKey(path string) (Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return Key{}, fmt.Errorf("webpush: key file: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return Key{}, fmt.Errorf("webpush: key file: %w", err)
	}
	key, err := ParseKey(string(text))
	if err != nil {
		return Key{}, fmt.Errorf("%w (file %s)", err, path)
	}
	return key, nil
}

func keyOf(key *ecdh.PrivateKey) Key {
	return Key{
		private: base64.RawURLEncoding.EncodeToString(key.Bytes()),
		public:  base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()),
	}
}

// Public is the half that phones are given: an uncompressed point in base64url.
func (k Key) Public() string { return k.public }

// Secret is the private half, for the one who stores it.
func (k Key) Secret() string { return k.private }

// String hides the key, as do GoString and LogValue.
func (k Key) String() string { return "webpush key" }

// GoString keeps %#v from printing the fields.
func (k Key) GoString() string { return k.String() }

// LogValue keeps slog from printing the fields.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }
