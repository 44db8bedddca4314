package enrolmentstest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/enrolments"
)

// lease is how long a claim of these tests keeps others away.
const lease = time.Minute

// reachable is a person whose user name is an address.
func (f *fixture) reachable(t *testing.T) enrolments.Person {
	t.Helper()
	p, _, err := f.store.EnsurePerson(t.Context(), enrolments.Person{
		ID: enrolments.NewID[enrolments.PersonID](), User: enrolments.NewID[string]() + "@example.com", CreatedAt: present(),
	})
	ok(t, err)
	return p
}

// happened is an event that people are told of.
func happened(p enrolments.Person, kind enrolments.EventKind) enrolments.Event {
	return enrolments.Event{At: present(), Kind: kind, Person: p.ID, Detail: "Ana's phone"}
}

// told records what happened, and returns its notice.
func (f *fixture) told(t *testing.T, e enrolments.Event) enrolments.Notice {
	t.Helper()
	ok(t, f.store.Record(t.Context(), e))
	all := f.noticesOf(t, e.Person)
	if len(all) == 0 {
		t.Fatalf("nobody is told of %s", e.Kind)
	}
	return all[0]
}

func (f *fixture) noticesOf(t *testing.T, p enrolments.PersonID) []enrolments.Notice {
	t.Helper()
	all, err := f.store.Notices(t.Context(), p, time.Time{}, 100)
	ok(t, err)
	return all
}

// claims claims all that is due for a channel, and keeps what is n's.
func (f *fixture) claims(t *testing.T, n enrolments.Notice, c enrolments.Channel, now time.Time) (own []enrolments.Delivery) {
	t.Helper()
	for {
		all, err := f.store.ClaimDeliveries(t.Context(), c, 64, lease, now)
		ok(t, err)
		for _, d := range all {
			if d.Notice.ID == n.ID {
				own = append(own, d)
			}
		}
		if len(all) < 64 {
			return own
		}
	}
}

// one is the only delivery of n that is due.
func (f *fixture) one(t *testing.T, n enrolments.Notice, c enrolments.Channel, now time.Time) enrolments.Delivery {
	t.Helper()
	all := f.claims(t, n, c, now)
	if len(all) != 1 {
		t.Fatalf("%d deliveries by %s are due, want 1", len(all), c)
	}
	return all[0]
}

func addresses(all []enrolments.Delivery) (to []string) {
	for _, d := range all {
		to = append(to, d.To)
	}
	slices.Sort(to)
	return to
}

// stopping is what a stop is noted as.
func stopping(n enrolments.Notice) enrolments.Event {
	return enrolments.Event{At: n.Stopped.At, Kind: enrolments.EventNoticeStopped, Person: n.Person, Detail: string(n.ID)}
}

func (f *fixture) stop(t *testing.T, n enrolments.Notice, now time.Time) (enrolments.Notice, bool) {
	t.Helper()
	n, stopped, err := f.store.StopNotice(t.Context(), n.ID, now, stopping)
	ok(t, err)
	return n, stopped
}

