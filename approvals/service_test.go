package approvals_test

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
	"countersign/internal/jws"
	"countersign/push"
)

const publicURL = "https://countersign.example.com"

// town is the people of a test, as enrolments and the durable store have them.
type town struct {
	mu     sync.Mutex
	people map[string]enrolments.Enrolment
	codes  map[string]error // what becomes of a typed code; unknown ones are wrong
	// typing is called while a code is looked at.
	typing func()
	lost   error // the answer to everything, where set

	recoveries recoveries
	channels   channels
	trusts     trusts
	pages      pages

	spent    map[string]bool
	events   []enrolments.Event
	openings []enrolments.Opening
	typed    []string
	locked   []enrolments.PersonID
	// unlockable is what becomes of a lock.
	unlockable error
	used       []enrolments.PhoneID
	gone       []push.Target
	forgets    bool // a target that is gone is forgotten
}

func (w *town) Person(_ context.Context, user string) (enrolments.Enrolment, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, ok := w.people[user]
	if !ok {
		return e, cmp.Or(w.lost, enrolments.ErrNotFound)
	}
	return e, w.lost
}

func (w *town) EnrolmentOf(_ context.Context, id enrolments.PersonID) (enrolments.Enrolment, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for e := range maps.Values(w.people) {
		if e.ID == id {
			return e, w.lost
		}
	}
	return enrolments.Enrolment{}, enrolments.ErrNotFound
}

func (w *town) OpenPairing(_ context.Context, o enrolments.Opening) (enrolments.Pairing, enrolments.Secret, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.openings = append(w.openings, o)
	if !w.people[o.User].Empty() && !o.Allowed {
		return enrolments.Pairing{}, enrolments.Secret{}, enrolments.ErrFreshApproval
	}
	return enrolments.Pairing{ID: "a-pairing", Person: "person-of-pairing", User: o.User}, enrolments.SecretOf("set-up"), w.lost
}

func (w *town) OpenPairingToEnter(ctx context.Context, o enrolments.Opening) (enrolments.Pairing, enrolments.Secret, error) {
	p, _, err := w.OpenPairing(ctx, o)
	return p, enrolments.SecretOf("set-up entry"), err
}

// SpendCode takes a code once; those of eight letters are recovery codes.
func (w *town) SpendCode(_ context.Context, _ enrolments.PersonID, typed string) (bool, error) {
	if w.typing != nil {
		w.typing()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.typed = append(w.typed, typed)
	err, known := w.codes[typed]
	if !known {
		err = enrolments.ErrCodeWrong
	} else if err == nil {
		w.codes[typed] = enrolments.ErrCodeUsed
	}
	return typed == "recovery" && err == nil, cmp.Or(w.lost, err)
}

func (w *town) LockPush(ctx context.Context, report enrolments.Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := cmp.Or(ctx.Err(), w.unlockable); err != nil {
		return err
	}
	w.locked = append(w.locked, report.Person)
	w.events = append(w.events, report)
	return nil
}

func (w *town) UsedPhone(_ context.Context, id enrolments.PhoneID) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.used = append(w.used, id)
	return nil
}

func (w *town) TargetGone(_ context.Context, phone enrolments.Phone, target push.Target) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone = append(w.gone, target)
	for _, e := range w.people {
		for i := range e.Phones {
			if w.forgets && e.Phones[i].ID == phone.ID {
				e.Phones[i].Push = nil
			}
		}
	}
	return nil
}

func (w *town) Record(ctx context.Context, events ...enrolments.Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	w.events = append(w.events, events...)
	return nil
}

func (w *town) Events(_ context.Context, f enrolments.EventFilter) ([]enrolments.Event, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []enrolments.Event
	for _, e := range slices.Backward(w.events) {
		if (f.Person == "" || e.Person == f.Person) && (f.Kind == "" || e.Kind == f.Kind) && len(out) < f.Limit {
			out = append(out, e)
		}
	}
	return out, w.lost
}

