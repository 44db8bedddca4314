package enrolmentstest

import (
	"errors"
	"testing"
	"time"

	"countersign/enrolments"
)

// secret reads an authenticator that must be there.
func (f *fixture) secret(t *testing.T, id enrolments.AuthenticatorID) enrolments.Authenticator {
	t.Helper()
	a, err := f.store.Authenticator(t.Context(), id)
	ok(t, err)
	return a
}

// counted reads the confirmed authenticators of p.
func (f *fixture) counted(t *testing.T, p enrolments.Person) []enrolments.Authenticator {
	t.Helper()
	all, err := f.store.Authenticators(t.Context(), p.ID)
	ok(t, err)
	return all
}

var authenticators = []promise{
	{"an authenticator that was begun is read by id and does not count", func(t *testing.T, f *fixture) {
		p := f.person(t)
		g, want := f.begun(t, p)
		same(t, f.secret(t, want.ID), want)
		same(t, len(f.counted(t, p)), 0)
		after := f.read(t, g.ID, present())
		same(t, after.Authenticator, want.ID)
		same(t, after.AuthenticatorConfirmed, false)
		if after.Version <= g.Version {
			t.Error("the version did not rise")
		}
	}},
	{"an authenticator begun in a pairing is its person's, unconfirmed and no phone's", func(t *testing.T, f *fixture) {
		p, other := f.person(t), f.person(t)
		_, made := f.paired(t, other)
		g, _ := f.pairing(t, p)
		a := authenticator(other, made.ID)
		a.Confirmed = true
		ok(t, f.store.BeginAuthenticator(t.Context(), g.ID, a, present()))
		a.Person, a.Phone, a.Confirmed = p.ID, "", false
		same(t, f.secret(t, a.ID), a)
	}},
	{"beginning again replaces what was not confirmed", func(t *testing.T, f *fixture) {
		p := f.person(t)
		g, first := f.begun(t, p)
		second := authenticator(p, "")
		ok(t, f.store.BeginAuthenticator(t.Context(), g.ID, second, present()))
		_, err := f.store.Authenticator(t.Context(), first.ID)
		is(t, err, enrolments.ErrNotFound)
		is(t, f.store.BurnStep(t.Context(), first.ID, 5), enrolments.ErrNotFound)
		same(t, f.read(t, g.ID, present()).Authenticator, second.ID)
	}},
	{"a first step confirms, and the pairing shows it", func(t *testing.T, f *fixture) {
		p := f.person(t)
		g, want := f.begun(t, p)
		before := f.read(t, g.ID, present())
		ok(t, f.store.BurnStep(t.Context(), want.ID, 7))
		want.Confirmed, want.LastStep = true, 7
		same(t, f.counted(t, p), []enrolments.Authenticator{want})
		after := f.read(t, g.ID, present())
		same(t, after.AuthenticatorConfirmed, true)
		same(t, after.Confirmed(), true)
		if after.Version <= before.Version {
			t.Error("the version did not rise")
		}
	}},
	{"a step that is refused confirms nothing", func(t *testing.T, f *fixture) {
		p := f.person(t)
		g, _ := f.pairing(t, p)
		a := authenticator(p, "")
		a.LastStep = 5
		ok(t, f.store.BeginAuthenticator(t.Context(), g.ID, a, present()))
		is(t, f.store.BurnStep(t.Context(), a.ID, 5), enrolments.ErrCodeUsed)
		same(t, f.secret(t, a.ID).Confirmed, false)
		same(t, f.read(t, g.ID, present()).AuthenticatorConfirmed, false)
	}},
	{"a pairing that has confirmed one, or has expired, begins no other", func(t *testing.T, f *fixture) {
		p := f.person(t)
		g, a := f.begun(t, p)
		is(t, f.store.BeginAuthenticator(t.Context(), g.ID, authenticator(p, ""), g.ExpiresAt), enrolments.ErrPairingSettled)
		ok(t, f.store.BurnStep(t.Context(), a.ID, 1))
		is(t, f.store.BeginAuthenticator(t.Context(), g.ID, authenticator(p, ""), present()), enrolments.ErrPairingSettled)
		same(t, f.read(t, g.ID, present()).Authenticator, a.ID)
		same(t, len(f.counted(t, p)), 1)
	}},
	{"of callers who burn one step at once one wins", func(t *testing.T, f *fixture) {
		a := f.confirmed(t, f.person(t))
		oneWins(t, atOnce(func(int) error { return f.store.BurnStep(t.Context(), a.ID, 1000) }), enrolments.ErrCodeUsed)
		_, fresh := f.begun(t, f.person(t))
		oneWins(t, atOnce(func(int) error { return f.store.BurnStep(t.Context(), fresh.ID, 1000) }), enrolments.ErrCodeUsed)
	}},
	{"a burnt step and all older ones are refused for good", func(t *testing.T, f *fixture) {
		a := f.confirmed(t, f.person(t))
		ok(t, f.store.BurnStep(t.Context(), a.ID, 1000))
		for _, step := range []int64{1000, 999, 2, 0, -1} {
			is(t, f.store.BurnStep(t.Context(), a.ID, step), enrolments.ErrCodeUsed)
		}
		ok(t, f.store.BurnStep(t.Context(), a.ID, 1001))
		same(t, f.secret(t, a.ID).LastStep, int64(1001))
	}},
	{"steps burnt at once leave the newest", func(t *testing.T, f *fixture) {
		a := f.confirmed(t, f.person(t))
		for _, err := range atOnce(func(i int) error { return f.store.BurnStep(t.Context(), a.ID, int64(100+i)) }) {
			if err != nil {
				is(t, err, enrolments.ErrCodeUsed)
			}
		}
		same(t, f.secret(t, a.ID).LastStep, int64(100+callers-1))
	}},
	{"one authenticator's steps are not another's", func(t *testing.T, f *fixture) {
		p := f.person(t)
		a, b := f.confirmed(t, p), f.confirmed(t, p)
		ok(t, f.store.BurnStep(t.Context(), a.ID, 50))
		ok(t, f.store.BurnStep(t.Context(), b.ID, 50))
	}},
	{"a phone's secret is confirmed at once and replaces the one it had", func(t *testing.T, f *fixture) {
		p := f.person(t)
		_, made := f.paired(t, p)
		first, second := authenticator(p, made.ID), authenticator(p, made.ID)
		second.Secret = []byte("another secret of it")
		ok(t, f.store.PutPhoneSecret(t.Context(), first))
		ok(t, f.store.PutPhoneSecret(t.Context(), second))
		second.Confirmed = true
		same(t, f.counted(t, p), []enrolments.Authenticator{second})
		_, err := f.store.Authenticator(t.Context(), first.ID)
		is(t, err, enrolments.ErrNotFound)
	}},
	{"secrets put for one phone at once leave one", func(t *testing.T, f *fixture) {
		p := f.person(t)
		_, made := f.paired(t, p)
		for _, err := range atOnce(func(int) error { return f.store.PutPhoneSecret(t.Context(), authenticator(p, made.ID)) }) {
			ok(t, err)
		}
		same(t, len(f.counted(t, p)), 1)
	}},
	{"a phone that is only claimed has no secret", func(t *testing.T, f *fixture) {
		p := f.person(t)
		_, made := f.claimed(t, p)
		is(t, f.store.PutPhoneSecret(t.Context(), authenticator(p, made.ID)), enrolments.ErrNotFound)
		is(t, f.store.PutPhoneSecret(t.Context(), authenticator(p, "")), enrolments.ErrNotFound)
	}},
	{"a phone's secret is its own person's, whatever it says", func(t *testing.T, f *fixture) {
		p, other := f.person(t), f.person(t)
		_, made := f.paired(t, p)
		a := authenticator(other, made.ID)
		ok(t, f.store.PutPhoneSecret(t.Context(), a))
		same(t, f.secret(t, a.ID).Person, p.ID)
		same(t, len(f.counted(t, other)), 0)
	}},
	{"a person has sixteen confirmed authenticators at most", func(t *testing.T, f *fixture) {
		p := f.person(t)
		_, made := f.paired(t, p)
		ok(t, f.store.PutPhoneSecret(t.Context(), authenticator(p, made.ID)))
		for range enrolments.MaxAuthenticators - 3 {
			f.confirmed(t, p)
		}
		begun := make([]enrolments.Authenticator, callers)
		for i := range begun {
			_, begun[i] = f.begun(t, p)
		}
		won := 0
		for _, err := range atOnce(func(i int) error { return f.store.BurnStep(t.Context(), begun[i].ID, 1) }) {
			if err == nil {
				won++
			} else if !errors.Is(err, enrolments.ErrInvalid) {
				t.Errorf("got %v, want ErrInvalid", err)
			}
		}
		same(t, won, 2)
		same(t, len(f.counted(t, p)), enrolments.MaxAuthenticators)

		g, _ := f.pairing(t, p)
		is(t, f.store.BeginAuthenticator(t.Context(), g.ID, authenticator(p, ""), present()), enrolments.ErrInvalid)
		_, another := f.paired(t, p)
		is(t, f.store.PutPhoneSecret(t.Context(), authenticator(p, another.ID)), enrolments.ErrInvalid)
		ok(t, f.store.PutPhoneSecret(t.Context(), authenticator(p, made.ID))) // replaces
	}},
	{"a secret is 1 to 256 bytes and comes back byte for byte", func(t *testing.T, f *fixture) {
		p := f.person(t)
		g, _ := f.pairing(t, p)
		a := authenticator(p, "")
		for _, size := range []int{0, 257} {
			a.Secret = make([]byte, size)
			is(t, f.store.BeginAuthenticator(t.Context(), g.ID, a, present()), enrolments.ErrInvalid)
		}
		a.Secret = make([]byte, 256)
		for i := range a.Secret {
			a.Secret[i] = byte(i)
		}
		ok(t, f.store.BeginAuthenticator(t.Context(), g.ID, a, present()))
		same(t, f.secret(t, a.ID).Secret, a.Secret)
	}},
	{"authenticators of nobody are not found", func(t *testing.T, f *fixture) {
		_, err := f.store.Authenticators(t.Context(), "nobody")
		is(t, err, enrolments.ErrNotFound)
		_, err = f.store.Authenticator(t.Context(), "nobody")
		is(t, err, enrolments.ErrNotFound)
		is(t, f.store.BurnStep(t.Context(), "nobody", 1), enrolments.ErrNotFound)
	}},
	{"an old pairing's unconfirmed authenticator does not come alive with a new pairing", func(t *testing.T, f *fixture) {
		p := f.person(t)
		now := present()
		old := enrolments.Pairing{
			ID: enrolments.NewID[enrolments.PairingID](), Person: p.ID, User: p.User, Ticket: key(p.User),
			State: enrolments.PairingOpen, CreatedAt: now.Add(-48 * time.Hour), ExpiresAt: now.Add(-47 * time.Hour), Version: 1,
		}
		ok(t, f.store.AddPairing(t.Context(), old))
		a := authenticator(p, "")
		ok(t, f.store.BeginAuthenticator(t.Context(), old.ID, a, old.CreatedAt))
		f.pairing(t, p)
		same(t, len(f.counted(t, p)), 0)
		same(t, f.enrolment(t, p).Authenticators, 0)
	}},
}
