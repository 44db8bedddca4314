package enrolmentstest

import (
	"slices"
	"testing"
	"time"

	"countersign/enrolments"
)

// recovery is a recovery of p that is ready after wait.
func (f *fixture) recovery(t *testing.T, p enrolments.Person, wait time.Duration) enrolments.Recovery {
	t.Helper()
	now := present()
	r := enrolments.Recovery{
		ID: enrolments.NewID[enrolments.RecoveryID](), Person: p.ID, User: p.User, Application: "northwind",
		ApplicationName: "Northwind Books", Method: enrolments.MethodRecoveryCode, Browser: "Chrome on Windows",
		Location: "Wellington, NZ", IP: "203.0.113.9", ReturnURL: "https://books.example.com/signed-in?tab=1", Token: enrolments.NewSecret().Hash(),
		State: enrolments.RecoveryReady, BegunAt: now, ReadyAt: now.Add(wait), EndsAt: now.Add(wait + time.Hour),
	}
	if wait > 0 {
		r.State = enrolments.RecoveryWaiting
	}
	ok(t, f.store.AddRecovery(t.Context(), r))
	return r
}

// opened opens a set-up through a recovery that removes phones.
func (f *fixture) opened(t *testing.T, r enrolments.Recovery, now time.Time, removes ...enrolments.PhoneID) enrolments.Pairing {
	t.Helper()
	g := f.throughRecovery(r, now, removes...)
	ok(t, f.store.OpenRecovery(t.Context(), r.ID, g, now))
	return g
}

func (f *fixture) throughRecovery(r enrolments.Recovery, now time.Time, removes ...enrolments.PhoneID) enrolments.Pairing {
	return enrolments.Pairing{
		ID: enrolments.NewID[enrolments.PairingID](), Person: r.Person, User: r.User, Removes: removes,
		Ticket: enrolments.NewSecret().Hash(), State: enrolments.PairingOpen,
		CreatedAt: now, ExpiresAt: now.Add(enrolments.PairingTTL), Version: 1,
	}
}

func (f *fixture) claim(t *testing.T, p enrolments.Person, g enrolments.Pairing, now time.Time) enrolments.Phone {
	t.Helper()
	made := phone(t, p)
	_, err := f.store.Claim(t.Context(), g.Ticket, made, "000000", now)
	ok(t, err)
	return made
}

// stands reads a recovery that must be there.
func (f *fixture) stands(t *testing.T, id enrolments.RecoveryID, now time.Time) enrolments.Recovery {
	t.Helper()
	r, err := f.store.Recovery(t.Context(), id, now)
	ok(t, err)
	return r
}

func (f *fixture) running(t *testing.T, p enrolments.Person, now time.Time) []enrolments.Recovery {
	t.Helper()
	all, err := f.store.RunningRecoveries(t.Context(), p.ID, now)
	ok(t, err)
	return all
}

