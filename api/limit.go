package api

import (
	"net/netip"
	"sync"
	"time"
)

// maxAddresses bounds how many addresses a limit remembers, about 100 bytes
// each.
const maxAddresses = 10_000

// limit slows down an address that guesses: a bucket of tokens for each, one
// taken by each failed key, token or proof and each pairing. Addresses that
// fail at nothing are not remembered.
type limit struct {
	now    func() time.Time
	burst  float64
	perSec float64

	mu      sync.Mutex
	buckets map[netip.Addr]bucket
	// swept is when full buckets were last looked for.
	swept time.Time
}

type bucket struct {
	left float64
	at   time.Time
}

func newLimit(now func() time.Time, perMinute, burst int) *limit {
	return &limit{now: now, burst: float64(burst), perSec: float64(perMinute) / 60, buckets: map[netip.Addr]bucket{}}
}

// check refuses an address that has no token left.
func (l *limit) check(from netip.Addr) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.buckets[from]
	if !ok {
		return nil
	}
	if left := l.refilled(b, l.now()); left < 1 {
		return retryError{errTooMany, time.Duration((1 - left) / l.perSec * float64(time.Second))}
	}
	return nil
}

// take takes one token.
func (l *limit) take(from netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b, ok := l.buckets[from]
	if !ok {
		l.makeRoom(now)
		b = bucket{l.burst, now}
	}
	l.buckets[from] = bucket{max(l.refilled(b, now)-1, 0), now}
}

func (l *limit) refilled(b bucket, now time.Time) float64 {
	return min(l.burst, b.left+max(0, now.Sub(b.at).Seconds())*l.perSec)
}

// makeRoom forgets full buckets, at most once a second, and if there are none,
// any one: a flood from many addresses must fill neither memory nor time.
func (l *limit) makeRoom(now time.Time) {
	if len(l.buckets) < maxAddresses {
		return
	}
	if now.Sub(l.swept) >= time.Second {
		l.swept = now
		for from, b := range l.buckets {
			if l.refilled(b, now) >= l.burst {
				delete(l.buckets, from)
			}
		}
	}
	for from := range l.buckets {
		if len(l.buckets) < maxAddresses {
			return
		}
		delete(l.buckets, from)
	}
}
