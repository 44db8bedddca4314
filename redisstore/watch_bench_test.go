package redisstore

import (
	"context"
	"runtime"
	"testing"

	"countersign/approvals"
	"countersign/enrolments"
	"countersign/redisstore/redistest"
)

// BenchmarkWaiting says what one watch of an approval of its own holds in
// memory on this node.
func BenchmarkWaiting(b *testing.B) {
	s, err := Open(context.Background(), Config{URL: redistest.Start(b)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	ids := make([]approvals.ID, b.N)
	for i := range ids {
		n := request(enrolments.NewID[enrolments.PersonID]())
		n.TTL *= 5
		if _, err := s.Create(context.Background(), n); err != nil {
			b.Fatal(err)
		}
		ids[i] = n.ID
	}
	before := heap()
	b.ResetTimer()
	for _, id := range ids {
		if _, err := s.Watch(context.Background(), id, func(approvals.Approval) {}); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(heap()-before)/float64(b.N), "heap-B/watch")
}

func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapInuse + stats.StackInuse)
}

// BenchmarkHeard is one change, from the step that makes it on one node to the
// watch that is told on another.
func BenchmarkHeard(b *testing.B) {
	url := redistest.Start(b)
	var stores [2]*Store
	for i := range stores {
		s, err := Open(context.Background(), Config{URL: url})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		stores[i] = s
	}
	n := request(enrolments.NewID[enrolments.PersonID]())
	n.CodeTries, n.TTL = 1<<30, n.TTL*5
	if _, err := stores[0].Create(context.Background(), n); err != nil {
		b.Fatal(err)
	}
	told := make(chan struct{}, 1)
	stop, err := stores[1].Watch(context.Background(), n.ID, func(approvals.Approval) { told <- struct{}{} })
	if err != nil {
		b.Fatal(err)
	}
	defer stop()
	<-told
	b.ResetTimer()
	for range b.N {
		if _, err := stores[0].TryCode(context.Background(), n.ID); err != nil {
			b.Fatal(err)
		}
		<-told
	}
}
