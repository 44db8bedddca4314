package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"countersign/enrolments"
)

// maxCodes bounds one set of recovery codes.
const maxCodes = 64

// BeginCodeTry implements enrolments.CodeStore. Limits out of bounds are
// ErrInvalid.
func (s *Store) BeginCodeTry(ctx context.Context, id enrolments.PersonID, limits enrolments.CodeLimits, now time.Time) (failures int, err error) {
	if limits.InARow < 1 || limits.LockAt < 1 || limits.LockAt > 100 || limits.BackOff < 0 {
		return 0, fmt.Errorf("%w: code limits of %d in a row and a lock at %d", enrolments.ErrInvalid, limits.InARow, limits.LockAt)
	}
	err = s.write(ctx, func(ctx context.Context, db session) error {
		// The row stays locked from here on, so the wait is set before
		// another try can see the count.
		err := db.one(ctx, `UPDATE people SET code_failures = code_failures + 1
			WHERE id = $1 AND code_failures < $2 AND code_blocked_until <= $3 RETURNING code_failures`,
			[]any{string(id), limits.LockAt, micros(now)}, &failures)
		if errors.Is(err, enrolments.ErrNotFound) {
			return blocked(ctx, db, id, limits)
		}
		if err != nil {
			return err
		}
		wait := limits.Wait(failures)
		if wait == 0 {
			return nil
		}
		return db.must(ctx, enrolments.ErrNotFound, `UPDATE people SET code_blocked_until = $2 WHERE id = $1`,
			string(id), micros(now.Add(wait)))
	})
	if err != nil {
		return 0, err
	}
	return failures, nil
}

// blocked says why a try was not counted.
func blocked(ctx context.Context, db session, id enrolments.PersonID, limits enrolments.CodeLimits) error {
	failures, until, err := codeFailures(ctx, db, id)
	if err != nil {
		return err
	}
	if failures >= limits.LockAt {
		return &enrolments.BlockedError{}
	}
	return &enrolments.BlockedError{Until: until}
}

func codeFailures(ctx context.Context, db session, id enrolments.PersonID) (failures int, until time.Time, err error) {
	var us int64
	err = db.one(ctx, `SELECT code_failures, code_blocked_until FROM people WHERE id = $1`, []any{string(id)}, &failures, &us)
	if err != nil || us == 0 {
		return failures, time.Time{}, err
	}
	return failures, instant(us), nil
}

// CodeFailures implements enrolments.CodeStore.
func (s *Store) CodeFailures(ctx context.Context, id enrolments.PersonID) (int, time.Time, error) {
	return codeFailures(ctx, s.read(), id)
}

// EndCodeTry implements enrolments.CodeStore.
func (s *Store) EndCodeTry(ctx context.Context, id enrolments.PersonID) error {
	return s.must(ctx, `UPDATE people SET code_failures = 0, code_blocked_until = 0 WHERE id = $1`, string(id))
}

// IssueCodes implements enrolments.PairingStore. A set has 1 to 64 codes. A
// pairing past its time issues none, even if it was confirmed before.
func (s *Store) IssueCodes(ctx context.Context, id enrolments.PairingID, codes []enrolments.Hash, now time.Time) error {
	if len(codes) == 0 || len(codes) > maxCodes {
		return fmt.Errorf("%w: %d recovery codes; a set has 1 to %d", enrolments.ErrInvalid, len(codes), maxCodes)
	}
	return s.write(ctx, func(ctx context.Context, db session) error {
		p, err := pairing(ctx, db, id, now)
		if err != nil {
			return err
		}
		if err := lockPerson(ctx, db, p.Person); err != nil {
			return err
		}
		if err := db.must(ctx, enrolments.ErrPairingSettled, `UPDATE pairings SET codes_issued = $3, version = version + 1
			WHERE id = $1 AND NOT codes_issued AND expires_at > $2 AND (state = 'active' OR authenticator_confirmed)`,
			string(id), micros(now), true); err != nil {
			return err
		}
		return replaceCodes(ctx, db, p.Person, codes)
	})
}

func replaceCodes(ctx context.Context, db session, id enrolments.PersonID, codes []enrolments.Hash) error {
	if _, err := db.exec(ctx, `DELETE FROM recovery_codes WHERE person_id = $1`, string(id)); err != nil {
		return err
	}
	for _, code := range codes {
		if _, err := db.exec(ctx, `INSERT INTO recovery_codes (person_id, hash) VALUES ($1, $2)`,
			string(id), code[:]); err != nil {
			return err
		}
	}
	return nil
}

// BurnRecoveryCode implements enrolments.CodeStore.
func (s *Store) BurnRecoveryCode(ctx context.Context, id enrolments.PersonID, code enrolments.Hash, now time.Time) error {
	n, err := s.once(ctx, `UPDATE recovery_codes SET used_at = $3 WHERE person_id = $1 AND hash = $2 AND used_at IS NULL`,
		string(id), code[:], micros(now))
	if err != nil || n == 1 {
		return err
	}
	var used int
	err = s.read().one(ctx, `SELECT count(r.hash) FROM people p
		LEFT JOIN recovery_codes r ON r.person_id = p.id AND r.hash = $2
		WHERE p.id = $1 GROUP BY p.id`, []any{string(id), code[:]}, &used)
	if err != nil {
		return err
	}
	if used == 0 {
		return enrolments.ErrCodeWrong
	}
	return enrolments.ErrCodeUsed
}
