package phone

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

func decode64(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// rfc8291 is the subscription and the message of RFC 8291 appendix A.
func rfc8291(t *testing.T) (*Subscription, []byte) {
	t.Helper()
	var s Subscription
	if err := json.Unmarshal([]byte(`{"d":"q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94","auth":"BTBZMqHH6r4Tts7J_aSIgg"}`), &s); err != nil {
		t.Fatal(err)
	}
	return &s, decode64(t, "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")
}

func TestTheMessageOfRFC8291IsRead(t *testing.T) {
	s, body := rfc8291(t)
	const public = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
	if s.P256DH() != public {
		t.Errorf("public key %s, want %s", s.P256DH(), public)
	}
	got, err := s.decrypt(body)
	if err != nil || string(got) != "When I grow up, I want to be a watermelon" {
		t.Errorf("got %q, %v", got, err)
	}
}

// seal encrypts as a push sender does, with HMAC alone where the phone uses a
// library for HKDF. padding may be wrong.
func seal(t testing.TB, s *Subscription, text string, recordSize uint32, padding string) []byte {
	t.Helper()
	scalar := sha256.Sum256([]byte("the sender's key"))
	sender, err := ecdh.P256().NewPrivateKey(scalar[:]) // fixed: fuzzing needs equal bytes in every process
	if err != nil {
		t.Fatal(err)
	}
	shared, err := sender.ECDH(s.private.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	mac := func(key []byte, parts ...string) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(strings.Join(parts, "")))
		return m.Sum(nil)
	}
	point := string(sender.PublicKey().Bytes())
	salt := bytes.Repeat([]byte{7}, saltBytes)
	ikm := mac(mac(s.auth, string(shared)), "WebPush: info\x00", string(s.private.PublicKey().Bytes()), point, "\x01")
	prk := mac(salt, string(ikm))
	block, err := aes.NewCipher(mac(prk, "Content-Encoding: aes128gcm\x00\x01")[:16])
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	header := binary.BigEndian.AppendUint32(slices.Clone(salt), recordSize)
	header = append(append(header, pointBytes), point...)
	return gcm.Seal(header, mac(prk, "Content-Encoding: nonce\x00\x01")[:12], []byte(text+padding), nil)
}

func TestAWakeupNamesItsApprovalWhateverItsPadding(t *testing.T) {
	s, err := NewSubscription()
	if err != nil {
		t.Fatal(err)
	}
	for _, padding := range []string{"\x02", "\x02\x00", "\x02" + strings.Repeat("\x00", 3000)} {
		got, err := s.Wakeup(seal(t, s, `{"approval_id":"abc-DEF_123"}`, 4096, padding))
		if err != nil || got != (Wakeup{ApprovalID: "abc-DEF_123"}) {
			t.Errorf("%d bytes of padding: got %+v, %v", len(padding), got, err)
		}
	}
}

