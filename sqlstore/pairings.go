package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"countersign/enrolments"
)

// pairingsKept is how long a pairing that has ended can still be read.
const pairingsKept = 24 * time.Hour

const pairingQuery = `SELECT g.id, g.person_id, p.user_name, g.token, g.ticket, g.state, g.phone_id, g.digits,
	g.phone_name, g.platform, g.authenticator_id, g.authenticator_confirmed, g.codes_issued,
	g.created_at, g.expires_at, g.version, g.by_phone, g.replaces, g.free, g.removes, g.app_only, g.application_id,
	g.return_url, g.signing_in
	FROM pairings g JOIN people p ON p.id = g.person_id `

// AddPairing implements enrolments.PairingStore. It also clears away what the
// person's old pairings have left behind.
func (s *Store) AddPairing(ctx context.Context, p enrolments.Pairing) error {
	return s.write(ctx, func(ctx context.Context, db session) error {
		if p.Held {
			if err := lockUnlocked(ctx, db, p.Person); err != nil {
				return err
			}
		}
		return addPairing(ctx, db, p)
	})
}

func addPairing(ctx context.Context, db session, p enrolments.Pairing) error {
	if err := forgetPairings(ctx, db, p.Person, p.CreatedAt.Add(-pairingsKept)); err != nil {
		return err
	}
	_, err := db.exec(ctx, `INSERT INTO pairings (id, person_id, token, ticket, state, phone_id, digits,
			phone_name, platform, authenticator_id, authenticator_confirmed, codes_issued,
			created_at, expires_at, version, by_phone, replaces, free, removes, app_only, application_id,
			return_url, signing_in)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)`,
		string(p.ID), string(p.Person), p.Token[:], p.Ticket[:], string(p.State), string(p.Phone), p.Digits,
		p.PhoneName, p.Platform, string(p.Authenticator), p.AuthenticatorConfirmed, p.CodesIssued,
		micros(p.CreatedAt), micros(p.ExpiresAt), p.Version,
		string(p.By), p.Replace, p.Free, removesOf(p), p.AppOnly, string(p.Application), p.ReturnURL, p.SigningIn)
	if err != nil {
		return err
	}
	return boundPairings(ctx, db, p.Person)
}

// removesOf is Pairing.Removes as it is stored: ids have no space.
func removesOf(p enrolments.Pairing) string {
	var ids []string
	for _, id := range p.Removes {
		ids = append(ids, string(id))
	}
	return strings.Join(ids, " ")
}

// forgetPairings removes the person's pairings that ended before, with phones
// and authenticators that were begun in them and never confirmed.
func forgetPairings(ctx context.Context, db session, id enrolments.PersonID, before time.Time) error {
	for _, statement := range []string{
		`DELETE FROM authenticators WHERE person_id = $1 AND NOT confirmed AND id IN
			(SELECT authenticator_id FROM pairings WHERE person_id = $1 AND expires_at < $2)`,
		`DELETE FROM phones WHERE person_id = $1 AND NOT active AND claim_ends < $2`,
		`DELETE FROM pairings WHERE person_id = $1 AND expires_at < $2`,
	} {
		if _, err := db.exec(ctx, statement, string(id), micros(before)); err != nil {
			return err
		}
	}
	return nil
}

// boundPairings refuses the person's oldest open pairings above the bound.
func boundPairings(ctx context.Context, db session, id enrolments.PersonID) error {
	_, err := db.exec(ctx, `UPDATE pairings SET state = 'refused', version = version + 1
		WHERE person_id = $1 AND state = 'open' AND id NOT IN (SELECT id FROM pairings
			WHERE person_id = $1 AND state = 'open' ORDER BY created_at DESC, id LIMIT $2)`,
		string(id), enrolments.MaxOpenPairings)
	return err
}

// Pairing implements enrolments.PairingStore.
func (s *Store) Pairing(ctx context.Context, id enrolments.PairingID, now time.Time) (enrolments.Pairing, error) {
	return pairing(ctx, s.read(), id, now)
}

