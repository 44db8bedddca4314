package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"countersign/enrolments"
	"countersign/internal/seal"
)

// Config says which database to open and under which keys.
type Config struct {
	// URL is sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE.
	URL string
	// Keys seal what is secret; the first seals, any opens.
	Keys *seal.Keyring
	// Connections bounds the pool: PostgreSQL's connections, SQLite's
	// readers. 1 to 1000; 0 takes 16.
	Connections int
	// Now is the clock for what a method asks about the present without being
	// told; nil takes time.Now.
	Now func() time.Time
}

const (
	defaultConnections = 16
	maxConnections     = 1000
)

// ErrClosed is returned for a write after Close.
var ErrClosed = errors.New("the store is closed")

// errURL names what a URL takes. It never repeats the URL: that may hold a
// password.
var errURL = errors.New("database URL takes sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE")

// Store is an enrolments.Store over a SQL database.
type Store struct {
	db    backend
	trail trail
	// announced holds at most one value; see Announced.
	announced chan struct{}
	keys      *seal.Keyring
	now       func() time.Time
}

var _ enrolments.Store = (*Store)(nil)

// trail appends events; it returns once they are as durable as what they tell of.
type trail interface {
	do(ctx context.Context, events []enrolments.Event) error
	close()
}

// Open connects, brings the tables up to date (two nodes may do so at once) and
// checks that cfg.Keys are those of this database.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Keys == nil {
		return nil, errors.New("database: no keyring to seal secrets with")
	}
	if cfg.Connections == 0 {
		cfg.Connections = defaultConnections
	}
	if cfg.Connections < 1 || cfg.Connections > maxConnections {
		return nil, fmt.Errorf("database: %d connections; it takes 1 to %d", cfg.Connections, maxConnections)
	}
	db, err := connect(ctx, cfg)
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, keys: cfg.Keys, now: cfg.Now, announced: make(chan struct{}, 1)}
	if s.now == nil {
		s.now = time.Now
	}
	if err := s.checkKeys(ctx); err != nil {
		return nil, errors.Join(err, db.close())
	}
	s.trail = newLine(trailQueue, trailBatch, s.append)
	return s, nil
}

func connect(ctx context.Context, cfg Config) (backend, error) {
	if path, ok := strings.CutPrefix(cfg.URL, "sqlite:"); ok {
		return openSQLite(ctx, path, cfg.Connections)
	}
	if strings.HasPrefix(cfg.URL, "postgres://") || strings.HasPrefix(cfg.URL, "postgresql://") {
		return openPostgres(ctx, cfg.URL, cfg.Connections)
	}
	return nil, errURL
}

// Close writes what is queued, then disconnects. Later writes are ErrClosed.
func (s *Store) Close() error {
	s.trail.close()
	return s.db.close()
}

// Ping asks the database for one row.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.read().one(ctx, `SELECT 1`, nil, &one)
}

func (s *Store) read() session { return s.db.reader() }

// write runs fn in one transaction.
func (s *Store) write(ctx context.Context, fn work) error {
	return meaning(s.db.write(ctx, fn))
}

// once is write for a single statement; it returns how many rows it changed.
func (s *Store) once(ctx context.Context, query string, args ...any) (int64, error) {
	n, err := s.db.once(ctx, query, args...)
	return n, meaning(err)
}

// must is once for a statement that has a row to change, else ErrNotFound.
func (s *Store) must(ctx context.Context, query string, args ...any) error {
	n, err := s.once(ctx, query, args...)
	if err == nil && n == 0 {
		return enrolments.ErrNotFound
	}
	return err
}
