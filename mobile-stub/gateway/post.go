package gateway

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Delivery is a message as a phone gets it from its service.
type Delivery struct {
	Service string `json:"service"` // "fcm", "apns", "webpush"
	Token   string `json:"token"`   // Web Push: the endpoint's id
	Sandbox bool   `json:"sandbox,omitempty"`
	// Collapse is the collapse key, collapse id or topic; may be empty.
	Collapse string    `json:"collapse,omitempty"`
	Urgent   bool      `json:"urgent"`
	Expires  time.Time `json:"expires"`
	// Body is FCM's message or APNs' payload in JSON, or the body that the phone
	// must decrypt. JSON holds it in base64.
	Body []byte `json:"body"`
}

const (
	heldEach = 16     // messages kept for one absent phone
	heldAll  = 10_000 // and for all of them
	backlog  = 64     // messages that a subscriber may leave unread
)

// post hands messages on. For a phone that is not there it keeps them until
// they expire, a newer one in place of an older that it collapses with.
type post struct {
	took   func(Delivery) // may be nil
	mu     sync.Mutex
	open   map[string][]chan Delivery
	held   map[string][]Delivery
	count  int // in held
	closed bool
}

// Subscribe gives what comes for a token (Web Push: an endpoint's id), first
// what is still kept. A subscriber that leaves more than 64 messages unread
// loses the next ones. The channel is closed by cancel and by Close.
func (g *Gateway) Subscribe(token string) (deliveries <-chan Delivery, cancel func()) {
	c := g.post.subscribe(token, g.options.Now())
	return c, sync.OnceFunc(func() { g.post.unsubscribe(token, c) })
}

func newPost(took func(Delivery)) *post {
	return &post{took: took, open: make(map[string][]chan Delivery), held: make(map[string][]Delivery)}
}

func (p *post) subscribe(token string, now time.Time) chan Delivery {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := make(chan Delivery, backlog)
	if p.closed {
		close(c)
		return c
	}
	p.open[token] = append(p.open[token], c)
	for _, d := range p.held[token] {
		if now.Before(d.Expires) {
			c <- d // heldEach is below backlog
		}
	}
	p.count -= len(p.held[token])
	delete(p.held, token)
	return c
}

func (p *post) unsubscribe(token string, c chan Delivery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rest := slices.DeleteFunc(p.open[token], func(o chan Delivery) bool { return o == c })
	if len(rest) == len(p.open[token]) {
		return // closed already
	}
	p.open[token] = rest
	if len(rest) == 0 {
		delete(p.open, token)
	}
	close(c)
}

func (p *post) deliver(d Delivery, now time.Time) {
	if p.took != nil {
		p.took(d)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.open[d.Token]) == 0 {
		p.hold(d, now)
		return
	}
	for _, c := range p.open[d.Token] {
		select {
		case c <- d:
		default:
		}
	}
}

func (p *post) hold(d Delivery, now time.Time) {
	if p.closed || !now.Before(d.Expires) {
		return
	}
	p.keep(d.Token, func(o Delivery) bool {
		return now.Before(o.Expires) && (d.Collapse == "" || o.Collapse != d.Collapse)
	})
	if kept := p.held[d.Token]; len(kept) == heldEach {
		p.held[d.Token] = kept[1:]
		p.count--
	}
	if p.count >= heldAll {
		for token := range p.held {
			p.keep(token, func(o Delivery) bool { return now.Before(o.Expires) })
		}
	}
	if p.count < heldAll {
		p.held[d.Token] = append(p.held[d.Token], d)
		p.count++
	}
}

// keep forgets what a token's phone need not get any more.
func (p *post) keep(token string, wanted func(Delivery) bool) {
	before := len(p.held[token])
	kept := slices.DeleteFunc(p.held[token], func(d Delivery) bool { return !wanted(d) })
	p.count -= before - len(kept)
	p.held[token] = kept
	if len(kept) == 0 {
		delete(p.held, token)
	}
}

func (p *post) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, cs := range p.open {
		for _, c := range cs {
			close(c)
		}
	}
	p.open, p.held, p.count = nil, nil, 0
}

// deliveries streams what comes for a token, a JSON object a line, until the
// reader goes.
func (g *Gateway) deliveries(w http.ResponseWriter, r *http.Request) {
	c, cancel := g.Subscribe(r.PathValue("token"))
	defer cancel()
	w.Header().Set("Content-Type", "application/jsonl")
	w.WriteHeader(http.StatusOK)
	control, lines := http.NewResponseController(w), json.NewEncoder(w)
	for control.Flush() == nil {
		select {
		case d, ok := <-c:
			if !ok || lines.Encode(d) != nil {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}
