package enrolmentstest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"countersign/enrolments"
)

// page is an open security page of p.
func (f *fixture) page(t *testing.T, p enrolments.Person, app enrolments.ApplicationID) enrolments.SecurityPage {
	t.Helper()
	now := present()
	g := enrolments.SecurityPage{
		ID: enrolments.NewID[enrolments.SecurityPageID](), Person: p.ID, User: p.User, Application: app,
		ReturnURL: "https://books.example.com/home", Token: enrolments.NewSecret().Hash(),
		OpenedAt: now, EndsAt: now.Add(enrolments.SecurityPageTTL),
	}
	ok(t, f.store.AddSecurityPage(t.Context(), g))
	return g
}

// openPage reads a page that must be there.
func (f *fixture) openPage(t *testing.T, id enrolments.SecurityPageID, now time.Time) enrolments.SecurityPage {
	t.Helper()
	got, err := f.store.SecurityPage(t.Context(), id, now)
	ok(t, err)
	return got
}

// change is a change that was begun on a page.
func (f *fixture) change(t *testing.T, g enrolments.SecurityPage, kind enrolments.ChangeKind, more ...func(*enrolments.Change)) enrolments.Change {
	t.Helper()
	c := enrolments.Change{
		Approval: enrolments.NewID[string](), Page: g.ID, Person: g.Person, Kind: kind, BegunAt: present(),
	}
	for _, change := range more {
		change(&c)
	}
	ok(t, f.store.AddChange(t.Context(), c, g.EndsAt))
	return c
}

func ofPhone(id enrolments.PhoneID) func(*enrolments.Change) {
	return func(c *enrolments.Change) { c.Phone, c.About = id, "Ana's phone" }
}

func ofAuthenticator(id enrolments.AuthenticatorID) func(*enrolments.Change) {
	return func(c *enrolments.Change) { c.Authenticator, c.About = id, "2026-11-01" }
}

func answered(question enrolments.QuestionID) func(*enrolments.Change) {
	return func(c *enrolments.Change) {
		c.Answers = []enrolments.AnswerHash{{Question: question, Salt: [16]byte{1}, Hash: key(string(question))}}
	}
}

func called(name string) func(*enrolments.Change) {
	return func(c *enrolments.Change) { c.Name = name }
}

// carries carries out a change where every method is taken.
func (f *fixture) carries(t *testing.T, c enrolments.Change) error {
	t.Helper()
	return f.store.CarryOut(t.Context(), c, enrolments.Carrying{Methods: enrolments.Methods()}, present())
}

// setUpFor is the set-up that a change of p opens.
func setUpFor(p enrolments.Person) (enrolments.Pairing, enrolments.Carrying) {
	now := present()
	g := enrolments.Pairing{
		ID: enrolments.NewID[enrolments.PairingID](), Person: p.ID, User: p.User, Ticket: enrolments.NewSecret().Hash(),
		State: enrolments.PairingOpen, CreatedAt: now, ExpiresAt: now.Add(enrolments.PairingTTL), Version: 1,
	}
	return g, enrolments.Carrying{Methods: enrolments.Methods(), Pairing: g}
}

