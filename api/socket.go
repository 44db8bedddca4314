package api

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"countersign/approvals"
	"countersign/enrolments"

	"github.com/gorilla/websocket"
)

const (
	// silence is how long a socket may say nothing: two pings and some.
	silence = 2*beat + 10*time.Second
	// closeTime is how long a browser has to answer a close.
	closeTime = 3 * time.Second
	// readLimit bounds a message in bytes; browsers send none here.
	readLimit = 64
	// The read buffer need only hold a control frame, which has 125 bytes at
	// most (RFC 6455 section 5.5).
	readBuffer, writeBuffer = 128, 1024
)

// socket is one waiting screen's websocket.
type socket struct {
	api   *API
	token enrolments.Secret
	what  string // what it waits for, as crowd counts it
	conn  *websocket.Conn
	slot  int
	// stop ends the watch on the approval.
	stop func()

	mu sync.Mutex
	// latest is a state that was not sent yet.
	latest *approvals.Approval
	ping   bool
	// closing asks for a close with 1012.
	closing bool
	// queued is true from enqueue until flush finds nothing more; while it is,
	// conn is written to by that one flush alone.
	queued bool
	// open is false before the handshake and after the close frame.
	open bool
	// closed is true once the browser was told to go.
	closed bool
}

// socket upgrades to a websocket. The watch begins before the 101 is sent, so
// that no decision is lost between; then the handler returns, which gives the
// request's buffers and stack back.
func (a *API) socket(w http.ResponseWriter, r *http.Request, by screen) error {
	s := &socket{api: a, token: by.token, what: waitersOf(by.ID)}
	if err := a.crowd.enter(s.what); err != nil {
		return err
	}
	// The watch outlives the request, and so must its context.
	stop, err := a.config.Approvals.Watch(a.life, by.ID, s.notify)
	if err != nil {
		a.crowd.leave(s.what)
		if a.stopping() {
			return errStopping // the end of life ended the watch
		}
		return err
	}
	s.stop = stop
	if s.conn, err = a.upgrader.Upgrade(w, r, chosen(r)); err != nil {
		s.leave()
		return nil // answered by the upgrader, or gone
	}
	s.begin()
	return nil
}

// chosen names the subprotocol where the browser offers it. Left to choose, the
// library would keep the browser's header, token and all, for as long as the
// socket lives.
func chosen(r *http.Request) http.Header {
	if !slices.Contains(websocket.Subprotocols(r), subprotocol) {
		return nil
	}
	return http.Header{"Sec-Websocket-Protocol": {subprotocol}}
}

// newUpgrader speaks version 13 with our subprotocol. The origin has been
// checked. Write buffers are shared by all sockets: one is needed during a
// write alone.
func (a *API) newUpgrader() *websocket.Upgrader {
	return &websocket.Upgrader{
		HandshakeTimeout: writeTime, ReadBufferSize: readBuffer, WriteBufferSize: writeBuffer,
		WriteBufferPool: &sync.Pool{},
		CheckOrigin:     func(*http.Request) bool { return true },
		Error: func(w http.ResponseWriter, r *http.Request, _ int, _ error) {
			a.writeProblem(w, r, errHandshake)
		},
	}
}

// begin starts the reader and sends what has come up meanwhile.
func (s *socket) begin() {
	s.conn.SetReadLimit(readLimit)
	s.conn.SetPongHandler(func(string) error { return s.extend() })
	if !s.api.sockets.add(s) {
		s.end(websocket.CloseServiceRestart, "restart", time.Now().Add(writeTime))
		s.leave()
		return
	}
	s.extend()
	go s.read()
	s.wake(func() { s.open = true })
}

// notify is told each state by the store. It must not block.
func (s *socket) notify(p approvals.Approval) { s.wake(func() { s.latest = &p }) }

func (s *socket) wantPing()  { s.wake(func() { s.ping = true }) }
func (s *socket) wantClose() { s.wake(func() { s.closing = true }) }

// wake notes what is to be sent and queues the socket, once.
func (s *socket) wake(note func()) {
	s.mu.Lock()
	note()
	enqueue := s.open && !s.queued && s.pending()
	s.queued = s.queued || enqueue
	s.mu.Unlock()
	if enqueue {
		s.api.sockets.enqueue(s)
	}
}

func (s *socket) pending() bool { return s.latest != nil || s.ping || s.closing }

// errand is what one write has to do.
type errand struct {
	state         *approvals.Approval
	ping, closing bool
}

// take empties what is to be sent; false when there is nothing, and the socket
// is out of the queue.
func (s *socket) take() (errand, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open || !s.pending() {
		s.queued = false
		return errand{}, false
	}
	e := errand{s.latest, s.ping, s.closing}
	s.latest, s.ping = nil, false
	// No frame follows a close.
	s.open = !e.closing && (e.state == nil || !e.state.Final())
	return e, true
}

// flush writes all that there is. A socket that does not take it in time is
// dropped.
func (s *socket) flush() {
	for {
		e, ok := s.take()
		if !ok {
			return
		}
		if err := s.do(e); err != nil {
			s.drop()
			return
		}
	}
}

func (s *socket) do(e errand) error {
	deadline := time.Now().Add(writeTime)
	if e.state != nil {
		if err := s.conn.SetWriteDeadline(deadline); err != nil {
			return err
		}
		if err := s.conn.WriteMessage(websocket.TextMessage, frameOf(*e.state, s.token)); err != nil {
			return err
		}
	}
	switch {
	case e.state != nil && e.state.Final():
		return s.end(websocket.CloseNormalClosure, "settled", deadline)
	case e.closing:
		return s.end(websocket.CloseServiceRestart, "restart", deadline)
	case e.ping:
		return s.conn.WriteControl(websocket.PingMessage, nil, deadline)
	}
	return nil
}

// end says good-bye; the reader ends with the browser's own.
func (s *socket) end(code int, why string, deadline time.Time) error {
	err := s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, why), deadline)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return s.conn.SetReadDeadline(time.Now().Add(closeTime))
}

// extend gives a socket that is alive more time; one that was told to go gets
// none.
func (s *socket) extend() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	return s.conn.SetReadDeadline(time.Now().Add(silence))
}

// read waits for the browser to go. A message ends the socket too: waiting
// screens send none.
func (s *socket) read() {
	defer s.leave()
	s.conn.NextReader()
}

// drop cuts the connection; the reader does the rest.
func (s *socket) drop() { s.conn.Close() }

// leave gives back all that the socket holds.
func (s *socket) leave() {
	s.stop()
	if s.conn != nil {
		s.api.sockets.remove(s)
		s.conn.Close()
	}
	s.api.crowd.leave(s.what)
}
