package phone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// within ends a test's calls long before the test binary's own limit.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// paired is a phone with one active account.
func paired(t *testing.T, s *server, alg Algorithm) (*Phone, string) {
	t.Helper()
	p := New(Options{})
	a, err := p.Pair(within(t), s.link(), Pairing{Name: "Ana's iPhone", Algorithm: alg})
	if err != nil {
		t.Fatal(err)
	}
	s.confirm(a.ID)
	if _, err := p.WaitActive(within(t), a.ID); err != nil {
		t.Fatal(err)
	}
	return p, a.ID
}

func TestAPhonePairsWithEitherAlgorithmAndShowsItsOwnDigits(t *testing.T) {
	for _, alg := range []Algorithm{"", ES256, EdDSA} {
		t.Run("algorithm "+string(alg), func(t *testing.T) {
			s := newServer(t)
			p := New(Options{})
			got, err := p.Pair(within(t), s.link(), Pairing{Name: "Ana's iPhone", Algorithm: alg})
			if err != nil {
				t.Fatal(err)
			}
			want := Account{
				ID: "device-000000000000001", Server: s.URL, ServerName: "Test", User: "ana@example.com", Name: "Ana's iPhone",
				Digits: Digits(testTicket, s.phones["device-000000000000001"].key.Thumbprint()), State: Claimed, Algorithm: alg, Push: None,
			}
			if alg == "" {
				want.Algorithm = ES256
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("account (-want +got):\n%s", diff)
			}
			if got.Digits == "000000" {
				t.Error("the digits are the server's, not the phone's own")
			}
		})
	}
}

func TestWaitingEndsWhenThePersonConfirmsAndBringsCodes(t *testing.T) {
	s := newServer(t)
	p := New(Options{})
	a, err := p.Pair(within(t), s.link(), Pairing{Name: "phone"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Code(a.ID, time.Now()); !errors.Is(err, ErrNoCodes) {
		t.Errorf("code before the person confirmed: got %v, want ErrNoCodes", err)
	}
	active := make(chan Account)
	go func() {
		a, err := p.WaitActive(within(t), a.ID)
		if err != nil {
			t.Error(err)
		}
		active <- a
	}()
	s.confirm(a.ID)
	if got := <-active; got.State != Active || !got.HasCodes {
		t.Errorf("got %+v, want active with codes", got)
	}
	if _, err := p.Code(a.ID, time.Now()); err != nil {
		t.Error(err)
	}
}

func TestWaitingByManyAtOnceFetchesOneSecret(t *testing.T) {
	s := newServer(t)
	p := New(Options{})
	a, err := p.Pair(within(t), s.link(), Pairing{Name: "phone"})
	if err != nil {
		t.Fatal(err)
	}
	s.confirm(a.ID)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := p.WaitActive(within(t), a.ID); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := s.phones[a.ID].secrets; got != 1 {
		t.Errorf("%d secrets were issued, want 1: each voids the one before", got)
	}
}

func TestARefusedPhoneIsTold(t *testing.T) {
	s := newServer(t)
	p := New(Options{})
	a, err := p.Pair(within(t), s.link(), Pairing{Name: "phone"})
	if err != nil {
		t.Fatal(err)
	}
	s.change(func() { delete(s.phones, a.ID) })
	if _, err := p.WaitActive(within(t), a.ID); KindOf(err) != PhoneUnknown {
		t.Errorf("got %v, want %s", err, PhoneUnknown)
	}
}

func TestWaitingRidesOverAServerThatIsAway(t *testing.T) {
	s := newServer(t)
	p := New(Options{})
	a, err := p.Pair(within(t), s.link(), Pairing{Name: "phone"})
	if err != nil {
		t.Fatal(err)
	}
	s.confirm(a.ID)
	var tries atomic.Int32
	s.meddling(func(w http.ResponseWriter, _ *http.Request) bool {
		switch tries.Add(1) {
		case 1:
			dropConnection(w)
		case 2:
			http.Error(w, "<html>bad gateway", http.StatusBadGateway)
		default:
			return false
		}
		return true
	})
	if _, err := p.WaitActive(within(t), a.ID); err != nil {
		t.Error(err)
	}
	if tries.Load() < 3 {
		t.Errorf("%d tries: the failures were never met", tries.Load())
	}
}

// dropConnection loses the reply, as a network does.
func dropConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		conn.Close()
	}
}

func TestALinkServesOnce(t *testing.T) {
	s := newServer(t)
	p := New(Options{})
	if _, err := p.Pair(within(t), s.link(), Pairing{Name: "first"}); err != nil {
		t.Fatal(err)
	}
	_, err := p.Pair(within(t), s.link(), Pairing{Name: "second"})
	if KindOf(err) != TicketInvalid {
		t.Errorf("got %v, want %s", err, TicketInvalid)
	}
	if n := len(p.Accounts()); n != 1 {
		t.Errorf("the phone has %d accounts, want 1", n)
	}
}

