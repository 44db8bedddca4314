package redisbench

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
)

// ErrMissing is returned when there is no redis-benchmark on this machine.
var ErrMissing = errors.New("redisbench: no redis-benchmark in the path; install Debian's redis-tools")

// Native has Redis' own benchmark send a command times times, by clients at
// once, each with pipeline commands on their way, and returns how many a second
// it counted. The keys of the command are made distinct from time to time, at
// equal length.
func Native(ctx context.Context, addr string, c Command, times, clients, pipeline int) (float64, error) {
	if _, err := exec.LookPath("redis-benchmark"); err != nil {
		return 0, ErrMissing
	}
	varied, err := vary(c)
	if err != nil {
		return 0, err
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return 0, fmt.Errorf("redisbench: %w", err)
	}
	args := []string{
		"-h", host, "-p", port, "-n", strconv.Itoa(times), "-c", strconv.Itoa(clients), "-P", strconv.Itoa(pipeline),
		"-r", mostKeys, "--csv",
	}
	out, err := exec.CommandContext(ctx, "redis-benchmark", append(args, varied...)...).Output()
	if err != nil {
		return 0, fmt.Errorf("redis-benchmark: %w", err)
	}
	return perSecond(string(out))
}

// random is what redis-benchmark puts twelve digits in the place of.
const random = "__rand_int__"

// randomSize is how many; mostKeys is how many different ones it draws at most.
const (
	randomSize = 12
	mostKeys   = "2147483647"
)

// vary has the end of each key of a script's call drawn anew each time.
func vary(c Command) (Command, error) {
	if len(c) < 4 {
		return nil, errors.New("redisbench: no call of a script with keys")
	}
	n, err := strconv.Atoi(c[2])
	if err != nil || n < 1 || 3+n > len(c) {
		return nil, errors.New("redisbench: no call of a script with keys")
	}
	out := append(Command(nil), c...)
	for i := 3; i < 3+n; i++ {
		if len(out[i]) < randomSize {
			return nil, fmt.Errorf("redisbench: a key of %d bytes cannot be varied", len(out[i]))
		}
		out[i] = out[i][:len(out[i])-randomSize] + random
	}
	return out, nil
}

// perSecond reads the second field of the last line.
func perSecond(out string) (float64, error) {
	if !strings.Contains(out, `"rps"`) {
		return 0, fmt.Errorf("redis-benchmark: %.200q", out)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	r := csv.NewReader(strings.NewReader(tail(lines[len(lines)-1])))
	fields, err := r.Read()
	if err != nil || len(fields) < 7 {
		return 0, fmt.Errorf("redis-benchmark: %.200q", out)
	}
	rate, err := strconv.ParseFloat(fields[0], 64)
	if err != nil || rate <= 0 {
		return 0, fmt.Errorf("redis-benchmark: %.200q", out)
	}
	return rate, nil
}

// tail is the last seven fields of a line: the first is the command itself, in
// which redis-benchmark leaves quotes as they are.
func tail(line string) string {
	at := len(line)
	for range 7 {
		if at = strings.LastIndex(line[:at], `,"`); at < 0 {
			return ""
		}
	}
	return line[at+1:]
}
