package redisstore_test

import (
	"errors"
	"testing"
	"time"

	"countersign/approvals"
	"countersign/redisstore"
)

func TestTimeNeverRunsBackAndRunsOn(t *testing.T) {
	s := newScene(t)
	a := s.create("a", time.Minute)
	const fast = 40 * time.Second // the clock of a server that is no more
	ids := []approvals.ID{a.ID}
	if err := redisstore.PutAhead(t.Context(), s.store, s.person, ids, fast); err != nil {
		t.Fatal(err)
	}
	last := a.AsOf.Add(fast)
	for range 3 {
		got, err := s.store.TryCode(t.Context(), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.AsOf.Before(last) {
			t.Errorf("as of %v, after %v", got.AsOf, last)
		}
		last = got.AsOf
	}
	s.eventually("time runs on from there", func() bool {
		got, err := s.store.Read(t.Context(), a.ID)
		return err == nil && got.AsOf.Sub(last) > 20*time.Millisecond
	})
	// 25 s more and the deadline is over, though by Redis' clock it is not.
	if err := redisstore.PutAhead(t.Context(), s.store, s.person, ids, 25*time.Second); err != nil {
		t.Fatal(err)
	}
	if got, err := s.answer(a, "47", "late"); !errors.Is(err, approvals.ErrSettled) || got.State != approvals.Expired {
		t.Errorf("an answer after the deadline: %q, error %v", got.State, err)
	}
	if b := s.create("b", time.Minute); !b.Created.After(last) {
		t.Errorf("a later approval was created at %v, before %v", b.Created, last)
	}
}

func TestADeadlineThatSomebodyWasToldStaysPassed(t *testing.T) {
	s := newScene(t)
	a := s.create("a", 20*time.Millisecond)
	s.eventually("its deadline has passed", func() bool {
		got, err := s.store.Read(t.Context(), a.ID)
		return err == nil && got.Final()
	})
	if before := redisstore.Mark(t, s.store, a.ID); !before.Before(a.Expires) {
		t.Fatal("reading wrote")
	}
	if _, err := s.answer(a, "47", "late"); !errors.Is(err, approvals.ErrSettled) {
		t.Fatalf("got error %v, want %v", err, approvals.ErrSettled)
	}
	if mark := redisstore.Mark(t, s.store, a.ID); mark.Before(a.Expires) {
		t.Errorf("a server with a slow clock would take it as pending: the mark is %v, the deadline %v", mark, a.Expires)
	}
}
