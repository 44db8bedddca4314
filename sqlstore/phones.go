package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"countersign/enrolments"
	"countersign/internal/jws"
	"countersign/push"
)

// there chooses phones that are active, or claimed by a pairing that still
// runs at $2.
const there = ` (active OR claim_ends > $2)`

// phoneRow is a phone as it is stored.
type phoneRow struct {
	id                  enrolments.PhoneID
	person              enrolments.PersonID
	name, platform, key string
	push                []byte
	active              bool
	added, used         int64
}

func (s *Store) phone(r phoneRow) (enrolments.Phone, error) {
	key, err := jws.ParseKey([]byte(r.key))
	if err != nil {
		return enrolments.Phone{}, fmt.Errorf("stored key of phone %s: %w", r.id, err)
	}
	target, err := s.openTarget(r.id, r.push)
	if err != nil {
		return enrolments.Phone{}, err
	}
	return enrolments.Phone{
		ID: r.id, Person: r.person, Name: r.name, Platform: r.platform, Key: key, Push: target,
		Active: r.active, AddedAt: instant(r.added), LastUsedAt: instant(r.used),
	}, nil
}

// addPhone stores a claimed phone that is there until ends.
func (s *Store) addPhone(ctx context.Context, db session, f enrolments.Phone, ends time.Time) error {
	sealed, hash, err := s.sealTarget(f.ID, f.Push)
	if err != nil {
		return err
	}
	_, err = db.exec(ctx, `INSERT INTO phones (id, person_id, name, platform, public_key, push, push_hash,
		active, claim_ends, added_at, last_used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		string(f.ID), string(f.Person), f.Name, f.Platform, string(f.Key.JSON()), sealed, hash,
		false, micros(ends), micros(f.AddedAt), micros(f.LastUsedAt))
	return err
}

// Phone implements enrolments.PersonStore.
func (s *Store) Phone(ctx context.Context, id enrolments.PhoneID) (enrolments.Phone, string, error) {
	var r phoneRow
	var user string
	err := s.read().one(ctx, `SELECT f.id, f.person_id, f.name, f.platform, f.public_key, f.push, f.active,
		f.added_at, f.last_used_at, p.user_name
		FROM phones f JOIN people p ON p.id = f.person_id WHERE f.id = $1 AND`+there,
		[]any{string(id), micros(s.now())},
		&r.id, &r.person, &r.name, &r.platform, &r.key, &r.push, &r.active, &r.added, &r.used, &user)
	if err != nil {
		return enrolments.Phone{}, "", err
	}
	f, err := s.phone(r)
	if err != nil {
		return enrolments.Phone{}, "", err
	}
	return f, user, nil
}

// RenamePhone implements enrolments.PersonStore.
func (s *Store) RenamePhone(ctx context.Context, id enrolments.PhoneID, name string) error {
	return s.must(ctx, `UPDATE phones SET name = $3 WHERE id = $1 AND active AND`+there, string(id), micros(s.now()), name)
}

// SetPushTarget implements enrolments.PersonStore.
func (s *Store) SetPushTarget(ctx context.Context, id enrolments.PhoneID, target *push.Target) error {
	sealed, hash, err := s.sealTarget(id, target)
	if err != nil {
		return err
	}
	return s.must(ctx, `UPDATE phones SET push = $3, push_hash = $4 WHERE id = $1 AND`+there,
		string(id), micros(s.now()), sealed, hash)
}

// ForgetPushTarget implements enrolments.PersonStore.
func (s *Store) ForgetPushTarget(ctx context.Context, id enrolments.PhoneID, target push.Target) (bool, error) {
	raw, err := json.Marshal(targetRow(target))
	if err != nil {
		return false, err
	}
	n, err := s.once(ctx, `UPDATE phones SET push = NULL, push_hash = NULL
		WHERE id = $1 AND push_hash = $3 AND`+there, string(id), micros(s.now()), targetHash(raw))
	if err != nil || n == 1 {
		return n == 1, err
	}
	_, _, err = s.Phone(ctx, id)
	return false, err
}

// UsedPhone implements enrolments.PersonStore.
func (s *Store) UsedPhone(ctx context.Context, id enrolments.PhoneID, at time.Time) error {
	return s.must(ctx, `UPDATE phones SET last_used_at = CASE WHEN last_used_at < $3 THEN $3 ELSE last_used_at END
		WHERE id = $1 AND`+there, string(id), micros(s.now()), micros(at))
}

// RemovePhone implements enrolments.PersonStore. The pairing of a phone that
// was only claimed is refused by it: there is nothing left to confirm.
func (s *Store) RemovePhone(ctx context.Context, id enrolments.PhoneID) error {
	now := micros(s.now())
	return s.write(ctx, func(ctx context.Context, db session) error {
		var owner enrolments.PersonID
		err := db.one(ctx, `SELECT person_id FROM phones WHERE id = $1 AND active`, []any{string(id)}, &owner)
		if err == nil {
			err = s.endAllTrust(ctx, db, owner)
		}
		if err != nil && !errors.Is(err, enrolments.ErrNotFound) {
			return err
		}
		if _, err := db.exec(ctx, `UPDATE pairings SET state = 'refused', version = version + 1
			WHERE phone_id = $1 AND state = 'claimed'`, string(id)); err != nil {
			return err
		}
		// Its authenticator goes with it: ON DELETE CASCADE.
		return db.must(ctx, enrolments.ErrNotFound, `DELETE FROM phones WHERE id = $1 AND`+there, string(id), now)
	})
}
