package gateway_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/mobile-stub/gateway"
)

const device = "ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12"

// pushed is the status of a good push to APNs.
func pushed(t testing.TB, g *gateway.Gateway, c *http.Client, header http.Header) answer {
	t.Helper()
	return do(t, c, "POST", g.APNs+"/3/device/"+device, header, aps)
}

func TestAnotherProcessCanTellWhatToAnswer(t *testing.T) {
	g := start(t, gateway.Options{})
	c, header := clientOf(t, g), provider(t, g)
	control := func(method, path, body string, want int) string {
		t.Helper()
		a := do(t, c, method, g.WebPush+"/control/"+path, http.Header{}, body)
		if a.status != want {
			t.Fatalf("%s %s %s: got %d %s, want %d", method, path, body, a.status, a.body, want)
		}
		return a.body
	}
	control("PUT", "rules/"+device, `{"status":503,"reason":"Shutdown","retry_after":"7","times":1}`, 204)
	if a := pushed(t, g, c, header); a.status != 503 || !strings.Contains(a.body, "Shutdown") || a.header.Get("Retry-After") != "7" {
		t.Errorf("told to refuse: got %d %s", a.status, a.body)
	}
	if a := pushed(t, g, c, header); a.status != 200 {
		t.Errorf("after the one time: got %d", a.status)
	}
	control("PUT", "rules/apns%20*", `{"status":410,"reason":"Unregistered"}`, 204)
	if a := pushed(t, g, c, header); a.status != 410 {
		t.Errorf("a rule for all: got %d", a.status)
	}
	control("DELETE", "rules/apns%20*", "", 204)
	if a := pushed(t, g, c, header); a.status != 200 {
		t.Errorf("the rule forgotten: got %d", a.status)
	}
	before := g.Connections()
	control("POST", "go-away", "", 204)
	pushed(t, g, c, header)
	pushed(t, g, c, header)
	if g.Connections() == before {
		t.Error("told to send connections away, and no new one was opened")
	}
	for _, bad := range []string{`{"status":99}`, `{"delay_ms":-1}`, `{"delay_ms":999999999}`, `{"times":-1}`, `{"colour":1}`, `no`} {
		if said := control("PUT", "rules/x", bad, 400); !strings.Contains(said, "error") {
			t.Errorf("%s: %q does not say what is wrong", bad, said)
		}
	}
}

func TestGoAwayLetsWhatIsUnderWayEnd(t *testing.T) {
	g := start(t, gateway.Options{})
	c, header := clientOf(t, g), provider(t, g)
	if a := pushed(t, g, c, header); a.status != 200 {
		t.Fatal(a)
	}
	g.Answer(device, gateway.Rule{Delay: 200 * time.Millisecond})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if a := pushed(t, g, c, header); a.status != 200 {
				t.Errorf("under way while the connection was sent away: got %d %s", a.status, a.body)
			}
		})
	}
	g.GoAway()
	do(t, c, "POST", g.APNs+"/3/device/"+strings.Repeat("cd", 32), header, aps) // its answer brings the GOAWAY
	all.Wait()
	pushed(t, g, c, header)
	if got := g.Connections(); got < 2 {
		t.Error("the connection was kept")
	}
}

func TestAProviderTokenIsUsedForAWhile(t *testing.T) {
	now, mu := time.Now(), sync.Mutex{}
	g := start(t, gateway.Options{Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}})
	c, first, second := clientOf(t, g), provider(t, g), provider(t, g)
	if first.Get("Authorization") == second.Get("Authorization") {
		t.Fatal("two tokens are alike")
	}
	for i, step := range []struct {
		header http.Header
		after  time.Duration
		status int
		reason string
	}{
		{first, 0, 200, ""},
		{second, 0, 429, "TooManyProviderTokenUpdates"},
		{first, 0, 200, ""},
		{second, 21 * time.Minute, 200, ""},
		{first, 0, 429, "TooManyProviderTokenUpdates"},
	} {
		mu.Lock()
		now = now.Add(step.after)
		mu.Unlock()
		if a := pushed(t, g, c, step.header); a.status != step.status || !strings.Contains(a.body, step.reason) {
			t.Errorf("step %d: got %d %s, want %d %s", i, a.status, a.body, step.status, step.reason)
		}
	}
	// Another connection has its own.
	if a := pushed(t, g, clientOf(t, g), first); a.status != 200 {
		t.Errorf("on a connection of its own: got %d %s", a.status, a.body)
	}
}

func TestMoreAtOnceThanWasAgreedAreRefusedForNow(t *testing.T) {
	g := start(t, gateway.Options{AtOnce: 3})
	c, header := clientOf(t, g), provider(t, g)
	g.Answer(device, gateway.Rule{Delay: 500 * time.Millisecond})
	var mu sync.Mutex
	got := map[int]int{}
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			a := pushed(t, g, c, header)
			mu.Lock()
			defer mu.Unlock()
			if got[a.status]++; a.status == 503 && a.header.Get("Retry-After") == "" {
				t.Error("refused without a time")
			}
		})
	}
	all.Wait()
	if got[200] < 3 || got[503] == 0 {
		t.Errorf("answers: %v", got)
	}
	if a := pushed(t, g, c, header); a.status != 200 {
		t.Errorf("alone: got %d", a.status)
	}
}
