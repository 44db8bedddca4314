package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/api/apibench"
	"countersign/approvals"
	"countersign/redisstore"
)

// Waiting measures what a browser that waits costs the server in memory (P6):
// websockets without TLS at the whole product over Redis, each on an approval
// of its own, beside a server in the shape of gorilla's chat example. Each turn
// has a fresh server.
type Waiting struct {
	Options
	// Sockets that wait, up to MaxSockets; a hundredth more is connected before
	// the first count.
	Sockets int
	// Hold is how long they wait before the count. From DefaultHold on every
	// browser must have been pinged meanwhile.
	Hold time.Duration
}

const (
	// MaxSockets leaves room below the 20,000 files that a process may have
	// open on many machines.
	MaxSockets = 18_000
	// DefaultHold is above the 25 s in which both servers ping everyone.
	DefaultHold = 27 * time.Second
	// portion is how many browsers connect between two steps of the bar.
	portion = 500
)

type waitingRun struct {
	*bench
	Waiting
	store *redisstore.Store
	bar   bar
	// Memory for each browser in KiB, by round: ours, then the other's.
	resident, kept, heap [2][]float64
}

// Run measures.
func (w Waiting) Run(ctx context.Context) (_ Report, err error) {
	if w.Sockets < 1 || w.Sockets > MaxSockets {
		return Report{}, fmt.Errorf("sockets: takes 1 to %d", MaxSockets)
	}
	ctx, cancel, err := w.bounded(ctx)
	if err != nil {
		return Report{}, err
	}
	defer cancel()
	r := &waitingRun{Waiting: w}
	if r.bench, err = open(ctx); err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	if r.store, err = redisstore.Open(ctx, redisstore.Config{URL: r.redis.URL}); err != nil {
		return Report{}, err
	}
	defer r.store.Close()
	report := newReport("waiting", fmt.Sprintf("%d browsers", w.Sockets), w.Rounds, r.redis)
	portions := (w.Sockets + portion - 1) / portion
	r.bar = w.progress(2 * w.Rounds * (portions + 1))
	if err := take(ctx, w.Rounds, r.bar, way{"Countersign", r.ours}, way{"gorilla's example", r.other}); err != nil {
		return Report{}, err
	}
	report.Figures = r.figures()
	report.noteLoad()
	return report, nil
}

// warm is how many browsers connect before the first count, so that what a
// server needs for its first ones is not counted for each.
func (r *waitingRun) warm() int { return max(1, r.Sockets/100) }

// ours is a turn of the product.
func (r *waitingRun) ours(ctx context.Context, _ int) error {
	if err := r.flush(); err != nil {
		return err
	}
	dir, err := folder(r.dir, "node")
	if err != nil {
		return err
	}
	return r.turn(ctx, 0, "countersign", serverConfig{r.redis.URL, dir}, func(server string) ([]apibench.Seat, error) {
		return r.seats(ctx, server)
	})
}

// seats creates an approval for each browser.
func (r *waitingRun) seats(ctx context.Context, server string) ([]apibench.Seat, error) {
	news, tokens := samples(r.warm() + r.Sockets)
	seats := make([]apibench.Seat, len(news))
	for i, n := range news {
		seats[i] = apibench.Seat{URL: streamURL(server, n.ID), Origin: server, Token: tokens[i].Reveal()}
	}
	return seats, each(connecting, len(news), func(i int) error {
		_, err := r.store.Create(ctx, news[i])
		return err
	})
}

func streamURL(server string, id approvals.ID) string {
	return "ws" + strings.TrimPrefix(server, "http") + "/v1/approvals/" + string(id) + "/stream"
}

// other is a turn of the example.
func (r *waitingRun) other(ctx context.Context, _ int) error {
	return r.turn(ctx, 1, "gorilla", serverConfig{}, func(server string) ([]apibench.Seat, error) {
		seat := apibench.Seat{URL: "ws" + strings.TrimPrefix(server, "http") + "/", Origin: server}
		return slices.Repeat([]apibench.Seat{seat}, r.warm()+r.Sockets), nil
	})
}

// turn starts a server and browsers, and counts.
func (r *waitingRun) turn(ctx context.Context, which int, name string, config serverConfig, seats func(server string) ([]apibench.Seat, error)) (err error) {
	var server serverReady
	s, err := r.start(ctx, name, config, &server)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	var now browsersSay
	b, err := r.start(ctx, "browsers", struct{}{}, &now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.stop()) }()
	all, err := seats(server.URL)
	if err != nil {
		return err
	}
	each, err := r.count(ctx, s, b, all)
	if err != nil {
		return err
	}
	n := float64(r.Sockets) * 1024
	r.resident[which] = append(r.resident[which], float64(each.Resident)/n)
	r.kept[which] = append(r.kept[which], float64(each.Kept)/n)
	r.heap[which] = append(r.heap[which], float64(each.Heap)/n)
	return nil
}

// count is what the browsers after the warm ones cost.
func (r *waitingRun) count(ctx context.Context, server, browsers *part, all []apibench.Seat) (memory, error) {
	var before, after memory
	var now browsersSay
	if err := browsers.ask(browsersAsk{Join: all[:r.warm()]}, &now); err != nil {
		return memory{}, err
	}
	if err := server.ask("memory", &before); err != nil {
		return memory{}, err
	}
	for some := range slices.Chunk(all[r.warm():], portion) {
		if err := browsers.ask(browsersAsk{Join: some}, &now); err != nil {
			return memory{}, err
		}
		r.bar.done(1)
	}
	if err := wait(ctx, r.Hold); err != nil {
		return memory{}, err
	}
	if err := server.ask("memory", &after); err != nil {
		return memory{}, err
	}
	if err := browsers.ask(browsersAsk{}, &now); err != nil {
		return memory{}, err
	}
	return after.minus(before), r.whole(now, len(all))
}

// whole checks that everybody waited all the time.
func (r *waitingRun) whole(now browsersSay, all int) error {
	if now.Waiting != all {
		return fmt.Errorf("%d of %d browsers were still connected", now.Waiting, all)
	}
	if r.Hold >= DefaultHold && now.Pings < all {
		return fmt.Errorf("%d pings for %d browsers", now.Pings, all)
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *waitingRun) figures() []Figure {
	const unit = "KiB a browser"
	goal := atMost(0.35)
	return []Figure{
		figure("Countersign, resident after a collection", unit, r.kept[0], nil),
		figure("gorilla's example, the same", unit, r.kept[1], nil),
		figure("ratio", "", ratio(r.kept[0], r.kept[1]), goal),
		figure("Countersign, heap and stacks in use", unit, r.heap[0], nil),
		figure("gorilla's example, the same", unit, r.heap[1], nil),
		figure("ratio", "", ratio(r.heap[0], r.heap[1]), goal),
		figure("Countersign, resident with garbage", unit, r.resident[0], nil),
		figure("gorilla's example, the same", unit, r.resident[1], nil),
		figure("ratio", "", ratio(r.resident[0], r.resident[1]), nil),
	}
}
