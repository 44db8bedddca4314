package phone

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// fakeGateway streams the bodies that it is given.
func fakeGateway(t *testing.T, bodies <-chan []byte) (url string, subscribed *atomic.Int32) {
	t.Helper()
	subscribed = new(atomic.Int32)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /deliveries/our-token", func(w http.ResponseWriter, r *http.Request) {
		subscribed.Add(1)
		control, lines := http.NewResponseController(w), json.NewEncoder(w)
		for control.Flush() == nil {
			select {
			case body := <-bodies:
				if body == nil || lines.Encode(map[string]any{"service": "webpush", "body": body}) != nil {
					return // the stream breaks
				}
			case <-r.Context().Done():
				return
			}
		}
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL, subscribed
}

// woken is a phone with an account that a gateway wakes.
func wokenPhone(t *testing.T, s *server, gateway string) (*Phone, string, *Push) {
	t.Helper()
	p, id := paired(t, s, ES256)
	push, err := NewWebPush("https://push.example/push/our-token")
	if err != nil {
		t.Fatal(err)
	}
	push.Token, push.Gateway = "our-token", gateway
	if err := p.SetPush(within(t), id, push); err != nil {
		t.Fatal(err)
	}
	return p, id, push
}

func TestWakeupsAreReadAndBrokenOnesPassedOver(t *testing.T) {
	bodies := make(chan []byte, 10)
	gateway, _ := fakeGateway(t, bodies)
	p, id, push := wokenPhone(t, newServer(t), gateway)
	other, err := NewSubscription()
	if err != nil {
		t.Fatal(err)
	}
	bodies <- seal(t, push.Keys, `{"approval_id":"one"}`, 4096, "\x02")
	bodies <- seal(t, other, `{"approval_id":"not-ours"}`, 4096, "\x02")
	bodies <- seal(t, push.Keys, `{"notice_id":"two"}`, 4096, "\x02")
	bodies <- nil
	var got []string
	if err := p.Wakeups(within(t), id, func(w Wakeup) { got = append(got, w.ApprovalID+w.NoticeID) }); err != nil {
		t.Error(err)
	}
	if text := strings.Join(got, ","); text != ",one,two" {
		t.Errorf("got %q, want the start, one and two", text)
	}
}

func TestAStreamOutlivesTheClientsTimeLimit(t *testing.T) {
	bodies := make(chan []byte, 1)
	gateway, _ := fakeGateway(t, bodies)
	p, id, _ := wokenPhone(t, newServer(t), gateway)
	hurried := New(Options{HTTP: &http.Client{Timeout: 1}}) // a nanosecond: nothing else would succeed
	hurried.accounts = p.accounts
	bodies <- nil
	if err := hurried.Wakeups(within(t), id, func(Wakeup) {}); err != nil {
		t.Error(err)
	}
}

// next is what a channel gives, unless nothing comes.
func next(t *testing.T, c <-chan string) string {
	t.Helper()
	select {
	case s := <-c:
		return s
	case <-within(t).Done():
		t.Fatal("nothing more was shown")
		return ""
	}
}

func TestWatchingShowsEachRequestOnce(t *testing.T) {
	for name, gatewayed := range map[string]bool{"woken": true, "asking": false} {
		t.Run(name, func(t *testing.T) {
			bodies := make(chan []byte, 10)
			gateway, subscribed := fakeGateway(t, bodies)
			s := newServer(t)
			p, id, push := wokenPhone(t, s, gateway)
			if !gatewayed {
				if err := p.SetPush(within(t), id, nil); err != nil {
					t.Fatal(err)
				}
			}
			s.ask("first", "47")
			ctx, stop := context.WithCancel(within(t))
			shown := make(chan string, 10)
			ended := make(chan error)
			go func() { ended <- p.Watch(ctx, id, func(r Request) { shown <- r.ID }) }()
			if got := next(t, shown); got != "first" {
				t.Errorf("shown %s, want first", got)
			}
			s.ask("second", "47")
			bodies <- seal(t, push.Keys, `{"approval_id":"second"}`, 4096, "\x02")
			if got := next(t, shown); got != "second" {
				t.Errorf("shown %s, want second", got)
			}
			bodies <- nil // the stream breaks; what comes meanwhile is asked for
			s.ask("third", "47")
			if got := next(t, shown); got != "third" {
				t.Errorf("shown %s, want third", got)
			}
			stop()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("ended with %v, want the context's end", err)
			}
			if gatewayed != (subscribed.Load() > 0) {
				t.Errorf("subscribed %d times", subscribed.Load())
			}
		})
	}
}

func TestWatchingRidesOverLostConnectionsAndEndsWhenThePhoneIsRemoved(t *testing.T) {
	s := newServer(t)
	p, id := paired(t, s, ES256)
	var tries atomic.Int32
	s.meddling(func(w http.ResponseWriter, _ *http.Request) bool {
		if tries.Add(1) > 1 {
			return false
		}
		dropConnection(w)
		return true
	})
	s.ask("first", "47")
	err := p.Watch(within(t), id, func(Request) { s.change(func() { delete(s.phones, id) }) })
	if KindOf(err) != PhoneUnknown || tries.Load() < 3 {
		t.Errorf("got %v after %d tries, want %s after 3 or more", err, tries.Load(), PhoneUnknown)
	}
}

func TestAnAccountWithoutAGatewayHasNoWakeups(t *testing.T) {
	p, id := paired(t, newServer(t), ES256)
	if err := p.Wakeups(within(t), id, func(Wakeup) { t.Error("woken") }); !errors.Is(err, ErrPush) {
		t.Errorf("got %v, want ErrPush", err)
	}
}

func TestAGatewayElsewhereMustBeReachedByHTTPS(t *testing.T) {
	s := newServer(t)
	p, id, _ := wokenPhone(t, s, "http://gateway.example")
	if err := p.Wakeups(within(t), id, func(Wakeup) { t.Error("woken") }); !errors.Is(err, ErrInsecure) {
		t.Errorf("got %v, want ErrInsecure", err)
	}
}