func (w *town) SpendApproval(_ context.Context, approval string, _ time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.spent[approval] {
		return enrolments.ErrExists
	}
	w.spent[approval] = true
	return w.lost
}

// bells stand for all delivery services.
type bells struct {
	mu   sync.Mutex
	rung []ring
	// outcome is what becomes of a target; nil accepts all.
	outcome func(push.Target) error
	// stuck bells return when they are told to, not before.
	stuck bool
}

type ring struct {
	message push.Message
	tokens  []string
}

func (b *bells) Send(ctx context.Context, m push.Message, targets []push.Target, report func(int, error)) {
	r := ring{message: m}
	for _, target := range targets {
		r.tokens = append(r.tokens, target.Token)
	}
	b.mu.Lock()
	b.rung = append(b.rung, r)
	b.mu.Unlock()
	if b.stuck {
		<-ctx.Done()
	}
	for i, target := range targets {
		var err error
		if b.outcome != nil {
			err = b.outcome(target)
		}
		report(i, cmp.Or(ctx.Err(), err))
	}
}

func (b *bells) rings() []ring {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.rung)
}

// scene is a service with all that it needs, and an application that asks.
type scene struct {
	*approvals.Service
	t      testing.TB
	store  *approvals.Memory
	town   *town
	bells  *bells
	signer *jws.Signer
	app    enrolments.Application
	config approvals.Config
	now    func() time.Time
}

// newScene builds a scene on a clock. Whoever calls closes it.
func newScene(t testing.TB, now func() time.Time) *scene {
	t.Helper()
	s := &scene{
		t: t, store: approvals.NewMemory(now), bells: &bells{}, now: now, signer: signer(t),
		town: &town{people: map[string]enrolments.Enrolment{}, codes: map[string]error{}, spent: map[string]bool{}},
		app: enrolments.Application{
			ID: "northwind", Name: "Northwind Books", Policy: enrolments.DefaultPolicy(),
			ReturnURLs: []string{"https://books.example.com/signed-in"},
		},
	}
	s.config = approvals.Config{
		Store: s.store, People: s.town, Record: s.town, Waker: s.bells, Signer: s.signer,
		PublicURL: publicURL, Now: now, Log: slog.New(slog.DiscardHandler),
	}
	s.Service = approvals.NewService(s.config)
	return s
}

var signer = func() func(testing.TB) *jws.Signer {
	once := sync.OnceValues(func() (*jws.Signer, error) {
		raw, err := jws.NewPrivateKey()
		if err != nil {
			return nil, err
		}
		return jws.NewSigner(raw)
	})
	return func(t testing.TB) *jws.Signer {
		t.Helper()
		s, err := once()
		noError(t, err)
		return s
	}
}()

// play runs a test in a bubble where time passes by itself.
func play(t *testing.T, act func(t *testing.T, s *scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, time.Now)
		defer s.store.Close()
		defer func() { s.Close() }() // the service of the end, should act change it
		act(t, s)
	})
}

// pass lets time pass in a bubble, and all that was to happen in it.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// handset is a phone of a test: a key that signs whatever it is told to.
type handset struct {
	enrolments.Phone
	private ed25519.PrivateKey
}

// GoString names it where a run is printed.
func (h *handset) GoString() string { return h.Name }

// phone adds a phone to user, who is added where there is none.
func (s *scene) phone(user, name string) *handset {
	s.t.Helper()
	h := newHandset(s.t, s.person(user).ID, name)
	s.town.mu.Lock()
	defer s.town.mu.Unlock()
	e := s.town.people[user]
	e.Phones = append(e.Phones, h.Phone)
	s.town.people[user] = e
	return h
}

