package enrolmentstest

import (
	"testing"
	"time"

	"countersign/enrolments"
	"countersign/internal/jws"
	"countersign/push"
)

var people = []promise{
	{"of one name at once one person is added and all get that one", func(t *testing.T, f *fixture) {
		user := enrolments.NewID[string]()
		got, added := make([]enrolments.Person, callers), make([]bool, callers)
		for _, err := range atOnce(func(i int) (err error) {
			p := enrolments.Person{ID: enrolments.NewID[enrolments.PersonID](), User: user, CreatedAt: present()}
			got[i], added[i], err = f.store.EnsurePerson(t.Context(), p)
			return err
		}) {
			ok(t, err)
		}
		won := 0
		for i := range got {
			same(t, got[i], got[0])
			if added[i] {
				won++
			}
		}
		same(t, won, 1)
	}},
	{"a name is a person's exactly as given, letter case and accents included", func(t *testing.T, f *fixture) {
		ids := make(map[enrolments.PersonID]bool)
		for _, user := range []string{"zoe@example.com", "Zoe@example.com", "zoë@example.com", "zoe@example.com "} {
			p, added, err := f.store.EnsurePerson(t.Context(), enrolments.Person{
				ID: enrolments.NewID[enrolments.PersonID](), User: user, CreatedAt: present()})
			ok(t, err)
			same(t, p.User, user)
			if !added {
				t.Errorf("%q was taken for somebody else", user)
			}
			ids[p.ID] = true
		}
		same(t, len(ids), 4)
	}},
	{"a person's id is taken once", func(t *testing.T, f *fixture) {
		p := f.person(t)
		_, _, err := f.store.EnsurePerson(t.Context(), enrolments.Person{ID: p.ID, User: "somebody else", CreatedAt: present()})
		is(t, err, enrolments.ErrExists)
	}},
	{"a person with nothing set up has an empty enrolment", func(t *testing.T, f *fixture) {
		p := f.person(t)
		got, err := f.store.Enrolment(t.Context(), p.User)
		ok(t, err)
		same(t, got, enrolments.Enrolment{Person: p})
		if !got.Empty() {
			t.Error("it is not empty")
		}
	}},
	{"an enrolment holds active phones oldest first and counts what else is set up", func(t *testing.T, f *fixture) {
		p := f.person(t)
		f.confirmed(t, p)
		f.begun(t, p)   // not confirmed: not counted
		f.claimed(t, p) // not active: not there
		g, younger := f.paired(t, p)
		ok(t, f.store.IssueCodes(t.Context(), g.ID, recoverySet(), present()))
		ok(t, f.store.BurnRecoveryCode(t.Context(), p.ID, recoverySet()[0], present()))
		ok(t, f.store.PutPhoneSecret(t.Context(), authenticator(p, younger.ID)))
		phones := []enrolments.Phone{younger}
		for hours := range time.Duration(6) {
			older := f.pairedAt(t, p, present().Add(-(1+hours)*time.Hour))
			phones = append([]enrolments.Phone{older}, phones...)
		}

		want := enrolments.Enrolment{Person: p, Phones: phones, Authenticators: 2, RecoveryCodes: 9}
		byName, err := f.store.Enrolment(t.Context(), p.User)
		ok(t, err)
		same(t, byName, want)
		same(t, f.enrolment(t, p), want)
	}},
	{"what one person has is in nobody else's enrolment", func(t *testing.T, f *fixture) {
		p, other := f.person(t), f.person(t)
		f.paired(t, p)
		f.confirmed(t, p)
		same(t, f.enrolment(t, other), enrolments.Enrolment{Person: other})
	}},
	{"a push lock is set and lifted", func(t *testing.T, f *fixture) {
		p := f.person(t)
		for _, locked := range []bool{true, true, false} {
			ok(t, f.store.SetPushLocked(t.Context(), p.ID, locked))
			same(t, f.enrolment(t, p).PushLocked, locked)
		}
	}},
	{"a person who is not there is not found", func(t *testing.T, f *fixture) {
		_, err := f.store.Enrolment(t.Context(), "nobody")
		is(t, err, enrolments.ErrNotFound)
		_, err = f.store.EnrolmentOf(t.Context(), "nobody")
		is(t, err, enrolments.ErrNotFound)
		is(t, f.store.SetPushLocked(t.Context(), "nobody", true), enrolments.ErrNotFound)
	}},
}

