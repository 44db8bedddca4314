package main

import (
	"context"
	"io"
	"log/slog"

	"countersign/cmd/countersign/demo"
)

// demoCommand runs the demonstration.
type demoCommand struct {
	Script  bool   `help:"Tell the stories of a sign-in as a transcript, without a browser; exit 1 when one does not end as it should."`
	Data    string `placeholder:"DIR" help:"Keep database, keys and phone in a folder; without it nothing is left behind."`
	Listen  string `default:"127.0.0.1:8700" placeholder:"HOST:PORT" help:"Loopback address of the page to open; the server and the shop take the next two ports (${default})."`
	Verbose bool   `help:"Log what the server logs."`
}

// Run runs until ctx ends, or the stories are told.
func (c *demoCommand) Run(ctx context.Context, s *streams) error {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if c.Verbose {
		log = slog.New(slog.NewTextHandler(s.err, nil))
	}
	options := demo.Options{Listen: c.Listen, Data: c.Data, Log: log}
	if c.Script {
		return demo.Tell(ctx, options, s.out)
	}
	return demo.Serve(ctx, options, s.out)
}
