package api

import (
	"runtime"
	"sync"
	"time"
)

// slots is how many groups sockets are pinged in, one a second: ten thousand
// pings at once would hold up the frames behind them.
const slots = int(beat / time.Second)

// hub owns the sockets of all waiting screens: the few goroutines that write to
// them, and the one that has them pinged. A socket costs one goroutine, which
// reads.
type hub struct {
	// queue holds sockets that have something to write, each at most once.
	queue chan *socket
	quit  chan struct{}
	work  sync.WaitGroup
	once  sync.Once

	mu       sync.Mutex
	slots    [slots]map[*socket]struct{}
	next     int // slot of the next socket
	stopping bool
}

// newHub makes a hub for at most limit sockets.
func newHub(limit int) *hub {
	h := &hub{queue: make(chan *socket, limit), quit: make(chan struct{})}
	for i := range h.slots {
		h.slots[i] = map[*socket]struct{}{}
	}
	// More than one a core: a writer may wait for a slow socket.
	for range 4*runtime.GOMAXPROCS(0) + 4 {
		h.work.Go(h.write)
	}
	h.work.Go(h.ping)
	return h
}

// write sends what queued sockets have.
func (h *hub) write() {
	for {
		select {
		case s := <-h.queue:
			s.flush()
		case <-h.quit:
			return
		}
	}
}

// ping asks one slot of sockets a second for a sign of life.
func (h *hub) ping() {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for slot := 0; ; slot = (slot + 1) % slots {
		select {
		case <-ticker.C:
			for _, s := range h.in(slot) {
				s.wantPing()
			}
		case <-h.quit:
			return
		}
	}
}

func (h *hub) in(slot int) []*socket {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]*socket, 0, len(h.slots[slot]))
	for s := range h.slots[slot] {
		out = append(out, s)
	}
	return out
}

// add takes a socket in; false when the server stops.
func (h *hub) add(s *socket) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopping {
		return false
	}
	s.slot = h.next
	h.next = (h.next + 1) % slots
	h.slots[s.slot][s] = struct{}{}
	return true
}

func (h *hub) remove(s *socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.slots[s.slot], s)
}

// enqueue never blocks: a queue that is full, which no honest load can bring
// about, costs the socket its connection.
func (h *hub) enqueue(s *socket) {
	select {
	case h.queue <- s:
	default:
		s.drop()
	}
}

// restart asks all browsers to connect again, to another node or later.
func (h *hub) restart() {
	h.mu.Lock()
	h.stopping = true
	h.mu.Unlock()
	h.reconnect()
}

// reconnect asks the browsers that are here now to connect again.
func (h *hub) reconnect() {
	for slot := range slots {
		for _, s := range h.in(slot) {
			s.wantClose()
		}
	}
}

// cut drops all connections.
func (h *hub) cut() {
	for slot := range slots {
		for _, s := range h.in(slot) {
			s.drop()
		}
	}
}

// close ends the hub's goroutines and waits for them.
func (h *hub) close() {
	h.once.Do(func() { close(h.quit) })
	h.work.Wait()
}
