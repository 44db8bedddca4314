package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"countersign/approvals"
	"countersign/redisstore"
	"countersign/redisstore/redisbench"
)

// Store measures how fast approvals are created (P1): by many callers of
// approvals.Store, beside Redis' own benchmark with the same script sixteen in
// a batch, and beside a plain go-redis pool that sends the very same commands
// one a trip.
type Store struct {
	Options
	// Callers at once, 1 to 1024, each way.
	Callers int
	// Creates is how many approvals a turn creates; 0 for 30,000, at most
	// 200,000.
	Creates int
}

// pipeline is how many commands each client of redis-benchmark has under way.
const pipeline = 16

// MaxCallers bounds callers: each has a connection in a plain pool.
const MaxCallers = 1024

// storeRun is one under way.
type storeRun struct {
	*bench
	Store
	store    *redisstore.Store
	plain    *redisbench.Plain
	news     []approvals.New
	commands []redisbench.Command
	words    [][]any
	// Creates a second, and µs of Redis' processor for each, by round.
	rates, costs [3][]float64
}

// Run measures.
func (s Store) Run(ctx context.Context) (_ Report, err error) {
	if s.Creates == 0 {
		s.Creates = 30_000
	}
	if s.Callers < 1 || s.Callers > MaxCallers || s.Creates < s.Callers || s.Creates > 200_000 {
		return Report{}, errors.New("callers: takes 1 to 1024")
	}
	ctx, cancel, err := s.bounded(ctx)
	if err != nil {
		return Report{}, err
	}
	defer cancel()
	r := &storeRun{Store: s}
	if r.bench, err = open(ctx); err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	if r.store, err = redisstore.Open(ctx, redisstore.Config{URL: r.redis.URL}); err != nil {
		return Report{}, err
	}
	defer r.store.Close()
	r.plain = redisbench.NewPlain(r.redis.Addr, s.Callers)
	defer r.plain.Close()
	report := newReport("store", fmt.Sprintf("%d approvals a turn, %d callers", s.Creates, s.Callers), s.Rounds, r.redis)
	progress := s.progress(1 + 3*s.Rounds)
	progress.step(0, "preparing")
	if err := r.prepare(ctx); err != nil {
		return Report{}, err
	}
	progress.done(1)
	if err := take(ctx, s.Rounds, progress, r.ways()...); err != nil {
		return Report{}, err
	}
	report.Figures = r.figures()
	report.noteLoad()
	return report, nil
}

// prepare records what the store sends for each approval, so that the others
// send the same. It warms the store up too.
func (r *storeRun) prepare(ctx context.Context) (err error) {
	r.news, _ = samples(r.Creates)
	r.commands, err = redisbench.Record(ctx, r.redis.Addr, r.Creates, func() error {
		return r.each(func(i int) error { _, err := r.store.Create(ctx, r.news[i]); return err })
	})
	if err != nil {
		return err
	}
	for _, c := range r.commands {
		r.words = append(r.words, c.Words())
	}
	return r.created()
}

func (r *storeRun) ways() []way {
	return []way{
		{"Countersign", func(ctx context.Context, _ int) error {
			return r.turn(0, func() (float64, error) {
				return r.rate(func(i int) error { _, err := r.store.Create(ctx, r.news[i]); return err })
			})
		}},
		{"redis-benchmark", func(ctx context.Context, _ int) error {
			return r.turn(1, func() (float64, error) {
				return redisbench.Native(ctx, r.redis.Addr, r.commands[0], r.Creates, r.Callers, pipeline)
			})
		}},
		{"plain go-redis", func(ctx context.Context, _ int) error {
			return r.turn(2, func() (float64, error) {
				return r.rate(func(i int) error { return r.plain.Do(ctx, r.words[i]) })
			})
		}},
	}
}

// turn measures one way on an empty Redis.
func (r *storeRun) turn(which int, measure func() (float64, error)) error {
	if err := r.flush(); err != nil {
		return err
	}
	runtime.GC()
	before, err := r.cpu()
	if err != nil {
		return err
	}
	rate, err := measure()
	if err != nil {
		return err
	}
	after, err := r.cpu()
	if err != nil {
		return err
	}
	r.rates[which] = append(r.rates[which], rate)
	r.costs[which] = append(r.costs[which], micros(after-before)/float64(r.Creates))
	return r.created()
}

// created checks that all there is to create was: an approval and a person
// each. Redis' own benchmark draws keys by lot, and a few may be drawn twice.
func (r *storeRun) created() error {
	text, err := r.redis.Do("DBSIZE")
	if err != nil {
		return err
	}
	keys, err := strconv.Atoi(text)
	if err != nil || keys < 2*r.Creates-2*r.Creates/1000-2 {
		return fmt.Errorf("%s keys after %d approvals were created", text, r.Creates)
	}
	return nil
}

// rate is how often do is done a second.
func (r *storeRun) rate(do func(i int) error) (float64, error) {
	began := time.Now()
	err := r.each(do)
	return float64(r.Creates) / time.Since(began).Seconds(), err
}

// each does all approvals by all callers.
func (r *storeRun) each(do func(i int) error) error { return each(r.Callers, r.Creates, do) }

// each does 0 to n-1 by callers at once, and stops at the first error.
func each(callers, n int, do func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for failed.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := do(i); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

func (r *storeRun) figures() []Figure {
	const perSecond, cost = "approvals/s", "µs of Redis' CPU an approval"
	return []Figure{
		figure("Countersign", perSecond, r.rates[0], nil),
		figure("redis-benchmark -P 16, same script", perSecond, r.rates[1], nil),
		figure("plain go-redis, same commands", perSecond, r.rates[2], nil),
		figure("Countersign / redis-benchmark", "", ratio(r.rates[0], r.rates[1]), atLeast(0.45)),
		figure("Countersign / plain go-redis", "", ratio(r.rates[0], r.rates[2]), atLeast(1.5)),
		figure("Countersign", cost, r.costs[0], nil),
		figure("redis-benchmark", cost, r.costs[1], nil),
		figure("plain go-redis", cost, r.costs[2], nil),
	}
}