// EnterPairing implements enrolments.PairingStore.
func (s *Store) EnterPairing(ctx context.Context, id enrolments.PairingID, now time.Time) (entered enrolments.Pairing, err error) {
	err = s.write(ctx, func(ctx context.Context, db session) error {
		if _, err := pairing(ctx, db, id, now); err != nil {
			return err
		}
		if err := db.must(ctx, enrolments.ErrPairingSettled, `UPDATE pairings SET version = 2
			WHERE id = $1 AND state = 'open' AND version = 1 AND expires_at > $2`, string(id), micros(now)); err != nil {
			return err
		}
		entered, err = pairing(ctx, db, id, now)
		return err
	})
	if err != nil {
		return enrolments.Pairing{}, err
	}
	return entered, nil
}

func pairing(ctx context.Context, db session, id enrolments.PairingID, now time.Time) (enrolments.Pairing, error) {
	return onePairing(ctx, db, now, `WHERE g.id = $1`, string(id))
}

func onePairing(ctx context.Context, db session, now time.Time, where string, args ...any) (enrolments.Pairing, error) {
	var p enrolments.Pairing
	var token, ticket []byte
	var removes string
	var created, expires int64
	err := db.one(ctx, pairingQuery+where, args, &p.ID, &p.Person, &p.User, &token, &ticket, &p.State,
		&p.Phone, &p.Digits, &p.PhoneName, &p.Platform, &p.Authenticator, &p.AuthenticatorConfirmed,
		&p.CodesIssued, &created, &expires, &p.Version, &p.By, &p.Replace, &p.Free, &removes, &p.AppOnly, &p.Application,
		&p.ReturnURL, &p.SigningIn)
	if err != nil {
		return enrolments.Pairing{}, err
	}
	if p.Token, err = hashOf(token); err != nil {
		return enrolments.Pairing{}, err
	}
	if p.Ticket, err = hashOf(ticket); err != nil {
		return enrolments.Pairing{}, err
	}
	for _, id := range strings.Fields(removes) {
		p.Removes = append(p.Removes, enrolments.PhoneID(id))
	}
	p.CreatedAt, p.ExpiresAt = instant(created), instant(expires)
	unsettled := p.State == enrolments.PairingOpen || p.State == enrolments.PairingClaimed
	if unsettled && !now.Before(p.ExpiresAt) {
		p.State = enrolments.PairingExpired
	}
	return p, nil
}

// Claim implements enrolments.PairingStore. The phone becomes that of the
// pairing's person, whatever phone.Person says.
func (s *Store) Claim(ctx context.Context, ticket enrolments.Hash, phone enrolments.Phone, digits string, now time.Time) (claimed enrolments.Pairing, err error) {
	err = s.write(ctx, func(ctx context.Context, db session) error {
		var id enrolments.PairingID
		// The one step that decides: the ticket is spent by the row's change.
		err := db.one(ctx, `UPDATE pairings SET state = 'claimed', phone_id = $3, digits = $4, phone_name = $5,
			platform = $6, version = version + 1
			WHERE ticket = $1 AND state = 'open' AND expires_at > $2 AND NOT app_only RETURNING id`,
			[]any{ticket[:], micros(now), string(phone.ID), digits, phone.Name, phone.Platform}, &id)
		if errors.Is(err, enrolments.ErrNotFound) { // unknown, spent or out of time: one answer
			return enrolments.ErrTicket
		}
		if err != nil {
			return err
		}
		if claimed, err = pairing(ctx, db, id, now); err != nil {
			return err
		}
		phone.Person = claimed.Person
		return s.addPhone(ctx, db, phone, claimed.ExpiresAt)
	})
	if err != nil {
		return enrolments.Pairing{}, err
	}
	return claimed, nil
}

