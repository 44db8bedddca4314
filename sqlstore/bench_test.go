package sqlstore

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"countersign/enrolments"
	"countersign/sqlstore/sqlstoretest"
)

// benchmarks runs b over both databases with 1 and with 16 callers. SQLite
// waits for the disk at every commit; the PostgreSQL of a test does not.
func benchmarks(b *testing.B, prepare func(b *testing.B, s *Store) (call func(caller, n int) error)) {
	for _, database := range []struct {
		name string
		url  func(b *testing.B) string
	}{
		{"sqlite", func(b *testing.B) string { return sqliteURL(b) }},
		{"sqlite-one-commit-a-call", func(b *testing.B) string { return sqliteURL(b) }},
		{"postgres", func(b *testing.B) string { return sqlstoretest.Postgres(b) }},
	} {
		b.Run(database.name, func(b *testing.B) {
			s := open(b, database.url(b))
			if database.name == "sqlite-one-commit-a-call" {
				alone(s)
			}
			for _, callers := range []int{1, 16} {
				b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
					call := prepare(b, s)
					b.ResetTimer()
					spread(b, callers, call)
				})
			}
		})
	}
}

// alone turns group commit off.
func alone(s *Store) {
	lite := s.db.(*sqliteFile)
	lite.writes.close()
	lite.writes = newLine(writerQueue, 1, lite.commit)
	s.trail.close()
	s.trail = newLine(trailQueue, 1, s.append)
}

// spread makes b.N calls from callers goroutines.
func spread(b *testing.B, callers int, call func(caller, n int) error) {
	var next atomic.Int64
	errs := make(chan error, callers)
	for caller := range callers {
		go func() {
			for {
				n := int(next.Add(1))
				if n > b.N {
					errs <- nil
					return
				}
				if err := call(caller, n); err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	for range callers {
		if err := <-errs; err != nil {
			b.Error(err)
		}
	}
}

func BenchmarkEnrolment(b *testing.B) {
	benchmarks(b, func(b *testing.B, s *Store) func(int, int) error {
		p := addPerson(b, s)
		addPhone(b, s, p)
		addPhone(b, s, p)
		return func(int, int) error {
			_, err := s.Enrolment(b.Context(), p.User)
			return err
		}
	})
}

func BenchmarkBurnStep(b *testing.B) {
	benchmarks(b, func(b *testing.B, s *Store) func(int, int) error {
		var ids []enrolments.AuthenticatorID
		for range 16 {
			_, a := addPhone(b, s, addPerson(b, s))
			ids = append(ids, a.ID)
		}
		return func(caller, n int) error { return s.BurnStep(b.Context(), ids[caller], int64(n)) }
	})
}

func BenchmarkRecord(b *testing.B) {
	benchmarks(b, func(b *testing.B, s *Store) func(int, int) error {
		p := addPerson(b, s)
		e := enrolments.Event{At: time.Now(), Kind: enrolments.EventApprovalSettled, Person: p.ID, Application: "books", Approval: "x"}
		return func(int, int) error { return s.Record(b.Context(), e) }
	})
}
