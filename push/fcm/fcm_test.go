package fcm_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"countersign/mobile-stub/gateway"
	"countersign/push"
	"countersign/push/fcm"
	"countersign/push/pushtest"
)

func TestMain(m *testing.M) {
	pushtest.Main(func() { goleak.VerifyTestMain(m) })
}

func start(t testing.TB, o gateway.Options) (*gateway.Gateway, *fcm.Sender) {
	t.Helper()
	o.Dir = t.TempDir()
	g, err := gateway.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	s, err := fcm.New(config(g, o.Dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return g, s
}

func config(g *gateway.Gateway, dir string) fcm.Config {
	return fcm.Config{
		ServiceAccountFile: filepath.Join(dir, gateway.ServiceAccountFile),
		Endpoint:           g.FCM,
		RootCAs:            g.CertPool(),
	}
}

const token = "dQw4w9WgXcQ:APA91b-secret-part"

var phone = push.Target{Service: push.FCM, Token: token}

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
	if d.Service != "fcm" || d.Token != token || d.Collapse != m.ApprovalID || !d.Urgent {
		t.Errorf("delivered %s, collapse %q, urgent %v", d.Service, d.Collapse, d.Urgent)
	}
	if late := d.Expires.Sub(m.ExpiresAt).Abs(); late > 5*time.Second {
		t.Errorf("expires %v away from the approval", late)
	}
	var body struct {
		Data    map[string]string `json:"data"`
		Android struct {
			Notification map[string]any `json:"notification"`
		} `json:"android"`
	}
	if err := json.Unmarshal(d.Body, &body); err != nil {
		t.Fatal(err)
	}
	if len(body.Data) != 1 || body.Data["approval_id"] != m.ApprovalID {
		t.Errorf("data is %v, want the approval's id alone", body.Data)
	}
	if body.Android.Notification["title_loc_key"] != "sign_in_request" || body.Android.Notification["title"] != nil {
		t.Errorf("notification is %v, want a title to be looked up and no text", body.Android.Notification)
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
	var body struct {
		Data    map[string]string `json:"data"`
		Android struct {
			Notification map[string]any `json:"notification"`
		} `json:"android"`
	}
	if err := json.Unmarshal(d.Body, &body); err != nil {
		t.Fatal(err)
	}
	n := body.Android.Notification
	if len(body.Data) != 1 || body.Data["notice_id"] != "a-notice" || n["title_loc_key"] != "security_change" || n["channel_id"] != "security_changes" || d.Collapse != "a-notice" {
		t.Errorf("got %s, collapse %q", d.Body, d.Collapse)
	}
}

func TestEveryDocumentedAnswerHasItsMeaning(t *testing.T) {
	g, s := start(t, gateway.Options{})
	cases := []struct {
		status int
		reason string
		want   error
	}{
		{400, "INVALID_ARGUMENT", push.ErrRefused},
		{400, "INVALID_ARGUMENT message.data", push.ErrRefused},
		{400, "INVALID_ARGUMENT message.token", push.ErrGone},
		{404, "UNREGISTERED", push.ErrGone},
		{404, "NOT_FOUND", push.ErrCredential},
		{403, "SENDER_ID_MISMATCH", push.ErrCredential},
		{403, "PERMISSION_DENIED", push.ErrCredential},
		{401, "THIRD_PARTY_AUTH_ERROR", push.ErrCredential},
		{401, "UNAUTHENTICATED", push.ErrCredential},
		{429, "QUOTA_EXCEEDED", push.ErrTooMany},
		{429, "RESOURCE_EXHAUSTED", push.ErrTooMany},
		{500, "INTERNAL", push.ErrUnavailable},
		{503, "UNAVAILABLE", push.ErrUnavailable},
		// Not documented: by the class of the status, and never forgetting a phone.
		{400, "SOMETHING_NEW", push.ErrRefused},
		{403, "SOMETHING_NEW", push.ErrCredential},
		{404, "SOMETHING_NEW", push.ErrCredential},
		{408, "", push.ErrUnavailable},
		{409, "ABORTED", push.ErrRefused},
		{502, "", push.ErrUnavailable},
		{504, "", push.ErrUnavailable},
		{302, "", push.ErrUnavailable},
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
	if err != nil && (strings.Contains(err.Error(), "secret-part") || strings.Contains(err.Error(), "ya29")) {
		t.Errorf("error tells a secret: %v", err)
	}
}

func TestAMalformedTokenIsRecognisedByFCMsSentence(t *testing.T) {
	g, s := start(t, gateway.Options{})
	g.Answer(token, gateway.Rule{Status: 400, Body: `{"error":{"code":400,"status":"INVALID_ARGUMENT",
		"message":"The registration token is not a valid FCM registration token",
		"details":[{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":"INVALID_ARGUMENT"}]}}`})
	if err := s.Send(t.Context(), phone, wakeUp()); !errors.Is(err, push.ErrGone) {
		t.Errorf("got %v, want ErrGone", err)
	}
}

func TestAPageInsteadOfAnAnswerIsTemporary(t *testing.T) {
	g, s := start(t, gateway.Options{})
	for _, status := range []int{502, 503} {
		g.Answer(token, gateway.Rule{Status: status, Body: "<html>" + strings.Repeat("x", 100<<10)})
		if err := s.Send(t.Context(), phone, wakeUp()); !errors.Is(err, push.ErrUnavailable) {
			t.Errorf("%d: got %v, want ErrUnavailable", status, err)
		}
	}
}

func TestRetryAfterIsHandedOn(t *testing.T) {
	g, s := start(t, gateway.Options{})
	cases := []struct {
		rule gateway.Rule
		want time.Duration
	}{
		{gateway.Rule{Status: 503, Reason: "UNAVAILABLE", RetryAfter: "7"}, 7 * time.Second},
		{gateway.Rule{Status: 429, Reason: "QUOTA_EXCEEDED", RetryAfter: "9"}, 9 * time.Second},
		{gateway.Rule{Status: 429, Reason: "QUOTA_EXCEEDED"}, time.Minute}, // as FCM documents
		{gateway.Rule{Status: 500, Reason: "INTERNAL"}, -1},
	}
	for _, c := range cases {
		g.Answer(token, c.rule)
		err := s.Send(t.Context(), phone, wakeUp())
		var told *push.RetryAfter
		switch got := errors.As(err, &told); {
		case got != (c.want >= 0):
			t.Errorf("%v: a time was told: %v", err, got)
		case got && told.After != c.want:
			t.Errorf("%v: want %v", err, c.want)
		}
	}
}

func TestASendIsOneRequest(t *testing.T) {
	g, s := start(t, gateway.Options{})
	deliveries, cancel := g.Subscribe(token)
	defer cancel()
	for _, rule := range []gateway.Rule{
		{Status: 503, Reason: "UNAVAILABLE", Times: 1},
		{Status: 503, Reason: "UNAVAILABLE", RetryAfter: "30", Times: 1},
		{Drop: true, Times: 1},
	} {
		g.Answer(token, rule)
		if err := s.Send(t.Context(), phone, wakeUp()); !errors.Is(err, push.ErrUnavailable) {
			t.Errorf("%+v: got %v, want ErrUnavailable", rule, err)
		}
	}
	if len(deliveries) > 0 {
		t.Errorf("%d messages came by a second request", len(deliveries))
	}
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

func TestATokenEndpointThatNeverAnswersHoldsNobodyUp(t *testing.T) {
	g, s := start(t, gateway.Options{})
	g.Answer(gateway.TokenServer, gateway.Rule{Hang: true, Times: 1})
	long, giveUp := context.WithCancel(t.Context())
	first := make(chan error)
	go func() { first <- s.Send(long, phone, wakeUp()) }()
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := s.Send(short, phone, wakeUp()); !errors.Is(err, context.DeadlineExceeded) && err != nil {
		t.Errorf("got %v, want its own deadline, or delivery if it came first", err)
	}
	giveUp()
	<-first
	if err := s.Send(t.Context(), phone, wakeUp()); err != nil {
		t.Errorf("after the endpoint recovered: %v", err)
	}
}

func TestAnAccessTokenServesManySends(t *testing.T) {
	g, s := start(t, gateway.Options{})
	if err := s.Send(t.Context(), phone, wakeUp()); err != nil {
		t.Fatal(err)
	}
	g.Answer(gateway.TokenServer, gateway.Rule{Status: 500, Reason: "internal_failure"})
	for range 5 {
		if err := s.Send(t.Context(), phone, wakeUp()); err != nil {
			t.Errorf("asked for another token: %v", err)
		}
	}
}

func TestAnAccessTokenAboutToEndIsReplacedWhileItWorks(t *testing.T) {
	g, s := start(t, gateway.Options{TokenLife: time.Minute}) // always about to end
	g.Answer(gateway.TokenServer, gateway.Rule{})
	if err := s.Send(t.Context(), phone, wakeUp()); err != nil {
		t.Fatal(err)
	}
	g.Answer(gateway.TokenServer, gateway.Rule{Status: 503, Reason: "down"})
	if err := s.Send(t.Context(), phone, wakeUp()); err != nil {
		t.Errorf("the old token still works, but: %v", err)
	}
}

func TestTheTokenEndpointsAnswersHaveTheirMeaning(t *testing.T) {
	cases := []struct {
		rule gateway.Rule
		want error
	}{
		{gateway.Rule{Status: 400, Reason: "invalid_grant"}, push.ErrCredential},
		{gateway.Rule{Status: 401, Reason: "invalid_client"}, push.ErrCredential},
		{gateway.Rule{Status: 403, Body: "<html>"}, push.ErrCredential},
		{gateway.Rule{Status: 429, Reason: "slow_down"}, push.ErrUnavailable},
		{gateway.Rule{Status: 500, Reason: "internal_failure"}, push.ErrUnavailable},
		{gateway.Rule{Status: 503, Reason: "down", RetryAfter: "3"}, push.ErrUnavailable},
		{gateway.Rule{Status: 200, Body: `{}`}, push.ErrUnavailable},
		{gateway.Rule{Status: 200, Body: `no JSON`}, push.ErrUnavailable},
		{gateway.Rule{Drop: true}, push.ErrUnavailable},
	}
	for _, c := range cases {
		g, s := start(t, gateway.Options{})
		g.Answer(gateway.TokenServer, c.rule)
		if err := s.Send(t.Context(), phone, wakeUp()); !errors.Is(err, c.want) {
			t.Errorf("%+v: got %v, want %v", c.rule, err, c.want)
		}
	}
}

func TestAClockThatIsAnHourOffIsACredentialProblemInWords(t *testing.T) {
	for _, off := range []time.Duration{-70 * time.Minute, 70 * time.Minute} {
		_, s := start(t, gateway.Options{Now: func() time.Time { return time.Now().Add(off) }})
		err := s.Send(t.Context(), phone, wakeUp())
		if !errors.Is(err, push.ErrCredential) || !strings.Contains(err.Error(), "clock") {
			t.Errorf("%v off: got %v, want ErrCredential that names the clock", off, err)
		}
	}
}

func TestCheckTellsAGoodCredentialFromABadOne(t *testing.T) {
	g, s := start(t, gateway.Options{})
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("good credential: %v", err)
	}
	g.Answer(gateway.EveryFCM, gateway.Rule{Status: 400, Reason: "INVALID_ARGUMENT message.token"})
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("good credential, and FCM does not know the token: %v", err)
	}
	g.Answer(gateway.EveryFCM, gateway.Rule{Status: 403, Reason: "PERMISSION_DENIED"})
	if err := s.Check(t.Context()); !errors.Is(err, push.ErrCredential) {
		t.Errorf("bad credential: got %v, want ErrCredential", err)
	}
}

func TestABrokenConnectionCostsOneTryAtMost(t *testing.T) {
	g, s := start(t, gateway.Options{})
	if err := s.Send(t.Context(), phone, wakeUp()); err != nil {
		t.Fatal(err)
	}
	g.CloseConnections()
	f := push.NewFanout(map[push.Service]push.Sender{push.FCM: s})
	f.Send(t.Context(), wakeUp(), []push.Target{phone}, func(_ int, err error) {
		if err != nil {
			t.Errorf("got %v, want delivery over a new connection", err)
		}
	})
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	g, err := gateway.Start(gateway.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	good := string(g.Credentials.ServiceAccount)
	var account map[string]string
	if err := json.Unmarshal([]byte(good), &account); err != nil {
		t.Fatal(err)
	}
	without := func(name string) string {
		changed := map[string]string{}
		for k, v := range account {
			if k != name {
				changed[k] = v
			}
		}
		text, _ := json.Marshal(changed)
		return string(text)
	}
	ec, _ := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "p", "client_email": "a@b", "private_key": string(g.Credentials.APNsKey),
	})
	cases := []struct {
		name, file string
		change     func(*fcm.Config)
		says       string
	}{
		{name: "no file named", change: func(c *fcm.Config) { c.ServiceAccountFile = "" }, says: "no service account file"},
		{name: "no such file", change: func(c *fcm.Config) { c.ServiceAccountFile += "x" }, says: "no such file"},
		{name: "not JSON", file: "-----BEGIN", says: "not JSON"},
		{name: "too large", file: `{"type":"` + strings.Repeat("a", 70<<10) + `"}`, says: "at most"},
		{name: "a user's credential", file: `{"type":"authorized_user"}`, says: "service_account"},
		{name: "no project", file: without("project_id"), says: "project_id"},
		{name: "no key", file: without("private_key"), says: "private_key"},
		{name: "no email", file: without("client_email"), says: "client_email"},
		{name: "a project that climbs", file: strings.Replace(good, `"project_id": "`, `"project_id": "a/../`, 1), says: "project_id"},
		{name: "a key that is none", file: strings.ReplaceAll(good, "BEGIN PRIVATE", "BEGIN A"), says: "PEM"},
		{name: "a key of another kind", file: string(ec), says: "RSA"},
		{name: "endpoint over http", change: func(c *fcm.Config) { c.Endpoint = "http://h" }, says: "endpoint"},
		{name: "endpoint with path", change: func(c *fcm.Config) { c.Endpoint = "https://h/v1" }, says: "endpoint"},
		{name: "token URL over http", change: func(c *fcm.Config) { c.TokenURL = "http://h/token" }, says: "token URL"},
	}
	for _, c := range cases {
		conf := config(g, dir)
		if c.file != "" {
			conf.ServiceAccountFile = filepath.Join(t.TempDir(), "account.json")
			if err := os.WriteFile(conf.ServiceAccountFile, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if c.change != nil {
			c.change(&conf)
		}
		_, err := fcm.New(conf)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want words with %q", c.name, err, c.says)
		}
		if err != nil && strings.Contains(err.Error(), "BEGIN") {
			t.Errorf("%s: error quotes the file: %v", c.name, err)
		}
	}
}

func TestAYoungTokenThatFCMRefusesIsNotReplaced(t *testing.T) {
	g, s := start(t, gateway.Options{})
	if err := s.Send(t.Context(), phone, wakeUp()); err != nil {
		t.Fatal(err)
	}
	g.RevokeTokens()
	if err := s.Send(t.Context(), phone, wakeUp()); !errors.Is(err, push.ErrCredential) {
		t.Errorf("got %v, want ErrCredential: a credential that FCM hates must not double our requests", err)
	}
}
