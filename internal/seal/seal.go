// Package seal encrypts secrets at rest: AES-256-GCM with a random nonce, a
// key id in front so that keys can be rotated, and a context (which row, which
// column) bound in, so that a sealed value moved to another row does not open.
//
// It refuses to guess: a value under an unknown key, of another context or
// with one bit changed is ErrOpen and nothing else.
package seal

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
)

// KeySize is the size of a key in bytes: AES-256.
const KeySize = 32

// maxKeys bounds a keyring: the current key and those being rotated out.
const maxKeys = 16

const idSize = 8

// ErrOpen is returned for a sealed value that cannot be opened: an unknown
// key, another context, or altered bytes.
var ErrOpen = errors.New("sealed value does not open: its key is missing or it was altered")

// Keyring seals under its first key and opens under any.
type Keyring struct {
	current string
	keys    map[string]cipher.AEAD
}

// New makes a keyring of raw keys, the current one first.
func New(keys ...[]byte) (*Keyring, error) {
	if len(keys) == 0 || len(keys) > maxKeys {
		return nil, fmt.Errorf("a keyring holds 1 to %d keys, not %d", maxKeys, len(keys))
	}
	ring := &Keyring{keys: make(map[string]cipher.AEAD)}
	for i, key := range keys {
		if len(key) != KeySize {
			return nil, fmt.Errorf("key %d has %d bytes, want %d", i+1, len(key), KeySize)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, err
		}
		// The id is a digest, so that an operator names no keys and two
		// nodes agree on them.
		sum := sha256.Sum256(append([]byte("countersign-seal-key-id\x00"), key...))
		id := string(sum[:idSize])
		if i == 0 {
			ring.current = id
		}
		ring.keys[id] = aead
	}
	return ring, nil
}

// Parse reads a keyring as text: one base64 (standard, padded) key a line, the
// current one first; empty lines and lines that begin with # are passed over.
func Parse(r io.Reader) (*Keyring, error) {
	var keys [][]byte
	lines := bufio.NewScanner(io.LimitReader(r, 64<<10))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(key) != KeySize {
			return nil, fmt.Errorf("line %d is not %d bytes in base64; make one with: openssl rand -base64 32", n, KeySize)
		}
		keys = append(keys, key)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return New(keys...)
}

// NewKey makes a key as the line of text that Parse reads.
func NewKey() string {
	key := make([]byte, KeySize)
	rand.Read(key) // never fails: crypto/rand ends the program instead
	return base64.StdEncoding.EncodeToString(key)
}

// Seal encrypts plaintext for context.
func (k *Keyring) Seal(plaintext []byte, context string) []byte {
	return k.keys[k.current].Seal([]byte(k.current), nil, plaintext, []byte(context))
}

// Open decrypts what Seal made for the same context.
func (k *Keyring) Open(sealed []byte, context string) ([]byte, error) {
	if len(sealed) < idSize {
		return nil, ErrOpen
	}
	aead, ok := k.keys[string(sealed[:idSize])]
	if !ok {
		return nil, ErrOpen
	}
	plaintext, err := aead.Open(nil, nil, sealed[idSize:], []byte(context))
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

// Stale reports whether sealed was made under an older key and is due to be
// sealed again.
func (k *Keyring) Stale(sealed []byte) bool {
	return len(sealed) < idSize || string(sealed[:idSize]) != k.current
}
