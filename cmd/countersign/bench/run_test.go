package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/redisstore/redisbench"
	"countersign/redisstore/redistest"
)

// TestMain is a part when a measurement under test has started it as one.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "part" {
		if err := Part(context.Background(), os.Args[2], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	m.Run()
}

// options for runs as small as they can be, with a bar that is drawn into
// nothing.
func options() Options {
	return Options{Rounds: MinRounds, Part: []string{os.Args[0], "part"}, Terminal: io.Discard}
}

type measurement interface {
	Run(ctx context.Context) (Report, error)
}

func TestEachMeasurementRunsFromEndToEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	for _, c := range []struct {
		name  string
		run   measurement
		goals int
	}{
		{"store", Store{Options: options(), Callers: 4, Creates: 64}, 2},
		{"waiting", Waiting{Options: options(), Sockets: 20}, 2},
		{"answer", Answer{Options: options(), Answers: 5}, 2},
		{"push", Push{Options: options(), Callers: 3, Each: 2}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			left := t.TempDir()
			t.Setenv("TMPDIR", left)
			report, err := c.run.Run(t.Context())
			if missing(err) {
				redistest.Missing(t, redistest.ErrMissing)
			}
			if err != nil {
				t.Fatal(err)
			}
			if report.Name != c.name {
				t.Errorf("the report is named %q", report.Name)
			}
			checkFigures(t, report, c.goals)
			nothingLeft(t, left)
		})
	}
}

func missing(err error) bool {
	return errors.Is(err, redistest.ErrMissing) || errors.Is(err, redisbench.ErrMissing)
}

// checkFigures wants a value from each round; memory of so few browsers can be
// anything, also less than none.
func checkFigures(t *testing.T, r Report, goals int) {
	t.Helper()
	for _, f := range r.Figures {
		if len(f.Rounds) != MinRounds {
			t.Errorf("%s has %d rounds, want %d", f.Name, len(f.Rounds), MinRounds)
		}
		if f.Goal != nil {
			goals--
		}
		if r.Name != "waiting" && f.Min <= 0 && !strings.Contains(f.Unit, "CPU") {
			t.Errorf("%s: measured %v", f.Name, f.Rounds)
		}
	}
	if goals != 0 {
		t.Errorf("%d goals more than figures that have one", goals)
	}
}

func nothingLeft(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestAnInterruptedRunStopsWhatItStarted(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	left := t.TempDir()
	t.Setenv("TMPDIR", left)
	ctx, interrupt := context.WithCancelCause(t.Context())
	cause := errors.New("interrupted")
	o := options()
	// The bar is first drawn when everything has been started.
	o.Terminal = writer(func() { interrupt(cause) })
	began := time.Now()
	_, err := Answer{Options: o, Answers: 20_000}.Run(ctx)
	if missing(err) {
		redistest.Missing(t, redistest.ErrMissing)
	}
	if !errors.Is(err, cause) && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v after %v, want the interruption", err, time.Since(began))
	}
	nothingLeft(t, left)
}

type writer func()

func (w writer) Write(text []byte) (int, error) {
	w()
	return len(text), nil
}

func TestWhoComesFirstChangesFromRoundToRound(t *testing.T) {
	var order []string
	ways := make([]way, 3)
	for i, name := range []string{"a", "b", "c"} {
		ways[i] = way{name, func(_ context.Context, round int) error {
			order = append(order, fmt.Sprint(round, name))
			return nil
		}}
	}
	if err := take(t.Context(), 3, Options{}.progress(9), ways...); err != nil {
		t.Fatal(err)
	}
	want := []string{"0a", "0b", "0c", "1b", "1c", "1a", "2c", "2a", "2b"}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Error(diff)
	}
}

func TestARoundThatFailsEndsTheRun(t *testing.T) {
	broken, ran := errors.New("broken"), 0
	err := take(t.Context(), 5, Options{}.progress(5), way{"a", func(context.Context, int) error { ran++; return broken }})
	if !errors.Is(err, broken) || ran != 1 {
		t.Errorf("got %v after %d rounds, want the failure after one", err, ran)
	}
}

func TestSizesOutOfBoundsStartNothing(t *testing.T) {
	few := Options{Rounds: MinRounds - 1}
	many := Options{Rounds: MaxRounds + 1}
	for name, run := range map[string]measurement{
		"few rounds":       Answer{Options: few},
		"many rounds":      Answer{Options: many},
		"no callers":       Store{Options: options()},
		"many callers":     Store{Options: options(), Callers: MaxCallers + 1},
		"many creates":     Store{Options: options(), Callers: 1, Creates: 200_001},
		"no sockets":       Waiting{Options: options()},
		"many sockets":     Waiting{Options: options(), Sockets: MaxSockets + 1},
		"many answers":     Answer{Options: options(), Answers: 20_001},
		"negative answers": Answer{Options: options(), Answers: -1},
	} {
		// A context that has ended would be seen if anything was started.
		if _, err := run.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "takes") {
			t.Errorf("%s: got %v, want what it takes", name, err)
		}
	}
}

func TestAPartEndsWithItsInput(t *testing.T) {
	var out bytes.Buffer
	if err := Part(t.Context(), "browsers", strings.NewReader("{}\n{}\n"), &out); err != nil {
		t.Fatal(err)
	}
	const state = `{"value":{"waiting":0,"pings":0}}` + "\n"
	if out.String() != state+state {
		t.Errorf("said %q, want that it is ready and one answer", out.String())
	}
}

func TestAPartSaysWhatWentWrong(t *testing.T) {
	var out bytes.Buffer
	in := strings.NewReader(`{}` + "\n" + `{"join":[{"url":"ws://127.0.0.1:1/","origin":"http://127.0.0.1:1"}]}` + "\n")
	if err := Part(t.Context(), "browsers", in, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `{"error":"apibench: browser`) {
		t.Errorf("said %q, want the refused connection", out.String())
	}
	if err := Part(t.Context(), "nobody", in, &out); err == nil {
		t.Error("a part of an unknown name ran")
	}
}
