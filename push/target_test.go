package push_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"countersign/push"
)

// browser returns a subscription as a browser would give it.
func browser(t testing.TB) push.Target {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return push.Target{
		Service:  push.WebPush,
		Endpoint: "https://push.example.net/send/secret-part",
		P256DH:   base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()),
		Auth:     base64.RawURLEncoding.EncodeToString(make([]byte, 16)),
	}
}

func TestWholeTargetsAreValid(t *testing.T) {
	for _, target := range []push.Target{
		fcmPhone("dQw4w9WgXcQ:APA91bH_x-Y.z"),
		fcmPhone(strings.Repeat("a", 4096)),
		apnsPhone(),
		{Service: push.APNs, Token: strings.Repeat("aB", 100), Sandbox: true},
		browser(t),
	} {
		if err := target.Validate(); err != nil {
			t.Errorf("%v: %v", target, err)
		}
	}
}

func TestBrokenTargetsAreRefusedByField(t *testing.T) {
	hex64 := strings.Repeat("ab", 32)
	with := func(change func(*push.Target)) push.Target {
		target := browser(t)
		change(&target)
		return target
	}
	cases := []struct {
		name   string
		target push.Target
		says   string
	}{
		{"no service", push.Target{}, "service"},
		{"unknown service", push.Target{Service: "sms", Token: "x"}, "service"},
		{"fcm without token", fcmPhone(""), "token"},
		{"fcm token too long", fcmPhone(strings.Repeat("a", 4097)), "token"},
		{"fcm token with slash", fcmPhone("a/b"), "token"},
		{"fcm token with line break", fcmPhone("a\nb"), "token"},
		{"fcm token outside ASCII", fcmPhone("ä"), "token"},
		{"fcm in a sandbox", push.Target{Service: push.FCM, Token: "a", Sandbox: true}, "token alone"},
		{"fcm with endpoint", push.Target{Service: push.FCM, Token: "a", Endpoint: "https://x"}, "token alone"},
		{"apns token too short", push.Target{Service: push.APNs, Token: hex64[2:]}, "token"},
		{"apns token too long", push.Target{Service: push.APNs, Token: strings.Repeat("ab", 101)}, "token"},
		{"apns token of odd length", push.Target{Service: push.APNs, Token: hex64 + "a"}, "token"},
		{"apns token not hex", push.Target{Service: push.APNs, Token: "g" + hex64[1:]}, "hexadecimal"},
		{"apns token that climbs the path", push.Target{Service: push.APNs, Token: "../" + hex64[3:]}, "hexadecimal"},
		{"apns with auth", push.Target{Service: push.APNs, Token: hex64, Auth: "a"}, "alone"},
		{"webpush with token", with(func(t *push.Target) { t.Token = "a" }), "alone"},
		{"webpush in a sandbox", with(func(t *push.Target) { t.Sandbox = true }), "alone"},
		{"no endpoint", with(func(t *push.Target) { t.Endpoint = "" }), "endpoint"},
		{"endpoint too long", with(func(t *push.Target) { t.Endpoint = "https://h/" + strings.Repeat("a", 2048) }), "endpoint"},
		{"endpoint over http", with(func(t *push.Target) { t.Endpoint = "http://h/a" }), "https"},
		{"endpoint of another scheme", with(func(t *push.Target) { t.Endpoint = "file:///etc/passwd" }), "https"},
		{"endpoint without scheme", with(func(t *push.Target) { t.Endpoint = "//h/a" }), "https"},
		{"endpoint without host", with(func(t *push.Target) { t.Endpoint = "https:///a" }), "host"},
		{"endpoint with port only", with(func(t *push.Target) { t.Endpoint = "https://:443/a" }), "host"},
		{"opaque endpoint", with(func(t *push.Target) { t.Endpoint = "https:h" }), "host"},
		{"endpoint with user", with(func(t *push.Target) { t.Endpoint = "https://fcm.googleapis.com@h/a" }), "user"},
		{"endpoint with fragment", with(func(t *push.Target) { t.Endpoint = "https://h/a#b" }), "fragment"},
		{"endpoint with empty fragment", with(func(t *push.Target) { t.Endpoint = "https://h/a#" }), "fragment"},
		{"endpoint with space", with(func(t *push.Target) { t.Endpoint = "https://h/a b" }), "space"},
		{"endpoint with line break", with(func(t *push.Target) { t.Endpoint = "https://h/a\r\nX: y" }), "control"},
		{"endpoint with look-alike host", with(func(t *push.Target) { t.Endpoint = "https://ｆcm.googleapis.com/a" }), "ASCII"},
		{"endpoint with broken escape", with(func(t *push.Target) { t.Endpoint = "https://h/%zz" }), "URL"},
		{"no p256dh", with(func(t *push.Target) { t.P256DH = "" }), "p256dh"},
		{"p256dh with padding", with(func(t *push.Target) { t.P256DH += "=" }), "p256dh"},
		{"p256dh off the curve", with(func(t *push.Target) {
			t.P256DH = base64.RawURLEncoding.EncodeToString(append([]byte{4}, make([]byte, 64)...))
		}), "p256dh"},
		{"p256dh compressed", with(func(t *push.Target) {
			t.P256DH = base64.RawURLEncoding.EncodeToString(append([]byte{2}, make([]byte, 32)...))
		}), "p256dh"},
		{"p256dh very long", with(func(t *push.Target) { t.P256DH = strings.Repeat("A", 1<<16) }), "p256dh"},
		{"auth too short", with(func(t *push.Target) { t.Auth = "AAAA" }), "auth"},
		{"auth in the other alphabet", with(func(t *push.Target) { t.Auth = strings.Repeat("/", 22) }), "auth"},
		{"auth with stray bits", with(func(t *push.Target) { t.Auth = strings.Repeat("A", 21) + "B" }), "auth"},
	}
	for _, c := range cases {
		err := c.target.Validate()
		if !errors.Is(err, push.ErrBadTarget) {
			t.Errorf("%s: got %v, want ErrBadTarget", c.name, err)
			continue
		}
		if !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %q does not say %q", c.name, err, c.says)
		}
	}
}