func TestAPushTargetIsSentInTheFormOfItsService(t *testing.T) {
	web, err := NewWebPush("https://push.example/push/abc")
	if err != nil {
		t.Fatal(err)
	}
	web.Gateway = "https://push.example"
	cases := map[string]struct {
		push *Push
		want map[string]any
	}{
		"Web Push": {web, map[string]any{
			"service": "webpush", "endpoint": "https://push.example/push/abc", "p256dh": web.Keys.P256DH(), "auth": web.Keys.AuthSecret(),
		}},
		"FCM":          {&Push{Service: FCM, Token: "abc", Gateway: "https://push.example"}, map[string]any{"service": "fcm", "token": "abc"}},
		"APNs":         {&Push{Service: APNs, Token: "abc"}, map[string]any{"service": "apns", "token": "abc", "sandbox": false}},
		"APNs sandbox": {&Push{Service: APNs, Token: "abc", Sandbox: true}, map[string]any{"service": "apns", "token": "abc", "sandbox": true}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			p := New(Options{})
			a, err := p.Pair(within(t), s.link(), Pairing{Name: "phone", Push: c.push})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, targetAt(t, s, a.ID)); diff != "" {
				t.Errorf("at pairing (-want +got):\n%s", diff)
			}
			if err := p.SetPush(within(t), a.ID, nil); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]any{"service": "none"}, targetAt(t, s, a.ID)); diff != "" {
				t.Errorf("taken away (-want +got):\n%s", diff)
			}
			if err := p.SetPush(within(t), a.ID, c.push); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, targetAt(t, s, a.ID)); diff != "" {
				t.Errorf("set later (-want +got):\n%s", diff)
			}
			if got, _ := p.Account(a.ID); got.Push != c.push.Service {
				t.Errorf("the account is woken by %s, want %s", got.Push, c.push.Service)
			}
		})
	}
}

