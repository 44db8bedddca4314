package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"countersign/api"
	"countersign/approvals"
	"countersign/cmd/countersign/parties"
	"countersign/enrolments"
	"countersign/mobile-stub/phone"
	"countersign/redisstore"
	"countersign/redisstore/redisbench"
)

// Answer measures how long it takes from a phone's signed answer to the browser
// (P7), one at a time: from sending the request, signed before, until the frame
// that says "approved" has arrived, beside a message through Redis from
// publisher to subscriber, by turns. Both ends are in this process, the server is in
// another; Redis is the same.
type Answer struct {
	Options
	// Answers a turn; 0 for 2,000, at most 20,000.
	Answers int
}

type answerRun struct {
	*bench
	Answer
	store    *redisstore.Store
	line     *redisbench.Line
	client   *http.Client
	server   serverReady
	phone    *phone.Phone
	account  phone.Account
	person   enrolments.PersonID
	p50, p99 [2][]float64 // µs, by round: ours, then Redis alone
}

// Run measures.
func (a Answer) Run(ctx context.Context) (_ Report, err error) {
	if a.Answers == 0 {
		a.Answers = 2000
	}
	if a.Answers < 1 || a.Answers > 20_000 {
		return Report{}, errors.New("answers: takes 1 to 20000")
	}
	ctx, cancel, err := a.bounded(ctx)
	if err != nil {
		return Report{}, err
	}
	defer cancel()
	r := &answerRun{Answer: a}
	if r.bench, err = open(ctx); err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	if r.store, err = redisstore.Open(ctx, redisstore.Config{URL: r.redis.URL}); err != nil {
		return Report{}, err
	}
	defer r.store.Close()
	if r.line, err = redisbench.NewLine(ctx, r.redis.Addr); err != nil {
		return Report{}, err
	}
	defer r.line.Close()
	return r.measure(ctx)
}

func (r *answerRun) measure(ctx context.Context) (_ Report, err error) {
	dir, err := folder(r.dir, "node")
	if err != nil {
		return Report{}, err
	}
	s, err := r.start(ctx, "countersign", serverConfig{r.redis.URL, dir}, &r.server)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	r.client = &http.Client{Transport: transport, Timeout: 30 * time.Second}
	if err := r.enrol(ctx); err != nil {
		return Report{}, err
	}
	report := newReport("answer", fmt.Sprintf("%d answers a turn, one at a time", r.Answers), r.Rounds, r.redis)
	progress := r.progress(1 + r.Rounds)
	progress.step(0, "warming up")
	if err := r.warmUp(ctx); err != nil {
		return Report{}, err
	}
	progress.done(1)
	if err := take(ctx, r.Rounds, progress, way{"answers and messages", r.turn}); err != nil {
		return Report{}, err
	}
	report.Figures = r.figures()
	report.noteLoad()
	return report, nil
}

// enrol pairs a phone, and learns its person from a first approval.
func (r *answerRun) enrol(ctx context.Context) (err error) {
	const user = "ana@example.com"
	app := application(r.client, r.server)
	if r.phone, r.account, err = pair(ctx, app, user, phone.Pairing{Name: "Ana's iPhone", Platform: "ios"}); err != nil {
		return err
	}
	var first struct {
		ID string `json:"id"`
	}
	if err := app.Call(ctx, http.MethodPost, "/v1/approvals", map[string]any{"user": user}, &first); err != nil {
		return err
	}
	a, err := r.store.Read(ctx, approvals.ID(first.ID))
	r.person = a.Person
	return err
}

func (r *answerRun) warmUp(ctx context.Context) error {
	for range min(200, r.Answers) {
		if _, err := r.answerOnce(ctx); err != nil {
			return err
		}
		if _, err := r.line.Trip(ctx, sampleDisplay); err != nil {
			return err
		}
	}
	return nil
}

