package sqlstore

import (
	"context"
	"errors"

	"countersign/enrolments"
)

// errNested is a transaction of its own in one that is under way.
var errNested = errors.New("database: a transaction inside another")

// Together implements enrolments.Store.
func (s *Store) Together(ctx context.Context, do func(ctx context.Context, store enrolments.Store) error) error {
	var in *Store
	err := s.write(ctx, func(ctx context.Context, db session) error {
		shared := &joined{on: db}
		in = &Store{db: shared, keys: s.keys, now: s.now, announced: make(chan struct{}, 1)}
		in.trail = chained{in}
		return errors.Join(do(ctx, in), shared.failed)
	})
	if err != nil {
		return err
	}
	select {
	case <-in.announced: // only now is there anything to deliver
		s.poke()
	default:
	}
	return nil
}

// joined is a transaction under way as a backend: what is written through it is
// part of that transaction, what is read sees it.
type joined struct {
	on session
	// failed is the first error of a write. It may have done half of what it
	// should, so the transaction is not kept, whatever its caller makes of the
	// error.
	failed error
}

func (j *joined) reader() session { return session{on: j.on.on, asks: true} }

func (j *joined) write(ctx context.Context, fn work) error {
	err := fn(ctx, j.on)
	if j.failed == nil {
		j.failed = err
	}
	return err
}

func (j *joined) once(ctx context.Context, query string, args ...any) (changed int64, err error) {
	err = j.write(ctx, func(ctx context.Context, db session) error {
		changed, err = db.exec(ctx, query, args...)
		return err
	})
	return changed, err
}

func (j *joined) snapshot(context.Context, work) error { return errNested }

func (j *joined) close() error { return nil }

// chained is the trail of a transaction under way.
type chained struct{ in *Store }

func (c chained) do(ctx context.Context, events []enrolments.Event) error {
	err := c.in.write(ctx, func(ctx context.Context, db session) error { return c.in.chain(ctx, db, events) })
	if err == nil {
		c.in.tell(events)
	}
	return err
}

func (chained) close() {}
