package push_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"countersign/push"
)

// senderFunc is a service in a few lines.
type senderFunc func(ctx context.Context, t push.Target, m push.Message) error

func (f senderFunc) Send(ctx context.Context, t push.Target, m push.Message) error {
	return f(ctx, t, m)
}

var (
	accepts = senderFunc(func(context.Context, push.Target, push.Message) error { return nil })
	hangs   = senderFunc(func(ctx context.Context, _ push.Target, _ push.Message) error {
		<-ctx.Done()
		return fmt.Errorf("%w: %w", push.ErrUnavailable, context.Cause(ctx))
	})
)

func fcmPhone(name string) push.Target { return push.Target{Service: push.FCM, Token: name} }

func apnsPhone() push.Target {
	return push.Target{Service: push.APNs, Token: strings.Repeat("ab", 32)}
}

func message(life time.Duration) push.Message {
	return push.Message{ApprovalID: "apr_1", ExpiresAt: time.Now().Add(life)}
}

// outcomes sends and gathers what was reported last. Only a target that was
// reported unavailable is reported twice, and not as the same again.
func outcomes(t *testing.T, f *push.Fanout, ctx context.Context, m push.Message, targets ...push.Target) []error {
	t.Helper()
	reports := make([][]error, len(targets))
	all := 0 // without a lock: reports never overlap
	f.Send(ctx, m, targets, func(i int, err error) {
		reports[i] = append(reports[i], err)
		all++
	})
	got := make([]error, len(targets))
	for i, of := range reports {
		switch {
		case len(of) == 0:
			t.Fatalf("target %d was never reported", i)
		case len(of) > 2, len(of) == 2 && (!errors.Is(of[0], push.ErrUnavailable) || errors.Is(of[1], push.ErrUnavailable)):
			t.Errorf("target %d was reported as %v", i, of)
		}
		got[i] = of[len(of)-1]
		all -= len(of)
	}
	if all != 0 {
		t.Errorf("%d reports were lost: they overlapped", -all)
	}
	return got
}

func TestEveryPhoneIsAskedAtOnce(t *testing.T) {
	const phones = 5
	var all sync.WaitGroup
	all.Add(phones)
	meets := senderFunc(func(ctx context.Context, _ push.Target, _ push.Message) error {
		all.Done()
		all.Wait() // passes only when all five are inside
		return nil
	})
	f := push.NewFanout(map[push.Service]push.Sender{push.FCM: meets})
	var targets []push.Target
	for i := range phones {
		targets = append(targets, fcmPhone(fmt.Sprint("phone", i)))
	}
	for i, err := range outcomes(t, f, t.Context(), message(time.Minute), targets...) {
		if err != nil {
			t.Errorf("phone %d: %v", i, err)
		}
	}
}

func TestOnePhonesFateTouchesNoOther(t *testing.T) {
	fates := map[string]error{"gone": push.ErrGone, "refused": push.ErrRefused, "well": nil}
	byName := senderFunc(func(_ context.Context, target push.Target, _ push.Message) error {
		return fates[target.Token]
	})
	f := push.NewFanout(map[push.Service]push.Sender{push.FCM: byName})
	got := outcomes(t, f, t.Context(), message(time.Minute),
		fcmPhone("gone"), fcmPhone("well"), fcmPhone("refused"), fcmPhone("not a token"), apnsPhone(), fcmPhone("well"))
	want := []error{push.ErrGone, nil, push.ErrRefused, push.ErrBadTarget, push.ErrNoSender, nil}
	for i := range want {
		if !errors.Is(got[i], want[i]) {
			t.Errorf("target %d: got %v, want %v", i, got[i], want[i])
		}
	}
}

func TestASlowServiceDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := push.NewFanout(map[push.Service]push.Sender{push.FCM: hangs, push.APNs: accepts})
		start := time.Now()

		// Fill every turn and the queue of the slow service with other sign-ins.
		ctx, stop := context.WithCancel(t.Context())
		var others sync.WaitGroup
		for range 3000 {
			others.Go(func() {
				f.Send(ctx, message(time.Minute), []push.Target{fcmPhone("slow")}, func(int, error) {})
			})
		}
		synctest.Wait()

		var apnsAfter, fcmAfter time.Duration
		f.Send(t.Context(), message(30*time.Second), []push.Target{fcmPhone("slow"), apnsPhone()}, func(i int, err error) {
			switch i {
			case 0:
				fcmAfter = time.Since(start)
				if !errors.Is(err, push.ErrUnavailable) {
					t.Errorf("slow service: got %v, want ErrUnavailable", err)
				}
			case 1:
				apnsAfter = time.Since(start)
				if err != nil {
					t.Errorf("healthy service: %v", err)
				}
			}
		})
		if apnsAfter != 0 {
			t.Errorf("the healthy service waited %v for the slow one", apnsAfter)
		}
		if fcmAfter > 30*time.Second {
			t.Errorf("gave up after %v, want by the approval's end", fcmAfter)
		}
		stop()
		others.Wait()
	})
}

func TestAQueueThatIsFullSaysSoAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := push.NewFanout(map[push.Service]push.Sender{push.FCM: hangs})
		ctx, stop := context.WithCancel(t.Context())
		var others sync.WaitGroup
		for range 20_000 { // more than turns and queue hold
			others.Go(func() {
				f.Send(ctx, message(time.Minute), []push.Target{fcmPhone("slow")}, func(int, error) {})
			})
		}
		synctest.Wait()
		start := time.Now()
		got := outcomes(t, f, t.Context(), message(time.Minute), fcmPhone("late"))
		if !errors.Is(got[0], push.ErrUnavailable) || time.Since(start) != 0 {
			t.Errorf("got %v after %v, want ErrUnavailable at once", got[0], time.Since(start))
		}
		stop()
		others.Wait()
	})
}

