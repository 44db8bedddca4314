package sqlstore

import (
	"context"
	"fmt"
	"time"

	"countersign/enrolments"
)

// recoveriesKept is how long a recovery that has ended can still be read.
const recoveriesKept = 24 * time.Hour

const recoveryQuery = `SELECT r.id, r.person_id, p.user_name, r.application_id, r.application_name, r.method,
	r.browser, r.location, r.ip, r.return_url, r.token, r.refused, r.done, r.refused_by, r.pairing_id,
	r.begun_at, r.ready_at, r.ends_at FROM recoveries r JOIN people p ON p.id = r.person_id `

// AddRecovery implements enrolments.RecoveryStore. It also clears away the
// person's that ended a day ago.
func (s *Store) AddRecovery(ctx context.Context, r enrolments.Recovery) error {
	return s.write(ctx, func(ctx context.Context, db session) error {
		if err := lockUnlocked(ctx, db, r.Person); err != nil {
			return err
		}
		if _, err := db.exec(ctx, `DELETE FROM recoveries WHERE person_id = $1 AND ends_at < $2`,
			string(r.Person), micros(r.BegunAt.Add(-recoveriesKept))); err != nil {
			return err
		}
		running, err := runningRecoveries(ctx, db, r.Person, r.BegunAt)
		if err != nil {
			return err
		}
		if len(running) >= enrolments.MaxRecoveries {
			return fmt.Errorf("%w: the person has %d new phones under way already", enrolments.ErrInvalid, len(running))
		}
		_, err = db.exec(ctx, `INSERT INTO recoveries (id, person_id, application_id, application_name, method, browser,
			location, ip, return_url, token, refused, done, refused_by, pairing_id, begun_at, ready_at, ends_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
			string(r.ID), string(r.Person), string(r.Application), r.ApplicationName, string(r.Method), r.Browser,
			r.Location, r.IP, r.ReturnURL, r.Token[:], false, false, "", "", micros(r.BegunAt), micros(r.ReadyAt), micros(r.EndsAt))
		return err
	})
}

// Recovery implements enrolments.RecoveryStore.
func (s *Store) Recovery(ctx context.Context, id enrolments.RecoveryID, now time.Time) (enrolments.Recovery, error) {
	return oneRecovery(ctx, s.read(), now, `WHERE r.id = $1`, string(id))
}

func oneRecovery(ctx context.Context, db session, now time.Time, where string, args ...any) (r enrolments.Recovery, err error) {
	err = db.each(ctx, recoveryQuery+where, args, func(scan func(...any) error) error {
		r, err = scanRecovery(scan, now)
		return err
	})
	if err == nil && r.ID == "" {
		err = enrolments.ErrNotFound
	}
	return r, err
}

func scanRecovery(scan func(...any) error, now time.Time) (r enrolments.Recovery, err error) {
	var token []byte
	var refused, done bool
	var begun, ready, ends int64
	if err := scan(&r.ID, &r.Person, &r.User, &r.Application, &r.ApplicationName, &r.Method, &r.Browser, &r.Location,
		&r.IP, &r.ReturnURL, &token, &refused, &done, &r.RefusedBy, &r.Pairing, &begun, &ready, &ends); err != nil {
		return enrolments.Recovery{}, err
	}
	if r.Token, err = hashOf(token); err != nil {
		return enrolments.Recovery{}, err
	}
	r.BegunAt, r.ReadyAt, r.EndsAt = instant(begun), instant(ready), instant(ends)
	switch {
	case done:
		r.State = enrolments.RecoveryDone
	case refused:
		r.State = enrolments.RecoveryRefused
	case !now.Before(r.EndsAt):
		r.State = enrolments.RecoveryExpired
	case now.Before(r.ReadyAt):
		r.State = enrolments.RecoveryWaiting
	default:
		r.State = enrolments.RecoveryReady
	}
	return r, nil
}

// RunningRecoveries implements enrolments.RecoveryStore.
func (s *Store) RunningRecoveries(ctx context.Context, id enrolments.PersonID, now time.Time) ([]enrolments.Recovery, error) {
	return runningRecoveries(ctx, s.read(), id, now)
}

func runningRecoveries(ctx context.Context, db session, id enrolments.PersonID, now time.Time) (all []enrolments.Recovery, err error) {
	err = db.each(ctx, recoveryQuery+`WHERE r.person_id = $1 AND NOT r.refused AND NOT r.done AND r.ends_at > $2
		ORDER BY r.begun_at, r.id LIMIT $3`,
		[]any{string(id), micros(now), enrolments.MaxRecoveries}, func(scan func(...any) error) error {
			r, err := scanRecovery(scan, now)
			all = append(all, r)
			return err
		})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// lockRecovery makes its caller the only one to change the person's recoveries,
// and reads one of them.
func lockRecovery(ctx context.Context, db session, id enrolments.RecoveryID, now time.Time) (enrolments.Recovery, error) {
	r, err := oneRecovery(ctx, db, now, `WHERE r.id = $1`, string(id))
	if err != nil {
		return r, err
	}
	if err := lockPerson(ctx, db, r.Person); err != nil {
		return r, err
	}
	return oneRecovery(ctx, db, now, `WHERE r.id = $1`, string(id))
}

// OpenRecovery implements enrolments.RecoveryStore. The pairing becomes that of
// the recovery's person, whatever p.Person says.
func (s *Store) OpenRecovery(ctx context.Context, id enrolments.RecoveryID, p enrolments.Pairing, now time.Time) error {
	return s.write(ctx, func(ctx context.Context, db session) error {
		r, err := lockRecovery(ctx, db, id, now)
		switch {
		case err != nil:
			return err
		case r.State == enrolments.RecoveryWaiting:
			return enrolments.ErrRecoveryWaiting
		case r.State != enrolments.RecoveryReady:
			return enrolments.ErrRecoveryOver
		}
		if err := lockUnlocked(ctx, db, r.Person); err != nil {
			return err
		}
		if err := refusePairing(ctx, db, r.Pairing); err != nil {
			return err
		}
		p.Person = r.Person
		if err := addPairing(ctx, db, p); err != nil {
			return err
		}
		return db.must(ctx, enrolments.ErrNotFound, `UPDATE recoveries SET pairing_id = $2 WHERE id = $1`, string(id), string(p.ID))
	})
}

// refusePairing ends a pairing that has led to no phone, with the phone that
// claimed it. The person is locked.
func refusePairing(ctx context.Context, db session, id enrolments.PairingID) error {
	if id == "" {
		return nil
	}
	if _, err := db.exec(ctx, `DELETE FROM phones WHERE NOT active AND id IN
		(SELECT phone_id FROM pairings WHERE id = $1 AND state = 'claimed')`, string(id)); err != nil {
		return err
	}
	_, err := db.exec(ctx, `UPDATE pairings SET state = 'refused', version = version + 1
		WHERE id = $1 AND state IN ('open', 'claimed')`, string(id))
	return err
}

// RefuseRecovery implements enrolments.RecoveryStore.
func (s *Store) RefuseRecovery(ctx context.Context, person enrolments.PersonID, id enrolments.RecoveryID, by string, now time.Time) (r enrolments.Recovery, refused bool, err error) {
	err = s.write(ctx, func(ctx context.Context, db session) error {
		if r, err = ownRecovery(ctx, db, person, id, now); err != nil {
			return err
		}
		if refused = r.Running(); !refused {
			return nil
		}
		if err := refusePairing(ctx, db, r.Pairing); err != nil {
			return err
		}
		r.State, r.RefusedBy = enrolments.RecoveryRefused, by
		return db.must(ctx, enrolments.ErrNotFound, `UPDATE recoveries SET refused = $2, refused_by = $3 WHERE id = $1`, string(id), true, by)
	})
	if err != nil {
		return enrolments.Recovery{}, false, err
	}
	return r, refused, nil
}

// AllowRecovery implements enrolments.RecoveryStore.
func (s *Store) AllowRecovery(ctx context.Context, person enrolments.PersonID, id enrolments.RecoveryID, now time.Time) (r enrolments.Recovery, allowed bool, err error) {
	err = s.write(ctx, func(ctx context.Context, db session) error {
		if r, err = ownRecovery(ctx, db, person, id, now); err != nil {
			return err
		}
		if allowed = r.State == enrolments.RecoveryWaiting; !allowed {
			return nil
		}
		r.State, r.ReadyAt = enrolments.RecoveryReady, now
		return db.must(ctx, enrolments.ErrNotFound, `UPDATE recoveries SET ready_at = $2 WHERE id = $1`, string(id), micros(now))
	})
	if err != nil {
		return enrolments.Recovery{}, false, err
	}
	return r, allowed, nil
}

func ownRecovery(ctx context.Context, db session, person enrolments.PersonID, id enrolments.RecoveryID, now time.Time) (enrolments.Recovery, error) {
	r, err := lockRecovery(ctx, db, id, now)
	if err == nil && r.Person != person {
		return enrolments.Recovery{}, enrolments.ErrNotFound
	}
	return r, err
}
