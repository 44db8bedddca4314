package enrolmentstest

import (
	"errors"
	"testing"
	"time"

	"countersign/enrolments"
)

const month = 30 * 24 * time.Hour

// trusting notes that p trusts a browser for app, a month long.
func (f *fixture) trusting(t *testing.T, p enrolments.Person, app enrolments.ApplicationID) enrolments.TrustedBrowser {
	t.Helper()
	now := present()
	b := enrolments.TrustedBrowser{
		ID: enrolments.NewID[enrolments.TrustID](), Person: p.ID, Application: app, Approval: enrolments.NewID[string](),
		Name: "Chrome on Windows", AddedAt: now, LastUsedAt: now, EndsAt: now.Add(month),
	}
	ok(t, f.store.AddTrust(t.Context(), b, now))
	return b
}

// trusted is a browser whose token was handed out.
func (f *fixture) trusted(t *testing.T, p enrolments.Person, app enrolments.ApplicationID) enrolments.TrustedBrowser {
	t.Helper()
	b := f.trusting(t, p, app)
	b.Token = enrolments.NewSecret().Hash()
	got, err := f.store.IssueTrust(t.Context(), b.Approval, b.Token, b.AddedAt)
	ok(t, err)
	same(t, got, b)
	return b
}

func use(b enrolments.TrustedBrowser) enrolments.TrustUse {
	return enrolments.TrustUse{Person: b.Person, Application: b.Application, Token: b.Token, Name: b.Name,
		AddedAfter: b.AddedAt.Add(-month), Now: b.AddedAt}
}

func (f *fixture) trustedBy(t *testing.T, p enrolments.Person, app enrolments.ApplicationID) []enrolments.TrustedBrowser {
	t.Helper()
	all, err := f.store.TrustedBrowsers(t.Context(), p.ID, app, present())
	ok(t, err)
	return all
}

