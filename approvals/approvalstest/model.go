package approvalstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"countersign/approvals"
	"countersign/enrolments"
)

// followsModel lets a store and a model of it take the same random steps and
// compares all that they say. The model's clock stands still but for jumps of
// multiples of 45 s; no bound of the contract is nearer than 15 s to one, so
// the real time that a run takes does not matter.
func followsModel(t *testing.T, store approvals.Store) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRun(t, store)
		defer r.stop()
		actions := map[string]func(*rapid.T){
			"": r.check, "create": r.create, "answer": r.answer, "answer again": r.answerAgain, "code": r.code,
			"settle": r.settle, "expire": r.expire, "resend": r.resend, "note": r.note, "redeem": r.redeem, "proof": r.proof,
		}
		if clock, ok := store.(Ahead); ok {
			actions["time passes"] = func(t *rapid.T) { r.jump(t, clock) }
		}
		t.Repeat(actions)
		r.finish()
	})
}

// fate is one approval in the model.
type fate struct {
	approvals.Approval
	created, expires, settled time.Duration
	digest                    string
	slips                     []string
	right                     bool // a right number or a code was seen
	ear                       *ear
	stop                      func()
}

// run is one sequence of steps, the model and the store side by side.
type run struct {
	*rapid.T
	ctx    context.Context
	store  approvals.Store
	scene  *scene
	now    time.Duration
	all    []*fate
	open   map[enrolments.ApplicationID]*fate
	keys   map[string]key
	pushes []time.Duration
	held   time.Duration
	sent   []sentAnswer
	spent  []string // since the last jump
}

type key struct {
	f     *fate
	body  string
	until time.Duration
}

type sentAnswer struct {
	f *fate
	a approvals.Answer
}

const (
	modelTTL    = time.Minute
	modelWindow = 10 * time.Minute
)

func newRun(t *rapid.T, store approvals.Store) *run {
	return &run{
		T: t, ctx: context.Background(), store: store,
		scene: &scene{person: enrolments.NewID[enrolments.PersonID](), phones: twoPhones()},
		open:  make(map[enrolments.ApplicationID]*fate), keys: make(map[string]key), held: -1,
	}
}

func (r *run) stop() {
	for _, f := range r.all {
		if f.stop != nil {
			f.stop()
		}
	}
}

func (r *run) wantError(t *rapid.T, got, want error) {
	if !errors.Is(got, want) || (want == nil && got != nil) {
		t.Fatalf("got error %v, want %v", got, want)
	}
}

// want compares but for instants, which the model counts in its own way.
func (r *run) want(t *rapid.T, got, want approvals.Approval) {
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(approvals.Approval{}, "AsOf", "Created", "Expires", "Settled")); diff != "" {
		t.Fatalf("(-model +store)\n%s", diff)
	}
	if got.Final() == got.Settled.IsZero() {
		t.Fatalf("state %q, settled %v", got.State, got.Settled)
	}
}

// stands is what a reader sees.
func (r *run) stands(f *fate) approvals.Approval {
	a := f.Approval
	if a.State == approvals.Pending && r.now >= f.expires {
		a.State = approvals.Expired
	}
	return a
}

func (r *run) pending(f *fate) bool { return r.stands(f).State == approvals.Pending }
func (r *run) gone(f *fate) bool    { return r.now >= f.expires+approvals.KeepSettled }

func (r *run) change(f *fate) { f.Version++ }

func (r *run) end(f *fate, state approvals.State, reason approvals.Reason, method approvals.Method, by enrolments.PhoneID) {
	f.State, f.Reason, f.Method, f.SettledBy, f.settled = state, reason, method, by, r.now
	r.change(f)
}

// some picks an approval, most often a late one.
func (r *run) some(t *rapid.T) *fate {
	if len(r.all) == 0 {
		t.Skip("none yet")
	}
	recent := r.all[max(0, len(r.all)-4):]
	return rapid.SampledFrom(recent).Draw(t, "approval")
}

// compare checks what a step on f returned: err where the model says so.
func (r *run) compare(t *rapid.T, f *fate, got approvals.Approval, err, want error) {
	r.wantError(t, err, want)
	if want == nil || want == approvals.ErrSettled || want == approvals.ErrNumberWrong {
		r.want(t, got, r.stands(f))
		return
	}
	if diff := cmp.Diff(approvals.Approval{}, got); diff != "" {
		t.Fatalf("with %v an approval came\n%s", err, diff)
	}
}

