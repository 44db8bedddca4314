package redisstore_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
	"countersign/redisstore"
	"countersign/redisstore/redistest"
)

func TestApprovalsGoOnWithTheReplicaThatSentinelPromotes(t *testing.T) {
	master := redistest.StartServer(t)
	host, port, _ := net.SplitHostPort(master.Addr)
	replica := redistest.StartServer(t, "--replicaof", host+" "+port)
	sentinel := redistest.StartSentinel(t, "main", master)
	store, err := redisstore.Open(t.Context(), redisstore.Config{URL: "redis+sentinel://" + sentinel.Addr + "/main"})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	s := &scene{t, master, store, enrolments.NewID[enrolments.PersonID]()}
	a := s.create("a", 5*time.Minute)
	e := s.watch(a.ID)
	s.eventually("the replica has the approval, and Sentinel the replica", func() bool {
		keys, _ := replica.Do("KEYS", "*a:*")
		known, _ := sentinel.Do("SENTINEL", "REPLICAS", "main")
		_, own, _ := net.SplitHostPort(replica.Addr)
		return keys != "" && strings.Contains(known, own)
	})
	master.Kill()
	var got approvals.Approval
	s.eventually("the promoted replica takes a code try", func() bool {
		got, err = store.TryCode(t.Context(), a.ID)
		return err == nil
	})
	if got.AsOf.Before(a.AsOf) || got.CodeTries >= a.CodeTries {
		t.Errorf("%d code tries left as of %v", got.CodeTries, got.AsOf)
	}
	if _, err := s.answer(a, "47", "proof"); err != nil {
		t.Fatal(err)
	}
	s.eventually("the watch heard the answer", func() bool { return e.last().State == approvals.Approved })
}
