package api_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"countersign/api"
	"countersign/mobile-stub/phone"

	"github.com/gorilla/websocket"
)

func TestScreensAreAskedToConnectAgainWhileNothingCanReachThem(t *testing.T) {
	var lost atomic.Bool
	w := newWorld(t, func(c *api.Config) {
		c.CheckEvery = 5 * time.Millisecond
		c.Ready = func(context.Context) error {
			if lost.Load() {
				return errors.New("the store is gone")
			}
			return nil
		}
	})
	h := w.pair("ana@example.com", phone.ES256)
	s := w.signIn("ana@example.com")
	b := w.watch(t, s)
	b.next()
	lost.Store(true)
	if code := b.closed(); code != websocket.CloseServiceRestart {
		t.Fatalf("the screen was closed with %d, want 1012", code)
	}
	if _, err := h.Approve(t.Context(), h.id, h.find(t, s), s.number); err != nil {
		t.Fatal(err)
	}
	lost.Store(false)
	if got := w.watch(t, s).next().member("state"); got != "approved" {
		t.Errorf("after coming back the screen shows %q", got)
	}
}