func TestWakeupsForOthersAndDamagedOnesAreRefused(t *testing.T) {
	ours, err := NewSubscription()
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := NewSubscription()
	if err != nil {
		t.Fatal(err)
	}
	const text = `{"approval_id":"abc"}`
	good := seal(t, ours, text, 4096, "\x02")
	spoil := func(at int) []byte {
		b := slices.Clone(good)
		b[at] ^= 1
		return b
	}
	otherAuth := Subscription{ours.private, theirs.auth}
	for name, body := range map[string][]byte{
		"for another phone":              seal(t, theirs, text, 4096, "\x02"),
		"with another authentication":    seal(t, &otherAuth, text, 4096, "\x02"),
		"empty":                          nil,
		"a header alone":                 good[:headerBytes+pointBytes],
		"cut short":                      good[:len(good)-1],
		"longer than services carry":     seal(t, ours, text, 9000, "\x02"+strings.Repeat("\x00", maxWakeup)),
		"salt changed":                   spoil(0),
		"key length changed":             spoil(headerBytes - 1),
		"sender's key off the curve":     spoil(headerBytes + 40),
		"text changed":                   spoil(headerBytes + pointBytes),
		"tag changed":                    spoil(len(good) - 1),
		"a record size of nothing":       seal(t, ours, text, 17, "\x02"),
		"more than one record":           seal(t, ours, text, 20, "\x02"),
		"a record that is not the last":  seal(t, ours, text, 4096, "\x01"),
		"no padding mark":                seal(t, ours, text, 4096, ""),
		"nothing but zeros":              seal(t, ours, "", 4096, strings.Repeat("\x00", 9)),
		"not JSON":                       seal(t, ours, "hello", 4096, "\x02"),
		"neither request nor notice":     seal(t, ours, `{}`, 4096, "\x02"),
		"both a request and a notice":    seal(t, ours, `{"approval_id":"abc","notice_id":"def"}`, 4096, "\x02"),
		"a notice that is no id":         seal(t, ours, `{"notice_id":"../x"}`, 4096, "\x02"),
		"an approval that is no id":      seal(t, ours, `{"approval_id":"../x"}`, 4096, "\x02"),
		"an approval longer than an id":  seal(t, ours, `{"approval_id":"`+strings.Repeat("a", 65)+`"}`, 4096, "\x02"),
		"an approval that is not a text": seal(t, ours, `{"approval_id":7}`, 4096, "\x02"),
	} {
		if got, err := ours.Wakeup(body); !errors.Is(err, ErrWakeup) || got != (Wakeup{}) {
			t.Errorf("%s: got %+v, %v, want ErrWakeup", name, got, err)
		}
	}
}

func TestAnAccountReadsOnlyItsOwnWebPush(t *testing.T) {
	s := newServer(t)
	p := New(Options{})
	push, err := NewWebPush("https://push.example/push/abc")
	if err != nil {
		t.Fatal(err)
	}
	a, err := p.Pair(within(t), s.link(), Pairing{Name: "phone", Push: push})
	if err != nil {
		t.Fatal(err)
	}
	body := seal(t, push.Keys, `{"approval_id":"abc"}`, 4096, "\x02")
	if got, err := p.DecryptWebPush(a.ID, body); err != nil || got != (Wakeup{ApprovalID: "abc"}) {
		t.Errorf("got %+v, %v, want abc", got, err)
	}
	if _, err := p.DecryptWebPush("another", body); !errors.Is(err, ErrNoAccount) {
		t.Errorf("another account: got %v, want ErrNoAccount", err)
	}
	if err := p.SetPush(within(t), a.ID, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := p.DecryptWebPush(a.ID, body); !errors.Is(err, ErrWakeup) {
		t.Errorf("after the subscription ended: got %v, want ErrWakeup", err)
	}
}

func TestEachServicesMessageIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		push Push
		body string
		want Wakeup
	}{
		"FCM":              {Push{Service: FCM}, `{"token":"t","data":{"approval_id":"abc"},"android":{"ttl":"60s"}}`, Wakeup{ApprovalID: "abc"}},
		"FCM of a notice":  {Push{Service: FCM}, `{"data":{"notice_id":"abc"}}`, Wakeup{NoticeID: "abc"}},
		"APNs":             {Push{Service: APNs}, `{"aps":{"alert":{"title":"Sign-in request"}},"approval_id":"abc"}`, Wakeup{ApprovalID: "abc"}},
		"APNs of a notice": {Push{Service: APNs}, `{"aps":{},"notice_id":"abc"}`, Wakeup{NoticeID: "abc"}},
		"FCM without data": {Push{Service: FCM}, `{"approval_id":"abc"}`, Wakeup{}},
		"APNs without it":  {Push{Service: APNs}, `{"aps":{"approval_id":"abc"}}`, Wakeup{}},
		"too long":         {Push{Service: APNs}, `{"approval_id":"abc"}` + strings.Repeat(" ", maxWakeup), Wakeup{}},
		"no service":       {Push{}, `{"approval_id":"abc"}`, Wakeup{}},
	} {
		got, err := c.push.Wakeup([]byte(c.body))
		if got != c.want || errors.Is(err, ErrWakeup) != (c.want == Wakeup{}) {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, c.want)
		}
	}
}