// barred is what a step that needs a pending approval gets otherwise.
func (r *run) barred(f *fate) error {
	switch {
	case r.gone(f):
		return approvals.ErrNotFound
	case !r.pending(f):
		return approvals.ErrSettled
	}
	return nil
}

func (r *run) takePush(limit int) bool {
	recent := 0
	for _, at := range r.pushes {
		if r.now-at < modelWindow {
			recent++
		}
	}
	if r.now < r.held || recent >= limit {
		r.held = r.now + modelWindow
		return false
	}
	r.pushes = append(r.pushes, r.now)
	return true
}

func (r *run) create(t *rapid.T) {
	n := r.scene.request(inApplication(rapid.SampledFrom([]enrolments.ApplicationID{"a", "b", "c"}).Draw(t, "application")))
	n.Budget = approvals.Budget{Limit: rapid.IntRange(0, 6).Draw(t, "limit"), Window: modelWindow}
	n.CodeOnly = rapid.IntRange(0, 9).Draw(t, "code only") == 0
	n.Phones = n.Phones[:rapid.IntRange(0, 2).Draw(t, "phones")]
	n.NumberTries, n.CodeTries, n.Resends = rapid.IntRange(1, 3).Draw(t, "numbers"), 2, 2
	body := rapid.SampledFrom([]string{"x", "x", "y"}).Draw(t, "body")
	keyed(rapid.SampledFrom([]string{"", "k", "l"}).Draw(t, "key"), body)(&n)
	name := string(n.Application) + "/" + n.Key
	got, err := r.store.Create(r.ctx, n)
	if old, ok := r.keys[name]; ok && n.Key != "" && r.now < old.until {
		if old.body != body || r.gone(old.f) {
			r.wantError(t, err, approvals.ErrIdempotency)
			return
		}
		r.wantError(t, err, nil)
		r.want(t, got.Approval, r.stands(old.f))
		if !got.Repeated || got.Replaced != "" {
			t.Fatalf("repeated %v, replaced %q", got.Repeated, got.Replaced)
		}
		return
	}
	r.wantError(t, err, nil)
	r.created(t, n, got, body)
}

func (r *run) created(t *rapid.T, n approvals.New, got approvals.Created, body string) {
	var replaced approvals.ID
	if old := r.open[n.Application]; old != nil && r.pending(old) {
		r.end(old, approvals.Withdrawn, approvals.Replaced, "", "")
		replaced = old.ID
	}
	next := approvals.Wait
	if n.CodeOnly || len(n.Phones) == 0 || !r.takePush(n.Budget.Limit) {
		next = approvals.CodeOnly
	}
	f := &fate{created: r.now, expires: r.now + modelTTL, ear: &ear{}, Approval: approvals.Approval{
		ID: n.ID, Version: 1, Application: n.Application, ApplicationName: n.ApplicationName, Person: n.Person,
		User: n.User, ReturnURL: n.ReturnURL, Display: n.Display, Nonce: n.Nonce, Number: n.Number,
		Waiting: n.Waiting, Result: n.Result, Next: next, Phones: slices.Clone(n.Phones), State: approvals.Pending,
		NumberTries: n.NumberTries, CodeTries: n.CodeTries, Resends: n.Resends,
	}}
	if n.Key != "" {
		r.keys[string(n.Application)+"/"+n.Key] = key{f, body, r.now + approvals.RememberKeys}
	}
	r.all, r.open[n.Application] = append(r.all, f), f
	r.want(t, got.Approval, f.Approval)
	if got.Repeated || got.Replaced != replaced {
		t.Fatalf("repeated %v, replaced %q, want %q", got.Repeated, got.Replaced, replaced)
	}
	var err error
	f.stop, err = r.store.Watch(r.ctx, f.ID, f.ear.notify)
	r.wantError(t, err, nil)
}

func (r *run) answer(t *rapid.T) {
	f := r.some(t)
	a := r.scene.says(approvals.Approval{ID: f.ID, Nonce: f.Nonce, Number: f.Number, Display: f.Display, Phones: r.scene.phones},
		rapid.SampledFrom([]approvals.Decision{approvals.Approve, approvals.Approve, approvals.Deny, approvals.Report}).Draw(t, "decision"))
	switch rapid.SampledFrom([]string{"", "", "", "phone", "stranger", "nonce", "display", "number", "number", "proof"}).Draw(t, "wrong") {
	case "phone":
		a.Phone = r.scene.phones[1].ID
	case "stranger":
		a.Phone = "nobody"
	case "nonce":
		a.Nonce = "other"
	case "display":
		a.Display = "other"
	case "number":
		a.Number = "99"
	case "proof":
		if len(r.spent) > 0 {
			a.Proof = rapid.SampledFrom(r.spent).Draw(t, "proof")
		}
	}
	r.answers(t, f, a)
}

