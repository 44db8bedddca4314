package webpush_test

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"countersign/mobile-stub/gateway"
	"countersign/push"
	"countersign/push/webpush"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func config(t testing.TB, g *gateway.Gateway) webpush.Config {
	t.Helper()
	key, err := webpush.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return webpush.Config{
		Key:           key,
		Subject:       "mailto:operator@example.net",
		AllowHosts:    []string{strings.TrimPrefix(g.WebPush, "https://")},
		AllowNetworks: loopback,
		RootCAs:       g.CertPool(),
	}
}

func newSender(t testing.TB, c webpush.Config) *webpush.Sender {
	t.Helper()
	s, err := webpush.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func start(t testing.TB, o gateway.Options) (*gateway.Gateway, *webpush.Sender) {
	t.Helper()
	g, err := gateway.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g, newSender(t, config(t, g))
}

const id = "secret-part"

// browser is a phone page: its key, and what it told us.
type browser struct {
	key    *ecdh.PrivateKey
	auth   []byte
	target push.Target
}

func newBrowser(t testing.TB, endpoint string) browser {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	auth := make([]byte, 16)
	rand.Read(auth)
	return browser{key, auth, push.Target{
		Service:  push.WebPush,
		Endpoint: endpoint,
		P256DH:   base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()),
		Auth:     base64.RawURLEncoding.EncodeToString(auth),
	}}
}

func wakeUp() push.Message {
	return push.Message{ApprovalID: "apr_7Q", ExpiresAt: time.Now().Add(time.Minute)}
}

// next waits for a delivery on real parts.
func next(t *testing.T, c <-chan gateway.Delivery) gateway.Delivery {
	t.Helper()
	select {
	case d := <-c:
		return d
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was delivered")
		return gateway.Delivery{}
	}
}

func TestAWakeUpReachesThePhoneThatAloneCanReadIt(t *testing.T) {
	g, s := start(t, gateway.Options{})
	deliveries, cancel := g.Subscribe(id)
	defer cancel()
	phone := newBrowser(t, g.Endpoint(id))
	for _, m := range []push.Message{{ApprovalID: "an-approval"}, {ApprovalID: strings.Repeat("z", 64)}, {NoticeID: "a-notice"}} {
		m.ExpiresAt = time.Now().Add(time.Minute)
		if err := s.Send(t.Context(), phone.target, m); err != nil {
			t.Fatal(err)
		}
		d := next(t, deliveries)
		if d.Service != "webpush" || !d.Urgent || d.Collapse == "" || strings.Contains(d.Collapse, m.ID()) {
			t.Errorf("delivered %s, urgent %v, collapse %q", d.Service, d.Urgent, d.Collapse)
		}
		if late := d.Expires.Sub(m.ExpiresAt).Abs(); late > 5*time.Second {
			t.Errorf("expires %v away from the approval", late)
		}
		if len(d.Body) != 256 {
			t.Errorf("body has %d bytes; its length must tell nothing", len(d.Body))
		}
		text, err := open(d.Body, phone.key, phone.auth)
		if err != nil {
			t.Fatal(err)
		}
		var body map[string]string
		if err := json.Unmarshal([]byte(text), &body); err != nil {
			t.Fatal(err)
		}
		if len(body) != 1 || body[m.Key()] != m.ID() {
			t.Errorf("body is %v, want the id of %v alone", body, m)
		}
	}
}

func TestASecondWakeUpReplacesTheFirst(t *testing.T) {
	g, s := start(t, gateway.Options{})
	phone := newBrowser(t, g.Endpoint(id))
	for _, approval := range []string{"one", "two", "two", "one"} {
		m := push.Message{ApprovalID: approval, ExpiresAt: time.Now().Add(time.Minute)}
		if err := s.Send(t.Context(), phone.target, m); err != nil {
			t.Fatal(err)
		}
	}
	deliveries, cancel := g.Subscribe(id) // the phone comes late
	cancel()
	n := 0
	for range deliveries {
		n++
	}
	if n != 2 {
		t.Errorf("the service kept %d messages of two approvals", n)
	}
}

