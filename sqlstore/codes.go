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

// counts are the columns of people that count each kind of guess.
var counts = map[enrolments.Guess]struct{ begin, wait, read, end string }{
	enrolments.GuessCode:    countedIn("code"),
	enrolments.GuessEmail:   countedIn("email"),
	enrolments.GuessAnswers: countedIn("answer"),
}

func countedIn(column string) struct{ begin, wait, read, end string } {
	failures, until := column+"_failures", column+"_blocked_until"
	return struct{ begin, wait, read, end string }{
		begin: `UPDATE people SET ` + failures + ` = ` + failures + ` + 1
			WHERE id = $1 AND ` + failures + ` < $2 AND ` + until + ` <= $3 RETURNING ` + failures,
		wait: `UPDATE people SET ` + until + ` = $2 WHERE id = $1`,
		read: `SELECT ` + failures + `, ` + until + ` FROM people WHERE id = $1`,
		end:  `UPDATE people SET ` + failures + ` = 0, ` + until + ` = 0 WHERE id = $1`,
	}
}

// BeginTry implements enrolments.CodeStore. Limits out of bounds are ErrInvalid.
func (s *Store) BeginTry(ctx context.Context, id enrolments.PersonID, of enrolments.Guess, limits enrolments.CodeLimits, now time.Time) (failures int, err error) {
	if limits.InARow < 1 || limits.LockAt < 1 || limits.LockAt > 100 || limits.BackOff < 0 {
		return 0, fmt.Errorf("%w: code limits of %d in a row and a lock at %d", enrolments.ErrInvalid, limits.InARow, limits.LockAt)
	}
	err = s.write(ctx, func(ctx context.Context, db session) error {
		// The row stays locked from here on, so the wait is set before
		// another try can see the count.
		err := db.one(ctx, counts[of].begin, []any{string(id), limits.LockAt, micros(now)}, &failures)
		if errors.Is(err, enrolments.ErrNotFound) {
			return blocked(ctx, db, id, of, limits)
		}
		if err != nil {
			return err
		}
		wait := limits.Wait(failures)
		if wait == 0 {
			return nil
		}
		return db.must(ctx, enrolments.ErrNotFound, counts[of].wait, string(id), micros(now.Add(wait)))
	})
	if err != nil {
		return 0, err
	}
	return failures, nil
}

// blocked says why a try was not counted.
func blocked(ctx context.Context, db session, id enrolments.PersonID, of enrolments.Guess, limits enrolments.CodeLimits) error {
	failures, until, err := countedFailures(ctx, db, id, of)
	if err != nil {
		return err
	}
	if failures >= limits.LockAt {
		return &enrolments.BlockedError{}
	}
	return &enrolments.BlockedError{Until: until}
}

func countedFailures(ctx context.Context, db session, id enrolments.PersonID, of enrolments.Guess) (failures int, until time.Time, err error) {
	var us int64
	err = db.one(ctx, counts[of].read, []any{string(id)}, &failures, &us)
	if err != nil || us == 0 {
		return failures, time.Time{}, err
	}
	return failures, instant(us), nil
}

// Failures implements enrolments.CodeStore.
func (s *Store) Failures(ctx context.Context, id enrolments.PersonID, of enrolments.Guess) (int, time.Time, error) {
	return countedFailures(ctx, s.read(), id, of)
}

// EndTry implements enrolments.CodeStore.
func (s *Store) EndTry(ctx context.Context, id enrolments.PersonID, of enrolments.Guess) error {
	return s.must(ctx, counts[of].end, string(id))
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
