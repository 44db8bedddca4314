package enrolmentstest

import (
	"testing"

	"countersign/enrolments"
)

// replacing is a pairing that older opened and newer claimed, to take its place.
func (f *fixture) replacing(t *testing.T, p enrolments.Person) (claimed enrolments.Pairing, older, newer enrolments.Phone) {
	t.Helper()
	_, older = f.paired(t, p)
	newer = phone(t, p)
	return f.claimedBy(t, p, older.ID, newer, true), older, newer
}

// claimedBy is a pairing of p that opener opened and newer claimed.
func (f *fixture) claimedBy(t *testing.T, p enrolments.Person, opener enrolments.PhoneID, newer enrolments.Phone, replace bool) enrolments.Pairing {
	t.Helper()
	now := present()
	g := enrolments.Pairing{
		ID: enrolments.NewID[enrolments.PairingID](), Person: p.ID, User: p.User, By: opener, Replace: replace,
		Ticket: enrolments.NewSecret().Hash(), State: enrolments.PairingOpen,
		CreatedAt: now, ExpiresAt: now.Add(enrolments.PairingTTL), Version: 1,
	}
	ok(t, f.store.AddPairing(t.Context(), g))
	same(t, f.read(t, g.ID, now), g)
	g, err := f.store.Claim(t.Context(), g.Ticket, newer, "000000", now)
	ok(t, err)
	return g
}

var replacements = []promise{
	{"a phone to be replaced goes, with its authenticator, as the new one becomes active", func(t *testing.T, f *fixture) {
		p := f.person(t)
		claimed, older, newer := f.replacing(t, p)
		ok(t, f.store.PutPhoneSecret(t.Context(), authenticator(p, older.ID)))
		same(t, f.stored(t, older.ID).Active, true)
		got, err := f.store.Confirm(t.Context(), claimed.ID, true, present())
		ok(t, err)
		want := claimed
		want.State, want.Version = enrolments.PairingActive, claimed.Version+1
		same(t, got, want)
		f.gone(t, older.ID)
		newer.Active = true
		same(t, f.enrolment(t, p), enrolments.Enrolment{Person: p, Phones: []enrolments.Phone{newer}})
	}},
	{"a phone that opened a pairing stays when the digits differ, or it is not to be replaced", func(t *testing.T, f *fixture) {
		p := f.person(t)
		claimed, older, newer := f.replacing(t, p)
		_, err := f.store.Confirm(t.Context(), claimed.ID, false, present())
		ok(t, err)
		same(t, f.stored(t, older.ID).Active, true)
		f.gone(t, newer.ID)

		beside := f.claimedBy(t, p, older.ID, phone(t, p), false)
		_, err = f.store.Confirm(t.Context(), beside.ID, true, present())
		ok(t, err)
		same(t, len(f.enrolment(t, p).Phones), 2)
	}},
	{"a phone that is gone already, or somebody else's, is not replaced, and the new one not active", func(t *testing.T, f *fixture) {
		p, other := f.person(t), f.person(t)
		claimed, older, newer := f.replacing(t, p)
		ok(t, f.store.RemovePhone(t.Context(), older.ID))
		_, err := f.store.Confirm(t.Context(), claimed.ID, true, present())
		is(t, err, enrolments.ErrNotFound)
		same(t, f.stored(t, newer.ID).Active, false)
		same(t, f.read(t, claimed.ID, present()).State, enrolments.PairingClaimed)

		_, theirs := f.paired(t, other)
		g := f.claimedBy(t, p, theirs.ID, phone(t, p), true)
		_, err = f.store.Confirm(t.Context(), g.ID, true, present())
		is(t, err, enrolments.ErrNotFound)
		same(t, f.stored(t, theirs.ID).Active, true)
	}},
	{"of phones that would replace one at once, one does", func(t *testing.T, f *fixture) {
		p := f.person(t)
		first, older, _ := f.replacing(t, p)
		second := f.claimedBy(t, p, older.ID, phone(t, p), true)
		won := 0
		for _, err := range atOnce(func(i int) error {
			_, err := f.store.Confirm(t.Context(), []enrolments.PairingID{first.ID, second.ID}[i%2], true, present())
			return err
		}) {
			if err == nil {
				won++
			}
		}
		same(t, won, 1)
		same(t, len(f.enrolment(t, p).Phones), 1)
	}},
	{"who has as many phones as may be may replace one", func(t *testing.T, f *fixture) {
		p := f.person(t)
		claimed, _, _ := f.replacing(t, p)
		for range enrolments.MaxPhones - 1 {
			f.paired(t, p)
		}
		_, err := f.store.Confirm(t.Context(), claimed.ID, true, present())
		ok(t, err)
		same(t, len(f.enrolment(t, p).Phones), enrolments.MaxPhones)
	}},
}
