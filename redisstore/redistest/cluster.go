package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// slots is how many a Redis Cluster has.
const slots = 16384

// Cluster is a Redis Cluster of three masters.
type Cluster struct {
	// URL is "redis+cluster://" and all addresses.
	URL     string
	Servers []*Server
}

// RunCluster starts a Cluster of three servers, each with its files in one of
// the folders.
func RunCluster(ctx context.Context, dirs [3]string) (*Cluster, error) {
	c := &Cluster{}
	var addrs []string
	for _, dir := range dirs {
		s, err := Run(ctx, dir, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
		if err != nil {
			c.Kill()
			return nil, err
		}
		c.Servers = append(c.Servers, s)
		addrs = append(addrs, s.Addr)
	}
	c.URL = "redis+cluster://" + strings.Join(addrs, ",")
	if err := c.join(ctx); err != nil {
		c.Kill()
		return nil, err
	}
	return c, nil
}

// join shares out the slots and waits until all servers know of each other.
func (c *Cluster) join(ctx context.Context) error {
	for i, s := range c.Servers {
		first, last := i*slots/len(c.Servers), (i+1)*slots/len(c.Servers)-1
		if _, err := s.Do("CLUSTER", "ADDSLOTSRANGE", fmt.Sprint(first), fmt.Sprint(last)); err != nil {
			return err
		}
		// Equal epochs are settled by the servers themselves, but slowly.
		if _, err := s.Do("CLUSTER", "SET-CONFIG-EPOCH", fmt.Sprint(i+1)); err != nil {
			return err
		}
	}
	host, port, _ := net.SplitHostPort(c.Servers[0].Addr)
	for _, s := range c.Servers[1:] {
		if _, err := s.Do("CLUSTER", "MEET", host, port); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !c.whole() {
		select {
		case <-ctx.Done():
			return errors.New("redistest: the Cluster does not come together")
		case <-tick.C:
		}
	}
	return nil
}

func (c *Cluster) whole() bool {
	for _, s := range c.Servers {
		info, err := s.Do("CLUSTER", "INFO")
		if err != nil || !strings.Contains(info, "cluster_state:ok") ||
			!strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d", len(c.Servers))) {
			return false
		}
	}
	return true
}

// Kill ends all servers.
func (c *Cluster) Kill() {
	for _, s := range c.Servers {
		s.Kill()
	}
}

// StartCluster starts a Cluster for a test and returns its URL.
func StartCluster(t testing.TB) (url string) {
	t.Helper()
	c, err := RunCluster(context.Background(), [3]string{folder(t), folder(t), folder(t)})
	if err != nil {
		Missing(t, err)
	}
	t.Cleanup(c.Kill)
	return c.URL
}
