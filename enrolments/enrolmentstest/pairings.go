package enrolmentstest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"countersign/enrolments"
)

// read reads a pairing that must be there.
func (f *fixture) read(t *testing.T, id enrolments.PairingID, now time.Time) enrolments.Pairing {
	t.Helper()
	g, err := f.store.Pairing(t.Context(), id, now)
	ok(t, err)
	return g
}

// expiredClaim is a pairing that ran out a minute ago with its phone claimed.
func (f *fixture) expiredClaim(t *testing.T, p enrolments.Person) (enrolments.Pairing, enrolments.Phone) {
	t.Helper()
	now := present()
	token := enrolments.NewSecret()
	g := enrolments.Pairing{
		ID: enrolments.NewID[enrolments.PairingID](), Person: p.ID, User: p.User, Token: token.Hash(),
		Ticket: enrolments.TicketOf(token).Hash(), State: enrolments.PairingOpen,
		CreatedAt: now.Add(-11 * time.Minute), ExpiresAt: now.Add(-time.Minute), Version: 1,
	}
	ok(t, f.store.AddPairing(t.Context(), g))
	made := phone(t, p)
	g, err := f.store.Claim(t.Context(), g.Ticket, made, "000000", now.Add(-2*time.Minute))
	ok(t, err)
	return g, made
}

