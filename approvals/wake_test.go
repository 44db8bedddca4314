package approvals_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/approvals"
	"countersign/enrolments"
	"countersign/push"
)

// sent is what is known of each phone's wake-up.
func sent(a approvals.Approval) map[string]approvals.Sent {
	out := map[string]approvals.Sent{}
	for _, p := range a.Phones {
		out[p.Name] = p.Sent
	}
	return out
}

func TestWhatBecameOfEachPushIsNoted(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		for _, name := range []string{"well", "down", "gone"} {
			s.phone("ana@example.com", name)
		}
		s.phone("ana@example.com", "nowhere")
		s.change("ana@example.com", func(e *enrolments.Enrolment) { e.Phones[3].Push = nil })
		s.bells.outcome = func(target push.Target) error {
			return map[string]error{
				"down": fmt.Errorf("%w: no answer", push.ErrUnavailable),
				"gone": fmt.Errorf("%w: unregistered", push.ErrGone),
			}[target.Token]
		}
		out := s.asks("ana@example.com")
		synctest.Wait()
		if diff := cmp.Diff([]string{"well", "down", "gone"}, s.bells.rings()[0].tokens); diff != "" {
			t.Errorf("woken (-want +got):\n%s", diff)
		}
		want := map[string]approvals.Sent{
			"well": approvals.Accepted, "down": approvals.Failed, "gone": approvals.Failed, "nowhere": approvals.None,
		}
		a := s.stands(out.ID)
		if diff := cmp.Diff(want, sent(a)); diff != "" {
			t.Errorf("noted (-want +got):\n%s", diff)
		}
		if a.State != approvals.Pending {
			t.Errorf("a push that failed made it %s", a.State)
		}
		if len(s.town.gone) != 1 || s.town.gone[0].Token != "gone" {
			t.Errorf("forgotten: %v", s.town.gone)
		}
		failed := 0
		for _, e := range s.town.events {
			if e.Kind == enrolments.EventPushFailed {
				failed++
				if e.Approval != string(out.ID) || e.Person != out.Person || e.Phone == "" {
					t.Errorf("noted as %+v", e)
				}
			}
		}
		if failed != 2 {
			t.Errorf("%d failures are in the trail", failed)
		}
	})
}

func TestADeliveryServiceThatHangsHoldsNobodyUp(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.bells.stuck = true
		h := s.phone("ana@example.com", "phone")
		before := time.Now()
		out := s.asks("ana@example.com")
		if time.Since(before) != 0 {
			t.Errorf("the request took %v", time.Since(before))
		}
		_, err := s.answers(h, out.Approval, approvals.Approve, nil)
		noError(t, err)
		synctest.Wait()
		if len(s.bells.rings()) != 1 {
			t.Fatal("the phone was not woken")
		}
		s.Close() // a bubble whose Close never returns is a failure
		if time.Since(before) != 0 {
			t.Errorf("Close took %v", time.Since(before))
		}
		for _, e := range s.town.events {
			if e.Kind == enrolments.EventPushFailed {
				t.Errorf("a push that Close ended is noted as %+v", e)
			}
		}
	})
}

func TestCloseWaitsForWhatIsUnderWay(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.bells.stuck = true
		s.bells.outcome = func(push.Target) error { // slow to notice the end
			<-time.After(3 * time.Second)
			return nil
		}
		s.phone("ana@example.com", "phone")
		s.asks("ana@example.com")
		synctest.Wait()
		before := time.Now()
		s.Close()
		if waited := time.Since(before); waited != 3*time.Second {
			t.Errorf("Close waited %v", waited)
		}
	})
}

func TestNobodyIsWokenAfterClose(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "phone")
		s.Close()
		s.Close()
		s.asks("ana@example.com")
		pass(10 * time.Minute)
		if len(s.bells.rings()) != 0 {
			t.Errorf("woken: %v", s.bells.rings())
		}
		if s.times("approval.settled expired") != 0 {
			t.Errorf("the trail: %q", s.trail())
		}
	})
}

func TestThePhonesAreAskedAgainTwiceAtMost(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "asked")
		out := s.asks("ana@example.com")
		s.phone("ana@example.com", "paired meanwhile")
		pass(10 * time.Second)
		for left := range 2 {
			a, err := s.Resend(t.Context(), s.app, out.ID)
			noError(t, err)
			if a.Resends != 1-left {
				t.Errorf("%d left", a.Resends)
			}
		}
		_, err := s.Resend(t.Context(), s.app, out.ID)
		wantError(t, err, approvals.ErrHeld)
		synctest.Wait()
		rings := s.bells.rings()
		if len(rings) != 3 {
			t.Fatalf("woken %d times", len(rings))
		}
		for _, r := range rings {
			if !cmp.Equal(r.tokens, []string{"asked"}) || !r.message.ExpiresAt.Equal(out.Expires) {
				t.Errorf("woken: %+v", r)
			}
		}
		if s.times("push.resent") != 2 {
			t.Errorf("the trail: %q", s.trail())
		}
		s.settleBy("123456", out)
		_, err = s.Resend(t.Context(), s.app, out.ID)
		wantError(t, err, approvals.ErrSettled)
	})
}

// settleBy settles out by a good code.
func (s *scene) settleBy(code string, out approvals.Requested) {
	s.t.Helper()
	s.town.codes[code] = nil
	_, err := s.Code(s.t.Context(), out.ID, code)
	noError(s.t, err)
}