// turn takes an answer and a message through Redis by turns, so that both meet
// the same machine: one that has just done something else, as it has in life.
// A loop of messages alone would run in warm caches and be measured faster than
// any message is.
func (r *answerRun) turn(ctx context.Context, _ int) error {
	runtime.GC()
	var took [2][]time.Duration
	for range r.Answers {
		answer, err := r.answerOnce(ctx)
		if err != nil {
			return err
		}
		trip, err := r.line.Trip(ctx, sampleDisplay)
		if err != nil {
			return err
		}
		took[0], took[1] = append(took[0], answer), append(took[1], trip)
	}
	for i, all := range took {
		r.p50[i] = append(r.p50[i], micros(percentile(all, 50)))
		r.p99[i] = append(r.p99[i], micros(percentile(all, 99)))
	}
	return nil
}

// answerOnce creates an approval, waits on it as a browser, and answers it as
// the phone. Only what lies between answer and frame is counted.
func (r *answerRun) answerOnce(ctx context.Context) (time.Duration, error) {
	token := enrolments.NewSecret()
	n := sample(r.person, enrolments.PhoneID(r.account.ID), token)
	if _, err := r.store.Create(ctx, n); err != nil {
		return 0, err
	}
	screen, err := api.Dial(ctx, r.server.URL, string(n.ID), token.Reveal())
	if err != nil {
		return 0, err
	}
	defer screen.Close()
	if err := expect(ctx, screen, "pending"); err != nil {
		return 0, err
	}
	request, err := r.sign(ctx, n)
	if err != nil {
		return 0, err
	}
	type arrival struct {
		at  time.Time
		err error
	}
	arrived := make(chan arrival, 1)
	go func() {
		frame, err := screen.Next(ctx)
		at := time.Now()
		arrived <- arrival{at, errors.Join(err, is(frame, "approved"))}
	}()
	began := time.Now()
	if _, err := parties.Send(r.client, request); err != nil {
		return 0, err
	}
	got := <-arrived
	return got.at.Sub(began), got.err
}

// sign makes the phone's request.
func (r *answerRun) sign(ctx context.Context, n approvals.New) (*http.Request, error) {
	key, err := r.phone.Key(r.account.ID)
	if err != nil {
		return nil, err
	}
	shown := phone.Request{ID: string(n.ID), Display: n.Display, Nonce: n.Nonce, NumberDigits: len(n.Number)}
	claims := phone.NewAnswerClaims(r.server.URL, r.account.ID, shown, phone.Approve, n.Number, time.Now())
	signed, err := phone.SignAnswer(key, r.account.ID, claims)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]string{"answer": signed})
	if err != nil {
		return nil, err
	}
	return r.phone.Request(ctx, r.account.ID, http.MethodPost, "/v1/phone/approvals/"+string(n.ID)+"/answer", body)
}

// expect reads a frame and checks what it says.
func expect(ctx context.Context, screen *api.Screen, want string) error {
	frame, err := screen.Next(ctx)
	if err != nil {
		return err
	}
	return is(frame, want)
}

func is(frame []byte, want string) error {
	var got struct {
		State string `json:"state"`
	}
	if err := json.Unmarshal(frame, &got); err != nil || got.State != want {
		return fmt.Errorf("the waiting screen says %.100q, not %s", frame, want)
	}
	return nil
}

func (r *answerRun) figures() []Figure {
	const unit = "µs"
	return []Figure{
		figure("answer to frame, p50", unit, r.p50[0], nil),
		figure("Redis publish to subscriber, p50", unit, r.p50[1], nil),
		figure("ratio of p50", "", ratio(r.p50[0], r.p50[1]), atMost(4)),
		figure("answer to frame, p99", unit, r.p99[0], nil),
		figure("Redis publish to subscriber, p99", unit, r.p99[1], nil),
		figure("ratio of p99", "", ratio(r.p99[0], r.p99[1]), atMost(6)),
	}
}
