package redisstore_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
	"countersign/redisstore"
	"countersign/redisstore/redistest"
)

// scene is a store on a server that a test may harm.
type scene struct {
	*testing.T
	server *redistest.Server
	store  *redisstore.Store
	person enrolments.PersonID
}

func newScene(t *testing.T, args ...string) *scene {
	server := redistest.StartServer(t, args...)
	s, err := redisstore.Open(t.Context(), redisstore.Config{URL: server.URL, Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &scene{t, server, s, enrolments.NewID[enrolments.PersonID]()}
}

func (s *scene) request(application enrolments.ApplicationID, ttl time.Duration) approvals.New {
	return approvals.New{
		ID: approvals.NewID(s.person), Application: application, Person: s.person, Display: "{}", Nonce: "nonce", Number: "47",
		Phones: []approvals.AskedPhone{{ID: "phone", Sent: approvals.Asking}}, TTL: ttl,
		Result: enrolments.SecretOf("result").Hash(), NumberTries: 2, CodeTries: 5, Resends: 2,
		Budget: approvals.Budget{Limit: 30, Window: time.Minute},
	}
}

func (s *scene) create(application enrolments.ApplicationID, ttl time.Duration) approvals.Approval {
	s.Helper()
	c, err := s.store.Create(s.Context(), s.request(application, ttl))
	if err != nil {
		s.Fatal(err)
	}
	return c.Approval
}

func (s *scene) answer(a approvals.Approval, number, proof string) (approvals.Approval, error) {
	return s.store.Answer(s.Context(), a.ID, approvals.Answer{
		Phone: "phone", Nonce: a.Nonce, Display: a.DisplayHash(), Decision: approvals.Approve, Number: number,
		Digest: "digest-" + proof, Proof: proof,
	})
}

// ear is the last that a watch was told.
type ear struct {
	mu  sync.Mutex
	all []approvals.Approval
}

func (e *ear) notify(a approvals.Approval) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, a)
}

func (e *ear) last() approvals.Approval {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.all[len(e.all)-1]
}

func (s *scene) watch(id approvals.ID) *ear {
	s.Helper()
	e := &ear{}
	stop, err := s.store.Watch(s.Context(), id, e.notify)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(stop)
	return e
}

func (s *scene) eventually(what string, is func() bool) {
	s.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(20 * time.Second)
	for !is() {
		select {
		case <-tick.C:
		case <-timeout:
			s.Fatalf("it is still not so that %s", what)
		}
	}
}

// stranger refuses an error of the domain: Redis could not be asked.
func (s *scene) stranger(err error) {
	s.Helper()
	for _, known := range []error{approvals.ErrNotFound, approvals.ErrSettled, approvals.ErrReplayed, approvals.ErrResult, approvals.ErrNumberWrong} {
		if err == nil || errors.Is(err, known) {
			s.Fatalf("got error %v from a Redis that could not be asked", err)
		}
	}
}

