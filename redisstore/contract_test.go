package redisstore_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"countersign/approvals"
	"countersign/approvals/approvalstest"
	"countersign/enrolments"
	"countersign/redisstore"
	"countersign/redisstore/redistest"
)

func TestStoreKeepsTheContract(t *testing.T) {
	url := redistest.Start(t)
	approvalstest.Exercise(t, func(t *testing.T) approvals.Store { return twoNodes(t, url) })
}

func TestStoreKeepsTheContractOnACluster(t *testing.T) {
	url := redistest.StartCluster(t)
	approvalstest.ExerciseBriefly(t, func(t *testing.T) approvals.Store { return twoNodes(t, url) })
}

// nodes are two nodes on one Redis that take turns: what one did the other
// must know.
type nodes struct {
	turn atomic.Uint64
	both [2]*redisstore.Store

	mu  sync.Mutex
	ids map[enrolments.PersonID][]approvals.ID
}

func twoNodes(t *testing.T, url string) *nodes {
	return &nodes{ids: make(map[enrolments.PersonID][]approvals.ID), both: [2]*redisstore.Store{open(t, url), open(t, url)}}
}

func open(t testing.TB, url string) *redisstore.Store {
	t.Helper()
	s, err := redisstore.Open(context.Background(), redisstore.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (n *nodes) next() *redisstore.Store { return n.both[n.turn.Add(1)%2] }

func (n *nodes) Create(ctx context.Context, a approvals.New) (approvals.Created, error) {
	n.mu.Lock()
	n.ids[a.Person] = append(n.ids[a.Person], a.ID)
	n.mu.Unlock()
	return n.next().Create(ctx, a)
}
func (n *nodes) Read(ctx context.Context, id approvals.ID) (approvals.Approval, error) {
	return n.next().Read(ctx, id)
}
func (n *nodes) Answer(ctx context.Context, id approvals.ID, a approvals.Answer) (approvals.Approval, error) {
	return n.next().Answer(ctx, id, a)
}
func (n *nodes) TryCode(ctx context.Context, id approvals.ID) (approvals.Approval, error) {
	return n.next().TryCode(ctx, id)
}
func (n *nodes) Settle(ctx context.Context, id approvals.ID, s approvals.Settlement) (approvals.Approval, error) {
	return n.next().Settle(ctx, id, s)
}
func (n *nodes) Expire(ctx context.Context, id approvals.ID) (approvals.Approval, bool, error) {
	return n.next().Expire(ctx, id)
}
func (n *nodes) Extend(ctx context.Context, id approvals.ID, from, to time.Duration) (approvals.Approval, error) {
	return n.next().Extend(ctx, id, from, to)
}

func (n *nodes) Resend(ctx context.Context, id approvals.ID, b approvals.Budget) (approvals.Approval, error) {
	return n.next().Resend(ctx, id, b)
}
func (n *nodes) NoteSent(ctx context.Context, id approvals.ID, phone enrolments.PhoneID, sent approvals.Sent) error {
	return n.next().NoteSent(ctx, id, phone, sent)
}
func (n *nodes) NoteSeen(ctx context.Context, id approvals.ID, phone enrolments.PhoneID) error {
	return n.next().NoteSeen(ctx, id, phone)
}
func (n *nodes) Redeem(ctx context.Context, id approvals.ID, result enrolments.Hash) (approvals.Approval, error) {
	return n.next().Redeem(ctx, id, result)
}
func (n *nodes) PendingFor(ctx context.Context, person enrolments.PersonID, phone enrolments.PhoneID) ([]approvals.Approval, error) {
	return n.next().PendingFor(ctx, person, phone)
}
func (n *nodes) SpendProof(ctx context.Context, person enrolments.PersonID, proof string) error {
	return n.next().SpendProof(ctx, person, proof)
}
func (n *nodes) Watch(ctx context.Context, id approvals.ID, notify func(approvals.Approval)) (func(), error) {
	return n.next().Watch(ctx, id, notify)
}
func (n *nodes) WatchPerson(ctx context.Context, person enrolments.PersonID, notify func()) (func(), error) {
	return n.next().WatchPerson(ctx, person, notify)
}

// Ahead puts a person's clock ahead as a server with a fast clock would have
// left it.
func (n *nodes) Ahead(person enrolments.PersonID, by time.Duration) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return redisstore.PutAhead(context.Background(), n.both[0], person, n.ids[person], by)
}
