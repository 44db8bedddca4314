// Command mobile-stub is a phone without a phone: it pairs with a server, is
// woken, shows sign-in requests and answers them, for tests, demonstrations and
// load. "mobile-stub gateway" stands in for the delivery services.
//
// The phone itself is package phone, the gateway package gateway; here are the
// words and flags. It keeps its keys in a file that only its owner may read.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"countersign/mobile-stub/gateway"
)

// Exit codes.
const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(report(err, os.Stderr))
}

// report says what went wrong and gives the exit code.
func report(err error, stderr io.Writer) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		fmt.Fprintln(stderr, "mobile-stub:", err)
		return exitUsage
	}
	fmt.Fprintln(stderr, "mobile-stub:", explain(err))
	return exitFailure
}

// errUsage: the command line is wrong.
var errUsage = errors.New("wrong usage")

const usage = `A simulated phone for Countersign.

  mobile-stub pair URL        pair by the link or QR code of a set-up ("-" reads it from stdin)
  mobile-stub list            the accounts of this phone
  mobile-stub watch           print sign-in requests as they come
  mobile-stub approve ID      say yes, with the number of the waiting screen
  mobile-stub deny ID         say no
  mobile-stub report ID       say no, and that somebody else tried
  mobile-stub notices         what changed in how the person signs in
  mobile-stub stop ID         say that it was somebody else, which stops it
  mobile-stub code            the code for typing in, without a network
  mobile-stub remove          remove this phone from an account
  mobile-stub gateway         stand in for FCM, APNs and Web Push on this machine

mobile-stub COMMAND -help lists the flags of a command.
`

// commands are all but gateway, which has flags of its own.
var commands = map[string]command{
	"pair":    {pairFlags, pair},
	"list":    {nil, list},
	"watch":   {nil, watch},
	"approve": {numberFlag, approve},
	"deny":    {nil, deny},
	"report":  {nil, reportRequest},
	"notices": {nil, notices},
	"stop":    {nil, stop},
	"code":    {nil, code},
	"remove":  {removeFlags, remove},
}

// run is the whole program. Its error says what to do about it.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return fmt.Errorf("%w: which command?", errUsage)
	}
	name, rest := args[0], args[1:]
	switch name {
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage)
		return nil
	case "gateway":
		return gateway.Run(ctx, rest, stdout)
	}
	c, ok := commands[name]
	if !ok {
		fmt.Fprint(stderr, usage)
		return fmt.Errorf("%w: no command %q", errUsage, name)
	}
	s, err := c.parse(name, rest, stderr)
	if err != nil {
		return err
	}
	s.stdin, s.stdout = stdin, stdout
	if err := s.open(); err != nil {
		return err
	}
	return c.run(ctx, s)
}