// pairedAt is an active phone that was added at a time.
func (f *fixture) pairedAt(t *testing.T, p enrolments.Person, at time.Time) enrolments.Phone {
	t.Helper()
	_, ticket := f.pairing(t, p)
	made := phone(t, p)
	made.AddedAt = at
	g, err := f.store.Claim(t.Context(), ticket, made, "000000", present())
	ok(t, err)
	_, err = f.store.Confirm(t.Context(), g.ID, true, present())
	ok(t, err)
	made.Active = true
	return made
}

// stored reads a phone that must be there.
func (f *fixture) stored(t *testing.T, id enrolments.PhoneID) enrolments.Phone {
	t.Helper()
	got, _, err := f.store.Phone(t.Context(), id)
	ok(t, err)
	return got
}

// gone checks that no method finds the phone.
func (f *fixture) gone(t *testing.T, id enrolments.PhoneID) {
	t.Helper()
	_, _, err := f.store.Phone(t.Context(), id)
	is(t, err, enrolments.ErrNotFound)
	is(t, f.store.RenamePhone(t.Context(), id, "x"), enrolments.ErrNotFound)
	is(t, f.store.SetPushTarget(t.Context(), id, target("x")), enrolments.ErrNotFound)
	_, err = f.store.ForgetPushTarget(t.Context(), id, *target("x"))
	is(t, err, enrolments.ErrNotFound)
	is(t, f.store.UsedPhone(t.Context(), id, present()), enrolments.ErrNotFound)
	is(t, f.store.RemovePhone(t.Context(), id), enrolments.ErrNotFound)
	is(t, f.store.PutPhoneSecret(t.Context(), enrolments.Authenticator{
		ID: "x", Phone: id, Secret: []byte("secret"), CreatedAt: present()}), enrolments.ErrNotFound)
}

