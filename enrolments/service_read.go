package enrolments

import (
	"context"
	"errors"
	"slices"
)

// Application returns a registered application; ErrNotFound.
func (s *Service) Application(ctx context.Context, id ApplicationID) (Application, error) {
	a, _, err := s.config.Store.Application(ctx, id)
	return a, err
}

// CodesBlocked says how many wrong codes a person has typed in a row, and why
// none is taken now; nil where one is.
func (s *Service) CodesBlocked(ctx context.Context, person PersonID) (failures int, blocked *BlockedError, err error) {
	failures, until, err := s.config.Store.Failures(ctx, person, GuessCode)
	switch {
	case err != nil:
		return 0, nil, err
	case failures >= s.config.CodeLimits.LockAt:
		return failures, &BlockedError{}, nil
	case s.now().Before(until):
		return failures, &BlockedError{Until: until}, nil
	}
	return failures, nil, nil
}

// PhoneState is how a phone stands.
type PhoneState struct {
	Phone
	// TOTP is true once the phone was given a secret of its own.
	TOTP bool
}

// PhoneState returns how a phone that proved itself stands now;
// ErrPhoneUnknown once it was removed or refused.
func (s *Service) PhoneState(ctx context.Context, id PhoneID) (PhoneState, error) {
	phone, _, err := s.config.Store.Phone(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return PhoneState{}, ErrPhoneUnknown
	}
	if err != nil || !phone.Active {
		return PhoneState{Phone: phone}, err
	}
	all, err := s.config.Store.Authenticators(ctx, phone.Person)
	own := slices.ContainsFunc(all, func(a Authenticator) bool { return a.Phone == id })
	return PhoneState{phone, own}, err
}