var securityPages = []promise{
	{"a page is read until its time is over", func(t *testing.T, f *fixture) {
		want := f.page(t, f.person(t), "books")
		same(t, f.openPage(t, want.ID, present()), want)
		same(t, f.openPage(t, want.ID, want.EndsAt.Add(-time.Microsecond)), want)
		_, err := f.store.SecurityPage(t.Context(), want.ID, want.EndsAt)
		is(t, err, enrolments.ErrNotFound)
		_, err = f.store.SecurityPage(t.Context(), "nothing", present())
		is(t, err, enrolments.ErrNotFound)
	}},
	{"a page of nobody is not stored", func(t *testing.T, f *fixture) {
		is(t, f.store.AddSecurityPage(t.Context(), enrolments.SecurityPage{ID: "x", Person: "nobody", OpenedAt: present(), EndsAt: present()}), enrolments.ErrNotFound)
	}},
	{"of too many for one application the oldest give way", func(t *testing.T, f *fixture) {
		p, other := f.person(t), f.person(t)
		theirs, elsewhere := f.page(t, other, "books"), f.page(t, p, "shop")
		var all []enrolments.SecurityPage
		for range enrolments.MaxSecurityPages + 2 {
			all = append(all, f.page(t, p, "books"))
		}
		for _, gone := range all[:2] {
			_, err := f.store.SecurityPage(t.Context(), gone.ID, present())
			is(t, err, enrolments.ErrNotFound)
		}
		for _, stays := range append(all[2:], theirs, elsewhere) {
			f.openPage(t, stays.ID, present())
		}
	}},
	{"a change is found by its approval, on its own page alone", func(t *testing.T, f *fixture) {
		p := f.person(t)
		g, other := f.page(t, p, "books"), f.page(t, p, "books")
		want := f.change(t, g, enrolments.ChangeRenamePhone, ofPhone("a-phone"), called("Ana's 'new' 📱"))
		mail := f.change(t, g, enrolments.ChangeSetEmail, func(c *enrolments.Change) { c.Address, c.Language = "ana@example.org", "de-CH" })
		answers := f.change(t, g, enrolments.ChangeSetQuestions, answered("first-book"))
		for _, want := range []enrolments.Change{want, mail, answers} {
			got, err := f.store.Change(t.Context(), g.ID, want.Approval)
			ok(t, err)
			same(t, got, want)
		}
		_, err := f.store.Change(t.Context(), other.ID, want.Approval)
		is(t, err, enrolments.ErrNotFound)
		_, err = f.store.Change(t.Context(), g.ID, "nothing")
		is(t, err, enrolments.ErrNotFound)
	}},
	{"a page stays open for what was begun on it, and its time is never cut", func(t *testing.T, f *fixture) {
		g := f.page(t, f.person(t), "books")
		for _, c := range []struct{ until, ends time.Time }{
			{g.EndsAt.Add(-time.Minute), g.EndsAt}, {g.EndsAt.Add(time.Minute), g.EndsAt.Add(time.Minute)},
		} {
			begun := enrolments.Change{Approval: enrolments.NewID[string](), Page: g.ID, Person: g.Person, Kind: enrolments.ChangeAddPhone, BegunAt: present()}
			ok(t, f.store.AddChange(t.Context(), begun, c.until))
			same(t, f.openPage(t, g.ID, present()).EndsAt, c.ends)
		}
	}},
	{"on a page that is over nothing is begun", func(t *testing.T, f *fixture) {
		g := f.page(t, f.person(t), "books")
		c := enrolments.Change{Approval: "late", Page: g.ID, Person: g.Person, Kind: enrolments.ChangeAddPhone, BegunAt: g.EndsAt}
		is(t, f.store.AddChange(t.Context(), c, g.EndsAt.Add(time.Hour)), enrolments.ErrNotFound)
		c.Page = "nothing"
		is(t, f.store.AddChange(t.Context(), c, g.EndsAt), enrolments.ErrNotFound)
	}},
	{"the changes of a page are bounded, at once as well", func(t *testing.T, f *fixture) {
		g := f.page(t, f.person(t), "books")
		for range enrolments.MaxChanges - 1 {
			f.change(t, g, enrolments.ChangeAddPhone)
		}
		oneWins(t, atOnce(func(i int) error {
			c := enrolments.Change{Approval: fmt.Sprint(g.ID, i), Page: g.ID, Person: g.Person, Kind: enrolments.ChangeAddPhone, BegunAt: present()}
			return f.store.AddChange(t.Context(), c, g.EndsAt)
		}), enrolments.ErrInvalid)
	}},
	{"a new page clears away those that have ended, and what was begun on them", func(t *testing.T, f *fixture) {
		p := f.person(t)
		old := f.page(t, p, "books")
		c := f.change(t, old, enrolments.ChangeAddPhone)
		later := f.page(t, p, "shop")
		later.ID, later.OpenedAt, later.EndsAt = enrolments.NewID[enrolments.SecurityPageID](), old.EndsAt, old.EndsAt.Add(time.Minute)
		ok(t, f.store.AddSecurityPage(t.Context(), later))
		_, err := f.store.SecurityPage(t.Context(), old.ID, old.OpenedAt)
		is(t, err, enrolments.ErrNotFound)
		_, err = f.store.Change(t.Context(), old.ID, c.Approval)
		is(t, err, enrolments.ErrNotFound)
	}},
}