func TestEveryDocumentedAnswerHasItsMeaning(t *testing.T) {
	g, s := start(t, gateway.Options{})
	phone := newBrowser(t, g.Endpoint(id))
	cases := []struct {
		status int
		reason string
		want   error
	}{
		{200, "", nil},
		{201, "", nil},
		{202, "", nil},
		{204, "", nil},
		{400, "", push.ErrRefused},
		{400, "BadWebPushTopic", push.ErrRefused},
		{400, "VapidPkHashMismatch", push.ErrCredential},
		{401, "", push.ErrCredential},
		{403, "BadJwtToken", push.ErrCredential},
		{404, "", push.ErrGone},
		{405, "", push.ErrRefused},
		{406, "", push.ErrTooMany},
		{408, "", push.ErrUnavailable},
		{410, "Unregistered", push.ErrGone},
		{413, "", push.ErrRefused},
		{429, "TooManyRequests", push.ErrTooMany},
		{500, "", push.ErrUnavailable},
		{502, "", push.ErrUnavailable},
		{503, "", push.ErrUnavailable},
		{504, "", push.ErrUnavailable},
		// Not documented: by the class of the status.
		{301, "", push.ErrBadTarget},
		{307, "", push.ErrBadTarget},
		{418, "", push.ErrRefused},
		{599, "", push.ErrUnavailable},
	}
	for _, c := range cases {
		g.Answer(id, gateway.Rule{Status: c.status, Reason: c.reason, Times: 1})
		err := s.Send(t.Context(), phone.target, wakeUp())
		if !errors.Is(err, c.want) {
			t.Errorf("%d %s: got %v, want %v", c.status, c.reason, err, c.want)
		}
		hidesSecrets(t, err)
	}
	if err := s.Send(t.Context(), phone.target, wakeUp()); err != nil {
		t.Errorf("after all that: %v; each answer must have been asked for once", err)
	}
}

func hidesSecrets(t *testing.T, err error) {
	t.Helper()
	if err != nil && (strings.Contains(err.Error(), id) || strings.Contains(err.Error(), "https://")) {
		t.Errorf("error tells the endpoint: %v", err)
	}
}

func TestRetryAfterIsHandedOn(t *testing.T) {
	g, s := start(t, gateway.Options{})
	phone := newBrowser(t, g.Endpoint(id))
	g.Answer(id, gateway.Rule{Status: 429, RetryAfter: "7"})
	var told *push.RetryAfter
	if err := s.Send(t.Context(), phone.target, wakeUp()); !errors.As(err, &told) || told.After != 7*time.Second {
		t.Errorf("got %v, want 7 s", err)
	}
}

func TestAServicesSentencesStayOutOfErrors(t *testing.T) {
	g, s := start(t, gateway.Options{})
	phone := newBrowser(t, g.Endpoint(id))
	for _, body := range []string{`{"reason":"no such endpoint ` + g.Endpoint(id) + `"}`, strings.Repeat("x", 100<<10), `{"reason":`} {
		g.Answer(id, gateway.Rule{Status: 410, Body: body})
		err := s.Send(t.Context(), phone.target, wakeUp())
		if !errors.Is(err, push.ErrGone) {
			t.Errorf("got %v, want ErrGone", err)
		}
		hidesSecrets(t, err)
	}
}

func TestFailuresWithoutAnAnswerAreTemporary(t *testing.T) {
	g, s := start(t, gateway.Options{})
	phone := newBrowser(t, g.Endpoint(id))
	g.Answer(id, gateway.Rule{Drop: true})
	err := s.Send(t.Context(), phone.target, wakeUp())
	if !errors.Is(err, push.ErrUnavailable) {
		t.Errorf("a stream that breaks: got %v, want ErrUnavailable", err)
	}
	hidesSecrets(t, err)

	g.Answer(id, gateway.Rule{Hang: true})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Send(ctx, phone.target, wakeUp()); !errors.Is(err, push.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no answer: got %v, want ErrUnavailable by the deadline", err)
	}

	g.Close()
	err = s.Send(t.Context(), phone.target, wakeUp())
	if !errors.Is(err, push.ErrUnavailable) {
		t.Errorf("nobody there: got %v, want ErrUnavailable", err)
	}
	hidesSecrets(t, err)
}

