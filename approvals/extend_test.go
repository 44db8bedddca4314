package approvals_test

import (
	"testing"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
)

func TestAPersonMayHaveMoreTimeOnce(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		out := s.asks("ana@example.com")
		pass(50 * time.Second)
		a, err := s.Extend(t.Context(), s.stands(out.ID))
		noError(t, err)
		if got := a.Expires.Sub(a.Created); got != 2*time.Minute || a.MayExtend() {
			t.Errorf("it lives for %v, and may have more: %v", got, a.MayExtend())
		}
		_, err = s.Extend(t.Context(), a)
		wantError(t, err, approvals.ErrHeld)
		_, err = s.Extend(t.Context(), out.Approval) // by what an old screen knows
		wantError(t, err, approvals.ErrHeld)
		pass(50 * time.Second)
		if got := s.stands(out.ID).State; got != approvals.Pending {
			t.Fatalf("it is %s", got)
		}
		settled, err := s.answers(h, out.Approval, approvals.Approve, nil)
		noError(t, err)
		_, err = s.Extend(t.Context(), settled)
		wantError(t, err, approvals.ErrSettled)
	})
}

func TestAnExtendedApprovalExpiresAndThatIsNotedOnce(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "phone")
		out := s.asks("ana@example.com")
		// Another node gives the time: this one's timer runs as it was.
		_, err := s.store.Extend(t.Context(), out.ID, time.Minute, 2*time.Minute)
		noError(t, err)
		pass(110 * time.Second)
		if n := s.times("approval.settled expired"); n != 0 {
			t.Errorf("noted %d times before its time", n)
		}
		pass(20 * time.Second)
		if n := s.times("approval.settled expired"); n != 1 {
			t.Errorf("noted %d times: %q", n, s.trail())
		}
	})
}

func TestMoreTimeHasAnEnd(t *testing.T) {
	for life, want := range map[time.Duration]time.Duration{
		30 * time.Second: time.Minute, 200 * time.Second: 300 * time.Second, enrolments.MaxTTL: enrolments.MaxTTL,
	} {
		play(t, func(t *testing.T, s *scene) {
			s.app.Policy.TTL = life
			s.phone("ana@example.com", "phone")
			out := s.asks("ana@example.com")
			_, err := s.Extend(t.Context(), out.Approval)
			if (err == nil) != (want > life) {
				t.Errorf("life %v: %v", life, err)
			}
			if a := s.stands(out.ID); a.Expires.Sub(a.Created) != want {
				t.Errorf("life %v became %v, want %v", life, a.Expires.Sub(a.Created), want)
			}
		})
	}
}

func TestWhoDisownsASignInEndsItAndLocksNothing(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		out := s.asks("ana@example.com")
		a, err := s.Disown(t.Context(), out.ID)
		noError(t, err)
		if a.State != approvals.Denied || a.Reason != approvals.Reported {
			t.Errorf("it is %s: %s", a.State, a.Reason)
		}
		_, err = s.answers(h, out.Approval, approvals.Approve, nil)
		wantError(t, err, approvals.ErrSettled)
		if len(s.town.locked) != 0 {
			t.Error("whoever began the sign-in has locked the person's phones")
		}
		if s.times("approval.reported disowned on the waiting screen") != 1 {
			t.Errorf("the trail: %q", s.trail())
		}
		_, err = s.Disown(t.Context(), out.ID)
		wantError(t, err, approvals.ErrSettled)
	})
}
