package demo

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"countersign/api"
	"countersign/cmd/countersign/parties"
	"countersign/mobile-stub/phone"
	"countersign/totp"
)

// story is one sign-in that must end as it should. It returns how it ended.
type story struct {
	title string
	tell  func(ctx context.Context, d *demo) (ended string, err error)
}

// stories are told in this order.
func stories() []story {
	return []story{
		{"a request nobody answers runs out", tellExpired},
		{"tap to approve", tellApproved},
		{"a wrong number twice is stopped", tellMismatch},
		{"deny", tellDenied},
		{"report: it wasn't me", tellReported},
		{"a code instead of the phone", tellCode},
		{"the same code a second time", tellReplay},
		{"two phones answer at once: one wins", tellRace},
		{"the browser's websocket is cut and comes back", tellReconnect},
		{"no phone at all: code only", tellCodeOnly},
	}
}

// storyTimeout bounds a story; the longest waits out the shortest life of an
// approval, 30 s.
const storyTimeout = 50 * time.Second

// Tell runs the stories, one line each, and returns an error when one did not
// end as it should. The first, which has to wait, runs beside the others.
func Tell(ctx context.Context, o Options, out io.Writer) (err error) {
	o.Listen = "127.0.0.1:0"
	d, err := start(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	fmt.Fprintln(out, "server", d.server, "· every answer below is signed by a simulated phone's own key")
	all, failed := stories(), 0
	var line sync.Mutex
	tell := func(s story) {
		ctx, cancel := context.WithTimeout(ctx, storyTimeout)
		defer cancel()
		begun := time.Now()
		ended, err := s.tell(ctx, d)
		line.Lock()
		defer line.Unlock()
		mark := "ok  "
		if err != nil {
			mark, ended = "FAIL", err.Error()
			failed++
		}
		fmt.Fprintf(out, "%s %8s  %-46s %s\n", mark, time.Since(begun).Round(time.Millisecond), s.title, ended)
	}
	var slow sync.WaitGroup
	slow.Go(func() { tell(all[0]) })
	for _, s := range all[1:] {
		tell(s)
	}
	slow.Wait()
	if failed > 0 {
		return fmt.Errorf("%d of %d stories did not end as they should", failed, len(all))
	}
	fmt.Fprintf(out, "all %d stories ended as they should\n", len(all))
	return nil
}

// want checks how a story ended.
func want(got, should string) (string, error) {
	if got != should {
		return "", fmt.Errorf("ended as %q, should be %q", got, should)
	}
	return got, nil
}

// held is a phone with its account.
type held struct {
	*phone.Phone
	account phone.Account
}

// enrol pairs a phone for each name; the first by set-up, further ones by the
// approval of the first.
func (d *demo) enrol(ctx context.Context, user string) (held, error) {
	s, err := d.app.Open(ctx, user, "")
	if err != nil {
		return held{}, err
	}
	return d.pairIn(ctx, s, user+"'s phone")
}

func (d *demo) pairIn(ctx context.Context, s parties.SetUp, name string) (held, error) {
	wake, err := d.newPush()
	if err != nil {
		return held{}, err
	}
	p := phone.New(phone.Options{HTTP: d.client})
	account, err := s.Pair(ctx, p, phone.Pairing{Name: name, Platform: "ios", Push: wake})
	return held{p, account}, err
}

// wake waits for the wake-up of an approval that begins in ask, and returns the
// request that the phone then fetched.
func (h held) wake(ctx context.Context, ask func() (requested, error)) (requested, phone.Request, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	listening, woken := make(chan struct{}), make(chan string, 8)
	done := make(chan error, 1)
	go func() {
		var once sync.Once
		done <- h.Wakeups(ctx, h.account.ID, func(w phone.Wakeup) {
			once.Do(func() { close(listening) })
			if w.ApprovalID != "" {
				woken <- w.ApprovalID
			}
		})
	}()
	defer func() { stop(); <-done }()
	select {
	case <-listening:
	case err := <-done:
		done <- nil
		return requested{}, phone.Request{}, errors.Join(errors.New("the gateway does not deliver"), err)
	}
	r, err := ask()
	if err != nil {
		return r, phone.Request{}, err
	}
	for {
		select {
		case id := <-woken:
			if id == r.ID {
				request, err := h.Find(ctx, h.account.ID, r.ID)
				return r, request, err
			}
		case <-ctx.Done():
			return r, phone.Request{}, fmt.Errorf("the phone was not woken: %w", ctx.Err())
		}
	}
}

// begin enrols a person, asks, opens the waiting screen and has the phone
// woken.
func (d *demo) begin(ctx context.Context, user string) (held, requested, phone.Request, *screen, error) {
	h, err := d.enrol(ctx, user)
	if err != nil {
		return h, requested{}, phone.Request{}, nil, err
	}
	r, request, err := h.wake(ctx, func() (requested, error) { return d.ask(ctx, user, 60) })
	if err != nil {
		return h, r, request, nil, err
	}
	s, err := d.watch(ctx, r)
	return h, r, request, s, err
}

// screen is a waiting screen.
type screen struct{ *api.Screen }

func (d *demo) watch(ctx context.Context, r requested) (*screen, error) {
	s, err := api.Dial(ctx, d.server, r.ID, r.WaitingToken)
	if err != nil {
		return nil, err
	}
	return &screen{s}, nil
}

// settled waits for the final state.
func (s *screen) settled(ctx context.Context) (state, error) {
	var last state
	for {
		frame, err := s.Next(ctx)
		if errors.Is(err, io.EOF) {
			return last, nil
		}
		if err != nil {
			return last, err
		}
		if err := json.Unmarshal(frame, &last); err != nil {
			return last, err
		}
	}
}

// end waits for the screen to settle and compares.
func (s *screen) end(ctx context.Context, should string) (string, error) {
	defer s.Close()
	last, err := s.settled(ctx)
	if err != nil {
		return "", err
	}
	return want(last.how(), should)
}

func tellApproved(ctx context.Context, d *demo) (string, error) {
	h, r, request, screen, err := d.begin(ctx, "approver")
	if err != nil {
		return "", err
	}
	if _, err := h.Approve(ctx, h.account.ID, request, r.Number); err != nil {
		return "", err
	}
	return screen.end(ctx, "approved by push")
}

func tellMismatch(ctx context.Context, d *demo) (string, error) {
	h, r, request, screen, err := d.begin(ctx, "mistyper")
	if err != nil {
		return "", err
	}
	for _, wrong := range []string{otherThan(r.Number, 0), otherThan(r.Number, 1)} {
		if _, err := h.Approve(ctx, h.account.ID, request, wrong); phone.KindOf(err) != "number-wrong" {
			return "", fmt.Errorf("a wrong number was answered with %v", err)
		}
	}
	return screen.end(ctx, "denied: number_mismatch")
}

// otherThan returns numbers that are not n.
func otherThan(n string, which int) string {
	for i := 10 + which; ; i += 2 {
		if text := fmt.Sprint(i); text != n {
			return text
		}
	}
}

func tellDenied(ctx context.Context, d *demo) (string, error) {
	h, _, request, screen, err := d.begin(ctx, "denier")
	if err != nil {
		return "", err
	}
	if _, err := h.Deny(ctx, h.account.ID, request); err != nil {
		return "", err
	}
	return screen.end(ctx, "denied: user")
}

func tellReported(ctx context.Context, d *demo) (string, error) {
	h, _, request, screen, err := d.begin(ctx, "reporter")
	if err != nil {
		return "", err
	}
	if _, err := h.Report(ctx, h.account.ID, request); err != nil {
		return "", err
	}
	if _, err := screen.end(ctx, "denied: reported"); err != nil {
		return "", err
	}
	next, err := d.ask(ctx, "reporter", 60)
	if err != nil {
		return "", err
	}
	if next.Next != "code_only" {
		return "", fmt.Errorf("pushes go on after a report: next is %q", next.Next)
	}
	return "denied: reported; no more pushes until an administrator unlocks", nil
}

func tellExpired(ctx context.Context, d *demo) (string, error) {
	h, err := d.enrol(ctx, "sleeper")
	if err != nil {
		return "", err
	}
	r, request, err := h.wake(ctx, func() (requested, error) { return d.ask(ctx, "sleeper", 30) })
	if err != nil {
		return "", err
	}
	screen, err := d.watch(ctx, r)
	if err != nil {
		return "", err
	}
	ended, err := screen.end(ctx, "expired")
	if err != nil {
		return "", err
	}
	if _, err := h.Approve(ctx, h.account.ID, request, r.Number); phone.KindOf(err) != "approval-settled" {
		return "", fmt.Errorf("an answer after the deadline got %v", err)
	}
	return ended + "; a late answer changes nothing", nil
}

// typeCode types a code on the waiting screen.
func (d *demo) typeCode(ctx context.Context, r requested, code string) error {
	return d.app.CallAs(ctx, r.WaitingToken, http.MethodPost, "/v1/approvals/"+r.ID+"/code", map[string]string{"code": code}, nil)
}

func tellCode(ctx context.Context, d *demo) (string, error) {
	h, r, _, screen, err := d.begin(ctx, "typist")
	if err != nil {
		return "", err
	}
	code, err := h.Code(h.account.ID, time.Now())
	if err != nil {
		return "", err
	}
	if err := d.typeCode(ctx, r, code.Digits); err != nil {
		return "", err
	}
	return screen.end(ctx, "approved by totp")
}

func tellReplay(ctx context.Context, d *demo) (string, error) {
	h, r, _, screen, err := d.begin(ctx, "replayer")
	if err != nil {
		return "", err
	}
	code, err := h.Code(h.account.ID, time.Now())
	if err != nil {
		return "", err
	}
	if err := d.typeCode(ctx, r, code.Digits); err != nil {
		return "", err
	}
	if _, err := screen.end(ctx, "approved by totp"); err != nil {
		return "", err
	}
	second, err := d.ask(ctx, "replayer", 60)
	if err != nil {
		return "", err
	}
	var refused *parties.Problem
	if err := d.typeCode(ctx, second, code.Digits); !errors.As(err, &refused) || refused.Kind() != "code-used" {
		return "", fmt.Errorf("the second use was answered with %v", err)
	}
	return "refused: code-used", nil
}

func tellRace(ctx context.Context, d *demo) (string, error) {
	first, r, request, screen, err := d.begin(ctx, "twice")
	if err != nil {
		return "", err
	}
	if _, err := first.Approve(ctx, first.account.ID, request, r.Number); err != nil {
		return "", err
	}
	if _, err := screen.end(ctx, "approved by push"); err != nil {
		return "", err
	}
	second, err := d.secondPhone(ctx, "twice", r.ID)
	if err != nil {
		return "", err
	}
	return d.race(ctx, "twice", first, second)
}

// secondPhone pairs a further phone on the strength of a fresh approval.
func (d *demo) secondPhone(ctx context.Context, user, approval string) (held, error) {
	s, err := d.app.Open(ctx, user, approval)
	if err != nil {
		return held{}, err
	}
	return d.pairIn(ctx, s, "second phone")
}

// race has one phone approve and one deny at the same moment.
func (d *demo) race(ctx context.Context, user string, first, second held) (string, error) {
	r, _, err := first.wake(ctx, func() (requested, error) { return d.ask(ctx, user, 60) })
	if err != nil {
		return "", err
	}
	screen, err := d.watch(ctx, r)
	if err != nil {
		return "", err
	}
	a, err := first.Find(ctx, first.account.ID, r.ID)
	if err != nil {
		return "", err
	}
	b, err := second.Find(ctx, second.account.ID, r.ID)
	if err != nil {
		return "", err
	}
	var approved, denied error
	var both sync.WaitGroup
	both.Go(func() { _, approved = first.Approve(ctx, first.account.ID, a, r.Number) })
	both.Go(func() { _, denied = second.Deny(ctx, second.account.ID, b) })
	both.Wait()
	should, loser := "approved by push", denied
	if approved != nil {
		should, loser = "denied: user", approved
	}
	if (approved == nil) == (denied == nil) || phone.KindOf(loser) != "approval-settled" {
		return "", fmt.Errorf("approve got %v, deny got %v", approved, denied)
	}
	ended, err := screen.end(ctx, should)
	return ended + "; the other phone was told what stands", err
}

func tellReconnect(ctx context.Context, d *demo) (string, error) {
	h, r, request, cut, err := d.begin(ctx, "traveller")
	if err != nil {
		return "", err
	}
	if _, err := cut.Next(ctx); err != nil {
		return "", err
	}
	if err := cut.Close(); err != nil {
		return "", err
	}
	if _, err := h.Approve(ctx, h.account.ID, request, r.Number); err != nil {
		return "", err
	}
	again, err := d.watch(ctx, r)
	if err != nil {
		return "", err
	}
	ended, err := again.end(ctx, "approved by push")
	return ended + ", seen at once after coming back", err
}

func tellCodeOnly(ctx context.Context, d *demo) (string, error) {
	s, err := d.app.Open(ctx, "phoneless", "")
	if err != nil {
		return "", err
	}
	secret, err := authenticator(ctx, s, func(secret string) (string, error) { return codeOf(secret, time.Now()) })
	if err != nil {
		return "", err
	}
	r, err := d.ask(ctx, "phoneless", 60)
	if err != nil {
		return "", err
	}
	if r.Next != "code_only" {
		return "", fmt.Errorf("next is %q, should be code_only", r.Next)
	}
	screen, err := d.watch(ctx, r)
	if err != nil {
		return "", err
	}
	// The current step was spent at set-up; the next one is within drift.
	code, err := codeOf(secret, time.Now().Add(totp.Period))
	if err != nil {
		return "", err
	}
	if err := d.typeCode(ctx, r, code); err != nil {
		return "", err
	}
	return screen.end(ctx, "approved by totp")
}

func codeOf(secret string, at time.Time) (string, error) {
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		return "", err
	}
	return totp.Code(raw, at)
}
