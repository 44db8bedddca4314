package approvals_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
	"countersign/mobile-stub/gateway"
	"countersign/push"
	"countersign/push/apns"
)

// delivery is a scene whose phones are woken through a gateway that speaks as
// Apple does. It ends with the test.
func delivery(t *testing.T, o gateway.Options) (*scene, *gateway.Gateway) {
	t.Helper()
	o.Dir = t.TempDir()
	g, err := gateway.Start(o)
	noError(t, err)
	t.Cleanup(func() { g.Close() })
	sender, err := apns.New(apns.Config{
		Topic: g.Credentials.Topic, KeyFile: filepath.Join(o.Dir, gateway.APNsKeyFile),
		KeyID: g.Credentials.KeyID, TeamID: g.Credentials.TeamID, Production: g.APNs, RootCAs: g.CertPool(),
	})
	noError(t, err)
	t.Cleanup(sender.Close)
	s := newScene(t, time.Now)
	s.wakesBy(push.NewFanout(map[push.Service]push.Sender{push.APNs: sender}))
	t.Cleanup(func() { s.store.Close() })
	t.Cleanup(func() { s.Close() })
	return s, g
}

// crowd gives n people a phone each and a code each.
func (s *scene) crowd(n int) []*handset {
	s.t.Helper()
	all := make([]*handset, n)
	for i := range all {
		all[i] = s.phone(fmt.Sprintf("u%05d", i), fmt.Sprintf("phone %d", i))
		target := &push.Target{Service: push.APNs, Token: fmt.Sprintf("%064x", i)}
		s.change(fmt.Sprintf("u%05d", i), func(e *enrolments.Enrolment) { e.Phones[0].Push = target })
		s.town.codes[fmt.Sprintf("%06d", i)] = nil
	}
	return all
}

// atOnce runs do for 0 to n-1 in a hundred goroutines.
func atOnce(n int, do func(i int)) {
	next := make(chan int)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
}

// settles sees that every sign-in can be answered: in turns by a code and by
// opening the phone.
func (s *scene) settles(asked []approvals.Requested, phones []*handset) {
	s.t.Helper()
	atOnce(len(asked), func(i int) {
		if i%2 == 0 {
			if _, err := s.Code(s.t.Context(), asked[i].ID, fmt.Sprintf("%06d", i)); err != nil {
				s.t.Errorf("a code for sign-in %d: %v", i, err)
			}
			return
		}
		seen, err := s.PendingFor(s.t.Context(), phones[i].known(), 0)
		if err != nil || len(seen) != 1 || seen[0].ID != asked[i].ID {
			s.t.Errorf("opening phone %d shows %d sign-ins, %v", i, len(seen), err)
			return
		}
		if _, err := s.answers(phones[i], asked[i].Approval, approvals.Approve, nil); err != nil {
			s.t.Errorf("the answer of phone %d: %v", i, err)
		}
	})
}

// eventually polls until done, on real parts.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.Now().Add(90 * time.Second)
	for !done() {
		if time.Now().After(end) {
			t.Fatalf("still not: %s", what)
		}
		<-tick.C
	}
}

// heap is what is in use after a collection, in bytes.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestABurstOfSignInsAtASmallGatewayIsAnsweredToTheLast(t *testing.T) {
	const signIns = 10_000
	s, _ := delivery(t, gateway.Options{AtOnce: 100})
	s.app.Policy.TTL = 5 * time.Minute // that a slow machine answers in time
	phones := s.crowd(signIns)
	quiet, before := runtime.NumGoroutine(), heap()

	asked := make([]approvals.Requested, signIns)
	atOnce(signIns, func(i int) { asked[i] = s.asks(fmt.Sprintf("u%05d", i)) })
	peak := runtime.NumGoroutine()
	s.settles(asked, phones)

	woken := map[approvals.Sent]int{}
	for _, out := range asked {
		woken[s.stands(out.ID).Phones[0].Sent]++
	}
	t.Logf("%d goroutines at the peak; as it ended, phones were %v", peak, woken)
	if woken[approvals.Accepted] == 0 {
		t.Error("not one phone was woken")
	}
	// One each that waits for its turn, and what the connections need.
	if peak > signIns+2000 {
		t.Errorf("%d goroutines for %d sign-ins", peak, signIns)
	}
	eventually(t, "every goroutine of the burst ends", func() bool { return runtime.NumGoroutine() <= quiet+50 })
	// What a settled approval keeps for ten minutes, its trail, and room.
	if grown := heap() - before; grown > 20_000*signIns {
		t.Errorf("%d bytes are kept for each sign-in", grown/signIns)
	}
}

func TestAGatewayThatNeverAnswersLeavesEverySignInToCodesAndPhones(t *testing.T) {
	const signIns = 1000
	s, g := delivery(t, gateway.Options{})
	g.Answer(gateway.EveryAPNs, gateway.Rule{Hang: true})
	phones := s.crowd(signIns)
	quiet := runtime.NumGoroutine()
	asked := make([]approvals.Requested, signIns)
	atOnce(signIns, func(i int) { asked[i] = s.asks(fmt.Sprintf("u%05d", i)) })
	eventually(t, "the waiting screen is told", func() bool {
		return s.stands(asked[signIns-1].ID).Phones[0].Sent == approvals.Failed
	})
	s.settles(asked, phones)
	eventually(t, "every goroutine ends", func() bool { return runtime.NumGoroutine() <= quiet+50 })
}

func TestAStormOfRefusalsLeavesEverySignInToCodesAndPhones(t *testing.T) {
	const signIns = 1000
	s, g := delivery(t, gateway.Options{})
	g.Answer(gateway.EveryAPNs, gateway.Rule{Status: 429, Reason: "TooManyRequests", RetryAfter: "3600"})
	phones := s.crowd(signIns)
	asked := make([]approvals.Requested, signIns)
	atOnce(signIns, func(i int) { asked[i] = s.asks(fmt.Sprintf("u%05d", i)) })
	eventually(t, "the waiting screen is told", func() bool {
		for _, out := range asked {
			if s.stands(out.ID).Phones[0].Sent != approvals.Failed {
				return false
			}
		}
		return true
	})
	// The storm is over, and each can be asked again.
	g.Deliver(gateway.EveryAPNs)
	again, err := s.Resend(t.Context(), s.app, asked[0].ID)
	noError(t, err)
	eventually(t, "a phone is woken after the storm", func() bool {
		return s.stands(again.ID).Phones[0].Sent == approvals.Accepted
	})
	s.settles(asked, phones)
}

// A token that dies between two sign-ins: the first reaches the phone, the
// second is told that it does not, the third that there is nothing to reach.
func TestATokenThatDiesIsToldAtTheNextSignIn(t *testing.T) {
	s, g := delivery(t, gateway.Options{})
	phones := s.crowd(1)
	s.town.forgets = true
	becomes := func(want approvals.Sent) approvals.Requested {
		t.Helper()
		out := s.asks("u00000")
		eventually(t, "the phone is "+string(want), func() bool { return s.stands(out.ID).Phones[0].Sent == want })
		return out
	}
	becomes(approvals.Accepted)
	g.Answer(strings.Repeat("0", 64), gateway.Rule{Status: 410, Reason: "Unregistered"})
	becomes(approvals.Failed)
	out := becomes(approvals.None)
	_, err := s.answers(phones[0], out.Approval, approvals.Approve, nil)
	noError(t, err)
}
