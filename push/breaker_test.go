package push_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/push"
)

// notes is an Observer that keeps what it is told.
type notes struct {
	mu       sync.Mutex
	attempts []push.Attempt
	turns    []push.Health
}

func (n *notes) Attempted(_ context.Context, a push.Attempt) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.attempts = append(n.attempts, a)
}

func (n *notes) Turned(_ push.Place, to push.Health) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.turns = append(n.turns, to)
}

// asked counts the attempts that reached the service.
func (n *notes) asked() (count int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, a := range n.attempts {
		if a.Asked {
			count++
		}
	}
	return count
}

// dead is a service that fails while it is down.
type dead struct{ down atomic.Bool }

func (d *dead) Send(context.Context, push.Target, push.Message) error {
	if d.down.Load() {
		return push.ErrUnavailable
	}
	return nil
}

// bringDown sends to a target whose service fails until that is known, which
// must be within half a minute.
func bringDown(t *testing.T, f *push.Fanout, target push.Target) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var sending sync.WaitGroup
	defer sending.Wait()
	defer stop()
	sending.Go(func() { f.Send(ctx, message(time.Minute), []push.Target{target}, func(int, error) {}) })
	isDown := func(c push.Condition) bool { return c.Health == push.Down }
	for range 300 {
		time.Sleep(100 * time.Millisecond) // of the bubble's clock
		if slices.ContainsFunc(f.Conditions(), isDown) {
			return
		}
	}
	t.Fatalf("half a minute of failures, and all are well: %v", f.Conditions())
}

func TestADeadServiceIsFoundOutAndItsPhonesAreFailedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service, told := &dead{}, &notes{}
		service.down.Store(true)
		f := push.NewFanout(map[push.Service]push.Sender{push.FCM: service, push.APNs: accepts}, told)
		bringDown(t, f, fcmPhone("first"))
		want := []push.Condition{
			{Place: push.Place{Service: push.APNs}, Health: push.Up},
			{Place: push.Place{Service: push.FCM}, Health: push.Down},
		}
		if diff := cmp.Diff(want, f.Conditions()); diff != "" {
			t.Fatalf("conditions (-want +got):\n%s", diff)
		}
		before, start := told.asked(), time.Now()
		ctx, stop := context.WithCancel(t.Context())
		f.Send(ctx, message(time.Minute), []push.Target{fcmPhone("second")}, func(_ int, err error) {
			if !errors.Is(err, push.ErrDown) || time.Since(start) != 0 {
				t.Errorf("got %v after %v, want ErrDown at once", err, time.Since(start))
			}
			stop()
		})
		if told.asked() != before {
			t.Error("the service was asked although it is down")
		}
	})
}

func TestAServiceThatComesBackIsTriedByOneAndThenUsedByAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service, told := &dead{}, &notes{}
		service.down.Store(true)
		f := push.NewFanout(map[push.Service]push.Sender{push.FCM: service}, told)
		bringDown(t, f, fcmPhone("first"))

		// Told early that it is down, delivered when it is up again.
		var reports []error
		time.AfterFunc(10*time.Second, func() { service.down.Store(false) })
		f.Send(t.Context(), message(time.Minute), []push.Target{fcmPhone("second")}, func(_ int, err error) {
			reports = append(reports, err)
		})
		if len(reports) != 2 || !errors.Is(reports[0], push.ErrDown) || reports[1] != nil {
			t.Errorf("reported %v, want ErrDown and then delivery", reports)
		}
		if got := f.Conditions()[0].Health; got != push.Up {
			t.Errorf("the service is %s after a delivery", got)
		}
		if first, last := told.turns[0], told.turns[len(told.turns)-1]; first != push.Down || last != push.Up {
			t.Errorf("told of %v", told.turns)
		}
	})
}

func TestWhileAServiceIsTriedOnlyOneMessageAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failing atomic.Bool
		failing.Store(true)
		var inside, most atomic.Int64
		service := senderFunc(func(ctx context.Context, target push.Target, m push.Message) error {
			if failing.Load() {
				return push.ErrUnavailable
			}
			most.Store(max(most.Load(), inside.Add(1)))
			defer inside.Add(-1)
			return hangs(ctx, target, m)
		})
		f := push.NewFanout(map[push.Service]push.Sender{push.FCM: service})
		bringDown(t, f, fcmPhone("first"))
		failing.Store(false)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				f.Send(t.Context(), message(40*time.Second), []push.Target{fcmPhone("p")}, func(int, error) {})
			})
		}
		all.Wait()
		if most.Load() != 1 {
			t.Errorf("%d messages asked at once, want one at a time", most.Load())
		}
	})
}

func TestWhatSaysNothingOfAServiceDoesNotBringItDown(t *testing.T) {
	for name, fails := range map[string]senderFunc{
		"it refuses":             func(context.Context, push.Target, push.Message) error { return push.ErrRefused },
		"it knows no such phone": func(context.Context, push.Target, push.Message) error { return push.ErrGone },
		"too many": func(context.Context, push.Target, push.Message) error {
			return &push.RetryAfter{After: time.Second, Cause: push.ErrTooMany}
		},
		"not an address of a service": func(context.Context, push.Target, push.Message) error { return push.ErrBadTarget },
	} {
		synctest.Test(t, func(t *testing.T) {
			f := push.NewFanout(map[push.Service]push.Sender{push.FCM: fails})
			for range 20 {
				outcomes(t, f, t.Context(), message(2*time.Second), fcmPhone("p"))
				time.Sleep(time.Second) // of the bubble's clock
			}
			if got := f.Conditions()[0].Health; got != push.Up {
				t.Errorf("%s: the service counts as %s", name, got)
			}
		})
	}
}

