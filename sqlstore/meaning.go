package sqlstore

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"countersign/enrolments"
)

// Codes of SQLite (extended result codes) and of PostgreSQL (SQLSTATE).
const (
	sqliteForeignKey = 787
	sqlitePrimaryKey = 1555
	sqliteUnique     = 2067

	postgresForeignKey = "23503"
	postgresUnique     = "23505"

	postgresSerialization = "40001"
	postgresDeadlock      = "40P01"
)

// meaning turns a violated constraint into the sentinel that it stands for: a
// row that is there already, or one that refers to a row that is not there.
func meaning(err error) error {
	switch code := codeOf(err); code {
	case sqlitePrimaryKey, sqliteUnique, postgresUnique:
		return enrolments.ErrExists
	case sqliteForeignKey, postgresForeignKey:
		return enrolments.ErrNotFound
	}
	return err
}

// undone reports whether PostgreSQL gave a transaction up for another's sake.
func undone(err error) bool {
	code := codeOf(err)
	return code == postgresSerialization || code == postgresDeadlock
}

// codeOf is the driver's code: an int of SQLite's, a string of PostgreSQL's, or
// nil.
func codeOf(err error) any {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code()
	}
	var post *pgconn.PgError
	if errors.As(err, &post) {
		return post.Code
	}
	return nil
}
