package push_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"countersign/push"
)

func TestAnOperatorHearsOfWhatNoPhoneIsToBlameFor(t *testing.T) {
	var log bytes.Buffer
	a := push.NewAlarm(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelInfo})))
	now := time.Now()
	at := func(service push.Service, after time.Duration, err error) push.Attempt {
		return push.Attempt{Place: push.Place{Service: service}, Message: "apr_1", Began: now.Add(after), Err: err}
	}
	bad := fmt.Errorf("apns: %w", push.ErrCredential)
	steps := []struct {
		what  string
		told  push.Attempt
		lines int
	}{
		{"a delivery", at(push.APNs, 0, nil), 0},
		{"a phone that is gone", at(push.APNs, 0, push.ErrGone), 0},
		{"a service that is unavailable", at(push.APNs, 0, push.ErrUnavailable), 0},
		{"a bad credential", at(push.APNs, 0, bad), 1},
		{"the same again", at(push.APNs, 30*time.Second, bad), 0},
		{"of another service", at(push.FCM, 30*time.Second, bad), 1},
		{"a refused message", at(push.APNs, 30*time.Second, push.ErrRefused), 1},
		{"the same after a while", at(push.APNs, 61*time.Second, bad), 1},
	}
	for _, s := range steps {
		log.Reset()
		a.Attempted(t.Context(), s.told)
		if got := strings.Count(log.String(), "level=ERROR"); got != s.lines || strings.Count(log.String(), "\n") != s.lines {
			t.Errorf("%s: logged %q, want %d alarms", s.what, log.String(), s.lines)
		}
	}
	log.Reset()
	a.Turned(push.Place{Service: push.WebPush, Part: "ntfy.example"}, push.Down)
	if text := log.String(); !strings.Contains(text, "level=WARN") || !strings.Contains(text, "webpush ntfy.example") || !strings.Contains(text, "down") {
		t.Errorf("logged %q", text)
	}
}