func TestWatchersAreToldTheTruthAfterRedisWasKilledAndCameBack(t *testing.T) {
	s := newScene(t, "--appendonly", "yes", "--appendfsync", "always")
	pending, denied := s.create("a", time.Minute), s.create("b", time.Minute)
	heard := map[approvals.ID]*ear{pending.ID: s.watch(pending.ID), denied.ID: s.watch(denied.ID)}
	s.server.Kill()
	a, err := s.answer(pending, "47", "while it is down")
	s.stranger(err)
	if a.State != "" {
		t.Errorf("an approval came with the error: %q", a.State)
	}
	if err := s.server.Again(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := open(t, s.server.URL) // settles before this node listens again
	if _, err := other.Settle(t.Context(), denied.ID, approvals.Settlement{State: approvals.Denied, Reason: approvals.TooManyCodes}); err != nil {
		t.Fatal(err)
	}
	s.eventually("the watch heard what happened meanwhile", func() bool { return heard[denied.ID].last().State == approvals.Denied })
	if got := heard[pending.ID].last(); got.Final() {
		t.Errorf("the other is %q", got.State)
	}
	if _, err := s.answer(pending, "47", "when it is back"); err != nil {
		t.Fatal(err)
	}
	s.eventually("the other is approved", func() bool { return heard[pending.ID].last().State == approvals.Approved })
}

func TestWatchersOfWhatRedisLostAreToldThatItHasExpired(t *testing.T) {
	s := newScene(t)
	a := s.create("a", time.Minute)
	e := s.watch(a.ID)
	s.server.Kill()
	if err := s.server.Again(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.eventually("the watch ended", func() bool { return e.last().Final() })
	if got := e.last(); got.State != approvals.Expired {
		t.Errorf("it is %q", got.State)
	}
	if _, err := s.store.Read(t.Context(), a.ID); !errors.Is(err, approvals.ErrNotFound) {
		t.Errorf("got error %v, want %v", err, approvals.ErrNotFound)
	}
}

func TestAChangeIsSeenThoughTheConnectionIsCut(t *testing.T) {
	s := newScene(t)
	for range 30 {
		a := s.create("a", time.Minute)
		e := s.watch(a.ID)
		cut := make(chan error, 1)
		go func() {
			_, err := s.server.Do("CLIENT", "KILL", "TYPE", "pubsub")
			cut <- err
		}()
		_, err := s.store.Settle(t.Context(), a.ID, approvals.Settlement{State: approvals.Withdrawn, Reason: approvals.Cancelled})
		if err != nil {
			t.Fatal(err)
		}
		<-cut
		s.eventually("the watch saw the end", func() bool { return e.last().State == approvals.Withdrawn })
	}
}

func TestAPersonsWatchIsToldAfterTheConnectionWasCut(t *testing.T) {
	s := newScene(t)
	told := make(chan struct{}, 1)
	stop, err := s.store.WatchPerson(t.Context(), s.person, func() {
		select {
		case told <- struct{}{}:
		default:
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if _, err := s.server.Do("CLIENT", "KILL", "TYPE", "pubsub"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-told:
	case <-time.After(20 * time.Second):
		t.Fatal("what may have been missed was not made up for")
	}
}

func TestWhatRedisForgotIsNotFound(t *testing.T) {
	s := newScene(t)
	a := s.create("a", 300*time.Millisecond)
	e := s.watch(a.ID)
	if _, err := s.server.Do("FLUSHALL"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.Read(t.Context(), a.ID); !errors.Is(err, approvals.ErrNotFound) {
		t.Errorf("read: got error %v, want %v", err, approvals.ErrNotFound)
	}
	if _, err := s.answer(a, "47", "proof"); !errors.Is(err, approvals.ErrNotFound) {
		t.Errorf("answer: got error %v, want %v", err, approvals.ErrNotFound)
	}
	if _, err := s.store.Redeem(t.Context(), a.ID, a.Result); !errors.Is(err, approvals.ErrNotFound) {
		t.Errorf("redeem: got error %v, want %v", err, approvals.ErrNotFound)
	}
	s.eventually("at its deadline the watch was told that it has expired", func() bool { return e.last().State == approvals.Expired })
}

func TestScriptsThatRedisForgotAreSentAgain(t *testing.T) {
	s := newScene(t)
	a := s.create("a", time.Minute)
	for range 3 {
		if _, err := s.server.Do("SCRIPT", "FLUSH"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.store.TryCode(t.Context(), a.ID); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.store.Read(t.Context(), a.ID)
	if err != nil || got.CodeTries != a.CodeTries-3 {
		t.Errorf("%d code tries are left, error %v", got.CodeTries, err)
	}
}

func TestARedisThatDoesNotAnswerApprovesNothing(t *testing.T) {
	s := newScene(t)
	a := s.create("a", time.Minute)
	if err := syscall.Kill(s.server.Pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for _, proof := range []string{"one", "two", "three"} {
		all.Go(func() {
			got, err := s.answer(a, "47", proof)
			if err == nil || got.State != "" {
				t.Errorf("got %q, error %v", got.State, err)
			}
		})
	}
	all.Wait()
	gone, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := s.store.Read(gone, a.ID); err == nil {
		t.Error("it was read")
	}
	if err := syscall.Kill(s.server.Pid(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	s.eventually("Redis answers again", func() bool { return s.store.Ping(t.Context()) == nil })
}

func TestAFullRedisRefusesAStepAsAWholeAndCanBeRead(t *testing.T) {
	s := newScene(t)
	a := s.create("a", time.Minute)
	if _, err := s.server.Do("CONFIG", "SET", "maxmemory", "1"); err != nil {
		t.Fatal(err)
	}
	_, err := s.answer(a, "47", "proof")
	s.stranger(err)
	_, err = s.store.Create(t.Context(), s.request("a", time.Minute))
	s.stranger(err)
	if got, err := s.store.Read(t.Context(), a.ID); err != nil || got.State != approvals.Pending || got.Version != 1 {
		t.Errorf("read: %q, version %d, error %v", got.State, got.Version, err)
	}
	if _, err := s.server.Do("CONFIG", "SET", "maxmemory", "0"); err != nil {
		t.Fatal(err)
	}
	// The same proof: it was not spent either.
	if got, err := s.answer(a, "47", "proof"); err != nil || got.State != approvals.Approved {
		t.Errorf("answer: %q, error %v", got.State, err)
	}
}

func TestWatchesAreBounded(t *testing.T) {
	server := redistest.StartServer(t)
	store, err := redisstore.Open(t.Context(), redisstore.Config{URL: server.URL, MaxWatches: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	s := &scene{t, server, store, enrolments.NewID[enrolments.PersonID]()}
	a := s.create("a", time.Minute)
	s.watch(a.ID)
	person, err := store.WatchPerson(t.Context(), s.person, func() {})
	if err != nil {
		t.Fatal(err)
	}
	stop, err := store.Watch(t.Context(), a.ID, func(approvals.Approval) {})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Watch(t.Context(), a.ID, func(approvals.Approval) {}); !errors.Is(err, approvals.ErrBusy) {
		t.Errorf("a fourth: got error %v, want %v", err, approvals.ErrBusy)
	}
	stop()
	person()
	if _, err := store.WatchPerson(t.Context(), s.person, func() {}); err != nil {
		t.Errorf("once two have stopped: %v", err)
	}
	// A watch that fails is none.
	for range 5 {
		if _, err := store.Watch(t.Context(), approvals.NewID(s.person), nil); !errors.Is(err, approvals.ErrNotFound) {
			t.Errorf("of nothing: got error %v, want %v", err, approvals.ErrNotFound)
		}
	}
	s.watch(a.ID)
}

func TestChannelsAreLeftWithTheLastWatch(t *testing.T) {
	s := newScene(t)
	channels := func() string {
		out, err := s.server.Do("PUBSUB", "CHANNELS")
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	a := s.create("a", time.Minute)
	one, err := s.store.Watch(t.Context(), a.ID, func(approvals.Approval) {})
	if err != nil {
		t.Fatal(err)
	}
	s.watch(a.ID)
	one()
	if got := channels(); !strings.Contains(got, a.ID.Slot()) {
		t.Errorf("while one watches, the channels are %q", got)
	}
	if _, err := s.store.Settle(t.Context(), a.ID, approvals.Settlement{State: approvals.Withdrawn}); err != nil {
		t.Fatal(err)
	}
	s.eventually("no channel is subscribed", func() bool { return channels() == "" })
}

func TestAWatchOnAStoreThatIsClosedEnds(t *testing.T) {
	s := newScene(t)
	a := s.create("a", time.Minute)
	s.watch(a.ID)
	s.store.Close()
	if _, err := s.store.Watch(t.Context(), a.ID, func(approvals.Approval) {}); err == nil {
		t.Error("a watch began")
	}
}

func TestEveryKeyHasATimeToLive(t *testing.T) {
	s := newScene(t)
	n := s.request("a", time.Minute)
	n.Key = "key"
	if _, err := s.store.Create(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	a := s.create("b", time.Minute)
	if _, err := s.answer(a, "47", "proof"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.Settle(t.Context(), n.ID, approvals.Settlement{State: approvals.Approved, Method: approvals.ByTOTP}); err != nil {
		t.Fatal(err)
	}
	keys, err := s.server.Do("KEYS", "*")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for key := range strings.SplitSeq(keys, "\n") {
		ttl, err := s.server.Do("PTTL", key)
		if err != nil || strings.HasPrefix(ttl, "-") {
			t.Errorf("%s: time to live %s, error %v", key, ttl, err)
		}
		if !strings.HasPrefix(key, "{p:"+approvals.SlotOf(s.person)+"}") {
			t.Errorf("%s is in another slot", key)
		}
		seen++
	}
	if seen != 5 {
		t.Errorf("%d keys, want 2 approvals, a person, an idempotency key and a proof:\n%s", seen, keys)
	}
}
