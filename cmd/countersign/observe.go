package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"countersign/cmd/countersign/metrics"
	"countersign/cmd/countersign/node"
	"countersign/cmd/countersign/trace"
)

// observeFlags say who may look at what the server does. Traces have the
// standard environment of OpenTelemetry instead of flags.
type observeFlags struct {
	MetricsListen string `name:"metrics-listen" placeholder:"HOST:PORT" help:"Where Prometheus reads GET /metrics (off). Nobody authenticates there: keep it on a private address."`
}

// observed is what looks at a node.
type observed struct {
	metrics *metrics.Metrics // nil for none
	stops   []func() error
}

// observe adds what looks at a node to its configuration.
func (f observeFlags) observe(ctx context.Context, c *node.Config) (*observed, error) {
	o := &observed{}
	if f.MetricsListen != "" {
		if err := o.serveMetrics(f.MetricsListen, c.Log); err != nil {
			return nil, fmt.Errorf("--metrics-listen: %w", err)
		}
		c.Observers = append(c.Observers, o.metrics)
	}
	if trace.Wanted(os.Getenv) {
		traces, err := trace.Open(ctx, c.Log)
		if err != nil {
			return nil, errors.Join(err, o.stop())
		}
		o.stops = append(o.stops, func() error { return closeTraces(traces) })
		c.Observers, c.Around = append(c.Observers, traces), traces.Around
	}
	return o, nil
}

// opened is told of the node that came of the configuration.
func (o *observed) opened(n *node.Node) {
	if o.metrics != nil {
		o.metrics.WatchHealth(n.Conditions)
	}
}

// stop ends all that looks.
func (o *observed) stop() (err error) {
	for _, stop := range o.stops {
		err = errors.Join(err, stop())
	}
	return err
}

func (o *observed) serveMetrics(address string, log *slog.Logger) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	o.metrics = metrics.New()
	server, ended := node.NewServer(o.metrics.Handler(), log), make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics are no longer served", "error", err)
		}
	}()
	o.stops = append(o.stops, func() error {
		err := server.Close()
		<-ended
		return err
	})
	log.Info("metrics", "listen", listener.Addr().String())
	return nil
}

// lastSpans is how long a collector may hold up the end of the server.
const lastSpans = 2 * time.Second

// closeTraces sends what is left. A collector that is away is no failure of the
// server's.
func closeTraces(t *trace.Traces) error {
	ctx, cancel := context.WithTimeout(context.Background(), lastSpans)
	defer cancel()
	_ = t.Close(ctx)
	return nil
}