// Confirm implements enrolments.PairingStore.
func (s *Store) Confirm(ctx context.Context, id enrolments.PairingID, match bool, now time.Time) (settled enrolments.Pairing, err error) {
	var late error // what is refused is refused for good, in the same step
	err = s.write(ctx, func(ctx context.Context, db session) error {
		p, err := pairing(ctx, db, id, now)
		if err != nil {
			return err
		}
		if err := lockPerson(ctx, db, p.Person); err != nil {
			return err
		}
		late = nil
		if err := first(ctx, db, p); err != nil && match {
			late, match = err, false
		}
		state := enrolments.PairingRefused
		if match {
			state = enrolments.PairingActive
		}
		if err := db.must(ctx, enrolments.ErrPairingSettled, `UPDATE pairings SET state = $3, version = version + 1
			WHERE id = $1 AND state = 'claimed' AND expires_at > $2`, string(id), micros(now), string(state)); err != nil {
			return err
		}
		if err := s.replacePhone(ctx, db, p, match); err != nil {
			return err
		}
		if err := settlePhone(ctx, db, p, match); err != nil {
			return err
		}
		settled, err = pairing(ctx, db, id, now)
		return err
	})
	if err = errors.Join(err, late); err != nil {
		return enrolments.Pairing{}, err
	}
	return settled, nil
}

// first refuses what a Free pairing would add to a person who has something by
// another meanwhile. The person is locked.
func first(ctx context.Context, db session, p enrolments.Pairing) error {
	if !p.Free {
		return nil
	}
	var others int
	err := db.one(ctx, `SELECT
		(SELECT count(*) FROM phones WHERE person_id = $1 AND active AND id <> $2) +
		(SELECT count(*) FROM authenticators WHERE person_id = $1 AND confirmed AND id <> $3
			AND (phone_id IS NULL OR phone_id <> $2))`,
		[]any{string(p.Person), string(p.Phone), string(p.Authenticator)}, &others)
	if err == nil && others > 0 {
		err = enrolments.ErrFreshApproval
	}
	return err
}

// replacePhone removes the phones whose place the new one takes, and ends the
// recovery that led to it: they stop in the very step in which it starts.
func (s *Store) replacePhone(ctx context.Context, db session, p enrolments.Pairing, match bool) error {
	if !match {
		return nil
	}
	recovered, err := db.exec(ctx, `UPDATE recoveries SET done = $2 WHERE pairing_id = $1`, string(p.ID), true)
	if err != nil {
		return err
	}
	if recovered > 0 || p.Replace || len(p.Removes) > 0 {
		if err := s.endAllTrust(ctx, db, p.Person); err != nil {
			return err
		}
	}
	for _, id := range p.Removes {
		if _, err := db.exec(ctx, `DELETE FROM phones WHERE id = $1 AND person_id = $2 AND active`,
			string(id), string(p.Person)); err != nil {
			return err
		}
	}
	if !p.Replace {
		return nil
	}
	return db.must(ctx, enrolments.ErrNotFound, `DELETE FROM phones WHERE id = $1 AND person_id = $2 AND active`,
		string(p.By), string(p.Person))
}

// settlePhone activates the pairing's phone or removes it. The person is
// locked, so that the count stands until the transaction ends.
func settlePhone(ctx context.Context, db session, p enrolments.Pairing, match bool) error {
	if !match {
		_, err := db.exec(ctx, `DELETE FROM phones WHERE id = $1 AND NOT active`, string(p.Phone))
		return err
	}
	var count int
	err := db.one(ctx, `SELECT count(*) FROM phones WHERE person_id = $1 AND active`, []any{string(p.Person)}, &count)
	if err != nil {
		return err
	}
	if count >= enrolments.MaxPhones {
		return fmt.Errorf("%w: %s has %d phones already; remove one first", enrolments.ErrInvalid, p.User, count)
	}
	return db.must(ctx, enrolments.ErrPairingSettled,
		`UPDATE phones SET active = $2 WHERE id = $1 AND NOT active`, string(p.Phone), true)
}

// spendApproval fails for one that was spent before: its key is there.
const spendApproval = `INSERT INTO spent_approvals (approval, spent_at) VALUES ($1, $2)`

// SpendApproval implements enrolments.PairingStore.
func (s *Store) SpendApproval(ctx context.Context, approval string, now time.Time) error {
	_, err := s.once(ctx, spendApproval, approval, micros(now))
	return err
}
