package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"countersign/enrolments"
)

// maxClaim bounds what one claim takes.
const maxClaim = 64

// ClaimDeliveries implements enrolments.NoticeStore. A limit out of bounds is
// ErrInvalid.
func (s *Store) ClaimDeliveries(ctx context.Context, c enrolments.Channel, limit int, lease time.Duration, now time.Time) (all []enrolments.Delivery, err error) {
	if limit < 1 || limit > maxClaim {
		return nil, fmt.Errorf("%w: a claim of %d deliveries; it takes 1 to %d", enrolments.ErrInvalid, limit, maxClaim)
	}
	due, err := s.hasDue(ctx, c, now)
	if err != nil || !due {
		return nil, err
	}
	err = s.write(ctx, func(ctx context.Context, db session) error {
		ids, err := claim(ctx, db, c, limit, lease, now)
		if err != nil {
			return err
		}
		all = nil
		for _, id := range ids {
			d, err := s.delivery(ctx, db, id)
			if err != nil {
				return err
			}
			all = append(all, d)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// hasDue spares the database a write: nearly always nothing is.
func (s *Store) hasDue(ctx context.Context, c enrolments.Channel, now time.Time) (due bool, err error) {
	var count int
	err = s.read().one(ctx, `SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE channel = $1 AND due_at <= $2 LIMIT 1) AS due`,
		[]any{string(c), micros(now)}, &count)
	return count > 0, err
}

// claim moves what is due behind the lease, in the one step that decides: of two
// who found the same rows, the second finds them no longer due.
func claim(ctx context.Context, db session, c enrolments.Channel, limit int, lease time.Duration, now time.Time) (ids []enrolments.DeliveryID, err error) {
	err = db.each(ctx, `UPDATE deliveries SET tries = tries + 1, due_at = $4 WHERE due_at <= $2 AND id IN
		(SELECT id FROM deliveries WHERE channel = $1 AND due_at <= $2 ORDER BY due_at, id LIMIT $3) RETURNING id`,
		[]any{string(c), micros(now), limit, micros(now.Add(lease))}, func(scan func(...any) error) error {
			var id enrolments.DeliveryID
			err := scan(&id)
			ids = append(ids, id)
			return err
		})
	return ids, err
}

// delivery reads one that was claimed in the same transaction.
func (s *Store) delivery(ctx context.Context, db session, id enrolments.DeliveryID) (d enrolments.Delivery, err error) {
	var address, secret []byte
	d.ID = id
	err = db.each(ctx, `SELECT `+noticeColumns+`, d.channel, d.address, d.language, d.tries, n.secret
		FROM deliveries d JOIN notices n ON n.id = d.notice_id JOIN people p ON p.id = n.person_id WHERE d.id = $1`,
		[]any{string(id)}, func(scan func(...any) error) error {
			d.Notice, err = scanNotice(scan, &d.Channel, &address, &d.Language, &d.Tries, &secret)
			return err
		})
	if err != nil {
		return enrolments.Delivery{}, err
	}
	if d.To, err = s.openText(address, placeOf("deliveries", "address", string(id))); err != nil {
		return enrolments.Delivery{}, fmt.Errorf("address of delivery %s: %w", id, err)
	}
	token, err := s.openText(secret, placeOf("notices", "secret", string(d.Notice.ID)))
	if err != nil {
		return enrolments.Delivery{}, fmt.Errorf("secret of notice %s: %w", d.Notice.ID, err)
	}
	d.Token = enrolments.SecretOf(token)
	return d, nil
}

// openText opens a sealed text; none is empty.
func (s *Store) openText(sealed []byte, place string) (string, error) {
	if sealed == nil {
		return "", nil
	}
	plain, err := s.keys.Open(sealed, place)
	return string(plain), err
}

// EndDelivery implements enrolments.NoticeStore. With the last delivery of a
// notice goes the secret: from then on only whoever was told has it.
func (s *Store) EndDelivery(ctx context.Context, d enrolments.Delivery, events ...enrolments.Event) (ended bool, err error) {
	for _, e := range events {
		if err := checkEvent(e); err != nil {
			return false, err
		}
	}
	err = s.write(ctx, func(ctx context.Context, db session) error {
		ended = false
		// The notice first, so that of two last deliveries one finds itself the last.
		var found string
		err := db.one(ctx, `SELECT id FROM notices WHERE id = $1`+db.lock, []any{string(d.Notice.ID)}, &found)
		if errors.Is(err, enrolments.ErrNotFound) {
			return nil // too old, and forgotten with its deliveries
		}
		if err != nil {
			return err
		}
		n, err := db.exec(ctx, `DELETE FROM deliveries WHERE id = $1 AND tries = $2`, string(d.ID), d.Tries)
		if ended = n == 1; err != nil || !ended {
			return err
		}
		if _, err := db.exec(ctx, `UPDATE notices SET secret = NULL WHERE id = $1
			AND NOT EXISTS (SELECT 1 FROM deliveries WHERE notice_id = $1)`, string(d.Notice.ID)); err != nil {
			return err
		}
		if len(events) == 0 {
			return nil
		}
		return s.chain(ctx, db, events)
	})
	return ended && err == nil, err
}

// PutOffDelivery implements enrolments.NoticeStore.
func (s *Store) PutOffDelivery(ctx context.Context, d enrolments.Delivery, until time.Time) error {
	_, err := s.once(ctx, `UPDATE deliveries SET due_at = $3 WHERE id = $1 AND tries = $2`,
		string(d.ID), d.Tries, micros(until))
	return err
}
