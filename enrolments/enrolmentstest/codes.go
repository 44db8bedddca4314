package enrolmentstest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"countersign/enrolments"
)

func recoverySet() []enrolments.Hash {
	set := make([]enrolments.Hash, enrolments.RecoveryCodes)
	for i := range set {
		set[i] = key(fmt.Sprint("recovery code ", i))
	}
	return set
}

// try begins a code try that must be taken.
func (f *fixture) try(t *testing.T, p enrolments.Person, now time.Time) int {
	t.Helper()
	n, err := f.store.BeginTry(t.Context(), p.ID, enrolments.GuessCode, enrolments.DefaultCodeLimits(), now)
	ok(t, err)
	return n
}

// blockedUntil checks that a try at now is refused until a time.
func (f *fixture) blockedUntil(t *testing.T, p enrolments.Person, now, until time.Time) {
	t.Helper()
	_, err := f.store.BeginTry(t.Context(), p.ID, enrolments.GuessCode, enrolments.DefaultCodeLimits(), now)
	var blocked *enrolments.BlockedError
	if !errors.As(err, &blocked) {
		t.Fatalf("got %v, want a BlockedError", err)
	}
	if !blocked.Until.Equal(until) {
		t.Errorf("blocked until %v, want %v", blocked.Until, until)
	}
}

