package api_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"countersign/api"
	"countersign/mobile-stub/phone"
)

func TestAnAddressThatGuessesIsSlowedDown(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Limits.Burst, c.Limits.PerMinute = 5, 60 })
	w.pair(person, phone.ES256) // one pairing: four left
	guess := "cs_northwind_" + strings.Repeat("A", 43)
	for range 4 {
		w.refused(w.with(guess, "GET", "/v1/people/x", ""), 401, "unauthorized")
	}
	r := w.refused(w.with(guess, "GET", "/v1/people/x", ""), 429, "too-many-requests")
	if r.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q, want 1", r.header.Get("Retry-After"))
	}
	w.refused(w.call("POST", "/v1/pair", `{}`), 429, "too-many-requests")
	w.clock.move(time.Second)
	w.refused(w.with(guess, "GET", "/v1/people/x", ""), 401, "unauthorized")
	w.refused(w.call("GET", "/v1/phone", "", "Phone-Proof", "a.b.c"), 429, "too-many-requests")
	w.clock.move(time.Second)
	w.want(w.app("GET", "/v1/people/"+person, ""), 200)
	w.want(w.app("GET", "/v1/people/"+person, ""), 200)
}

func TestWhoIsWhoTheySayIsNotCounted(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Limits.Burst, c.Limits.PerMinute = 2, 1 })
	h := w.pair(person, phone.ES256)
	for range 10 {
		w.want(w.app("GET", "/v1/people/"+person, ""), 200)
		w.want(w.signed(h, "GET", "/v1/phone", ""), 200)
	}
}

func TestAFloodFromManyAddressesFillsNoMemory(t *testing.T) {
	now := time.Unix(0, 0)
	l := api.NewLimit(func() time.Time { return now }, 60, 2)
	address := netip.MustParseAddr("10.0.0.0")
	for range 3 * api.MaxAddresses {
		address = address.Next()
		api.Take(l, address)
	}
	if n := l.Remembered(); n > api.MaxAddresses {
		t.Errorf("%d addresses are remembered, want at most %d", n, api.MaxAddresses)
	}
	api.Take(l, address)
	if api.Check(l, address) == nil {
		t.Error("an address without a token is let through")
	}
	// Buckets that are full again are forgotten first.
	now = now.Add(time.Hour)
	api.Take(l, address.Next())
	if n := l.Remembered(); n != 1 {
		t.Errorf("%d addresses are remembered, want the one that is not full", n)
	}
}
