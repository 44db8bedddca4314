package approvalstest

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"countersign/approvals"
	"countersign/enrolments"
)

func (r *run) create(t *rapid.T) {
	n := r.scene.request(inApplication(rapid.SampledFrom([]enrolments.ApplicationID{"a", "b", "c"}).Draw(t, "application")))
	n.Budget = approvals.Budget{Limit: rapid.IntRange(0, 6).Draw(t, "limit"), Window: modelWindow}
	n.CodeOnly = rapid.IntRange(0, 9).Draw(t, "code only") == 0
	n.Phones = n.Phones[:rapid.IntRange(0, 2).Draw(t, "phones")]
	n.NumberTries, n.CodeTries, n.Resends = rapid.IntRange(1, 3).Draw(t, "numbers"), 2, 2
	n.Purpose = rapid.SampledFrom([]approvals.Purpose{approvals.ForSignIn, approvals.ForSignIn, approvals.ForChange}).Draw(t, "purpose")
	body := rapid.SampledFrom([]string{"x", "x", "y"}).Draw(t, "body")
	keyed(rapid.SampledFrom([]string{"", "k", "l"}).Draw(t, "key"), body)(&n)
	name := n.Seat() + "/" + n.Key
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
	if old := r.open[n.Seat()]; old != nil && r.pending(old) {
		r.end(old, approvals.Withdrawn, approvals.Replaced, "", "")
		replaced = old.ID
	}
	next := approvals.Wait
	if n.CodeOnly || len(n.Phones) == 0 || !r.takePush(n.Budget.Limit) {
		next = approvals.CodeOnly
	}
	f := &fate{created: r.now, expires: r.now + modelTTL, ear: &ear{}, Approval: approvals.Approval{
		ID: n.ID, Version: 1, Application: n.Application, ApplicationName: n.ApplicationName, Logo: n.Logo, Purpose: n.Purpose, Person: n.Person,
		User: n.User, ReturnURL: n.ReturnURL, Display: n.Display, Nonce: n.Nonce, Number: n.Number,
		Waiting: n.Waiting, Result: n.Result, Next: next, Takes: n.Takes, Role: n.Role, Offers: n.Offers, EmailHint: n.EmailHint, Barred: n.Barred, TrustFor: n.TrustFor, TTL: n.TTL, Phones: slices.Clone(n.Phones), State: approvals.Pending,
		NumberTries: n.NumberTries, CodeTries: n.CodeTries, Resends: n.Resends,
	}}
	if n.Key != "" {
		r.keys[n.Seat()+"/"+n.Key] = key{f, body, r.now + approvals.RememberKeys}
	}
	r.all, r.open[n.Seat()] = append(r.all, f), f
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
	with.KeepsHeld = rapid.Bool().Draw(t, "keeps held")
	want := r.barred(f)
	if want == nil {
		r.end(f, with.State, with.Reason, with.Method, "")
		f.right = f.right || with.State == approvals.Approved
	}
	if want == nil && with.State == approvals.Approved && !with.KeepsHeld {
		r.pushes, r.held = nil, -1
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
