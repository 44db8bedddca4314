package enrolments

import (
	"context"
	"errors"
	"time"

	"countersign/totp"
)

// SpendCode checks what a person typed and spends it: a TOTP code or, with
// recovery true, a recovery code. The try is counted before it is looked at.
// ErrCodeWrong, ErrCodeUsed, *BlockedError.
func (s *Service) SpendCode(ctx context.Context, person PersonID, typed string) (recovery bool, err error) {
	err = s.try(ctx, person, func(now time.Time) error {
		c, err := parseCode(typed)
		if err != nil {
			return err
		}
		if c.recovery {
			recovery = true
			return s.config.Store.BurnRecoveryCode(ctx, person, recoveryHash(person, c.text), now)
		}
		all, err := s.config.Store.Authenticators(ctx, person)
		if err != nil {
			return err
		}
		return s.burn(ctx, all, c.text, now)
	})
	return recovery && err == nil, err
}

// try counts a failure, looks, and forgets the count when the look was good.
func (s *Service) try(ctx context.Context, person PersonID, look func(now time.Time) error) error {
	now := s.now()
	failures, err := s.config.Store.BeginCodeTry(ctx, person, s.config.CodeLimits, now)
	if err != nil {
		return err
	}
	err = look(now)
	if errors.Is(err, ErrCodeWrong) || errors.Is(err, ErrCodeUsed) {
		if failures >= s.config.CodeLimits.LockAt || s.config.CodeLimits.Wait(failures) > 0 {
			return errors.Join(err, s.record(ctx, Event{Kind: EventCodesBlocked, Person: person}))
		}
		return err
	}
	if err != nil {
		return err
	}
	return s.config.Store.EndCodeTry(ctx, person)
}

// burn spends the step that code belongs to, in whichever of the secrets. Two
// secrets may share a code at an instant: one that was spent in the first may
// still be good in the second.
func (s *Service) burn(ctx context.Context, all []Authenticator, code string, now time.Time) error {
	err := ErrCodeWrong
	for _, a := range all {
		step, ok := totp.Match(a.Secret, code, now)
		if !ok {
			continue
		}
		err = s.config.Store.BurnStep(ctx, a.ID, step)
		if !errors.Is(err, ErrCodeUsed) {
			return err
		}
	}
	return err
}
