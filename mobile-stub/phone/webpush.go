package phone

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrWakeup: a wake-up that was not made for this phone, or is damaged.
var ErrWakeup = errors.New("phone: not a wake-up for this phone")

const (
	authBytes  = 16 // RFC 8291 section 3.2
	pointBytes = 65 // an uncompressed point of P-256
	saltBytes  = 16 // RFC 8188 section 2.1
	// headerBytes is salt, record size and the length of the key id.
	headerBytes = saltBytes + 4 + 1
	// maxWakeup is what every push service carries (RFC 8030 section 7.2).
	maxWakeup = 4096
)

// Subscription is the receiving side of Web Push (RFC 8291). It prints as
// nothing.
type Subscription struct {
	private *ecdh.PrivateKey
	auth    []byte
}

type subscriptionFile struct {
	D    string `json:"d"`
	Auth string `json:"auth"`
}

// NewSubscription makes new keys.
func NewSubscription() (*Subscription, error) {
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return &Subscription{private, random(authBytes)}, nil
}

// P256DH is the public key as a push target carries it.
func (s *Subscription) P256DH() string { return encode(s.private.PublicKey().Bytes()) }

// AuthSecret is the authentication secret as a push target carries it.
func (s *Subscription) AuthSecret() string { return encode(s.auth) }

// String hides the keys.
func (s *Subscription) String() string { return "subscription" }

// GoString keeps %#v from printing the keys.
func (s *Subscription) GoString() string { return s.String() }

// MarshalJSON writes the private key. It is for the state file alone.
func (s *Subscription) MarshalJSON() ([]byte, error) {
	return json.Marshal(subscriptionFile{encode(s.private.Bytes()), s.AuthSecret()})
}

// UnmarshalJSON reads what MarshalJSON wrote. Its errors wrap ErrKey.
func (s *Subscription) UnmarshalJSON(text []byte) error {
	var f subscriptionFile
	if err := json.Unmarshal(text, &f); err != nil {
		return fmt.Errorf("%w: no subscription", ErrKey)
	}
	d, errD := base64.RawURLEncoding.Strict().DecodeString(f.D)
	auth, errAuth := base64.RawURLEncoding.Strict().DecodeString(f.Auth)
	private, errKey := ecdh.P256().NewPrivateKey(d)
	if errors.Join(errD, errAuth, errKey) != nil || len(auth) != authBytes {
		return fmt.Errorf("%w: a subscription is damaged", ErrKey)
	}
	s.private, s.auth = private, auth
	return nil
}

// DecryptWebPush reads the body of a Web Push message to an account. The error is
// ErrWakeup.
func (p *Phone) DecryptWebPush(accountID string, body []byte) (Wakeup, error) {
	a, err := p.account(accountID)
	if err != nil {
		return Wakeup{}, err
	}
	if a.Push == nil || a.Push.Keys == nil {
		return Wakeup{}, fmt.Errorf("%w: it has no subscription", ErrWakeup)
	}
	return a.Push.Keys.Wakeup(body)
}

// Wakeup decrypts a wake-up. The error is ErrWakeup.
func (s *Subscription) Wakeup(body []byte) (Wakeup, error) {
	text, err := s.decrypt(body)
	if err != nil {
		return Wakeup{}, err
	}
	return readWakeup(text)
}

// decrypt opens a body of one record in the coding aes128gcm (RFC 8188), keyed
// as RFC 8291 section 3.4 says.
func (s *Subscription) decrypt(body []byte) ([]byte, error) {
	if len(body) < headerBytes+pointBytes || len(body) > maxWakeup || body[headerBytes-1] != pointBytes {
		return nil, fmt.Errorf("%w: not of the coding aes128gcm", ErrWakeup)
	}
	salt, point, sealed := body[:saltBytes], body[headerBytes:headerBytes+pointBytes], body[headerBytes+pointBytes:]
	// RFC 8291 section 4: one record, so it must fit in the record size.
	if size := binary.BigEndian.Uint32(body[saltBytes:]); uint64(len(sealed)) > uint64(size) {
		return nil, fmt.Errorf("%w: its record size is wrong", ErrWakeup)
	}
	key, nonce, err := s.keys(salt, point)
	if err != nil {
		return nil, fmt.Errorf("%w: its sender's key is no point of P-256", ErrWakeup)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	padded, err := gcm.Open(nil, nonce, sealed, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: it does not open with its keys", ErrWakeup)
	}
	return unpad(padded)
}

// keys derives the content key and the nonce (RFC 8291 section 3.4).
func (s *Subscription) keys(salt, senderPoint []byte) (key, nonce []byte, err error) {
	sender, err := ecdh.P256().NewPublicKey(senderPoint)
	if err != nil {
		return nil, nil, err
	}
	shared, err := s.private.ECDH(sender)
	if err != nil {
		return nil, nil, err
	}
	info := "WebPush: info\x00" + string(s.private.PublicKey().Bytes()) + string(senderPoint)
	material, err := hkdf.Key(sha256.New, shared, s.auth, info, sha256.Size)
	if err != nil {
		return nil, nil, err
	}
	if key, err = hkdf.Key(sha256.New, material, salt, "Content-Encoding: aes128gcm\x00", 16); err != nil {
		return nil, nil, err
	}
	nonce, err = hkdf.Key(sha256.New, material, salt, "Content-Encoding: nonce\x00", 12)
	return key, nonce, err
}

// unpad takes the padding of the last record away: 0x02, then zeros (RFC 8188
// section 2).
func unpad(padded []byte) ([]byte, error) {
	end := len(padded)
	for end > 0 && padded[end-1] == 0 {
		end--
	}
	if end == 0 || padded[end-1] != 2 {
		return nil, fmt.Errorf("%w: its padding is wrong", ErrWakeup)
	}
	return padded[:end-1], nil
}
