package push_test

import (
	"errors"
	"testing"
	"time"

	"countersign/push"
)

func TestRetryAfterIsReadInBothForms(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	cases := []struct {
		header string
		want   time.Duration // negative: none
	}{
		{"0", 0},
		{"7", 7 * time.Second},
		{"999999999", 24 * time.Hour},
		{"Sun, 01 Mar 2026 12:00:30 GMT", 30 * time.Second},
		{"Sun, 01 Mar 2026 11:00:00 GMT", 0},
		{"", -1},
		{"-1", -1},
		{"1.5", -1},
		{"soon", -1},
		{"99999999999999999999", -1},
		{"2026-03-01T12:00:30Z", -1},
	}
	for _, c := range cases {
		err := push.Later(push.ErrTooMany, c.header, now)
		if !errors.Is(err, push.ErrUnavailable) || !errors.Is(err, push.ErrTooMany) {
			t.Errorf("%q: got %v, want ErrTooMany, and so ErrUnavailable", c.header, err)
		}
		var told *push.RetryAfter
		switch got := errors.As(err, &told); {
		case got != (c.want >= 0):
			t.Errorf("%q: a time was read: %v", c.header, got)
		case got && told.After != c.want:
			t.Errorf("%q: got %v, want %v", c.header, told.After, c.want)
		}
	}
}
