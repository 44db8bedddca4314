package approvals_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"countersign/approvals"
	"countersign/enrolments"
)

// attempt is a sign-in and what a test knows to have been done for it.
type attempt struct {
	approvals.Requested
	asked map[*handset]bool
	// agreed is by what the person has agreed to it; empty for not at all.
	agreed   approvals.Method
	settled  *approvals.Approval
	redeemed bool
	// recovered is true once it has led to a recovery.
	recovered bool
}

// GoString names it where a run is printed.
func (a *attempt) GoString() string { return string(a.ID) }

// days is a run of sign-ins of two people, in any order of anything.
type days struct {
	*scene
	clock    *tick
	phones   map[string][]*handset
	attempts []*attempt
}

// tick is a clock that the run turns.
type tick struct {
	mu sync.Mutex
	at time.Time
}

func (c *tick) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *tick) turn(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// Whatever is called in whatever order: nothing is approved but by the right
// number, signed by a phone that was asked, or by a good code, before the
// deadline; what is settled stays as it is; and a result is given out once, for
// what was approved.
func TestNothingIsApprovedThatThePersonDidNotAgreeTo(t *testing.T) {
	reached := map[approvals.Method]int{}
	runs := func(rt *rapid.T) {
		clock := &tick{at: time.Unix(1_800_000_000, 0)}
		d := &days{scene: newScene(t, clock.now), clock: clock, phones: map[string][]*handset{}}
		defer d.store.Close()
		defer d.Close()
		d.app.Policy.PushLimit, d.app.Policy.RecoveryPaths = 30, enrolments.RecoveryPaths()
		for _, user := range users {
			d.phones[user] = []*handset{d.phone(user, "first"), d.phone(user, "second")}
			d.change(user, func(e *enrolments.Enrolment) { e.BackupEmail, e.Questions = "backup-of-"+user, true })
		}
		d.request(rt) // without one there is nothing to do
		rt.Repeat(map[string]func(*rapid.T){
			"":         d.check,
			"request":  d.request,
			"answer":   d.answer,
			"code":     d.code,
			"mail":     d.mail,
			"answers":  d.answers,
			"resend":   d.resend,
			"withdraw": d.withdraw,
			"redeem":   d.redeem,
			"pair":     d.pair,
			"wait":     d.wait,
		})
		for _, a := range d.attempts {
			reached[a.agreed]++
		}
		for _, r := range d.town.recoveries.all {
			reached[r.Method]++
		}
	}
	rapid.Check(t, runs)

	// Were nothing ever approved, the property would hold for nothing. What is
	// drawn above is chance; these runs are the same every time.
	clear(reached)
	always := rand.NewChaCha8([32]byte{})
	for range 100 {
		draws := make([]byte, 64<<10)
		always.Read(draws)
		t.Run("always", func(t *testing.T) { rapid.MakeFuzz(runs)(t, draws) })
	}
	for _, m := range append([]approvals.Method{approvals.ByPush, approvals.ByTOTP, approvals.ByRecoveryCode}, byChannel...) {
		if reached[m] == 0 {
			t.Errorf("no run came to an end by %s", m)
		}
	}
}

var users = []string{"ana@example.com", "bob@example.com"}

func (d *days) any(t *rapid.T) *attempt {
	if len(d.attempts) == 0 {
		t.Skip("nothing was asked yet")
	}
	// Mostly the newest, which is the one that may be pending.
	back := min(rapid.SampledFrom([]int{0, 0, 0, 1, 1, 2, 5}).Draw(t, "back"), len(d.attempts)-1)
	return d.attempts[len(d.attempts)-1-back]
}

func (d *days) request(t *rapid.T) {
	user := rapid.SampledFrom(users).Draw(t, "user")
	r := request(user)
	r.Role = rapid.SampledFrom([]string{"member", "member", "owner", ""}).Draw(t, "role")
	out, err := d.Request(context.Background(), d.app, r)
	if err != nil {
		t.Fatalf("request: %v", err)
	}
	a := &attempt{Requested: out, asked: map[*handset]bool{}}
	for _, h := range d.phones[user] {
		a.asked[h] = out.Next == approvals.Wait
	}
	d.attempts = append(d.attempts, a)
}

// answer sends an answer that is good, or has one flaw.
func (d *days) answer(t *rapid.T) {
	a, other := d.any(t), d.any(t)
	h := rapid.SampledFrom(d.phones[a.User]).Draw(t, "phone")
	decision, signer, about, change := approvals.Approve, h, a, func(_, _ map[string]any) {}
	flaw := rapid.SampledFrom(flaws).Draw(t, "flaw")
	switch flaw {
	case "decision":
		decision = rapid.SampledFrom([]approvals.Decision{approvals.Deny, approvals.Report}).Draw(t, "decision")
	case "person":
		h = rapid.SampledFrom(d.phones[users[0]]).Draw(t, "phone of a person")
		signer = h
	case "key":
		signer = rapid.SampledFrom(d.phones[other.User]).Draw(t, "key")
	case "approval":
		about = other
	case "number":
		change = number(rapid.SampledFrom([]string{wrongNumber(a.Approval), a.Number + "0", a.Number[:1], "0"}).Draw(t, "number"))
	case "nonce":
		change = func(_, claims map[string]any) { claims["nonce"] = other.Nonce }
	case "text":
		change = func(_, claims map[string]any) { claims["dsp"] = other.DisplayHash() }
	}
	good := a.asked[h] && signer == h && about == a && decision == approvals.Approve &&
		flaw != "number" && (flaw != "nonce" || other == a) && (flaw != "text" || other.Display == a.Display)
	if good && d.open(a) {
		a.agreed = approvals.ByPush
	}
	token := (&handset{h.Phone, signer.private}).answer(about.Approval, decision, d.now(), change)
	got, err := d.Answer(context.Background(), h.known(), a.ID, token)
	if good && a.agreed == approvals.ByPush && a.settled == nil && (err != nil || got.State != approvals.Approved) {
		t.Fatalf("a good answer: %s, %v", got.State, err)
	}
}

// flaws of an answer; half of all have none.
var flaws = []string{"", "", "", "", "", "", "", "decision", "person", "key", "approval", "number", "nonce", "text"}

// open reports whether a can still be agreed to.
func (d *days) open(a *attempt) bool {
	return a.settled == nil && d.stands(a.ID).State == approvals.Pending
}

func (d *days) code(t *rapid.T) {
	a := d.any(t)
	typed := rapid.SampledFrom([]string{"123456", "123456", "recovery", "recovery", "000000", "used", "blocked", "lost", ""}).Draw(t, "typed")
	d.town.codes = map[string]error{
		"123456": nil, "recovery": nil, "used": enrolments.ErrCodeUsed,
		"blocked": &enrolments.BlockedError{}, "lost": errors.New("the database is lost"),
	}
	if d.open(a) && a.agreed == "" && d.stands(a.ID).CodeTries > 0 {
		a.agreed = map[string]approvals.Method{"123456": approvals.ByTOTP, "recovery": approvals.ByRecoveryCode}[typed]
	}
	if got, err := d.Code(context.Background(), a.ID, typed); err == nil && got.State != approvals.Approved {
		t.Fatalf("a code that was taken left it %s", got.State)
	}
}

// mail asks for a code by mail and types it, or another, or that of another
// sign-in.
func (d *days) mail(t *rapid.T) {
	a, other := d.any(t), d.any(t)
	if stands, err := d.store.Read(context.Background(), other.ID); err == nil { // else long ago
		_ = d.SendRecoveryEmail(context.Background(), d.app, stands)
	}
	typed := rapid.SampledFrom([]string{goodMail, goodMail, "000000", ""}).Draw(t, "typed")
	d.recovering(t, a, typed == goodMail, enrolments.MethodEmail, func(stands approvals.Approval) error {
		_, _, err := d.RecoverByEmail(context.Background(), d.app, stands, typed)
		return err
	})
}

func (d *days) answers(t *rapid.T) {
	right := rapid.Bool().Draw(t, "right")
	d.recovering(t, d.any(t), right, enrolments.MethodQuestions, func(stands approvals.Approval) error {
		answers := good()
		if !right {
			answers = answers[1:]
		}
		_, _, err := d.RecoverByAnswers(context.Background(), d.app, stands, answers)
		return err
	})
}

// recovering begins a recovery: only by a proof, from what was neither approved
// nor denied, once; and never by answers for whom the policy guards.
func (d *days) recovering(t *rapid.T, a *attempt, proven bool, m approvals.Method, begin func(approvals.Approval) error) {
	stands, err := d.store.Read(context.Background(), a.ID)
	if err != nil {
		t.Skip("long ago")
	}
	if begin(stands) != nil {
		return
	}
	r := d.town.recoveries.all[len(d.town.recoveries.all)-1]
	least := d.app.Policy.RecoveryWait
	switch {
	case !proven || a.recovered || r.Method != m:
		t.Fatalf("a recovery by %s, proven %v, before %v", r.Method, proven, a.recovered)
	case stands.State != approvals.Pending && stands.State != approvals.Expired:
		t.Fatalf("a recovery from what is %s", stands.State)
	case m == enrolments.MethodQuestions && stands.Role != "member":
		t.Fatalf("answers are enough for %q", stands.Role)
	case time.Until(r.ReadyAt) < least-time.Minute:
		t.Fatalf("a new phone in %v", time.Until(r.ReadyAt))
	}
	a.recovered = true
	if after := d.stands(a.ID).State; after != approvals.Withdrawn && after != approvals.Expired {
		t.Fatalf("after it the sign-in is %s", after)
	}
}

func (d *days) resend(t *rapid.T) { _, _ = d.Resend(context.Background(), d.app, d.any(t).ID) }

func (d *days) withdraw(t *rapid.T) {
	if a := d.any(t); rapid.Bool().Draw(t, "by the browser") {
		_, _ = d.Cancel(context.Background(), a.ID)
	} else {
		_, _ = d.Withdraw(context.Background(), d.app.ID, a.ID)
	}
}

func (d *days) redeem(t *rapid.T) {
	a, other := d.any(t), d.any(t)
	view := a.Approval
	view.State = approvals.Approved // as a browser may claim
	holder := rapid.SampledFrom([]*attempt{a, a, other}).Draw(t, "browser")
	code := codeOf(view, holder.Token)
	_, result, err := d.Redeem(context.Background(), d.app.ID, a.ID, code)
	if err != nil {
		if result != "" {
			t.Fatalf("a result came with %v", err)
		}
		return
	}
	if a.agreed == "" || a.redeemed || holder.ID != a.ID {
		t.Fatalf("a result of what is %q, redeemed %v", a.agreed, a.redeemed)
	}
	a.redeemed = true
}

// pair adds a phone: it was asked for nothing that was there before.
func (d *days) pair(t *rapid.T) {
	user := rapid.SampledFrom(users).Draw(t, "user")
	if len(d.phones[user]) < enrolments.MaxPhones {
		d.phones[user] = append(d.phones[user], d.phone(user, "another"))
	}
}

func (d *days) wait(t *rapid.T) {
	d.clock.turn(time.Duration(rapid.SampledFrom([]int{1, 10, 29, 61, 120}).Draw(t, "seconds")) * time.Second)
}

func (d *days) check(t *rapid.T) {
	for _, a := range d.attempts {
		stands, err := d.store.Read(context.Background(), a.ID)
		if errors.Is(err, approvals.ErrNotFound) {
			continue // long ago
		}
		if err != nil {
			t.Fatal(err)
		}
		if stands.State == approvals.Approved && (a.agreed == "" || stands.Method != a.agreed) {
			t.Fatalf("it is approved by %s; agreed by %q", stands.Method, a.agreed)
		}
		if !stands.Final() {
			continue
		}
		stands.AsOf, stands.Redeemed = time.Time{}, false
		if a.settled == nil {
			a.settled = &stands
		}
		// What was noted late is noted with a version of its own, no more.
		stands.Version = a.settled.Version
		if diff := cmp.Diff(*a.settled, stands); diff != "" {
			t.Fatalf("what was settled has changed (-before +after):\n%s", diff)
		}
	}
}
