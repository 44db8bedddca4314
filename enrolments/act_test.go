package enrolments_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/enrolments"
	"countersign/internal/jws"
)

// hangingUp is a store whose caller is gone as soon as a phone is removed.
type hangingUp struct {
	enrolments.Store
	hangUp context.CancelFunc
}

func (s hangingUp) Together(ctx context.Context, do func(context.Context, enrolments.Store) error) error {
	return s.Store.Together(ctx, func(ctx context.Context, in enrolments.Store) error { return do(ctx, hangingUp{in, s.hangUp}) })
}

func (s hangingUp) RemovePhone(ctx context.Context, id enrolments.PhoneID) error {
	defer s.hangUp()
	return s.Store.RemovePhone(ctx, id)
}

// Else whoever acts in somebody's name would hang up at the right moment.
func TestWhatWasDoneStandsInTheTrailAndIsToldAlsoWhereTheCallerHasHungUp(t *testing.T) {
	ctx, hangUp := context.WithCancel(t.Context())
	d := open(t, func(c *enrolments.Config) { c.Store = hangingUp{c.Store, hangUp} })
	p, h := d.paired(t, "ana@example.com")
	noError(t, d.RemovePhone(ctx, d.know(t, h).Phone))
	if last := d.events(t); last[len(last)-1].Kind != enrolments.EventPhoneRemoved {
		t.Errorf("the trail ends with %s", last[len(last)-1].Kind)
	}
	told, err := d.store.Notices(t.Context(), p.Person, d.clock.now(), 10)
	noError(t, err)
	if !slices.ContainsFunc(told, func(n enrolments.Notice) bool { return n.Event == enrolments.EventPhoneRemoved }) {
		t.Error("the person is told nothing")
	}
}

// errMute is what a trail answers that cannot be written.
var errMute = errors.New("the trail is full")

// mute is a store whose trail cannot be written.
type mute struct{ enrolments.Store }

func (m mute) Together(ctx context.Context, do func(context.Context, enrolments.Store) error) error {
	return m.Store.Together(ctx, func(ctx context.Context, in enrolments.Store) error { return do(ctx, mute{in}) })
}

func (mute) Record(_ context.Context, events ...enrolments.Event) error {
	if len(events) == 0 {
		return nil
	}
	return errMute
}

// household is a person with one of everything that can be taken from them, and
// what was begun.
type household struct {
	*desk
	post                     *box
	phone                    enrolments.KnownPhone
	open, claimed, app, idle enrolments.Pairing
	appSecret                []byte
	newcomer                 enrolments.Claim
	waits                    enrolments.Recovery
	page                     enrolments.SecurityPage
	renames                  enrolments.Change
	trusted                  enrolments.TrustedBrowser
	trusting                 string
}

const lives = "ana@example.com"

func settled(t *testing.T) *household {
	t.Helper()
	d, post := withPost(t)
	h := &household{desk: d, post: post}
	d.takesQuestions(t)
	p, phone := d.paired(t, lives)
	noError(t, d.SetSetUpQuestions(t.Context(), p, said("Herr Zottel", "the burnt Risotto", "Vom Winde verweht")))
	noError(t, d.beginEmail(t, p, backup, "en"))
	_, err := d.ConfirmSetUpEmail(t.Context(), p, post.newest(t))
	noError(t, err)
	h.idle, h.app = p, h.halfAnApp(t)
	h.phone = d.know(t, phone)
	h.waits, h.trusted = d.losing(t, p.Person, time.Hour), d.trusting(t, p.Person, "northwind")
	h.trusting = enrolments.NewID[string]()
	noError(t, d.Trust(t.Context(), enrolments.TrustedBrowser{Person: p.Person, Application: "northwind", Approval: h.trusting}, d.clock.now(), time.Hour))
	h.page, _, err = d.OpenSecurityPage(t.Context(), "northwind", lives, "")
	noError(t, err)
	h.renames = enrolments.Change{Page: h.page.ID, Person: p.Person, Approval: "a", Kind: enrolments.ChangeRenamePhone, Phone: phone.id, Name: "Another"}
	noError(t, d.AddChange(t.Context(), h.page, h.renames))
	h.claimed, _, _ = d.claimed(t, lives)
	var ticket enrolments.Secret
	h.open, ticket, err = d.OpenPairingByPhone(t.Context(), h.phone, false)
	noError(t, err)
	h.newcomer = newHandset(t).claim(ticket, d.clock.now())
	return h
}

