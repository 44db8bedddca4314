package apibench

import (
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// The values of gorilla's chat example, but for pingEvery, which is ours (the
// example's is 54 s), so that both servers do the same work in the same time.
const (
	bufferSize = 1024
	sendQueue  = 256
	pongWait   = 60 * time.Second
	pingEvery  = 25 * time.Second
	writeWait  = 10 * time.Second
	readLimit  = 512
)

// Server is a websocket server in the shape that most programs have: for each
// connection a goroutine that reads, one that writes, a queue between them and
// a ticker for pings. It sends each browser one message and then keeps it.
type Server struct {
	greeting []byte
	upgrader websocket.Upgrader

	mu      sync.Mutex
	members map[*member]struct{}
	closed  bool
	work    sync.WaitGroup
}

// NewServer makes a server that greets each browser with greeting.
func NewServer(greeting []byte) *Server {
	return &Server{
		greeting: greeting, members: make(map[*member]struct{}),
		upgrader: websocket.Upgrader{
			ReadBufferSize: bufferSize, WriteBufferSize: bufferSize,
			CheckOrigin: func(*http.Request) bool { return true },
		},
	}
}

type member struct {
	server *Server
	conn   *websocket.Conn
	send   chan []byte
}

// ServeHTTP takes any request as a browser that wants to wait.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := s.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // answered by the upgrader
	}
	m := &member{server: s, conn: conn, send: make(chan []byte, sendQueue)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		conn.Close()
		return
	}
	s.members[m] = struct{}{}
	m.send <- s.greeting
	s.work.Go(m.write)
	s.work.Go(m.read)
}

func (m *member) read() {
	defer m.server.remove(m)
	m.conn.SetReadLimit(readLimit)
	extend := func(string) error { return m.conn.SetReadDeadline(time.Now().Add(pongWait)) }
	m.conn.SetPongHandler(extend)
	for extend("") == nil {
		if _, _, err := m.conn.ReadMessage(); err != nil {
			return
		}
	}
}

func (m *member) write() {
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	defer m.conn.Close()
	for {
		kind, text := websocket.PingMessage, []byte(nil)
		select {
		case <-ticker.C:
		case message, ok := <-m.send:
			kind, text = websocket.TextMessage, message
			if !ok {
				kind = websocket.CloseMessage
			}
		}
		m.conn.SetWriteDeadline(time.Now().Add(writeWait))
		if err := m.conn.WriteMessage(kind, text); err != nil || kind == websocket.CloseMessage {
			return
		}
	}
}

// remove lets a member go, once.
func (s *Server) remove(m *member) {
	m.conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, here := s.members[m]; here {
		delete(s.members, m)
		close(m.send)
	}
}

// Close sends all browsers away and waits for what the server has begun.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	for m := range s.members {
		m.conn.Close()
	}
	s.mu.Unlock()
	s.work.Wait()
}
