package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"countersign/approvals"
	"countersign/enrolments"

	"github.com/gorilla/websocket"
)

const (
	// subprotocol is the websocket's; beside it the token is offered as
	// bearerPrefix and the token, since browsers let no script set a header.
	subprotocol  = "countersign.v1"
	bearerPrefix = "bearer."
	// beat is how often something is sent to a stream that is silent, so that
	// nothing on the way takes it for dead.
	beat = 25 * time.Second
	// writeTime bounds one write to a waiting browser.
	writeTime = 5 * time.Second
)

// streamScreen is the guard of the stream: a websocket brings its token in the
// subprotocol.
func (a *API) streamScreen() guard[screen] {
	g := a.screen()
	g.know = func(r *http.Request, _ []byte) (screen, error) {
		token, err := streamToken(r)
		if err != nil {
			return screen{}, err
		}
		return a.knowScreen(r, token)
	}
	return g
}

func streamToken(r *http.Request) (string, error) {
	offered := r.Header.Values("Sec-WebSocket-Protocol")
	if !websocket.IsWebSocketUpgrade(r) || len(offered) == 0 || r.Header.Get("Authorization") != "" {
		return bearer(r.Header)
	}
	return tokenOffered(offered)
}

// tokenOffered finds the token among the subprotocols that a browser offers:
// ours and one bearer, in any order, and nothing else.
func tokenOffered(values []string) (string, error) {
	if len(values) != 1 || len(values[0]) > 256 {
		return "", enrolments.ErrUnauthorized
	}
	token, ours := "", false
	for _, name := range strings.Split(values[0], ",") {
		name = strings.Trim(name, " \t")
		text, ok := strings.CutPrefix(name, bearerPrefix)
		switch {
		case ok && token == "" && isToken(text):
			token = text
		case name == subprotocol && !ours:
			ours = true
		default:
			return "", enrolments.ErrUnauthorized
		}
	}
	if !ours || token == "" {
		return "", enrolments.ErrUnauthorized
	}
	return token, nil
}

// stream shows one approval in the form that was asked for.
func (a *API) stream(w http.ResponseWriter, r *http.Request, by screen) error {
	switch {
	case websocket.IsWebSocketUpgrade(r):
		return a.socket(w, r, by)
	case strings.Contains(r.Header.Get("Accept"), "text/event-stream"):
		return a.events(w, r, by)
	}
	return a.state(w, r, by)
}

// state answers once, now or after the next change.
func (a *API) state(w http.ResponseWriter, r *http.Request, by screen) error {
	q := r.URL.Query()
	wait, err := parseWait(q.Get("wait"))
	if err != nil {
		return err
	}
	version, err := parseVersion(q.Get("version"))
	if err != nil {
		return err
	}
	p, err := a.follow(r.Context(), by.Approval, wait, func(p approvals.Approval) bool {
		// A deadline that passes is no change that raises the version.
		return p.Version > version || p.Final()
	})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(frameOf(p, by.token)) // a browser that has gone is no error of ours
	return nil
}

// frameOf encodes a state. Nothing in it can fail to encode.
func frameOf(p approvals.Approval, token enrolments.Secret) []byte {
	frame, err := json.Marshal(screenStateOf(p, token))
	if err != nil {
		return []byte("{}")
	}
	return frame
}

// events sends the states as server-sent events until the final one.
func (a *API) events(w http.ResponseWriter, r *http.Request, by screen) error {
	what := waitersOf(by.ID)
	if err := a.crowd.enter(what); err != nil {
		return err
	}
	defer a.crowd.leave(what)
	f := newFeed()
	stop, err := a.config.Approvals.Watch(r.Context(), by.ID, f.put)
	if err != nil {
		return err
	}
	defer stop()
	w.Header().Set("Content-Type", "text/event-stream")
	// Proxies of the nginx kind would keep events until their buffer is full.
	w.Header().Set("X-Accel-Buffering", "no")
	e := eventWriter{w, http.NewResponseController(w)}
	// The next request on this connection must not meet our deadline.
	defer e.conn.SetWriteDeadline(time.Time{})
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		select {
		case <-f.fresh:
			p := f.take()
			if !e.send("event: state\ndata: "+string(frameOf(p, by.token))+"\n\n") || p.Final() {
				return nil
			}
		case <-ticker.C:
			if !e.send(": waiting\n\n") {
				return nil
			}
		case <-r.Context().Done():
			return nil
		case <-a.life.Done():
			return nil
		}
	}
}

type eventWriter struct {
	w    http.ResponseWriter
	conn *http.ResponseController
}

// send writes text within writeTime; false when the browser is gone or too
// slow.
func (e eventWriter) send(text string) bool {
	if err := e.conn.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return false
	}
	if _, err := e.w.Write([]byte(text)); err != nil {
		return false
	}
	return e.conn.Flush() == nil
}
