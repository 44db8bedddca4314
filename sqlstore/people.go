package sqlstore

import (
	"context"
	"errors"

	"countersign/enrolments"
)

const personColumns = `p.id, p.user_name, p.push_locked, p.created_at`

// EnsurePerson implements enrolments.PersonStore.
func (s *Store) EnsurePerson(ctx context.Context, p enrolments.Person) (stored enrolments.Person, added bool, err error) {
	// Nearly always the person is there: that costs no write.
	stored, err = person(ctx, s.read(), p.User)
	if !errors.Is(err, enrolments.ErrNotFound) {
		return stored, false, err
	}
	err = s.write(ctx, func(ctx context.Context, db session) error {
		n, err := db.exec(ctx, `INSERT INTO people (id, user_name, push_locked, created_at)
			VALUES ($1, $2, $3, $4) ON CONFLICT (user_name) DO NOTHING`,
			string(p.ID), p.User, p.PushLocked, micros(p.CreatedAt))
		if err != nil {
			return err
		}
		added = n == 1
		stored, err = person(ctx, db, p.User)
		return err
	})
	if err != nil {
		return enrolments.Person{}, false, err
	}
	return stored, added, nil
}

func person(ctx context.Context, db session, user string) (p enrolments.Person, err error) {
	var created int64
	err = db.one(ctx, `SELECT `+personColumns+` FROM people p WHERE p.user_name = $1`, []any{user},
		&p.ID, &p.User, &p.PushLocked, &created)
	if err != nil {
		return enrolments.Person{}, err
	}
	p.CreatedAt = instant(created)
	return p, nil
}

// lockPerson makes its caller the only one to change what the person has.
func lockPerson(ctx context.Context, db session, id enrolments.PersonID) error {
	var found string
	return db.one(ctx, `SELECT id FROM people WHERE id = $1`+db.lock, []any{string(id)}, &found)
}

// lockUnlocked is lockPerson; enrolments.ErrLocked while the person's pushes are
// locked.
func lockUnlocked(ctx context.Context, db session, id enrolments.PersonID) error {
	var locked bool
	err := db.one(ctx, `SELECT push_locked FROM people WHERE id = $1`+db.lock, []any{string(id)}, &locked)
	if err == nil && locked {
		err = enrolments.ErrLocked
	}
	return err
}

// enrolment reads all that a sign-in asks about a person in one statement: one
// way to the server and back, one state. A person without a phone is one row
// with an empty phone.
const enrolment = `SELECT ` + personColumns + `,
	(SELECT count(*) FROM authenticators a WHERE a.person_id = p.id AND a.confirmed),
	(SELECT count(*) FROM recovery_codes r WHERE r.person_id = p.id AND r.used_at IS NULL),
	(SELECT b.address FROM backup_emails b WHERE b.person_id = p.id),
	EXISTS (SELECT 1 FROM security_questions q WHERE q.person_id = p.id),
	COALESCE(f.id, ''), COALESCE(f.name, ''), COALESCE(f.platform, ''), COALESCE(f.public_key, ''), f.push,
	COALESCE(f.added_at, 0), COALESCE(f.last_used_at, 0)
	FROM people p LEFT JOIN phones f ON f.person_id = p.id AND f.active `

const inOrder = ` ORDER BY f.added_at, f.id LIMIT 10`

// Enrolment implements enrolments.PersonStore.
func (s *Store) Enrolment(ctx context.Context, user string) (enrolments.Enrolment, error) {
	return s.enrolment(ctx, enrolment+`WHERE p.user_name = $1`+inOrder, user)
}

// EnrolmentOf implements enrolments.PersonStore.
func (s *Store) EnrolmentOf(ctx context.Context, id enrolments.PersonID) (enrolments.Enrolment, error) {
	return s.enrolment(ctx, enrolment+`WHERE p.id = $1`+inOrder, string(id))
}

func (s *Store) enrolment(ctx context.Context, query, who string) (enrolments.Enrolment, error) {
	var e enrolments.Enrolment
	err := s.read().each(ctx, query, []any{who}, func(scan func(...any) error) error {
		var created int64
		var address []byte
		var phone phoneRow
		if err := scan(&e.ID, &e.User, &e.PushLocked, &created, &e.Authenticators, &e.RecoveryCodes, &address, &e.Questions,
			&phone.id, &phone.name, &phone.platform, &phone.key, &phone.push, &phone.added, &phone.used); err != nil {
			return err
		}
		e.CreatedAt = instant(created)
		if address != nil && e.BackupEmail == "" {
			var err error
			if e.BackupEmail, err = s.openAddress(e.ID, address); err != nil {
				return err
			}
		}
		if phone.id == "" {
			return nil
		}
		phone.person, phone.active = e.ID, true
		f, err := s.phone(phone)
		e.Phones = append(e.Phones, f)
		return err
	})
	if err == nil && e.ID == "" {
		err = enrolments.ErrNotFound
	}
	if err != nil {
		return enrolments.Enrolment{}, err
	}
	return e, nil
}

// SetPushLocked implements enrolments.PersonStore.
func (s *Store) SetPushLocked(ctx context.Context, id enrolments.PersonID, locked bool) error {
	return s.write(ctx, func(ctx context.Context, db session) error {
		if err := lockPerson(ctx, db, id); err != nil {
			return err
		}
		if locked {
			if err := s.endAllTrust(ctx, db, id); err != nil {
				return err
			}
			if _, err := endPairings(ctx, db, id, s.now()); err != nil {
				return err
			}
		}
		return db.must(ctx, enrolments.ErrNotFound, `UPDATE people SET push_locked = $2 WHERE id = $1`, string(id), locked)
	})
}
