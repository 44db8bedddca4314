package sqlstore

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// line is group commit: callers queue, one goroutine takes all who wait and
// commits for them together. While it waits for the disk, the next ones gather.
type line[T any] struct {
	mu     sync.RWMutex // held by who is about to queue; taken whole by close
	closed bool
	queue  chan *caller[T]
	ended  chan struct{}
}

// caller is one place in the line.
type caller[T any] struct {
	value T
	// taken is set by the goroutine that commits, or by a caller who leaves;
	// whoever is first decides.
	taken atomic.Bool
	done  chan error
}

// newLine starts a line of at most length callers waiting and batch committed
// together. commit returns one error for each value.
func newLine[T any](length, batch int, commit func([]T) []error) *line[T] {
	l := &line[T]{queue: make(chan *caller[T], length), ended: make(chan struct{})}
	go l.run(batch, commit)
	return l
}

// do returns once value is committed or refused. Where ctx ends before its
// commit has begun, nothing is done; after that, do waits for the outcome, so
// that it never says less than what happened.
func (l *line[T]) do(ctx context.Context, value T) error {
	p := &caller[T]{value: value, done: make(chan error, 1)}
	if err := l.join(ctx, p); err != nil {
		return err
	}
	select {
	case err := <-p.done:
		return err
	case <-ctx.Done():
		if p.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		return <-p.done
	}
}

func (l *line[T]) join(ctx context.Context, p *caller[T]) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return ErrClosed
	}
	select {
	case l.queue <- p:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close refuses newcomers and returns when all in the line are served.
func (l *line[T]) close() {
	l.mu.Lock()
	first := !l.closed
	l.closed = true
	l.mu.Unlock()
	if first {
		close(l.queue)
	}
	<-l.ended
}

func (l *line[T]) run(batch int, commit func([]T) []error) {
	defer close(l.ended)
	for first := range l.queue {
		// Those just answered come back at once: let them join.
		runtime.Gosched()
		callers := l.gather(first, batch)
		values := make([]T, len(callers))
		for i, p := range callers {
			values[i] = p.value
		}
		if len(values) == 0 {
			continue
		}
		for i, err := range commit(values) {
			callers[i].done <- err
		}
	}
}

// gather takes first and who else waits, but none who have left.
func (l *line[T]) gather(first *caller[T], batch int) []*caller[T] {
	var callers []*caller[T]
	for p, more := first, true; more; {
		if p.taken.CompareAndSwap(false, true) {
			callers = append(callers, p)
		}
		if len(callers) == batch {
			return callers
		}
		select {
		case p, more = <-l.queue:
		default:
			more = false
		}
	}
	return callers
}
