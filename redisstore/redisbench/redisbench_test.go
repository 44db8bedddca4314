package redisbench

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"countersign/redisstore/redistest"
)

func TestALineOfMonitorIsReadAsTheCommandItWas(t *testing.T) {
	for _, c := range []struct {
		line string
		want Command
	}{
		{`+1700000000.123456 [0 127.0.0.1:50000] "GET" "key"` + "\r\n", Command{"GET", "key"}},
		{`+1700000000.123456 [0 127.0.0.1:50000] "SET" "a b" "\"x\"\n\x00\\"` + "\r\n", Command{"SET", "a b", "\"x\"\n\x00\\"}},
		{`+1700000000.123456 [0 127.0.0.1:50000] "SET" "a] b" "\xc3\xa9"` + "\r\n", Command{"SET", "a] b", "é"}},
		{`+1700000000.123456 [0 lua] "GET" "key"` + "\r\n", nil},
		{`+1700000000.123456 [0 127.0.0.1:50000] "GET" "key` + "\r\n", nil},
		{"+OK\r\n", nil},
		{"", nil},
	} {
		got, _ := parseLine(c.line)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q: %s", c.line, diff)
		}
	}
}

func TestRedisBenchmarksRateIsFoundBehindACommandWithQuotes(t *testing.T) {
	const head = `"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"` + "\n"
	const tail = `,"16000.50","0.172","0.168","0.175","0.175","0.175","0.175"` + "\n"
	got, err := perSecond(head + `"EVALSHA abc 1 k {"a":"b","c":1}"` + tail)
	if err != nil || got != 16000.5 {
		t.Errorf("got %v, %v, want 16000.5", got, err)
	}
	for _, out := range []string{"", "Could not connect", head, head + `"x","0","1","1","1","1","1","1"`, head + `"x","fast","1","1","1","1","1","1"`} {
		if _, err := perSecond(out); err == nil {
			t.Errorf("%q was read as a rate", out)
		}
	}
}

func TestKeysAreVariedAtEqualLength(t *testing.T) {
	got, err := vary(Command{"EVALSHA", "sha", "2", "{p:x}a:0123456789012345678901", "{p:x}p:abcdefghijklmnop", "argument-of-some-length"})
	want := Command{"EVALSHA", "sha", "2", "{p:x}a:0123456789__rand_int__", "{p:x}p:abcd__rand_int__", "argument-of-some-length"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	for _, c := range []Command{nil, {"GET", "key"}, {"EVALSHA", "sha", "x", "key"}, {"EVALSHA", "sha", "2", "key-that-is-long"}, {"EVALSHA", "sha", "1", "short"}} {
		if _, err := vary(c); err == nil {
			t.Errorf("%q was varied", c)
		}
	}
}

func TestWhatWasRecordedCanBeSentAgain(t *testing.T) {
	server := redistest.StartServer(t)
	const script = "redis.call('INCR', KEYS[1]) return {'ok', ARGV[1]}"
	sha, err := server.Do("SCRIPT", "LOAD", script)
	if err != nil {
		t.Fatal(err)
	}
	const key, text = "{p:x}a:0123456789012345678901", "a \"b\"\r\né"
	commands, err := Record(t.Context(), server.Addr, 1, func() error {
		_, err := server.Do("EVALSHA", sha, "1", key, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []Command{{"EVALSHA", sha, "1", key, text}}
	if diff := cmp.Diff(want, commands); diff != "" {
		t.Fatal(diff)
	}
	plain := NewPlain(server.Addr, 1)
	defer plain.Close()
	if err := plain.Do(t.Context(), commands[0].Words()); err != nil {
		t.Fatal(err)
	}
	if n, err := server.Do("GET", key); err != nil || n != "2" {
		t.Errorf("the script ran %s times (%v), want once by each", n, err)
	}
	if err := plain.Do(t.Context(), []any{"EVAL", "return {'no'}", 0}); err == nil {
		t.Error("a reply that is not ok was taken")
	}
	rate, err := Native(t.Context(), server.Addr, commands[0], 320, 4, 16)
	if errors.Is(err, ErrMissing) {
		redistest.Missing(t, redistest.ErrMissing)
	}
	if err != nil || rate <= 0 {
		t.Fatalf("redis-benchmark: %v, %v", rate, err)
	}
	if keys, err := server.Do("DBSIZE"); err != nil || fmt.Sprint(320+1) != keys {
		t.Errorf("%s keys (%v), want one for each of redis-benchmark's and ours", keys, err)
	}
}

func TestAFailureWhileRecordingIsReturned(t *testing.T) {
	server := redistest.StartServer(t)
	broken := errors.New("broken")
	if _, err := Record(t.Context(), server.Addr, 1, func() error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v, want the failure", err)
	}
}

func TestAMessageArrivesAtTheEndOfTheLine(t *testing.T) {
	server := redistest.StartServer(t)
	line, err := NewLine(t.Context(), server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		took, err := line.Trip(t.Context(), strings.Repeat("x", 200))
		if err != nil || took <= 0 {
			t.Errorf("got %v, %v", took, err)
		}
	}
	if err := line.Close(); err != nil {
		t.Error(err)
	}
}
