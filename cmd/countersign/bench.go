package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"countersign/cmd/countersign/bench"
)

// benchCommand measures.
type benchCommand struct {
	Store   benchStore   `cmd:"" help:"How fast approvals are created in Redis, beside redis-benchmark and a plain go-redis pool."`
	Waiting benchWaiting `cmd:"" help:"What a waiting browser costs in memory, beside gorilla's example server."`
	Answer  benchAnswer  `cmd:"" help:"How long from the phone's answer to the browser, beside Redis publish to subscriber."`
	Push    benchPush    `cmd:"" help:"How fast a request for a sign-in reaches the delivery service, at one caller and at many."`
	Part    benchPart    `cmd:"" hidden:""`
}

// benchFlags are those of all measurements.
type benchFlags struct {
	Rounds int    `default:"5" placeholder:"N" help:"How often each is measured, 3 to 50 (${default})."`
	JSON   string `name:"json" placeholder:"FILE" help:"Write the figures as JSON too."`
}

// measurement is what a verb runs.
type measurement interface {
	Run(ctx context.Context) (bench.Report, error)
}

func (f benchFlags) options(s *streams) (bench.Options, error) {
	if f.Rounds < bench.MinRounds || f.Rounds > bench.MaxRounds {
		return bench.Options{}, fmt.Errorf("--rounds takes %d to %d", bench.MinRounds, bench.MaxRounds)
	}
	self, err := os.Executable()
	if err != nil {
		return bench.Options{}, err
	}
	o := bench.Options{Rounds: f.Rounds, Part: []string{self, "bench", "part"}}
	if file, ok := s.err.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		o.Terminal = file
	}
	return o, nil
}

func (f benchFlags) report(ctx context.Context, s *streams, m measurement) error {
	report, err := m.Run(ctx)
	if err != nil {
		return err
	}
	if f.JSON != "" {
		if err := report.WriteFile(f.JSON); err != nil {
			return fmt.Errorf("--json: %w", err)
		}
	}
	return report.Print(s.out)
}

type benchStore struct {
	benchFlags
	Callers int `default:"64" placeholder:"N" help:"Callers at once, 1 to 1024 (${default})."`
}

// Run measures.
func (c *benchStore) Run(ctx context.Context, s *streams) error {
	o, err := c.options(s)
	if err != nil {
		return err
	}
	if c.Callers < 1 || c.Callers > bench.MaxCallers {
		return fmt.Errorf("--callers takes 1 to %d", bench.MaxCallers)
	}
	return c.report(ctx, s, bench.Store{Options: o, Callers: c.Callers})
}

type benchWaiting struct {
	benchFlags
	Sockets int `default:"10000" placeholder:"N" help:"Browsers that wait, 100 to 18000 (${default})."`
}

// Run measures.
func (c *benchWaiting) Run(ctx context.Context, s *streams) error {
	o, err := c.options(s)
	if err != nil {
		return err
	}
	if c.Sockets < 100 || c.Sockets > bench.MaxSockets {
		return fmt.Errorf("--sockets takes 100 to %d", bench.MaxSockets)
	}
	return c.report(ctx, s, bench.Waiting{Options: o, Sockets: c.Sockets, Hold: bench.DefaultHold})
}

type benchAnswer struct{ benchFlags }

// Run measures.
func (c *benchAnswer) Run(ctx context.Context, s *streams) error {
	o, err := c.options(s)
	if err != nil {
		return err
	}
	return c.report(ctx, s, bench.Answer{Options: o})
}

type benchPush struct {
	benchFlags
	Callers int `default:"100" placeholder:"N" help:"Callers at once, 1 to 500 (${default})."`
}

// Run measures.
func (c *benchPush) Run(ctx context.Context, s *streams) error {
	o, err := c.options(s)
	if err != nil {
		return err
	}
	return c.report(ctx, s, bench.Push{Options: o, Callers: c.Callers})
}

// benchPart is a process that a measurement starts.
type benchPart struct {
	Name string `arg:""`
}

// Run serves the measurement until its input ends.
func (c *benchPart) Run(ctx context.Context) error {
	err := bench.Part(ctx, c.Name, os.Stdin, os.Stdout)
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
