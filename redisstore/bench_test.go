package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"countersign/approvals"
	"countersign/enrolments"
	"countersign/redisstore/redistest"
)

// BenchmarkCreate creates approvals for 64 callers in the ways that a client
// can send them. The choice of newSender rests on it.
func BenchmarkCreate(b *testing.B) {
	server := redistest.StartServer(b)
	for _, way := range []struct {
		name string
		set  func(*Store)
	}{
		{"plain", func(s *Store) {
			s.process = func(ctx context.Context, _ string, c redis.Cmder) error { return s.client.Process(ctx, c) }
		}},
		{"auto", func(s *Store) {
			auto, err := s.client.(*redis.Client).AutoPipeline()
			if err != nil {
				b.Fatal(err)
			}
			s.process = func(ctx context.Context, _ string, c redis.Cmder) error { return auto.Process(ctx, c) }
		}},
		{"gathered", func(s *Store) {}},
		{"async", func(s *Store) {
			auto, err := s.client.(*redis.Client).AsyncAutoPipeline()
			if err != nil {
				b.Fatal(err)
			}
			s.process = func(ctx context.Context, _ string, c redis.Cmder) error { return auto.Submit(ctx, c).WaitContext(ctx) }
		}},
	} {
		for _, callers := range []int{1, 16, 64, 256} {
			b.Run(fmt.Sprintf("%s/%d", way.name, callers), func(b *testing.B) {
				s, err := Open(context.Background(), Config{URL: server.URL, Pool: 64})
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
				way.set(s)
				before := spent(b, server)
				creates(b, s, callers)
				after := spent(b, server)
				b.ReportMetric((after.server-before.server)/float64(b.N), "redis-µs/op")
				b.ReportMetric((after.client-before.client)/float64(b.N), "client-µs/op")
			})
		}
	}
}

// spending is processor time in µs, which other programs on the machine change
// less than they change the time on the wall.
type spending struct{ server, client float64 }

func spent(b *testing.B, server *redistest.Server) spending {
	b.Helper()
	info, err := server.Do("INFO", "cpu")
	if err != nil {
		b.Fatal(err)
	}
	var out spending
	for text := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(text), ":")
		if name == "used_cpu_user" || name == "used_cpu_sys" {
			seconds, _ := strconv.ParseFloat(value, 64)
			out.server += seconds * 1e6
		}
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	out.client = float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e3
	return out
}

func creates(b *testing.B, s *Store, callers int) {
	people := make([]enrolments.PersonID, 1000)
	for i := range people {
		people[i] = enrolments.NewID[enrolments.PersonID]()
	}
	var n atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for range callers {
		all.Go(func() {
			for {
				i := n.Add(1)
				if i > int64(b.N) {
					return
				}
				if _, err := s.Create(context.Background(), request(people[i%1000])); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

func request(person enrolments.PersonID) approvals.New {
	return approvals.New{
		ID: approvals.NewID(person), Application: "northwind", ApplicationName: "Northwind Books",
		Person: person, User: "ana@example.com", ReturnURL: "https://books.example.com/signed-in",
		Display: `{"application":"Northwind Books","user":"ana@example.com","action":"Sign in","location":"Wellington, NZ","ip":"203.0.113.9","browser":"Chrome on Windows","reference":"","time":"2026-11-01T10:00:00Z"}`,
		Nonce:   "0123456789012345678901", Number: "47",
		Phones: []approvals.AskedPhone{{ID: enrolments.PhoneID(person), Name: "Ana's iPhone", Sent: approvals.Asking}},
		TTL:    time.Minute, NumberTries: 2, CodeTries: 5, Resends: 2,
		Budget: approvals.Budget{Limit: 5, Window: 10 * time.Minute},
	}
}