// halfAnApp begins an authenticator app of which no code was seen.
func (h *household) halfAnApp(t *testing.T) enrolments.Pairing {
	t.Helper()
	p, token, err := h.OpenPairing(t.Context(), enrolments.Opening{User: lives, Application: "northwind", Allowed: true})
	noError(t, err)
	_, h.appSecret = h.begin(t, p)
	p, err = h.SetUp(t.Context(), p.ID, token)
	noError(t, err)
	return p
}

// possessions is what can be read of a household.
type possessions struct {
	Application enrolments.Application
	Person      enrolments.Enrolment
	Apps        []enrolments.Authenticator
	Questions   []enrolments.QuestionID
	Email       enrolments.Email
	Recoveries  []enrolments.Recovery
	Trusted     []enrolments.TrustedBrowser
	Pairings    []enrolments.Pairing
	Events      int
}

func (h *household) look(t *testing.T) (seen possessions) {
	t.Helper()
	ctx, person := t.Context(), h.phone.Person
	var err error
	and := func(e error) { err = errors.Join(err, e) }
	var e error
	seen.Application, e = h.Application(ctx, "northwind")
	and(e)
	seen.Person, e = h.EnrolmentOf(ctx, person)
	and(e)
	seen.Apps, e = h.store.Authenticators(ctx, person)
	and(e)
	seen.Questions, e = h.QuestionsOf(ctx, person)
	and(e)
	seen.Email, e = h.BackupEmail(ctx, person)
	and(e)
	seen.Recoveries, e = h.RunningRecoveries(ctx, person)
	and(e)
	seen.Trusted, e = h.TrustedEverywhere(ctx, person)
	and(e)
	for _, p := range []enrolments.Pairing{h.open, h.claimed, h.app, h.idle} {
		p, e := h.store.Pairing(ctx, p.ID, h.clock.now())
		and(e)
		seen.Pairings = append(seen.Pairings, p)
	}
	noError(t, err)
	seen.Events = len(h.events(t))
	return seen
}

