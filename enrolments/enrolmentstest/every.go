package enrolmentstest

import (
	"context"
	"testing"
	"time"

	"countersign/enrolments"
)

// hostile are names that break what is put together from text.
var hostile = []string{
	`'; DROP TABLE people; --`, `"quoted" 'twice' \ and \\`, "$1 %s %d ? :x @y", "𝄞🗝️👩‍👩‍👧 four-byte", "עברית العربية",
	"e\u0301 and \u00e9", "a\u200bb\u202ec", " spaces ", "\t\n\r", "NULL", "0", "''",
}

var everyMethod = []promise{
	{"hostile names come back as they went in", func(t *testing.T, f *fixture) {
		for _, name := range hostile {
			want := enrolments.Person{ID: enrolments.NewID[enrolments.PersonID](), User: name, CreatedAt: present()}
			p, added, err := f.store.EnsurePerson(t.Context(), want)
			ok(t, err)
			same(t, added, true)
			same(t, p, want)
			_, ticket := f.pairing(t, p)
			made := phone(t, p)
			made.Name = name
			g, err := f.store.Claim(t.Context(), ticket, made, "000000", present())
			ok(t, err)
			same(t, g.PhoneName, name)
			same(t, g.User, name)
			got, user, err := f.store.Phone(t.Context(), made.ID)
			ok(t, err)
			same(t, got, made)
			same(t, user, name)
			e, err := f.store.Enrolment(t.Context(), name)
			ok(t, err)
			same(t, e.ID, p.ID)
		}
	}},
	{"a text that no database keeps is invalid to store and not found to ask for", func(t *testing.T, f *fixture) {
		for _, text := range []string{"a\x00b", "\xff", "\xed\xa0\x80"} {
			_, _, err := f.store.EnsurePerson(t.Context(), enrolments.Person{ID: "x", User: text, CreatedAt: present()})
			is(t, err, enrolments.ErrInvalid)
			_, err = f.store.Enrolment(t.Context(), text)
			is(t, err, enrolments.ErrNotFound)
			_, _, err = f.store.Phone(t.Context(), enrolments.PhoneID(text))
			is(t, err, enrolments.ErrNotFound)
			_, err = f.store.Pairing(t.Context(), enrolments.PairingID(text), present())
			is(t, err, enrolments.ErrNotFound)
			_, err = f.store.Authenticator(t.Context(), enrolments.AuthenticatorID(text))
			is(t, err, enrolments.ErrNotFound)
			_, _, err = f.store.Application(t.Context(), enrolments.ApplicationID(text))
			is(t, err, enrolments.ErrNotFound)
		}
	}},
	{"times come back in UTC to the microsecond", func(t *testing.T, f *fixture) {
		zone := time.FixedZone("far", 13*3600+45*60)
		at := time.Date(2026, 11, 1, 23, 59, 59, 123_456_789, zone)
		p, _, err := f.store.EnsurePerson(t.Context(), enrolments.Person{
			ID: enrolments.NewID[enrolments.PersonID](), User: "times", CreatedAt: at})
		ok(t, err)
		want := time.Date(2026, 11, 1, 10, 14, 59, 123_456_000, time.UTC)
		for _, got := range []time.Time{p.CreatedAt, f.enrolment(t, p).CreatedAt} {
			if got.Location() != time.UTC || !got.Equal(want) {
				t.Errorf("got %v, want %v", got, want)
			}
		}
		ok(t, f.store.Record(t.Context(), enrolments.Event{At: at, Kind: enrolments.EventPersonAdded, Person: p.ID}))
		events, err := f.store.Events(t.Context(), enrolments.EventFilter{Person: p.ID, Limit: 1})
		ok(t, err)
		same(t, events[0].At, want)
		f.rows(t)
	}},
	{"a context that has ended is an error and changes nothing", func(t *testing.T, f *fixture) {
		before := f.world(t)
		ctx := cancelled(t)
		for name, call := range before.calls(ctx, f.store) {
			if err := call(); err == nil {
				t.Errorf("%s: got no error", name)
			}
		}
		after := before
		after.look(t, f)
		same(t, after.seen, before.seen)
	}},
	{"the same calls with a live context do change everything", func(t *testing.T, f *fixture) {
		w := f.world(t)
		for name, call := range w.calls(t.Context(), f.store) {
			if err := call(); err != nil {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}},
}

// world is one of everything that a call could change.
type world struct {
	app            enrolments.Application
	person, locked enrolments.Person
	open, fresh    enrolments.Pairing
	claimed        enrolments.Pairing
	active         enrolments.Pairing
	phone, spare   enrolments.Phone
	// Authenticator apps: one that gives codes, one to be removed.
	authenticator, spareApp enrolments.Authenticator
	newcomer                enrolments.Phone
	// Recoveries that are ready, waiting, and to be refused.
	ready, waits, refusable enrolments.Recovery
	// A browser that is trusted, one to be ended, and one without its token.
	trusted, ended, trusting enrolments.TrustedBrowser
	// People with a backup address: one to be changed, one to be removed.
	mailed, unmailed enrolments.Person
	// A page on which a new name for the phone was begun.
	page   enrolments.SecurityPage
	rename enrolments.Change
	// A person who was told of something that can be stopped, and two claimed
	// deliveries of it.
	told        enrolments.Person
	stoppable   enrolments.Notice
	ends, rests enrolments.Delivery
	seen        seen
}

// seen is what can be read of a world.
type seen struct {
	Apps           int
	Policy         enrolments.Policy
	Logo           string
	Keys           int
	Person, Locked enrolments.Enrolment
	Pairings       []enrolments.Pairing
	LastStep       int64
	Events         int64
	Recoveries     []enrolments.Recovery
	Trusted        []enrolments.TrustedBrowser
	Emails         []enrolments.Email
	Answers        map[enrolments.PersonID][]enrolments.AnswerHash
	Page           enrolments.SecurityPage
	Name           string
	Notices        []enrolments.Notice
}

func (f *fixture) world(t *testing.T) world {
	t.Helper()
	w := world{app: f.application(t), person: f.person(t), locked: f.person(t)}
	ok(t, f.store.AddKey(t.Context(), w.app.ID, key("second"), present()))
	w.open, _ = f.pairing(t, w.person)
	w.fresh, _ = f.pairing(t, w.person)
	w.claimed, _ = f.claimed(t, w.person)
	w.active, w.phone = f.paired(t, w.person)
	codes, spare := f.paired(t, w.locked)
	w.spare, w.spareApp = spare, f.confirmed(t, w.locked)
	ok(t, f.store.IssueCodes(t.Context(), codes.ID, recoverySet(), present()))
	w.authenticator = f.confirmed(t, w.person)
	w.newcomer = phone(t, w.person)
	w.ready, w.waits, w.refusable = f.recovery(t, w.person, 0), f.recovery(t, w.person, time.Hour), f.recovery(t, w.person, time.Hour)
	w.trusted, w.ended, w.trusting = f.trusted(t, w.person, "books"), f.trusted(t, w.person, "shop"), f.trusting(t, w.person, "books")
	w.mailed, w.unmailed = f.withEmail(t, "ana@example.org"), f.withEmail(t, "bea@example.org")
	ok(t, f.store.SetAnswers(t.Context(), w.unmailed.ID, answers("y"), present()))
	f.mailed(t, w.mailed, toSetUp, "new", "new@example.org", present())
	w.page = f.page(t, w.person, "books")
	w.rename = f.change(t, w.page, enrolments.ChangeRenamePhone, ofPhone(w.phone.ID), called("renamed"))
	w.told = f.reachable(t)
	w.stoppable = f.told(t, happened(w.told, enrolments.EventPhonePaired))
	w.ends = f.one(t, w.stoppable, enrolments.ByMail, present())
	w.rests = f.one(t, w.stoppable, enrolments.ByPhones, present())
	w.look(t, f)
	return w
}

func (w *world) look(t *testing.T, f *fixture) {
	t.Helper()
	all, err := f.store.Applications(t.Context())
	ok(t, err)
	app, keys, err := f.store.Application(t.Context(), w.app.ID)
	ok(t, err)
	w.seen = seen{
		Apps: len(all), Policy: app.Policy, Logo: app.Logo, Keys: len(keys), Person: f.enrolment(t, w.person), Locked: f.enrolment(t, w.locked),
		LastStep: f.secret(t, w.authenticator.ID).LastStep, Events: f.rows(t),
	}
	w.seen.Page, w.seen.Name = f.openPage(t, w.page.ID, present()), f.stored(t, w.phone.ID).Name
	w.seen.Trusted = append(f.trustedBy(t, w.person, "books"), f.trustedBy(t, w.person, "shop")...)
	w.seen.Recoveries = append(f.running(t, w.person, present()), f.running(t, w.locked, present())...)
	for i := range w.seen.Recoveries {
		w.seen.Recoveries[i].State = "" // by the time
	}
	w.seen.Answers = map[enrolments.PersonID][]enrolments.AnswerHash{}
	for _, p := range []enrolments.Person{w.person, w.unmailed} {
		w.seen.Answers[p.ID], _ = f.store.Answers(t.Context(), p.ID)
	}
	w.seen.Notices = f.noticesOf(t, w.told.ID)
	for _, p := range []enrolments.Person{w.mailed, w.unmailed} {
		e, err := f.store.BackupEmail(t.Context(), p.ID)
		ok(t, err)
		w.seen.Emails = append(w.seen.Emails, e)
	}
	for _, g := range []enrolments.PairingID{w.open.ID, w.fresh.ID, w.claimed.ID, w.active.ID} {
		w.seen.Pairings = append(w.seen.Pairings, f.read(t, g, present()))
	}
}

// calls are all methods that change something; each succeeds in a fresh world,
// in any order.
func (w *world) calls(ctx context.Context, s enrolments.Store) map[string]func() error {
	now := present()
	return map[string]func() error{
		"AddApplication": func() error { return s.AddApplication(ctx, application(), key("x")) },
		"ChangePolicy": func() error {
			return s.ChangePolicy(ctx, w.app.ID, func(p *enrolments.Policy) error { p.Resends = 5; return nil })
		},
		"SetLogo": func() error {
			return s.SetLogo(ctx, w.app.ID, enrolments.Logo{Type: "image/png", Image: []byte("x")})
		},
		"AddKey": func() error { return s.AddKey(ctx, w.app.ID, key("third"), now) },
		"DropOldKeys": func() error {
			_, err := s.DropOldKeys(ctx, w.app.ID)
			return err
		},
		"EnsurePerson": func() error {
			_, _, err := s.EnsurePerson(ctx, enrolments.Person{ID: enrolments.NewID[enrolments.PersonID](), User: enrolments.NewID[string](), CreatedAt: now})
			return err
		},
		"SetPushLocked": func() error { return s.SetPushLocked(ctx, w.locked.ID, true) },
		"RenamePhone":   func() error { return s.RenamePhone(ctx, w.phone.ID, "new") },
		"SetPushTarget": func() error { return s.SetPushTarget(ctx, w.phone.ID, target("new")) },
		"ForgetPushTarget": func() error {
			_, err := s.ForgetPushTarget(ctx, w.phone.ID, *w.phone.Push)
			return err
		},
		"UsedPhone":           func() error { return s.UsedPhone(ctx, w.phone.ID, now.Add(time.Hour)) },
		"RemovePhone":         func() error { return s.RemovePhone(ctx, w.spare.ID) },
		"RemoveAuthenticator": func() error { return s.RemoveAuthenticator(ctx, w.locked.ID, w.spareApp.ID) },
		"AddPairing": func() error {
			return s.AddPairing(ctx, enrolments.Pairing{ID: enrolments.NewID[enrolments.PairingID](), Person: w.person.ID,
				Ticket: enrolments.NewSecret().Hash(), State: enrolments.PairingOpen, CreatedAt: now, ExpiresAt: now.Add(time.Minute)})
		},
		"AddTrust": func() error {
			return s.AddTrust(ctx, enrolments.TrustedBrowser{ID: enrolments.NewID[enrolments.TrustID](), Person: w.person.ID,
				Approval: enrolments.NewID[string](), AddedAt: now, EndsAt: now.Add(time.Hour)}, now.Add(time.Hour))
		},
		"IssueTrust": func() error {
			_, err := s.IssueTrust(ctx, w.trusting.Approval, enrolments.NewSecret().Hash(), now)
			return err
		},
		"UseTrust": func() error {
			u := use(w.trusted)
			u.Now = now.Add(time.Hour)
			return s.UseTrust(ctx, u)
		},
		"EndTrust": func() error {
			_, err := s.EndTrust(ctx, w.person.ID, "shop", w.ended.ID)
			return err
		},
		"AddSecurityPage": func() error {
			return s.AddSecurityPage(ctx, enrolments.SecurityPage{ID: enrolments.NewID[enrolments.SecurityPageID](), Person: w.locked.ID,
				OpenedAt: now, EndsAt: now.Add(time.Hour)})
		},
		"AddChange": func() error {
			return s.AddChange(ctx, enrolments.Change{Approval: enrolments.NewID[string](), Page: w.page.ID, BegunAt: now}, now.Add(time.Hour))
		},
		"CarryOut": func() error { return s.CarryOut(ctx, w.rename, enrolments.Carrying{}, now) },
		"AddRecovery": func() error {
			return s.AddRecovery(ctx, enrolments.Recovery{ID: enrolments.NewID[enrolments.RecoveryID](), Person: w.person.ID,
				BegunAt: now, ReadyAt: now, EndsAt: now.Add(time.Hour)})
		},
		"OpenRecovery": func() error {
			return s.OpenRecovery(ctx, w.ready.ID, enrolments.Pairing{ID: enrolments.NewID[enrolments.PairingID](),
				Ticket: enrolments.NewSecret().Hash(), State: enrolments.PairingOpen, CreatedAt: now, ExpiresAt: now.Add(time.Minute)}, now)
		},
		"RefuseRecovery": func() error {
			_, _, err := s.RefuseRecovery(ctx, w.person.ID, w.refusable.ID, "x", now)
			return err
		},
		"AllowRecovery": func() error {
			_, _, err := s.AllowRecovery(ctx, w.person.ID, w.waits.ID, now)
			return err
		},
		"EnterPairing": func() error {
			_, err := s.EnterPairing(ctx, w.fresh.ID, now)
			return err
		},
		"Claim": func() error {
			_, err := s.Claim(ctx, w.open.Ticket, w.newcomer, "000000", now)
			return err
		},
		"Confirm": func() error {
			_, err := s.Confirm(ctx, w.claimed.ID, true, now)
			return err
		},
		"BeginAuthenticator": func() error { return s.BeginAuthenticator(ctx, w.active.ID, authenticator(w.person, ""), now) },
		"IssueCodes":         func() error { return s.IssueCodes(ctx, w.active.ID, recoverySet(), now) },
		"SpendApproval":      func() error { return s.SpendApproval(ctx, enrolments.NewID[string](), now) },
		"BeginTry": func() error {
			_, err := s.BeginTry(ctx, w.person.ID, enrolments.GuessCode, enrolments.DefaultCodeLimits(), now)
			return err
		},
		"EndTry":       func() error { return s.EndTry(ctx, w.locked.ID, enrolments.GuessCode) },
		"AddEmailCode": func() error { return s.AddEmailCode(ctx, mail(w.locked, toSetUp, "1", "ana@example.org", now)) },
		"SpendEmailCode": func() error {
			_, err := s.SpendEmailCode(ctx, w.mailed.ID, toSetUp, key("new"), now)
			return err
		},
		"RemoveEmail": func() error {
			_, err := s.RemoveEmail(ctx, w.unmailed.ID)
			return err
		},
		"SetAnswers":       func() error { return s.SetAnswers(ctx, w.person.ID, answers("x"), now) },
		"RemoveAnswers":    func() error { return s.RemoveAnswers(ctx, w.unmailed.ID) },
		"PutPhoneSecret":   func() error { return s.PutPhoneSecret(ctx, authenticator(w.person, w.phone.ID)) },
		"BurnStep":         func() error { return s.BurnStep(ctx, w.authenticator.ID, 1000) },
		"BurnRecoveryCode": func() error { return s.BurnRecoveryCode(ctx, w.locked.ID, recoverySet()[0], now) },
		"Record": func() error {
			return s.Record(ctx, enrolments.Event{At: now, Kind: enrolments.EventPersonAdded, Person: w.person.ID})
		},
		"ClaimDeliveries": func() error {
			_, err := s.ClaimDeliveries(ctx, enrolments.ByMail, 1, lease, now)
			return err
		},
		"EndDelivery": func() error {
			_, err := s.EndDelivery(ctx, w.ends, enrolments.Event{At: now, Kind: enrolments.EventNoticeSent})
			return err
		},
		"PutOffDelivery": func() error { return s.PutOffDelivery(ctx, w.rests, now) },
		"StopNotice": func() error {
			_, _, err := s.StopNotice(ctx, w.stoppable.ID, now, stopping)
			return err
		},
		"Together": func() error {
			return s.Together(ctx, func(ctx context.Context, in enrolments.Store) error { return nil })
		},
		"SigningKeys": func() error {
			_, err := s.SigningKeys(ctx, []byte("key"), now)
			return err
		},
	}
}
