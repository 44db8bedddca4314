package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"countersign/mobile-stub/phone"
)

// Push measures the way from POST /v1/approvals to the delivery service (P5, our
// half): a sign-in each, one phone each, by APNs, at one caller and at Callers.
// Server, gateway, Redis and callers are processes of their own on one machine.
type Push struct {
	Options
	// Callers at once, 1 to MaxPushCallers; each asks for a person of their own.
	Callers int
	// Each is how many sign-ins a caller asks for in a round, 1 to 25; 0 for 25.
	Each int
}

// MaxPushCallers bounds the people who are paired for a run.
const MaxPushCallers = 500

// pushesEach is the most that a policy allows one person in its window. Rounds
// begin with an empty Redis and so with full budgets.
const pushesEach = 30

// longestEach leaves room for what warms up.
const longestEach = 25

type pushRun struct {
	*bench
	Push
	client  *http.Client
	server  serverReady
	gateway *part

	rate                 []float64 // pushes a second of all callers
	aloneP50, aloneP99   []float64 // µs from request to gateway
	crowdP50, crowdP99   []float64
	answeredP50, answers []float64 // µs until the application has its answer
}

// Run measures.
func (p Push) Run(ctx context.Context) (_ Report, err error) {
	if p.Each == 0 {
		p.Each = longestEach
	}
	if p.Callers < 1 || p.Callers > MaxPushCallers || p.Each < 1 || p.Each > longestEach {
		return Report{}, fmt.Errorf("callers: takes 1 to %d, and 1 to %d sign-ins each", MaxPushCallers, longestEach)
	}
	ctx, cancel, err := p.bounded(ctx)
	if err != nil {
		return Report{}, err
	}
	defer cancel()
	r := &pushRun{Push: p}
	if r.bench, err = open(ctx); err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	return r.measure(ctx)
}

func (r *pushRun) measure(ctx context.Context) (_ Report, err error) {
	dir, err := folder(r.dir, "pushing")
	if err != nil {
		return Report{}, err
	}
	var opened gatewayReady
	if r.gateway, err = r.start(ctx, "gateway", serverConfig{Dir: dir}, &opened); err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, r.gateway.stop()) }()
	server, err := r.start(ctx, "pushing", pushingConfig{serverConfig{r.redis.URL, dir}, opened}, &r.server)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	transport := &http.Transport{MaxIdleConnsPerHost: MaxPushCallers}
	defer transport.CloseIdleConnections()
	r.client = &http.Client{Transport: transport, Timeout: 30 * time.Second}

	report := newReport("push", fmt.Sprintf("%d sign-ins of each of %d callers a round, one phone each, APNs", r.Each, r.Callers), r.Rounds, r.redis)
	progress := r.progress(1 + 2*r.Rounds)
	progress.step(0, "pairing phones")
	if err := r.pairAll(ctx); err != nil {
		return Report{}, err
	}
	progress.done(1)
	if err := take(ctx, r.Rounds, progress, way{"one caller", r.alone}, way{"all callers", r.crowd}); err != nil {
		return Report{}, err
	}
	report.Figures = r.figures()
	report.noteLoad()
	return report, nil
}

func (r *pushRun) figures() []Figure {
	return []Figure{
		figure("one caller: request to gateway, p50", "µs", r.aloneP50, nil),
		figure("one caller: request to gateway, p99", "µs", r.aloneP99, nil),
		figure("one caller: request to answer, p50", "µs", r.answeredP50, nil),
		figure("all callers: pushes at the gateway", "1/s", r.rate, nil),
		figure("all callers: request to gateway, p50", "µs", r.crowdP50, nil),
		figure("all callers: request to gateway, p99", "µs", r.crowdP99, nil),
		figure("all callers: request to answer, p50", "µs", r.answers, nil),
	}
}

func user(i int) string { return fmt.Sprintf("person%d@example.com", i) }

// pairAll gives each caller a person with a phone.
func (r *pushRun) pairAll(ctx context.Context) error {
	return each(16, r.Callers, func(i int) error {
		wake, err := phone.NewGatewayPush(phone.APNs, "https://127.0.0.1")
		if err != nil {
			return err
		}
		_, _, err = pair(ctx, application(r.client, r.server), user(i), phone.Pairing{Name: "Ana's iPhone", Platform: "ios", Push: wake})
		return err
	})
}