func (r *run) answerAgain(t *rapid.T) {
	if len(r.sent) == 0 {
		t.Skip("none yet")
	}
	old := rapid.SampledFrom(r.sent).Draw(t, "answer")
	r.answers(t, old.f, again(old.a))
}

func (r *run) answers(t *rapid.T, f *fate, a approvals.Answer) {
	got, err := r.store.Answer(r.ctx, f.ID, a)
	r.sent = append(r.sent, sentAnswer{f, a})
	r.compare(t, f, got, err, r.decide(f, a))
}

// decide is Answer in the model.
func (r *run) decide(f *fate, a approvals.Answer) error {
	if r.gone(f) {
		return approvals.ErrNotFound
	}
	if slices.Contains(r.spent, a.Proof) {
		return approvals.ErrReplayed
	}
	r.spent = append(r.spent, a.Proof)
	switch {
	case !f.Asked(a.Phone):
		return approvals.ErrNotFound
	case a.Nonce != f.Nonce:
		return approvals.ErrMismatch
	case a.Display != f.DisplayHash():
		return approvals.ErrDisplay
	case a.Decision == approvals.Approve && slices.Contains(f.slips, a.Digest):
		return approvals.ErrNumberWrong
	case !r.pending(f) && f.digest == a.Digest && f.SettledBy == a.Phone:
		return nil
	case !r.pending(f):
		return approvals.ErrSettled
	}
	switch {
	case a.Decision == approvals.Deny:
		r.end(f, approvals.Denied, approvals.ByUser, "", a.Phone)
	case a.Decision == approvals.Report:
		r.end(f, approvals.Denied, approvals.Reported, "", a.Phone)
	case a.Number == f.Number:
		f.right = true
		r.end(f, approvals.Approved, "", approvals.ByPush, a.Phone)
	default:
		f.slips = append(f.slips, a.Digest)
		f.NumberTries--
		if f.NumberTries > 0 {
			r.change(f)
		} else {
			r.end(f, approvals.Denied, approvals.NumberMismatch, "", a.Phone)
		}
		return approvals.ErrNumberWrong
	}
	f.digest = a.Digest
	return nil
}

func (r *run) code(t *rapid.T) {
	f := r.some(t)
	want := r.barred(f)
	if want == nil && f.CodeTries == 0 {
		want = approvals.ErrNoTries
	}
	if want == nil {
		f.CodeTries--
		r.change(f)
	}
	got, err := r.store.TryCode(r.ctx, f.ID)
	r.compare(t, f, got, err, want)
}

func (r *run) settle(t *rapid.T) {
	f := r.some(t)
	with := rapid.SampledFrom([]approvals.Settlement{byTOTP, cancelled, {State: approvals.Denied, Reason: approvals.TooManyCodes}}).Draw(t, "settlement")
	want := r.barred(f)
	if want == nil {
		r.end(f, with.State, with.Reason, with.Method, "")
	}
	if want == nil && with.State == approvals.Approved {
		f.right, r.pushes, r.held = true, nil, -1
	}
	got, err := r.store.Settle(r.ctx, f.ID, with)
	r.compare(t, f, got, err, want)
}

func (r *run) expire(t *rapid.T) {
	f := r.some(t)
	var want error
	wantDone := !r.gone(f) && f.State == approvals.Pending && r.now >= f.expires
	if r.gone(f) {
		want = approvals.ErrNotFound
	}
	if wantDone {
		r.end(f, approvals.Expired, "", "", "")
	}
	got, done, err := r.store.Expire(r.ctx, f.ID)
	r.compare(t, f, got, err, want)
	if done != wantDone {
		t.Fatalf("done is %v, want %v", done, wantDone)
	}
}

func (r *run) resend(t *rapid.T) {
	f := r.some(t)
	limit := rapid.IntRange(0, 6).Draw(t, "limit")
	want := r.barred(f)
	if want == nil && (f.Resends == 0 || f.Next != approvals.Wait || !r.takePush(limit)) {
		want = approvals.ErrHeld
	}
	if want == nil {
		f.Resends--
		r.change(f)
	}
	got, err := r.store.Resend(r.ctx, f.ID, approvals.Budget{Limit: limit, Window: modelWindow})
	r.compare(t, f, got, err, want)
}