// targetAt is the push target that the server has for a phone.
func targetAt(t *testing.T, s *server, id string) map[string]any {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var got map[string]any
	if err := json.Unmarshal(s.phones[id].push, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestOnlyPairingLinksAreTaken(t *testing.T) {
	const ticket = "#" + testTicket
	for link, want := range map[string]error{
		"https://countersign.example.com/pair" + ticket:           nil,
		" https://example.com/pair" + ticket + "\n":               nil,
		"https://example.com/two/factor/pair" + ticket:            nil,
		"http://127.0.0.1:8080/pair" + ticket:                     nil,
		"http://[::1]:8080/pair" + ticket:                         nil,
		"http://localhost:8080/pair" + ticket:                     nil,
		"http://example.com/pair" + ticket:                        ErrInsecure,
		"http://localhost.example.com/pair" + ticket:              ErrInsecure,
		"http://127.0.0.1.example.com/pair" + ticket:              ErrInsecure,
		"http://10.0.0.1/pair" + ticket:                           ErrInsecure,
		"ftp://example.com/pair" + ticket:                         ErrInsecure,
		"":                                                        ErrPairURL,
		"https://example.com/pair":                                ErrPairURL,
		"https://example.com/pair#":                               ErrPairURL,
		"https://example.com/pair" + ticket[:20]:                  ErrPairURL,
		"https://example.com/pair" + ticket + "x":                 ErrPairURL,
		"https://example.com/pair#" + strings.Repeat(".", 43):     ErrPairURL,
		"https://example.com/set-up" + ticket:                     ErrPairURL,
		"https://example.com/" + ticket:                           ErrPairURL,
		"https://user@example.com/pair" + ticket:                  ErrPairURL,
		"https://example.com/pair?x=1" + ticket:                   ErrPairURL,
		"https://example.com?x=/pair" + ticket:                    ErrPairURL,
		"https://example.com//pair" + ticket:                      ErrPairURL,
		"https:///pair" + ticket:                                  ErrPairURL,
		"/pair" + ticket:                                          ErrPairURL,
		"https://" + strings.Repeat("a", 3000) + "/pair" + ticket: ErrPairURL,
		"javascript:alert(1)/pair" + ticket:                       ErrPairURL,
	} {
		server, got, err := ParsePairURL(link)
		if !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", link, err, want)
		}
		if err != nil && (server != "" || got != "" || strings.Contains(err.Error(), testTicket)) {
			t.Errorf("%q: something came with the error, or the ticket is in it: %v", link, err)
		}
		if err == nil && (got != testTicket || server+"/pair"+ticket != strings.TrimSpace(link)) {
			t.Errorf("%q: taken apart as %q and %q", link, server, got)
		}
	}
}

func TestRemovingAPhoneTellsTheServer(t *testing.T) {
	s := newServer(t)
	p, id := paired(t, s, ES256)
	if err := p.Remove(within(t), id); err != nil {
		t.Fatal(err)
	}
	if len(s.phones) != 0 || len(p.Accounts()) != 0 {
		t.Errorf("left: %d at the server, %d on the phone", len(s.phones), len(p.Accounts()))
	}
	if err := p.Remove(within(t), id); !errors.Is(err, ErrNoAccount) {
		t.Errorf("a second time: got %v, want ErrNoAccount", err)
	}
}

func TestRemovingAPhoneThatWasRemovedElsewhereForgetsIt(t *testing.T) {
	s := newServer(t)
	p, id := paired(t, s, ES256)
	s.change(func() { delete(s.phones, id) })
	if err := p.Remove(within(t), id); err != nil || len(p.Accounts()) != 0 {
		t.Errorf("got %v and %d accounts, want none of either", err, len(p.Accounts()))
	}
}

func TestAnAccountStaysWhenTheServerCannotBeTold(t *testing.T) {
	s := newServer(t)
	p, id := paired(t, s, ES256)
	s.meddling(func(w http.ResponseWriter, _ *http.Request) bool {
		refuse(w, 503, "unavailable", nil)
		return true
	})
	if err := p.Remove(within(t), id); KindOf(err) != "unavailable" {
		t.Errorf("got %v, want unavailable", err)
	}
	if len(p.Accounts()) != 1 {
		t.Error("the phone forgot an account that the server still has")
	}
}

func TestTwoServersCannotTellThatTheyShareAPhone(t *testing.T) {
	one, other := newServer(t), newServer(t)
	other.phones["device-000000000000001"] = &pairedPhone{} // ids are a server's own choice
	p := New(Options{})
	a, err := p.Pair(within(t), one.link(), Pairing{Name: "phone"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Pair(within(t), other.link(), Pairing{Name: "phone"})
	if err != nil {
		t.Fatal(err)
	}
	if one.phones[a.ID].key == other.phones[b.ID].key {
		t.Error("both servers have the same key")
	}
}

func TestAServerThatGivesATakenDeviceIDIsRefused(t *testing.T) {
	one, other := newServer(t), newServer(t)
	p := New(Options{})
	if _, err := p.Pair(within(t), one.link(), Pairing{Name: "phone"}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Pair(within(t), other.link(), Pairing{Name: "phone"}); !errors.Is(err, ErrReply) {
		t.Errorf("got %v, want ErrReply", err)
	}
	if got := p.Accounts(); len(got) != 1 || got[0].Server != one.URL {
		t.Errorf("got %+v, want the first account alone", got)
	}
}

func TestAPhoneHoldsAHundredAccounts(t *testing.T) {
	s := newServer(t)
	key, err := GenerateKey(EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	p := New(Options{})
	for i := range maxAccounts {
		if err := p.add(account{DeviceID: fmt.Sprint("other-", i), Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.add(account{DeviceID: "one-more", Key: key}); !errors.Is(err, ErrFull) {
		t.Errorf("one more: got %v, want ErrFull", err)
	}
	if _, err := p.Pair(within(t), s.link(), Pairing{Name: "phone"}); !errors.Is(err, ErrFull) || len(s.phones) != 0 {
		t.Errorf("got %v and %d phones at the server, want ErrFull before the link is spent", err, len(s.phones))
	}
}

func TestADeviceIDThatIsNoneIsRefused(t *testing.T) {
	for _, id := range []string{"", "../x", strings.Repeat("a", maxID+1)} {
		s := newServer(t)
		s.meddling(func(w http.ResponseWriter, _ *http.Request) bool {
			reply(w, 201, map[string]any{"device_id": id})
			return true
		})
		p := New(Options{})
		if _, err := p.Pair(within(t), s.link(), Pairing{Name: "phone"}); !errors.Is(err, ErrReply) || len(p.Accounts()) != 0 {
			t.Errorf("%q: got %v and %d accounts, want ErrReply and none", id, err, len(p.Accounts()))
		}
	}
}

func TestAPhoneOverTLSTrustsOnlyItsAuthorities(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // the refused handshake is the test
	s.StartTLS()
	t.Cleanup(s.Close)
	link := s.URL + "/pair#" + testTicket
	if _, err := New(Options{}).Pair(within(t), link, Pairing{Name: "phone"}); !errors.Is(err, ErrNetwork) {
		t.Errorf("unknown authority: got %v, want ErrNetwork", err)
	}
	var refused *Problem
	if _, err := New(Options{HTTP: s.Client()}).Pair(within(t), link, Pairing{Name: "phone"}); !errors.As(err, &refused) {
		t.Errorf("known authority: got %v, want the server's own refusal", err)
	}
}
