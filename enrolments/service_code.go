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
	err = s.try(ctx, person, GuessCode, s.config.CodeLimits, func(now time.Time) error {
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
		return s.burn(ctx, s.config.Store, all, c.text, now)
	})
	return recovery && err == nil, err
}

// try counts a failure, looks, and forgets the count when the look was good.
func (s *Service) try(ctx context.Context, person PersonID, of Guess, limits CodeLimits, look func(now time.Time) error) error {
	now := s.now()
	failures, err := s.config.Store.BeginTry(ctx, person, of, limits, now)
	if err != nil {
		return err
	}
	err = look(now)
	if isWrong(err) {
		if failures >= limits.LockAt || limits.Wait(failures) > 0 {
			return errors.Join(err, s.note(ctx, Event{Kind: EventCodesBlocked, Person: person, Detail: blockDetail(of)}))
		}
		return err
	}
	if err != nil {
		return err
	}
	return s.config.Store.EndTry(ctx, person, of)
}

// isWrong reports whether err is of a try that was looked at and was not good.
func isWrong(err error) bool {
	return errors.Is(err, ErrCodeWrong) || errors.Is(err, ErrCodeUsed) || errors.Is(err, ErrCodeExpired) ||
		errors.Is(err, ErrAnswersWrong)
}

// blockDetail names what is blocked where it is not codes.
func blockDetail(of Guess) string {
	if of == GuessCode {
		return ""
	}
	return string(of)
}

// burn spends the step that code belongs to through store, in whichever of the
// secrets. Two may share a code at an instant: one that was spent in the first
// may still be good in the second.
func (s *Service) burn(ctx context.Context, store Store, all []Authenticator, code string, now time.Time) error {
	err := ErrCodeWrong
	for _, a := range all {
		step, ok := totp.Match(a.Secret, code, now)
		if !ok {
			continue
		}
		err = store.BurnStep(ctx, a.ID, step)
		if !errors.Is(err, ErrCodeUsed) {
			return err
		}
	}
	return err
}