var phones = []promise{
	{"a phone comes back as it was paired, with its person's name", func(t *testing.T, f *fixture) {
		p := f.person(t)
		_, want := f.paired(t, p)
		got, user, err := f.store.Phone(t.Context(), want.ID)
		ok(t, err)
		same(t, got, want)
		same(t, user, p.User)
	}},
	{"a claimed phone is there and not active", func(t *testing.T, f *fixture) {
		_, want := f.claimed(t, f.person(t))
		same(t, f.stored(t, want.ID), want)
	}},
	{"an Ed25519 key verifies as before", func(t *testing.T, f *fixture) {
		p := f.person(t)
		_, ticket := f.pairing(t, p)
		want := phone(t, p)
		var err error
		want.Key, err = jws.ParseKey([]byte(`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`))
		ok(t, err)
		_, err = f.store.Claim(t.Context(), ticket, want, "000000", present())
		ok(t, err)
		same(t, f.stored(t, want.ID), want)
	}},
	{"an active phone is renamed, one that is only claimed is not", func(t *testing.T, f *fixture) {
		p := f.person(t)
		_, made := f.paired(t, p)
		_, other := f.paired(t, p)
		ok(t, f.store.RenamePhone(t.Context(), made.ID, "Ana's 'new' 📱"))
		same(t, f.stored(t, made.ID).Name, "Ana's 'new' 📱")
		same(t, f.stored(t, other.ID).Name, other.Name)
		_, waiting := f.claimed(t, p)
		is(t, f.store.RenamePhone(t.Context(), waiting.ID, "x"), enrolments.ErrNotFound)
		same(t, f.stored(t, waiting.ID).Name, waiting.Name)
	}},
	{"every kind of push target comes back whole, and none is none", func(t *testing.T, f *fixture) {
		_, made := f.paired(t, f.person(t))
		for _, want := range []*push.Target{
			{Service: push.FCM, Token: "a:b-c_d.e"},
			{Service: push.APNs, Token: "00ff", Sandbox: true},
			{Service: push.WebPush, Endpoint: "https://push.example.com/x?a=<&>", P256DH: "BPoint", Auth: "sixteen"},
			nil,
		} {
			ok(t, f.store.SetPushTarget(t.Context(), made.ID, want))
			same(t, f.stored(t, made.ID).Push, want)
		}
	}},
	{"a push target is forgotten once it is gone", func(t *testing.T, f *fixture) {
		_, made := f.paired(t, f.person(t))
		forgot, err := f.store.ForgetPushTarget(t.Context(), made.ID, *made.Push)
		ok(t, err)
		same(t, forgot, true)
		same(t, f.stored(t, made.ID).Push, nil)
		forgot, err = f.store.ForgetPushTarget(t.Context(), made.ID, *made.Push)
		ok(t, err)
		same(t, forgot, false)
	}},
	{"a phone that has moved is not forgotten with its old place", func(t *testing.T, f *fixture) {
		_, made := f.paired(t, f.person(t))
		moved := target("two")
		ok(t, f.store.SetPushTarget(t.Context(), made.ID, moved))
		forgot, err := f.store.ForgetPushTarget(t.Context(), made.ID, *made.Push)
		ok(t, err)
		same(t, forgot, false)
		same(t, f.stored(t, made.ID).Push, moved)
	}},
	{"the last use goes forward and never back", func(t *testing.T, f *fixture) {
		_, made := f.paired(t, f.person(t))
		later := made.LastUsedAt.Add(time.Hour)
		ok(t, f.store.UsedPhone(t.Context(), made.ID, later))
		ok(t, f.store.UsedPhone(t.Context(), made.ID, later.Add(-time.Minute)))
		same(t, f.stored(t, made.ID).LastUsedAt, later)
	}},
	{"a phone never used has a zero time", func(t *testing.T, f *fixture) {
		p := f.person(t)
		_, ticket := f.pairing(t, p)
		made := phone(t, p)
		made.LastUsedAt = time.Time{}
		_, err := f.store.Claim(t.Context(), ticket, made, "000000", present())
		ok(t, err)
		if got := f.stored(t, made.ID).LastUsedAt; !got.IsZero() {
			t.Errorf("got %v", got)
		}
	}},
	{"a removed phone is gone for good and takes its authenticator along", func(t *testing.T, f *fixture) {
		p := f.person(t)
		_, made := f.paired(t, p)
		_, stays := f.paired(t, p)
		own, app := authenticator(p, made.ID), f.confirmed(t, p)
		ok(t, f.store.PutPhoneSecret(t.Context(), own))
		ok(t, f.store.RemovePhone(t.Context(), made.ID))

		f.gone(t, made.ID)
		_, err := f.store.Authenticator(t.Context(), own.ID)
		is(t, err, enrolments.ErrNotFound)
		is(t, f.store.BurnStep(t.Context(), own.ID, 9), enrolments.ErrNotFound)
		same(t, f.enrolment(t, p), enrolments.Enrolment{Person: p, Phones: []enrolments.Phone{stays}, Authenticators: 1})
		_, err = f.store.Authenticator(t.Context(), app.ID)
		ok(t, err)
	}},
	{"a claimed phone that is removed refuses its pairing", func(t *testing.T, f *fixture) {
		g, made := f.claimed(t, f.person(t))
		ok(t, f.store.RemovePhone(t.Context(), made.ID))
		_, err := f.store.Confirm(t.Context(), g.ID, true, present())
		is(t, err, enrolments.ErrPairingSettled)
		after, err := f.store.Pairing(t.Context(), g.ID, present())
		ok(t, err)
		same(t, after.State, enrolments.PairingRefused)
		if after.Version <= g.Version {
			t.Error("the version did not rise")
		}
		f.gone(t, made.ID)
	}},
	{"a phone that was never there is not found", func(t *testing.T, f *fixture) {
		f.gone(t, "nobody")
		f.gone(t, "")
	}},
}
