// Package redistest starts real Redis servers for tests and measurements: on
// loopback, in a folder of their own, stopped by what started them. It refuses
// to touch a server that it did not start.
package redistest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ErrMissing is returned when there is no redis-server on this machine.
var ErrMissing = errors.New("redistest: no redis-server in the path; install Debian's redis-server")

var errEnded = errors.New("redistest: redis-server ended")

// startTime bounds the start of a server.
const startTime = 20 * time.Second

// Server is a running redis-server.
type Server struct {
	// Addr is its host:port; URL is "redis://" and that.
	Addr, URL string

	args []string
	cmd  *exec.Cmd
	out  *bytes.Buffer
	done chan struct{}
}

// Run starts a server that keeps its files in dir and nothing on disk but what
// args say ("--appendonly", "yes"). It ends with ctx, with Stop or with Kill.
func Run(ctx context.Context, dir string, args ...string) (*Server, error) {
	return run(ctx, func(port string) ([]string, error) {
		own := []string{"--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "no"}
		return append(own, args...), nil
	})
}

// run starts a server with the arguments that are right for its port.
func run(ctx context.Context, args func(port string) ([]string, error)) (*Server, error) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		return nil, ErrMissing
	}
	var last error
	for range 5 {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		all, err := args(strconv.Itoa(port))
		if err != nil {
			return nil, err
		}
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		s := &Server{Addr: addr, URL: "redis://" + addr, args: all}
		// Another program may have taken the port in between.
		if last = s.start(ctx); last == nil {
			return s, nil
		}
		if !errors.Is(last, errEnded) {
			return nil, last
		}
	}
	return nil, last
}

// freePort finds a port that is free now, low enough for a Cluster's bus.
func freePort() (int, error) {
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, fmt.Errorf("redistest: %w", err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		l.Close()
		if port < 55000 {
			return port, nil
		}
	}
	return 0, errors.New("redistest: no free port below 55000")
}

func (s *Server) start(ctx context.Context) error {
	s.out, s.done = &bytes.Buffer{}, make(chan struct{})
	s.cmd = exec.CommandContext(ctx, "redis-server", s.args...)
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("redistest: %w", err)
	}
	go func(cmd *exec.Cmd, done chan struct{}) {
		cmd.Wait()
		close(done)
	}(s.cmd, s.done)
	return s.ready(ctx)
}

func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-s.done:
			return fmt.Errorf("%w: %s", errEnded, s.out)
		case <-ctx.Done():
			s.Kill()
			return fmt.Errorf("redistest: redis-server does not answer: %w", ctx.Err())
		case <-tick.C:
		}
		// A server that wants a password is as ready as one that does not.
		if reply, err := s.Do("PING"); reply == "PONG" || (err != nil && strings.Contains(err.Error(), "NOAUTH")) {
			return nil
		}
	}
}

// Stop asks the server to end and waits until it has.
func (s *Server) Stop() {
	s.cmd.Process.Signal(os.Interrupt)
	select {
	case <-s.done:
	case <-time.After(5 * time.Second):
		s.Kill()
	}
}

// Kill ends the server at once, as a power cut would.
func (s *Server) Kill() {
	s.cmd.Process.Kill()
	<-s.done
}

// Again starts an ended server at the same address and on the same files.
func (s *Server) Again(ctx context.Context) error {
	<-s.done
	return s.start(ctx)
}

// Pid is the server's process id.
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// Start starts a server for a test and returns its URL. It ends with the test.
func Start(t testing.TB, args ...string) (url string) {
	t.Helper()
	return StartServer(t, args...).URL
}

// StartServer is Start for tests that kill the server.
func StartServer(t testing.TB, args ...string) *Server {
	t.Helper()
	s, err := Run(context.Background(), folder(t), args...)
	if err != nil {
		Missing(t, err)
	}
	t.Cleanup(s.Kill)
	return s
}

// folder is a temporary folder: a server that is killed may still be seen to
// write when the test's own folder is being removed.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "countersign-redis-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(filepath.Clean(dir)) })
	return dir
}

// Missing skips a test for want of redis-server, and fails it where real parts
// are promised: with CI=true or COUNTERSIGN_REAL_PARTS=1. Other errors fail.
func Missing(t testing.TB, err error) {
	t.Helper()
	promised := os.Getenv("CI") == "true" || os.Getenv("COUNTERSIGN_REAL_PARTS") == "1"
	if errors.Is(err, ErrMissing) && !promised {
		t.Skipf("skipped, it needs a real Redis: %v", err)
	}
	t.Fatal(err)
}