var codes = []promise{
	{"tries count up from one", func(t *testing.T, f *fixture) {
		p := f.person(t)
		for want := 1; want <= 3; want++ {
			same(t, f.try(t, p, present()), want)
		}
	}},
	{"guesses at once cannot pass the limit together", func(t *testing.T, f *fixture) {
		p, now := f.person(t), present()
		limits := enrolments.DefaultCodeLimits()
		taken := make(map[int]bool)
		counts := make([]int, callers)
		for i, err := range atOnce(func(i int) (err error) {
			counts[i], err = f.store.BeginTry(t.Context(), p.ID, enrolments.GuessCode, limits, now)
			return err
		}) {
			var blocked *enrolments.BlockedError
			switch {
			case err == nil:
				taken[counts[i]] = true
			case !errors.As(err, &blocked):
				t.Errorf("got %v, want a BlockedError", err)
			}
		}
		same(t, len(taken), limits.InARow)
		f.blockedUntil(t, p, now, now.Add(limits.BackOff))
	}},
	{"the back-off doubles with each further round", func(t *testing.T, f *fixture) {
		p, now := f.person(t), present()
		limits := enrolments.DefaultCodeLimits()
		for round := range 4 {
			for range limits.InARow {
				f.try(t, p, now)
			}
			until := now.Add(limits.BackOff << round)
			f.blockedUntil(t, p, now, until)
			f.blockedUntil(t, p, until.Add(-time.Microsecond), until)
			now = until
		}
	}},
	{"how many failed, and until when none is taken, can be read", func(t *testing.T, f *fixture) {
		p, now := f.person(t), present()
		limits := enrolments.DefaultCodeLimits()
		stands := func(failures int, until time.Time) {
			t.Helper()
			n, at, err := f.store.Failures(t.Context(), p.ID, enrolments.GuessCode)
			ok(t, err)
			same(t, n, failures)
			same(t, at, until)
		}
		stands(0, time.Time{})
		f.try(t, p, now)
		stands(1, time.Time{})
		for range limits.InARow - 1 {
			f.try(t, p, now)
		}
		stands(limits.InARow, now.Add(limits.BackOff))
		ok(t, f.store.EndTry(t.Context(), p.ID, enrolments.GuessCode))
		stands(0, time.Time{})
		_, _, err := f.store.Failures(t.Context(), "nobody", enrolments.GuessCode)
		is(t, err, enrolments.ErrNotFound)
	}},
	{"a hundred in a row lock until an administrator unlocks", func(t *testing.T, f *fixture) {
		p, now := f.person(t), present()
		limits := enrolments.DefaultCodeLimits()
		for range limits.LockAt {
			now = now.Add(limits.BackOff << 11)
			f.try(t, p, now)
		}
		f.blockedUntil(t, p, now.Add(100*365*24*time.Hour), time.Time{})
		ok(t, f.store.EndTry(t.Context(), p.ID, enrolments.GuessCode))
		same(t, f.try(t, p, now), 1)
	}},
	{"a right code forgets the failures and the wait", func(t *testing.T, f *fixture) {
		p, now := f.person(t), present()
		for range enrolments.DefaultCodeLimits().InARow {
			f.try(t, p, now)
		}
		ok(t, f.store.EndTry(t.Context(), p.ID, enrolments.GuessCode))
		same(t, f.try(t, p, now), 1)
	}},
	{"one person's failures are not another's", func(t *testing.T, f *fixture) {
		p, other := f.person(t), f.person(t)
		for range enrolments.DefaultCodeLimits().InARow {
			f.try(t, p, present())
		}
		same(t, f.try(t, other, present()), 1)
	}},
	{"each kind of guess has a count of its own", func(t *testing.T, f *fixture) {
		p, now := f.person(t), present()
		limits := enrolments.DefaultCodeLimits()
		for _, of := range enrolments.Guesses() {
			for want := 1; want <= limits.InARow; want++ {
				n, err := f.store.BeginTry(t.Context(), p.ID, of, limits, now)
				ok(t, err)
				same(t, n, want)
			}
		}
		ok(t, f.store.EndTry(t.Context(), p.ID, enrolments.GuessEmail))
		for _, of := range enrolments.Guesses() {
			_, err := f.store.BeginTry(t.Context(), p.ID, of, limits, now)
			var blocked *enrolments.BlockedError
			same(t, errors.As(err, &blocked), of != enrolments.GuessEmail)
		}
	}},
	{"limits that would let guessing go on are refused", func(t *testing.T, f *fixture) {
		p := f.person(t)
		for _, limits := range []enrolments.CodeLimits{
			{}, {InARow: 0, BackOff: time.Minute, LockAt: 100}, {InARow: 10, BackOff: time.Minute, LockAt: 0},
			{InARow: 10, BackOff: time.Minute, LockAt: 101}, {InARow: 10, BackOff: -time.Minute, LockAt: 100},
		} {
			_, err := f.store.BeginTry(t.Context(), p.ID, enrolments.GuessCode, limits, present())
			is(t, err, enrolments.ErrInvalid)
		}
	}},
	{"recovery codes are issued once a pairing, after something was confirmed", func(t *testing.T, f *fixture) {
		p := f.person(t)
		byPhone, _ := f.claimed(t, p)
		is(t, f.store.IssueCodes(t.Context(), byPhone.ID, recoverySet(), present()), enrolments.ErrPairingSettled)
		_, err := f.store.Confirm(t.Context(), byPhone.ID, true, present())
		ok(t, err)
		before := f.read(t, byPhone.ID, present())
		oneWins(t, atOnce(func(int) error {
			return f.store.IssueCodes(t.Context(), byPhone.ID, recoverySet(), present())
		}), enrolments.ErrPairingSettled)
		after := f.read(t, byPhone.ID, present())
		same(t, after.CodesIssued, true)
		same(t, after.Version, before.Version+1)

		byCode, a := f.begun(t, p)
		is(t, f.store.IssueCodes(t.Context(), byCode.ID, recoverySet(), present()), enrolments.ErrPairingSettled)
		ok(t, f.store.BurnStep(t.Context(), a.ID, 1))
		ok(t, f.store.IssueCodes(t.Context(), byCode.ID, recoverySet(), present()))
		same(t, f.enrolment(t, p).RecoveryCodes, enrolments.RecoveryCodes)
	}},
	{"a pairing past its time, or refused, issues no recovery codes", func(t *testing.T, f *fixture) {
		p := f.person(t)
		g, _ := f.paired(t, p)
		is(t, f.store.IssueCodes(t.Context(), g.ID, recoverySet(), g.ExpiresAt), enrolments.ErrPairingSettled)
		refused, _ := f.claimed(t, p)
		_, err := f.store.Confirm(t.Context(), refused.ID, false, present())
		ok(t, err)
		is(t, f.store.IssueCodes(t.Context(), refused.ID, recoverySet(), present()), enrolments.ErrPairingSettled)
		same(t, f.enrolment(t, p).RecoveryCodes, 0)
	}},
	{"a set is 1 to 64 different codes, or none is stored", func(t *testing.T, f *fixture) {
		p := f.person(t)
		g, _ := f.paired(t, p)
		is(t, f.store.IssueCodes(t.Context(), g.ID, nil, present()), enrolments.ErrInvalid)
		is(t, f.store.IssueCodes(t.Context(), g.ID, make([]enrolments.Hash, 65), present()), enrolments.ErrInvalid)
		if err := f.store.IssueCodes(t.Context(), g.ID, make([]enrolments.Hash, 2), present()); err == nil {
			t.Error("one code twice was taken")
		}
		same(t, f.enrolment(t, p).RecoveryCodes, 0)
		ok(t, f.store.IssueCodes(t.Context(), g.ID, recoverySet(), present()))
	}},
	{"a recovery code is spent once, of callers at once too", func(t *testing.T, f *fixture) {
		p := f.person(t)
		g, _ := f.paired(t, p)
		set := recoverySet()
		ok(t, f.store.IssueCodes(t.Context(), g.ID, set, present()))
		oneWins(t, atOnce(func(int) error {
			return f.store.BurnRecoveryCode(t.Context(), p.ID, set[3], present())
		}), enrolments.ErrCodeUsed)
		same(t, f.enrolment(t, p).RecoveryCodes, len(set)-1)
	}},
	{"a recovery code of nobody's, or somebody else's, is wrong", func(t *testing.T, f *fixture) {
		p, other := f.person(t), f.person(t)
		g, _ := f.paired(t, p)
		ok(t, f.store.IssueCodes(t.Context(), g.ID, recoverySet(), present()))
		is(t, f.store.BurnRecoveryCode(t.Context(), p.ID, key("no such code"), present()), enrolments.ErrCodeWrong)
		is(t, f.store.BurnRecoveryCode(t.Context(), other.ID, recoverySet()[0], present()), enrolments.ErrCodeWrong)
		same(t, f.enrolment(t, p).RecoveryCodes, enrolments.RecoveryCodes)
	}},
	{"a new set voids the older one, spent and unspent", func(t *testing.T, f *fixture) {
		p := f.person(t)
		first, _ := f.paired(t, p)
		ok(t, f.store.IssueCodes(t.Context(), first.ID, recoverySet(), present()))
		ok(t, f.store.BurnRecoveryCode(t.Context(), p.ID, recoverySet()[0], present()))
		second, _ := f.paired(t, p)
		ok(t, f.store.IssueCodes(t.Context(), second.ID, []enrolments.Hash{key("new")}, present()))
		for _, old := range recoverySet()[:2] {
			is(t, f.store.BurnRecoveryCode(t.Context(), p.ID, old, present()), enrolments.ErrCodeWrong)
		}
		ok(t, f.store.BurnRecoveryCode(t.Context(), p.ID, key("new"), present()))
	}},
	{"sets issued at once for one person leave one whole set", func(t *testing.T, f *fixture) {
		p := f.person(t)
		var opened []enrolments.PairingID
		for range 5 {
			g, _ := f.paired(t, p)
			opened = append(opened, g.ID)
		}
		atOnce(func(i int) error {
			set := make([]enrolments.Hash, enrolments.RecoveryCodes)
			for n := range set {
				set[n] = key(fmt.Sprint(i, n))
			}
			return f.store.IssueCodes(t.Context(), opened[i%len(opened)], set, present())
		})
		same(t, f.enrolment(t, p).RecoveryCodes, enrolments.RecoveryCodes)
	}},
	{"codes of nobody are not found", func(t *testing.T, f *fixture) {
		_, err := f.store.BeginTry(t.Context(), "nobody", enrolments.GuessCode, enrolments.DefaultCodeLimits(), present())
		is(t, err, enrolments.ErrNotFound)
		is(t, f.store.EndTry(t.Context(), "nobody", enrolments.GuessCode), enrolments.ErrNotFound)
		is(t, f.store.BurnRecoveryCode(t.Context(), "nobody", key("x"), present()), enrolments.ErrNotFound)
	}},
}
