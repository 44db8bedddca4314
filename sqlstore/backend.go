package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"countersign/enrolments"
)

// backend is what differs between the databases.
type backend interface {
	// reader sees what is committed; each statement by itself.
	reader() session
	// write runs fn in one transaction, kept when fn returns nil. It may run
	// fn again after the database has undone it. An error from a context that
	// ended before the write began means that nothing was changed.
	write(ctx context.Context, fn work) error
	// once runs one statement as a transaction.
	once(ctx context.Context, query string, args ...any) (changed int64, err error)
	// snapshot runs fn over one unchanging state.
	snapshot(ctx context.Context, fn work) error
	close() error
}

// work is what a caller does in a transaction. After an error of a statement it
// returns; it starts nothing that outlives it.
type work func(ctx context.Context, db session) error

// queryer is what *sql.DB, *sql.Tx and prepared have in common.
type queryer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// session speaks to the database: inside a transaction, or a reader.
type session struct {
	on queryer
	// lock is what a SELECT ends in to hold its rows until the transaction
	// ends; empty where there is one writer alone.
	lock string
	// asks is true for a reader: asked about a text that cannot be stored, it
	// has no rows. A writer refuses it.
	asks bool
}

// maxText bounds every text that goes to the database, in bytes. The longest
// are an application's return URLs, 16 of 1 KiB.
const maxText = 32 << 10

// storable refuses text that PostgreSQL cannot keep, on both databases alike.
func storable(args []any) error {
	for _, arg := range args {
		text, ok := arg.(string)
		if ok && (len(text) > maxText || !utf8.ValidString(text) || strings.Contains(text, "\x00")) {
			return fmt.Errorf("%w: a text is too long, is not UTF-8 or holds a NUL", enrolments.ErrInvalid)
		}
	}
	return nil
}

// exec runs a statement and returns how many rows it changed.
func (s session) exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := storable(args); err != nil {
		return 0, err
	}
	result, err := s.on.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// must is exec for a statement that has a row to change, else otherwise.
func (s session) must(ctx context.Context, otherwise error, query string, args ...any) error {
	n, err := s.exec(ctx, query, args...)
	if err == nil && n == 0 {
		return otherwise
	}
	return err
}

// each calls row for every row.
func (s session) each(ctx context.Context, query string, args []any, row func(scan func(...any) error) error) error {
	if err := storable(args); err != nil {
		if s.asks {
			return nil
		}
		return err
	}
	rows, err := s.on.QueryContext(ctx, query, args...)
	if err != nil {
		return meaning(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return meaning(rows.Err())
}

// one scans the first row into dest; ErrNotFound where there is none.
func (s session) one(ctx context.Context, query string, args []any, dest ...any) error {
	found := false
	err := s.each(ctx, query, args, func(scan func(...any) error) error {
		if found {
			return nil
		}
		found = true
		return scan(dest...)
	})
	if err == nil && !found {
		return enrolments.ErrNotFound
	}
	return err
}

// prepared is a queryer that prepares each statement once. Statements are
// constants of this package, so their number is bounded.
type prepared struct {
	on interface {
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	}
	mu         sync.Mutex
	statements map[string]*sql.Stmt
}

func (p *prepared) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if stmt, ok := p.statements[query]; ok {
		return stmt, nil
	}
	stmt, err := p.on.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if p.statements == nil {
		p.statements = make(map[string]*sql.Stmt)
	}
	p.statements[query] = stmt
	return stmt, nil
}

func (p *prepared) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, err := p.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := p.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}
