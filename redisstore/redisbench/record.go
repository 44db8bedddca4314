package redisbench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// maxLine bounds one line of MONITOR, in bytes.
const maxLine = 256 << 10

// Command is one command as Redis took it, the name first.
type Command []string

// Record runs do and returns the scripts that clients of the server at addr
// called by their digest meanwhile, in order. It needs exactly want of them.
func Record(ctx context.Context, addr string, want int, do func() error) ([]Command, error) {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("redisbench: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	lines := bufio.NewReaderSize(conn, maxLine)
	if err := monitor(conn, lines); err != nil {
		return nil, err
	}
	heard := make(chan listened, 1)
	go func() { heard <- listen(lines, want) }()
	if err := do(); err != nil {
		conn.Close()
		<-heard
		return nil, err
	}
	// All was answered, and so is on its way to here.
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	all := <-heard
	return all.commands, all.err
}

func monitor(conn io.Writer, lines *bufio.Reader) error {
	if _, err := io.WriteString(conn, "MONITOR\r\n"); err != nil {
		return fmt.Errorf("redisbench: %w", err)
	}
	reply, err := lines.ReadString('\n')
	if err == nil && reply != "+OK\r\n" {
		err = errors.New("MONITOR is refused")
	}
	if err != nil {
		return fmt.Errorf("redisbench: %w", err)
	}
	return nil
}

type listened struct {
	commands []Command
	err      error
}

func listen(lines *bufio.Reader, want int) (out listened) {
	for len(out.commands) < want {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			out.err = fmt.Errorf("redisbench: heard %d of %d commands: %w", len(out.commands), want, err)
			return out
		}
		if c, ok := parseLine(string(line)); ok && strings.EqualFold(c[0], "evalsha") {
			out.commands = append(out.commands, c)
		}
	}
	return out
}

// parseLine reads a line of MONITOR:
//
//	+1700000000.123456 [0 127.0.0.1:50000] "GET" "key"
//
// Commands that scripts call have "lua" in place of the address and are passed
// over.
func parseLine(line string) (Command, bool) {
	from, rest, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "] ")
	if !ok || strings.HasSuffix(from, " lua") {
		return nil, false
	}
	var out Command
	for rest != "" {
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return nil, false
		}
		// Redis escapes as Go does.
		word, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, false
		}
		out = append(out, word)
		rest = strings.TrimPrefix(rest[len(quoted):], " ")
	}
	return out, len(out) > 0
}
