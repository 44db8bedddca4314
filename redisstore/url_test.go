package redisstore

import (
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestURLs(t *testing.T) {
	for text, want := range map[string]target{
		"redis://localhost":                 {addrs: []string{"localhost:6379"}},
		"redis://10.0.0.7:7000/3":           {addrs: []string{"10.0.0.7:7000"}, database: 3},
		"rediss://redis.example.com":        {tls: true, addrs: []string{"redis.example.com:6379"}},
		"redis://[::1]":                     {addrs: []string{"[::1]:6379"}},
		"redis://[::1]:7000":                {addrs: []string{"[::1]:7000"}},
		"redis://ana:p%40ss%3A%2F%25@h:1/0": {addrs: []string{"h:1"}, user: "ana", password: "p@ss:/%"},
		"redis://:secret@h":                 {addrs: []string{"h:6379"}, password: "secret"},
		"redis+sentinel://a:26379,b:26380/main": {
			kind: sentinel, addrs: []string{"a:26379", "b:26380"}, master: "main"},
		"rediss+sentinel://u:p@a:1/my%20main?database=2&sentinel_user=s&sentinel_password=t%26": {
			kind: sentinel, tls: true, addrs: []string{"a:1"}, user: "u", password: "p", master: "my main",
			database: 2, sentinelUser: "s", sentinelPassword: "t&"},
		"redis+cluster://a:1,b:2,[fe80::1]:3": {kind: cluster, addrs: []string{"a:1", "b:2", "[fe80::1]:3"}},
		"rediss+cluster://u:p@a:1":            {kind: cluster, tls: true, addrs: []string{"a:1"}, user: "u", password: "p"},
	} {
		got, err := parseURL(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(target{})); diff != "" {
			t.Errorf("%s (-want +got)\n%s", text, diff)
		}
	}
}

func TestURLsThatCannotBeUsedAreRefusedAndNotRepeated(t *testing.T) {
	for _, text := range []string{
		"", "h:6379", "http://hunter2", "redis+sentinels://hunter2:1/main", "REDIS://hunter2", "redis:hunter2",
		"redis://", "redis:///0", "redis://:hunter2@", "redis://hunter2@h", "redis://u:hun:ter2@h", "redis://u:hun@ter2@h",
		"redis://u:%zzhunter2@h", "redis://h:hunter2", "redis://h:0", "redis://h:65536", "redis://h:-1", "redis://h:1:2",
		"redis://h/hunter2", "redis://h/0/1", "redis://h/-1", "redis://h/?hunter2=1", "redis://h?database=1", "redis://h#hunter2",
		"redis://u:hun/ter2@h:1", "redis://u:hun?ter2@h:1", "redis://u:hun#ter2@h:1", "redis://h :1", "redis://h\n:1", "redis://[::1", "redis://::1", "redis://h%41",
		"redis://a:1,b:2",
		"redis+sentinel://a/main", "redis+sentinel://a:1", "redis+sentinel://a:1/", "redis+sentinel://a:1/x/y", "redis+sentinel://a:1,/main",
		"redis+sentinel://a:1/main?hunter2=1", "redis+sentinel://a:1/main?database=x", "redis+sentinel://a:1/main?database=1&database=2",
		"redis+sentinel://a:1/main?sentinel_password=%zz",
		"redis+cluster://a", "redis+cluster://a:1/0", "redis+cluster://a:1?x=y", "redis+cluster://a:1,,b:2",
		"redis://" + strings.Repeat("a", maxURL), "redis+cluster://" + strings.Repeat("a:1,", maxAddrs) + "a:1",
	} {
		got, err := parseURL(text)
		if !errors.Is(err, ErrURL) {
			t.Errorf("%.60q: got error %v, want %v", text, err, ErrURL)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "ter2") {
			t.Errorf("%q is repeated: %v", text, err)
		}
		if diff := cmp.Diff(target{}, got, cmp.AllowUnexported(target{})); diff != "" {
			t.Errorf("%q: part of a result\n%s", text, diff)
		}
	}
}

func FuzzURL(f *testing.F) {
	for _, text := range []string{"redis://u:p@h:1/2", "rediss://[::1]", "redis+sentinel://a:1,b:2/main?database=1", "redis+cluster://a:1,b:2"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseURL(text)
		if err != nil {
			if !errors.Is(err, ErrURL) || len(got.addrs) > 0 {
				t.Fatalf("error %v with %d addresses", err, len(got.addrs))
			}
			return
		}
		if len(got.addrs) == 0 || len(got.addrs) > maxAddrs || (got.kind == sentinel) != (got.master != "") {
			t.Fatalf("%d addresses, master %q", len(got.addrs), got.master)
		}
		for _, addr := range got.addrs {
			host, port, err := net.SplitHostPort(addr)
			if n, bad := strconv.Atoi(port); err != nil || host == "" || bad != nil || n < 1 || n > 65535 {
				t.Fatalf("address %q", addr)
			}
		}
	})
}
