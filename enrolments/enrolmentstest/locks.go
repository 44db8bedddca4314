package enrolmentstest

import (
	"errors"
	"testing"
	"time"

	"countersign/enrolments"
)

// held are the steps that a lock keeps back; each returns what it does to a person.
var held = map[string]func(t *testing.T, f *fixture, p enrolments.Person) func() error{
	"a recovery begins": func(t *testing.T, f *fixture, p enrolments.Person) func() error {
		now := present()
		return func() error {
			return f.store.AddRecovery(t.Context(), enrolments.Recovery{
				ID: enrolments.NewID[enrolments.RecoveryID](), Person: p.ID, BegunAt: now, ReadyAt: now, EndsAt: now.Add(time.Hour),
			})
		}
	},
	"a recovery leads to a set-up": func(t *testing.T, f *fixture, p enrolments.Person) func() error {
		r := f.recovery(t, p, 0)
		return func() error {
			return f.store.OpenRecovery(t.Context(), r.ID, f.throughRecovery(r, r.ReadyAt), r.ReadyAt)
		}
	},
	"a change is carried out": func(t *testing.T, f *fixture, p enrolments.Person) func() error {
		c := f.change(t, f.page(t, p, "books"), enrolments.ChangeRenewCodes)
		return func() error { return f.carries(t, c) }
	},
	"a set-up is opened": func(t *testing.T, f *fixture, p enrolments.Person) func() error {
		return func() error { return f.opens(t, p, func(g *enrolments.Pairing) { g.Held = true }) }
	},
}

// opens opens a set-up of a person that change makes special.
func (f *fixture) opens(t *testing.T, p enrolments.Person, change func(*enrolments.Pairing)) error {
	t.Helper()
	now, token := present(), enrolments.NewSecret()
	g := enrolments.Pairing{
		ID: enrolments.NewID[enrolments.PairingID](), Person: p.ID, Token: token.Hash(), Ticket: enrolments.TicketOf(token).Hash(),
		State: enrolments.PairingOpen, Version: 1, CreatedAt: now, ExpiresAt: now.Add(enrolments.PairingTTL),
	}
	change(&g)
	return f.store.AddPairing(t.Context(), g)
}

var locks = []promise{
	{"while pushes are locked nothing new begins, and once they are not it does", func(t *testing.T, f *fixture) {
		for name, begin := range held {
			p := f.person(t)
			do := begin(t, f, p)
			ok(t, f.store.SetPushLocked(t.Context(), p.ID, true))
			if err := do(); !errors.Is(err, enrolments.ErrLocked) {
				t.Errorf("%s: got %v, want %v", name, err, enrolments.ErrLocked)
			}
			ok(t, f.store.SetPushLocked(t.Context(), p.ID, false))
			if err := do(); err != nil {
				t.Errorf("%s, unlocked: got %v", name, err)
			}
		}
	}},
	{"an administrator's set-up is not held by a lock", func(t *testing.T, f *fixture) {
		p := f.person(t)
		ok(t, f.store.SetPushLocked(t.Context(), p.ID, true))
		ok(t, f.opens(t, p, func(*enrolments.Pairing) {}))
	}},
	{"a lock refuses a phone that waits to be compared, and keeps those that are there", func(t *testing.T, f *fixture) {
		p, other := f.person(t), f.person(t)
		_, there := f.paired(t, p)
		g, waiting := f.claimed(t, p)
		theirs, _ := f.claimed(t, other)
		ok(t, f.store.SetPushLocked(t.Context(), p.ID, true))
		same(t, f.read(t, g.ID, present()).State, enrolments.PairingRefused)
		_, err := f.store.Confirm(t.Context(), g.ID, true, present())
		is(t, err, enrolments.ErrPairingSettled)
		_, _, err = f.store.Phone(t.Context(), waiting.ID)
		is(t, err, enrolments.ErrNotFound)
		_, _, err = f.store.Phone(t.Context(), there.ID)
		ok(t, err)
		same(t, f.read(t, theirs.ID, present()).State, enrolments.PairingClaimed)
	}},
	{"a lock voids codes that were sent by mail, and no later ones", func(t *testing.T, f *fixture) {
		p := f.person(t)
		f.mailed(t, p, toSetUp, "482913", "eve@example.net", present())
		ok(t, f.store.SetPushLocked(t.Context(), p.ID, true))
		is(t, f.typed(t, p, toSetUp, "482913", present()), enrolments.ErrCodeExpired)
		f.mailed(t, p, toSetUp, "913482", "ana@example.org", present())
		ok(t, f.typed(t, p, toSetUp, "913482", present()))
	}},
	{"of a lock and what it holds, at once, the lock has the last word", func(t *testing.T, f *fixture) {
		p := f.person(t)
		ids := make([]enrolments.PairingID, callers)
		errs := atOnce(func(i int) error {
			if i == callers/2 {
				return f.store.SetPushLocked(t.Context(), p.ID, true)
			}
			return f.opens(t, p, func(g *enrolments.Pairing) { g.Held, ids[i] = true, g.ID })
		})
		for i, err := range errs {
			switch {
			case i == callers/2:
				ok(t, err)
			case err == nil:
				same(t, f.read(t, ids[i], present()).State, enrolments.PairingRefused)
			default:
				is(t, err, enrolments.ErrLocked)
			}
		}
	}},
}
