package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite", in pure Go
)

// What the writer's line holds: callers waiting, and callers a transaction.
const (
	writerQueue = 1024
	writerBatch = 128
)

// sqliteFile is a database in one file. Its writer connection belongs to the line's goroutine.
type sqliteFile struct {
	writes *line[work]
	conn   *sql.Conn
	writer session
	reads  session
	pools  [2]*sql.DB
}

// openSQLite opens or makes the file at path, readable by its owner alone.
func openSQLite(ctx context.Context, path string, readers int) (*sqliteFile, error) {
	path, err := privateFile(path)
	if err != nil {
		return nil, err
	}
	pool, err := prepareFile(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", path, err)
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	readPool, err := sql.Open("sqlite", fileURL(path, "query_only(1)"))
	if err != nil {
		return nil, errors.Join(err, conn.Close(), pool.Close())
	}
	readPool.SetMaxOpenConns(readers)
	readPool.SetMaxIdleConns(readers)
	s := &sqliteFile{
		conn:   conn,
		writer: session{on: &prepared{on: conn}},
		reads:  session{on: &prepared{on: readPool}, asks: true},
		pools:  [2]*sql.DB{readPool, pool},
	}
	s.writes = newLine(writerQueue, writerBatch, s.commit)
	return s, nil
}

// privateFile makes the file before the database does, so that it, and the log
// beside it that takes its mode, is never readable by others.
func privateFile(path string) (string, error) {
	if path == "" || path == ":memory:" || strings.HasPrefix(path, "//") || strings.Contains(path, "\x00") {
		return "", fmt.Errorf("%w; PATH names a file", errURL)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("database %s: make the folder first: %w", path, fs.ErrNotExist)
	}
	if err != nil {
		return "", fmt.Errorf("database: %w", err)
	}
	return path, errors.Join(file.Chmod(0o600), file.Close())
}

// prepareFile opens the file's one writing connection and migrates, alone on
// the file: turning the write-ahead log on and migrating are not made for two.
func prepareFile(ctx context.Context, path string) (_ *sql.DB, err error) {
	unlock, err := lockFile(ctx, path+".lock")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	pool, err := sql.Open("sqlite", fileURL(path))
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(1)
	if err := migrate(ctx, pool, "sqlite"); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return pool, nil
}

// lockFile holds path against other openers, in this process or another, until
// unlock or the end of the process. The lock is SQLite's own on a second,
// empty database, which works wherever SQLite does.
func lockFile(ctx context.Context, path string) (unlock func() error, err error) {
	path, err = privateFile(path)
	if err != nil {
		return nil, err
	}
	pool, err := sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: path,
		RawQuery: "_pragma=busy_timeout(60000)&_txlock=exclusive"}).String())
	if err != nil {
		return nil, err
	}
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return func() error { return errors.Join(tx.Rollback(), pool.Close()) }, nil
}

// fileURL names the file with what every connection needs: a commit is on the
// disk when it returns (FULL), and who finds another process writing waits.
func fileURL(path string, more ...string) string {
	query := url.Values{
		"_txlock": {"immediate"},
		"_pragma": append([]string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)",
			"foreign_keys(1)", "trusted_schema(0)"}, more...),
	}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: query.Encode()}).String()
}

func (s *sqliteFile) reader() session { return s.reads }

func (s *sqliteFile) write(ctx context.Context, fn work) error { return s.writes.do(ctx, fn) }

func (s *sqliteFile) once(ctx context.Context, query string, args ...any) (changed int64, err error) {
	err = s.write(ctx, func(ctx context.Context, db session) (err error) {
		changed, err = db.exec(ctx, query, args...)
		return err
	})
	return changed, err
}

func (s *sqliteFile) snapshot(ctx context.Context, fn work) error {
	tx, err := s.pools[0].BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return fn(ctx, session{on: tx, asks: true})
}

func (s *sqliteFile) close() error {
	s.writes.close()
	return errors.Join(s.conn.Close(), s.pools[0].Close(), s.pools[1].Close())
}

// commit runs all callers' work in one transaction and returns each one's
// error. It takes no caller's context: a statement that is interrupted ends the
// transaction of all.
func (s *sqliteFile) commit(batch []work) []error {
	ctx := context.Background()
	errs := make([]error, len(batch))
	if err := s.control(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fail(errs, err)
	}
	for i, fn := range batch {
		var intact bool
		if errs[i], intact = s.inSavepoint(ctx, fn); !intact {
			// SQLite has undone the whole transaction (a full disk, say):
			// going on would commit the rest one by one.
			err := errs[i]
			clear(errs)
			s.control(ctx, "ROLLBACK")
			return fail(errs, err)
		}
	}
	if err := s.control(ctx, "COMMIT"); err != nil {
		s.control(ctx, "ROLLBACK")
		return fail(errs, err)
	}
	return errs
}

// inSavepoint runs fn so that its error undoes its own changes alone; intact is
// false when that was not possible.
func (s *sqliteFile) inSavepoint(ctx context.Context, fn work) (err error, intact bool) {
	if err := s.control(ctx, "SAVEPOINT caller"); err != nil {
		return err, false
	}
	err = fn(ctx, s.writer)
	if err != nil {
		if undo := s.control(ctx, "ROLLBACK TO caller"); undo != nil {
			return errors.Join(err, undo), false
		}
	}
	if release := s.control(ctx, "RELEASE caller"); release != nil {
		return errors.Join(err, release), false
	}
	return err, true
}

func (s *sqliteFile) control(ctx context.Context, statement string) error {
	_, err := s.writer.exec(ctx, statement)
	return err
}

// fail gives err to all who have none of their own.
func fail(errs []error, err error) []error {
	for i := range errs {
		if errs[i] == nil {
			errs[i] = err
		}
	}
	return errs
}
