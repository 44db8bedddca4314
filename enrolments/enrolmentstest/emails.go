package enrolmentstest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"countersign/enrolments"
)

const (
	toSetUp  = enrolments.EmailPurpose("set-up:one")
	toScreen = enrolments.EmailPurpose("approval:one")
)

// mailed sends p a code for a purpose; address becomes the backup address.
func (f *fixture) mailed(t *testing.T, p enrolments.Person, purpose enrolments.EmailPurpose, code, address string, at time.Time) {
	t.Helper()
	ok(t, f.store.AddEmailCode(t.Context(), mail(p, purpose, code, address, at)))
}

func mail(p enrolments.Person, purpose enrolments.EmailPurpose, code, address string, at time.Time) enrolments.EmailCode {
	return enrolments.EmailCode{
		ID: enrolments.NewID[string](), Person: p.ID, Purpose: purpose, Code: key(code),
		Address: address, Language: "de", SentAt: at,
	}
}

// withEmail is a person who has a backup address.
func (f *fixture) withEmail(t *testing.T, address string) enrolments.Person {
	t.Helper()
	p, now := f.person(t), present()
	f.mailed(t, p, toSetUp, "first", address, now.Add(-2*time.Hour))
	_, err := f.store.SpendEmailCode(t.Context(), p.ID, toSetUp, key("first"), now.Add(-2*time.Hour))
	ok(t, err)
	return p
}

func (f *fixture) typed(t *testing.T, p enrolments.Person, purpose enrolments.EmailPurpose, code string, at time.Time) error {
	t.Helper()
	_, err := f.store.SpendEmailCode(t.Context(), p.ID, purpose, key(code), at)
	return err
}

