package notices_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"countersign/enrolments"
	"countersign/internal/jws"
	"countersign/internal/seal"
	"countersign/notices"
	"countersign/push"
	"countersign/sqlstore"
)

const (
	publicURL = "https://countersign.example.com"
	ana       = "ana@example.com"
)

// box is a post that keeps letters, and answers as a test says.
type box struct {
	mu      sync.Mutex
	letters []enrolments.Letter
	at      []time.Time // of every try
	answer  func(ctx context.Context) error
}

func (b *box) Send(ctx context.Context, l enrolments.Letter) error {
	b.mu.Lock()
	b.at = append(b.at, time.Now())
	answer := b.answer
	b.mu.Unlock()
	if answer != nil {
		if err := answer(ctx); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.letters = append(b.letters, l)
	return nil
}

func (b *box) sent() []enrolments.Letter {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.letters)
}

// bell is what wakes phones: it keeps whom it rang for what, and answers each
// target's token as a test says.
type bell struct {
	mu      sync.Mutex
	rung    []string
	answers map[string]error
}

func (b *bell) Send(_ context.Context, m push.Message, targets []push.Target, report func(int, error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, t := range targets {
		b.rung = append(b.rung, t.Token+" for "+m.NoticeID)
		report(i, b.answers[t.Token])
	}
}

func (b *bell) rings() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.rung)
}

// town is a database with the services of one node over it.
type town struct {
	t      *testing.T
	store  *sqlstore.Store
	people *enrolments.Service
	post   *box
	bell   *bell
	log    *bytes.Buffer
}

// open opens a database on the clock of the test's bubble.
func open(t *testing.T) *town {
	t.Helper()
	keys, err := seal.New(make([]byte, seal.KeySize))
	noError(t, err)
	store, err := sqlstore.Open(t.Context(), sqlstore.Config{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "c.db"), Keys: keys, Connections: 2,
	})
	noError(t, err)
	t.Cleanup(func() { noError(t, store.Close()) })
	w := &town{t: t, store: store, post: &box{}, bell: &bell{}, log: &bytes.Buffer{}}
	w.people = enrolments.NewService(enrolments.Config{
		Store: store, PublicURL: publicURL, ServerName: "Countersign", CodeLimits: enrolments.DefaultCodeLimits(), Now: time.Now,
	})
	return w
}

