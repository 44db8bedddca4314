package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"countersign/enrolments"
)

// maxSecret bounds a TOTP secret in bytes; RFC 4226 asks for 16, and twice the
// block of SHA-512 is more than any hash takes.
const maxSecret = 256

const authenticatorQuery = `SELECT id, person_id, COALESCE(phone_id, ''), secret, confirmed, last_step, created_at
	FROM authenticators `

// Authenticators implements enrolments.CodeStore.
func (s *Store) Authenticators(ctx context.Context, id enrolments.PersonID) ([]enrolments.Authenticator, error) {
	var all []enrolments.Authenticator
	err := s.read().each(ctx, authenticatorQuery+`WHERE person_id = $1 AND confirmed ORDER BY created_at, id LIMIT $2`,
		[]any{string(id), enrolments.MaxAuthenticators}, func(scan func(...any) error) error {
			a, err := s.scanAuthenticator(scan)
			all = append(all, a)
			return err
		})
	if err != nil {
		return nil, err
	}
	if all == nil { // nobody, or somebody who has none?
		var found int
		return nil, s.read().one(ctx, `SELECT 1 FROM people WHERE id = $1`, []any{string(id)}, &found)
	}
	return all, nil
}

// Authenticator implements enrolments.CodeStore.
func (s *Store) Authenticator(ctx context.Context, id enrolments.AuthenticatorID) (a enrolments.Authenticator, err error) {
	err = s.read().each(ctx, authenticatorQuery+`WHERE id = $1`, []any{string(id)}, func(scan func(...any) error) error {
		a, err = s.scanAuthenticator(scan)
		return err
	})
	if err == nil && a.ID == "" {
		err = enrolments.ErrNotFound
	}
	return a, err
}

func (s *Store) scanAuthenticator(scan func(...any) error) (a enrolments.Authenticator, err error) {
	var sealed []byte
	var created int64
	if err := scan(&a.ID, &a.Person, &a.Phone, &sealed, &a.Confirmed, &a.LastStep, &created); err != nil {
		return a, err
	}
	secret, err := s.keys.Open(sealed, placeOf("authenticators", "secret", string(a.ID)))
	if err != nil {
		return enrolments.Authenticator{}, fmt.Errorf("secret of authenticator %s: %w", a.ID, err)
	}
	a.Secret, a.CreatedAt = secret, instant(created)
	return a, nil
}

