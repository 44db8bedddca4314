package enrolmentstest

import (
	"testing"

	"countersign/enrolments"
)

// integrated is an application with an integration of the given policy.
func (f *fixture) integrated(t *testing.T, p enrolments.IntegrationPolicy) (enrolments.Integration, enrolments.Application) {
	t.Helper()
	id := "duo-" + enrolments.NewID[string]()
	a := enrolments.Application{
		ID: enrolments.ApplicationID(id), Name: "Ssh", ReturnURLs: []string{}, Policy: enrolments.DefaultPolicy(), CreatedAt: present(),
	}
	i := enrolments.Integration{
		Key: enrolments.IntegrationKey("DI" + id), Secret: enrolments.NewSecret(), Application: a.ID, Policy: p, CreatedAt: present(),
	}
	ok(t, f.store.AddIntegration(t.Context(), a, enrolments.NewSecret().Hash(), i))
	return i, a
}

var integrations = []promise{
	{"an integration comes back whole, by its key and by its application", func(t *testing.T, f *fixture) {
		want, app := f.integrated(t, enrolments.IntegrationPolicy{
			Disabled: true, OldSignatures: "sshd of 2019", PushWithoutNumber: "no screen", Domains: []string{"CORP", "corp.example.com"},
		})
		got, gotApp, err := f.store.Integration(t.Context(), want.Key)
		ok(t, err)
		same(t, got.Secret.Reveal(), want.Secret.Reveal())
		same(t, got.Policy, want.Policy)
		same(t, got.CreatedAt, want.CreatedAt)
		same(t, got.Application, app.ID)
		same(t, gotApp, app)
		again, err := f.store.IntegrationOf(t.Context(), app.ID)
		ok(t, err)
		same(t, again.Key, want.Key)
		_, keys, err := f.store.Application(t.Context(), app.ID)
		ok(t, err)
		same(t, len(keys), 1)
	}},
	{"an integration whose application exists is refused, and leaves nothing", func(t *testing.T, f *fixture) {
		_, app := f.integrated(t, enrolments.IntegrationPolicy{})
		other := enrolments.Integration{Key: "DIother", Secret: enrolments.NewSecret(), Application: app.ID, CreatedAt: present()}
		is(t, f.store.AddIntegration(t.Context(), app, enrolments.NewSecret().Hash(), other), enrolments.ErrExists)
		_, _, err := f.store.Integration(t.Context(), other.Key)
		is(t, err, enrolments.ErrNotFound)
	}},
	{"a policy is replaced as a whole", func(t *testing.T, f *fixture) {
		i, _ := f.integrated(t, enrolments.IntegrationPolicy{OldSignatures: "a reason"})
		ok(t, f.store.SetIntegrationPolicy(t.Context(), i.Key, enrolments.IntegrationPolicy{Disabled: true}))
		got, _, err := f.store.Integration(t.Context(), i.Key)
		ok(t, err)
		same(t, got.Policy, enrolments.IntegrationPolicy{Disabled: true})
		is(t, f.store.SetIntegrationPolicy(t.Context(), "DInone", enrolments.IntegrationPolicy{}), enrolments.ErrNotFound)
	}},
	{"an alias is its integration's own, and the last word counts", func(t *testing.T, f *fixture) {
		i, _ := f.integrated(t, enrolments.IntegrationPolicy{})
		other, _ := f.integrated(t, enrolments.IntegrationPolicy{})
		ok(t, f.store.PutAlias(t.Context(), i.Key, "root", "ana"))
		ok(t, f.store.PutAlias(t.Context(), i.Key, "root", "ben"))
		user, err := f.store.Alias(t.Context(), i.Key, "root")
		ok(t, err)
		same(t, user, "ben")
		_, err = f.store.Alias(t.Context(), other.Key, "root")
		is(t, err, enrolments.ErrNotFound)
		_, err = f.store.Alias(t.Context(), i.Key, "Root")
		is(t, err, enrolments.ErrNotFound)
		is(t, f.store.PutAlias(t.Context(), "DInone", "root", "ana"), enrolments.ErrNotFound)
	}},
	{"what is not there is not found", func(t *testing.T, f *fixture) {
		for _, name := range []string{"DInone", "", "a\x00b", "\xff"} {
			_, _, err := f.store.Integration(t.Context(), enrolments.IntegrationKey(name))
			is(t, err, enrolments.ErrNotFound)
			_, err = f.store.IntegrationOf(t.Context(), enrolments.ApplicationID(name))
			is(t, err, enrolments.ErrNotFound)
		}
	}},
}
