package gateway

import (
	"net/http"
	"sync"
	"time"
)

// Rule is what happens to a message instead of its delivery. Delay comes first,
// then the first of the others that is set. A message that breaks a rule of the
// service itself is refused for that, whatever the Rule says.
type Rule struct {
	Delay  time.Duration // wait, then go on
	Hang   bool          // take the request and never answer
	Drop   bool          // break the stream off
	Status int           // answer this
	// Reason goes with Status: APNs' reason, FCM's errorCode, or a word for the
	// body of the others.
	Reason     string
	RetryAfter string // header value, goes with Status
	Body       string // instead of the service's own shape, goes with Status
	// GoAway closes the connection gracefully after the answer, also one of
	// success.
	GoAway bool
	// Times is how often the rule holds before it is forgotten; 0 is always.
	Times int
}

// Names for Answer that stand for more than one token.
const (
	EveryFCM     = "fcm *"
	EveryAPNs    = "apns *"
	EveryWebPush = "webpush *"
	TokenServer  = "token endpoint" // FCM's
)

// rules by token or by one of the names above.
type rules struct {
	mu sync.Mutex
	by map[string]*Rule
}

func newRules() *rules { return &rules{by: make(map[string]*Rule)} }

// Answer sets the rule for a token (Web Push: the endpoint's id), in place of
// one that was set before.
func (g *Gateway) Answer(token string, r Rule) {
	g.rules.mu.Lock()
	defer g.rules.mu.Unlock()
	g.rules.by[token] = &r
}

// Deliver forgets the rule for a token.
func (g *Gateway) Deliver(token string) {
	g.rules.mu.Lock()
	defer g.rules.mu.Unlock()
	delete(g.rules.by, token)
}

// take finds the rule of the first name that has one, and counts it.
func (rs *rules) take(names ...string) (Rule, bool) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for _, name := range names {
		r, ok := rs.by[name]
		if !ok {
			continue
		}
		taken := *r
		if r.Times > 0 {
			if r.Times--; r.Times == 0 {
				delete(rs.by, name)
			}
		}
		return taken, true
	}
	return Rule{}, false
}

// obey does what the rule says and reports whether the request is done with.
// refuse writes status and reason in the service's shape.
func (rs *rules) obey(w http.ResponseWriter, r *http.Request, refuse func(status int, reason string), names ...string) bool {
	rule, ok := rs.take(names...)
	if !ok {
		return false
	}
	if rule.Delay > 0 && !pause(r, rule.Delay) {
		panic(http.ErrAbortHandler) // returning would answer 200
	}
	if rule.GoAway {
		w.Header().Set("Connection", "close") // net/http sends GOAWAY on HTTP/2
	}
	switch {
	case rule.Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case rule.Drop:
		panic(http.ErrAbortHandler)
	case rule.Status == 0:
		return false
	default:
		if rule.RetryAfter != "" {
			w.Header().Set("Retry-After", rule.RetryAfter)
		}
		if rule.Body != "" {
			w.WriteHeader(rule.Status)
			w.Write([]byte(rule.Body))
			return true
		}
		refuse(rule.Status, rule.Reason)
	}
	return true
}

func pause(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