func TestATargetNeverPrintsItsSecrets(t *testing.T) {
	targets := []push.Target{
		fcmPhone("secret-part"),
		{Service: push.APNs, Token: "secret-part", Sandbox: true},
		browser(t),
		{Service: "secret-part", Token: "secret-part"},
	}
	for _, target := range targets {
		var log bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&log, nil))
		logger.Info("woken", "target", target, "pointer", &target, "error", target.Validate())
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			fmt.Fprintf(&log, verb+"\n", target)
			fmt.Fprintf(&log, verb+"\n", &target)
			fmt.Fprintf(&log, verb+"\n", []push.Target{target})
		}
		for _, secret := range []string{"secret-part", "push.example.net", target.P256DH, target.Auth} {
			if secret != "" && strings.Contains(log.String(), secret) {
				t.Errorf("%q leaks %q:\n%s", target.Service, secret, log.String())
			}
		}
	}
}

func FuzzTargetValidate(f *testing.F) {
	whole := browser(f)
	f.Add("webpush", "", whole.Endpoint, whole.P256DH, whole.Auth)
	f.Add("apns", strings.Repeat("0f", 32), "", "", "")
	f.Add("fcm", "a:b", "", "", "")
	f.Fuzz(func(t *testing.T, service, token, endpoint, p256dh, auth string) {
		target := push.Target{Service: push.Service(service), Token: token, Endpoint: endpoint, P256DH: p256dh, Auth: auth}
		err := target.Validate()
		if err != nil {
			if !errors.Is(err, push.ErrBadTarget) {
				t.Errorf("got %v, want ErrBadTarget", err)
			}
			return
		}
		if strings.ContainsAny(token+endpoint, " \r\n\t\x00") || (service == "webpush") == (token != "") {
			t.Errorf("%q is valid with token %q and endpoint %q", service, token, endpoint)
		}
	})
}