func (r *run) note(t *rapid.T) {
	f := r.some(t)
	place := rapid.IntRange(0, 1).Draw(t, "phone")
	phone := r.scene.phones[place].ID
	sent := rapid.SampledFrom([]approvals.Sent{"", approvals.Accepted, approvals.Failed}).Draw(t, "sent")
	var err, want error
	if sent == "" {
		err = r.store.NoteSeen(r.ctx, f.ID, phone)
	} else {
		err = r.store.NoteSent(r.ctx, f.ID, phone, sent)
	}
	switch {
	case r.gone(f) || !f.Asked(phone):
		want = approvals.ErrNotFound
	case !r.pending(f):
	case sent == "" && !f.Phones[place].Seen:
		f.Phones[place].Seen = true
		r.change(f)
	case sent != "" && f.Phones[place].Sent != sent:
		f.Phones[place].Sent = sent
		r.change(f)
	}
	r.wantError(t, err, want)
}

func (r *run) redeem(t *rapid.T) {
	f := r.some(t)
	code := rapid.SampledFrom([]enrolments.Hash{f.Result, f.Waiting}).Draw(t, "code")
	var want error
	switch {
	case r.gone(f):
		want = approvals.ErrNotFound
	case f.State != approvals.Approved || f.Redeemed || code != f.Result || r.now-f.settled >= approvals.RedeemWithin:
		want = approvals.ErrResult
	default:
		f.Redeemed = true
	}
	got, err := r.store.Redeem(r.ctx, f.ID, code)
	r.compare(t, f, got, err, want)
}

func (r *run) proof(t *rapid.T) {
	proof := fmt.Sprintf("proof-%d", next())
	if len(r.spent) > 0 && rapid.Bool().Draw(t, "again") {
		proof = rapid.SampledFrom(r.spent).Draw(t, "proof")
	}
	var want error
	if slices.Contains(r.spent, proof) {
		want = approvals.ErrReplayed
	}
	r.spent = append(r.spent, proof)
	r.wantError(t, r.store.SpendProof(r.ctx, r.scene.person, proof), want)
}

// jump puts the store's clock ahead. Proofs live by the real clock in some
// stores, so those of before are not used again.
func (r *run) jump(t *rapid.T, clock Ahead) {
	by := time.Duration(rapid.IntRange(1, 15).Draw(t, "times 45 s")) * 45 * time.Second
	r.wantError(t, clock.Ahead(r.scene.person, by), nil)
	r.now += by
	r.spent, r.sent = nil, nil
}

// check compares everything that can be read, and the invariants.
func (r *run) check(t *rapid.T) {
	for _, f := range r.all {
		got, err := r.store.Read(r.ctx, f.ID)
		if r.gone(f) {
			r.wantError(t, err, approvals.ErrNotFound)
			continue
		}
		r.wantError(t, err, nil)
		r.want(t, got, r.stands(f))
		if got.State == approvals.Approved && !f.right {
			t.Fatal("approved without a right number and without a code")
		}
	}
	for _, phone := range r.scene.phones {
		r.checkPending(t, phone.ID)
	}
}

func (r *run) checkPending(t *rapid.T, phone enrolments.PhoneID) {
	var want []approvals.ID
	for _, f := range r.all {
		if r.pending(f) && f.Asked(phone) {
			want = append(want, f.ID)
		}
	}
	all, err := r.store.PendingFor(r.ctx, r.scene.person, phone)
	r.wantError(t, err, nil)
	var got []approvals.ID
	for i, a := range all {
		if i > 0 && a.Created.After(all[i-1].Created) {
			t.Fatal("not newest first")
		}
		got = append(got, a.ID)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Fatalf("pending %v, want %v", got, want)
	}
}

// finish checks that every watch was told how its approval stands.
func (r *run) finish() {
	for _, f := range r.all {
		if r.stands(f).State == approvals.Expired {
			continue // told by a timer of real time
		}
		timeout := time.After(patience)
		for f.ear.last().State != f.State || (f.State == approvals.Pending && f.ear.last().Version != f.Version) {
			select {
			case <-time.After(time.Millisecond):
			case <-timeout:
				r.Fatalf("a watch was told %q, version %d; it is %q, version %d", f.ear.last().State, f.ear.last().Version, f.State, f.Version)
			}
		}
		f.ear.mu.Lock()
		faults := f.ear.faults
		f.ear.mu.Unlock()
		if len(faults) > 0 {
			r.Fatalf("a watch was told %v", faults)
		}
	}
}
