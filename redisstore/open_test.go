package redisstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"countersign/approvals"
	"countersign/enrolments"
	"countersign/redisstore"
	"countersign/redisstore/redistest"
)

func TestAReplicaIsRefused(t *testing.T) {
	master := redistest.StartServer(t)
	host, port, _ := net.SplitHostPort(master.Addr)
	replica := redistest.StartServer(t, "--replicaof", host+" "+port)
	_, err := redisstore.Open(t.Context(), redisstore.Config{URL: replica.URL})
	if !errors.Is(err, redisstore.ErrServer) {
		t.Errorf("got error %v, want %v", err, redisstore.ErrServer)
	}
}

func TestTheURLMustNameTheKindOfServer(t *testing.T) {
	single := redistest.StartServer(t)
	cluster := redistest.StartCluster(t)
	for _, url := range []string{
		"redis+cluster://" + single.Addr,
		"redis://" + strings.Split(strings.TrimPrefix(cluster, "redis+cluster://"), ",")[0],
	} {
		if s, err := redisstore.Open(t.Context(), redisstore.Config{URL: url}); err == nil {
			s.Close()
			t.Errorf("%s was opened", url)
		}
	}
}

func TestNoServerIsAnErrorAndNoWait(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if s, err := redisstore.Open(t.Context(), redisstore.Config{URL: "redis://" + l.Addr().String()}); err == nil {
		s.Close()
		t.Error("it was opened")
	}
}

func TestTheOperatorIsWarnedOfEviction(t *testing.T) {
	var log bytes.Buffer
	for policy, warned := range map[string]int{"allkeys-lru": 1, "volatile-ttl": 1, "noeviction": 0} {
		server := redistest.StartServer(t, "--maxmemory", "100mb", "--maxmemory-policy", policy)
		s, err := redisstore.Open(t.Context(), redisstore.Config{URL: server.URL, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Warnings(); len(got) != warned || (warned > 0 && got[0].Policy != policy) {
			t.Errorf("%s: %v", policy, got)
		}
		s.Close()
	}
	if got := strings.Count(log.String(), "maxmemory-policy"); got != 2 {
		t.Errorf("%d warnings in the log:\n%s", got, &log)
	}
}

func TestThePasswordIsNowhere(t *testing.T) {
	var log bytes.Buffer
	server := redistest.StartServer(t, "--requirepass", "right-password")
	config := func(password, addr string) redisstore.Config {
		return redisstore.Config{
			URL: "redis://:" + password + "@" + addr, Timeout: 200 * time.Millisecond, DialTimeout: 200 * time.Millisecond,
			Log: slog.New(slog.NewTextHandler(&log, nil)),
		}
	}
	s, err := redisstore.Open(t.Context(), config("right-password", server.Addr))
	if err != nil {
		t.Fatal(err)
	}
	server.Kill()
	_, err = s.Read(t.Context(), approvals.NewID(enrolments.NewID[enrolments.PersonID]()))
	s.Close()
	said := fmt.Sprint(log.String(), err)
	for _, c := range []redisstore.Config{config("wrong-password", server.Addr), config("right-password", server.Addr)} {
		_, err := redisstore.Open(t.Context(), c)
		if err == nil {
			t.Fatal("it was opened")
		}
		said += fmt.Sprintf("%v %v %+v %#v", err, c, c, c)
	}
	slog.New(slog.NewTextHandler(&log, nil)).Info("starting", "redis", config("right-password", server.Addr))
	if said += log.String(); strings.Contains(said, "right-password") || strings.Contains(said, "wrong-password") {
		t.Errorf("it was said:\n%s", said)
	}
}

func TestAValueOutOfItsBoundsIsRefused(t *testing.T) {
	for _, c := range []redisstore.Config{
		{Timeout: time.Millisecond}, {Timeout: time.Hour}, {DialTimeout: -1}, {Pool: -1}, {Pool: 1_000_000}, {MaxWatches: -1},
	} {
		c.URL = "redis://127.0.0.1:1"
		if s, err := redisstore.Open(t.Context(), c); err == nil {
			s.Close()
			t.Errorf("timeouts %v, %v, pool %d, watches %d were taken", c.Timeout, c.DialTimeout, c.Pool, c.MaxWatches)
		}
	}
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	server := redistest.StartServer(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	store, err := redisstore.Open(t.Context(), redisstore.Config{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{t, server, store, enrolments.NewID[enrolments.PersonID]()}
	a := s.create("a", time.Minute)
	if _, err := store.Watch(t.Context(), a.ID, func(approvals.Approval) {}); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}
