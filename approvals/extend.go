package approvals

import (
	"context"
	"time"

	"countersign/enrolments"
)

// MayExtend reports whether the person may have more time: once, and within
// what an approval may live.
func (a Approval) MayExtend() bool {
	return a.State == Pending && a.Expires.Sub(a.Created) == a.TTL && a.TTL < enrolments.MaxTTL
}

// Extend adds a second life to an approval, at the wish of the person who waits
// (WCAG 2.2, 2.2.1). ErrHeld the second time, ErrSettled.
func (s *Service) Extend(ctx context.Context, a Approval) (Approval, error) {
	if a.Final() {
		return a, ErrSettled
	}
	if !a.MayExtend() {
		return a, ErrHeld
	}
	moved, err := s.config.Store.Extend(ctx, a.ID, a.TTL, min(2*a.TTL, enrolments.MaxTTL))
	if err != nil {
		return moved, err
	}
	s.forgetTimer(a.ID)
	s.expireLater(moved)
	s.audit(ctx, moved, enrolments.EventApprovalExtended, "", "until "+moved.Expires.UTC().Format(time.RFC3339))
	return moved, nil
}

// Disown denies what a waiting screen shows, at the word of whoever sits there:
// somebody else began it. Pushes are not locked by it: whoever began it holds
// the waiting screen too, and must not be able to lock the person out.
func (s *Service) Disown(ctx context.Context, id ID) (Approval, error) {
	a, err := s.settle(ctx, id, Settlement{State: Denied, Reason: Reported})
	if err != nil {
		return a, err
	}
	s.audit(ctx, a, enrolments.EventApprovalReported, "", "disowned on the waiting screen")
	s.config.Log.Warn("a sign-in was disowned on its waiting screen",
		"approval", string(a.ID), "application", string(a.Application), "person", string(a.Person))
	return a, nil
}
