package api_test

import (
	"testing"
	"time"

	"countersign/mobile-stub/phone"
)

// changes are the notices that a phone is told, by their event.
func (h handset) changes(t *testing.T) map[string]phone.Notice {
	t.Helper()
	all, err := h.Notices(t.Context(), h.id)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]phone.Notice{}
	for _, n := range all {
		out[n.Event] = n
	}
	return out
}

func TestAPhoneIsToldOfAChangeAndStopsIt(t *testing.T) {
	w := newWorld(t)
	w.policy(map[string]string{"trusted_browser_days": "30"})
	h, other := w.pair(person, phone.ES256), w.pair("bob@example.com", phone.ES256)
	token := w.trusts(h)
	trusted, ok := h.changes(t)["browser.trusted"]
	if !ok || !trusted.Stoppable || trusted.Detail != "Chrome on Windows" || !trusted.StoppedAt.IsZero() {
		t.Fatalf("told %+v", trusted)
	}
	if _, theirs := other.changes(t)["browser.trusted"]; theirs {
		t.Error("somebody else is told")
	}
	if _, err := other.Stop(t.Context(), other.id, trusted.ID); phone.KindOf(err) != "notice-not-found" {
		t.Errorf("somebody else stops it: %v", err)
	}
	for range 2 {
		n, err := h.Stop(t.Context(), h.id, trusted.ID)
		if err != nil || n.Stoppable || n.StoppedAt.IsZero() {
			t.Errorf("got %+v, %v", n, err)
		}
	}
	if r := w.asks(token); r.member("next") != "code_only" && r.member("next") != "wait" {
		t.Errorf("it is trusted still: %s", r.body)
	}
	if said, ok := h.changes(t)["notice.stopped"]; !ok || said.Stoppable {
		t.Errorf("of the stop they are told %+v", said)
	}
}

func TestAfterAWeekNothingIsStoppedByANotice(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	paired := h.changes(t)["phone.paired"]
	w.clock.move(7 * 24 * time.Hour)
	if n := h.changes(t)["phone.paired"]; n.Stoppable {
		t.Errorf("told %+v", n)
	}
	if _, err := h.Stop(t.Context(), h.id, paired.ID); phone.KindOf(err) != "notice-over" {
		t.Errorf("got %v", err)
	}
}
