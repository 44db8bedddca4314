package redisstore

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// ErrURL is wrapped by whatever is wrong with a Redis URL. No error repeats any
// part of the URL: where a password was not escaped, any part may be of it.
var ErrURL = errors.New(`the Redis URL cannot be used; it takes
  redis://[user:password@]host[:port][/database]
  redis+sentinel://[user:password@]host:port[,host:port…]/master[?database=0&sentinel_user=…&sentinel_password=…]
  redis+cluster://[user:password@]host:port[,host:port…]
or the same with rediss for TLS; in user and password, write @ : / ? # % as %40 %3A %2F %3F %23 %25`)

func badURL(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), ErrURL)
}

type kind int

const (
	single kind = iota
	sentinel
	cluster
)

// target is where a URL points.
type target struct {
	kind     kind
	tls      bool
	addrs    []string
	user     string
	password string
	database int
	// For sentinel.
	master           string
	sentinelUser     string
	sentinelPassword string
}

// maxAddrs bounds the addresses of one URL; maxURL its length in bytes.
const (
	maxAddrs = 64
	maxURL   = 4096
)

var schemes = map[string]target{
	"redis":           {kind: single},
	"rediss":          {kind: single, tls: true},
	"redis+sentinel":  {kind: sentinel},
	"rediss+sentinel": {kind: sentinel, tls: true},
	"redis+cluster":   {kind: cluster},
	"rediss+cluster":  {kind: cluster, tls: true},
}

// parseURL reads a Redis URL by hand: net/url takes no list of hosts, and its
// errors repeat what they were given.
func parseURL(text string) (target, error) {
	if len(text) > maxURL || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return target{}, badURL("a space, a control character, or more than %d bytes", maxURL)
	}
	scheme, rest, _ := strings.Cut(text, "://")
	t, ok := schemes[scheme]
	if !ok {
		return target{}, badURL("unknown scheme")
	}
	if strings.Contains(rest, "#") {
		return target{}, badURL("a fragment")
	}
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	if err := t.setAuthority(authority); err != nil {
		return target{}, err
	}
	if err := t.setPath(path); err != nil {
		return target{}, err
	}
	if err := t.setQuery(query); err != nil {
		return target{}, err
	}
	return t, nil
}

func (t *target) setAuthority(authority string) (err error) {
	hosts := authority
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		hosts = authority[at+1:]
		user, password, both := strings.Cut(authority[:at], ":")
		if t.user, err = unescape(user); err != nil || !both {
			return badURL("user and password cannot be read")
		}
		if t.password, err = unescape(password); err != nil {
			return badURL("user and password cannot be read")
		}
	}
	list := strings.Split(hosts, ",")
	if len(list) > maxAddrs || (t.kind == single && len(list) > 1) {
		return badURL("too many addresses")
	}
	for _, host := range list {
		addr, err := t.address(host)
		if err != nil {
			return err
		}
		t.addrs = append(t.addrs, addr)
	}
	return nil
}

// unescape refuses what an unescaped password would hold.
func unescape(text string) (string, error) {
	if strings.ContainsAny(text, ":@") {
		return "", ErrURL
	}
	return url.PathUnescape(text)
}

// address reads a host and a port; only a single server's port has a default.
func (t *target) address(text string) (string, error) {
	if t.kind == single && (strings.HasSuffix(text, "]") || !strings.Contains(text, ":")) {
		text += ":6379"
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil || host == "" || strings.ContainsAny(host, "%[]") {
		return "", badURL("a host and port cannot be read")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", badURL("a port is not 1 to 65535")
	}
	return net.JoinHostPort(host, port), nil
}

func (t *target) setPath(path string) (err error) {
	switch t.kind {
	case single:
		if path != "" {
			return t.setDatabase(path)
		}
	case cluster:
		if path != "" {
			return badURL("a path; a Cluster has one database")
		}
	case sentinel:
		if t.master, err = url.PathUnescape(path); err != nil || path == "" || strings.Contains(path, "/") {
			return badURL("the master's name cannot be read")
		}
	}
	return nil
}

func (t *target) setDatabase(text string) error {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return badURL("a database is not a number from 0")
	}
	t.database = int(n)
	return nil
}

func (t *target) setQuery(query string) error {
	if query == "" {
		return nil
	}
	values, err := url.ParseQuery(query)
	if err != nil || t.kind != sentinel {
		return badURL("a query that this form does not take")
	}
	for name, value := range values {
		if len(value) != 1 {
			return badURL("a value of the query is there twice")
		}
		switch name {
		case "database":
			if err := t.setDatabase(value[0]); err != nil {
				return err
			}
		case "sentinel_user":
			t.sentinelUser = value[0]
		case "sentinel_password":
			t.sentinelPassword = value[0]
		default:
			return badURL("an unknown value in the query")
		}
	}
	return nil
}
