package approvals_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"countersign/approvals"
	"countersign/approvals/approvalstest"
	"countersign/enrolments"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	approvalstest.Exercise(t, func(t *testing.T) approvals.Store {
		clock := &movable{}
		m := approvals.NewMemory(clock.now)
		t.Cleanup(func() { m.Close() })
		return ahead{m, clock}
	})
}

// movable is the real clock, put ahead.
type movable struct {
	mu sync.Mutex
	by time.Duration
}

func (c *movable) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.by)
}

// ahead lets the contract put Memory's clock ahead.
type ahead struct {
	*approvals.Memory
	clock *movable
}

func (a ahead) Ahead(_ enrolments.PersonID, by time.Duration) error {
	a.clock.mu.Lock()
	defer a.clock.mu.Unlock()
	a.clock.by += by
	return nil
}

func TestMemoryBoundsTheWatchesOfOneApproval(t *testing.T) {
	m := approvals.NewMemory(time.Now)
	defer m.Close()
	person := enrolments.NewID[enrolments.PersonID]()
	a, err := m.Create(t.Context(), approvals.New{ID: approvals.NewID(person), Person: person, TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if _, err := m.Watch(t.Context(), a.ID, func(approvals.Approval) {}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.Watch(t.Context(), a.ID, func(approvals.Approval) {}); !errors.Is(err, approvals.ErrBusy) {
		t.Errorf("got error %v, want %v", err, approvals.ErrBusy)
	}
}
