package main

import (
	"errors"
	"strings"
	"testing"

	"countersign/mobile-stub/phone"
)

func TestNoticesAreToldAndStoppedByTheirID(t *testing.T) {
	s, c := newServer(t), newStub(t)
	c.must("pair", s.link())
	if out := c.must("notices"); !strings.Contains(out, "Nothing has changed for ana@example.com") {
		t.Errorf("of nothing it tells %q", out)
	}
	s.change(func() {
		s.notices = []map[string]any{
			{"id": "n1", "event": "phone.paired", "detail": "Old\u001b[31m Pixel", "where": "Chrome on Windows, 203.0.113.9", "at": "2026-11-01T10:00:00Z", "state": "open"},
			{"id": "n2", "event": "moon.landed", "because": "asked at the counter", "at": "2026-11-01T10:00:00Z", "state": "stopped"},
		}
	})
	out := c.must("notices")
	for _, want := range []string{"A phone was added", "Pixel", "Chrome on Windows, 203.0.113.9", "mobile-stub stop n1", "moon.landed", "asked at the counter", "It was stopped"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in %q", want, out)
		}
	}
	if strings.Contains(out, "\x1b") || strings.Contains(out, "stop n2") {
		t.Errorf("told %q", out)
	}
	if out := c.must("stop", "n1"); !strings.Contains(out, "Stopped") || len(s.stopped) != 1 || s.stopped[0] != "n1" {
		t.Errorf("told %q, stopped %v", out, s.stopped)
	}
	if _, err := c.run("", "stop", "n3"); !errors.Is(err, phone.ErrNoNotice) || len(s.stopped) != 1 {
		t.Errorf("of none: got %v, stopped %v", err, s.stopped)
	}
}