var recoveries = []promise{
	{"a recovery comes back as it was begun, and reads by the time", func(t *testing.T, f *fixture) {
		p := f.person(t)
		r := f.recovery(t, p, time.Hour)
		same(t, f.stands(t, r.ID, r.BegunAt), r)
		for at, want := range map[time.Time]enrolments.RecoveryState{
			r.ReadyAt.Add(-time.Microsecond): enrolments.RecoveryWaiting, r.ReadyAt: enrolments.RecoveryReady,
			r.EndsAt.Add(-time.Microsecond): enrolments.RecoveryReady, r.EndsAt: enrolments.RecoveryExpired,
		} {
			same(t, f.stands(t, r.ID, at).State, want)
		}
		same(t, f.running(t, p, r.BegunAt), []enrolments.Recovery{r})
		same(t, len(f.running(t, p, r.EndsAt)), 0)
		same(t, len(f.running(t, f.person(t), r.BegunAt)), 0)
		_, err := f.store.Recovery(t.Context(), "nobody", r.BegunAt)
		is(t, err, enrolments.ErrNotFound)
	}},
	{"before its time a recovery opens nothing, at its time it does", func(t *testing.T, f *fixture) {
		p := f.person(t)
		r := f.recovery(t, p, time.Hour)
		early := r.ReadyAt.Add(-time.Microsecond)
		g := f.throughRecovery(r, early)
		is(t, f.store.OpenRecovery(t.Context(), r.ID, g, early), enrolments.ErrRecoveryWaiting)
		_, err := f.store.Pairing(t.Context(), g.ID, early)
		is(t, err, enrolments.ErrNotFound)
		g = f.opened(t, r, r.ReadyAt)
		same(t, f.read(t, g.ID, r.ReadyAt), g)
		same(t, f.stands(t, r.ID, r.ReadyAt).Pairing, g.ID)
		is(t, f.store.OpenRecovery(t.Context(), r.ID, f.throughRecovery(r, r.EndsAt), r.EndsAt), enrolments.ErrRecoveryOver)
	}},
	{"the phones to be removed go as the new one becomes active, and no others", func(t *testing.T, f *fixture) {
		p, other := f.person(t), f.person(t)
		_, lost := f.paired(t, p)
		_, stays := f.paired(t, p)
		_, theirs := f.paired(t, other)
		r := f.recovery(t, p, 0)
		g := f.opened(t, r, r.ReadyAt, lost.ID, theirs.ID, "gone already")
		made := f.claim(t, p, g, r.ReadyAt)
		same(t, f.stored(t, lost.ID).Active, true)
		_, err := f.store.Confirm(t.Context(), g.ID, true, r.ReadyAt)
		ok(t, err)
		f.gone(t, lost.ID)
		for _, id := range []enrolments.PhoneID{stays.ID, theirs.ID, made.ID} {
			same(t, f.stored(t, id).Active, true)
		}
	}},
	{"when the digits differ nothing is removed, and the recovery goes on", func(t *testing.T, f *fixture) {
		p := f.person(t)
		_, lost := f.paired(t, p)
		r := f.recovery(t, p, 0)
		g := f.opened(t, r, r.ReadyAt, lost.ID)
		f.claim(t, p, g, r.ReadyAt)
		_, err := f.store.Confirm(t.Context(), g.ID, false, r.ReadyAt)
		ok(t, err)
		same(t, f.stored(t, lost.ID).Active, true)
		same(t, f.stands(t, r.ID, r.ReadyAt).State, enrolments.RecoveryReady)
	}},
	{"a recovery that has led to a phone is over for good", func(t *testing.T, f *fixture) {
		p := f.person(t)
		r := f.recovery(t, p, 30*time.Hour)
		g := f.opened(t, r, r.ReadyAt)
		f.claim(t, p, g, r.ReadyAt)
		_, err := f.store.Confirm(t.Context(), g.ID, true, r.ReadyAt)
		ok(t, err)
		// Old pairings are forgotten when new ones come.
		later := f.throughRecovery(r, r.ReadyAt.Add(48*time.Hour))
		ok(t, f.store.AddPairing(t.Context(), later))
		same(t, f.stands(t, r.ID, r.ReadyAt).State, enrolments.RecoveryDone)
		same(t, len(f.running(t, p, r.ReadyAt)), 0)
		is(t, f.store.OpenRecovery(t.Context(), r.ID, f.throughRecovery(r, r.ReadyAt), r.ReadyAt), enrolments.ErrRecoveryOver)
		_, refused, err := f.store.RefuseRecovery(t.Context(), p.ID, r.ID, "old phone", r.ReadyAt)
		ok(t, err)
		same(t, refused, false)
	}},
	{"a set-up that is opened again ends the one before, claimed or not", func(t *testing.T, f *fixture) {
		p := f.person(t)
		r := f.recovery(t, p, 0)
		first := f.opened(t, r, r.ReadyAt)
		second := f.opened(t, r, r.ReadyAt)
		same(t, f.read(t, first.ID, r.ReadyAt).State, enrolments.PairingRefused)
		made := f.claim(t, p, second, r.ReadyAt)
		f.opened(t, r, r.ReadyAt)
		f.gone(t, made.ID)
		_, err := f.store.Confirm(t.Context(), second.ID, true, r.ReadyAt)
		is(t, err, enrolments.ErrPairingSettled)
	}},
	{"who refuses ends the recovery and the set-up that it opened", func(t *testing.T, f *fixture) {
		p := f.person(t)
		r := f.recovery(t, p, 0)
		g := f.opened(t, r, r.ReadyAt)
		made := f.claim(t, p, g, r.ReadyAt)
		got, refused, err := f.store.RefuseRecovery(t.Context(), p.ID, r.ID, "Ana’s tablet", r.ReadyAt)
		ok(t, err)
		same(t, refused, true)
		same(t, f.stands(t, r.ID, r.ReadyAt), got)
		same(t, []any{got.State, got.RefusedBy}, []any{enrolments.RecoveryRefused, "Ana’s tablet"})
		f.gone(t, made.ID)
		_, err = f.store.Confirm(t.Context(), g.ID, true, r.ReadyAt)
		is(t, err, enrolments.ErrPairingSettled)
		is(t, f.store.OpenRecovery(t.Context(), r.ID, f.throughRecovery(r, r.ReadyAt), r.ReadyAt), enrolments.ErrRecoveryOver)
		_, refused, err = f.store.RefuseRecovery(t.Context(), p.ID, r.ID, "another", r.ReadyAt)
		ok(t, err)
		same(t, refused, false)
		_, allowed, err := f.store.AllowRecovery(t.Context(), p.ID, r.ID, r.ReadyAt)
		ok(t, err)
		same(t, allowed, false)
	}},
	{"who allows ends the wait", func(t *testing.T, f *fixture) {
		p := f.person(t)
		r := f.recovery(t, p, time.Hour)
		for _, want := range []bool{true, false} {
			_, allowed, err := f.store.AllowRecovery(t.Context(), p.ID, r.ID, r.BegunAt)
			ok(t, err)
			same(t, allowed, want)
		}
		f.opened(t, r, r.BegunAt)
	}},
	{"somebody else’s recovery is neither refused nor allowed", func(t *testing.T, f *fixture) {
		p, other := f.person(t), f.person(t)
		r := f.recovery(t, p, time.Hour)
		_, _, err := f.store.RefuseRecovery(t.Context(), other.ID, r.ID, "x", r.BegunAt)
		is(t, err, enrolments.ErrNotFound)
		_, _, err = f.store.AllowRecovery(t.Context(), other.ID, r.ID, r.BegunAt)
		is(t, err, enrolments.ErrNotFound)
		same(t, f.stands(t, r.ID, r.BegunAt), r)
	}},
	{"of a refusal and a phone that becomes active at once, one is first", func(t *testing.T, f *fixture) {
		p := f.person(t)
		r := f.recovery(t, p, 0)
		g := f.opened(t, r, r.ReadyAt)
		made := f.claim(t, p, g, r.ReadyAt)
		refusals := make([]bool, callers)
		errs := atOnce(func(i int) (err error) {
			if i%2 == 0 {
				_, err = f.store.Confirm(t.Context(), g.ID, true, r.ReadyAt)
				return err
			}
			_, refusals[i], err = f.store.RefuseRecovery(t.Context(), p.ID, r.ID, "x", r.ReadyAt)
			return err
		})
		active := slices.ContainsFunc(f.enrolment(t, p).Phones, func(h enrolments.Phone) bool { return h.ID == made.ID })
		if refused := slices.Contains(refusals, true); refused == active {
			t.Errorf("refused %v, active %v: %v", refused, active, errs)
		}
	}},
	{"a person has so many recoveries under way and no more", func(t *testing.T, f *fixture) {
		p := f.person(t)
		var all []enrolments.Recovery
		for range enrolments.MaxRecoveries {
			all = append(all, f.recovery(t, p, time.Hour))
		}
		same(t, len(f.running(t, p, present())), enrolments.MaxRecoveries)
		r := all[0]
		r.ID = enrolments.NewID[enrolments.RecoveryID]()
		is(t, f.store.AddRecovery(t.Context(), r), enrolments.ErrInvalid)
		_, _, err := f.store.RefuseRecovery(t.Context(), p.ID, all[0].ID, "x", r.BegunAt)
		ok(t, err)
		ok(t, f.store.AddRecovery(t.Context(), r))
	}},
}
