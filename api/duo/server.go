package duo

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
)

// Config is what a Server is made of. All fields are needed but Hosts.
type Config struct {
	Approvals  *approvals.Service
	Enrolments *enrolments.Service
	// PublicURL is where browsers reach the server, without a trailing slash.
	PublicURL string
	// Hosts are the names, with the port where it is not 443, that clients are
	// configured with beside that of PublicURL.
	Hosts []string
	// ClientAddress tells where a browser's request comes from, BrowserName
	// what its User-Agent claims to be, in words made here.
	ClientAddress func(*http.Request) netip.Addr
	BrowserName   func(userAgent string) string
	Now           func() time.Time
	Log           *slog.Logger
}

// Server answers clients of the Duo Auth API.
type Server struct {
	config Config
	hosts  []string
	mux    *http.ServeMux

	stop     sync.Once
	stopping chan struct{}
}

// New makes a Server.
func New(c Config) *Server {
	s := &Server{config: c, hosts: publicHosts(c.PublicURL, c.Hosts), mux: http.NewServeMux(), stopping: make(chan struct{})}
	s.routeV2()
	s.routeV1()
	s.routeUniversal()
	s.mux.Handle("/", s.open(func(*http.Request) (any, error) { return nil, errNotFound }))
	return s
}

// Prefixes are the paths that belong to a Server.
func Prefixes() []string { return []string{"/auth/v2/", "/rest/v1/", "/oauth/v1/"} }

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Stop ends what waits: polls are answered as things stand, and a sign-in that
// blocks is cut off without an answer, which its client asks for again and
// finds at another node.
func (s *Server) Stop() { s.stop.Do(func() { close(s.stopping) }) }

func (s *Server) now() time.Time { return s.config.Now().UTC() }

// await follows an approval until it is final or enough, the limit has passed,
// or the caller goes.
func (s *Server) await(ctx context.Context, id approvals.ID, limit time.Duration, enough func(approvals.Approval) bool) (last approvals.Approval, err error) {
	states := make(chan approvals.Approval, 1)
	stop, err := s.config.Approvals.Watch(ctx, id, func(a approvals.Approval) {
		for { // the newest alone counts, and notify must not block
			select {
			case states <- a:
				return
			default:
			}
			select {
			case <-states:
			default:
			}
		}
	})
	if err != nil {
		return last, err
	}
	defer stop()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		select {
		case last = <-states:
			if last.Final() || enough(last) {
				return last, nil
			}
		case <-timer.C:
			return last, nil
		case <-s.stopping:
			return last, errStopping
		case <-ctx.Done():
			return last, ctx.Err()
		}
	}
}
