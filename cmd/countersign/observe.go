package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"countersign/cmd/countersign/metrics"
	"countersign/cmd/countersign/node"
)

// observeFlags say who may look at what the server does.
type observeFlags struct {
	MetricsListen string `name:"metrics-listen" placeholder:"HOST:PORT" help:"Where Prometheus reads GET /metrics (off). Nobody authenticates there: keep it on a private address."`
}

// metrics listens and counts, where it is asked for. stop ends it.
func (f observeFlags) metrics(log *slog.Logger) (m *metrics.Metrics, stop func(), err error) {
	if f.MetricsListen == "" {
		return nil, func() {}, nil
	}
	listener, err := net.Listen("tcp", f.MetricsListen)
	if err != nil {
		return nil, nil, fmt.Errorf("--metrics-listen: %w", err)
	}
	m = metrics.New()
	server, ended := node.NewServer(m.Handler(), log), make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(listener); err != http.ErrServerClosed {
			log.Error("metrics are no longer served", "error", err)
		}
	}()
	log.Info("metrics", "listen", listener.Addr().String())
	return m, func() {
		server.Close()
		<-ended
	}, nil
}

// watch has a node's pushes counted. It is called before the node is opened,
// and what it returns after.
func watch(m *metrics.Metrics, c *node.Config) (opened func(*node.Node)) {
	if m == nil {
		return func(*node.Node) {}
	}
	c.Observers = append(c.Observers, m)
	return func(n *node.Node) { m.WatchHealth(n.Conditions) }
}
