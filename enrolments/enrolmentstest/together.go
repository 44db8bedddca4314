package enrolmentstest

import (
	"context"
	"errors"
	"testing"

	"countersign/enrolments"
)

// errNo is what a caller's own half of a transaction ends in.
var errNo = errors.New("no")

// all makes every call of a world in one transaction, which ends in outcome.
func (w *world) all(t *testing.T, f *fixture, outcome error) error {
	t.Helper()
	return f.store.Together(t.Context(), func(ctx context.Context, in enrolments.Store) error {
		for name, call := range w.calls(ctx, in) {
			if err := call(); err != nil {
				t.Errorf("%s: got %v", name, err)
			}
		}
		return outcome
	})
}

var together = []promise{
	{"every call that changes something does so in a transaction", func(t *testing.T, f *fixture) {
		w := f.world(t)
		ok(t, w.all(t, f, nil))
		app, keys, err := f.store.Application(t.Context(), w.app.ID)
		ok(t, err)
		same(t, app.Policy.Resends, 5)
		same(t, keys[0], key("third"))
		same(t, f.secret(t, w.authenticator.ID).LastStep, 1000)
		same(t, f.rows(t), w.seen.Events+3)
	}},
	{"nothing is kept of a transaction that its caller refuses", func(t *testing.T, f *fixture) {
		w := f.world(t)
		is(t, w.all(t, f, errNo), errNo)
		after := w
		after.look(t, f)
		same(t, after.seen, w.seen)
	}},
	{"nothing is kept of a transaction of which one call was refused, even where that is overlooked", func(t *testing.T, f *fixture) {
		w := f.world(t)
		for _, c := range []struct {
			call func(ctx context.Context, in enrolments.Store) error
			want error
		}{
			{func(ctx context.Context, in enrolments.Store) error { return in.AddApplication(ctx, w.app, key("x")) }, enrolments.ErrExists},
			{func(ctx context.Context, in enrolments.Store) error {
				return in.IssueCodes(ctx, w.open.ID, recoverySet(), present())
			}, enrolments.ErrPairingSettled},
		} {
			is(t, f.store.Together(t.Context(), func(ctx context.Context, in enrolments.Store) error {
				if err := in.RenamePhone(ctx, w.phone.ID, "another"); err != nil {
					return err
				}
				_ = c.call(ctx, in)
				return nil
			}), c.want)
		}
		after := w
		after.look(t, f)
		same(t, after.seen, w.seen)
	}},
	{"a transaction sees what it does, and nobody else before its end", func(t *testing.T, f *fixture) {
		_, made := f.paired(t, f.person(t))
		ok(t, f.store.Together(t.Context(), func(ctx context.Context, in enrolments.Store) error {
			if err := in.RenamePhone(ctx, made.ID, "another"); err != nil {
				return err
			}
			inside, _, err := in.Phone(ctx, made.ID)
			if err != nil {
				return err
			}
			outside, _, err := f.store.Phone(ctx, made.ID)
			if inside.Name != "another" || outside.Name != made.Name {
				t.Errorf("it sees %q, others see %q", inside.Name, outside.Name)
			}
			return err
		}))
		same(t, f.stored(t, made.ID).Name, "another")
	}},
	{"of transactions at once that take the same one does, and the trail tells of one", func(t *testing.T, f *fixture) {
		p := f.person(t)
		_, made := f.paired(t, p)
		before := f.rows(t)
		oneWins(t, atOnce(func(int) error { return f.removed(t.Context(), made) }), enrolments.ErrNotFound)
		same(t, f.rows(t), before+1)
	}},
	{"transactions of many people at once, and the trail beside them, all come through", func(t *testing.T, f *fixture) {
		var made [callers]enrolments.Phone
		for i := range made {
			_, made[i] = f.paired(t, f.person(t))
		}
		before := f.rows(t)
		for _, err := range atOnce(func(i int) error {
			return errors.Join(f.removed(t.Context(), made[i]),
				f.store.Record(t.Context(), enrolments.Event{At: present(), Kind: enrolments.EventApprovalRequested}))
		}) {
			ok(t, err)
		}
		same(t, f.rows(t), before+2*callers)
	}},
	{"whoever delivers is called once there is something to deliver, and never for what is not kept", func(t *testing.T, f *fixture) {
		p := f.reachable(t)
		for len(f.store.Announced()) > 0 {
			<-f.store.Announced()
		}
		for _, outcome := range []error{errNo, nil} {
			is(t, f.store.Together(t.Context(), func(ctx context.Context, in enrolments.Store) error {
				err := in.Record(ctx, happened(p, enrolments.EventPhonePaired))
				if len(f.store.Announced()) != 0 {
					t.Error("it is called before the end")
				}
				return errors.Join(err, outcome)
			}), outcome)
			kept := 0
			if outcome == nil {
				kept = 1
			}
			same(t, len(f.store.Announced()), kept)
			same(t, len(f.noticesOf(t, p.ID)), kept)
		}
	}},
}

// removed removes a phone and tells of it, in one transaction.
func (f *fixture) removed(ctx context.Context, p enrolments.Phone) error {
	return f.store.Together(ctx, func(ctx context.Context, in enrolments.Store) error {
		if err := in.RemovePhone(ctx, p.ID); err != nil {
			return err
		}
		return in.Record(ctx, enrolments.Event{At: present(), Kind: enrolments.EventPhoneRemoved, Person: p.Person, Detail: p.Name})
	})
}
