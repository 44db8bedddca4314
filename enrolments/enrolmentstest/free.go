package enrolmentstest

import (
	"testing"
	"time"

	"countersign/enrolments"
)

// free opens a set-up of p that no approval stands behind.
func (f *fixture) free(t *testing.T, p enrolments.Person, created time.Time) enrolments.Pairing {
	t.Helper()
	g := enrolments.Pairing{
		ID: enrolments.NewID[enrolments.PairingID](), Person: p.ID, User: p.User, Free: true,
		Ticket: enrolments.NewSecret().Hash(), State: enrolments.PairingOpen,
		CreatedAt: created, ExpiresAt: created.Add(enrolments.PairingTTL), Version: 1,
	}
	ok(t, f.store.AddPairing(t.Context(), g))
	return g
}

// freeClaim is a free set-up whose phone has claimed it.
func (f *fixture) freeClaim(t *testing.T, p enrolments.Person) (enrolments.Pairing, enrolments.Phone) {
	t.Helper()
	made := phone(t, p)
	g, err := f.store.Claim(t.Context(), f.free(t, p, present()).Ticket, made, "482913", present())
	ok(t, err)
	return g, made
}

var freePairings = []promise{
	{"a free set-up is good for a phone and an authenticator of its own", func(t *testing.T, f *fixture) {
		p := f.person(t)
		g, made := f.freeClaim(t, p)
		same(t, f.read(t, g.ID, present()).Free, true)
		_, err := f.store.Confirm(t.Context(), g.ID, true, present())
		ok(t, err)
		ok(t, f.store.PutPhoneSecret(t.Context(), authenticator(p, made.ID)))
		a := authenticator(p, "")
		ok(t, f.store.BeginAuthenticator(t.Context(), g.ID, a, present()))
		ok(t, f.store.BurnStep(t.Context(), a.ID, 1))
	}},
	{"a free set-up adds no phone once the person has something by another", func(t *testing.T, f *fixture) {
		for name, have := range map[string]func(enrolments.Person){
			"a phone":          func(p enrolments.Person) { f.paired(t, p) },
			"an authenticator": func(p enrolments.Person) { f.confirmed(t, p) },
		} {
			t.Run(name, func(t *testing.T) {
				p := f.person(t)
				g, made := f.freeClaim(t, p)
				have(p)
				_, err := f.store.Confirm(t.Context(), g.ID, true, present())
				is(t, err, enrolments.ErrFreshApproval)
				f.gone(t, made.ID)
				same(t, f.read(t, g.ID, present()).State, enrolments.PairingRefused)
				_, err = f.store.Confirm(t.Context(), g.ID, true, present())
				is(t, err, enrolments.ErrPairingSettled)
			})
		}
	}},
	{"a free set-up proves no authenticator once the person has something by another", func(t *testing.T, f *fixture) {
		p := f.person(t)
		g, a := f.free(t, p, present()), authenticator(p, "")
		ok(t, f.store.BeginAuthenticator(t.Context(), g.ID, a, present()))
		f.paired(t, p)
		is(t, f.store.BurnStep(t.Context(), a.ID, 1), enrolments.ErrFreshApproval)
		same(t, len(f.counted(t, p)), 0)
	}},
	{"of free set-ups at once one is the first", func(t *testing.T, f *fixture) {
		p := f.person(t)
		claims := make([]enrolments.Pairing, callers)
		for i := range claims {
			claims[i], _ = f.freeClaim(t, p)
		}
		oneWins(t, atOnce(func(i int) error {
			_, err := f.store.Confirm(t.Context(), claims[i].ID, true, present())
			return err
		}), enrolments.ErrFreshApproval)
		same(t, len(f.enrolment(t, p).Phones), 1)
	}},
	{"a person has so many open set-ups, and the oldest give way", func(t *testing.T, f *fixture) {
		p, other := f.person(t), f.free(t, f.person(t), present())
		oldest := f.free(t, p, present().Add(-time.Minute))
		for range enrolments.MaxOpenPairings - 1 {
			f.free(t, p, present())
		}
		same(t, f.read(t, oldest.ID, present()).State, enrolments.PairingOpen)
		f.free(t, p, present())
		same(t, f.read(t, oldest.ID, present()).State, enrolments.PairingRefused)
		_, err := f.store.Claim(t.Context(), oldest.Ticket, phone(t, p), "000000", present())
		is(t, err, enrolments.ErrTicket)
		same(t, f.read(t, other.ID, present()).State, enrolments.PairingOpen)
	}},
}