func (s *Store) addAuthenticator(ctx context.Context, db session, a enrolments.Authenticator) error {
	if len(a.Secret) == 0 || len(a.Secret) > maxSecret {
		return fmt.Errorf("%w: a TOTP secret of %d bytes; it takes 1 to %d", enrolments.ErrInvalid, len(a.Secret), maxSecret)
	}
	var phone any // NULL for an authenticator app
	if a.Phone != "" {
		phone = string(a.Phone)
	}
	_, err := db.exec(ctx, `INSERT INTO authenticators (id, person_id, phone_id, secret, confirmed, last_step, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, string(a.ID), string(a.Person), phone,
		s.keys.Seal(a.Secret, placeOf("authenticators", "secret", string(a.ID))), a.Confirmed, a.LastStep, micros(a.CreatedAt))
	return err
}

// roomForAuthenticator refuses one more than a person may have. The person is
// locked, so that the count stands until the transaction ends.
func roomForAuthenticator(ctx context.Context, db session, id enrolments.PersonID) error {
	var count int
	err := db.one(ctx, `SELECT count(*) FROM authenticators WHERE person_id = $1 AND confirmed`, []any{string(id)}, &count)
	if err == nil && count >= enrolments.MaxAuthenticators {
		err = fmt.Errorf("%w: the person has %d authenticators already", enrolments.ErrInvalid, count)
	}
	return err
}

// BeginAuthenticator implements enrolments.PairingStore. The authenticator is
// the pairing's person's, unconfirmed and no phone's, whatever a says;
// ErrInvalid when the person has MaxAuthenticators already.
func (s *Store) BeginAuthenticator(ctx context.Context, id enrolments.PairingID, a enrolments.Authenticator, now time.Time) error {
	return s.write(ctx, func(ctx context.Context, db session) error {
		p, err := pairing(ctx, db, id, now)
		if err != nil {
			return err
		}
		if err := lockPerson(ctx, db, p.Person); err != nil {
			return err
		}
		if err := roomForAuthenticator(ctx, db, p.Person); err != nil {
			return err
		}
		if _, err := db.exec(ctx, `DELETE FROM authenticators WHERE NOT confirmed AND id =
			(SELECT authenticator_id FROM pairings WHERE id = $1)`, string(id)); err != nil {
			return err
		}
		if err := db.must(ctx, enrolments.ErrPairingSettled, `UPDATE pairings SET authenticator_id = $3, version = version + 1
			WHERE id = $1 AND NOT authenticator_confirmed AND expires_at > $2`,
			string(id), micros(now), string(a.ID)); err != nil {
			return err
		}
		a.Person, a.Phone, a.Confirmed = p.Person, "", false
		return s.addAuthenticator(ctx, db, a)
	})
}

// PutPhoneSecret implements enrolments.CodeStore. The authenticator is that of
// the phone's person, whatever a.Person says; ErrInvalid when the person has
// MaxAuthenticators already.
func (s *Store) PutPhoneSecret(ctx context.Context, a enrolments.Authenticator) error {
	return s.write(ctx, func(ctx context.Context, db session) error {
		err := db.one(ctx, `SELECT person_id FROM phones WHERE id = $1 AND active`, []any{string(a.Phone)}, &a.Person)
		if err != nil {
			return err
		}
		if err := lockPerson(ctx, db, a.Person); err != nil {
			return err
		}
		if _, err := db.exec(ctx, `DELETE FROM authenticators WHERE phone_id = $1`, string(a.Phone)); err != nil {
			return err
		}
		if err := roomForAuthenticator(ctx, db, a.Person); err != nil {
			return err
		}
		a.Confirmed = true
		return s.addAuthenticator(ctx, db, a)
	})
}

// RemoveAuthenticator implements enrolments.CodeStore.
func (s *Store) RemoveAuthenticator(ctx context.Context, person enrolments.PersonID, id enrolments.AuthenticatorID) error {
	return s.write(ctx, func(ctx context.Context, db session) error { return s.removeApp(ctx, db, person, id) })
}

// removeApp takes trust along: whoever has the app may have ticked the box.
func (s *Store) removeApp(ctx context.Context, db session, person enrolments.PersonID, id enrolments.AuthenticatorID) error {
	if err := s.endAllTrust(ctx, db, person); err != nil {
		return err
	}
	return db.must(ctx, enrolments.ErrNotFound, `DELETE FROM authenticators
		WHERE id = $1 AND person_id = $2 AND confirmed AND phone_id IS NULL`, string(id), string(person))
}

// BurnStep implements enrolments.CodeStore. To confirm one more than
// MaxAuthenticators is ErrInvalid.
func (s *Store) BurnStep(ctx context.Context, id enrolments.AuthenticatorID, step int64) error {
	n, err := s.once(ctx, `UPDATE authenticators SET last_step = $2 WHERE id = $1 AND confirmed AND last_step < $2`,
		string(id), step)
	if err != nil || n == 1 {
		return err
	}
	a, err := s.stepOf(ctx, s.read(), id)
	if err != nil {
		return err
	}
	if a.LastStep >= step {
		return enrolments.ErrCodeUsed
	}
	return s.confirmByStep(ctx, a.Person, id, step)
}

// stepOf reads an authenticator without its secret.
func (s *Store) stepOf(ctx context.Context, db session, id enrolments.AuthenticatorID) (a enrolments.Authenticator, err error) {
	err = db.one(ctx, `SELECT person_id, confirmed, last_step FROM authenticators WHERE id = $1`, []any{string(id)},
		&a.Person, &a.Confirmed, &a.LastStep)
	return a, err
}

// firstOf is first for the pairing that began an authenticator, if there is one.
func firstOf(ctx context.Context, db session, id enrolments.AuthenticatorID) error {
	p, err := onePairing(ctx, db, time.Time{}, `WHERE g.authenticator_id = $1`, string(id))
	if errors.Is(err, enrolments.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return first(ctx, db, p)
}

// confirmByStep spends the first step of an authenticator and confirms it.
func (s *Store) confirmByStep(ctx context.Context, person enrolments.PersonID, id enrolments.AuthenticatorID, step int64) error {
	return s.write(ctx, func(ctx context.Context, db session) error {
		if err := lockPerson(ctx, db, person); err != nil {
			return err
		}
		a, err := s.stepOf(ctx, db, id)
		if err != nil {
			return err
		}
		if !a.Confirmed {
			if err := firstOf(ctx, db, id); err != nil {
				return err
			}
			if err := roomForAuthenticator(ctx, db, person); err != nil {
				return err
			}
			if _, err := db.exec(ctx, `UPDATE pairings SET authenticator_confirmed = $2, version = version + 1
				WHERE authenticator_id = $1`, string(id), true); err != nil {
				return err
			}
		}
		return db.must(ctx, enrolments.ErrCodeUsed, `UPDATE authenticators SET last_step = $2, confirmed = $3
			WHERE id = $1 AND last_step < $2`, string(id), step, true)
	})
}