var notices = []promise{
	{"an announced event comes with its notice, a mail and a call to the phones", func(t *testing.T, f *fixture) {
		p, app := f.reachable(t), f.application(t)
		e := happened(p, enrolments.EventPhonePaired).From(enrolments.Origin{Browser: "Chrome on Windows", IP: "203.0.113.9"})
		e.Application, e.Phone = app.ID, "a phone"
		n := f.told(t, e)
		want := enrolments.Notice{
			ID: n.ID, Token: n.Token, Person: p.ID, User: p.User, Event: e.Kind, Phone: "a phone", Application: app.Name, Detail: "Ana's phone",
			Origin: enrolments.Origin{Browser: "Chrome on Windows", IP: "203.0.113.9"}, At: e.At,
		}
		same(t, n, want)
		one, err := f.store.Notice(t.Context(), n.ID)
		ok(t, err)
		same(t, one, want)
		mail := f.one(t, n, enrolments.ByMail, e.At)
		same(t, mail.Notice, want)
		same(t, mail.To, p.User)
		same(t, mail.Tries, 1)
		same(t, mail.Token.Hash(), n.Token)
		phones := f.one(t, n, enrolments.ByPhones, e.At)
		same(t, phones.To, "")
		same(t, phones.Token.Hash(), n.Token)
	}},
	{"an event that nobody is told of has no notice", func(t *testing.T, f *fixture) {
		p := f.reachable(t)
		byHelpDesk := happened(p, enrolments.EventPairingOpened)
		byHelpDesk.Data = `{"help_desk":"a lost phone"}`
		for _, e := range []enrolments.Event{
			happened(p, enrolments.EventApprovalRequested), happened(p, enrolments.EventPairingOpened),
			happened(enrolments.Person{}, enrolments.EventPhonePaired), happened(enrolments.Person{ID: "nobody"}, enrolments.EventPhonePaired),
		} {
			ok(t, f.store.Record(t.Context(), e))
			same(t, len(f.noticesOf(t, e.Person)), 0)
		}
		same(t, f.told(t, byHelpDesk).Because, "a lost phone")
	}},
	{"what is not recorded is not told", func(t *testing.T, f *fixture) {
		p := f.reachable(t)
		good := happened(p, enrolments.EventPhonePaired)
		is(t, f.store.Record(t.Context(), good, enrolments.Event{At: present()}), enrolments.ErrInvalid)
		if f.store.Record(cancelled(t), good) == nil {
			t.Error("an ended context recorded")
		}
		many := good
		many.Tell = make([]enrolments.Email, 5)
		is(t, f.store.Record(t.Context(), many), enrolments.ErrInvalid)
		same(t, len(f.noticesOf(t, p.ID)), 0)
	}},
	{"each mailbox of a person is told once, and one that was taken from them, too", func(t *testing.T, f *fixture) {
		p := f.reachable(t)
		f.mailed(t, p, toSetUp, "first", "backup@example.net", present())
		ok(t, f.typed(t, p, toSetUp, "first", present()))
		e := happened(p, enrolments.EventEmailSet)
		e.Tell = []enrolments.Email{{Address: "older@example.net", Language: "fr"}, {Address: "Backup+tag@example.net"}}
		all := f.claims(t, f.told(t, e), enrolments.ByMail, e.At)
		want := []string{"backup@example.net", "older@example.net", p.User}
		slices.Sort(want)
		same(t, addresses(all), want)
		for _, d := range all {
			if language := map[string]string{p.User: "de", "backup@example.net": "de", "older@example.net": "fr"}[d.To]; d.Language != language {
				t.Errorf("%s is written to in %q, want %q", d.To, d.Language, language)
			}
		}
		other := f.person(t) // whose name is no address
		same(t, len(f.claims(t, f.told(t, happened(other, enrolments.EventPhonePaired)), enrolments.ByMail, present())), 0)
	}},
	{"phones that are asked about something are not told of it as well", func(t *testing.T, f *fixture) {
		n := f.told(t, happened(f.reachable(t), enrolments.EventRecoveryBegun))
		same(t, len(f.claims(t, n, enrolments.ByPhones, present())), 0)
		same(t, len(f.claims(t, n, enrolments.ByMail, present())), 1)
	}},
	{"of those who claim at once one gets each delivery", func(t *testing.T, f *fixture) {
		p := f.reachable(t)
		for range 5 {
			f.told(t, happened(p, enrolments.EventPhonePaired))
		}
		now := present()
		got := make([][]enrolments.Delivery, callers)
		for _, err := range atOnce(func(i int) (err error) {
			got[i], err = f.store.ClaimDeliveries(t.Context(), enrolments.ByMail, 2, lease, now)
			return err
		}) {
			ok(t, err)
		}
		seen := map[enrolments.DeliveryID]int{}
		for _, all := range got {
			if len(all) > 2 {
				t.Errorf("a claim of two took %d", len(all))
			}
			for _, d := range all {
				seen[d.ID]++
			}
		}
		rest, err := f.store.ClaimDeliveries(t.Context(), enrolments.ByMail, 64, lease, now)
		ok(t, err)
		for _, d := range rest {
			seen[d.ID]++
		}
		mine := 0
		for id, times := range seen {
			if times != 1 {
				t.Errorf("delivery %s was claimed %d times", id, times)
			}
			mine++
		}
		if mine < 5 {
			t.Errorf("%d deliveries were claimed, want 5", mine)
		}
	}},
	{"a claim ends with its lease, and whoever lost it ends nothing", func(t *testing.T, f *fixture) {
		n := f.told(t, happened(f.reachable(t), enrolments.EventPhonePaired))
		first := f.one(t, n, enrolments.ByMail, n.At)
		same(t, len(f.claims(t, n, enrolments.ByMail, n.At.Add(lease-time.Microsecond))), 0)
		second := f.one(t, n, enrolments.ByMail, n.At.Add(lease))
		same(t, second.Tries, 2)
		before := f.rows(t)
		ended, err := f.store.EndDelivery(t.Context(), first, happened(enrolments.Person{}, enrolments.EventNoticeSent))
		ok(t, err)
		same(t, ended, false)
		ok(t, f.store.PutOffDelivery(t.Context(), first, n.At))
		same(t, len(f.claims(t, n, enrolments.ByMail, n.At.Add(lease))), 0)
		same(t, f.rows(t), before)
		ended, err = f.store.EndDelivery(t.Context(), second, happened(enrolments.Person{}, enrolments.EventNoticeSent))
		ok(t, err)
		same(t, ended, true)
		same(t, f.rows(t), before+1)
		same(t, len(f.claims(t, n, enrolments.ByMail, n.At.Add(time.Hour))), 0)
	}},
	{"a delivery that is put off is due again then", func(t *testing.T, f *fixture) {
		n := f.told(t, happened(f.reachable(t), enrolments.EventPhonePaired))
		later := n.At.Add(time.Hour)
		ok(t, f.store.PutOffDelivery(t.Context(), f.one(t, n, enrolments.ByMail, n.At), later))
		same(t, len(f.claims(t, n, enrolments.ByMail, later.Add(-time.Microsecond))), 0)
		same(t, f.one(t, n, enrolments.ByMail, later).Tries, 2)
	}},
	{"an end that cannot be noted is none", func(t *testing.T, f *fixture) {
		n := f.told(t, happened(f.reachable(t), enrolments.EventPhonePaired))
		d := f.one(t, n, enrolments.ByMail, n.At)
		ended, err := f.store.EndDelivery(t.Context(), d, enrolments.Event{At: present()})
		is(t, err, enrolments.ErrInvalid)
		same(t, ended, false)
		same(t, len(f.claims(t, n, enrolments.ByMail, n.At.Add(lease))), 1)
	}},
	{"a claim takes 1 to 64, and none of another channel", func(t *testing.T, f *fixture) {
		n := f.told(t, happened(f.reachable(t), enrolments.EventPhonePaired))
		for _, limit := range []int{-1, 0, 65} {
			_, err := f.store.ClaimDeliveries(t.Context(), enrolments.ByMail, limit, lease, n.At)
			is(t, err, enrolments.ErrInvalid)
		}
		same(t, len(f.claims(t, n, "pigeons", n.At)), 0)
		same(t, len(f.claims(t, n, enrolments.ByMail, n.At.Add(-time.Microsecond))), 0)
	}},
	{"whoever listens hears of a delivery", func(t *testing.T, f *fixture) {
		for len(f.store.Announced()) > 0 {
			<-f.store.Announced()
		}
		p := f.reachable(t)
		ok(t, f.store.Record(t.Context(), happened(p, enrolments.EventApprovalRequested)))
		same(t, len(f.store.Announced()), 0)
		f.told(t, happened(p, enrolments.EventPhonePaired))
		f.told(t, happened(p, enrolments.EventPhonePaired)) // waits for nobody
		same(t, len(f.store.Announced()), 1)
	}},
	{"a person is told of one kind so often in an hour, and of another all the same", func(t *testing.T, f *fixture) {
		p := f.reachable(t)
		e := happened(p, enrolments.EventPhoneRenamed)
		before := f.rows(t)
		for range enrolments.MaxNoticesAnHour + 3 {
			ok(t, f.store.Record(t.Context(), e))
		}
		same(t, f.rows(t), before+enrolments.MaxNoticesAnHour+3)
		same(t, len(f.noticesOf(t, p.ID)), enrolments.MaxNoticesAnHour)
		f.told(t, happened(p, enrolments.EventPhonePaired))
		e.At = e.At.Add(time.Hour)
		ok(t, f.store.Record(t.Context(), e))
		same(t, len(f.noticesOf(t, p.ID)), enrolments.MaxNoticesAnHour+2)
	}},
	{"notices are read newest first, since a time, and are kept for thirty days", func(t *testing.T, f *fixture) {
		p := f.reachable(t)
		old, newer := happened(p, enrolments.EventPhonePaired), happened(p, enrolments.EventPhoneRemoved)
		newer.At = old.At.Add(enrolments.NoticesKept)
		f.told(t, old)
		f.told(t, newer)
		all := f.noticesOf(t, p.ID)
		same(t, []enrolments.EventKind{all[0].Event, all[1].Event}, []enrolments.EventKind{newer.Kind, old.Kind})
		since, err := f.store.Notices(t.Context(), p.ID, newer.At, 100)
		ok(t, err)
		same(t, since, all[:1])
		limited, err := f.store.Notices(t.Context(), p.ID, time.Time{}, 1)
		ok(t, err)
		same(t, limited, all[:1])
		for _, limit := range []int{0, 1001} {
			_, err := f.store.Notices(t.Context(), p.ID, time.Time{}, limit)
			is(t, err, enrolments.ErrInvalid)
		}
		newer.At = newer.At.Add(time.Microsecond)
		f.told(t, newer)
		_, err = f.store.Notice(t.Context(), all[1].ID)
		is(t, err, enrolments.ErrNotFound)
		_, err = f.store.EndDelivery(t.Context(), enrolments.Delivery{ID: "gone", Notice: all[1], Tries: 1})
		ok(t, err)
	}},
	{"a stop ends what is under way and trusted, of this person alone, and is recorded and told", func(t *testing.T, f *fixture) {
		p, other := f.reachable(t), f.reachable(t)
		for _, who := range []enrolments.Person{p, other} {
			f.recovery(t, who, 0)
			f.recovery(t, who, time.Hour)
			f.trusted(t, who, "books")
			f.trusting(t, who, "shop")
			f.pairing(t, who)
			f.claimed(t, who)
			f.paired(t, who)
		}
		n := f.told(t, happened(p, enrolments.EventPhonePaired))
		before := f.rows(t)
		stopped, did := f.stop(t, n, present())
		same(t, did, true)
		same(t, []int{stopped.Stopped.Recoveries, stopped.Stopped.SetUps, stopped.Stopped.Browsers}, []int{2, 3, 1})
		same(t, f.rows(t), before+1)
		same(t, f.noticesOf(t, p.ID)[0].Event, enrolments.EventNoticeStopped)
		read, err := f.store.Notice(t.Context(), n.ID)
		ok(t, err)
		same(t, read, stopped)
		for who, left := range map[enrolments.PersonID]bool{p.ID: false, other.ID: true} {
			e, err := f.store.EnrolmentOf(t.Context(), who)
			ok(t, err)
			same(t, e.PushLocked, !left)
			same(t, len(e.Phones), 1)
			running, err := f.store.RunningRecoveries(t.Context(), who, present())
			ok(t, err)
			same(t, len(running) > 0, left)
			trusted, err := f.store.TrustedBrowsers(t.Context(), who, "books", present())
			ok(t, err)
			same(t, len(trusted) > 0, left)
		}
	}},
	{"after a stop no set-up gives anything more", func(t *testing.T, f *fixture) {
		p := f.reachable(t)
		_, ticket := f.pairing(t, p)
		waiting, come := f.claimed(t, p)
		begun, a := f.begun(t, p)
		active, _ := f.paired(t, p)
		trusting := f.trusting(t, p, "shop")
		f.mailed(t, p, toSetUp, "482913", "eve@example.net", present())
		page := f.page(t, p, "books")
		rename := f.change(t, page, enrolments.ChangeRenamePhone, called("stolen"))
		f.stop(t, f.told(t, happened(p, enrolments.EventPhonePaired)), present())
		now := present()
		_, err := f.store.SecurityPage(t.Context(), page.ID, now)
		is(t, err, enrolments.ErrNotFound)
		is(t, f.store.CarryOut(t.Context(), rename, enrolments.Carrying{}, now), enrolments.ErrLocked)
		ok(t, f.store.SetPushLocked(t.Context(), p.ID, false)) // an administrator has looked
		is(t, f.store.CarryOut(t.Context(), rename, enrolments.Carrying{}, now), enrolments.ErrNotFound)
		_, err = f.store.Claim(t.Context(), ticket, phone(t, p), "1", now)
		is(t, err, enrolments.ErrTicket)
		_, err = f.store.Confirm(t.Context(), waiting.ID, true, now)
		is(t, err, enrolments.ErrPairingSettled)
		_, _, err = f.store.Phone(t.Context(), come.ID)
		is(t, err, enrolments.ErrNotFound)
		is(t, f.store.IssueCodes(t.Context(), active.ID, recoverySet(), now), enrolments.ErrPairingSettled)
		is(t, f.store.BeginAuthenticator(t.Context(), active.ID, authenticator(p, ""), now), enrolments.ErrPairingSettled)
		same(t, f.read(t, begun.ID, now).State, enrolments.PairingRefused)
		same(t, f.secret(t, a.ID).Confirmed, false)
		_, err = f.store.IssueTrust(t.Context(), trusting.Approval, enrolments.NewSecret().Hash(), now)
		is(t, err, enrolments.ErrNotFound)
		is(t, f.typed(t, p, toSetUp, "482913", now), enrolments.ErrCodeExpired)
	}},
	{"of those who stop at once one does, and all others see what it did", func(t *testing.T, f *fixture) {
		p := f.reachable(t)
		f.recovery(t, p, 0)
		n := f.told(t, happened(p, enrolments.EventRecoveryBegun))
		before, did := f.rows(t), make([]bool, callers)
		for _, err := range atOnce(func(i int) (err error) {
			var got enrolments.Notice
			got, did[i], err = f.store.StopNotice(t.Context(), n.ID, present(), stopping)
			if err == nil && got.Stopped.Recoveries != 1 {
				return errors.New("it does not say what was stopped: " + cmp.Diff(n, got))
			}
			return err
		}) {
			ok(t, err)
		}
		same(t, len(slices.DeleteFunc(did, func(b bool) bool { return !b })), 1)
		same(t, f.rows(t), before+1)
	}},
	{"a stop that cannot be recorded stops nothing", func(t *testing.T, f *fixture) {
		p := f.reachable(t)
		n := f.told(t, happened(p, enrolments.EventPhonePaired))
		_, _, err := f.store.StopNotice(t.Context(), n.ID, present(), func(enrolments.Notice) enrolments.Event { return enrolments.Event{} })
		is(t, err, enrolments.ErrInvalid)
		same(t, f.enrolment(t, p).PushLocked, false)
		read, err := f.store.Notice(t.Context(), n.ID)
		ok(t, err)
		same(t, read.Stopped, enrolments.Stopped{})
		_, _, err = f.store.StopNotice(context.WithoutCancel(t.Context()), "nothing", present(), stopping)
		is(t, err, enrolments.ErrNotFound)
	}},
}
