package approvals_test

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"countersign/approvals"
	"countersign/enrolments"
)

// recoveries are those of a town; the clock is the bubble's.
type recoveries struct {
	all  []enrolments.Recovery
	lost error // the answer to a refusal, where set
}

func (w *town) Application(_ context.Context, id enrolments.ApplicationID) (enrolments.Application, error) {
	return enrolments.Application{ID: id, Name: "Northwind Books", Policy: enrolments.DefaultPolicy()}, nil
}

func (w *town) BeginRecovery(_ context.Context, r enrolments.Recovery, wait time.Duration) (enrolments.Recovery, enrolments.Secret, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r.ID, r.State, r.ReadyAt = enrolments.NewID[enrolments.RecoveryID](), enrolments.RecoveryWaiting, time.Now().Add(wait)
	if wait == 0 {
		r.State = enrolments.RecoveryReady
	}
	w.recoveries.all = append(w.recoveries.all, r)
	return r, enrolments.SecretOf("recovery"), w.lost
}

func (w *town) RunningRecoveries(_ context.Context, person enrolments.PersonID) ([]enrolments.Recovery, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []enrolments.Recovery
	for _, r := range w.recoveries.all {
		if r.Person == person && r.Running() {
			out = append(out, r)
		}
	}
	return out, w.lost
}

func (w *town) set(id enrolments.RecoveryID, person enrolments.PersonID, state enrolments.RecoveryState) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, r := range w.recoveries.all {
		if r.ID == id && r.Person == person {
			w.recoveries.all[i].State = state
			return nil
		}
	}
	return enrolments.ErrNotFound
}

func (w *town) RefuseRecovery(_ context.Context, id enrolments.RecoveryID, by enrolments.Phone) error {
	return cmp.Or(w.recoveries.lost, w.set(id, by.Person, enrolments.RecoveryRefused))
}

func (w *town) AllowRecovery(_ context.Context, id enrolments.RecoveryID, by enrolments.Phone) error {
	return w.set(id, by.Person, enrolments.RecoveryReady)
}

// byCode is a sign-in of ana's that a code approved.
func (s *scene) byCode(code string) approvals.Approval {
	s.t.Helper()
	s.town.codes["123456"], s.town.codes["recovery"] = nil, nil
	out := s.asks("ana@example.com")
	s.settleBy(code, out)
	return s.stands(out.ID)
}

// begins begins a recovery by code, with ana's phone told of it.
func (s *scene) begins(code string) (enrolments.Recovery, *handset) {
	s.t.Helper()
	h := s.phone("ana@example.com", "old phone")
	r, _, err := s.BeginRecovery(s.t.Context(), s.app, s.byCode(code))
	noError(s.t, err)
	synctest.Wait()
	return r, h
}

// asked is the one thing that h is asked.
func (s *scene) asked(h *handset) approvals.Approval {
	s.t.Helper()
	list, err := s.PendingFor(s.t.Context(), h.known(), 0)
	noError(s.t, err)
	if len(list) != 1 {
		s.t.Fatalf("the phone is asked %d things", len(list))
	}
	return list[0]
}

func (s *scene) recovery() enrolments.RecoveryState { return s.town.recoveries.all[0].State }

func TestARecoveryWaitsAsItsProofAsks(t *testing.T) {
	for code, want := range map[string]time.Duration{"123456": 0, "recovery": 24 * time.Hour} {
		play(t, func(t *testing.T, s *scene) {
			r, _ := s.begins(code)
			if got := time.Until(r.ReadyAt); got != want || r.Application != "northwind" || r.User != "ana@example.com" {
				t.Errorf("after %s: ready in %v; %+v", code, got, r)
			}
		})
	}
}

func TestWhatIsNoFreshCodeBeginsNoRecovery(t *testing.T) {
	for name, begin := range map[string]func(t *testing.T, s *scene) approvals.Approval{
		"pending": func(t *testing.T, s *scene) approvals.Approval { return s.asks("ana@example.com").Approval },
		"by a phone": func(t *testing.T, s *scene) approvals.Approval {
			a, _ := s.approved(s.phone("ana@example.com", "p"))
			return a
		},
		"not required": func(t *testing.T, s *scene) approvals.Approval {
			s.app.Policy.OptionalRoles = []string{"member"}
			return s.asRole("member").Approval
		},
		"long ago": func(t *testing.T, s *scene) approvals.Approval {
			a := s.byCode("123456")
			pass(5 * time.Minute)
			return s.stands(a.ID)
		},
		"spent": func(t *testing.T, s *scene) approvals.Approval {
			a := s.byCode("123456")
			_, _, err := s.BeginRecovery(t.Context(), s.app, a)
			noError(t, err)
			return a
		},
		"spent on a set-up": func(t *testing.T, s *scene) approvals.Approval {
			a := s.byCode("123456")
			_, _, err := s.OpenPairing(t.Context(), s.app, "ana@example.com", "", a.ID)
			noError(t, err)
			return a
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.person("ana@example.com")
				a := begin(t, s)
				before := len(s.town.recoveries.all)
				_, _, err := s.BeginRecovery(t.Context(), s.app, a)
				wantError(t, err, enrolments.ErrFreshApproval)
				if len(s.town.recoveries.all) != before {
					t.Error("one was begun all the same")
				}
			})
		})
	}
}

// Phones that may not be asked could not stop it.
func TestAfterAReportNoRecoveryBegins(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "old phone")
		a := s.byCode("recovery")
		s.change("ana@example.com", lock)
		_, _, err := s.BeginRecovery(t.Context(), s.app, a)
		wantError(t, err, approvals.ErrLocked)
		if len(s.town.recoveries.all) != 0 || len(s.town.spent) != 0 {
			t.Error("something was spent")
		}
	})
}

