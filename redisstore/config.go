package redisstore

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"time"
)

// Config says where Redis is and how patient to be with it. Only URL is needed.
type Config struct {
	// URL takes one of the forms at ErrURL. It may hold a password, so it
	// appears in no error and no log.
	URL string
	// TLS replaces the system's trust for rediss URLs; nil for the default.
	TLS *tls.Config
	// Timeout bounds one exchange with Redis; 2 s, 100 ms to 30 s.
	Timeout time.Duration
	// DialTimeout bounds one connection being made; 3 s, 100 ms to 30 s.
	DialTimeout time.Duration
	// Pool is how many connections may send steps at once to one server;
	// 8, 1 to 1000. Callers share them: a connection carries many steps.
	Pool int
	// MaxWatches bounds how many watches there may be at once on this node;
	// 100,000, 1 to 10,000,000.
	MaxWatches int
	// Log is told when Redis is lost and found; nil for nowhere.
	Log *slog.Logger

	// refresh is how often everything watched is read again; 0 for never, or
	// refreshEvery on a Cluster.
	refresh time.Duration
}

// String hides the URL from fmt.
func (c Config) String() string { return "[redis configuration]" }

// GoString hides the URL from %#v.
func (c Config) GoString() string { return c.String() }

// LogValue hides the URL from slog.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

var errConfig = errors.New("redisstore: a value of the configuration is out of its bounds")

// filled returns c with defaults in place of zeros.
func (c Config) filled() (Config, error) {
	ok := fill(&c.Timeout, 2*time.Second, 100*time.Millisecond, 30*time.Second) &&
		fill(&c.DialTimeout, 3*time.Second, 100*time.Millisecond, 30*time.Second) &&
		fill(&c.Pool, 8, 1, 1000) &&
		fill(&c.MaxWatches, 100_000, 1, 10_000_000)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if !ok {
		return Config{}, errConfig
	}
	return c, nil
}

func fill[T int | time.Duration](value *T, zero, low, high T) bool {
	if *value == 0 {
		*value = zero
	}
	return low <= *value && *value <= high
}