func newHandset(t testing.TB, person enrolments.PersonID, name string) *handset {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	noError(t, err)
	key, err := jws.ParseKey([]byte(`{"kty":"OKP","crv":"Ed25519","x":"` + base64.RawURLEncoding.EncodeToString(public) + `"}`))
	noError(t, err)
	return &handset{enrolments.Phone{
		ID: enrolments.NewID[enrolments.PhoneID](), Person: person, Name: name, Key: key, Active: true,
		Push: &push.Target{Service: push.FCM, Token: name},
	}, private}
}

// person is user, with an authenticator where user is new.
func (s *scene) person(user string) enrolments.Enrolment {
	s.town.mu.Lock()
	defer s.town.mu.Unlock()
	e, ok := s.town.people[user]
	if !ok {
		e = enrolments.Enrolment{
			Person:         enrolments.Person{ID: enrolments.NewID[enrolments.PersonID](), User: user},
			Authenticators: 1,
		}
		s.town.people[user] = e
	}
	return e
}

// change alters what is known of user.
func (s *scene) change(user string, change func(*enrolments.Enrolment)) {
	s.town.mu.Lock()
	defer s.town.mu.Unlock()
	e := s.town.people[user]
	change(&e)
	s.town.people[user] = e
}

// known is the phone with a proof of its own for this one request.
func (h *handset) known() enrolments.KnownPhone {
	return enrolments.KnownPhone{Phone: h.Phone, ProofID: string(h.ID) + "." + enrolments.NewID[string]()}
}

// answer is a good answer that decides so, altered by change.
func (h *handset) answer(a approvals.Approval, decision approvals.Decision, now time.Time, change func(header, claims map[string]any)) string {
	header := map[string]any{"alg": "EdDSA", "typ": approvals.AnswerType, "kid": string(h.ID)}
	claims := map[string]any{
		"iss": string(h.ID), "aud": publicURL, "txn": string(a.ID), "nonce": a.Nonce,
		"decision": string(decision), "dsp": a.DisplayHash(), "iat": now.Unix(),
	}
	if decision == approvals.Approve {
		claims["number"] = a.Number
	}
	if change != nil {
		change(header, claims)
	}
	part := func(v any) string {
		raw, _ := json.Marshal(v) // of strings and numbers alone
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	signed := part(header) + "." + part(claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(h.private, []byte(signed)))
}

// answers sends an answer of h to a.
func (s *scene) answers(h *handset, a approvals.Approval, decision approvals.Decision, change func(header, claims map[string]any)) (approvals.Approval, error) {
	return s.Answer(context.Background(), h.known(), a.ID, h.answer(a, decision, s.now(), change))
}

// number makes an answer carry another number.
func number(n string) func(header, claims map[string]any) {
	return func(_, claims map[string]any) { claims["number"] = n }
}

// wrongNumber is a number that a does not show.
func wrongNumber(a approvals.Approval) string {
	if a.Number == "99" {
		return "98"
	}
	return "99"
}

// asks has the application ask for user, and fails where it is refused.
func (s *scene) asks(user string) approvals.Requested {
	s.t.Helper()
	out, err := s.Request(context.Background(), s.app, request(user))
	noError(s.t, err)
	return out
}

func request(user string) approvals.Request {
	r := approvals.Request{User: user, ReturnURL: "https://books.example.com/signed-in"}
	copy(r.Seed[:], enrolments.NewSecret().Reveal())
	return r
}

// stands is how a stands in the store.
func (s *scene) stands(id approvals.ID) approvals.Approval {
	s.t.Helper()
	a, err := s.store.Read(context.Background(), id)
	noError(s.t, err)
	return a
}

// trail is the audit trail, a line each: the kind and what it says.
func (s *scene) trail() []string {
	s.town.mu.Lock()
	defer s.town.mu.Unlock()
	var lines []string
	for _, e := range s.town.events {
		line := string(e.Kind)
		if e.Detail != "" {
			line += " " + e.Detail
		}
		lines = append(lines, line)
	}
	return lines
}

// times is how often a line stands in the trail.
func (s *scene) times(line string) (n int) {
	for _, l := range s.trail() {
		if l == line {
			n++
		}
	}
	return n
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}
