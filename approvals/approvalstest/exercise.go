// Package approvalstest holds the contract of approvals.Store as tests: what
// passes Exercise may stand behind the service. It knows no store.
package approvalstest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"countersign/approvals"
	"countersign/enrolments"
)

// Ahead is implemented by a store under test whose clock can be put ahead for
// one person. What takes minutes is not tried on other stores.
type Ahead interface {
	Ahead(person enrolments.PersonID, by time.Duration) error
}

// Exercise runs the contract. open makes a store that the test may leave
// things in; it closes it with the test's Cleanup. With -short, races are run
// a fiftieth as often.
func Exercise(t *testing.T, open func(t *testing.T) approvals.Store) {
	rounds := 10_000
	if testing.Short() {
		rounds = 200
	}
	exercise(t, open, rounds)
}

// ExerciseBriefly is Exercise with as few races as with -short: for a further
// arrangement of a store that went through Exercise.
func ExerciseBriefly(t *testing.T, open func(t *testing.T) approvals.Store) { exercise(t, open, 200) }

func exercise(t *testing.T, open func(t *testing.T) approvals.Store, rounds int) {
	for _, group := range []struct {
		name  string
		tests []test
	}{
		{"Create", createTests}, {"Budget", budgetTests}, {"Answer", answerTests}, {"Settle", settleTests},
		{"Facts", factTests}, {"Redeem", redeemTests}, {"PendingFor", pendingTests}, {"Watch", watchTests},
		{"Later", laterTests}, {"Ended", endedTests},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, one := range group.tests {
				t.Run(one.name, func(t *testing.T) { one.run(newScene(t, open(t))) })
			}
		})
	}
	t.Run("Races", func(t *testing.T) { races(t, open(t), rounds) })
	t.Run("Model", func(t *testing.T) { followsModel(t, open(t)) })
}

// test is one promise: its name is the sentence.
type test struct {
	name string
	run  func(*scene)
}

// scene is a store and one person with two phones.
type scene struct {
	*testing.T
	ctx    context.Context
	store  approvals.Store
	person enrolments.PersonID
	phones []approvals.AskedPhone
}

func newScene(t *testing.T, store approvals.Store) *scene {
	return &scene{T: t, ctx: t.Context(), store: store, person: enrolments.NewID[enrolments.PersonID](), phones: twoPhones()}
}

func twoPhones() []approvals.AskedPhone {
	return []approvals.AskedPhone{
		{ID: enrolments.NewID[enrolments.PhoneID](), Name: "Ana’s phone", Sent: approvals.Asking},
		{ID: enrolments.NewID[enrolments.PhoneID](), Name: "tablet", Sent: approvals.None},
	}
}

// request is an ordinary new approval, with changes.
func (s *scene) request(changes ...func(*approvals.New)) approvals.New {
	n := approvals.New{
		ID: approvals.NewID(s.person), Application: "northwind", ApplicationName: "Northwind Books", Logo: "digest",
		Person: s.person, User: "ana@example.com", ReturnURL: "https://books.example.com/in?x=1",
		Display: `{"application":"Northwind Books","user":"ana@example.com","time":"2026-11-01T10:00:00Z"}`,
		Nonce:   "nonce-" + string(approvals.NewID(s.person)), Number: "47",
		Waiting: enrolments.SecretOf("waiting").Hash(), Result: enrolments.SecretOf("result").Hash(),
		Takes: []approvals.Method{approvals.ByPush, approvals.ByTOTP}, Barred: approvals.Locked,
		Role: "owner", Offers: []approvals.Method{approvals.ByTOTP, enrolments.MethodEmail}, EmailHint: "a•••@example.org", TrustFor: 30 * 24 * time.Hour,
		Phones: s.phones, TTL: time.Minute, NumberTries: 2, CodeTries: 3, Resends: 2,
		Budget: approvals.Budget{Limit: 30, Window: 10 * time.Minute},
	}
	for _, change := range changes {
		change(&n)
	}
	return n
}

// create stores a new approval.
func (s *scene) create(changes ...func(*approvals.New)) approvals.Approval {
	s.Helper()
	return s.created(changes...).Approval
}

func (s *scene) created(changes ...func(*approvals.New)) approvals.Created {
	s.Helper()
	c, err := s.store.Create(s.ctx, s.request(changes...))
	if err != nil {
		s.Fatalf("create: %v", err)
	}
	return c
}

func inApplication(id enrolments.ApplicationID) func(*approvals.New) {
	return func(n *approvals.New) { n.Application = id }
}

func living(ttl time.Duration) func(*approvals.New) {
	return func(n *approvals.New) { n.TTL = ttl }
}

// answers numbers answers, so that each has its own digest and proof.
var answers struct {
	sync.Mutex
	n int
}

func next() int {
	answers.Lock()
	defer answers.Unlock()
	answers.n++
	return answers.n
}

// says is the first phone's right answer to a, with changes.
func (s *scene) says(a approvals.Approval, d approvals.Decision, changes ...func(*approvals.Answer)) approvals.Answer {
	n := next()
	out := approvals.Answer{
		Phone: a.Phones[0].ID, Nonce: a.Nonce, Display: a.DisplayHash(), Decision: d,
		Digest: fmt.Sprintf("digest-%d", n), Proof: fmt.Sprintf("proof-%d-%s", n, a.ID),
	}
	if d == approvals.Approve {
		out.Number = a.Number
	}
	for _, change := range changes {
		change(&out)
	}
	return out
}

// again is the same answer in a new request.
func again(a approvals.Answer) approvals.Answer {
	a.Proof = fmt.Sprintf("again-%d-%s", next(), a.Digest)
	return a
}

func number(text string) func(*approvals.Answer) {
	return func(a *approvals.Answer) { a.Number = text }
}

func from(phone enrolments.PhoneID) func(*approvals.Answer) {
	return func(a *approvals.Answer) { a.Phone = phone }
}

func (s *scene) read(id approvals.ID) approvals.Approval {
	s.Helper()
	a, err := s.store.Read(s.ctx, id)
	if err != nil {
		s.Fatalf("read: %v", err)
	}
	return a
}

// settled waits until the deadline of an approval has passed.
func (s *scene) settled(id approvals.ID) approvals.Approval {
	s.Helper()
	var a approvals.Approval
	s.eventually("the approval is final", func() bool {
		a = s.read(id)
		return a.Final()
	})
	return a
}

// wantError checks an error; want nil for none.
func (s *scene) wantError(got, want error) {
	s.Helper()
	if got != want {
		s.Fatalf("got error %v, want %v", got, want)
	}
}

// want compares but for the instant of reading.
func (s *scene) want(got, want any) {
	s.Helper()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(approvals.Approval{}, "AsOf")); diff != "" {
		s.Fatalf("(-want +got)\n%s", diff)
	}
}

// patience bounds every wait of the suite. It says nothing about speed.
const patience = 20 * time.Second

// eventually asks until the answer is true.
func (s *scene) eventually(what string, is func() bool) {
	s.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(patience)
	for !is() {
		select {
		case <-tick.C:
		case <-timeout:
			s.Fatalf("after %v it is still not so that %s", patience, what)
		}
	}
}

// ahead puts the store's clock ahead, or skips the test.
func (s *scene) ahead(by time.Duration) {
	s.Helper()
	clock, ok := s.store.(Ahead)
	if !ok {
		s.Skip("this store's clock cannot be put ahead")
	}
	s.wantError(clock.Ahead(s.person, by), nil)
}