// serve starts a node's service until the test ends.
func (w *town) serve(changes ...func(*notices.Config)) *notices.Service {
	w.t.Helper()
	c := notices.Config{
		Store: w.store, People: w.people, Waker: w.bell, Post: w.post, PublicURL: publicURL, Now: time.Now,
		Log: slog.New(slog.NewTextHandler(w.log, nil)),
	}
	for _, change := range changes {
		change(&c)
	}
	s := notices.Start(c)
	w.t.Cleanup(s.Close)
	return s
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// phone gives user an active phone that is woken by its name.
func (w *town) phone(user, name string) enrolments.Phone {
	w.t.Helper()
	pairing, token, err := w.people.OpenPairing(w.t.Context(), enrolments.Opening{User: user, Allowed: true})
	noError(w.t, err)
	raw, err := jws.NewPrivateKey()
	noError(w.t, err)
	signer, err := jws.NewSigner(raw)
	noError(w.t, err)
	p := enrolments.Phone{ID: enrolments.NewID[enrolments.PhoneID](), Name: name, Platform: "ios", Key: signer.Public(),
		Push: &push.Target{Service: push.FCM, Token: name}, AddedAt: time.Now()}
	_, err = w.store.Claim(w.t.Context(), enrolments.TicketOf(token).Hash(), p, "1", time.Now())
	noError(w.t, err)
	_, err = w.store.Confirm(w.t.Context(), pairing.ID, true, time.Now())
	noError(w.t, err)
	p.Person, p.Active = pairing.Person, true
	return p
}

// happens records an announced event of user's, by no phone.
func (w *town) happens(user string, kind enrolments.EventKind) enrolments.Notice {
	w.t.Helper()
	p, err := w.people.AddPerson(w.t.Context(), user)
	noError(w.t, err)
	noError(w.t, w.store.Record(w.t.Context(), enrolments.Event{At: time.Now(), Kind: kind, Person: p.ID, Detail: "Ana's phone"}))
	all, err := w.store.Notices(w.t.Context(), p.ID, time.Time{}, 100)
	noError(w.t, err)
	i := slices.IndexFunc(all, func(n enrolments.Notice) bool { return n.Event == kind })
	if i < 0 {
		w.t.Fatalf("nobody is told of %s", kind)
	}
	return all[i]
}

// trail is how often each kind of event is in the trail.
func (w *town) trail(kind enrolments.EventKind) (details []string) {
	w.t.Helper()
	all, err := w.store.Events(w.t.Context(), enrolments.EventFilter{Kind: kind, Limit: 1000})
	noError(w.t, err)
	for _, e := range all {
		details = append(details, e.Detail)
	}
	return details
}

// due is how many deliveries there are, whenever they are due.
func (w *town) due(c enrolments.Channel) int {
	w.t.Helper()
	all, err := w.store.ClaimDeliveries(w.t.Context(), c, 64, time.Minute, time.Now().Add(1000*time.Hour))
	noError(w.t, err)
	return len(all)
}

func TestWhatHappensIsToldAtOnceByMailAndOnThePhones(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t)
		w.phone(ana, "old")
		w.serve()
		synctest.Wait()
		began := time.Now()
		n := w.happens(ana, enrolments.EventCodesIssued)
		synctest.Wait()
		if waited := time.Since(began); waited != 0 {
			t.Errorf("it took %v", waited)
		}
		letters := w.post.sent()
		if len(letters) != 1 || letters[0].To != ana || letters[0].Event != n.Event || letters[0].User != ana {
			t.Fatalf("sent %+v", letters)
		}
		link, ok := strings.CutPrefix(letters[0].StopURL, publicURL+"/stop/"+string(n.ID)+"#")
		if !ok || !n.Token.Is(enrolments.SecretOf(link).Hash()) {
			t.Errorf("the link is %s", letters[0].StopURL)
		}
		if got, want := w.bell.rings(), []string{"old for " + string(n.ID)}; !slices.Equal(got, want) {
			t.Errorf("rang %q", got)
		}
		sent := w.trail(enrolments.EventNoticeSent)
		slices.Sort(sent)
		if want := []string{"recovery_codes.issued by mail", "recovery_codes.issued by phones"}; !slices.Equal(sent, want) {
			t.Errorf("the trail says %q", sent)
		}
		if left := w.due(enrolments.ByMail) + w.due(enrolments.ByPhones); left != 0 {
			t.Errorf("%d deliveries are left", left)
		}
	})
}

func TestWhatAnotherNodeHasAddedIsFoundByLooking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t)
		w.serve(func(c *notices.Config) { c.Store = deaf{w.store} })
		synctest.Wait()
		w.happens(ana, enrolments.EventCodesIssued)
		synctest.Wait()
		if len(w.post.sent()) != 0 {
			t.Fatal("a node heard of what it was not told")
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if len(w.post.sent()) != 1 {
			t.Error("it was not found")
		}
	})
}

// deaf is a store of another node: nobody is told of what it adds.
type deaf struct{ enrolments.NoticeStore }

func (deaf) Announced() <-chan struct{} { return nil }

func TestALetterThatIsNotTakenIsTriedForADayEverMoreRarelyAndThenGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t)
		w.post.answer = func(context.Context) error { return errors.New("451 not now") }
		w.serve()
		w.happens(ana, enrolments.EventCodesIssued)
		time.Sleep(26 * time.Hour)
		synctest.Wait()
		tries := w.post.at
		if len(tries) < 20 || len(tries) > 100 {
			t.Errorf("tried %d times", len(tries))
		}
		for i, at := range tries[1:] {
			if pause := at.Sub(tries[i]); pause > time.Hour+10*time.Second {
				t.Errorf("a pause of %v", pause)
			}
		}
		if last := tries[len(tries)-1].Sub(tries[0]); last < 23*time.Hour {
			t.Errorf("given up after %v", last)
		}
		if unsent := w.trail(enrolments.EventNoticeUnsent); len(unsent) != 1 || unsent[0] != "recovery_codes.issued by mail: 451 not now" {
			t.Errorf("the trail says %q", unsent)
		}
		if w.due(enrolments.ByMail) != 0 {
			t.Error("it is still due")
		}
		if strings.Contains(w.log.String(), ana) {
			t.Error("the log holds the address")
		}
	})
}

func TestALetterIsTakenOnceTheServerIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t)
		began := time.Now()
		w.post.answer = func(context.Context) error {
			if time.Since(began) < 30*time.Minute {
				return errors.New("connection refused")
			}
			return nil
		}
		w.serve()
		w.happens(ana, enrolments.EventCodesIssued)
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if got := w.post.sent(); len(got) != 1 {
			t.Errorf("%d letters were taken", len(got))
		}
	})
}

func TestALetterThatCannotBeDeliveredIsGivenUpAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t)
		w.post.answer = func(context.Context) error { return fmt.Errorf("mail: %w: 550 5.1.1", enrolments.ErrUndeliverable) }
		w.serve()
		w.happens(ana, enrolments.EventCodesIssued)
		time.Sleep(time.Hour)
		synctest.Wait()
		if unsent := w.trail(enrolments.EventNoticeUnsent); len(w.post.at) != 1 || len(unsent) != 1 || w.due(enrolments.ByMail) != 0 {
			t.Errorf("tried %d times, the trail says %q", len(w.post.at), unsent)
		}
	})
}

func TestWithoutMailNothingIsKeptForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t)
		w.serve(func(c *notices.Config) { c.Post = nil })
		w.happens(ana, enrolments.EventCodesIssued)
		synctest.Wait()
		if w.due(enrolments.ByMail) != 0 || len(w.trail(enrolments.EventNoticeSent))+len(w.trail(enrolments.EventNoticeUnsent)) != 0 {
			t.Error("something is kept, or noted")
		}
	})
}

// hang is an answer that comes when the caller leaves.
func hang(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestAHangingMailServerKeepsNoPhoneFromRinging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t)
		w.phone(ana, "old")
		w.post.answer = hang
		w.serve()
		for range 10 {
			w.happens(ana, enrolments.EventCodesIssued)
		}
		synctest.Wait()
		if rung := w.bell.rings(); len(rung) != 10 {
			t.Errorf("rang %d times", len(rung))
		}
		if tries := len(w.post.at); tries != 4 {
			t.Errorf("%d letters are on the way", tries)
		}
	})
}

func TestWhatCloseCutsOffIsDueAtOnceForTheNextNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t)
		w.post.answer = hang
		first := w.serve()
		w.happens(ana, enrolments.EventCodesIssued)
		synctest.Wait()
		began := time.Now()
		first.Close()
		w.post.answer = nil
		w.serve()
		synctest.Wait()
		if waited := time.Since(began); len(w.post.sent()) != 1 || waited != 0 {
			t.Errorf("%d letters after %v", len(w.post.sent()), waited)
		}
	})
}

func TestTwoNodesTellOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t)
		w.post.answer = func(context.Context) error { time.Sleep(20 * time.Second); return nil }
		w.serve()
		w.serve(func(c *notices.Config) { c.Store = deaf{w.store} })
		for range 10 {
			w.happens(ana, enrolments.EventCodesIssued)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := len(w.post.sent()); got != 10 {
			t.Errorf("%d letters of 10 notices", got)
		}
	})
}

func TestAPhoneIsNotRungForWhatHappenedBeforeItWasThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t)
		w.happens(ana, enrolments.EventCodesIssued)
		time.Sleep(time.Second)
		w.phone(ana, "new")
		w.serve()
		synctest.Wait()
		if rung := w.bell.rings(); len(rung) != 0 || w.due(enrolments.ByPhones) != 0 {
			t.Errorf("rang %q", rung)
		}
	})
}

func TestThePhoneThatDidItIsNotRungAndADeadOneIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t)
		w.bell.answers = map[string]error{"dead": push.ErrGone}
		actor := w.phone(ana, "actor")
		w.phone(ana, "other")
		w.phone(ana, "dead")
		w.serve()
		noError(t, w.people.RemovePhone(t.Context(), w.phone("bob", "alone")))
		noError(t, w.store.Record(t.Context(), enrolments.Event{At: time.Now(), Kind: enrolments.EventPhoneRenamed, Person: actor.Person, Phone: actor.ID}))
		synctest.Wait()
		var rung []string
		for _, r := range w.bell.rings() {
			rung = append(rung, strings.Fields(r)[0])
		}
		if slices.Sort(rung); !slices.Equal(rung, []string{"dead", "other"}) {
			t.Errorf("rang %q", rung)
		}
		e, err := w.people.EnrolmentOf(t.Context(), actor.Person)
		noError(t, err)
		for _, p := range e.Phones {
			if (p.Push == nil) != (p.Name == "dead") {
				t.Errorf("%s is woken at %v", p.Name, p.Push)
			}
		}
	})
}

