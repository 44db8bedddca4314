package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
	"countersign/push"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gorilla/websocket"
)

// Config is what an API is made of. Notices, Push, Conditions, Limits,
// TrustedProxies, Ready and Now may be left out.
type Config struct {
	Approvals  *approvals.Service
	Enrolments *enrolments.Service
	// Notices is what people were told; without it its routes are not there.
	Notices Notices
	// PublicURL is where the server is reached, without a trailing slash; what
	// phones sign names it.
	PublicURL string
	// ServerName is what a phone calls this server.
	ServerName string
	// Push names the services that this server can send through, WebPushKey the
	// VAPID public key (base64url) where WebPush is one of them; it may change
	// between two calls.
	Push       []push.Service
	WebPushKey func() string
	// Conditions is how the push services do; nil where nobody knows.
	Conditions func() []push.Condition
	// KeySet is the JWK set that verifies result tokens.
	KeySet []byte
	// Ready returns an error while the server cannot do its work; nil is
	// always ready.
	Ready func(context.Context) error
	// TrustedProxies are those whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	Limits         Limits
	// CheckEvery is how often the server looks whether it is Ready while
	// browsers wait; those are asked to connect again when it is not. 2 s.
	CheckEvery time.Duration
	Now        func() time.Time
	Log        *slog.Logger
}

// Limits bound what strangers can take. A zero field takes its default.
type Limits struct {
	// Burst and PerMinute bound failed keys, tokens and proofs, and pairings,
	// of one address (an IPv6 /64): Burst at once, then PerMinute. 600 and 600:
	// secrets here have 256 bits, the bound saves work, not secrets.
	Burst, PerMinute int
	// Waiting bounds held requests, streams and sockets together; 20,000.
	Waiting int
	// WaitingEach bounds those for one approval, set-up or phone; 16.
	WaitingEach int
}

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		field    *int
		fallback int
	}{{&l.Burst, 600}, {&l.PerMinute, 600}, {&l.Waiting, 20_000}, {&l.WaitingEach, 16}} {
		if *d.field <= 0 {
			*d.field = d.fallback
		}
	}
	return l
}

// API serves the protocol. It is safe for concurrent use; Shutdown ends what
// it has begun.
type API struct {
	config Config
	// origin is the server's own, as browsers send it.
	origin string
	mux    *http.ServeMux
	huma   huma.API

	limit    *limit
	crowd    *crowd
	sockets  *hub
	upgrader *websocket.Upgrader
	// life ends when Shutdown begins.
	life context.Context
	stop context.CancelFunc
}

// New makes an API.
func New(c Config) (*API, error) {
	origin, err := originOf(c.PublicURL)
	if err != nil {
		return nil, err
	}
	if c.Approvals == nil || c.Enrolments == nil || c.Log == nil || len(c.KeySet) == 0 {
		return nil, errors.New("api: Approvals, Enrolments, KeySet and Log are needed")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Ready == nil {
		c.Ready = func(context.Context) error { return nil }
	}
	if c.CheckEvery <= 0 {
		c.CheckEvery = 2 * time.Second
	}
	c.Limits = c.Limits.withDefaults()
	a := &API{
		config: c, origin: origin, mux: http.NewServeMux(),
		limit: newLimit(c.Now, c.Limits.PerMinute, c.Limits.Burst),
		crowd: newCrowd(c.Limits.Waiting, c.Limits.WaitingEach),
	}
	a.life, a.stop = context.WithCancel(context.Background())
	a.sockets, a.upgrader = newHub(c.Limits.Waiting), a.newUpgrader()
	if err := a.routes(); err != nil {
		a.stop()
		a.sockets.close()
		return nil, err
	}
	a.sockets.work.Go(a.mindTheStore)
	return a, nil
}

// originOf is scheme, host and port of a public URL as browsers write them.
func originOf(public string) (string, error) {
	u, err := url.Parse(public)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(public, "/") {
		return "", fmt.Errorf("api: public URL %q; give one like https://countersign.example.com", public)
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return "", fmt.Errorf("api: public URL %q is neither https nor http", public)
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	} else {
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host, nil
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	defer a.abort(r)
	a.mux.ServeHTTP(w, r)
}

// abort ends the connection of a request whose handler panicked: half an
// answer must not look like one.
func (a *API) abort(r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause != http.ErrAbortHandler && r.Context().Err() == nil {
		a.config.Log.Error("a handler panicked", "method", r.Method, "pattern", r.Pattern, "cause", cause, "stack", string(debug.Stack()))
	}
	panic(http.ErrAbortHandler)
}

// Shutdown takes no new sign-ins, answers what is held open, ends streams,
// closes websockets with 1012 and waits until all of them have gone, or ctx
// ends; then it cuts them off. Other requests are answered as before: closing
// the listener is the caller's.
func (a *API) Shutdown(ctx context.Context) error {
	a.crowd.close()
	a.stop()
	a.sockets.restart()
	err := a.crowd.gone(ctx)
	if err != nil {
		a.sockets.cut()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), cutTime)
		defer cancel()
		err = errors.Join(err, a.crowd.gone(last))
	}
	a.sockets.close()
	return err
}

// cutTime is how long those who were cut off have to notice.
const cutTime = time.Second

// stopping reports whether Shutdown has begun.
func (a *API) stopping() bool { return a.life.Err() != nil }
