package enrolmentstest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"countersign/enrolments"
)

var signingKeys = []promise{
	{"a store without a key and without a fresh one refuses", func(t *testing.T, f *fixture) {
		_, err := f.store.SigningKeys(t.Context(), nil, present())
		is(t, err, enrolments.ErrInvalid)
	}},
	{"of fresh keys at once one is stored and all callers get it", func(t *testing.T, f *fixture) {
		got := make([]string, callers)
		for _, err := range atOnce(func(i int) error {
			keys, err := f.store.SigningKeys(t.Context(), fmt.Appendf(nil, "key %d", i), present())
			if err == nil && len(keys) != 1 {
				return errors.New("not one key")
			}
			got[i] = fmt.Sprintf("%s", keys)
			return err
		}) {
			ok(t, err)
		}
		for _, key := range got {
			same(t, key, got[0])
		}
	}},
	{"a key that is there stays, whatever is offered", func(t *testing.T, f *fixture) {
		before, err := f.store.SigningKeys(t.Context(), []byte("key"), present())
		ok(t, err)
		after, err := f.store.SigningKeys(t.Context(), []byte("another"), present())
		ok(t, err)
		same(t, after, before)
	}},
}

func application() enrolments.Application {
	policy := enrolments.DefaultPolicy()
	policy.NumberDigits, policy.FirstSignIn, policy.RequireVerification = 4, false, true
	policy.Methods, policy.OptionalRoles = []enrolments.Method{enrolments.MethodTOTP}, []string{"guest", "member"}
	policy.TrustFor, policy.TrustIdle = 30*24*time.Hour, 5*time.Hour
	policy.RecoveryWait = 7 * 24 * time.Hour
	policy.RequiredFrom, policy.GraceDays = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), 14
	id := enrolments.ApplicationID(fmt.Sprintf("a%x", enrolments.NewSecret().Hash())[:32])
	return enrolments.Application{
		ID: id, Name: "Northwind Books", ReturnURLs: []string{"https://books.example.com/signed-in", "http://localhost:8080/"},
		Policy: policy, CreatedAt: present(),
	}
}

func key(text string) enrolments.Hash { return enrolments.SecretOf(text).Hash() }

func (f *fixture) application(t *testing.T) enrolments.Application {
	t.Helper()
	a := application()
	ok(t, f.store.AddApplication(t.Context(), a, key("first")))
	return a
}

// keysAre checks the application's live keys, newest first.
func (f *fixture) keysAre(t *testing.T, id enrolments.ApplicationID, want ...enrolments.Hash) {
	t.Helper()
	_, got, err := f.store.Application(t.Context(), id)
	ok(t, err)
	same(t, got, want)
}