// A report of one sign-in holds back the pushes of every other.
func TestAPersonWhosePushesAreLockedIsNotAskedAgain(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "phone")
		out := s.asks("ana@example.com")
		synctest.Wait()
		s.change("ana@example.com", func(e *enrolments.Enrolment) { e.PushLocked = true })
		_, err := s.Resend(t.Context(), s.app, out.ID)
		wantError(t, err, approvals.ErrHeld)
		synctest.Wait()
		if n := len(s.bells.rings()); n != 1 {
			t.Errorf("woken %d times", n)
		}
		if s.times("push.resent") != 0 {
			t.Errorf("the trail: %q", s.trail())
		}
	})
}

func TestWhereTheTownIsLostNobodyIsAskedAgain(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "phone")
		out := s.asks("ana@example.com")
		synctest.Wait()
		s.town.lost = errors.New("the database is lost")
		_, err := s.Resend(t.Context(), s.app, out.ID)
		wantError(t, err, s.town.lost)
		synctest.Wait()
		if n := len(s.bells.rings()); n != 1 {
			t.Errorf("woken %d times", n)
		}
	})
}

// reports replays what is reported of a phone, one report a second.
type reports []error

func (r reports) Send(_ context.Context, _ push.Message, _ []push.Target, report func(int, error)) {
	for _, err := range r {
		report(0, err)
		<-time.After(time.Second)
	}
}

// wakesBy makes the scene's phones be woken by w.
func (s *scene) wakesBy(w approvals.Waker) {
	s.Close()
	s.config.Waker = w
	s.Service = approvals.NewService(s.config)
}

func TestAPhoneThatIsReachedAfterAllIsShownSo(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.wakesBy(reports{push.ErrDown, nil})
		s.phone("ana@example.com", "phone")
		out := s.asks("ana@example.com")
		synctest.Wait()
		if got := sent(s.stands(out.ID))["phone"]; got != approvals.Failed {
			t.Errorf("at first it is %s", got)
		}
		pass(time.Second)
		if got := sent(s.stands(out.ID))["phone"]; got != approvals.Accepted {
			t.Errorf("then it is %s", got)
		}
	})
}

func TestASettledSignInRingsNoPhone(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		triedFor := make(chan time.Duration, 1)
		s.wakesBy(trying(triedFor))
		s.phone("ana@example.com", "phone")
		out := s.asks("ana@example.com")
		pass(5 * time.Second)
		s.settleBy("123456", out)
		if got := <-triedFor; got != 5*time.Second {
			t.Errorf("the phone was tried for %v, the sign-in was over after 5 s", got)
		}
		synctest.Wait()
		if n := s.times("push.failed " + push.ErrUnavailable.Error()); n != 1 {
			t.Errorf("%d failures in the trail %q, want the one before the end", n, s.trail())
		}
	})
}

// trying says that a phone is not reached and goes on trying.
type trying chan time.Duration

func (tried trying) Send(ctx context.Context, m push.Message, _ []push.Target, report func(int, error)) {
	began := time.Now()
	report(0, push.ErrUnavailable)
	select {
	case <-ctx.Done():
	case <-time.After(time.Until(m.ExpiresAt)):
	}
	tried <- time.Since(began)
	report(0, push.ErrUnavailable)
}

func TestAPhoneWithNowhereToBeWokenIsNotWaitedFor(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "silent")
		s.change("ana@example.com", func(e *enrolments.Enrolment) { e.Phones[0].Push = nil })
		out := s.asks("ana@example.com")
		if got := sent(out.Approval)["silent"]; got != approvals.None {
			t.Errorf("it is %s from the start", got)
		}
		synctest.Wait()
		if n := len(s.bells.rings()); n != 0 {
			t.Errorf("woken %d times", n)
		}
		// It has only to be opened.
		_, err := s.answers(h, out.Approval, approvals.Approve, nil)
		noError(t, err)
	})
}

func TestAboveTheBoundPhonesAreShownAsNotReached(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.bells.stuck = true
		const bound = 10_000
		s.phone("ana@example.com", "phone")
		for i := range bound {
			user := fmt.Sprintf("u%d", i)
			s.change(user, func(e *enrolments.Enrolment) {
				e.Person = enrolments.Person{ID: enrolments.NewID[enrolments.PersonID](), User: user}
				e.Phones = []enrolments.Phone{{ID: enrolments.NewID[enrolments.PhoneID](), Name: "phone", Active: true, Push: &push.Target{Service: push.FCM, Token: "t"}}}
			})
			s.asks(user)
		}
		synctest.Wait()
		out := s.asks("ana@example.com")
		synctest.Wait()
		if got := sent(s.stands(out.ID))["phone"]; got != approvals.Failed {
			t.Errorf("the phone of one too many is %s", got)
		}
		if n := len(s.bells.rings()); n != bound {
			t.Errorf("%d are being woken, want %d", n, bound)
		}
	})
}

type key struct{}

func TestAWakeUpKnowsTheRequestsValuesAndOutlivesIt(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		var value any
		var ended error
		s.wakesBy(waker(func(ctx context.Context) {
			<-time.After(time.Second)
			value, ended = ctx.Value(key{}), ctx.Err()
		}))
		s.phone("ana@example.com", "phone")
		ctx, hangUp := context.WithCancel(context.WithValue(t.Context(), key{}, "trace"))
		_, err := s.Request(ctx, s.app, approvals.Request{User: "ana@example.com"})
		noError(t, err)
		hangUp()
		pass(2 * time.Second)
		if value != "trace" || ended != nil {
			t.Errorf("the wake-up had %v and ended by %v", value, ended)
		}
	})
}

type waker func(context.Context)

func (w waker) Send(ctx context.Context, _ push.Message, _ []push.Target, _ func(int, error)) { w(ctx) }
