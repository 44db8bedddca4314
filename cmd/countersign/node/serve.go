package node

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Timeouts of the HTTP server.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second
	// writeTimeout is above the longest life of an approval (5 min), for the
	// waiting screens that read a stream of events.
	writeTimeout = 6 * time.Minute
	idleTimeout  = 2 * time.Minute
	// drainTimeout leaves two of the ten seconds in which a server must be
	// gone for closing the stores.
	drainTimeout = 8 * time.Second
	maxHeader    = 16 << 10
)

// Serve answers on l until ctx ends, then takes no new sign-in, tells waiting
// browsers to reconnect, lets what is under way end, and closes the node; all
// within ten seconds.
func (n *Node) Serve(ctx context.Context, l net.Listener) error {
	server := NewServer(n.handler, n.log)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		err = n.drain(server)
		<-failed
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(err, n.Close())
}

// NewServer is an http.Server with bounds on what a client may take.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

func (n *Node) drain(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	n.duo.Stop()
	err := errors.Join(n.api.Shutdown(ctx), server.Shutdown(ctx))
	if errors.Is(err, context.DeadlineExceeded) {
		// What has not ended by now is cut; clients reconnect elsewhere.
		return server.Close()
	}
	return err
}