var applications = []promise{
	{"no applications are an empty list", func(t *testing.T, f *fixture) {
		all, err := f.store.Applications(t.Context())
		ok(t, err)
		same(t, len(all), 0)
	}},
	{"an application comes back as it was stored, with its key", func(t *testing.T, f *fixture) {
		a := f.application(t)
		got, keys, err := f.store.Application(t.Context(), a.ID)
		ok(t, err)
		same(t, got, a)
		same(t, keys, []enrolments.Hash{key("first")})
	}},
	{"an id is taken once, and who comes second changes nothing", func(t *testing.T, f *fixture) {
		a := application()
		errs := atOnce(func(i int) error {
			return f.store.AddApplication(t.Context(), a, key(fmt.Sprint(i)))
		})
		oneWins(t, errs, enrolments.ErrExists)
		for i, err := range errs {
			if err == nil {
				f.keysAre(t, a.ID, key(fmt.Sprint(i)))
			}
		}
	}},
	{"all applications come in the order of their ids' bytes", func(t *testing.T, f *fixture) {
		for _, id := range []enrolments.ApplicationID{"ab", "a-c", "a0", "a", "B"} {
			a := application()
			a.ID = id
			ok(t, f.store.AddApplication(t.Context(), a, key("first")))
		}
		all, err := f.store.Applications(t.Context())
		ok(t, err)
		for i := 1; i < len(all); i++ {
			if all[i-1].ID >= all[i].ID {
				t.Errorf("%q comes before %q", all[i-1].ID, all[i].ID)
			}
		}
		if len(all) < 5 {
			t.Errorf("got %d applications, want at least 5", len(all))
		}
	}},
	{"a new key is the newest, and one older key stays beside it", func(t *testing.T, f *fixture) {
		a := f.application(t)
		// The same instant each time: order is that of the calls.
		ok(t, f.store.AddKey(t.Context(), a.ID, key("second"), a.CreatedAt))
		f.keysAre(t, a.ID, key("second"), key("first"))
		ok(t, f.store.AddKey(t.Context(), a.ID, key("third"), a.CreatedAt))
		f.keysAre(t, a.ID, key("third"), key("second"))
		n, err := f.store.DropOldKeys(t.Context(), a.ID)
		ok(t, err)
		same(t, n, 1)
	}},
	{"keys added at once leave two", func(t *testing.T, f *fixture) {
		a := f.application(t)
		for _, err := range atOnce(func(i int) error {
			return f.store.AddKey(t.Context(), a.ID, key(fmt.Sprint(i)), present())
		}) {
			ok(t, err)
		}
		_, keys, err := f.store.Application(t.Context(), a.ID)
		ok(t, err)
		if len(keys) != 2 || keys[0].Is(keys[1]) || keys[0].Is(key("first")) || keys[1].Is(key("first")) {
			t.Errorf("got %d keys, want two of the new ones", len(keys))
		}
	}},
	{"dropping old keys leaves the newest and says how many went", func(t *testing.T, f *fixture) {
		a := f.application(t)
		ok(t, f.store.AddKey(t.Context(), a.ID, key("second"), present()))
		for _, want := range []int{1, 0} {
			n, err := f.store.DropOldKeys(t.Context(), a.ID)
			ok(t, err)
			same(t, n, want)
			f.keysAre(t, a.ID, key("second"))
		}
	}},
	{"a policy is changed, and nothing else of the application", func(t *testing.T, f *fixture) {
		a, other := f.application(t), f.application(t)
		ok(t, f.store.ChangePolicy(t.Context(), a.ID, func(p *enrolments.Policy) error {
			same(t, *p, a.Policy)
			p.NumberDigits, p.OptionalRoles, p.RequiredFrom = 6, nil, time.Time{}
			return nil
		}))
		a.Policy.NumberDigits, a.Policy.OptionalRoles, a.Policy.RequiredFrom = 6, nil, time.Time{}
		for _, want := range []enrolments.Application{a, other} {
			got, keys, err := f.store.Application(t.Context(), want.ID)
			ok(t, err)
			same(t, got, want)
			same(t, keys, []enrolments.Hash{key("first")})
		}
	}},
	{"of changes to a policy at once none is lost", func(t *testing.T, f *fixture) {
		a := f.application(t)
		for _, err := range atOnce(func(int) error {
			return f.store.ChangePolicy(t.Context(), a.ID, func(p *enrolments.Policy) error {
				p.GraceDays++
				return nil
			})
		}) {
			ok(t, err)
		}
		got, _, err := f.store.Application(t.Context(), a.ID)
		ok(t, err)
		same(t, got.Policy.GraceDays, a.Policy.GraceDays+callers)
	}},
	{"a change of a policy that is refused changes nothing", func(t *testing.T, f *fixture) {
		a := f.application(t)
		is(t, f.store.ChangePolicy(t.Context(), a.ID, func(p *enrolments.Policy) error {
			p.NumberDigits = 6
			return enrolments.ErrInvalid
		}), enrolments.ErrInvalid)
		got, _, err := f.store.Application(t.Context(), a.ID)
		ok(t, err)
		same(t, got, a)
	}},
	{"a logo is set, found by its digest alone, replaced and taken away", func(t *testing.T, f *fixture) {
		a, other := f.application(t), f.application(t)
		found := func(digest string) error {
			_, err := f.store.Logo(t.Context(), a.ID, digest)
			return err
		}
		is(t, found(""), enrolments.ErrNotFound)
		first := enrolments.Logo{Type: "image/png", Image: []byte("one\x00\xff")}
		second := enrolments.Logo{Type: "image/webp", Image: []byte("two")}
		ok(t, f.store.SetLogo(t.Context(), a.ID, first))
		ok(t, f.store.SetLogo(t.Context(), a.ID, second))
		got, err := f.store.Logo(t.Context(), a.ID, second.Digest())
		ok(t, err)
		same(t, got, second)
		a.Logo = second.Digest()
		for _, want := range []enrolments.Application{a, other} {
			got, _, err := f.store.Application(t.Context(), want.ID)
			ok(t, err)
			same(t, got, want)
		}
		_, err = f.store.Logo(t.Context(), other.ID, second.Digest())
		is(t, err, enrolments.ErrNotFound)
		is(t, found(first.Digest()), enrolments.ErrNotFound)
		ok(t, f.store.SetLogo(t.Context(), a.ID, enrolments.Logo{}))
		is(t, found(second.Digest()), enrolments.ErrNotFound)
		is(t, found(""), enrolments.ErrNotFound)
	}},
	{"an application that is not there is not found", func(t *testing.T, f *fixture) {
		is(t, f.store.SetLogo(t.Context(), "nobody", enrolments.Logo{}), enrolments.ErrNotFound)
		is(t, f.store.ChangePolicy(t.Context(), "nobody", func(*enrolments.Policy) error { return nil }), enrolments.ErrNotFound)
		_, _, err := f.store.Application(t.Context(), "nobody")
		is(t, err, enrolments.ErrNotFound)
		is(t, f.store.AddKey(t.Context(), "nobody", key("x"), present()), enrolments.ErrNotFound)
		_, err = f.store.DropOldKeys(t.Context(), "nobody")
		is(t, err, enrolments.ErrNotFound)
	}},
}
