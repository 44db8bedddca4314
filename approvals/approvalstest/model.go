package approvalstest

import (
	"context"
	"errors"
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
	open   map[string]*fate // by seat
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
		open:  make(map[string]*fate), keys: make(map[string]key), held: -1,
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
