// Package gateway stands in for the delivery services on one's own machine:
// Firebase Cloud Messaging v1 with its token endpoint, the Apple Push
// Notification service (production and sandbox), and a Web Push service. Each
// has a loopback address of its own and speaks HTTP/2 over TLS by a certificate
// that the gateway makes for itself.
//
// It holds a caller to what the real services document, answers as they do and
// says in the header Gateway-Why what it did not like. It decrypts nothing:
// what it takes, it hands to whoever subscribed to that token, in this process
// (Subscribe) or in another (GET /deliveries/{token}). It can be told to refuse,
// delay, drop and hang (Answer), to break its connections or send them away; by
// another process through its Web Push address: see control.
//
// It belongs to the simulated phone and shares no code with the server: only
// the services' own documents bind the two.
package gateway

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options say how to start. The zero value listens on free loopback ports.
type Options struct {
	// Addresses to listen on; "127.0.0.1:0" where empty.
	FCM, APNs, APNsSandbox, WebPush string
	// Dir is where ca.pem and the credentials are written (see Files). Empty
	// writes nothing.
	Dir string
	// Project is the Firebase project; "countersign-demo" where empty.
	Project string
	// Topic is the app's bundle id; "net.example.countersign" where empty.
	Topic string
	// Streams bounds the requests at once on a connection; 0 is 1000, as Apple
	// has it.
	Streams int
	// AtOnce bounds the requests at once to all services together: more are
	// answered 503 with Retry-After. 0 is without bound.
	AtOnce int
	// TokenLife is how long an access token of FCM lives; 0 is an hour.
	TokenLife time.Duration
	// Took is told of each message that was taken, before the sender is; nil is
	// told of none. It must be quick.
	Took func(Delivery)
	// Log takes a line for each refusal; nil is silent. Lines hold no token.
	Log io.Writer
	// Now is the gateway's clock; nil is time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	for _, addr := range []*string{&o.FCM, &o.APNs, &o.APNsSandbox, &o.WebPush} {
		*addr = or(*addr, "127.0.0.1:0")
	}
	o.Project = or(o.Project, "countersign-demo")
	o.Topic = or(o.Topic, "net.example.countersign")
	if o.Streams == 0 {
		o.Streams = 1000
	}
	if o.TokenLife == 0 {
		o.TokenLife = time.Hour
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// Gateway is running until Close.
type Gateway struct {
	// Where the services are: https and host, no path. TokenURL is whole.
	FCM, APNs, APNsSandbox, WebPush, TokenURL string
	// Credentials that the services accept.
	Credentials Credentials

	options  Options
	log      *log.Logger
	identity *identity
	post     *post
	rules    *rules
	access   *accessTokens

	servers []*http.Server
	running sync.WaitGroup
	stop    context.CancelFunc
	conns   *connections
}

// Start listens, writes the files that o.Dir asks for, and returns.
func Start(o Options) (*Gateway, error) {
	o = o.withDefaults()
	id, err := newIdentity()
	if err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	g := &Gateway{
		options: o, identity: id, stop: stop,
		log:  log.New(o.Log, "gateway: ", log.Ltime),
		post: newPost(o.Took), rules: newRules(), access: newAccessTokens(), conns: newConnections(),
	}
	if err := g.listen(ctx); err != nil {
		g.Close()
		return nil, fmt.Errorf("gateway: %w", err)
	}
	g.Credentials = id.credentials(g)
	if err := g.writeFiles(); err != nil {
		g.Close()
		return nil, fmt.Errorf("gateway: %w", err)
	}
	return g, nil
}

func (g *Gateway) listen(ctx context.Context) error {
	for _, s := range []struct {
		addr    string
		url     *string
		handler http.Handler
	}{
		{g.options.FCM, &g.FCM, g.fcmRoutes()},
		{g.options.APNs, &g.APNs, g.apnsRoutes(false)},
		{g.options.APNsSandbox, &g.APNsSandbox, g.apnsRoutes(true)},
		{g.options.WebPush, &g.WebPush, g.webPushRoutes()},
	} {
		l, err := net.Listen("tcp", s.addr)
		if err != nil {
			return err
		}
		*s.url = "https://" + l.Addr().String()
		g.serve(ctx, l, s.handler)
	}
	g.TokenURL = g.FCM + tokenPath
	return nil
}

func (g *Gateway) serve(ctx context.Context, l net.Listener, h http.Handler) {
	server := &http.Server{
		Handler:           g.guarded(h),
		TLSConfig:         g.identity.serverTLS(),
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: g.options.Streams},
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Hour,
		ErrorLog:          log.New(io.Discard, "", 0), // dropped streams and foreign certificates are what it is for
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       g.conns.attend,
		ConnState:         g.conns.note,
	}
	g.servers = append(g.servers, server)
	g.running.Go(func() { server.ServeTLS(l, "", "") })
}

// maxBody is beyond every service's limit, so that a handler can say which one
// was passed.
const maxBody = 64 << 10

func (g *Gateway) guarded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		busy, ok := g.conns.enter()
		if !ok {
			panic(http.ErrAbortHandler)
		}
		defer g.conns.leave()
		if g.conns.mustGo(connectionOf(r)) {
			w.Header().Set("Connection", "close") // net/http sends GOAWAY on HTTP/2
		}
		if g.options.AtOnce > 0 && busy > g.options.AtOnce && r.Method == http.MethodPost {
			w.Header().Set("Retry-After", "1")
			g.refused(w, "all services", "more requests at once than it was started for")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		h.ServeHTTP(w, r)
	})
}

// refused notes why in a header and in the log. where is the service.
func (g *Gateway) refused(w http.ResponseWriter, where, why string) {
	w.Header().Set("Gateway-Why", why)
	g.log.Printf("%s: %s", where, why)
}

// CertPool trusts the gateway.
func (g *Gateway) CertPool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(g.identity.ca)
	return pool
}

// Endpoint is the Web Push endpoint of the phone that subscribes to id, which
// should be made of base64url.
func (g *Gateway) Endpoint(id string) string { return g.WebPush + "/push/" + id }

// CloseConnections cuts every connection, as a network that breaks.
func (g *Gateway) CloseConnections() { g.conns.cut() }

// GoAway closes every connection that is open gracefully (RFC 9113 section 6.8):
// each with its next answer, while what is under way on it goes on.
func (g *Gateway) GoAway() { g.conns.sendAway() }

// Connections is how many connections were opened since Start.
func (g *Gateway) Connections() int { return g.conns.count() }

// Close ends every connection and subscription and waits for them.
func (g *Gateway) Close() error {
	g.stop()
	var errs []error
	for _, s := range g.servers {
		errs = append(errs, s.Close())
	}
	g.running.Wait()
	g.post.close()
	g.conns.wait()
	return errors.Join(errs...)
}
