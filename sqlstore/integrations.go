package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"

	"countersign/enrolments"
)

// maxAliases bounds the aliases of one integration.
const maxAliases = 10_000

// integrationRow is an integration's policy as JSON. Names are stored: they
// never change.
type integrationRow struct {
	Disabled          bool     `json:"disabled,omitempty"`
	OldSignatures     string   `json:"old_signatures,omitempty"`
	PushWithoutNumber string   `json:"push_without_number,omitempty"`
	Domains           []string `json:"domains,omitempty"`
}

// AddIntegration implements enrolments.IntegrationStore.
func (s *Store) AddIntegration(ctx context.Context, a enrolments.Application, key enrolments.Hash, i enrolments.Integration) error {
	policy, err := json.Marshal(integrationRow(i.Policy))
	if err != nil {
		return err
	}
	sealed := s.keys.Seal([]byte(i.Secret.Reveal()), placeOf("integrations", "secret", string(i.Key)))
	return s.write(ctx, func(ctx context.Context, db session) error {
		if err := addApplication(ctx, db, a, key); err != nil {
			return err
		}
		_, err := db.exec(ctx, `INSERT INTO integrations (key, application_id, secret, policy, created_at)
			VALUES ($1, $2, $3, $4, $5)`, string(i.Key), string(a.ID), sealed, string(policy), micros(i.CreatedAt))
		return err
	})
}

const integrationQuery = `SELECT ` + applicationColumns + `, i.key, i.secret, i.policy, i.created_at
	FROM integrations i JOIN applications a ON a.id = i.application_id `

// Integration implements enrolments.IntegrationStore.
func (s *Store) Integration(ctx context.Context, key enrolments.IntegrationKey) (enrolments.Integration, enrolments.Application, error) {
	return s.integration(ctx, integrationQuery+`WHERE i.key = $1`, string(key))
}

// IntegrationOf implements enrolments.IntegrationStore.
func (s *Store) IntegrationOf(ctx context.Context, app enrolments.ApplicationID) (enrolments.Integration, error) {
	i, _, err := s.integration(ctx, integrationQuery+`WHERE i.application_id = $1`, string(app))
	return i, err
}

func (s *Store) integration(ctx context.Context, query, name string) (i enrolments.Integration, a enrolments.Application, err error) {
	err = s.read().each(ctx, query, []any{name}, func(scan func(...any) error) (err error) {
		i, a, err = s.scanIntegration(scan)
		return err
	})
	if err == nil && i.Key == "" {
		err = enrolments.ErrNotFound
	}
	if err != nil {
		return enrolments.Integration{}, enrolments.Application{}, err
	}
	return i, a, nil
}

func (s *Store) scanIntegration(scan func(...any) error) (i enrolments.Integration, a enrolments.Application, err error) {
	var sealed []byte
	var policy string
	var created int64
	if a, err = scanApplication(scan, &i.Key, &sealed, &policy, &created); err != nil {
		return i, a, err
	}
	secret, err := s.keys.Open(sealed, placeOf("integrations", "secret", string(i.Key)))
	if err != nil {
		return i, a, fmt.Errorf("secret of integration %s: %w", i.Key, err)
	}
	var row integrationRow
	if err := json.Unmarshal([]byte(policy), &row); err != nil {
		return i, a, fmt.Errorf("stored policy of integration %s: %w", i.Key, err)
	}
	i.Secret, i.Application, i.Policy = enrolments.SecretOf(string(secret)), a.ID, enrolments.IntegrationPolicy(row)
	i.CreatedAt = instant(created)
	return i, a, nil
}

// SetIntegrationPolicy implements enrolments.IntegrationStore.
func (s *Store) SetIntegrationPolicy(ctx context.Context, key enrolments.IntegrationKey, p enrolments.IntegrationPolicy) error {
	policy, err := json.Marshal(integrationRow(p))
	if err != nil {
		return err
	}
	return s.must(ctx, `UPDATE integrations SET policy = $2 WHERE key = $1`, string(key), string(policy))
}

// PutAlias implements enrolments.IntegrationStore. Beyond 10,000 aliases of an
// integration it is ErrInvalid.
func (s *Store) PutAlias(ctx context.Context, key enrolments.IntegrationKey, alias, user string) error {
	return s.write(ctx, func(ctx context.Context, db session) error {
		var count int
		if err := db.one(ctx, `SELECT count(*) FROM integration_aliases WHERE integration_key = $1`, []any{string(key)}, &count); err != nil {
			return err
		}
		if count >= maxAliases {
			return fmt.Errorf("%w: the integration has %d aliases, as many as there may be", enrolments.ErrInvalid, count)
		}
		_, err := db.exec(ctx, `INSERT INTO integration_aliases (integration_key, alias, user_name) VALUES ($1, $2, $3)
			ON CONFLICT (integration_key, alias) DO UPDATE SET user_name = excluded.user_name`, string(key), alias, user)
		return err
	})
}

// Alias implements enrolments.IntegrationStore.
func (s *Store) Alias(ctx context.Context, key enrolments.IntegrationKey, alias string) (user string, err error) {
	err = s.read().one(ctx, `SELECT user_name FROM integration_aliases WHERE integration_key = $1 AND alias = $2`,
		[]any{string(key), alias}, &user)
	return user, err
}
