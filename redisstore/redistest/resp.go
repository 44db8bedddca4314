package redistest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// Do sends one command on a connection of its own and returns its reply as
// text; the parts of a list are put on lines.
func (s *Server) Do(args ...string) (string, error) {
	conn, err := net.DialTimeout("tcp", s.Addr, time.Second)
	if err != nil {
		return "", fmt.Errorf("redistest: %w", err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	var out strings.Builder
	fmt.Fprintf(&out, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&out, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := io.WriteString(conn, out.String()); err != nil {
		return "", fmt.Errorf("redistest: %w", err)
	}
	return reply(bufio.NewReader(conn))
}

func reply(r *bufio.Reader) (string, error) {
	head, err := r.ReadString('\n')
	if err != nil || len(head) < 3 {
		return "", fmt.Errorf("redistest: reply: %w", err)
	}
	kind, rest := head[0], strings.TrimSuffix(head[1:], "\r\n")
	switch kind {
	case '-':
		return "", fmt.Errorf("redistest: %s", rest)
	case '$':
		return bulk(r, rest)
	case '*':
		return list(r, rest)
	}
	return rest, nil
}

func bulk(r *bufio.Reader, size string) (string, error) {
	n, err := strconv.Atoi(size)
	if err != nil || n < 0 {
		return "", err
	}
	text := make([]byte, n+2)
	if _, err := io.ReadFull(r, text); err != nil {
		return "", fmt.Errorf("redistest: reply: %w", err)
	}
	return string(text[:n]), nil
}

func list(r *bufio.Reader, size string) (string, error) {
	n, err := strconv.Atoi(size)
	if err != nil {
		return "", err
	}
	var parts []string
	for range n {
		part, err := reply(r)
		if err != nil {
			return "", err
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "\n"), nil
}
