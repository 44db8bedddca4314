package approvals

import (
	"context"
	"errors"

	"countersign/enrolments"
	"countersign/push"
)

// firstSent is what is known before anything was sent.
func firstSent(phone enrolments.Phone) Sent {
	if phone.Push == nil {
		return None
	}
	return Asking
}

// wake sends the wake-up to every phone that has somewhere to be woken, in the
// background: a sign-in never waits for a delivery service and never fails by
// one. ctx lends its values, such as a trace, and no more.
func (s *Service) wake(ctx context.Context, a Approval, phones []enrolments.Phone) {
	f := fanOut{s: s, approval: a}
	for _, phone := range phones {
		if phone.Push != nil {
			f.phones, f.targets = append(f.phones, phone), append(f.targets, *phone.Push)
		}
	}
	if len(f.phones) == 0 {
		return
	}
	select {
	case s.fanouts <- struct{}{}:
	default:
		s.config.Log.Warn("too many pushes under way; phones were not woken", "approval", string(a.ID))
		f.notWoken(ctx)
		return
	}
	s.begin(func(life context.Context) {
		defer func() { <-s.fanouts }()
		f.run(lent{life, ctx})
	})
}

// lent is a context of the Service's life with the values of a request's.
type lent struct {
	context.Context
	values context.Context
}

func (l lent) Value(key any) any {
	if v := l.Context.Value(key); v != nil {
		return v
	}
	return l.values.Value(key)
}

// fanOut is the wake-up of one approval's phones.
type fanOut struct {
	s        *Service
	approval Approval
	phones   []enrolments.Phone
	targets  []push.Target // of phones, by the same index

	stop    context.CancelFunc
	unwatch func() // nil until a phone could not be reached
}

// notWoken tells the waiting screen; the phones find the approval when they are
// opened.
func (f *fanOut) notWoken(ctx context.Context) {
	ctx, done := after(ctx)
	defer done()
	for _, phone := range f.phones {
		f.note(ctx, phone, Failed)
	}
}

func (f *fanOut) run(ctx context.Context) {
	ctx, f.stop = context.WithCancel(ctx)
	defer f.stop()
	// The deadline is by this node's clock: what is left by the store's.
	left := f.approval.Expires.Sub(f.approval.AsOf)
	m := push.Message{ApprovalID: string(f.approval.ID), ExpiresAt: f.s.now().Add(left)}
	f.s.config.Waker.Send(ctx, m, f.targets, func(i int, err error) { f.sent(ctx, i, err) })
	if f.unwatch != nil {
		f.unwatch()
	}
}

// sent notes what became of one wake-up; of one that Close or the end of the
// approval has ended, nothing is known.
func (f *fanOut) sent(ctx context.Context, i int, err error) {
	if ctx.Err() != nil {
		return
	}
	phone := f.phones[i]
	if err == nil {
		f.note(ctx, phone, Accepted)
		return
	}
	if errors.Is(err, push.ErrGone) {
		f.forget(ctx, i) // before it is told: who signs in again then finds it so
	}
	f.s.audit(ctx, f.approval, enrolments.EventPushFailed, phone.ID, err.Error())
	f.note(ctx, phone, Failed)
	if errors.Is(err, push.ErrUnavailable) {
		f.stopWhenSettled(ctx)
	}
}

func (f *fanOut) forget(ctx context.Context, i int) {
	if err := f.s.config.People.TargetGone(ctx, f.phones[i], f.targets[i]); err != nil {
		f.s.config.Log.Warn("dead push target could not be forgotten", "phone", string(f.phones[i].ID), "error", err)
	}
}

func (f *fanOut) note(ctx context.Context, phone enrolments.Phone, sent Sent) {
	if err := f.s.config.Store.NoteSent(ctx, f.approval.ID, phone.ID, sent); err != nil {
		f.s.config.Log.Warn("push outcome could not be noted", "approval", string(f.approval.ID), "error", err)
	}
}

// stopWhenSettled keeps a phone that is being tried again from ringing after
// the person has typed a code. Without the store's word it may.
func (f *fanOut) stopWhenSettled(ctx context.Context) {
	if f.unwatch != nil {
		return
	}
	unwatch, err := f.s.config.Store.Watch(ctx, f.approval.ID, func(a Approval) {
		if a.Final() {
			f.stop()
		}
	})
	if err == nil {
		f.unwatch = unwatch
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
	s.wake(ctx, a, stillAsked(a, e.Phones))
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
