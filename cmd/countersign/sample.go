package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"countersign/cmd/countersign/demo"
	"countersign/cmd/countersign/node"
	"countersign/cmd/countersign/northwind"
)

// sampleCommand runs the sample application on its own.
type sampleCommand struct {
	Listen         string `default:"127.0.0.1:8090" placeholder:"HOST:PORT" help:"Where to listen (${default})."`
	PublicURL      string `default:"http://localhost:8090" placeholder:"URL" help:"Where browsers reach the application (${default})."`
	CountersignURL string `default:"http://localhost:8080" placeholder:"URL" help:"Where the application reaches the server (${default})."`
	Issuer         string `placeholder:"URL" help:"Where browsers reach the server, when that differs from --countersign-url."`
	APIKeyFile     string `required:"" placeholder:"FILE" help:"File that holds the application's API key."`
}

// Run serves until ctx ends.
func (c *sampleCommand) Run(ctx context.Context, s *streams) error {
	key, err := readSmall(c.APIKeyFile)
	if err != nil {
		return fmt.Errorf("--api-key-file: %w", err)
	}
	handler, err := northwind.New(northwind.Config{CountersignURL: c.CountersignURL, Issuer: c.Issuer, APIKey: key, PublicURL: c.PublicURL, People: demo.People()})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	fmt.Fprintln(s.err, "Northwind Books is at", c.PublicURL)
	return serveUntil(ctx, listener, handler, slog.New(slog.NewTextHandler(s.err, nil)))
}

// serveUntil answers on l until ctx ends.
func serveUntil(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	server := node.NewServer(h, log)
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// healthCommand asks whether a server is ready.
type healthCommand struct {
	URL string `name:"url" default:"http://127.0.0.1:8080/readyz" placeholder:"URL" help:"What to ask (${default})."`
}

// Run returns an error unless the answer is 200.
func (c *healthCommand) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", resp.Status, text)
	}
	return nil
}