var emails = []promise{
	{"a code sets the address that it was sent to", func(t *testing.T, f *fixture) {
		p, now := f.person(t), present()
		_, err := f.store.BackupEmail(t.Context(), p.ID)
		is(t, err, enrolments.ErrNotFound)
		f.mailed(t, p, toSetUp, "482913", "ana@example.org", now)
		_, err = f.store.BackupEmail(t.Context(), p.ID)
		is(t, err, enrolments.ErrNotFound)
		at := now.Add(time.Minute)
		spent, err := f.store.SpendEmailCode(t.Context(), p.ID, toSetUp, key("482913"), at)
		ok(t, err)
		want := enrolments.Email{Address: "ana@example.org", Language: "de", ConfirmedAt: at}
		same(t, spent, enrolments.EmailSpent{Email: want})
		got, err := f.store.BackupEmail(t.Context(), p.ID)
		ok(t, err)
		same(t, got, want)

		f.mailed(t, p, toSetUp, "1", "bea@example.org", at)
		spent, err = f.store.SpendEmailCode(t.Context(), p.ID, toSetUp, key("1"), at)
		ok(t, err)
		same(t, spent.Replaced, want)
		same(t, spent.Email.Address, "bea@example.org")
	}},
	{"a code without an address changes none", func(t *testing.T, f *fixture) {
		p := f.withEmail(t, "ana@example.org")
		before, err := f.store.BackupEmail(t.Context(), p.ID)
		ok(t, err)
		f.mailed(t, p, toScreen, "1", "", present())
		spent, err := f.store.SpendEmailCode(t.Context(), p.ID, toScreen, key("1"), present())
		ok(t, err)
		same(t, spent, enrolments.EmailSpent{Email: before})
	}},
	{"a code is spent once, of callers at once too", func(t *testing.T, f *fixture) {
		p := f.person(t)
		f.mailed(t, p, toSetUp, "1", "ana@example.org", present())
		oneWins(t, atOnce(func(int) error {
			_, err := f.store.SpendEmailCode(t.Context(), p.ID, toSetUp, key("1"), present())
			return err
		}), enrolments.ErrCodeExpired)
	}},
	{"a code takes so many wrong tries and no more, of callers at once too", func(t *testing.T, f *fixture) {
		p := f.person(t)
		f.mailed(t, p, toSetUp, "1", "ana@example.org", present())
		wrong := 0
		for _, err := range atOnce(func(i int) error {
			_, err := f.store.SpendEmailCode(t.Context(), p.ID, toSetUp, key(fmt.Sprint("wrong ", i)), present())
			return err
		}) {
			if errors.Is(err, enrolments.ErrCodeWrong) {
				wrong++
			} else {
				is(t, err, enrolments.ErrCodeExpired)
			}
		}
		same(t, wrong, enrolments.EmailCodeTries)
		is(t, f.typed(t, p, toSetUp, "1", present()), enrolments.ErrCodeExpired)
	}},
	{"the last try of a code is still good", func(t *testing.T, f *fixture) {
		p := f.person(t)
		f.mailed(t, p, toSetUp, "1", "ana@example.org", present())
		for range enrolments.EmailCodeTries - 1 {
			is(t, f.typed(t, p, toSetUp, "2", present()), enrolments.ErrCodeWrong)
		}
		ok(t, f.typed(t, p, toSetUp, "1", present()))
	}},
	{"a code ends with its time", func(t *testing.T, f *fixture) {
		p, now := f.person(t), present()
		f.mailed(t, p, toSetUp, "1", "ana@example.org", now)
		is(t, f.typed(t, p, toSetUp, "1", now.Add(enrolments.EmailCodeLife)), enrolments.ErrCodeExpired)
		ok(t, f.typed(t, p, toSetUp, "1", now.Add(enrolments.EmailCodeLife-time.Microsecond)))
	}},
	{"a code is good for its purpose and its person alone", func(t *testing.T, f *fixture) {
		p, other := f.person(t), f.person(t)
		f.mailed(t, p, toSetUp, "1", "ana@example.org", present())
		is(t, f.typed(t, p, toScreen, "1", present()), enrolments.ErrCodeExpired)
		is(t, f.typed(t, other, toSetUp, "1", present()), enrolments.ErrCodeExpired)
		f.mailed(t, p, toScreen, "2", "", present())
		ok(t, f.typed(t, p, toSetUp, "1", present()))
	}},
	{"a newer code for the same purpose is the only one", func(t *testing.T, f *fixture) {
		p := f.person(t)
		f.mailed(t, p, toSetUp, "1", "ana@example.org", present())
		f.mailed(t, p, toSetUp, "2", "bea@example.org", present())
		is(t, f.typed(t, p, toSetUp, "1", present()), enrolments.ErrCodeWrong)
		spent, err := f.store.SpendEmailCode(t.Context(), p.ID, toSetUp, key("2"), present())
		ok(t, err)
		same(t, spent.Email.Address, "bea@example.org")
	}},
	{"a person is sent so many codes an hour and no more, of callers at once too", func(t *testing.T, f *fixture) {
		p, other, now := f.person(t), f.person(t), present()
		sent := 0
		for _, err := range atOnce(func(i int) error {
			return f.store.AddEmailCode(t.Context(), mail(p, enrolments.EmailPurpose(fmt.Sprint(i)), "1", "", now))
		}) {
			var many *enrolments.TooManyEmailsError
			switch {
			case err == nil:
				sent++
			case !errors.As(err, &many):
				t.Errorf("got %v, want TooManyEmailsError", err)
			case !many.Until.Equal(now.Add(time.Hour)):
				t.Errorf("until %v, want %v", many.Until, now.Add(time.Hour))
			}
		}
		same(t, sent, enrolments.EmailCodesAnHour)
		var many *enrolments.TooManyEmailsError
		same(t, errors.As(f.store.AddEmailCode(t.Context(), mail(p, toSetUp, "1", "", now.Add(time.Hour-time.Microsecond))), &many), true)
		f.mailed(t, other, toSetUp, "1", "", now)
		f.mailed(t, p, toSetUp, "1", "", now.Add(time.Hour))
	}},
	{"an address that is changed or removed voids the codes that were sent to it", func(t *testing.T, f *fixture) {
		p := f.withEmail(t, "ana@example.org")
		f.mailed(t, p, toScreen, "1", "", present())
		f.mailed(t, p, toSetUp, "2", "bea@example.org", present())
		ok(t, f.typed(t, p, toSetUp, "2", present()))
		is(t, f.typed(t, p, toScreen, "1", present()), enrolments.ErrCodeExpired)
		f.mailed(t, p, toScreen, "3", "", present())
		removed, err := f.store.RemoveEmail(t.Context(), p.ID)
		ok(t, err)
		same(t, removed.Address, "bea@example.org")
		is(t, f.typed(t, p, toScreen, "3", present()), enrolments.ErrCodeExpired)
		_, err = f.store.RemoveEmail(t.Context(), p.ID)
		is(t, err, enrolments.ErrNotFound)
	}},
	{"mail of nobody is not found", func(t *testing.T, f *fixture) {
		nobody := enrolments.Person{ID: "nobody"}
		is(t, f.store.AddEmailCode(t.Context(), mail(nobody, toSetUp, "1", "", present())), enrolments.ErrNotFound)
		is(t, f.typed(t, nobody, toSetUp, "1", present()), enrolments.ErrNotFound)
		_, err := f.store.BackupEmail(t.Context(), "nobody")
		is(t, err, enrolments.ErrNotFound)
		_, err = f.store.RemoveEmail(t.Context(), "nobody")
		is(t, err, enrolments.ErrNotFound)
	}},
}
