// Countersign asks a person's phone whether a sign-in is theirs.
//
// The one program: a demonstration, the server, benchmarks, and the verbs of
// an administrator. Flags and environment variables become values here and
// nowhere else. Run it with --help.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "countersign:", err)
		os.Exit(1)
	}
}

// exit is how the command line library asks to end the program, for --help.
type exit int

// run is main without the process: it returns when the verb is done or ctx
// ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	defer func() {
		if code, ok := recover().(exit); ok && code != 0 {
			err = fmt.Errorf("exit %d", code)
		}
	}()
	var cli commandLine
	parser, err := kong.New(&cli,
		kong.Name("countersign"),
		kong.Description("Asks a person's phone whether a sign-in is theirs."),
		kong.DefaultEnvars("COUNTERSIGN"),
		kong.PostBuild(passOverEmpty),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return fmt.Errorf("%w; countersign --help explains", err)
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	return parsed.Run(&streams{os.Stdin, stdout, stderr})
}

// passOverEmpty takes an environment variable that is empty for one that is not
// set: that is how compose files and units pass on what nobody has set.
func passOverEmpty(k *kong.Kong) error {
	return kong.Visit(k.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			flag.Tag.Envs = slices.DeleteFunc(slices.Clone(flag.Tag.Envs), func(name string) bool {
				value, set := os.LookupEnv(name)
				return set && value == ""
			})
		}
		return next(nil)
	})
}

// streams is where a verb reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}
