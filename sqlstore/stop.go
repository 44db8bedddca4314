package sqlstore

import (
	"context"
	"time"

	"countersign/enrolments"
)

// StopNotice implements enrolments.NoticeStore.
func (s *Store) StopNotice(ctx context.Context, id enrolments.NoticeID, now time.Time, note func(enrolments.Notice) enrolments.Event) (n enrolments.Notice, stopped bool, err error) {
	var event enrolments.Event
	err = s.write(ctx, func(ctx context.Context, db session) error {
		if n, err = lockNotice(ctx, db, id); err != nil {
			return err
		}
		if stopped = n.Stopped.At.IsZero(); !stopped {
			return nil
		}
		if n.Stopped, err = s.endAll(ctx, db, n.Person, now); err != nil {
			return err
		}
		if err := db.must(ctx, enrolments.ErrNotFound, `UPDATE notices SET stopped_at = $2, recoveries = $3, set_ups = $4, browsers = $5
			WHERE id = $1`, string(id), micros(n.Stopped.At), n.Stopped.Recoveries, n.Stopped.SetUps, n.Stopped.Browsers); err != nil {
			return err
		}
		event = note(n)
		if err := checkEvent(event); err != nil {
			return err
		}
		return s.chain(ctx, db, []enrolments.Event{event})
	})
	if err != nil {
		return enrolments.Notice{}, false, err
	}
	if stopped {
		s.tell([]enrolments.Event{event})
	}
	return n, stopped, nil
}

// lockNotice makes its caller the only one to change the notice's person, and
// reads the notice.
func lockNotice(ctx context.Context, db session, id enrolments.NoticeID) (enrolments.Notice, error) {
	n, err := oneNotice(ctx, db, id)
	if err != nil {
		return n, err
	}
	if err := lockPerson(ctx, db, n.Person); err != nil {
		return n, err
	}
	return oneNotice(ctx, db, id)
}

// endAll ends what a person has under way and trusts, and locks their pushes.
// The person is locked.
func (s *Store) endAll(ctx context.Context, db session, id enrolments.PersonID, now time.Time) (ended enrolments.Stopped, err error) {
	ended.At = instant(micros(now))
	if ended.Recoveries, err = changed(db.exec(ctx, `UPDATE recoveries SET refused = $3
		WHERE person_id = $1 AND NOT refused AND NOT done AND ends_at > $2`, string(id), micros(now), true)); err != nil {
		return ended, err
	}
	if ended.Browsers, err = changed(db.exec(ctx, `DELETE FROM trusted_browsers WHERE person_id = $1
		AND token IS NOT NULL AND ends_at > $2`, string(id), micros(now))); err != nil {
		return ended, err
	}
	if err := s.endAllTrust(ctx, db, id); err != nil { // what is about to be trusted, too
		return ended, err
	}
	if ended.SetUps, err = endSetUps(ctx, db, id, now); err != nil {
		return ended, err
	}
	return ended, db.must(ctx, enrolments.ErrNotFound, `UPDATE people SET push_locked = $2 WHERE id = $1`, string(id), true)
}

// endSetUps ends pairings, and closes security pages with what was begun on them.
func endSetUps(ctx context.Context, db session, id enrolments.PersonID, now time.Time) (int, error) {
	pairings, err := endPairings(ctx, db, id, now)
	if err != nil {
		return 0, err
	}
	pages, err := changed(db.exec(ctx, `DELETE FROM security_pages WHERE person_id = $1 AND ends_at > $2`, string(id), micros(now)))
	return pairings + pages, err
}

// endPairings refuses what waits for a phone, with the phone that has come, and
// ends the time of those that have one, since more could be added in them. Codes
// that were sent by mail, which could still become a way in, are void.
func endPairings(ctx context.Context, db session, id enrolments.PersonID, now time.Time) (int, error) {
	if _, err := db.exec(ctx, `DELETE FROM phones WHERE person_id = $1 AND NOT active`, string(id)); err != nil {
		return 0, err
	}
	if _, err := db.exec(ctx, `UPDATE email_codes SET tries = 0 WHERE person_id = $1`, string(id)); err != nil {
		return 0, err
	}
	refused, err := changed(db.exec(ctx, `UPDATE pairings SET state = 'refused', version = version + 1
		WHERE person_id = $1 AND state IN ('open', 'claimed') AND expires_at > $2`, string(id), micros(now)))
	if err != nil {
		return 0, err
	}
	ended, err := changed(db.exec(ctx, `UPDATE pairings SET expires_at = $2, version = version + 1
		WHERE person_id = $1 AND state = 'active' AND expires_at > $2`, string(id), micros(now)))
	return refused + ended, err
}

// changed is how many rows a statement has changed.
func changed(n int64, err error) (int, error) { return int(n), err }
