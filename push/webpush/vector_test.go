package webpush_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"testing"

	library "github.com/SherClockHolmes/webpush-go"
)

// The example of RFC 8291 appendix A.
const (
	exampleText       = "When I grow up, I want to be a watermelon"
	exampleServerKey  = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
	examplePhoneKey   = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
	examplePhonePoint = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
	exampleAuth       = "BTBZMqHH6r4Tts7J_aSIgg"
	exampleSalt       = "DGv6ra1nlYgDCS1FRnbzlw"
	exampleBody       = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmY" +
		"WAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)

const (
	saltBytes, headerBytes = 16, 86 // salt, record size, key length, key
)

// open is the phone's side of RFC 8291: what was encrypted to key.
func open(body []byte, key *ecdh.PrivateKey, auth []byte) (string, error) {
	if len(body) < headerBytes {
		return "", errors.New("too short")
	}
	salt, serverPoint := body[:saltBytes], body[headerBytes-65:headerBytes]
	server, err := ecdh.P256().NewPublicKey(serverPoint)
	if err != nil {
		return "", err
	}
	shared, err := key.ECDH(server)
	if err != nil {
		return "", err
	}
	info := "WebPush: info\x00" + string(key.PublicKey().Bytes()) + string(serverPoint)
	ikm, err1 := hkdf.Key(sha256.New, shared, auth, info, 32)
	cek, err2 := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	nonce, err3 := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	block, err4 := aes.NewCipher(cek)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return "", err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return "", err
	}
	padded, err := aead.Open(nil, nonce, body[headerBytes:], nil)
	if err != nil {
		return "", err
	}
	text := bytes.TrimRight(padded, "\x00")
	if !bytes.HasSuffix(text, []byte{2}) { // RFC 8188 section 2: the last record's delimiter
		return "", errors.New("no delimiter")
	}
	return string(text[:len(text)-1]), nil
}

func bytesOf(t testing.TB, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func privateKey(t testing.TB, text string) *ecdh.PrivateKey {
	t.Helper()
	key, err := ecdh.P256().NewPrivateKey(bytesOf(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestThePhonesSideReadsTheExampleOfRFC8291(t *testing.T) {
	got, err := open(bytesOf(t, exampleBody), privateKey(t, examplePhoneKey), bytesOf(t, exampleAuth))
	if err != nil || got != exampleText {
		t.Errorf("got %q, %v, want %q", got, err, exampleText)
	}
}

// captured is a push service that keeps what it gets.
type captured struct{ body []byte }

func (c *captured) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	c.body = body
	return &http.Response{StatusCode: http.StatusCreated, Body: http.NoBody}, err
}

// TestTheLibraryEncryptsAsRFC8291 gives the library the example's salt and key
// where it asks for chance. It writes its own record size, which the example's
// ciphertext does not depend on.
func TestTheLibraryEncryptsAsRFC8291(t *testing.T) {
	chance := rand.Reader
	defer func() { rand.Reader = chance }()
	scalar := bytesOf(t, exampleServerKey)
	scalar[1] ^= 0x42 // as elliptic.GenerateKey does to what it reads
	rand.Reader = io.MultiReader(bytes.NewReader(bytesOf(t, exampleSalt)), bytes.NewReader(scalar), chance)

	const noPadding = headerBytes + len(exampleText) + 1 + 16
	var service captured
	_, err := library.SendNotification([]byte(exampleText),
		&library.Subscription{Endpoint: "https://push.test/x", Keys: library.Keys{P256dh: examplePhonePoint, Auth: exampleAuth}},
		&library.Options{HTTPClient: &service, RecordSize: uint32(noPadding), Subscriber: "a@b.test",
			VAPIDPrivateKey: exampleServerKey, VAPIDPublicKey: examplePhonePoint})
	if err != nil {
		t.Fatal(err)
	}
	want := bytesOf(t, exampleBody)
	binary.BigEndian.PutUint32(want[saltBytes:], uint32(noPadding))
	if !bytes.Equal(service.body, want) {
		t.Errorf("got  %x\nwant %x", service.body, want)
	}
}
