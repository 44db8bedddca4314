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
