package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"countersign/enrolments"
)

// maxApplications bounds the list of all.
const maxApplications = 1000

// keptKeys is how many keys of an application live at once.
const keptKeys = 2

// AddApplication implements enrolments.ApplicationStore. Beyond 1000
// applications it is ErrInvalid.
func (s *Store) AddApplication(ctx context.Context, a enrolments.Application, key enrolments.Hash) error {
	return s.write(ctx, func(ctx context.Context, db session) error {
		return addApplication(ctx, db, a, key)
	})
}

func addApplication(ctx context.Context, db session, a enrolments.Application, key enrolments.Hash) error {
	urls, err := json.Marshal(a.ReturnURLs)
	if err != nil {
		return err
	}
	policy, err := json.Marshal(policyRowOf(a.Policy))
	if err != nil {
		return err
	}
	var count int
	if err := db.one(ctx, `SELECT count(*) FROM applications`, nil, &count); err != nil {
		return err
	}
	if count >= maxApplications {
		return fmt.Errorf("%w: there are %d applications, as many as there may be", enrolments.ErrInvalid, count)
	}
	if _, err := db.exec(ctx, `INSERT INTO applications (id, name, return_urls, policy, created_at)
		VALUES ($1, $2, $3, $4, $5)`, string(a.ID), a.Name, string(urls), string(policy), micros(a.CreatedAt)); err != nil {
		return err
	}
	return addKey(ctx, db, a.ID, key, a.CreatedAt)
}

func addKey(ctx context.Context, db session, id enrolments.ApplicationID, key enrolments.Hash, now time.Time) error {
	_, err := db.exec(ctx, `INSERT INTO application_keys (application_id, number, hash, created_at)
		SELECT CAST($1 AS TEXT), COALESCE(MAX(number), 0) + 1, $2, CAST($3 AS BIGINT)
		FROM application_keys WHERE application_id = $1`, string(id), key[:], micros(now))
	return err
}

// Application implements enrolments.ApplicationStore.
func (s *Store) Application(ctx context.Context, id enrolments.ApplicationID) (enrolments.Application, []enrolments.Hash, error) {
	var a enrolments.Application
	var keys []enrolments.Hash
	err := s.read().each(ctx, `SELECT `+applicationColumns+`, k.hash
		FROM applications a LEFT JOIN application_keys k ON k.application_id = a.id
		WHERE a.id = $1 ORDER BY k.number DESC LIMIT 2`, []any{string(id)}, func(scan func(...any) error) (err error) {
		var raw []byte
		if a, err = scanApplication(scan, &raw); err != nil || raw == nil {
			return err
		}
		key, err := hashOf(raw)
		keys = append(keys, key)
		return err
	})
	if err == nil && a.ID == "" {
		err = enrolments.ErrNotFound
	}
	if err != nil {
		return enrolments.Application{}, nil, err
	}
	return a, keys, nil
}

const applicationColumns = `a.id, a.name, a.return_urls, a.policy, a.logo_digest, a.created_at`

// scanApplication reads applicationColumns and what more the row has.
func scanApplication(scan func(...any) error, more ...any) (a enrolments.Application, err error) {
	var urls, policy string
	var created int64
	if err := scan(append([]any{&a.ID, &a.Name, &urls, &policy, &a.Logo, &created}, more...)...); err != nil {
		return a, err
	}
	if err := json.Unmarshal([]byte(urls), &a.ReturnURLs); err != nil {
		return a, fmt.Errorf("stored return URLs of application %s: %w", a.ID, err)
	}
	a.CreatedAt = instant(created)
	a.Policy, err = parsePolicy(policy)
	return a, err
}

// Applications implements enrolments.ApplicationStore.
func (s *Store) Applications(ctx context.Context) ([]enrolments.Application, error) {
	var all []enrolments.Application
	err := s.read().each(ctx, `SELECT `+applicationColumns+` FROM applications a ORDER BY a.id LIMIT $1`, []any{maxApplications}, func(scan func(...any) error) error {
		a, err := scanApplication(scan)
		all = append(all, a)
		return err
	})
	return all, err
}

// ChangePolicy implements enrolments.ApplicationStore.
func (s *Store) ChangePolicy(ctx context.Context, id enrolments.ApplicationID, change func(*enrolments.Policy) error) error {
	return s.write(ctx, func(ctx context.Context, db session) error {
		var raw string
		err := db.one(ctx, `SELECT policy FROM applications WHERE id = $1`+db.lock, []any{string(id)}, &raw)
		if err != nil {
			return err
		}
		p, err := parsePolicy(raw)
		if err != nil {
			return err
		}
		if err := change(&p); err != nil {
			return err
		}
		changed, err := json.Marshal(policyRowOf(p))
		if err != nil {
			return err
		}
		return db.must(ctx, enrolments.ErrNotFound, `UPDATE applications SET policy = $2 WHERE id = $1`, string(id), string(changed))
	})
}

// SetLogo implements enrolments.ApplicationStore.
func (s *Store) SetLogo(ctx context.Context, id enrolments.ApplicationID, logo enrolments.Logo) error {
	digest := ""
	if logo.Image != nil {
		digest = logo.Digest()
	}
	return s.must(ctx, `UPDATE applications SET logo = $2, logo_type = $3, logo_digest = $4 WHERE id = $1`,
		string(id), logo.Image, logo.Type, digest)
}

// Logo implements enrolments.ApplicationStore.
func (s *Store) Logo(ctx context.Context, id enrolments.ApplicationID, digest string) (logo enrolments.Logo, err error) {
	err = s.read().one(ctx, `SELECT logo_type, logo FROM applications WHERE id = $1 AND logo_digest = $2 AND logo_digest <> ''`,
		[]any{string(id), digest}, &logo.Type, &logo.Image)
	return logo, err
}

// AddKey implements enrolments.ApplicationStore.
func (s *Store) AddKey(ctx context.Context, id enrolments.ApplicationID, key enrolments.Hash, now time.Time) error {
	return s.write(ctx, func(ctx context.Context, db session) error {
		if err := lockApplication(ctx, db, id); err != nil {
			return err
		}
		if err := addKey(ctx, db, id, key, now); err != nil {
			return err
		}
		_, err := dropKeys(ctx, db, id, keptKeys)
		return err
	})
}

// DropOldKeys implements enrolments.ApplicationStore.
func (s *Store) DropOldKeys(ctx context.Context, id enrolments.ApplicationID) (dropped int, err error) {
	err = s.write(ctx, func(ctx context.Context, db session) error {
		if err := lockApplication(ctx, db, id); err != nil {
			return err
		}
		dropped, err = dropKeys(ctx, db, id, 1)
		return err
	})
	return dropped, err
}

// lockApplication makes its caller the only one to change the application.
func lockApplication(ctx context.Context, db session, id enrolments.ApplicationID) error {
	var found string
	return db.one(ctx, `SELECT id FROM applications WHERE id = $1`+db.lock, []any{string(id)}, &found)
}

// dropKeys leaves the newest keep keys. Numbers have no gap at the top.
func dropKeys(ctx context.Context, db session, id enrolments.ApplicationID, keep int) (int, error) {
	n, err := db.exec(ctx, `DELETE FROM application_keys WHERE application_id = $1 AND number <=
		(SELECT MAX(number) FROM application_keys WHERE application_id = $1) - CAST($2 AS BIGINT)`, string(id), keep)
	return int(n), err
}
