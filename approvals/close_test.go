package approvals_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"countersign/approvals"
)

func TestCloseLeavesNothingRunning(t *testing.T) {
	leaks := goleak.IgnoreCurrent()
	s := newScene(t, time.Now)
	s.bells.stuck = true
	h := s.phone("ana@example.com", "phone")
	out := s.asks("ana@example.com")
	stop, err := s.Watch(t.Context(), out.ID, func(approvals.Approval) {})
	noError(t, err)
	_, err = s.Resend(t.Context(), s.app, out.ID)
	noError(t, err)
	_, err = s.answers(h, out.Approval, approvals.Deny, nil)
	noError(t, err)
	s.asks("ana@example.com") // pending, its phone being woken, its timer running
	stop()
	s.Close()
	noError(t, s.store.Close())
	goleak.VerifyNone(t, leaks)
}
