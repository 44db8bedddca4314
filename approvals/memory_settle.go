package approvals

import (
	"context"
	"crypto/subtle"
	"fmt"
	"slices"
	"time"

	"countersign/enrolments"
)

// Answer implements Store.
func (m *Memory) Answer(ctx context.Context, id ID, a Answer) (Approval, error) {
	now, err := m.enter(ctx)
	if err != nil {
		return Approval{}, err
	}
	defer m.mu.Unlock()
	r, err := m.find(id, now)
	if err != nil {
		return Approval{}, err
	}
	if !m.person(r.Person).spend(a.Proof, now) {
		return Approval{}, ErrReplayed
	}
	switch {
	case !r.Asked(a.Phone):
		return Approval{}, ErrNotFound
	case !same(a.Nonce, r.Nonce):
		return Approval{}, ErrMismatch
	case !same(a.Display, r.DisplayHash()):
		return Approval{}, ErrDisplay
	case a.Decision == Approve && slices.Contains(r.slips, a.Digest):
		return r.view(now), ErrNumberWrong
	case r.state(now) != Pending && r.digest == a.Digest && r.SettledBy == a.Phone:
		return r.view(now), nil
	case r.state(now) != Pending:
		return r.view(now), ErrSettled
	}
	return r.answer(a, now)
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func (r *record) answer(a Answer, now time.Time) (Approval, error) {
	s := Settlement{State: Denied, Reason: ByUser}
	switch {
	case a.Decision == Report:
		s.Reason = Reported
	case a.Decision == Approve && same(a.Number, r.Number):
		s = Settlement{State: Approved, Method: ByPush}
	case a.Decision == Approve:
		return r.slipped(a, now)
	}
	r.SettledBy, r.digest = a.Phone, a.Digest
	r.settle(s, now, now)
	return r.view(now), nil
}

func (r *record) slipped(a Answer, now time.Time) (Approval, error) {
	r.slips = append(r.slips, a.Digest)
	r.NumberTries--
	if r.NumberTries > 0 {
		r.changed(now)
		return r.view(now), ErrNumberWrong
	}
	r.SettledBy = a.Phone
	r.settle(Settlement{State: Denied, Reason: NumberMismatch}, now, now)
	return r.view(now), ErrNumberWrong
}

// pendingRecord finds an approval that can still be settled; with ErrSettled
// the record is returned too.
func (m *Memory) pendingRecord(id ID, now time.Time) (*record, error) {
	r, err := m.find(id, now)
	if err == nil && r.state(now) != Pending {
		err = ErrSettled
	}
	return r, err
}

// change runs one step on a pending approval and returns it as it then stands.
func (m *Memory) change(ctx context.Context, id ID, step func(*record, time.Time) error) (Approval, error) {
	now, err := m.enter(ctx)
	if err != nil {
		return Approval{}, err
	}
	defer m.mu.Unlock()
	r, err := m.pendingRecord(id, now)
	if r == nil {
		return Approval{}, err
	}
	if err != nil {
		return r.view(now), err
	}
	if err := step(r, now); err != nil {
		return Approval{}, err
	}
	return r.view(now), nil
}

// TryCode implements Store.
func (m *Memory) TryCode(ctx context.Context, id ID) (Approval, error) {
	return m.change(ctx, id, func(r *record, now time.Time) error {
		if r.CodeTries == 0 {
			return ErrNoTries
		}
		r.CodeTries--
		r.changed(now)
		return nil
	})
}

// Settle implements Store.
func (m *Memory) Settle(ctx context.Context, id ID, s Settlement) (Approval, error) {
	switch s.State {
	case Approved, Denied, Withdrawn:
	default:
		return Approval{}, fmt.Errorf("%q settles nothing", s.State)
	}
	return m.change(ctx, id, func(r *record, now time.Time) error {
		r.settle(s, now, now)
		if s.State == Approved && !s.KeepsHeld && (s.Method == ByTOTP || s.Method == ByRecoveryCode) {
			p := m.person(r.Person)
			p.pushes, p.heldUntil = nil, time.Time{}
		}
		return nil
	})
}

// Expire implements Store.
func (m *Memory) Expire(ctx context.Context, id ID) (Approval, bool, error) {
	now, err := m.enter(ctx)
	if err != nil {
		return Approval{}, false, err
	}
	defer m.mu.Unlock()
	r, err := m.find(id, now)
	if err != nil {
		return Approval{}, false, err
	}
	if r.State != Pending || r.state(now) != Expired {
		return r.view(now), false, nil
	}
	r.settle(Settlement{State: Expired}, r.Expires, now)
	return r.view(now), true, nil
}

// Resend implements Store.
func (m *Memory) Resend(ctx context.Context, id ID, b Budget) (Approval, error) {
	return m.change(ctx, id, func(r *record, now time.Time) error {
		if r.Resends == 0 || r.Next != Wait || !m.person(r.Person).takePush(b, now) {
			return ErrHeld
		}
		r.Resends--
		r.changed(now)
		return nil
	})
}

// Extend implements Store.
func (m *Memory) Extend(ctx context.Context, id ID, from, to time.Duration) (Approval, error) {
	return m.change(ctx, id, func(r *record, now time.Time) error {
		if r.Expires.Sub(r.Created) != from {
			return ErrHeld
		}
		r.Expires = r.Created.Add(to)
		r.changed(now)
		return nil
	})
}

// NoteSent implements Store.
func (m *Memory) NoteSent(ctx context.Context, id ID, phone enrolments.PhoneID, sent Sent) error {
	return m.note(ctx, id, phone, func(p *AskedPhone) bool {
		changed := p.Sent != sent
		p.Sent = sent
		return changed
	})
}

// NoteSeen implements Store.
func (m *Memory) NoteSeen(ctx context.Context, id ID, phone enrolments.PhoneID) error {
	return m.note(ctx, id, phone, func(p *AskedPhone) bool {
		changed := !p.Seen
		p.Seen = true
		return changed
	})
}

func (m *Memory) note(ctx context.Context, id ID, phone enrolments.PhoneID, set func(*AskedPhone) bool) error {
	now, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer m.mu.Unlock()
	r, err := m.find(id, now)
	if err != nil {
		return err
	}
	if !r.Asked(phone) {
		return ErrNotFound
	}
	for i := range r.Phones {
		if r.Phones[i].ID == phone && r.state(now) == Pending && set(&r.Phones[i]) {
			r.changed(now)
		}
	}
	return nil
}

// Redeem implements Store.
func (m *Memory) Redeem(ctx context.Context, id ID, result enrolments.Hash) (Approval, error) {
	now, err := m.enter(ctx)
	if err != nil {
		return Approval{}, err
	}
	defer m.mu.Unlock()
	r, err := m.find(id, now)
	if err != nil {
		return Approval{}, err
	}
	if r.State != Approved || r.Redeemed || now.Sub(r.Settled) >= RedeemWithin || !r.Result.Is(result) {
		return Approval{}, ErrResult
	}
	r.Redeemed = true
	return r.view(now), nil
}

// SpendProof implements Store.
func (m *Memory) SpendProof(ctx context.Context, who enrolments.PersonID, proof string) error {
	now, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer m.mu.Unlock()
	if !m.person(who).spend(proof, now) {
		return ErrReplayed
	}
	return nil
}

func (p *person) spend(proof string, now time.Time) bool {
	if until, ok := p.proofs[proof]; ok && now.Before(until) {
		return false
	}
	p.proofs[proof] = now.Add(RememberProofs)
	return true
}
