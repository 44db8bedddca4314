package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"countersign/enrolments"
)

// BackupEmail implements enrolments.EmailStore.
func (s *Store) BackupEmail(ctx context.Context, id enrolments.PersonID) (enrolments.Email, error) {
	return s.backupEmail(ctx, s.read(), id)
}

func (s *Store) backupEmail(ctx context.Context, db session, id enrolments.PersonID) (e enrolments.Email, err error) {
	var sealed []byte
	var confirmed int64
	err = db.one(ctx, `SELECT address, language, confirmed_at FROM backup_emails WHERE person_id = $1`, []any{string(id)},
		&sealed, &e.Language, &confirmed)
	if err != nil {
		return enrolments.Email{}, err
	}
	if e.Address, err = s.openAddress(id, sealed); err != nil {
		return enrolments.Email{}, err
	}
	e.ConfirmedAt = instant(confirmed)
	return e, nil
}

func (s *Store) openAddress(id enrolments.PersonID, sealed []byte) (string, error) {
	address, err := s.keys.Open(sealed, placeOf("backup_emails", "address", string(id)))
	if err != nil {
		return "", fmt.Errorf("backup address of person %s: %w", id, err)
	}
	return string(address), nil
}

// AddEmailCode implements enrolments.EmailStore.
func (s *Store) AddEmailCode(ctx context.Context, c enrolments.EmailCode) error {
	return s.write(ctx, func(ctx context.Context, db session) error {
		if err := lockPerson(ctx, db, c.Person); err != nil {
			return err
		}
		if err := roomForEmail(ctx, db, c.Person, c.SentAt); err != nil {
			return err
		}
		if _, err := db.exec(ctx, `UPDATE email_codes SET tries = 0 WHERE person_id = $1 AND purpose = $2`,
			string(c.Person), string(c.Purpose)); err != nil {
			return err
		}
		var address []byte // NULL where there is one already
		if c.Address != "" {
			address = s.keys.Seal([]byte(c.Address), placeOf("email_codes", "address", c.ID))
		}
		_, err := db.exec(ctx, `INSERT INTO email_codes (id, person_id, purpose, code, address, language, tries, sent_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			c.ID, string(c.Person), string(c.Purpose), s.keys.Seal(c.Code[:], placeOf("email_codes", "code", c.ID)),
			address, c.Language, enrolments.EmailCodeTries, micros(c.SentAt))
		return err
	})
}

// roomForEmail forgets what is older than an hour and refuses one more than an
// hour takes. The person is locked, so that the count stands until the
// transaction ends.
func roomForEmail(ctx context.Context, db session, id enrolments.PersonID, now time.Time) error {
	if _, err := db.exec(ctx, `DELETE FROM email_codes WHERE person_id = $1 AND sent_at <= $2`,
		string(id), micros(now.Add(-time.Hour))); err != nil {
		return err
	}
	var count int
	var oldest int64
	err := db.one(ctx, `SELECT count(*), COALESCE(MIN(sent_at), 0) FROM email_codes WHERE person_id = $1`, []any{string(id)},
		&count, &oldest)
	if err == nil && count >= enrolments.EmailCodesAnHour {
		err = &enrolments.TooManyEmailsError{Until: instant(oldest).Add(time.Hour)}
	}
	return err
}

// emailCode is a code that may still be typed.
type emailCode struct {
	id            string
	code, address []byte
	language      string
}

// SpendEmailCode implements enrolments.EmailStore.
func (s *Store) SpendEmailCode(ctx context.Context, id enrolments.PersonID, purpose enrolments.EmailPurpose, code enrolments.Hash, now time.Time) (spent enrolments.EmailSpent, err error) {
	var wrong error // a try is taken for good, in the same step
	err = s.write(ctx, func(ctx context.Context, db session) error {
		wrong, spent = nil, enrolments.EmailSpent{}
		if err := lockPerson(ctx, db, id); err != nil {
			return err
		}
		c, right, err := s.emailCode(ctx, db, id, purpose, code, now)
		if err != nil {
			return err
		}
		if !right {
			wrong = enrolments.ErrCodeWrong
			_, err := db.exec(ctx, `UPDATE email_codes SET tries = tries - 1 WHERE id = $1`, c.id)
			return err
		}
		if _, err := db.exec(ctx, `UPDATE email_codes SET tries = 0 WHERE id = $1`, c.id); err != nil {
			return err
		}
		spent, err = s.setEmail(ctx, db, id, c, now)
		return err
	})
	if err = errors.Join(err, wrong); err != nil {
		return enrolments.EmailSpent{}, err
	}
	return spent, nil
}

// emailCode finds the code of a purpose and compares it.
func (s *Store) emailCode(ctx context.Context, db session, id enrolments.PersonID, purpose enrolments.EmailPurpose, typed enrolments.Hash, now time.Time) (c emailCode, right bool, err error) {
	err = db.one(ctx, `SELECT id, code, address, language FROM email_codes
		WHERE person_id = $1 AND purpose = $2 AND tries > 0 AND sent_at > $3`,
		[]any{string(id), string(purpose), micros(now.Add(-enrolments.EmailCodeLife))}, &c.id, &c.code, &c.address, &c.language)
	if errors.Is(err, enrolments.ErrNotFound) {
		return c, false, enrolments.ErrCodeExpired
	}
	if err != nil {
		return c, false, err
	}
	raw, err := s.keys.Open(c.code, placeOf("email_codes", "code", c.id))
	if err != nil {
		return c, false, fmt.Errorf("code by mail %s: %w", c.id, err)
	}
	stored, err := hashOf(raw)
	return c, err == nil && stored.Is(typed), err
}

// setEmail makes the address of a code the person's, where it has one.
func (s *Store) setEmail(ctx context.Context, db session, id enrolments.PersonID, c emailCode, now time.Time) (spent enrolments.EmailSpent, err error) {
	before, err := s.backupEmail(ctx, db, id)
	if c.address == nil {
		return enrolments.EmailSpent{Email: before}, err
	}
	if err != nil && !errors.Is(err, enrolments.ErrNotFound) {
		return spent, err
	}
	address, err := s.keys.Open(c.address, placeOf("email_codes", "address", c.id))
	if err != nil {
		return spent, fmt.Errorf("address of code %s: %w", c.id, err)
	}
	if err := forgetEmail(ctx, db, id); err != nil {
		return spent, err
	}
	_, err = db.exec(ctx, `INSERT INTO backup_emails (person_id, address, language, confirmed_at) VALUES ($1, $2, $3, $4)`,
		string(id), s.keys.Seal(address, placeOf("backup_emails", "address", string(id))), c.language, micros(now))
	set := enrolments.Email{Address: string(address), Language: c.language, ConfirmedAt: instant(micros(now))}
	return enrolments.EmailSpent{Email: set, Replaced: before}, err
}

// forgetEmail removes the person's address and voids what was sent to it. The
// codes stay counted.
func forgetEmail(ctx context.Context, db session, id enrolments.PersonID) error {
	if _, err := db.exec(ctx, `UPDATE email_codes SET tries = 0 WHERE person_id = $1 AND address IS NULL`, string(id)); err != nil {
		return err
	}
	_, err := db.exec(ctx, `DELETE FROM backup_emails WHERE person_id = $1`, string(id))
	return err
}

// RemoveEmail implements enrolments.EmailStore.
func (s *Store) RemoveEmail(ctx context.Context, id enrolments.PersonID) (e enrolments.Email, err error) {
	err = s.write(ctx, func(ctx context.Context, db session) error {
		if err := lockPerson(ctx, db, id); err != nil {
			return err
		}
		if e, err = s.backupEmail(ctx, db, id); err != nil {
			return err
		}
		return forgetEmail(ctx, db, id)
	})
	if err != nil {
		return enrolments.Email{}, err
	}
	return e, nil
}