// acts are all that a service does to what lasts. Each succeeds in a fresh
// household.
func (h *household) acts(t *testing.T, s *enrolments.Service) map[string]func() error {
	ctx, person := t.Context(), h.phone.Person
	desk, err := s.HelpDesk(reason)
	noError(t, err)
	ana := enrolments.Person{ID: person, User: lives}
	return map[string]func() error{
		"an application": func() error {
			other := app()
			other.ID = "southwind"
			return second(s.AddApplication(ctx, other))
		},
		"a policy": func() error {
			return s.SetPolicy(ctx, "northwind", []enrolments.Assignment{{Key: "resends", Value: "5"}})
		},
		"a key":            func() error { return second(s.AddKey(ctx, "northwind")) },
		"a person":         func() error { return second(s.AddPerson(ctx, "bea@example.com")) },
		"a set-up":         func() error { return third(s.OpenPairing(ctx, enrolments.Opening{User: lives, Allowed: true})) },
		"a claim":          func() error { return second(s.Claim(ctx, h.newcomer)) },
		"the digits":       func() error { return second(s.Confirm(ctx, h.claimed, true)) },
		"other digits":     func() error { return second(s.Confirm(ctx, h.claimed, false)) },
		"an app":           func() error { return second(s.BeginAuthenticator(ctx, h.idle)) },
		"its first code":   func() error { return s.ConfirmAuthenticator(ctx, h.app, h.codeAt(t, h.appSecret, 0)) },
		"recovery codes":   func() error { return second(s.IssueCodes(ctx, h.idle)) },
		"a phone’s secret": func() error { return second(s.NewPhoneSecret(ctx, h.phone)) },
		"a phone’s name":   func() error { return s.RenamePhone(ctx, h.phone, "Another") },
		"a phone’s end":    func() error { return s.RemovePhone(ctx, h.phone.Phone) },
		"a push target":    func() error { return s.SetPush(ctx, h.phone, nil) },
		"a recovery": func() error {
			return third(s.BeginRecovery(ctx, enrolments.Recovery{Person: person, Method: enrolments.MethodTOTP}, 0))
		},
		"a recovery’s end":  func() error { return s.RefuseRecovery(ctx, h.waits.ID, h.phone.Phone) },
		"a recovery’s wait": func() error { return s.AllowRecovery(ctx, h.waits.ID, h.phone.Phone) },
		"a page":            func() error { return third(s.OpenSecurityPage(ctx, "northwind", lives, "")) },
		"a change": func() error {
			return second(s.CarryOut(ctx, h.page, h.renames, []enrolments.Method{enrolments.MethodPush}, enrolments.Origin{}))
		},
		"trust":              func() error { return third(s.IssueTrust(ctx, h.trusting)) },
		"trust’s end":        func() error { return second(s.EndTrust(ctx, person, "northwind", h.trusted.ID, enrolments.Origin{})) },
		"an address":         func() error { return h.newAddress(t, s) },
		"an address’s end":   func() error { return s.RemoveEmail(ctx, person) },
		"questions":          func() error { return s.SetQuestions(ctx, ana, said("one thing", "two things", "three things")) },
		"questions’ end":     func() error { return s.RemoveQuestions(ctx, person) },
		"an unlocking":       func() error { return desk.Unlock(ctx, person) },
		"a help desk’s link": func() error { return third(desk.OpenPairing(ctx, lives)) },
		"a help desk’s stop": func() error { return second(desk.StopRecovery(ctx, person, h.waits.ID)) },
	}
}

// newAddress has an address confirmed; the code was sent before.
func (h *household) newAddress(t *testing.T, s *enrolments.Service) error {
	return second(s.ConfirmSetUpEmail(t.Context(), h.idle, h.post.newest(t)))
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }

func TestWhatCannotBeToldIsNotDone(t *testing.T) {
	h := settled(t)
	noError(t, h.beginEmail(t, h.idle, "another@example.org", "en"))
	silent := enrolments.NewService(enrolments.Config{
		Store: mute{h.store}, PublicURL: publicURL, ServerName: "Countersign", CodeLimits: enrolments.DefaultCodeLimits(),
		Post: h.post, Now: h.clock.now,
	})
	before := h.look(t)
	keys := cmp.Comparer(func(a, b jws.Key) bool { return a.Thumbprint() == b.Thumbprint() })
	for name, act := range h.acts(t, silent) {
		if err := act(); !errors.Is(err, errMute) {
			t.Errorf("%s: got %v", name, err)
		}
		if diff := cmp.Diff(before, h.look(t), keys); diff != "" {
			t.Fatalf("%s was done and not told (-want +got):\n%s", name, diff)
		}
	}
}

func TestEachOfThemIsDoneAndToldWhereTheTrailCanBeWritten(t *testing.T) {
	for name := range settled(t).acts(t, open(t).Service) {
		h := settled(t)
		noError(t, h.beginEmail(t, h.idle, "another@example.org", "en"))
		act, before := h.acts(t, h.Service)[name], h.look(t)
		if err := act(); err != nil {
			t.Errorf("%s: got %v", name, err)
		}
		if after := len(h.events(t)); after == before.Events {
			t.Errorf("%s is not told", name)
		}
	}
}
