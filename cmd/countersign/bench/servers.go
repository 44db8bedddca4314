package bench

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"

	"countersign/api/apibench"
	"countersign/cmd/countersign/node"
	"countersign/enrolments"
	"countersign/internal/seal"
)

// serverConfig is what the servers are told.
type serverConfig struct {
	Redis string `json:"redis,omitempty"`
	Dir   string `json:"dir,omitempty"`
}

// serverReady is what they say.
type serverReady struct {
	URL string `json:"url"`
	// Key is an application's, good for as long as the process lives.
	Key string `json:"key,omitempty"`
}

// countersign is the whole product as a part, the same node that is served.
type countersign struct {
	said   serverReady
	stop   context.CancelFunc
	served chan error
}

func startCountersign(ctx context.Context, config json.RawMessage) (servant, error) {
	var c serverConfig
	if err := json.Unmarshal(config, &c); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ring, err := seal.Parse(strings.NewReader(seal.NewKey()))
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	url := "http://" + listener.Addr().String()
	n, err := node.Open(ctx, node.Config{
		PublicURL: url, ServerName: "Countersign", Redis: c.Redis,
		Database: "sqlite:" + filepath.Join(c.Dir, "countersign.db"), Keys: ring, Log: quiet,
	})
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	key, err := n.Enrolments.AddApplication(ctx, enrolments.Application{
		ID: "northwind", Name: "Northwind Books", Policy: enrolments.DefaultPolicy(),
	})
	if err != nil {
		return nil, errors.Join(err, listener.Close(), n.Close())
	}
	s := &countersign{said: serverReady{url, key.Reveal()}, served: make(chan error, 1)}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	go func() { s.served <- n.Serve(serving, listener) }()
	return s, nil
}

func (s *countersign) ready() any { return s.said }

func (s *countersign) answer(context.Context, json.RawMessage) (any, error) { return memoryNow() }

func (s *countersign) close() error {
	s.stop()
	return <-s.served
}

// gorilla is the server that waiting browsers are compared on.
type gorilla struct {
	url    string
	sit    *apibench.Server
	server *http.Server
	work   sync.WaitGroup
}

// greeting has the length of a waiting screen's state.
var greeting = []byte(`{"id":"` + strings.Repeat("x", 560) + `"}`)

func startGorilla(context.Context, json.RawMessage) (servant, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &gorilla{url: "http://" + listener.Addr().String(), sit: apibench.NewServer(greeting)}
	g.server = node.NewServer(g.sit, quiet)
	g.work.Go(func() { g.server.Serve(listener) })
	return g, nil
}

func (g *gorilla) ready() any { return serverReady{URL: g.url} }

func (g *gorilla) answer(context.Context, json.RawMessage) (any, error) { return memoryNow() }

func (g *gorilla) close() error {
	err := g.server.Close()
	g.work.Wait()
	g.sit.Close()
	return err
}
