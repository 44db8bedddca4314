package approvals_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/approvals"
	"countersign/enrolments"
)

func TestAGoodCodeApproves(t *testing.T) {
	for code, c := range map[string]struct {
		method approvals.Method
		line   string
	}{
		"123456":   {approvals.ByTOTP, "approval.settled approved by totp"},
		"recovery": {approvals.ByRecoveryCode, "approval.settled approved by recovery_code"},
	} {
		play(t, func(t *testing.T, s *scene) {
			s.phone("ana@example.com", "phone")
			s.town.codes[code] = nil
			out := s.asks("ana@example.com")
			a, err := s.Code(t.Context(), out.ID, code)
			noError(t, err)
			if a.State != approvals.Approved || a.Method != c.method || a.SettledBy != "" || a.Reason != "" {
				t.Errorf("%s: got %s by %s, %s", code, a.State, a.Method, a.SettledBy)
			}
			if s.times(c.line) != 1 {
				t.Errorf("the trail: %q", s.trail())
			}
			_, err = s.Code(t.Context(), out.ID, code)
			wantError(t, err, approvals.ErrSettled)
			if len(s.town.typed) != 1 {
				t.Errorf("a code was looked at after the end: %q", s.town.typed)
			}
		})
	}
}

func TestWrongCodesAreCountedAndTheLastSettles(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "phone")
		s.town.codes["123456"] = nil
		s.town.codes["222222"] = enrolments.ErrCodeUsed
		out := s.asks("ana@example.com")
		for left := 4; left >= 0; left-- {
			typed, want := "111111", enrolments.ErrCodeWrong
			if left == 2 {
				typed, want = "222222", enrolments.ErrCodeUsed
			}
			a, err := s.Code(t.Context(), out.ID, typed)
			wantError(t, err, want)
			if a.CodeTries != left || (a.State == approvals.Pending) != (left > 0) {
				t.Errorf("%d left, %s, want %d", a.CodeTries, a.State, left)
			}
		}
		if a := s.stands(out.ID); a.State != approvals.Denied || a.Reason != approvals.TooManyCodes {
			t.Errorf("it is %s, %s", a.State, a.Reason)
		}
		a, err := s.Code(t.Context(), out.ID, "123456")
		wantError(t, err, approvals.ErrSettled)
		if a.State != approvals.Denied || len(s.town.typed) != 5 {
			t.Errorf("it is %s after %d codes", a.State, len(s.town.typed))
		}
		if s.times("approval.code_wrong") != 5 || s.times("approval.settled denied: too_many_codes") != 1 {
			t.Errorf("the trail: %q", s.trail())
		}
	})
}

func TestABlockedPersonsCodeSettlesNothing(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		s.town.codes["123456"] = &enrolments.BlockedError{Until: time.Unix(1, 0)}
		out := s.asks("ana@example.com")
		var blocked *enrolments.BlockedError
		if a, err := s.Code(t.Context(), out.ID, "123456"); !errors.As(err, &blocked) || a.State != approvals.Pending {
			t.Errorf("got %s, %v", a.State, err)
		}
		// The phone is still a way.
		_, err := s.answers(h, out.Approval, approvals.Approve, nil)
		noError(t, err)
	})
}

func TestACodeThatCouldNotBeLookedAtSettlesNothing(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "phone")
		s.town.codes["123456"] = nil
		out := s.asks("ana@example.com")
		s.town.lost = errors.New("the database is lost")
		_, err := s.Code(t.Context(), out.ID, "123456")
		wantError(t, err, s.town.lost)
		if a := s.stands(out.ID); a.State != approvals.Pending || a.CodeTries != 4 {
			t.Errorf("it is %s with %d tries", a.State, a.CodeTries)
		}
	})
}

func TestAPhoneThatIsFasterThanACodeWins(t *testing.T) {
	for _, decision := range []approvals.Decision{approvals.Approve, approvals.Deny} {
		for _, code := range []string{"good", "wrong"} {
			play(t, func(t *testing.T, s *scene) {
				h := s.phone("ana@example.com", "phone")
				s.town.codes["good"] = nil
				s.app.Policy.CodeTries = 1
				out := s.asks("ana@example.com")
				s.town.typing = func() {
					_, err := s.answers(h, out.Approval, decision, nil)
					noError(t, err)
				}
				a, err := s.Code(t.Context(), out.ID, code)
				wantError(t, err, approvals.ErrSettled)
				if stands := s.stands(out.ID); a.State != stands.State || stands.SettledBy != h.ID {
					t.Errorf("%s, %s code: told %s, stands %s by %s", decision, code, a.State, stands.State, stands.SettledBy)
				}
			})
		}
	}
}

