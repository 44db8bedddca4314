package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// migrationLock is the advisory lock that nodes starting at once queue for:
// "countersign" has no number, so one drawn by lot, the same for ever.
const migrationLock = 4_716_203_955_021_881

// maxRetries bounds how often a transaction that the database undid to end a
// deadlock is run again.
const maxRetries = 3

type postgresPool struct{ pool *sql.DB }

func openPostgres(ctx context.Context, url string, connections int) (*postgresPool, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errURL // the parser's text may repeat parts of the URL
	}
	pool := stdlib.OpenDB(*cfg)
	if err := preparePool(ctx, pool); err != nil {
		return nil, errors.Join(fmt.Errorf("database: %w", err), pool.Close())
	}
	// Only now: preparing takes two, one of them to hold the lock.
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return &postgresPool{pool}, nil
}

// preparePool migrates under a lock that the server gives back with the
// connection, however this process ends.
func preparePool(ctx context.Context, pool *sql.DB) error {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	var encoding string
	if err := conn.QueryRowContext(ctx, `SHOW server_encoding`).Scan(&encoding); err != nil {
		return err
	}
	if encoding != "UTF8" {
		return fmt.Errorf("its encoding is %s; create it with ENCODING 'UTF8'", encoding)
	}
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, int64(migrationLock)); err != nil {
		return err
	}
	err = migrate(ctx, pool, "postgres")
	// Not the caller's context: the lock is given back even when that ended.
	_, unlock := conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, int64(migrationLock))
	return errors.Join(err, unlock)
}

func (p *postgresPool) reader() session { return session{on: p.pool, asks: true} }

// write names its isolation, whatever the database's default is: a conditional
// UPDATE that has waited for another caller must see what that one did.
func (p *postgresPool) write(ctx context.Context, fn work) error {
	for try := 0; ; try++ {
		err := p.attempt(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted}, fn)
		if try == maxRetries || !undone(err) {
			return err
		}
	}
}

func (p *postgresPool) once(ctx context.Context, query string, args ...any) (int64, error) {
	return p.reader().exec(ctx, query, args...)
}

func (p *postgresPool) snapshot(ctx context.Context, fn work) error {
	return p.attempt(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, fn)
}

func (p *postgresPool) attempt(ctx context.Context, options *sql.TxOptions, fn work) error {
	tx, err := p.pool.BeginTx(ctx, options)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	// NO KEY: whoever adds a row that refers to the locked one need not wait.
	if err := fn(ctx, session{on: tx, lock: " FOR NO KEY UPDATE"}); err != nil {
		return err
	}
	return tx.Commit()
}

func (p *postgresPool) close() error { return p.pool.Close() }