var trust = []promise{
	{"a browser is trusted once its token was handed out", func(t *testing.T, f *fixture) {
		p := f.person(t)
		b := f.trusting(t, p, "books")
		same(t, len(f.trustedBy(t, p, "books")), 0)
		is(t, f.store.UseTrust(t.Context(), use(b)), enrolments.ErrNotFound)
		b = f.trusted(t, p, "books")
		same(t, f.trustedBy(t, p, "books"), []enrolments.TrustedBrowser{b})
		u := use(b)
		u.Now = b.AddedAt.Add(time.Hour)
		ok(t, f.store.UseTrust(t.Context(), u))
		ok(t, f.store.UseTrust(t.Context(), use(b)))
		same(t, f.trustedBy(t, p, "books")[0].LastUsedAt, u.Now)
	}},
	{"of callers for a token at once one gets it", func(t *testing.T, f *fixture) {
		b := f.trusting(t, f.person(t), "books")
		oneWins(t, atOnce(func(int) error {
			_, err := f.store.IssueTrust(t.Context(), b.Approval, enrolments.NewSecret().Hash(), b.AddedAt)
			return err
		}), enrolments.ErrNotFound)
	}},
	{"an approval trusts one browser, and one token for ten minutes", func(t *testing.T, f *fixture) {
		b := f.trusting(t, f.person(t), "books")
		again := b
		again.ID = enrolments.NewID[enrolments.TrustID]()
		is(t, f.store.AddTrust(t.Context(), again, again.AddedAt), enrolments.ErrExists)
		for _, approval := range []string{b.Approval, "another"} {
			_, err := f.store.IssueTrust(t.Context(), approval, enrolments.NewSecret().Hash(), b.AddedAt.Add(11*time.Minute))
			is(t, err, enrolments.ErrNotFound)
		}
	}},
	{"a token is good for its person, application, browser and time alone", func(t *testing.T, f *fixture) {
		p, other := f.person(t), f.person(t)
		b := f.trusted(t, p, "books")
		for name, change := range map[string]func(*enrolments.TrustUse){
			"another token":       func(u *enrolments.TrustUse) { u.Token = enrolments.NewSecret().Hash() },
			"another person":      func(u *enrolments.TrustUse) { u.Person = other.ID },
			"another application": func(u *enrolments.TrustUse) { u.Application = "shop" },
			"another browser":     func(u *enrolments.TrustUse) { u.Name = "Firefox on Linux" },
			"no name":             func(u *enrolments.TrustUse) { u.Name = "" },
			"when it ends":        func(u *enrolments.TrustUse) { u.Now = b.EndsAt },
			"a stricter policy":   func(u *enrolments.TrustUse) { u.AddedAfter = b.AddedAt },
			"unused for too long": func(u *enrolments.TrustUse) { u.UsedAfter = b.LastUsedAt },
		} {
			u := use(b)
			change(&u)
			if err := f.store.UseTrust(t.Context(), u); err == nil {
				t.Errorf("%s: it is trusted", name)
			}
		}
		u := use(b)
		u.Now = b.EndsAt.Add(-time.Microsecond)
		ok(t, f.store.UseTrust(t.Context(), u))
	}},
	{"each use begins the time anew in which a browser may go unused", func(t *testing.T, f *fixture) {
		b := f.trusted(t, f.person(t), "books")
		at := func(after time.Duration) enrolments.TrustUse {
			u := use(b)
			u.Now = b.AddedAt.Add(after)
			u.UsedAfter = u.Now.Add(-time.Hour)
			return u
		}
		ok(t, f.store.UseTrust(t.Context(), at(time.Hour-time.Microsecond)))
		ok(t, f.store.UseTrust(t.Context(), at(2*time.Hour-2*time.Microsecond)))
		for range 2 { // a use that is refused is none
			is(t, f.store.UseTrust(t.Context(), at(3*time.Hour-2*time.Microsecond)), enrolments.ErrNotFound)
		}
	}},
	{"trust is ended one by one or all at once, for one application", func(t *testing.T, f *fixture) {
		p, other := f.person(t), f.person(t)
		first, second := f.trusted(t, p, "books"), f.trusted(t, p, "books")
		shop, theirs := f.trusted(t, p, "shop"), f.trusted(t, other, "books")
		for _, c := range []struct {
			id   enrolments.TrustID
			want int
		}{{theirs.ID, 0}, {shop.ID, 0}, {first.ID, 1}, {first.ID, 0}, {"", 1}, {"", 0}} {
			ended, err := f.store.EndTrust(t.Context(), p.ID, "books", c.id)
			ok(t, err)
			same(t, len(ended), c.want)
		}
		is(t, f.store.UseTrust(t.Context(), use(second)), enrolments.ErrNotFound)
		same(t, len(f.trustedBy(t, p, "shop"))+len(f.trustedBy(t, other, "books")), 2)
	}},
	{"those for every application are listed and ended together", func(t *testing.T, f *fixture) {
		p, other := f.person(t), f.person(t)
		books, shop := f.trusted(t, p, "books"), f.trusted(t, p, "shop")
		f.trusting(t, p, "books")
		f.trusted(t, other, "books")
		same(t, f.trustedBy(t, p, ""), []enrolments.TrustedBrowser{shop, books})
		ended, err := f.store.EndTrust(t.Context(), p.ID, "", books.ID)
		ok(t, err)
		same(t, ended, []enrolments.TrustedBrowser{books})
		ended, err = f.store.EndTrust(t.Context(), p.ID, "", "")
		ok(t, err)
		same(t, len(ended), 2) // the one too that was not handed out
		same(t, len(f.trustedBy(t, p, ""))+len(f.trustedBy(t, other, "")), 1)
	}},
	{"all trust ends with a phone, a recovery and a report, and nobody else’s does", func(t *testing.T, f *fixture) {
		for name, end := range map[string]func(p enrolments.Person){
			"a phone removed": func(p enrolments.Person) {
				_, made := f.paired(t, p)
				f.trusted(t, p, "books")
				ok(t, f.store.RemovePhone(t.Context(), made.ID))
			},
			"a phone replaced": func(p enrolments.Person) {
				g, _, _ := f.replacing(t, p)
				f.trusted(t, p, "books")
				_, err := f.store.Confirm(t.Context(), g.ID, true, present())
				ok(t, err)
			},
			"a recovery": func(p enrolments.Person) {
				r := f.recovery(t, p, 0)
				g := f.opened(t, r, r.ReadyAt)
				f.claim(t, p, g, r.ReadyAt)
				f.trusted(t, p, "books")
				_, err := f.store.Confirm(t.Context(), g.ID, true, r.ReadyAt)
				ok(t, err)
			},
			"a report": func(p enrolments.Person) {
				f.trusted(t, p, "books")
				ok(t, f.store.SetPushLocked(t.Context(), p.ID, true))
			},
		} {
			p, other := f.person(t), f.person(t)
			f.trusted(t, other, "books")
			end(p)
			if left := len(f.trustedBy(t, p, "books")); left != 0 {
				t.Errorf("%s: %d are trusted still", name, left)
			}
			same(t, len(f.trustedBy(t, other, "books")), 1)
		}
	}},
	{"an approval of before trust ended trusts no browser, and one of after does", func(t *testing.T, f *fixture) {
		for name, end := range map[string]func(p enrolments.Person){
			"a phone removed": func(p enrolments.Person) {
				_, phone := f.paired(t, p)
				ok(t, f.store.RemovePhone(t.Context(), phone.ID))
			},
			"a report, unlocked": func(p enrolments.Person) {
				ok(t, f.store.SetPushLocked(t.Context(), p.ID, true))
				ok(t, f.store.SetPushLocked(t.Context(), p.ID, false))
			},
			"all ended": func(p enrolments.Person) {
				_, err := f.store.EndTrust(t.Context(), p.ID, "books", "")
				ok(t, err)
			},
		} {
			p := f.person(t)
			before := present()
			f.trusting(t, p, "books")
			end(p)
			b := enrolments.TrustedBrowser{ID: enrolments.NewID[enrolments.TrustID](), Person: p.ID, Application: "books",
				Approval: enrolments.NewID[string](), AddedAt: present(), EndsAt: present().Add(month)}
			if err := f.store.AddTrust(t.Context(), b, before); !errors.Is(err, enrolments.ErrFreshApproval) {
				t.Errorf("%s: got %v, want %v", name, err, enrolments.ErrFreshApproval)
			}
			ok(t, f.store.AddTrust(t.Context(), b, present().Add(time.Second)))
		}
	}},
	{"one browser that is distrusted takes no other along", func(t *testing.T, f *fixture) {
		p := f.person(t)
		approved := present()
		_, err := f.store.EndTrust(t.Context(), p.ID, "books", f.trusted(t, p, "books").ID)
		ok(t, err)
		ok(t, f.store.AddTrust(t.Context(), enrolments.TrustedBrowser{ID: enrolments.NewID[enrolments.TrustID](), Person: p.ID,
			Application: "books", Approval: enrolments.NewID[string](), AddedAt: approved, EndsAt: approved.Add(month)}, approved))
	}},
	{"no browser is trusted while pushes are locked", func(t *testing.T, f *fixture) {
		p := f.person(t)
		ok(t, f.store.SetPushLocked(t.Context(), p.ID, true))
		is(t, f.store.AddTrust(t.Context(), enrolments.TrustedBrowser{ID: enrolments.NewID[enrolments.TrustID](), Person: p.ID,
			Application: "books", Approval: enrolments.NewID[string](), AddedAt: present(), EndsAt: present().Add(month)},
			present().Add(time.Hour)), enrolments.ErrFreshApproval)
	}},
	{"trust stays when a phone is added, refused or unlocked", func(t *testing.T, f *fixture) {
		p := f.person(t)
		f.trusted(t, p, "books")
		f.paired(t, p)
		g, _ := f.claimed(t, p)
		_, err := f.store.Confirm(t.Context(), g.ID, false, present())
		ok(t, err)
		_, waiting := f.claimed(t, p)
		ok(t, f.store.RemovePhone(t.Context(), waiting.ID))
		ok(t, f.store.SetPushLocked(t.Context(), p.ID, false))
		same(t, len(f.trustedBy(t, p, "books")), 1)
	}},
	{"a person trusts so many browsers and the oldest go", func(t *testing.T, f *fixture) {
		p := f.person(t)
		var newest enrolments.TrustedBrowser
		for range enrolments.MaxTrusted + 2 {
			newest = f.trusted(t, p, "books")
		}
		all := f.trustedBy(t, p, "books")
		same(t, len(all), enrolments.MaxTrusted)
		ok(t, f.store.UseTrust(t.Context(), use(newest)))
	}},
}
