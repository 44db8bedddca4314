package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"countersign/mobile-stub/gateway"
	"countersign/mobile-stub/phone"
)

// phonesOf is what a sign-in says of the person's phones.
func (s *serving) phonesOf(approval string) (sent []string) {
	s.t.Helper()
	var out struct {
		Phones []struct {
			Sent string `json:"sent"`
		} `json:"phones"`
	}
	s.call("GET", "/v1/approvals/"+approval, s.key, nil, &out)
	for _, p := range out.Phones {
		sent = append(sent, p.Sent)
	}
	return sent
}

// signIn asks for a sign-in and waits until its one phone is as wanted.
func (s *serving) signIn(user, want string) {
	s.t.Helper()
	var out struct {
		ID string `json:"id"`
	}
	s.call("POST", "/v1/approvals", s.key, map[string]string{"user": user}, &out)
	s.eventually("the phone is "+want, func() bool {
		sent := s.phonesOf(out.ID)
		return len(sent) == 1 && sent[0] == want
	})
}

func text(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", url, resp.Status, err)
	}
	return string(body)
}

// collector stands in for one of OpenTelemetry's, which the environment names;
// what it returns is what it was sent so far.
func collector(t *testing.T) (sent func() string) {
	t.Helper()
	var mu sync.Mutex
	var all strings.Builder
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		io.Copy(&all, r.Body)
	}))
	t.Cleanup(server.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return all.String()
	}
}

// A phone that is woken by a push service of one's own, as UnifiedPush and ntfy
// are, until that service forgets it.
func TestAPhoneIsWokenByASelfHostedService(t *testing.T) {
	g, push := pushGateway(t, gateway.Options{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	metrics := listener.Addr().String()
	listener.Close()
	spans := collector(t)
	s := startServer(t, "sqlite:"+filepath.Join(t.TempDir(), "c.db"), append(push, "--metrics-listen", metrics)...)

	wake, err := phone.NewGatewayPush(phone.WebPush, g.WebPush)
	if err != nil {
		t.Fatal(err)
	}
	s.pairAs("ana@example.com", phone.Pairing{Name: "Ana's phone", Platform: "android", Push: wake})
	deliveries, cancel := g.Subscribe(wake.Token)
	defer cancel()
	s.signIn("ana@example.com", "accepted")
	if d := <-deliveries; d.Service != "webpush" || !d.Urgent {
		t.Errorf("delivered %+v", d)
	}
	if ready := text(t, s.url+"/readyz"); !strings.Contains(ready, `"status":"ready"`) || !strings.Contains(ready, `"webpush":"up"`) {
		t.Errorf("ready: %s", ready)
	}

	g.Answer(wake.Token, gateway.Rule{Status: 410})
	s.signIn("ana@example.com", "failed")
	s.signIn("ana@example.com", "none") // it is told, and no longer waited for

	counted := text(t, "http://"+metrics+"/metrics")
	for _, want := range []string{
		`countersign_push_attempts_total{outcome="accepted",reason="",service="webpush"} 1`,
		`countersign_push_attempts_total{outcome="gone",reason="410",service="webpush"} 1`,
		`countersign_push_up{part="` + strings.TrimPrefix(g.WebPush, "https://") + `",service="webpush"} 1`,
	} {
		if !strings.Contains(counted, want+"\n") {
			t.Errorf("metrics do not hold %s", want)
		}
	}
	s.eventually("the sign-in and its push are traced", func() bool {
		sent := spans()
		for _, secret := range []string{wake.Token, "ana@example.com", s.key} {
			if strings.Contains(sent, secret) {
				t.Errorf("a trace holds %s", secret)
			}
		}
		return strings.Contains(sent, "POST /v1/approvals") && strings.Contains(sent, "push webpush ")
	})
	if strings.Contains(counted, wake.Token) || strings.Contains(counted, "ana") {
		t.Error("metrics tell of a person or a phone")
	}
}

func TestAServiceThatIsNotAllowedIsNotTaken(t *testing.T) {
	g, push := pushGateway(t, gateway.Options{})
	s := startServer(t, "sqlite:"+filepath.Join(t.TempDir(), "c.db"), push[:len(push)-4]...) // without --push-host, --push-network
	wake, err := phone.NewGatewayPush(phone.WebPush, g.WebPush)
	if err != nil {
		t.Fatal(err)
	}
	pairURL, _, _ := s.setUp("ana@example.com")
	_, err = phone.New(phone.Options{}).Pair(t.Context(), pairURL, phone.Pairing{Name: "Ana's phone", Platform: "android", Push: wake})
	if phone.KindOf(err) != "push-target-refused" {
		t.Errorf("got %v, want push-target-refused", err)
	}
}
