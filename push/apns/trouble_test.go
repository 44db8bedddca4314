package apns_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"countersign/mobile-stub/gateway"
	"countersign/push"
	"countersign/push/apns"
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

func TestConnectionsThatKeepBreakingLoseNoWakeUp(t *testing.T) {
	g, s := start(t, gateway.Options{})
	ctx, stop := context.WithCancel(t.Context())
	var cutting sync.WaitGroup
	cutting.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for range 20 { // not for ever: a slow machine needs longer than a tick for a round
			select {
			case <-tick.C:
				g.CloseConnections()
			case <-ctx.Done():
				return
			}
		}
	})
	g.Answer(token, gateway.Rule{Delay: 5 * time.Millisecond})
	for round := range 5 {
		if got := burst(t.Context(), s, 100); got != 100 {
			t.Errorf("round %d: %d of 100 were taken", round, got)
		}
	}
	stop()
	cutting.Wait()
}