var pairings = []promise{
	{"a pairing comes back as it was opened", func(t *testing.T, f *fixture) {
		want, _ := f.pairing(t, f.person(t))
		same(t, f.read(t, want.ID, present()), want)
	}},
	{"a pairing's id and ticket are taken once, and its person must be there", func(t *testing.T, f *fixture) {
		g, _ := f.pairing(t, f.person(t))
		is(t, f.store.AddPairing(t.Context(), g), enrolments.ErrExists)
		g.ID = enrolments.NewID[enrolments.PairingID]()
		is(t, f.store.AddPairing(t.Context(), g), enrolments.ErrExists)
		g.Person, g.Ticket = "nobody", key(string(g.ID))
		is(t, f.store.AddPairing(t.Context(), g), enrolments.ErrNotFound)
	}},
	{"of browsers that enter a pairing at once one does, and nobody after", func(t *testing.T, f *fixture) {
		want, _ := f.pairing(t, f.person(t))
		oneWins(t, atOnce(func(int) error {
			got, err := f.store.EnterPairing(t.Context(), want.ID, present())
			if err == nil && got.Version != want.Version+1 {
				t.Errorf("entered at version %d", got.Version)
			}
			return err
		}), enrolments.ErrPairingSettled)
		want.Version++
		same(t, f.read(t, want.ID, present()), want)
	}},
	{"a pairing in which something has happened is not entered", func(t *testing.T, f *fixture) {
		p := f.person(t)
		claimed, _ := f.claimed(t, p)
		begun, _ := f.pairing(t, p)
		ok(t, f.store.BeginAuthenticator(t.Context(), begun.ID, authenticator(p, ""), present()))
		late, _ := f.pairing(t, p)
		for _, c := range []struct {
			id  enrolments.PairingID
			now time.Time
			err error
		}{
			{claimed.ID, present(), enrolments.ErrPairingSettled},
			{begun.ID, present(), enrolments.ErrPairingSettled},
			{late.ID, late.ExpiresAt, enrolments.ErrPairingSettled},
			{"nobody", present(), enrolments.ErrNotFound},
		} {
			_, err := f.store.EnterPairing(t.Context(), c.id, c.now)
			is(t, err, c.err)
		}
	}},
	{"a pairing that is not there is not found", func(t *testing.T, f *fixture) {
		_, err := f.store.Pairing(t.Context(), "nobody", present())
		is(t, err, enrolments.ErrNotFound)
		_, err = f.store.Confirm(t.Context(), "nobody", true, present())
		is(t, err, enrolments.ErrNotFound)
		is(t, f.store.BeginAuthenticator(t.Context(), "nobody", authenticator(f.person(t), ""), present()), enrolments.ErrNotFound)
		is(t, f.store.IssueCodes(t.Context(), "nobody", recoverySet(), present()), enrolments.ErrNotFound)
	}},
	{"of phones that spend one ticket at once one wins", func(t *testing.T, f *fixture) {
		p := f.person(t)
		opened, ticket := f.pairing(t, p)
		tries, got := make([]enrolments.Phone, callers), make([]enrolments.Pairing, callers)
		for i := range tries {
			tries[i] = phone(t, p)
			tries[i].Name = fmt.Sprint("phone ", i)
		}
		errs := atOnce(func(i int) (err error) {
			got[i], err = f.store.Claim(t.Context(), ticket, tries[i], fmt.Sprintf("%06d", i), present())
			return err
		})
		oneWins(t, errs, enrolments.ErrTicket)
		for i, err := range errs {
			if err != nil {
				_, _, err := f.store.Phone(t.Context(), tries[i].ID)
				is(t, err, enrolments.ErrNotFound)
				continue
			}
			want := opened
			want.State, want.Phone, want.Digits = enrolments.PairingClaimed, tries[i].ID, fmt.Sprintf("%06d", i)
			want.PhoneName, want.Platform, want.Version = tries[i].Name, tries[i].Platform, opened.Version+1
			same(t, got[i], want)
			same(t, f.read(t, opened.ID, present()), want)
			same(t, f.stored(t, tries[i].ID).Active, false)
		}
	}},
	{"a claimed phone belongs to the person of the pairing, whatever it says", func(t *testing.T, f *fixture) {
		p, other := f.person(t), f.person(t)
		_, ticket := f.pairing(t, p)
		made := phone(t, other)
		_, err := f.store.Claim(t.Context(), ticket, made, "000000", present())
		ok(t, err)
		same(t, f.stored(t, made.ID).Person, p.ID)
	}},
	{"a phone's id is taken once, and the ticket is not spent by who fails", func(t *testing.T, f *fixture) {
		p := f.person(t)
		_, made := f.paired(t, p)
		_, ticket := f.pairing(t, p)
		_, err := f.store.Claim(t.Context(), ticket, made, "000000", present())
		is(t, err, enrolments.ErrExists)
		_, err = f.store.Claim(t.Context(), ticket, phone(t, p), "000000", present())
		ok(t, err)
	}},
	{"a ticket that is unknown, spent or out of time gets one answer", func(t *testing.T, f *fixture) {
		p := f.person(t)
		spent, _ := f.claimed(t, p)
		late, ticket := f.pairing(t, p)
		for name, c := range map[string]struct {
			ticket enrolments.Hash
			now    time.Time
		}{
			"unknown":     {key("unknown"), present()},
			"spent":       {spent.Ticket, present()},
			"out of time": {ticket, late.ExpiresAt},
		} {
			if _, err := f.store.Claim(t.Context(), c.ticket, phone(t, p), "000000", c.now); !errors.Is(err, enrolments.ErrTicket) {
				t.Errorf("%s: got %v, want ErrTicket", name, err)
			}
		}
	}},
	{"a pairing past its time reads as expired while open or claimed", func(t *testing.T, f *fixture) {
		p := f.person(t)
		opened, _ := f.pairing(t, p)
		claimed, _ := f.claimed(t, p)
		active, _ := f.paired(t, p)
		for _, g := range []struct {
			pairing enrolments.Pairing
			want    enrolments.PairingState
		}{{opened, enrolments.PairingExpired}, {claimed, enrolments.PairingExpired}, {active, enrolments.PairingActive}} {
			same(t, f.read(t, g.pairing.ID, g.pairing.ExpiresAt.Add(-time.Microsecond)).State, g.pairing.State)
			same(t, f.read(t, g.pairing.ID, g.pairing.ExpiresAt).State, g.want)
		}
	}},
	{"the claimed phone of an expired pairing is not found any more", func(t *testing.T, f *fixture) {
		_, made := f.expiredClaim(t, f.person(t))
		f.gone(t, made.ID)
	}},
	{"an active phone outlives its pairing", func(t *testing.T, f *fixture) {
		p := f.person(t)
		g, made := f.expiredClaim(t, p)
		_, err := f.store.Confirm(t.Context(), g.ID, true, g.ExpiresAt.Add(-time.Second))
		ok(t, err)
		same(t, f.stored(t, made.ID).Active, true)
		same(t, len(f.enrolment(t, p).Phones), 1)
	}},
	{"equal digits activate the phone", func(t *testing.T, f *fixture) {
		p := f.person(t)
		claimed, made := f.claimed(t, p)
		same(t, len(f.enrolment(t, p).Phones), 0)
		got, err := f.store.Confirm(t.Context(), claimed.ID, true, present())
		ok(t, err)
		want := claimed
		want.State, want.Version = enrolments.PairingActive, claimed.Version+1
		same(t, got, want)
		made.Active = true
		same(t, f.enrolment(t, p).Phones, []enrolments.Phone{made})
	}},
	{"unequal digits remove the phone for good", func(t *testing.T, f *fixture) {
		p := f.person(t)
		claimed, made := f.claimed(t, p)
		got, err := f.store.Confirm(t.Context(), claimed.ID, false, present())
		ok(t, err)
		want := claimed
		want.State, want.Version = enrolments.PairingRefused, claimed.Version+1
		same(t, got, want)
		f.gone(t, made.ID)
		_, err = f.store.Confirm(t.Context(), claimed.ID, true, present())
		is(t, err, enrolments.ErrPairingSettled)
		same(t, len(f.enrolment(t, p).Phones), 0)
	}},
	{"only a claimed pairing is confirmed", func(t *testing.T, f *fixture) {
		p := f.person(t)
		opened, _ := f.pairing(t, p)
		active, made := f.paired(t, p)
		expired, late := f.claimed(t, p)
		for _, match := range []bool{true, false} {
			_, err := f.store.Confirm(t.Context(), opened.ID, match, present())
			is(t, err, enrolments.ErrPairingSettled)
			_, err = f.store.Confirm(t.Context(), active.ID, match, present())
			is(t, err, enrolments.ErrPairingSettled)
			_, err = f.store.Confirm(t.Context(), expired.ID, match, expired.ExpiresAt)
			is(t, err, enrolments.ErrPairingSettled)
		}
		same(t, f.stored(t, made.ID).Active, true)
		same(t, f.stored(t, late.ID).Active, false)
	}},
	{"of a yes and a no at once one stands", func(t *testing.T, f *fixture) {
		p := f.person(t)
		claimed, _ := f.claimed(t, p)
		errs := atOnce(func(i int) error {
			_, err := f.store.Confirm(t.Context(), claimed.ID, i%2 == 0, present())
			return err
		})
		oneWins(t, errs, enrolments.ErrPairingSettled)
		active := f.read(t, claimed.ID, present()).State == enrolments.PairingActive
		same(t, len(f.enrolment(t, p).Phones) == 1, active)
	}},
	{"a person has ten active phones at most, however many are confirmed at once", func(t *testing.T, f *fixture) {
		p := f.person(t)
		opened := make([]enrolments.Pairing, callers)
		for i := range opened {
			opened[i], _ = f.claimed(t, p)
		}
		won := 0
		for _, err := range atOnce(func(i int) error {
			_, err := f.store.Confirm(t.Context(), opened[i].ID, true, present())
			return err
		}) {
			if err == nil {
				won++
			} else {
				is(t, err, enrolments.ErrInvalid)
			}
		}
		same(t, won, enrolments.MaxPhones)
		same(t, len(f.enrolment(t, p).Phones), enrolments.MaxPhones)
	}},
	{"who has too many phones may remove one and confirm again", func(t *testing.T, f *fixture) {
		p := f.person(t)
		var made enrolments.Phone
		for range enrolments.MaxPhones {
			_, made = f.paired(t, p)
		}
		claimed, _ := f.claimed(t, p)
		_, err := f.store.Confirm(t.Context(), claimed.ID, true, present())
		is(t, err, enrolments.ErrInvalid)
		same(t, f.read(t, claimed.ID, present()).State, enrolments.PairingClaimed)
		ok(t, f.store.RemovePhone(t.Context(), made.ID))
		_, err = f.store.Confirm(t.Context(), claimed.ID, true, present())
		ok(t, err)
	}},
	{"an approval opens one pairing", func(t *testing.T, f *fixture) {
		approval := enrolments.NewID[string]()
		oneWins(t, atOnce(func(int) error {
			return f.store.SpendApproval(t.Context(), approval, present())
		}), enrolments.ErrExists)
		ok(t, f.store.SpendApproval(t.Context(), enrolments.NewID[string](), present()))
	}},
}