func TestAnAddressThatIsNotAskedIsNoSignOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := push.NewFanout(map[push.Service]push.Sender{push.FCM: senderFunc(func(_ context.Context, target push.Target, _ push.Message) error {
			if target.Token == "nowhere" {
				return push.ErrBadTarget
			}
			return push.ErrUnavailable
		})})
		for range 20 {
			outcomes(t, f, t.Context(), message(300*time.Millisecond), fcmPhone("p"))
			outcomes(t, f, t.Context(), message(time.Minute), fcmPhone("nowhere"))
		}
		if got := f.Conditions()[0].Health; got == push.Up {
			t.Errorf("the service counts as %s", got)
		}
	})
}

func TestPeopleWhoLeaveDoNotBringAServiceDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := push.NewFanout(map[push.Service]push.Sender{push.FCM: hangs})
		for range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
			f.Send(ctx, message(time.Minute), []push.Target{fcmPhone("p")}, func(int, error) {})
			cancel()
			// The approval ends before an answer could be missed.
			f.Send(t.Context(), message(4*time.Second), []push.Target{fcmPhone("p")}, func(int, error) {})
		}
		if got := f.Conditions()[0].Health; got != push.Up {
			t.Errorf("the service counts as %s", got)
		}
	})
}

// A connection that breaks fails all that is on it in one instant.
func TestOneBrokenConnectionIsNoDeadService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries sync.Map
		breaks := senderFunc(func(_ context.Context, target push.Target, _ push.Message) error {
			if _, again := tries.LoadOrStore(target.Token, true); !again {
				return push.ErrUnavailable
			}
			return nil
		})
		f := push.NewFanout(map[push.Service]push.Sender{push.FCM: breaks})
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				f.Send(t.Context(), message(time.Minute), []push.Target{fcmPhone("p" + string(rune('A'+i%26)) + string(rune('a'+i/26)))}, func(_ int, err error) {
					if err != nil {
						t.Errorf("got %v, want delivery by the second try", err)
					}
				})
			})
		}
		all.Wait()
	})
}

// divided reaches two services.
type divided struct {
	senderFunc
	parts []string
}

func (d divided) Parts() []string           { return d.parts }
func (d divided) Part(t push.Target) string { return t.Token }

func TestADeadPartOfAServiceDelaysNoOtherPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		byName := senderFunc(func(_ context.Context, target push.Target, _ push.Message) error {
			if target.Token == "dead" {
				return push.ErrUnavailable
			}
			return nil
		})
		f := push.NewFanout(map[push.Service]push.Sender{push.FCM: divided{byName, []string{"dead", "well"}}})
		bringDown(t, f, fcmPhone("dead"))
		want := []push.Condition{
			{Place: push.Place{Service: push.FCM, Part: "dead"}, Health: push.Down},
			{Place: push.Place{Service: push.FCM, Part: "well"}, Health: push.Up},
		}
		if diff := cmp.Diff(want, f.Conditions()); diff != "" {
			t.Errorf("conditions (-want +got):\n%s", diff)
		}
		if got := outcomes(t, f, t.Context(), message(time.Minute), fcmPhone("well")); got[0] != nil {
			t.Errorf("the other part: %v", got[0])
		}
	})
}

func TestEveryAttemptIsToldWithWhatCameOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		second := senderFunc(func(context.Context, push.Target, push.Message) error {
			time.Sleep(70 * time.Millisecond) // of the bubble's clock
			if tries++; tries == 1 {
				return push.ErrUnavailable
			}
			return nil
		})
		told := &notes{}
		f := push.NewFanout(map[push.Service]push.Sender{push.FCM: second}, told)
		outcomes(t, f, t.Context(), message(time.Minute), fcmPhone("p"))
		if len(told.attempts) != 2 {
			t.Fatalf("told of %d attempts, want two", len(told.attempts))
		}
		for i, a := range told.attempts {
			if a.Place.Service != push.FCM || a.Message != "apr_1" || a.Try != i || !a.Asked || a.Took != 70*time.Millisecond || (a.Err == nil) != (i == 1) {
				t.Errorf("attempt %d: %+v", i, a)
			}
		}
	})
}

func TestAMessageThatIsLateIsReportedWhileTryingGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, tries := time.Now(), 0
		slow := senderFunc(func(ctx context.Context, target push.Target, m push.Message) error {
			if tries++; tries == 1 {
				return hangs(ctx, target, m)
			}
			return nil
		})
		f := push.NewFanout(map[push.Service]push.Sender{push.FCM: slow})
		var reports []error
		f.Send(t.Context(), message(time.Minute), []push.Target{fcmPhone("p")}, func(_ int, err error) {
			if err != nil && time.Since(start) > 10*time.Second {
				t.Errorf("told after %v that the phone was not reached", time.Since(start))
			}
			reports = append(reports, err)
		})
		if len(reports) != 2 || !errors.Is(reports[0], push.ErrUnavailable) || reports[1] != nil {
			t.Errorf("reported %v, want unavailable and then delivery", reports)
		}
	})
}

func TestATargetThatIsGivenUpBeforeItWasToldIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		fails := senderFunc(func(context.Context, push.Target, push.Message) error {
			time.AfterFunc(time.Millisecond, cancel)
			return push.ErrUnavailable
		})
		f := push.NewFanout(map[push.Service]push.Sender{push.FCM: fails})
		if got := outcomes(t, f, ctx, message(time.Minute), fcmPhone("p")); !errors.Is(got[0], context.Canceled) {
			t.Errorf("got %v, want context.Canceled", got[0])
		}
	})
}
