package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"countersign/redisstore/redistest"
)

// Bounds of a run.
const (
	MinRounds, MaxRounds = 3, 50
	// roundTime bounds a round, all that is compared in it.
	roundTime = 3 * time.Minute
)

// Options are what all measurements share.
type Options struct {
	// Rounds is how often each is measured, MinRounds to MaxRounds.
	Rounds int
	// Part is the command line that runs Part in a process of its own, up to
	// the part's name.
	Part []string
	// Terminal is where a progress bar is drawn; nil for none.
	Terminal io.Writer
}

// bounded is ctx with the time that a run may take.
func (o Options) bounded(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if o.Rounds < MinRounds || o.Rounds > MaxRounds {
		return nil, nil, fmt.Errorf("rounds: takes %d to %d", MinRounds, MaxRounds)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(o.Rounds)*roundTime)
	return ctx, cancel, nil
}

// bar shows how far a run is.
type bar struct{ *progressbar.ProgressBar }

// progress makes a bar of so many steps; without a terminal one that is not
// seen.
func (o Options) progress(steps int) bar {
	if o.Terminal == nil {
		return bar{progressbar.DefaultSilent(int64(steps))}
	}
	return bar{progressbar.NewOptions(steps, progressbar.OptionSetWriter(o.Terminal),
		progressbar.OptionSetWidth(30), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())}
}

// step says what comes next; done counts it. A terminal that cannot be drawn on
// changes no figure.
func (b bar) step(round int, what string) { b.Describe(fmt.Sprintf("round %d: %s", round+1, what)) }
func (b bar) done(steps int)              { _ = b.Add(steps) }

// way is one of the things that are compared.
type way struct {
	name string
	run  func(ctx context.Context, round int) error
}

// take runs each way once a round. Who comes first changes from round to round,
// so that none is always the one after another.
func take(ctx context.Context, rounds int, b bar, ways ...way) error {
	for round := range rounds {
		for i := range ways {
			w := ways[(round+i)%len(ways)]
			b.step(round, w.name)
			if err := w.run(ctx, round); err != nil {
				if ctx.Err() != nil {
					err = context.Cause(ctx)
				}
				return fmt.Errorf("round %d: %s: %w", round+1, w.name, err)
			}
			b.done(1)
		}
	}
	return nil
}

// bench is a run under way: a folder and a Redis of its own.
type bench struct {
	dir   string
	redis *redistest.Server
}

// open starts Redis in a folder that goes with close.
func open(ctx context.Context) (*bench, error) {
	dir, err := os.MkdirTemp("", "countersign-bench-")
	if err != nil {
		return nil, err
	}
	redis, err := redistest.Run(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &bench{dir: dir, redis: redis}, nil
}

func (b *bench) close() error {
	b.redis.Stop()
	return os.RemoveAll(b.dir)
}

// flush empties Redis.
func (b *bench) flush() error {
	_, err := b.redis.Do("FLUSHALL", "SYNC")
	return err
}

var quiet = slog.New(slog.DiscardHandler)
