package approvals_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/approvals"
	"countersign/enrolments"
)

// calls puts somebody on the line who says to be ana.
func (s *scene) calls() *approvals.Caller {
	s.t.Helper()
	c, err := s.AskCaller(s.t.Context(), s.person("ana@example.com"), "Example Ltd")
	noError(s.t, err)
	synctest.Wait()
	return c
}

// reads is what the holder of h can read out.
func (s *scene) reads(h *handset) string {
	s.t.Helper()
	a := s.asked(h)
	var shown struct{ Application, User, Action, Reference string }
	noError(s.t, json.Unmarshal([]byte(a.Display), &shown))
	if shown.Application != "Example Ltd" || shown.User != "ana@example.com" || shown.Action != "Help desk is asking" || a.Number != "" {
		s.t.Errorf("the phone shows %s, and a number of %q", a.Display, a.Number)
	}
	if len(shown.Reference) != 4 || strings.Trim(shown.Reference, "0123456789") != "" {
		s.t.Fatalf("the number is %q", shown.Reference)
	}
	return shown.Reference
}

func TestACallerWhoReadsTheNumberOutHoldsThePhone(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "Ana's phone")
		c := s.calls()
		if rings := s.bells.rings(); len(rings) != 1 {
			t.Errorf("woken: %v", rings)
		}
		number := s.reads(h)
		noError(t, c.Told(t.Context(), " "+number[:2]+"-"+number[2:]+" "))
		if a := s.stands(c.ID); a.State != approvals.Withdrawn || a.Reason != approvals.ByApplication {
			t.Errorf("it is %s, %s", a.State, a.Reason)
		}
		want := []string{"approval.requested caller: wait", "approval.settled caller: withdrawn: application"}
		if diff := cmp.Diff(want, s.trail()); diff != "" {
			t.Errorf("the trail (-want +got):\n%s", diff)
		}
		for _, e := range s.town.events {
			if strings.Contains(e.Data+e.Detail, number) {
				t.Errorf("the trail holds the number: %s %s", e.Detail, e.Data)
			}
		}
		if list, err := s.History(t.Context(), h.Person); err != nil || len(list) != 0 {
			t.Errorf("%d sign-ins, %v", len(list), err)
		}
	})
}

func TestACallerHasThreeTries(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		c := s.calls()
		number := s.reads(h)
		for i, wrong := range []string{"", number[:3], number + "0"} {
			err := c.Told(t.Context(), wrong)
			wantError(t, err, approvals.ErrNumberWrong)
			if last := errors.Is(err, approvals.ErrNoTries); last != (i == 2) {
				t.Errorf("try %d: got %v", i+1, err)
			}
		}
		if err := c.Told(t.Context(), number); !errors.Is(err, approvals.ErrNoTries) {
			t.Errorf("afterwards: got %v", err)
		}
		if a := s.stands(c.ID); a.State != approvals.Withdrawn {
			t.Errorf("it is %s", a.State)
		}
	})
}

func TestAfterANoTheRightNumberIsWorthNothing(t *testing.T) {
	for name, end := range map[string]func(s *scene, h *handset, c *approvals.Caller){
		"denied on the phone": func(s *scene, h *handset, c *approvals.Caller) {
			_, err := s.answers(h, c.Approval, approvals.Deny, nil)
			noError(s.t, err)
		},
		"reported on the phone": func(s *scene, h *handset, c *approvals.Caller) {
			_, err := s.answers(h, c.Approval, approvals.Report, nil)
			noError(s.t, err)
		},
		"asked anew": func(s *scene, _ *handset, _ *approvals.Caller) { s.calls() },
		"too late":   func(*scene, *handset, *approvals.Caller) { pass(5 * time.Minute) },
		"put down":   func(s *scene, _ *handset, c *approvals.Caller) { noError(s.t, c.End(s.t.Context())) },
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				h := s.phone("ana@example.com", "phone")
				c := s.calls()
				number := s.reads(h)
				end(s, h, c)
				wantError(t, c.Told(t.Context(), number), approvals.ErrSettled)
				if !c.Final() {
					t.Errorf("the help desk is told that it is %s", c.State)
				}
			})
		})
	}
}

// Some apps have a button for yes; it says nothing, and takes nothing back.
func TestAYesOnThePhoneIsNotTheNumber(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		c := s.calls()
		number := s.reads(h)
		_, err := s.answers(h, c.Approval, approvals.Approve, func(_, claims map[string]any) { delete(claims, "number") })
		noError(t, err)
		wantError(t, c.Told(t.Context(), "1"), approvals.ErrNumberWrong)
		noError(t, c.Told(t.Context(), number))
	})
}

func TestNoApplicationCanReadOrRedeemACall(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		c := s.calls()
		_, err := s.answers(h, c.Approval, approvals.Approve, func(_, claims map[string]any) { delete(claims, "number") })
		noError(t, err)
		_, err = s.Read(t.Context(), c.Application, c.ID)
		wantError(t, err, approvals.ErrNotFound)
		_, _, err = s.OpenPairing(t.Context(), enrolments.Application{ID: c.Application}, "ana@example.com", "", c.ID)
		wantError(t, err, enrolments.ErrFreshApproval)
	})
}

func TestACallIsAskedAlsoWherePushesAreLockedAndTakesNoSignInsPlace(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		signIn := s.asks("ana@example.com")
		s.change("ana@example.com", lock)
		s.calls()
		list, err := s.PendingFor(t.Context(), h.known(), 0)
		noError(t, err)
		if len(list) != 2 || s.stands(signIn.ID).State != approvals.Pending {
			t.Errorf("%d are asked, the sign-in is %s", len(list), s.stands(signIn.ID).State)
		}
	})
}

func TestWhoHasNoPhoneCannotBeAsked(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		_, err := s.AskCaller(t.Context(), s.person("ana@example.com"), "Example Ltd")
		wantError(t, err, approvals.ErrNothingUsable)
	})
}