func TestEveryPhoneIsToldOfARecoveryAndCanStopIt(t *testing.T) {
	for _, decision := range []approvals.Decision{approvals.Deny, approvals.Report} {
		t.Run(string(decision), func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				_, h := s.begins("recovery")
				rings := s.bells.rings()
				a := s.asked(h)
				if !slices.ContainsFunc(rings, func(r ring) bool { return r.message.ApprovalID == string(a.ID) }) {
					t.Errorf("not woken for %s: %+v", a.ID, rings)
				}
				if want := `"action":"Add a new phone"`; !strings.Contains(a.Display, want) || !strings.Contains(a.Display, "Northwind Books") {
					t.Errorf("shown %s", a.Display)
				}
				_, err := s.answers(h, a, decision, nil)
				noError(t, err)
				if s.recovery() != enrolments.RecoveryRefused {
					t.Errorf("it is %s", s.recovery())
				}
				list, err := s.PendingFor(t.Context(), h.known(), 0)
				noError(t, err)
				if len(list) != 0 {
					t.Errorf("asked again: %v", list)
				}
			})
		})
	}
}

func TestARefusalThatCouldNotBeKeptIsNoAnswer(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		_, h := s.begins("recovery")
		a := s.asked(h)
		s.town.recoveries.lost = context.DeadlineExceeded
		_, err := s.answers(h, a, approvals.Deny, nil)
		wantError(t, err, context.DeadlineExceeded)
		if got := s.stands(a.ID).State; got != approvals.Pending {
			t.Errorf("the notice is %s", got)
		}
		s.town.recoveries.lost = nil
		_, err = s.answers(h, a, approvals.Deny, nil)
		noError(t, err)
		if s.recovery() != enrolments.RecoveryRefused {
			t.Errorf("it is %s", s.recovery())
		}
	})
}

func TestAPhoneThatApprovesEndsTheWait(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		r, h := s.begins("recovery")
		a := s.asked(h)
		shown, until, err := s.NumberOf(t.Context(), r)
		noError(t, err)
		if shown != a.Number || !until.Equal(a.Expires) || shown == "" {
			t.Errorf("the browser shows %q until %v", shown, until)
		}
		_, err = s.answers(h, a, approvals.Approve, number(wrongNumber(a)))
		wantError(t, err, approvals.ErrNumberWrong)
		if s.recovery() != enrolments.RecoveryWaiting {
			t.Errorf("a wrong number made it %s", s.recovery())
		}
		_, err = s.answers(h, a, approvals.Approve, nil)
		noError(t, err)
		if s.recovery() != enrolments.RecoveryReady {
			t.Errorf("it is %s", s.recovery())
		}
	})
}

// A recovery waits for days: a phone that is opened on any of them sees it.
func TestAPhoneThatLooksLaterIsToldToo(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		r, h := s.begins("recovery")
		first := s.asked(h)
		if again := s.asked(h); again.ID != first.ID {
			t.Error("a second notice while the first stands")
		}
		pass(20 * time.Hour)
		if n, _, err := s.NumberOf(t.Context(), r); err != nil || n != "" {
			t.Errorf("nobody looked, and yet there is a number %q, %v", n, err)
		}
		a := s.asked(h)
		_, err := s.answers(h, a, approvals.Deny, nil)
		noError(t, err)
		if s.recovery() != enrolments.RecoveryRefused {
			t.Errorf("it is %s", s.recovery())
		}
	})
}

// Whoever has a stolen code must not be able to hide behind a flood.
func TestAFloodOfSignInsDoesNotHideARecovery(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		_, h := s.begins("recovery")
		for range 12 {
			s.asks("ana@example.com")
		}
		list, err := s.PendingFor(t.Context(), h.known(), 0)
		noError(t, err)
		if !slices.ContainsFunc(list, func(a approvals.Approval) bool { return strings.Contains(a.Display, "Add a new phone") }) {
			t.Errorf("asked %d things, and not about the new phone", len(list))
		}
		pass(6 * time.Minute)
		s.asks("ana@example.com") // held still
		if a := s.asked(h); !strings.Contains(a.Display, "Add a new phone") {
			t.Errorf("shown %s", a.Display)
		}
	})
}

func TestAPhoneCannotStopAnotherPersonsRecovery(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		_, h := s.begins("recovery")
		a := s.asked(h)
		stranger := s.phone("bob@example.com", "bob's")
		other := s.asks("bob@example.com")
		_, err := s.Answer(t.Context(), stranger.known(), other.ID, stranger.answer(other.Approval, approvals.Deny, s.now(),
			func(_, claims map[string]any) { claims["nonce"] = a.Nonce }))
		wantError(t, err, approvals.ErrMismatch)
		if s.recovery() != enrolments.RecoveryWaiting {
			t.Errorf("it is %s", s.recovery())
		}
	})
}

func TestNoticesAreNoSignIns(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		_, h := s.begins("recovery")
		a := s.asked(h)
		_, err := s.answers(h, a, approvals.Deny, nil)
		noError(t, err)
		_, err = s.Read(t.Context(), s.app.ID, a.ID)
		wantError(t, err, approvals.ErrNotFound)
		history, err := s.History(t.Context(), h.Person)
		noError(t, err)
		var got []string
		for _, in := range history {
			got = append(got, string(in.State)+" "+string(in.Method))
		}
		if diff := gocmp.Diff([]string{"approved recovery_code"}, got); diff != "" {
			t.Errorf("the history (-want +got):\n%s", diff)
		}
	})
}