func TestATemporaryFailureIsTriedAgainWithinTheApprovalsLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries atomic.Int32
		recovers := senderFunc(func(context.Context, push.Target, push.Message) error {
			if tries.Add(1) < 4 {
				return push.ErrUnavailable
			}
			return nil
		})
		f := push.NewFanout(map[push.Service]push.Sender{push.FCM: recovers})
		if got := outcomes(t, f, t.Context(), message(time.Minute), fcmPhone("p")); got[0] != nil {
			t.Errorf("got %v, want delivery on the fourth try", got[0])
		}
	})
}

func TestADeadServiceIsGivenUpWithTheApproval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := senderFunc(func(context.Context, push.Target, push.Message) error { return push.ErrUnavailable })
		f := push.NewFanout(map[push.Service]push.Sender{push.FCM: dead})
		start := time.Now()
		got := outcomes(t, f, t.Context(), message(time.Minute), fcmPhone("p"))
		if !errors.Is(got[0], push.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", got[0])
		}
		if took := time.Since(start); took > time.Minute || took < 30*time.Second {
			t.Errorf("tried for %v, want most of the minute and no more", took)
		}
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []time.Time
		busy := senderFunc(func(context.Context, push.Target, push.Message) error {
			asked = append(asked, time.Now())
			if len(asked) == 1 {
				return fmt.Errorf("fcm: %w", &push.RetryAfter{After: 20 * time.Second, Cause: push.ErrTooMany})
			}
			return nil
		})
		f := push.NewFanout(map[push.Service]push.Sender{push.FCM: busy})
		if got := outcomes(t, f, t.Context(), message(time.Minute), fcmPhone("p")); got[0] != nil {
			t.Fatalf("got %v, want delivery", got[0])
		}
		if gap := asked[1].Sub(asked[0]); gap < 20*time.Second || gap > 26*time.Second {
			t.Errorf("asked again after %v, want 20 s and a little chance", gap)
		}
	})
}

func TestARetryBeyondTheApprovalsEndIsNotAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := senderFunc(func(context.Context, push.Target, push.Message) error {
			return &push.RetryAfter{After: time.Hour, Cause: push.ErrTooMany}
		})
		f := push.NewFanout(map[push.Service]push.Sender{push.FCM: busy})
		start := time.Now()
		got := outcomes(t, f, t.Context(), message(time.Minute), fcmPhone("p"))
		if !errors.Is(got[0], push.ErrUnavailable) || time.Since(start) != 0 {
			t.Errorf("got %v after %v, want ErrUnavailable at once", got[0], time.Since(start))
		}
	})
}

func TestOnlyATemporaryFailureIsTriedAgain(t *testing.T) {
	for _, final := range []error{push.ErrGone, push.ErrCredential, push.ErrRefused, push.ErrBadTarget} {
		tries := 0
		fails := senderFunc(func(context.Context, push.Target, push.Message) error {
			tries++
			return fmt.Errorf("fcm: %w", final)
		})
		f := push.NewFanout(map[push.Service]push.Sender{push.FCM: fails})
		got := outcomes(t, f, t.Context(), message(time.Minute), fcmPhone("p"))
		if tries != 1 || !errors.Is(got[0], final) {
			t.Errorf("%v: asked %d times and reported %v, want once", final, tries, got[0])
		}
	}
}

func TestAServiceThatNeverAnswersIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		wakes := senderFunc(func(ctx context.Context, target push.Target, m push.Message) error {
			if tries++; tries == 1 {
				return hangs(ctx, target, m)
			}
			return nil
		})
		f := push.NewFanout(map[push.Service]push.Sender{push.FCM: wakes})
		if got := outcomes(t, f, t.Context(), message(30*time.Second), fcmPhone("p")); got[0] != nil {
			t.Errorf("got %v, want delivery by a second try", got[0])
		}
	})
}

func TestNothingIsSentAfterTheEnd(t *testing.T) {
	asked := false
	f := push.NewFanout(map[push.Service]push.Sender{push.FCM: senderFunc(func(context.Context, push.Target, push.Message) error {
		asked = true
		return nil
	})})
	over := message(-time.Second)
	if got := outcomes(t, f, t.Context(), over, fcmPhone("p")); !errors.Is(got[0], push.ErrUnavailable) {
		t.Errorf("expired message: got %v, want ErrUnavailable", got[0])
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := outcomes(t, f, ctx, message(time.Minute), fcmPhone("p")); !errors.Is(got[0], context.Canceled) {
		t.Errorf("caller gave up: got %v, want context.Canceled", got[0])
	}
	if asked {
		t.Error("the service was asked all the same")
	}
}

func TestAMessageWithoutAnIDIsADefect(t *testing.T) {
	f := push.NewFanout(map[push.Service]push.Sender{push.FCM: accepts})
	for _, id := range []string{"", strings.Repeat("a", 65), "a b", "a\n", "ä"} {
		m := push.Message{ApprovalID: id, ExpiresAt: time.Now().Add(time.Minute)}
		if got := outcomes(t, f, t.Context(), m, fcmPhone("p")); !errors.Is(got[0], push.ErrRefused) {
			t.Errorf("id %q: got %v, want ErrRefused", id, got[0])
		}
	}
	if got := outcomes(t, f, t.Context(), push.Message{ApprovalID: "a"}, fcmPhone("p")); !errors.Is(got[0], push.ErrRefused) {
		t.Errorf("no expiry: got %v, want ErrRefused", got[0])
	}
}