// asked is a sign-in that was asked for.
type asked struct {
	id       string
	began    time.Time
	answered time.Duration
}

// asks asks for n sign-ins of one person, one after another.
func (r *pushRun) asks(ctx context.Context, i, n int) ([]asked, error) {
	all := make([]asked, n)
	for k := range all {
		var out struct {
			ID string `json:"id"`
		}
		all[k].began = time.Now()
		err := application(r.client, r.server).Call(ctx, http.MethodPost, "/v1/approvals", map[string]string{"user": user(i)}, &out)
		if err != nil {
			return nil, err
		}
		all[k].answered, all[k].id = time.Since(all[k].began), out.ID
	}
	return all, nil
}

// warm makes connections on all hands, after budgets were made full.
func (r *pushRun) warm(ctx context.Context, callers int) error {
	if err := r.flush(); err != nil {
		return err
	}
	all, err := r.atOnce(ctx, callers, pushesEach-longestEach)
	if err != nil {
		return err
	}
	_, err = r.arrived(ctx, all)
	return err
}

func (r *pushRun) atOnce(ctx context.Context, callers, n int) ([]asked, error) {
	by := make([][]asked, callers)
	err := each(callers, callers, func(i int) (err error) {
		by[i], err = r.asks(ctx, i, n)
		return err
	})
	var all []asked
	for _, some := range by {
		all = append(all, some...)
	}
	return all, err
}

// alone is one caller; one person's budget is soon spent, so that it asks for
// all of them in turn.
func (r *pushRun) alone(ctx context.Context, _ int) error {
	if err := r.warm(ctx, r.Callers); err != nil {
		return err
	}
	var all []asked
	for i := 0; len(all) < r.Callers*r.Each && len(all) < 500; i = (i + 1) % r.Callers {
		one, err := r.asks(ctx, i, 1)
		if err != nil {
			return err
		}
		all = append(all, one...)
	}
	took, _, err := r.times(ctx, all)
	if err != nil {
		return err
	}
	r.aloneP50, r.aloneP99 = append(r.aloneP50, micros(percentile(took, 50))), append(r.aloneP99, micros(percentile(took, 99)))
	r.answeredP50 = append(r.answeredP50, micros(answersOf(all)))
	return nil
}

func (r *pushRun) crowd(ctx context.Context, _ int) error {
	if err := r.warm(ctx, r.Callers); err != nil {
		return err
	}
	began := time.Now()
	all, err := r.atOnce(ctx, r.Callers, r.Each)
	if err != nil {
		return err
	}
	took, last, err := r.times(ctx, all)
	if err != nil {
		return err
	}
	r.rate = append(r.rate, float64(len(all))/last.Sub(began).Seconds())
	r.crowdP50, r.crowdP99 = append(r.crowdP50, micros(percentile(took, 50))), append(r.crowdP99, micros(percentile(took, 99)))
	r.answers = append(r.answers, micros(answersOf(all)))
	return nil
}

func answersOf(all []asked) time.Duration {
	took := make([]time.Duration, len(all))
	for i, a := range all {
		took[i] = a.answered
	}
	return percentile(took, 50)
}

// times is how long each took to the gateway, and when the last came.
func (r *pushRun) times(ctx context.Context, all []asked) (took []time.Duration, last time.Time, err error) {
	at, err := r.arrived(ctx, all)
	if err != nil {
		return nil, last, err
	}
	for _, a := range all {
		came := time.Unix(0, at[a.id])
		took = append(took, came.Sub(a.began))
		if came.After(last) {
			last = came
		}
	}
	return took, last, nil
}

// arrived waits until the gateway has all of them. It asks seldom: asking costs
// the machine that is measured.
func (r *pushRun) arrived(ctx context.Context, all []asked) (arrivals, error) {
	seen := arrivals{}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); ; {
		fresh := arrivals{}
		if err := r.gateway.ask(nil, &fresh); err != nil {
			return nil, err
		}
		for id, at := range fresh {
			seen[id] = at
		}
		lost := 0
		for _, a := range all {
			if seen[a.id] == 0 {
				lost++
			}
		}
		switch {
		case lost == 0:
			return seen, nil
		case time.Now().After(deadline):
			return nil, fmt.Errorf("%d of %d wake-ups have not come", lost, len(all))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