func TestALastTryThatIsUnderWayLeavesNoneForAnother(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "phone")
		s.app.Policy.CodeTries = 1
		out := s.asks("ana@example.com")
		s.town.typing = func() {
			s.town.typing = nil
			_, err := s.Code(t.Context(), out.ID, "111111")
			wantError(t, err, approvals.ErrNoTries)
		}
		_, err := s.Code(t.Context(), out.ID, "222222")
		wantError(t, err, enrolments.ErrCodeWrong)
		if !cmp.Equal(s.town.typed, []string{"222222"}) {
			t.Errorf("looked at: %q", s.town.typed)
		}
	})
}

func TestASignInIsWithdrawnByItsBrowserOrItsApplication(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		out := s.asks("ana@example.com")
		a, err := s.Cancel(t.Context(), out.ID)
		noError(t, err)
		if a.State != approvals.Withdrawn || a.Reason != approvals.Cancelled {
			t.Errorf("cancelled: %s, %s", a.State, a.Reason)
		}
		_, err = s.answers(h, out.Approval, approvals.Approve, nil)
		wantError(t, err, approvals.ErrSettled)

		out = s.asks("ana@example.com")
		_, err = s.Withdraw(t.Context(), "southwind", out.ID)
		wantError(t, err, approvals.ErrNotFound)
		if got := s.stands(out.ID).State; got != approvals.Pending {
			t.Errorf("another application made it %s", got)
		}
		a, err = s.Withdraw(t.Context(), s.app.ID, out.ID)
		noError(t, err)
		if a.State != approvals.Withdrawn || a.Reason != approvals.ByApplication {
			t.Errorf("withdrawn: %s, %s", a.State, a.Reason)
		}
		a, err = s.Withdraw(t.Context(), s.app.ID, out.ID)
		wantError(t, err, approvals.ErrSettled)
		if a.Reason != approvals.ByApplication {
			t.Errorf("told %s", a.Reason)
		}
		_, err = s.Cancel(t.Context(), approvals.NewID("nobody"))
		wantError(t, err, approvals.ErrNotFound)
		want := []string{
			"approval.requested wait", "approval.settled withdrawn: cancelled",
			"approval.requested wait", "approval.settled withdrawn: application",
		}
		if diff := cmp.Diff(want, s.trail()); diff != "" {
			t.Errorf("the trail (-want +got):\n%s", diff)
		}
	})
}

func TestAnApplicationReadsItsOwnAlone(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "phone")
		out := s.asks("ana@example.com")
		if a, err := s.Read(t.Context(), s.app.ID, out.ID); err != nil || a.ID != out.ID {
			t.Errorf("got %s, %v", a.ID, err)
		}
		a, err := s.Read(t.Context(), "southwind", out.ID)
		wantError(t, err, approvals.ErrNotFound)
		if a.ID != "" {
			t.Errorf("another's came with it: %s", a.ID)
		}
	})
}

func TestWhoWatchesSeesTheEnd(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		out := s.asks("ana@example.com")
		var states []approvals.State
		stop, err := s.Watch(t.Context(), out.ID, func(a approvals.Approval) { states = append(states, a.State) })
		noError(t, err)
		defer stop()
		_, err = s.answers(h, out.Approval, approvals.Approve, nil)
		noError(t, err)
		synctest.Wait()
		if states[0] != approvals.Pending || states[len(states)-1] != approvals.Approved {
			t.Errorf("seen: %v", states)
		}
	})
}

func TestADeadlineIsNotedOnce(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		// A second node beside the first, on the same store and trail.
		other := approvals.NewService(s.config)
		defer other.Close()
		out := s.asks("ana@example.com")
		r := request("bob@example.com")
		s.phone("bob@example.com", "phone")
		_, err := other.Request(t.Context(), s.app, r)
		noError(t, err)
		pass(time.Minute - time.Millisecond)
		if got := s.stands(out.ID).State; got != approvals.Pending {
			t.Errorf("it is %s before its time", got)
		}
		pass(2 * time.Millisecond)
		a, err := s.answers(h, out.Approval, approvals.Approve, nil)
		wantError(t, err, approvals.ErrSettled)
		if a.State != approvals.Expired {
			t.Errorf("it is %s", a.State)
		}
		pass(time.Hour)
		if s.times("approval.settled expired") != 2 {
			t.Errorf("the trail: %q", s.trail())
		}
	})
}