func TestOnlyAllowedHostsAreAsked(t *testing.T) {
	g, err := gateway.Start(gateway.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	c := config(t, g)
	c.AllowHosts = []string{"push.example.net", "ntfy.example.org:8443", "*.up.example.com", "[2001:db8::1]:99"}
	s := newSender(t, c)
	cases := map[string]bool{
		"https://fcm.googleapis.com/fcm/send/x":            true,
		"https://FCM.googleapis.com:443/fcm/send/x":        true,
		"https://updates.push.services.mozilla.com/wpush/": true,
		"https://web.push.apple.com/Q":                     true,
		"https://wns2-par02p.notify.windows.com/w/?t=x":    true,
		"https://push.example.net/x":                       true,
		"https://ntfy.example.org:8443/x":                  true,
		"https://a.b.up.example.com/x":                     true,
		"https://[2001:db8::1]:99/x":                       true,

		"http://fcm.googleapis.com/x":                 false,
		"https://fcm.googleapis.com:8443/x":           false,
		"https://fcm.googleapis.com./x":               false,
		"https://fcm.googleapis.com.evil.example/x":   false,
		"https://evil.example/fcm.googleapis.com":     false,
		"https://evil.example/?fcm.googleapis.com":    false,
		"https://fcm.googleapis.com@evil.example/x":   false,
		"https://evil.example\\@fcm.googleapis.com/x": false,
		"https://x.fcm.googleapis.com/x":              false,
		"https://evilpush.apple.com.example/x":        false,
		"https://push.apple.com/x":                    false,
		"https://evil-push.apple.com/x":               false,
		"https://web.push.apple.com:444/x":            false,
		"https://ntfy.example.org/x":                  false,
		"https://up.example.com/x":                    false,
		"https://127.0.0.1/x":                         false,
		"https://localhost/x":                         false,
		"https://[::1]/x":                             false,
		"https://169.254.169.254/latest/meta-data":    false,
		"https://2130706433/x":                        false,
		"https://0x7f.1/x":                            false,
		"https://[::ffff:127.0.0.1]/x":                false,
		g.Endpoint(id):                                false,
		"https://fcm.googleapis.com%2eevil.example/x": false,
		"https://fcm.googleapis.com\u3002evil.com/x":  false,
		"":                              false,
		"//fcm.googleapis.com/x":        false,
		"https:fcm.googleapis.com":      false,
		"gopher://fcm.googleapis.com/x": false,
		"https://user:password@fcm.googleapis.com/x":   false,
		"https://xn--fcm-googleapis.com/fcm/send/x":    false,
		"https://fcm.googleapis.com:443:443/x":         false,
		"https://[fcm.googleapis.com]/x":               false,
		"https://fcm.googleapis.com\t.evil.example/x":  false,
		"https://fcm.googleapis.com\r\nHost: evil/x":   false,
		"https://updates.push.services.mozilla.com:0/": false,
	}
	for endpoint, allowed := range cases {
		err := s.Allowed(push.Target{Service: push.WebPush, Endpoint: endpoint})
		if allowed && err != nil || !allowed && !errors.Is(err, push.ErrBadTarget) {
			t.Errorf("%q: got %v, want allowed: %v", endpoint, err, allowed)
		}
		if allowed {
			continue
		}
		phone := newBrowser(t, endpoint)
		if err := s.Send(t.Context(), phone.target, wakeUp()); !errors.Is(err, push.ErrBadTarget) {
			t.Errorf("%q was asked: %v", endpoint, err)
		}
	}
}

func TestANameThatLeadsInsideIsNotDialled(t *testing.T) {
	// The name is allowed, and leads to loopback when it is looked up.
	g, err := gateway.Start(gateway.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	u, err := url.Parse(g.WebPush)
	if err != nil {
		t.Fatal(err)
	}
	c := config(t, g)
	c.AllowHosts = []string{"localhost:" + u.Port()}
	c.AllowNetworks = nil
	phone := newBrowser(t, "https://localhost:"+u.Port()+"/push/"+id)
	s := newSender(t, c)
	if err := s.Send(t.Context(), phone.target, wakeUp()); !errors.Is(err, push.ErrBadTarget) {
		t.Errorf("got %v, want ErrBadTarget", err)
	} else {
		hidesSecrets(t, err)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	asked := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer inside.Close()
	outside := httptest.NewTLSServer(http.RedirectHandler(inside.URL, http.StatusTemporaryRedirect))
	defer outside.Close()
	g, err := gateway.Start(gateway.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	c := config(t, g)
	c.AllowHosts = []string{strings.TrimPrefix(outside.URL, "https://")}
	c.RootCAs.AddCert(outside.Certificate())
	s := newSender(t, c)
	err = s.Send(t.Context(), newBrowser(t, outside.URL+"/x").target, wakeUp())
	if !errors.Is(err, push.ErrBadTarget) || asked {
		t.Errorf("got %v, inside was asked: %v", err, asked)
	}
}

func TestTheGatewayTakesWhatWeSign(t *testing.T) {
	// The gateway checks aud, exp, sub and signature; both kinds of subject pass.
	g, err := gateway.Start(gateway.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for _, subject := range []string{"mailto:operator@example.net", "https://example.net/contact"} {
		c := config(t, g)
		c.Subject = subject
		if err := newSender(t, c).Send(t.Context(), newBrowser(t, g.Endpoint(id)).target, wakeUp()); err != nil {
			t.Errorf("%s: %v", subject, err)
		}
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	key, err := webpush.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	good := webpush.Config{Key: key, Subject: "mailto:a@b.example"}
	if s, err := webpush.New(good); err != nil {
		t.Errorf("good configuration: %v", err)
	} else if s.PublicKey() != key.Public() {
		t.Error("the sender offers another key")
	}
	cases := []struct {
		name   string
		change func(*webpush.Config)
		says   string
	}{
		{"no key", func(c *webpush.Config) { c.Key = webpush.Key{} }, "key"},
		{"no subject", func(c *webpush.Config) { c.Subject = "" }, "subject"},
		{"a bare address", func(c *webpush.Config) { c.Subject = "a@b.example" }, "mailto:"},
		{"mailto nobody", func(c *webpush.Config) { c.Subject = "mailto:" }, "mailto:"},
		{"subject over http", func(c *webpush.Config) { c.Subject = "http://b.example" }, "https:"},
		{"host with scheme", func(c *webpush.Config) { c.AllowHosts = []string{"https://h"} }, "allowed host"},
		{"host with path", func(c *webpush.Config) { c.AllowHosts = []string{"h/x"} }, "allowed host"},
		{"empty host", func(c *webpush.Config) { c.AllowHosts = []string{""} }, "allowed host"},
		{"every host", func(c *webpush.Config) { c.AllowHosts = []string{"*."} }, "allowed host"},
		{"beneath, with port", func(c *webpush.Config) { c.AllowHosts = []string{"*.h:1"} }, "allowed host"},
	}
	for _, c := range cases {
		conf := good
		c.change(&conf)
		if _, err := webpush.New(conf); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want words with %q", c.name, err, c.says)
		}
	}
}

func TestAKeySurvivesItsFileAndPrintsAsNothing(t *testing.T) {
	key, err := webpush.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(key.Secret()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := webpush.ReadKey(path)
	if err != nil || read != key {
		t.Errorf("read back: %v, same key: %v", err, read == key)
	}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("key", "key", key)
	fmt.Fprintf(&out, "%v %+v %#v %s %v", key, key, key, key, &key)
	if strings.Contains(out.String(), key.Secret()) {
		t.Errorf("the key prints: %s", out.String())
	}
}

func TestABrokenKeyIsRefusedWithoutBeingRepeated(t *testing.T) {
	for name, text := range map[string]string{
		"empty":       "",
		"not base64":  "!!!",
		"padding":     base64.URLEncoding.EncodeToString(make([]byte, 32)),
		"zero":        base64.RawURLEncoding.EncodeToString(make([]byte, 32)),
		"too short":   base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{1}, 31)),
		"too long":    base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{1}, 33)),
		"above order": base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{255}, 32)),
	} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := webpush.ReadKey(path)
		if err == nil || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%s: got %v, want a refusal that does not repeat the key", name, err)
		}
	}
}
