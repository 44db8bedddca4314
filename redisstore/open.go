package redisstore

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"countersign/approvals"
)

var (
	// ErrServer is wrapped when the server at the URL cannot be used: too
	// old, a replica, or of another kind than the URL says.
	ErrServer = errors.New("the Redis server cannot be used")
	// ErrClosed is returned by a store that was closed.
	ErrClosed = errors.New("redisstore: the store is closed")
)

// EvictionWarning tells that a server may throw approvals away when its memory
// is full. People then have to begin again; nothing is approved by it.
type EvictionWarning struct {
	Server, Policy string
}

func (w EvictionWarning) String() string {
	return fmt.Sprintf("redis %s: maxmemory-policy is %s: pending sign-ins are lost when its memory is full; set noeviction",
		w.Server, w.Policy)
}

// Store implements approvals.Store on Redis. Make one with Open.
type Store struct {
	client   redis.UniversalClient
	lanes    *lanes
	process  func(ctx context.Context, key string, cmd redis.Cmder) error
	hub      *hub
	warnings []EvictionWarning
}

var _ approvals.Store = (*Store)(nil)

// Open connects, checks that the servers can be used, and listens for
// announcements. ErrURL, ErrServer; other errors mean that Redis could not be
// asked.
func Open(ctx context.Context, c Config) (*Store, error) {
	c, err := c.filled()
	if err != nil {
		return nil, err
	}
	t, err := parseURL(c.URL)
	if err != nil {
		return nil, fmt.Errorf("redisstore: %w", err)
	}
	s := &Store{client: newClient(t, c)}
	if err := s.start(ctx, t, c); err != nil {
		s.client.Close()
		return nil, fmt.Errorf("redisstore: open: %w", err)
	}
	return s, nil
}

func (s *Store) start(ctx context.Context, t target, c Config) (err error) {
	if s.warnings, err = check(ctx, s.client, t.kind); err != nil {
		return err
	}
	for _, w := range s.warnings {
		c.Log.Warn(w.String())
	}
	// Twice: it may wait for a connection and then for a reply.
	s.lanes = newLanes(s.client, 2*c.Timeout)
	s.process = s.lanes.send
	s.hub = newHub(s, c, t.kind == cluster)
	return nil
}

// Warnings returns what Open found that an operator should know.
func (s *Store) Warnings() []EvictionWarning { return s.warnings }

// Ping asks Redis for a sign of life.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.client.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("redisstore: ping: %w", err)
	}
	return nil
}

// Close ends all watches, which hear nothing more, and all connections.
func (s *Store) Close() error {
	s.hub.close()
	s.lanes.wait()
	if err := s.client.Close(); err != nil {
		return fmt.Errorf("redisstore: close: %w", err)
	}
	return nil
}

func newClient(t target, c Config) redis.UniversalClient {
	options := &redis.UniversalOptions{
		Addrs: t.addrs, Username: t.user, Password: t.password, DB: t.database,
		MasterName: t.master, SentinelUsername: t.sentinelUser, SentinelPassword: t.sentinelPassword,
		ClientName: "countersign", DisableIdentity: true, Protocol: 2,
		DialTimeout: c.DialTimeout, DialerRetries: 1,
		ReadTimeout: c.Timeout, WriteTimeout: c.Timeout, PoolTimeout: c.Timeout, ContextTimeoutEnabled: true,
		PoolSize: c.Pool, PipelinePoolSize: c.Pool,
		// A step that may have been done is never sent again by itself.
		MaxRetries: -1, MaxRedirects: 3,
	}
	if t.tls {
		options.TLSConfig = c.TLS
		if options.TLSConfig == nil {
			options.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		}
	}
	switch t.kind {
	case sentinel:
		return redis.NewFailoverClient(options.Failover())
	case cluster:
		return redis.NewClusterClient(options.Cluster())
	default:
		return redis.NewClient(options.Simple())
	}
}

// minVersion is the first major version whose scripts are refused as a whole,
// before their first write, by a server that cannot take writes.
const minVersion = 7

// check asks every server that takes writes what it is.
func check(ctx context.Context, client redis.UniversalClient, k kind) ([]EvictionWarning, error) {
	c, ok := client.(*redis.ClusterClient)
	if !ok {
		info, err := client.Info(ctx).Result()
		if err != nil {
			return nil, err
		}
		return judge("server", info, k)
	}
	var mu sync.Mutex
	var all []EvictionWarning
	err := c.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		info, err := node.Info(ctx).Result()
		if err != nil {
			return err
		}
		found, err := judge(node.Options().Addr, info, k)
		mu.Lock()
		defer mu.Unlock()
		all = append(all, found...)
		return err
	})
	return all, err
}

// judge decides by the text of INFO whether a server can be used.
func judge(server, info string, k kind) ([]EvictionWarning, error) {
	is := make(map[string]string)
	for text := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(text), ":")
		is[name] = value
	}
	major, err := strconv.Atoi(strings.SplitN(is["redis_version"], ".", 2)[0])
	switch clustered := is["cluster_enabled"] == "1"; {
	case err != nil || major < minVersion:
		return nil, fmt.Errorf("%w: %s has version %q, %d or later is needed", ErrServer, server, is["redis_version"], minVersion)
	case is["role"] != "master":
		return nil, fmt.Errorf("%w: %s is a %s, which takes no writes; give the master's address, or Sentinel's", ErrServer, server, is["role"])
	case k == cluster && !clustered:
		return nil, fmt.Errorf("%w: %s is no Cluster; use redis:// or rediss://", ErrServer, server)
	case k != cluster && clustered:
		return nil, fmt.Errorf("%w: %s is part of a Cluster; use redis+cluster:// or rediss+cluster://", ErrServer, server)
	}
	if policy := is["maxmemory_policy"]; is["maxmemory"] != "0" && policy != "noeviction" {
		return []EvictionWarning{{server, policy}}, nil
	}
	return nil, nil
}
