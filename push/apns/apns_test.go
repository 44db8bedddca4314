package apns_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"countersign/mobile-stub/gateway"
	"countersign/push"
	"countersign/push/apns"
	"countersign/push/pushtest"
)

func TestMain(m *testing.M) { pushtest.Main(func() { goleak.VerifyTestMain(m) }) }

func start(t testing.TB, o gateway.Options) (*gateway.Gateway, *apns.Sender) {
	t.Helper()
	o.Dir = t.TempDir()
	g, err := gateway.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g, newSender(t, byKey(g, o.Dir))
}

func newSender(t testing.TB, c apns.Config) *apns.Sender {
	t.Helper()
	s, err := apns.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func byKey(g *gateway.Gateway, dir string) apns.Config {
	return apns.Config{
		Topic:      g.Credentials.Topic,
		KeyFile:    filepath.Join(dir, gateway.APNsKeyFile),
		KeyID:      g.Credentials.KeyID,
		TeamID:     g.Credentials.TeamID,
		Production: g.APNs,
		Sandbox:    g.APNsSandbox,
		RootCAs:    g.CertPool(),
	}
}

var (
	token   = strings.Repeat("5ec7e7", 10) + "abcd"
	phone   = push.Target{Service: push.APNs, Token: token}
	sandbox = push.Target{Service: push.APNs, Token: token, Sandbox: true}
)

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

func TestAWakeUpReachesThePhone(t *testing.T) {
	g, s := start(t, gateway.Options{})
	deliveries, cancel := g.Subscribe(token)
	defer cancel()
	m := wakeUp()
	if err := s.Send(t.Context(), phone, m); err != nil {
		t.Fatal(err)
	}
	d := next(t, deliveries)
	if d.Service != "apns" || d.Sandbox || d.Collapse != m.ApprovalID || !d.Urgent {
		t.Errorf("delivered %s, sandbox %v, collapse %q, urgent %v", d.Service, d.Sandbox, d.Collapse, d.Urgent)
	}
	if got, want := d.Expires.Unix(), m.ExpiresAt.Unix(); got != want {
		t.Errorf("expires at %d, want %d", got, want)
	}
	var body struct {
		APS struct {
			Alert map[string]any `json:"alert"`
		} `json:"aps"`
		ApprovalID string `json:"approval_id"`
	}
	if err := json.Unmarshal(d.Body, &body); err != nil {
		t.Fatal(err)
	}
	if body.ApprovalID != m.ApprovalID {
		t.Errorf("approval_id is %q, want %q", body.ApprovalID, m.ApprovalID)
	}
	if a := body.APS.Alert; a["title-loc-key"] != "SIGN_IN_REQUEST" || a["title"] != nil || a["body"] != nil {
		t.Errorf("alert is %v, want a title to be looked up and no text", a)
	}
}

func TestANoticeIsToldApartFromARequest(t *testing.T) {
	g, s := start(t, gateway.Options{})
	deliveries, cancel := g.Subscribe(token)
	defer cancel()
	if err := s.Send(t.Context(), phone, push.Message{NoticeID: "a-notice", ExpiresAt: time.Now().Add(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	d := next(t, deliveries)
	var body map[string]any
	if err := json.Unmarshal(d.Body, &body); err != nil {
		t.Fatal(err)
	}
	alert := body["aps"].(map[string]any)["alert"].(map[string]any)
	if body["notice_id"] != "a-notice" || body["approval_id"] != nil || alert["title-loc-key"] != "SECURITY_CHANGE" || d.Collapse != "a-notice" {
		t.Errorf("got %s, collapse %q", d.Body, d.Collapse)
	}
}

func TestTheTargetChoosesSandboxOrProduction(t *testing.T) {
	g, s := start(t, gateway.Options{})
	deliveries, cancel := g.Subscribe(token)
	defer cancel()
	for _, target := range []push.Target{sandbox, phone, sandbox} {
		if err := s.Send(t.Context(), target, wakeUp()); err != nil {
			t.Fatal(err)
		}
		if d := next(t, deliveries); d.Sandbox != target.Sandbox {
			t.Errorf("%v went to sandbox: %v", target, d.Sandbox)
		}
	}
}

func TestACertificateIsAsGoodAsAToken(t *testing.T) {
	dir := t.TempDir()
	g, err := gateway.Start(gateway.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	s := newSender(t, apns.Config{
		Topic:           g.Credentials.Topic,
		CertificateFile: filepath.Join(dir, gateway.APNsCertificateFile),
		Production:      g.APNs, Sandbox: g.APNsSandbox, RootCAs: g.CertPool(),
	})
	for _, target := range []push.Target{phone, sandbox} {
		if err := s.Send(t.Context(), target, wakeUp()); err != nil {
			t.Errorf("%v: %v", target, err)
		}
	}
}

func TestEveryDocumentedAnswerHasItsMeaning(t *testing.T) {
	g, s := start(t, gateway.Options{})
	cases := []struct {
		status int
		reason string
		want   error
	}{
		{400, "BadCollapseId", push.ErrRefused},
		{400, "BadDeviceToken", push.ErrGone},
		{400, "BadExpirationDate", push.ErrRefused},
		{400, "BadMessageId", push.ErrRefused},
		{400, "BadPriority", push.ErrRefused},
		{400, "BadTopic", push.ErrCredential},
		{400, "DeviceTokenNotForTopic", push.ErrCredential},
		{400, "DuplicateHeaders", push.ErrRefused},
		{400, "IdleTimeout", push.ErrUnavailable},
		{400, "InvalidPushType", push.ErrRefused},
		{400, "MissingDeviceToken", push.ErrRefused},
		{400, "MissingTopic", push.ErrCredential},
		{400, "PayloadEmpty", push.ErrRefused},
		{400, "TopicDisallowed", push.ErrCredential},
		{403, "BadCertificate", push.ErrCredential},
		{403, "BadCertificateEnvironment", push.ErrCredential},
		{403, "ExpiredProviderToken", push.ErrCredential},
		{403, "Forbidden", push.ErrCredential},
		{403, "InvalidProviderToken", push.ErrCredential},
		{403, "MissingProviderToken", push.ErrCredential},
		{403, "UnrelatedKeyIdInToken", push.ErrCredential},
		{403, "BadEnvironmentKeyIdInToken", push.ErrCredential},
		{404, "BadPath", push.ErrRefused},
		{405, "MethodNotAllowed", push.ErrRefused},
		{410, "ExpiredToken", push.ErrGone},
		{410, "Unregistered", push.ErrGone},
		{413, "PayloadTooLarge", push.ErrRefused},
		{429, "TooManyProviderTokenUpdates", push.ErrTooMany},
		{429, "TooManyRequests", push.ErrTooMany},
		{500, "InternalServerError", push.ErrUnavailable},
		{503, "ServiceUnavailable", push.ErrUnavailable},
		{503, "Shutdown", push.ErrUnavailable},
		// Not documented: by the class of the status.
		{400, "SomethingNew", push.ErrRefused},
		{403, "SomethingNew", push.ErrCredential},
		{410, "SomethingNew", push.ErrGone},
		{429, "SomethingNew", push.ErrTooMany},
		{502, "SomethingNew", push.ErrUnavailable},
		{302, "SomethingNew", push.ErrUnavailable},
	}
	for _, c := range cases {
		g.Answer(token, gateway.Rule{Status: c.status, Reason: c.reason, Times: 1})
		err := s.Send(t.Context(), phone, wakeUp())
		if !errors.Is(err, c.want) {
			t.Errorf("%d %s: got %v, want %v", c.status, c.reason, err, c.want)
		}
		hidesSecrets(t, err)
	}
	if err := s.Send(t.Context(), phone, wakeUp()); err != nil {
		t.Errorf("after all that: %v; each answer must have been asked for once", err)
	}
}

func hidesSecrets(t *testing.T, err error) {
	t.Helper()
	if err != nil && strings.Contains(strings.ToLower(err.Error()), token[:12]) {
		t.Errorf("error tells the token: %v", err)
	}
}

func TestRetryAfterIsHandedOn(t *testing.T) {
	g, s := start(t, gateway.Options{})
	g.Answer(token, gateway.Rule{Status: 503, Reason: "ServiceUnavailable", RetryAfter: "7"})
	var told *push.RetryAfter
	if err := s.Send(t.Context(), phone, wakeUp()); !errors.As(err, &told) || told.After != 7*time.Second {
		t.Errorf("got %v, want 7 s", err)
	}
}

func TestFailuresWithoutAnAnswerAreTemporary(t *testing.T) {
	g, s := start(t, gateway.Options{})
	for name, rule := range map[string]gateway.Rule{
		"a stream that breaks": {Drop: true},
		"a proxy's page":       {Status: 502, Body: "<html>" + strings.Repeat("x", 100<<10)},
	} {
		g.Answer(token, rule)
		err := s.Send(t.Context(), phone, wakeUp())
		if !errors.Is(err, push.ErrUnavailable) {
			t.Errorf("%s: got %v, want ErrUnavailable", name, err)
		}
		hidesSecrets(t, err)
	}
	g.Close()
	err := s.Send(t.Context(), phone, wakeUp())
	if !errors.Is(err, push.ErrUnavailable) {
		t.Errorf("nobody there: got %v, want ErrUnavailable", err)
	}
	hidesSecrets(t, err)
}

func TestAServiceThatNeverAnswersIsLeftWithTheContext(t *testing.T) {
	g, s := start(t, gateway.Options{})
	g.Answer(token, gateway.Rule{Hang: true})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := s.Send(ctx, phone, wakeUp())
	if !errors.Is(err, push.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want ErrUnavailable by the deadline", err)
	}
}

func TestAClockThatIsOffIsACredentialProblem(t *testing.T) {
	for off, reason := range map[time.Duration]string{
		70 * time.Minute:  "ExpiredProviderToken",
		-70 * time.Minute: "InvalidProviderToken",
	} {
		_, s := start(t, gateway.Options{Now: func() time.Time { return time.Now().Add(off) }})
		err := s.Send(t.Context(), phone, wakeUp())
		if !errors.Is(err, push.ErrCredential) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%v off: got %v, want ErrCredential for %s", off, err, reason)
		}
	}
}

func TestGoAwayAndBrokenConnectionsLoseNoWakeUp(t *testing.T) {
	g, s := start(t, gateway.Options{})
	f := push.NewFanout(map[push.Service]push.Sender{push.APNs: s})
	for i := range 20 {
		switch i % 2 {
		case 0:
			g.Answer(token, gateway.Rule{GoAway: true, Times: 1})
		case 1:
			g.CloseConnections()
		}
		f.Send(t.Context(), wakeUp(), []push.Target{phone}, func(_ int, err error) {
			if err != nil {
				t.Errorf("round %d: %v", i, err)
			}
		})
	}
}

func TestCheckTellsAGoodCredentialFromABadOne(t *testing.T) {
	g, s := start(t, gateway.Options{})
	if err := s.Check(t.Context(), false); err != nil {
		t.Errorf("good credential: %v", err)
	}
	g.Answer(gateway.EveryAPNs, gateway.Rule{Status: 400, Reason: "BadDeviceToken"})
	if err := s.Check(t.Context(), false); err != nil {
		t.Errorf("good credential, and Apple does not know the token: %v", err)
	}
	g.Answer(gateway.EveryAPNs, gateway.Rule{Status: 403, Reason: "InvalidProviderToken"})
	if err := s.Check(t.Context(), false); !errors.Is(err, push.ErrCredential) {
		t.Errorf("bad credential: got %v, want ErrCredential", err)
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	g, err := gateway.Start(gateway.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	certificate := func(c *apns.Config, path string) { c.KeyFile, c.CertificateFile = "", path }
	cases := []struct {
		name   string
		change func(*apns.Config)
		says   string
	}{
		{"no topic", func(c *apns.Config) { c.Topic = "" }, "topic"},
		{"no credential", func(c *apns.Config) { c.KeyFile = "" }, "no credential"},
		{"two credentials", func(c *apns.Config) { c.CertificateFile = "x" }, "give one"},
		{"short key id", func(c *apns.Config) { c.KeyID = "ABC" }, "10 characters"},
		{"no team id", func(c *apns.Config) { c.TeamID = "" }, "10 characters"},
		{"no such key file", func(c *apns.Config) { c.KeyFile += "x" }, "no such file"},
		{"key that is none", func(c *apns.Config) { c.KeyFile = write("a", "hello") }, "PEM"},
		{"RSA key", func(c *apns.Config) { c.KeyFile = write("b", rsaKey(t, g)) }, "ecdsa"},
		{"key of another curve", func(c *apns.Config) { c.KeyFile = write("c", p384Key(t)) }, "ES256"},
		{"certificate without key", func(c *apns.Config) { certificate(c, filepath.Join(dir, gateway.CAFile)) }, "no private key"},
		{"certificate that is none", func(c *apns.Config) { certificate(c, write("d.p12", "hello")) }, "certificate file"},
		{"host over http", func(c *apns.Config) { c.Production = "http://h" }, "production host"},
		{"host with path", func(c *apns.Config) { c.Sandbox = "https://h/3" }, "sandbox host"},
	}
	for _, c := range cases {
		conf := byKey(g, dir)
		c.change(&conf)
		if _, err := apns.New(conf); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want words with %q", c.name, err, c.says)
		}
	}
}

func rsaKey(t *testing.T, g *gateway.Gateway) string {
	t.Helper()
	var account map[string]string
	if err := json.Unmarshal(g.Credentials.ServiceAccount, &account); err != nil {
		t.Fatal(err)
	}
	return account["private_key"]
}

func p384Key(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
