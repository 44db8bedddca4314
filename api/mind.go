package api

import (
	"context"
	"time"
)

// mindTheStore tells waiting browsers when nothing can reach them: while the
// server is not ready their sockets are closed with "connect again", so that
// the screen says so instead of seeming to wait, and whoever comes back is told
// what stands.
func (a *API) mindTheStore() {
	ticker := time.NewTicker(a.config.CheckEvery)
	defer ticker.Stop()
	for {
		select {
		case <-a.life.Done():
			return
		case <-ticker.C:
		}
		if a.crowd.waiting() > 0 && a.unready() {
			a.sockets.reconnect()
		}
	}
}

func (a *API) unready() bool {
	ctx, cancel := context.WithTimeout(a.life, readyTime)
	defer cancel()
	err := a.config.Ready(ctx)
	if err == nil || a.life.Err() != nil {
		return false
	}
	a.config.Log.Warn("not ready: waiting browsers are asked to connect again", "error", err)
	return true
}
