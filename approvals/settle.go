package approvals

import (
	"context"
	"errors"
	"slices"

	"countersign/enrolments"
)

// Waiting returns the approval that a waiting screen holds the token of;
// enrolments.ErrUnauthorized whether the approval or the token is unknown.
func (s *Service) Waiting(ctx context.Context, id ID, token enrolments.Secret) (Approval, error) {
	a, err := s.config.Store.Read(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return Approval{}, enrolments.ErrUnauthorized
	}
	if err != nil {
		return Approval{}, err
	}
	if !a.Waiting.Is(token.Hash()) {
		return Approval{}, enrolments.ErrUnauthorized
	}
	return a, nil
}

// Read returns an application's own approval of a sign-in; ErrNotFound for
// another's, and for that of a change, which is nobody's proof of a sign-in.
func (s *Service) Read(ctx context.Context, app enrolments.ApplicationID, id ID) (Approval, error) {
	a, err := s.config.Store.Read(ctx, id)
	if err == nil && (a.Application != app || a.Purpose != ForSignIn) {
		return Approval{}, ErrNotFound
	}
	return a, err
}

// Code settles by what the person typed on the waiting screen.
// enrolments.ErrCodeWrong, ErrCodeUsed and ErrCodeKind come with the approval as it then
// stands; *enrolments.BlockedError, ErrNoTries, ErrSettled.
func (s *Service) Code(ctx context.Context, id ID, typed string) (Approval, error) {
	a, err := s.config.Store.TryCode(ctx, id)
	if err != nil {
		return a, err
	}
	if !a.takesCode(typed) {
		return s.wrongCode(ctx, a, ErrCodeKind)
	}
	recovery, err := s.config.People.SpendCode(ctx, a.Person, typed)
	if errors.Is(err, enrolments.ErrCodeWrong) || errors.Is(err, enrolments.ErrCodeUsed) {
		return s.wrongCode(ctx, a, err)
	}
	if err != nil {
		return a, err
	}
	settlement := Settlement{State: Approved, Method: ByTOTP, KeepsHeld: a.Purpose != ForSignIn}
	if recovery {
		settlement.Method = ByRecoveryCode
	}
	return s.settle(ctx, id, settlement)
}

// takesCode reports whether the policy takes codes of that kind.
func (a Approval) takesCode(typed string) bool {
	kind := ByTOTP
	if enrolments.IsRecoveryCode(typed) {
		kind = ByRecoveryCode
	}
	return len(a.Takes) == 0 || slices.Contains(a.Takes, kind)
}

func (s *Service) wrongCode(ctx context.Context, a Approval, wrong error) (Approval, error) {
	s.audit(ctx, a, enrolments.EventCodeWrong, "", "")
	if a.CodeTries > 0 {
		return a, wrong
	}
	settled, err := s.settle(ctx, a.ID, Settlement{State: Denied, Reason: TooManyCodes})
	if errors.Is(err, ErrSettled) {
		return settled, ErrSettled
	}
	if err != nil {
		return a, err
	}
	return settled, wrong
}

// settle settles by something else than a phone and notes it.
func (s *Service) settle(ctx context.Context, id ID, how Settlement) (Approval, error) {
	a, err := s.config.Store.Settle(ctx, id, how)
	if err != nil {
		return a, err
	}
	s.auditSettled(ctx, a)
	return a, nil
}

// Cancel withdraws for the browser.
func (s *Service) Cancel(ctx context.Context, id ID) (Approval, error) {
	return s.settle(ctx, id, Settlement{State: Withdrawn, Reason: Cancelled})
}

// Withdraw withdraws for the application that asked.
func (s *Service) Withdraw(ctx context.Context, app enrolments.ApplicationID, id ID) (Approval, error) {
	if _, err := s.Read(ctx, app, id); err != nil {
		return Approval{}, err
	}
	return s.settle(ctx, id, Settlement{State: Withdrawn, Reason: ByApplication})
}

// Watch is Store.Watch: see there.
func (s *Service) Watch(ctx context.Context, id ID, notify func(Approval)) (stop func(), err error) {
	return s.config.Store.Watch(ctx, id, notify)
}
