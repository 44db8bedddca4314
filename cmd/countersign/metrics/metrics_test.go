package metrics_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"countersign/cmd/countersign/metrics"
	"countersign/push"
)

// scrape is what Prometheus reads.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func attempt(err error) push.Attempt {
	return push.Attempt{Place: push.Place{Service: push.APNs}, Asked: true, Took: 30 * time.Millisecond, Err: err}
}

func TestEachOutcomeIsCountedByItsReason(t *testing.T) {
	m := metrics.New()
	refusal := func(means error, status int, reason string) error {
		return fmt.Errorf("apns: %w", &push.Refusal{Means: means, Status: status, Reason: reason, Said: "a word of a stranger"})
	}
	for _, err := range []error{
		nil, nil,
		refusal(push.ErrGone, 410, "Unregistered"),
		refusal(push.ErrCredential, 403, ""),
		&push.RetryAfter{After: time.Second, Cause: refusal(push.ErrTooMany, 429, "TooManyRequests")},
		fmt.Errorf("%w: connection reset", push.ErrUnavailable),
		push.ErrBadTarget,
	} {
		m.Attempted(t.Context(), attempt(err))
	}
	text := scrape(t, m)
	for _, want := range []string{
		`countersign_push_attempts_total{outcome="accepted",reason="",service="apns"} 2`,
		`countersign_push_attempts_total{outcome="gone",reason="Unregistered",service="apns"} 1`,
		`countersign_push_attempts_total{outcome="credential",reason="403",service="apns"} 1`,
		`countersign_push_attempts_total{outcome="too_many",reason="TooManyRequests",service="apns"} 1`,
		`countersign_push_attempts_total{outcome="unavailable",reason="no answer",service="apns"} 1`,
		`countersign_push_attempts_total{outcome="bad_target",reason="no answer",service="apns"} 1`,
		`countersign_push_seconds_bucket{service="apns",le="0.025"} 0`,
		`countersign_push_seconds_bucket{service="apns",le="0.05"} 7`,
		"go_goroutines",
	} {
		if !strings.Contains(text, want+"\n") && !strings.Contains(text, want+" ") {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(text, "stranger") || strings.Contains(text, "retries_total{") {
		t.Errorf("says too much:\n%s", text)
	}
}

func TestRetriesAreCountedAndWhoWasNotAskedHasNoTime(t *testing.T) {
	m := metrics.New()
	again := attempt(nil)
	again.Try = 2
	m.Attempted(t.Context(), again)
	turnedAway := attempt(push.ErrDown)
	turnedAway.Asked, turnedAway.Try = false, 3
	m.Attempted(t.Context(), turnedAway)
	text := scrape(t, m)
	for _, want := range []string{
		`countersign_push_retries_total{service="apns"} 1`,
		`countersign_push_seconds_count{service="apns"} 1`,
		`countersign_push_attempts_total{outcome="down",reason="no answer",service="apns"} 1`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

func TestHealthIsReadAtEachScrape(t *testing.T) {
	m := metrics.New()
	now := push.Up
	m.WatchHealth(func() []push.Condition {
		return []push.Condition{{Place: push.Place{Service: push.WebPush, Part: "ntfy.example"}, Health: now}}
	})
	for health, want := range map[push.Health]string{push.Up: "1", push.Trying: "0.5", push.Down: "0"} {
		now = health
		if text := scrape(t, m); !strings.Contains(text, `countersign_push_up{part="ntfy.example",service="webpush"} `+want+"\n") {
			t.Errorf("%s: not %s in\n%s", health, want, text)
		}
	}
}
