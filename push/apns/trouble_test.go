package apns_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"countersign/mobile-stub/gateway"
	"countersign/push"
	"countersign/push/apns"
	"countersign/push/pushtest"
)

// burst sends n wake-ups at once, as n sign-ins would, and counts those taken.
func burst(ctx context.Context, s *apns.Sender, n int) (taken int) {
	f := push.NewFanout(map[push.Service]push.Sender{push.APNs: s})
	var ok atomic.Int64
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			f.Send(ctx, wakeUp(), []push.Target{phone}, func(_ int, err error) {
				if err == nil {
					ok.Add(1)
				}
			})
		})
	}
	all.Wait()
	return int(ok.Load())
}

func TestABurstOpensFewConnections(t *testing.T) {
	g, s := start(t, gateway.Options{})
	const n = 2000
	if got := burst(t.Context(), s, n); got != n {
		t.Errorf("%d of %d were taken", got, n)
	}
	if got := g.Connections(); got > 20 {
		t.Errorf("%d connections for a burst of %d; Apple would take it for an attack", got, n)
	}
}

func TestAGatewayThatTakesFewAtOnceGetsThemAll(t *testing.T) {
	g, s := start(t, gateway.Options{Streams: 10})
	g.Answer(token, gateway.Rule{Delay: time.Millisecond})
	const n = 500
	if got := burst(t.Context(), s, n); got != n {
		t.Errorf("%d of %d were taken", got, n)
	}
}

// soak is how long trouble lasts: a moment, or COUNTERSIGN_SOAK (see make soak).
func soak(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("COUNTERSIGN_SOAK")
	if text == "" {
		return 2 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		t.Fatalf("COUNTERSIGN_SOAK is %q, want a time like 1m", text)
	}
	return d
}

// trouble makes some every 100 ms while pushing goes on, and sees that not one
// wake-up is lost.
func trouble(t *testing.T, g *gateway.Gateway, s *apns.Sender, some func()) {
	t.Helper()
	g.Answer(token, gateway.Rule{Delay: 5 * time.Millisecond}) // some are under way at every moment
	ended, quiet := every100ms(soak(t), some), runtime.NumGoroutine()
	rounds := 0
	for running := true; running; rounds++ {
		if got := burst(t.Context(), s, 100); got != 100 {
			t.Errorf("round %d: %d of 100 were taken", rounds, got)
		}
		select {
		case <-ended:
			running = false
		default:
		}
	}
	pushtest.Eventually(t, func() error {
		if n := runtime.NumGoroutine(); n > quiet+50 {
			return fmt.Errorf("%d goroutines, %d before", n, quiet)
		}
		return nil
	})
	t.Logf("%d wake-ups over %d connections", rounds*100, g.Connections())
}

// every100ms makes trouble every 100 ms for d and closes ended.
func every100ms(d time.Duration, trouble func()) (ended chan struct{}) {
	ended = make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for range d / (100 * time.Millisecond) {
			<-tick.C
			trouble()
		}
	}()
	return ended
}

func TestConnectionsThatKeepBreakingLoseNoWakeUp(t *testing.T) {
	g, s := start(t, gateway.Options{})
	trouble(t, g, s, g.CloseConnections)
}

func TestConnectionsThatAreSentAwayLoseNoWakeUp(t *testing.T) {
	g, s := start(t, gateway.Options{})
	trouble(t, g, s, g.GoAway)
}

func TestAServiceThatHangsAndComesBackWakesThePhoneAfterAll(t *testing.T) {
	g, s := start(t, gateway.Options{})
	g.Answer(token, gateway.Rule{Hang: true, Times: 1})
	f := push.NewFanout(map[push.Service]push.Sender{push.APNs: s})
	var reports []error
	f.Send(t.Context(), wakeUp(), []push.Target{phone}, func(_ int, err error) { reports = append(reports, err) })
	if len(reports) != 2 || !errors.Is(reports[0], push.ErrUnavailable) || reports[1] != nil {
		t.Errorf("reported %v, want that it is late, then delivery", reports)
	}
}