// Each is asked for at one node and settled at another: the first knows of it
// only when it finds the deadline passed.
func TestWhatIsSettledDoesNotExpire(t *testing.T) {
	for line, settle := range map[string]func(s *scene, other *approvals.Service, h *handset, out approvals.Requested) error{
		"approval.settled denied: user": func(s *scene, other *approvals.Service, h *handset, out approvals.Requested) error {
			_, err := other.Answer(s.t.Context(), h.known(), out.ID, h.answer(out.Approval, approvals.Deny, s.now(), nil))
			return err
		},
		"approval.settled withdrawn: cancelled": func(s *scene, other *approvals.Service, _ *handset, out approvals.Requested) error {
			_, err := other.Cancel(s.t.Context(), out.ID)
			return err
		},
		"approval.settled withdrawn: replaced": func(s *scene, other *approvals.Service, _ *handset, out approvals.Requested) error {
			r, err := other.Request(s.t.Context(), s.app, request(out.User))
			if err != nil {
				return err
			}
			_, err = s.Cancel(s.t.Context(), r.ID)
			return err
		},
	} {
		t.Run(line, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				other := approvals.NewService(s.config)
				defer other.Close()
				h := s.phone("ana@example.com", "phone")
				noError(t, settle(s, other, h, s.asks("ana@example.com")))
				noted := len(s.trail())
				pass(time.Hour)
				if s.times(line) != 1 || len(s.trail()) != noted {
					t.Errorf("the trail: %q", s.trail())
				}
			})
		})
	}
}

// hangUp is a store whose caller goes away at the very step that settles.
type hangUp struct {
	approvals.Store
	cancel context.CancelFunc
}

func (h hangUp) Answer(ctx context.Context, id approvals.ID, a approvals.Answer) (approvals.Approval, error) {
	defer h.cancel()
	return h.Store.Answer(ctx, id, a)
}

func (h hangUp) Settle(ctx context.Context, id approvals.ID, how approvals.Settlement) (approvals.Approval, error) {
	defer h.cancel()
	return h.Store.Settle(ctx, id, how)
}

// What has happened is on record, and what follows from it is done, also where
// whoever did it did not stay to hear.
func TestWhoHangsUpIsOnRecordAllTheSame(t *testing.T) {
	for line, act := range map[string]func(ctx context.Context, s *scene, h *handset, a approvals.Approval) error{
		"approval.settled approved by push": func(ctx context.Context, s *scene, h *handset, a approvals.Approval) error {
			_, err := s.Answer(ctx, h.known(), a.ID, h.answer(a, approvals.Approve, s.now(), nil))
			return err
		},
		"approval.reported reported as not the person's own": func(ctx context.Context, s *scene, h *handset, a approvals.Approval) error {
			_, err := s.Answer(ctx, h.known(), a.ID, h.answer(a, approvals.Report, s.now(), nil))
			return err
		},
		"approval.settled approved by totp": func(ctx context.Context, s *scene, h *handset, a approvals.Approval) error {
			s.town.codes["123456"] = nil
			_, err := s.Code(ctx, a.ID, "123456")
			return err
		},
		"approval.settled withdrawn: cancelled": func(ctx context.Context, s *scene, h *handset, a approvals.Approval) error {
			_, err := s.Cancel(ctx, a.ID)
			return err
		},
	} {
		t.Run(line, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				ctx, cancel := context.WithCancel(t.Context())
				s.Close()
				s.config.Store = hangUp{s.store, cancel}
				s.Service = approvals.NewService(s.config)
				h := s.phone("ana@example.com", "phone")
				noError(t, act(ctx, s, h, s.asks("ana@example.com").Approval))
				if ctx.Err() == nil {
					t.Fatal("nobody hung up")
				}
				if s.times(line) != 1 {
					t.Errorf("the trail: %q", s.trail())
				}
				if reported := line[:17] == "approval.reported"; reported != (len(s.town.locked) == 1) {
					t.Errorf("locked: %v", s.town.locked)
				}
			})
		})
	}
}
