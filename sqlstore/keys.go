package sqlstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"countersign/enrolments"
)

const (
	// maxSigningKeys bounds the keys that are published at once.
	maxSigningKeys = 16
	// maxSigningKey bounds one key in bytes; a P-256 one has 138.
	maxSigningKey = 8 << 10
	// resealPage is how many values one transaction seals again.
	resealPage = 200
)

// placeOf is the context that binds a sealed value to where it stands.
func placeOf(table, column, id string) string {
	return "countersign-sql\x00" + table + "\x00" + column + "\x00" + id
}

// SigningKeys implements enrolments.Store. A fresh key has 1 to 8192 bytes.
func (s *Store) SigningKeys(ctx context.Context, fresh []byte, now time.Time) ([][]byte, error) {
	keys, err := s.signingKeys(ctx, s.read())
	if err != nil || len(keys) > 0 {
		return keys, err
	}
	if len(fresh) == 0 || len(fresh) > maxSigningKey {
		return nil, fmt.Errorf("%w: a signing key of %d bytes", enrolments.ErrInvalid, len(fresh))
	}
	err = s.write(ctx, func(ctx context.Context, db session) error {
		if _, err := db.exec(ctx, `INSERT INTO signing_keys (number, key, created_at) VALUES (1, $1, $2)
			ON CONFLICT (number) DO NOTHING`, s.keys.Seal(fresh, placeOf("signing_keys", "key", "1")), micros(now)); err != nil {
			return err
		}
		keys, err = s.signingKeys(ctx, db)
		return err
	})
	if err != nil {
		return nil, err
	}
	return keys, nil
}

func (s *Store) signingKeys(ctx context.Context, db session) ([][]byte, error) {
	var keys [][]byte
	err := db.each(ctx, `SELECT number, key FROM signing_keys ORDER BY number DESC LIMIT $1`, []any{maxSigningKeys},
		func(scan func(...any) error) error {
			var number int64
			var sealed []byte
			if err := scan(&number, &sealed); err != nil {
				return err
			}
			key, err := s.keys.Open(sealed, placeOf("signing_keys", "key", strconv.FormatInt(number, 10)))
			keys = append(keys, key)
			return err
		})
	if err != nil {
		return nil, err
	}
	return keys, nil
}

// checkKeys refuses a keyring that does not open what is stored, at once
// rather than at somebody's sign-in.
func (s *Store) checkKeys(ctx context.Context) error {
	if _, err := s.signingKeys(ctx, s.read()); err != nil {
		return fmt.Errorf("database: the keyring is not the one that sealed its secrets: %w", err)
	}
	return nil
}

// sealedColumns are all the places of sealed values. id is an expression for
// the text that a value is bound to.
var sealedColumns = []struct{ table, column, id string }{
	{"authenticators", "secret", "id"},
	{"phones", "push", "id"},
	{"integrations", "secret", "key"},
	{"backup_emails", "address", "person_id"},
	{"email_codes", "code", "id"},
	{"email_codes", "address", "id"},
	{"security_questions", "answers", "person_id"},
	{"changes", "details", "approval"},
	{"notices", "secret", "id"},
	{"deliveries", "address", "id"},
	{"signing_keys", "key", "CAST(number AS TEXT)"},
	{"audit_head", "seal", "CAST(number AS TEXT)"},
}

// Reseal seals under the current key what older keys sealed, and returns how
// many values that were. When it has returned without an error, and every node
// runs with the new key first, the older keys can go. It may run beside
// everything else and be repeated.
func (s *Store) Reseal(ctx context.Context) (n int, err error) {
	for _, c := range sealedColumns {
		query := fmt.Sprintf(`SELECT %[3]s, %[2]s FROM %[1]s WHERE %[2]s IS NOT NULL AND %[3]s > $1 ORDER BY %[3]s LIMIT %[4]d`,
			c.table, c.column, c.id, resealPage)
		// The old value in the condition: what has changed meanwhile is sealed
		// by who changed it.
		update := fmt.Sprintf(`UPDATE %[1]s SET %[2]s = $3 WHERE %[3]s = $1 AND %[2]s = $2`, c.table, c.column, c.id)
		for last, more := "", true; more; {
			var done int
			last, done, err = s.resealPage(ctx, query, update, last, func(id string) string { return placeOf(c.table, c.column, id) })
			n += done
			if err != nil {
				return n, fmt.Errorf("%s.%s: %w", c.table, c.column, err)
			}
			more = last != ""
		}
	}
	return n, nil
}

type sealedRow struct {
	id    string
	value []byte
}

// resealPage seals the stale ones of the rows after last, and returns the last
// of them, or "" at the end.
func (s *Store) resealPage(ctx context.Context, query, update, last string, place func(id string) string) (end string, n int, err error) {
	err = s.write(ctx, func(ctx context.Context, db session) error {
		end, n = "", 0
		var rows []sealedRow
		if err := db.each(ctx, query, []any{last}, func(scan func(...any) error) error {
			var r sealedRow
			err := scan(&r.id, &r.value)
			rows = append(rows, r)
			return err
		}); err != nil {
			return err
		}
		for _, r := range rows {
			end = r.id
			if !s.keys.Stale(r.value) {
				continue
			}
			plain, err := s.keys.Open(r.value, place(r.id))
			if err != nil {
				return fmt.Errorf("row %s: %w", r.id, err)
			}
			changed, err := db.exec(ctx, update, r.id, r.value, s.keys.Seal(plain, place(r.id)))
			if err != nil {
				return err
			}
			n += int(changed)
		}
		return nil
	})
	if err != nil {
		return "", 0, err
	}
	return end, n, nil
}