var changes = []promise{
	{"a change is carried out once, of callers at once by one", func(t *testing.T, f *fixture) {
		p := f.person(t)
		_, made := f.paired(t, p)
		g := f.page(t, p, "books")
		c := f.change(t, g, enrolments.ChangeRenamePhone, ofPhone(made.ID), called("Ana's tablet"))
		oneWins(t, atOnce(func(int) error { return f.carries(t, c) }), enrolments.ErrExists)
		same(t, f.stored(t, made.ID).Name, "Ana's tablet")
	}},
	{"what an approval was used for before, it is not used for again", func(t *testing.T, f *fixture) {
		p := f.person(t)
		_, made := f.paired(t, p)
		g := f.page(t, p, "books")
		c := f.change(t, g, enrolments.ChangeRenamePhone, ofPhone(made.ID), called("x"))
		ok(t, f.store.SpendApproval(t.Context(), c.Approval, present()))
		is(t, f.carries(t, c), enrolments.ErrExists)
		same(t, f.stored(t, made.ID).Name, made.Name)
		other := f.change(t, g, enrolments.ChangeRenewCodes)
		ok(t, f.carries(t, other))
		is(t, f.store.SpendApproval(t.Context(), other.Approval, present()), enrolments.ErrExists)
	}},
	{"a removed phone is gone at once, with its authenticator and all trust", func(t *testing.T, f *fixture) {
		p := f.person(t)
		_, made := f.paired(t, p)
		_, stays := f.paired(t, p)
		ok(t, f.store.PutPhoneSecret(t.Context(), authenticator(p, made.ID)))
		f.trusted(t, p, "books")
		ok(t, f.carries(t, f.change(t, f.page(t, p, "books"), enrolments.ChangeRemovePhone, ofPhone(made.ID))))
		f.gone(t, made.ID)
		same(t, f.enrolment(t, p), enrolments.Enrolment{Person: p, Phones: []enrolments.Phone{stays}})
		same(t, len(f.trustedBy(t, p, "books")), 0)
	}},
	{"somebody else's phone or app is not touched, nor one that is gone, and nothing is spent", func(t *testing.T, f *fixture) {
		p, other := f.person(t), f.person(t)
		f.paired(t, p)
		_, theirs := f.paired(t, other)
		_, claimed := f.claimed(t, p)
		app := f.confirmed(t, other)
		_, begun := f.begun(t, p)
		g := f.page(t, p, "books")
		for _, c := range []enrolments.Change{
			f.change(t, g, enrolments.ChangeRemovePhone, ofPhone(theirs.ID)),
			f.change(t, g, enrolments.ChangeRenamePhone, ofPhone(theirs.ID), called("x")),
			f.change(t, g, enrolments.ChangeRemovePhone, ofPhone(claimed.ID)),
			f.change(t, g, enrolments.ChangeRemovePhone, ofPhone("gone")),
			f.change(t, g, enrolments.ChangeRemoveAuthenticator, ofAuthenticator(app.ID)),
			f.change(t, g, enrolments.ChangeRemoveAuthenticator, ofAuthenticator(begun.ID)),
			f.change(t, g, enrolments.ChangeRemoveAuthenticator, ofAuthenticator("gone")),
		} {
			is(t, f.carries(t, c), enrolments.ErrNotFound)
			ok(t, f.store.SpendApproval(t.Context(), c.Approval, present()))
		}
		same(t, f.stored(t, theirs.ID), theirs)
		same(t, f.stored(t, claimed.ID), claimed)
		same(t, f.secret(t, app.ID), app)
	}},
	{"a removed authenticator app takes no code any more and trust with it, and a phone's own secret is none", func(t *testing.T, f *fixture) {
		for name, remove := range map[string]func(enrolments.Person, enrolments.AuthenticatorID) error{
			"by a change": func(p enrolments.Person, id enrolments.AuthenticatorID) error {
				return f.carries(t, f.change(t, f.page(t, p, "books"), enrolments.ChangeRemoveAuthenticator, ofAuthenticator(id)))
			},
			"at once": func(p enrolments.Person, id enrolments.AuthenticatorID) error {
				return f.store.RemoveAuthenticator(t.Context(), p.ID, id)
			},
		} {
			t.Run(name, func(t *testing.T) {
				p := f.person(t)
				_, made := f.paired(t, p)
				_, begun := f.begun(t, p)
				own, app := authenticator(p, made.ID), f.confirmed(t, p)
				ok(t, f.store.PutPhoneSecret(t.Context(), own))
				f.trusted(t, p, "books")
				is(t, remove(p, own.ID), enrolments.ErrNotFound)
				is(t, remove(p, begun.ID), enrolments.ErrNotFound)
				is(t, remove(f.person(t), app.ID), enrolments.ErrNotFound)
				same(t, len(f.trustedBy(t, p, "books")), 1)
				ok(t, remove(p, app.ID))
				same(t, len(f.trustedBy(t, p, "books")), 0)
				is(t, remove(p, app.ID), enrolments.ErrNotFound)
				_, err := f.store.Authenticator(t.Context(), app.ID)
				is(t, err, enrolments.ErrNotFound)
				is(t, f.store.BurnStep(t.Context(), app.ID, 9), enrolments.ErrNotFound)
				same(t, f.enrolment(t, p).Authenticators, 1)
			})
		}
	}},
	{"the last way in stays, by the methods that are taken, and nothing is spent", func(t *testing.T, f *fixture) {
		p := f.person(t)
		paired, made := f.paired(t, p)
		ok(t, f.store.IssueCodes(t.Context(), paired.ID, recoverySet(), present()))
		app := f.confirmed(t, p)
		g := f.page(t, p, "books")
		phone, apps := f.change(t, g, enrolments.ChangeRemovePhone, ofPhone(made.ID)), f.change(t, g, enrolments.ChangeRemoveAuthenticator, ofAuthenticator(app.ID))
		for c, method := range map[*enrolments.Change]enrolments.Method{&phone: enrolments.MethodPush, &apps: enrolments.MethodTOTP} {
			with := enrolments.Carrying{Methods: []enrolments.Method{method, enrolments.MethodRecoveryCode}}
			is(t, f.store.CarryOut(t.Context(), *c, with, present()), enrolments.ErrLastWay)
		}
		ok(t, f.carries(t, apps))
		is(t, f.carries(t, phone), enrolments.ErrLastWay)
		same(t, f.stored(t, made.ID), made)
		ok(t, f.store.SpendApproval(t.Context(), phone.Approval, present()))
	}},
	{"of two last ways that go at once, one stays", func(t *testing.T, f *fixture) {
		p := f.person(t)
		var all []enrolments.Change
		g := f.page(t, p, "books")
		for range 3 {
			_, made := f.paired(t, p)
			all = append(all, f.change(t, g, enrolments.ChangeRemovePhone, ofPhone(made.ID)))
		}
		refused := 0
		for _, err := range atOnce(func(i int) error {
			if i >= len(all) {
				return nil
			}
			return f.carries(t, all[i])
		}) {
			if err != nil {
				is(t, err, enrolments.ErrLastWay)
				refused++
			}
		}
		same(t, []int{refused, len(f.enrolment(t, p).Phones)}, []int{1, 1})
	}},
	{"a change that adds opens its set-up, and a replaced phone goes as the new one starts", func(t *testing.T, f *fixture) {
		p := f.person(t)
		_, old := f.paired(t, p)
		g := f.page(t, p, "books")
		setUp, with := setUpFor(p)
		setUp.Removes = []enrolments.PhoneID{old.ID}
		with.Pairing = setUp
		ok(t, f.store.CarryOut(t.Context(), f.change(t, g, enrolments.ChangeReplacePhones), with, present()))
		same(t, f.read(t, setUp.ID, present()), setUp)
		made := phone(t, p)
		_, err := f.store.Claim(t.Context(), setUp.Ticket, made, "000000", present())
		ok(t, err)
		same(t, f.stored(t, old.ID).Active, true)
		_, err = f.store.Confirm(t.Context(), setUp.ID, true, present())
		ok(t, err)
		f.gone(t, old.ID)
		same(t, f.stored(t, made.ID).Active, true)
	}},
	{"a set-up for an app takes an app and no phone", func(t *testing.T, f *fixture) {
		p := f.person(t)
		f.paired(t, p)
		setUp, with := setUpFor(p)
		setUp.AppOnly = true
		with.Pairing = setUp
		ok(t, f.store.CarryOut(t.Context(), f.change(t, f.page(t, p, "books"), enrolments.ChangeAddAuthenticator), with, present()))
		same(t, f.read(t, setUp.ID, present()), setUp)
		_, err := f.store.Claim(t.Context(), setUp.Ticket, phone(t, p), "000000", present())
		is(t, err, enrolments.ErrTicket)
		a := authenticator(p, "")
		ok(t, f.store.BeginAuthenticator(t.Context(), setUp.ID, a, present()))
		ok(t, f.store.BurnStep(t.Context(), a.ID, 1))
		same(t, f.enrolment(t, p).Authenticators, 1)
	}},
	{"renewed recovery codes take the place of all older ones", func(t *testing.T, f *fixture) {
		p := f.person(t)
		paired, _ := f.paired(t, p)
		ok(t, f.store.IssueCodes(t.Context(), paired.ID, recoverySet(), present()))
		fresh := []enrolments.Hash{key("another set 1"), key("another set 2")}
		c := f.change(t, f.page(t, p, "books"), enrolments.ChangeRenewCodes)
		ok(t, f.store.CarryOut(t.Context(), c, enrolments.Carrying{Codes: fresh}, present()))
		same(t, f.enrolment(t, p).RecoveryCodes, 2)
		is(t, f.store.BurnRecoveryCode(t.Context(), p.ID, recoverySet()[0], present()), enrolments.ErrCodeWrong)
		ok(t, f.store.BurnRecoveryCode(t.Context(), p.ID, fresh[1], present()))
	}},
	{"new answers take the place of the old ones, and are removed", func(t *testing.T, f *fixture) {
		p := f.person(t)
		g := f.page(t, p, "books")
		is(t, f.carries(t, f.change(t, g, enrolments.ChangeRemoveQuestions)), enrolments.ErrNotFound)
		for _, question := range []enrolments.QuestionID{"first-book", "lost-thing"} {
			c := f.change(t, g, enrolments.ChangeSetQuestions, answered(question))
			ok(t, f.carries(t, c))
			got, err := f.store.Answers(t.Context(), p.ID)
			ok(t, err)
			same(t, got, c.Answers)
		}
		same(t, f.enrolment(t, p).Questions, true)
		ok(t, f.carries(t, f.change(t, g, enrolments.ChangeRemoveQuestions)))
		_, err := f.store.Answers(t.Context(), p.ID)
		is(t, err, enrolments.ErrNotFound)
	}},
	{"a backup address is removed, and one that shall be set is not set yet", func(t *testing.T, f *fixture) {
		p := f.withEmail(t, "ana@example.org")
		g := f.page(t, p, "books")
		set := f.change(t, g, enrolments.ChangeSetEmail, func(c *enrolments.Change) { c.Address = "new@example.org" })
		ok(t, f.carries(t, set))
		is(t, f.carries(t, set), enrolments.ErrExists)
		e, err := f.store.BackupEmail(t.Context(), p.ID)
		ok(t, err)
		same(t, e.Address, "ana@example.org")
		ok(t, f.carries(t, f.change(t, g, enrolments.ChangeRemoveEmail)))
		_, err = f.store.BackupEmail(t.Context(), p.ID)
		is(t, err, enrolments.ErrNotFound)
		is(t, f.carries(t, f.change(t, g, enrolments.ChangeRemoveEmail)), enrolments.ErrNotFound)
	}},
	{"a change of no kind is refused and spends nothing", func(t *testing.T, f *fixture) {
		p := f.person(t)
		c := f.change(t, f.page(t, p, "books"), "move_mountains")
		if slices.Contains(enrolments.ChangeKinds(), c.Kind) {
			t.Fatal("there is such a kind")
		}
		is(t, f.carries(t, c), enrolments.ErrInvalid)
		ok(t, f.store.SpendApproval(t.Context(), c.Approval, present()))
	}},
}
