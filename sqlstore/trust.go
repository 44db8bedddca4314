package sqlstore

import (
	"context"
	"time"

	"countersign/enrolments"
)

// trustPending is how long a token that was not handed out is waited for:
// result codes are good for less.
const trustPending = 10 * time.Minute

// maxTrusted bounds a person's trusted browsers for all applications; for one it
// is enrolments.MaxTrusted.
const maxTrusted = 1000

const trustColumns = `id, person_id, application_id, approval, name, token, added_at, last_used_at, ends_at`

// AddTrust implements enrolments.TrustStore. It also clears away what has ended
// or was never handed out.
func (s *Store) AddTrust(ctx context.Context, t enrolments.TrustedBrowser, approved time.Time) error {
	return s.write(ctx, func(ctx context.Context, db session) error {
		if err := lockPerson(ctx, db, t.Person); err != nil {
			return err
		}
		if err := mayTrust(ctx, db, t.Person, approved); err != nil {
			return err
		}
		if _, err := db.exec(ctx, `DELETE FROM trusted_browsers WHERE person_id = $1
			AND (ends_at <= $2 OR (token IS NULL AND added_at < $3))`,
			string(t.Person), micros(t.AddedAt), micros(t.AddedAt.Add(-trustPending))); err != nil {
			return err
		}
		if _, err := db.exec(ctx, `INSERT INTO trusted_browsers (id, person_id, application_id, approval, name, token,
			added_at, last_used_at, ends_at) VALUES ($1, $2, $3, $4, $5, NULL, $6, $7, $8)`,
			string(t.ID), string(t.Person), string(t.Application), t.Approval, t.Name,
			micros(t.AddedAt), micros(t.LastUsedAt), micros(t.EndsAt)); err != nil {
			return err
		}
		_, err := db.exec(ctx, `DELETE FROM trusted_browsers WHERE person_id = $1 AND application_id = $2 AND id NOT IN
			(SELECT id FROM trusted_browsers WHERE person_id = $1 AND application_id = $2
			ORDER BY added_at DESC, id LIMIT $3)`, string(t.Person), string(t.Application), enrolments.MaxTrusted)
		return err
	})
}

// mayTrust refuses an approval of before the person's trust was ended, and every
// one while their pushes are locked. The person is locked.
func mayTrust(ctx context.Context, db session, person enrolments.PersonID, approved time.Time) error {
	var locked bool
	var ended int64
	err := db.one(ctx, `SELECT push_locked, trust_ended_at FROM people WHERE id = $1`, []any{string(person)}, &locked, &ended)
	if err == nil && (locked || micros(approved) <= ended) {
		err = enrolments.ErrFreshApproval
	}
	return err
}

// IssueTrust implements enrolments.TrustStore.
func (s *Store) IssueTrust(ctx context.Context, approval string, token enrolments.Hash, now time.Time) (t enrolments.TrustedBrowser, err error) {
	err = s.write(ctx, func(ctx context.Context, db session) error {
		all, err := trusted(ctx, db, `UPDATE trusted_browsers SET token = $2
			WHERE approval = $1 AND token IS NULL AND ends_at > $3 AND added_at >= $4 RETURNING `+trustColumns,
			approval, token[:], micros(now), micros(now.Add(-trustPending)))
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return enrolments.ErrNotFound
		}
		t = all[0]
		return nil
	})
	if err != nil {
		return enrolments.TrustedBrowser{}, err
	}
	return t, nil
}

// UseTrust implements enrolments.TrustStore.
func (s *Store) UseTrust(ctx context.Context, u enrolments.TrustUse) error {
	n, err := s.once(ctx, `UPDATE trusted_browsers SET last_used_at = CASE WHEN last_used_at < $4 THEN $4 ELSE last_used_at END
		WHERE token = $3 AND person_id = $1 AND application_id = $2 AND ends_at > $4 AND added_at > $5
		AND last_used_at > $7 AND (name = '' OR name = $6)`,
		string(u.Person), string(u.Application), u.Token[:], micros(u.Now), micros(u.AddedAfter), u.Name, micros(u.UsedAfter))
	if err == nil && n == 0 {
		err = enrolments.ErrNotFound
	}
	return err
}

// TrustedBrowsers implements enrolments.TrustStore.
func (s *Store) TrustedBrowsers(ctx context.Context, person enrolments.PersonID, app enrolments.ApplicationID, now time.Time) ([]enrolments.TrustedBrowser, error) {
	return trusted(ctx, s.read(), `SELECT `+trustColumns+` FROM trusted_browsers WHERE person_id = $1
		AND (application_id = $2 OR $2 = '') AND token IS NOT NULL AND ends_at > $3 ORDER BY added_at DESC, id LIMIT $4`,
		string(person), string(app), micros(now), maxTrusted)
}

// EndTrust implements enrolments.TrustStore.
func (s *Store) EndTrust(ctx context.Context, person enrolments.PersonID, app enrolments.ApplicationID, id enrolments.TrustID) (ended []enrolments.TrustedBrowser, err error) {
	err = s.write(ctx, func(ctx context.Context, db session) error {
		if id == "" {
			if err := s.noteTrustEnd(ctx, db, person); err != nil {
				return err
			}
		}
		ended, err = trusted(ctx, db, `DELETE FROM trusted_browsers WHERE person_id = $1 AND (application_id = $2 OR $2 = '')
			AND (id = $3 OR $3 = '') RETURNING `+trustColumns, string(person), string(app), string(id))
		return err
	})
	if err != nil {
		return nil, err
	}
	return ended, nil
}

// endAllTrust ends what a person trusts everywhere.
func (s *Store) endAllTrust(ctx context.Context, db session, person enrolments.PersonID) error {
	if err := s.noteTrustEnd(ctx, db, person); err != nil {
		return err
	}
	_, err := db.exec(ctx, `DELETE FROM trusted_browsers WHERE person_id = $1`, string(person))
	return err
}

// noteTrustEnd notes that what the person has approved so far is no reason to trust
// a browser any more. The person stays locked.
func (s *Store) noteTrustEnd(ctx context.Context, db session, person enrolments.PersonID) error {
	_, err := db.exec(ctx, `UPDATE people SET trust_ended_at = $2 WHERE id = $1`, string(person), micros(s.now()))
	return err
}

func trusted(ctx context.Context, db session, query string, args ...any) (all []enrolments.TrustedBrowser, err error) {
	err = db.each(ctx, query, args, func(scan func(...any) error) error {
		var t enrolments.TrustedBrowser
		var token []byte
		var added, used, ends int64
		if err := scan(&t.ID, &t.Person, &t.Application, &t.Approval, &t.Name, &token, &added, &used, &ends); err != nil {
			return err
		}
		if token != nil {
			if t.Token, err = hashOf(token); err != nil {
				return err
			}
		}
		t.AddedAt, t.LastUsedAt, t.EndsAt = instant(added), instant(used), instant(ends)
		all = append(all, t)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}
