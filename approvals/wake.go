package approvals

import (
	"context"
	"errors"

	"countersign/enrolments"
	"countersign/push"
)

// wake sends the wake-up to every phone that has somewhere to be woken, in the
// background: a sign-in never waits for a delivery service and never fails by
// one.
func (s *Service) wake(a Approval, phones []enrolments.Phone) {
	select {
	case s.fanouts <- struct{}{}:
	default:
		// Above the bound phones find the approval by opening their app.
		s.config.Log.Warn("too many pushes under way; phones were not woken", "approval", string(a.ID))
		return
	}
	s.begin(func(ctx context.Context) {
		defer func() { <-s.fanouts }()
		s.fanOut(ctx, a, phones)
	})
}

func (s *Service) fanOut(ctx context.Context, a Approval, phones []enrolments.Phone) {
	var asked []enrolments.Phone
	var targets []push.Target
	for _, phone := range phones {
		if phone.Push == nil {
			continue
		}
		asked, targets = append(asked, phone), append(targets, *phone.Push)
	}
	// The deadline is by this node's clock: what is left by the store's.
	m := push.Message{ApprovalID: string(a.ID), ExpiresAt: s.now().Add(a.Expires.Sub(a.AsOf))}
	s.config.Waker.Send(ctx, m, targets, func(i int, err error) {
		s.sent(ctx, a, asked[i], targets[i], err)
	})
}

// sent notes what became of one wake-up; of one that Close has ended, nothing
// is known.
func (s *Service) sent(ctx context.Context, a Approval, phone enrolments.Phone, target push.Target, err error) {
	if ctx.Err() != nil {
		return
	}
	sent := Accepted
	if err != nil {
		sent = Failed
		s.audit(ctx, a, enrolments.EventPushFailed, phone.ID, err.Error())
	}
	if err := s.config.Store.NoteSent(ctx, a.ID, phone.ID, sent); err != nil {
		s.config.Log.Warn("push outcome could not be noted", "approval", string(a.ID), "error", err)
	}
	if errors.Is(err, push.ErrGone) {
		if err := s.config.People.TargetGone(ctx, phone, target); err != nil {
			s.config.Log.Warn("dead push target could not be forgotten", "phone", string(phone.ID), "error", err)
		}
	}
}

// Resend wakes the phones of a pending approval again. ErrHeld, ErrSettled.
func (s *Service) Resend(ctx context.Context, app enrolments.Application, id ID) (Approval, error) {
	a, err := s.config.Store.Resend(ctx, id, budgetOf(app.Policy))
	if err != nil {
		return a, err
	}
	e, err := s.config.Record.EnrolmentOf(ctx, a.Person)
	if err != nil {
		return a, err
	}
	if e.PushLocked {
		// Reported since, perhaps in the sign-in to another application.
		return a, ErrHeld
	}
	s.audit(ctx, a, enrolments.EventPushResent, "", "")
	s.wake(a, stillAsked(a, e.Phones))
	return a, nil
}

// stillAsked are those of the phones that the approval asked: one that was
// paired meanwhile is not.
func stillAsked(a Approval, phones []enrolments.Phone) []enrolments.Phone {
	var out []enrolments.Phone
	for _, phone := range phones {
		if a.Asked(phone.ID) {
			out = append(out, phone)
		}
	}
	return out
}
