package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// RunSentinel starts a Sentinel that looks after master under a name. It alone
// decides, and within about a second; it keeps its files in dir.
func RunSentinel(ctx context.Context, dir, name string, master *Server) (*Server, error) {
	host, port, err := net.SplitHostPort(master.Addr)
	if err != nil {
		return nil, fmt.Errorf("redistest: %w", err)
	}
	return run(ctx, func(own string) ([]string, error) {
		path := filepath.Join(dir, "sentinel.conf")
		text := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nsentinel monitor %s %s %s 1\n"+
			"sentinel down-after-milliseconds %s 500\nsentinel failover-timeout %s 2000\n",
			own, dir, name, host, port, name, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return nil, fmt.Errorf("redistest: %w", err)
		}
		return []string{path, "--sentinel"}, nil
	})
}

// StartSentinel is RunSentinel for a test.
func StartSentinel(t testing.TB, name string, master *Server) *Server {
	t.Helper()
	s, err := RunSentinel(context.Background(), folder(t), name, master)
	if err != nil {
		Missing(t, err)
	}
	t.Cleanup(s.Kill)
	return s
}