func TestPhonesThatCannotBeReachedAreRungLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t)
		w.bell.answers = map[string]error{"old": push.ErrUnavailable}
		w.phone(ana, "old")
		w.serve()
		w.happens(ana, enrolments.EventCodesIssued)
		time.Sleep(time.Minute)
		w.bell.mu.Lock()
		w.bell.answers = nil
		w.bell.mu.Unlock()
		time.Sleep(time.Hour)
		synctest.Wait()
		if sent := w.trail(enrolments.EventNoticeSent); !slices.Contains(sent, "recovery_codes.issued by phones") || w.due(enrolments.ByPhones) != 0 {
			t.Errorf("the trail says %q", sent)
		}
	})
}

// link is the secret in the letter of a notice.
func (w *town) link(n enrolments.Notice) enrolments.Secret {
	for _, l := range w.post.sent() {
		if before, secret, _ := strings.Cut(l.StopURL, "#"); strings.HasSuffix(before, string(n.ID)) {
			return enrolments.SecretOf(secret)
		}
	}
	w.t.Fatalf("no letter of %s", n.Event)
	return enrolments.Secret{}
}

func TestWhoeverHoldsTheLetterStopsItOnceWithinSevenDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t)
		s := w.serve()
		n := w.happens(ana, enrolments.EventRecoveryBegun)
		late := w.happens(ana, enrolments.EventCodesIssued)
		synctest.Wait()
		token := w.link(late)
		for _, id := range []enrolments.NoticeID{n.ID, "nothing"} {
			if _, err := s.Read(t.Context(), id, token); !errors.Is(err, enrolments.ErrUnauthorized) {
				t.Errorf("another notice: got %v", err)
			}
		}
		read, err := s.Read(t.Context(), late.ID, token)
		noError(t, err)
		e, err := w.people.EnrolmentOf(t.Context(), n.Person)
		noError(t, err)
		if e.PushLocked || !read.Stopped.At.IsZero() {
			t.Error("a look has stopped something")
		}
		s.Close() // nothing is due meanwhile
		time.Sleep(enrolments.StopWithin - time.Second)
		stopped, err := s.Stop(t.Context(), read)
		noError(t, err)
		again, err := s.Stop(t.Context(), read)
		noError(t, err)
		if stopped.Stopped.At.IsZero() || again.Stopped != stopped.Stopped {
			t.Errorf("got %+v, then %+v", stopped.Stopped, again.Stopped)
		}
		time.Sleep(time.Second)
		if _, err := s.Stop(t.Context(), n); !errors.Is(err, notices.ErrOver) {
			t.Errorf("after seven days: got %v", err)
		}
		if e, err = w.people.EnrolmentOf(t.Context(), n.Person); err != nil || !e.PushLocked {
			t.Errorf("pushes are not locked: %v", err)
		}
		if trail := w.trail(enrolments.EventNoticeStopped); len(trail) != 1 || !strings.Contains(w.log.String(), "not the person's own") {
			t.Errorf("the trail says %q, the log\n%s", trail, w.log)
		}
		w.serve()
		synctest.Wait()
		letters := w.post.sent()
		if last := letters[len(letters)-1]; last.Event != enrolments.EventNoticeStopped || last.StopURL != "" {
			t.Errorf("the last letter is of %s, with the link %q", last.Event, last.StopURL)
		}
	})
}

func TestAPhoneReadsAndStopsItsPersonsNoticesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t)
		s := w.serve()
		hers := enrolments.KnownPhone{Phone: w.phone(ana, "hers")}
		his := enrolments.KnownPhone{Phone: w.phone("bob@example.com", "his")}
		n := w.happens(ana, enrolments.EventCodesIssued)
		list, err := s.Latest(t.Context(), hers)
		noError(t, err)
		if len(list) != 1 || list[0].ID != n.ID {
			t.Errorf("got %+v", list)
		}
		if _, err := s.StopByPhone(t.Context(), his, n.ID); !errors.Is(err, enrolments.ErrNotFound) {
			t.Errorf("another's: got %v", err)
		}
		if got, err := s.StopByPhone(t.Context(), hers, n.ID); err != nil || got.Stopped.At.IsZero() {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}
