package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// migrations holds one folder a database, with files of equal names.
//
//go:embed migrations
var migrations embed.FS

// migrate brings the tables up to date. The caller is alone on the database.
func migrate(ctx context.Context, pool *sql.DB, database string) error {
	folder, err := fs.Sub(migrations, "migrations/"+database)
	if err != nil {
		return err
	}
	dialect := map[string]goose.Dialect{"sqlite": goose.DialectSQLite3, "postgres": goose.DialectPostgres}[database]
	steps, err := goose.NewProvider(dialect, pool, folder, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	is, known, err := steps.GetVersions(ctx)
	if err != nil {
		return err
	}
	if is > known {
		return fmt.Errorf("its tables are of version %d, of a newer program than this one (%d)", is, known)
	}
	_, err = steps.Up(ctx)
	return err
}
