// Package enrolmentstest holds the contract of enrolments.Store as tests: what
// each method promises, who wins a race, what is refused. Every store passes
// Exercise; a promise that is not here is not kept.
//
// It looks at a store through its interface alone, and refuses to know where
// it keeps things.
package enrolmentstest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/enrolments"
	"countersign/internal/jws"
	"countersign/push"
)

// callers is how many race for one thing.
const callers = 20

// promise is one sentence of the contract.
type promise struct {
	sentence string
	holds    func(t *testing.T, f *fixture)
}

// Exercise runs the contract. open returns an empty store, ready to use and
// closed by t's cleanup; it is called a few times.
func Exercise(t *testing.T, open func(t *testing.T) enrolments.Store) {
	for _, group := range []struct {
		name     string
		promises []promise
	}{
		{"signing keys", signingKeys},
		{"applications", applications},
		{"integrations", integrations},
		{"people", people},
		{"phones", phones},
		{"pairings", pairings},
		{"free pairings", freePairings},
		{"replacements", replacements},
		{"recoveries", recoveries},
		{"security pages", securityPages},
		{"changes", changes},
		{"locks", locks},
		{"trust", trust},
		{"authenticators", authenticators},
		{"codes", codes},
		{"emails", emails},
		{"questions", questions},
		{"audit", audit},
		{"notices", notices},
		{"every method", everyMethod},
		{"together", together},
	} {
		t.Run(group.name, func(t *testing.T) {
			f := &fixture{store: open(t)}
			for _, p := range group.promises {
				t.Run(p.sentence, func(t *testing.T) { p.holds(t, f) })
			}
		})
	}
}

// fixture makes what a promise needs to begin with.
type fixture struct{ store enrolments.Store }

// present is the time as every store can keep it.
func present() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func (f *fixture) person(t *testing.T) enrolments.Person {
	t.Helper()
	p := enrolments.Person{
		ID: enrolments.NewID[enrolments.PersonID](), User: enrolments.NewID[string](), CreatedAt: present(),
	}
	stored, added, err := f.store.EnsurePerson(t.Context(), p)
	ok(t, err)
	if !added {
		t.Fatal("a new person was not added")
	}
	return stored
}

// pairing opens a set-up of p with ten minutes left, and returns its ticket.
func (f *fixture) pairing(t *testing.T, p enrolments.Person) (enrolments.Pairing, enrolments.Hash) {
	t.Helper()
	now := present()
	token := enrolments.NewSecret()
	g := enrolments.Pairing{
		ID: enrolments.NewID[enrolments.PairingID](), Person: p.ID, User: p.User, Application: "northwind",
		Token: token.Hash(), Ticket: enrolments.TicketOf(token).Hash(), State: enrolments.PairingOpen,
		ReturnURL: "https://books.example.com/signed-in?tab=1", SigningIn: true,
		CreatedAt: now, ExpiresAt: now.Add(enrolments.PairingTTL), Version: 1,
	}
	ok(t, f.store.AddPairing(t.Context(), g))
	return g, g.Ticket
}

// phone makes a phone that is nowhere yet.
func phone(t *testing.T, p enrolments.Person) enrolments.Phone {
	t.Helper()
	raw, err := jws.NewPrivateKey()
	ok(t, err)
	signer, err := jws.NewSigner(raw)
	ok(t, err)
	return enrolments.Phone{
		ID: enrolments.NewID[enrolments.PhoneID](), Person: p.ID, Name: "Ana's phone", Platform: "ios",
		Key: signer.Public(), Push: target("one"), AddedAt: present(), LastUsedAt: present(),
	}
}

func target(token string) *push.Target { return &push.Target{Service: push.FCM, Token: token} }

// claimed pairs a phone up to the digits.
func (f *fixture) claimed(t *testing.T, p enrolments.Person) (enrolments.Pairing, enrolments.Phone) {
	t.Helper()
	_, ticket := f.pairing(t, p)
	made := phone(t, p)
	g, err := f.store.Claim(t.Context(), ticket, made, "482913", present())
	ok(t, err)
	return g, made
}

// paired is an active phone.
func (f *fixture) paired(t *testing.T, p enrolments.Person) (enrolments.Pairing, enrolments.Phone) {
	t.Helper()
	g, made := f.claimed(t, p)
	g, err := f.store.Confirm(t.Context(), g.ID, true, present())
	ok(t, err)
	made.Active = true
	return g, made
}

func authenticator(p enrolments.Person, phone enrolments.PhoneID) enrolments.Authenticator {
	return enrolments.Authenticator{
		ID: enrolments.NewID[enrolments.AuthenticatorID](), Person: p.ID, Phone: phone,
		Secret: []byte("twenty bytes of it.."), CreatedAt: present(),
	}
}

// begun is an unconfirmed authenticator and its pairing.
func (f *fixture) begun(t *testing.T, p enrolments.Person) (enrolments.Pairing, enrolments.Authenticator) {
	t.Helper()
	g, _ := f.pairing(t, p)
	a := authenticator(p, "")
	ok(t, f.store.BeginAuthenticator(t.Context(), g.ID, a, present()))
	return g, a
}

// confirmed is an authenticator whose step 1 is spent.
func (f *fixture) confirmed(t *testing.T, p enrolments.Person) enrolments.Authenticator {
	t.Helper()
	_, a := f.begun(t, p)
	ok(t, f.store.BurnStep(t.Context(), a.ID, 1))
	a.Confirmed, a.LastStep = true, 1
	return a
}

// atOnce calls do from twenty goroutines that start together, and returns
// their errors.
func atOnce(do func(i int) error) []error {
	errs := make([]error, callers)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			<-start
			errs[i] = do(i)
		})
	}
	close(start)
	all.Wait()
	return errs
}

// oneWins checks that one of errs is nil and all others are loser.
func oneWins(t *testing.T, errs []error, loser error) {
	t.Helper()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, loser) {
			t.Errorf("a loser got %v, want %v", err, loser)
		}
	}
	if won != 1 {
		t.Errorf("%d won, want 1", won)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got %v, want no error", err)
	}
}

func is(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

// same compares; keys by what they verify.
func same[T any](t *testing.T, got, want T) {
	t.Helper()
	keys := cmp.Comparer(func(a, b jws.Key) bool {
		return a.Thumbprint() == b.Thumbprint() && a.Algorithm() == b.Algorithm()
	})
	if diff := cmp.Diff(want, got, keys); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// enrolment reads what p has.
func (f *fixture) enrolment(t *testing.T, p enrolments.Person) enrolments.Enrolment {
	t.Helper()
	e, err := f.store.EnrolmentOf(t.Context(), p.ID)
	ok(t, err)
	return e
}

// cancelled is a context that has ended.
func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
