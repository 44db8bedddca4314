// Package node puts one Countersign server together from values: the stores,
// the senders, the services, the API and the pages. It is the one place where
// every room is seen at once, so that the server, the demonstration and the
// benchmarks run the same parts.
package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"countersign/api"
	"countersign/api/duo"
	"countersign/approvals"
	"countersign/enrolments"
	"countersign/internal/jws"
	"countersign/internal/seal"
	"countersign/notices"
	"countersign/push"
	"countersign/redisstore"
	"countersign/sqlstore"
	"countersign/web"
)

// Config is what a server is made of.
type Config struct {
	// PublicURL is where phones and browsers reach the server: scheme and host,
	// without a path.
	PublicURL  string
	ServerName string
	// Redis is the URL of the short-lived store; empty embeds one, for a single
	// node whose pending sign-ins end with it.
	Redis string
	// Database is the URL of the durable store.
	Database string
	Keys     *seal.Keyring
	// Senders carry wake-ups; AllowTarget refuses targets that none may be
	// asked for.
	Senders     map[push.Service]push.Sender
	AllowTarget func(push.Target) error
	// Observers are told of every push; Around, where it is set, sees every
	// request.
	Observers []push.Observer
	Around    func(http.Handler) http.Handler
	// WebPushKey is what browsers subscribe with, where Web Push has a sender.
	WebPushKey func() string
	// Post sends letters; nil where no mail is set up.
	Post enrolments.Post
	// TrustedProxies may say whom they speak for.
	TrustedProxies []netip.Prefix
	// DuoHosts are the names that clients of the Duo Auth API are configured
	// with, beside that of PublicURL.
	DuoHosts []string
	// FrameAncestors may show the pages in a frame.
	FrameAncestors []string
	// Demo marks a demonstration's or a developer's server.
	Demo bool
	Log  *slog.Logger
}

// Node is a server that is put together and not yet listening.
type Node struct {
	Enrolments *enrolments.Service
	Approvals  *approvals.Service
	Durable    *sqlstore.Store

	keySet  []byte
	ping    func(context.Context) error // whether the short-lived store can be asked
	fanout  *push.Fanout
	notices *notices.Service
	api     *api.API
	duo     *duo.Server
	handler http.Handler
	closers []func() error
	log     *slog.Logger
}

// ParsePublicURL checks a public URL: https, or http on this machine, scheme
// and host alone.
func ParsePublicURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return "", errors.New("takes a scheme and a host, like https://countersign.example.com")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !enrolments.IsLoopback(u.Hostname())) {
		return "", errors.New("takes https; http only on this machine (localhost)")
	}
	return u.Scheme + "://" + u.Host, nil
}

// Open connects the stores and builds the server. What it opened it closes
// again when it fails.
func Open(ctx context.Context, c Config) (*Node, error) {
	n, err := OpenInside(ctx, c)
	if err != nil {
		return nil, err
	}
	n.notices = notices.Start(notices.Config{
		Store: n.Durable, People: n.Enrolments, Waker: n.fanout, Post: c.Post, PublicURL: c.PublicURL,
		Now: time.Now, Log: c.Log,
	})
	n.closers = append(n.closers, func() error { n.notices.Close(); return nil })
	if err := n.buildHandler(c); err != nil {
		return nil, errors.Join(err, n.closeAll())
	}
	return n, nil
}

// OpenInside is Open for a program that asks phones beside the servers: nothing
// can be served by it.
func OpenInside(ctx context.Context, c Config) (_ *Node, err error) {
	n := &Node{log: c.Log}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.closeAll())
		}
	}()
	if n.Durable, err = sqlstore.Open(ctx, sqlstore.Config{URL: c.Database, Keys: c.Keys}); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	n.closers = append(n.closers, n.Durable.Close)
	short, err := n.openShort(ctx, c)
	if err != nil {
		return nil, err
	}
	var signer *jws.Signer
	if signer, n.keySet, err = signingKeys(ctx, n.Durable); err != nil {
		return nil, err
	}
	n.Enrolments = enrolments.NewService(enrolments.Config{
		Store: n.Durable, PublicURL: c.PublicURL, ServerName: c.ServerName,
		CodeLimits: enrolments.DefaultCodeLimits(), AllowTarget: c.AllowTarget, Post: c.Post, Now: time.Now,
	})
	n.fanout = push.NewFanout(c.Senders, append(c.Observers, push.NewAlarm(c.Log))...)
	n.Approvals = approvals.NewService(approvals.Config{
		Store: short, People: n.Enrolments, Record: n.Durable, Waker: n.fanout,
		Signer: signer, PublicURL: c.PublicURL, Now: time.Now, Log: c.Log,
	})
	n.closers = append(n.closers, func() error { n.Approvals.Close(); return nil })
	return n, nil
}

// openShort opens the short-lived store.
func (n *Node) openShort(ctx context.Context, c Config) (approvals.Store, error) {
	if c.Redis == "" {
		memory := approvals.NewMemory(time.Now)
		n.closers, n.ping = append(n.closers, memory.Close), func(context.Context) error { return nil }
		return memory, nil
	}
	redis, err := redisstore.Open(ctx, redisstore.Config{URL: c.Redis})
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	n.closers, n.ping = append(n.closers, redis.Close), redis.Ping
	return redis, nil
}

// signingKeys returns the key that signs results, and the public set.
func signingKeys(ctx context.Context, store enrolments.Store) (*jws.Signer, []byte, error) {
	fresh, err := jws.NewPrivateKey()
	if err != nil {
		return nil, nil, err
	}
	keys, err := store.SigningKeys(ctx, fresh, time.Now())
	if err != nil {
		return nil, nil, fmt.Errorf("signing keys: %w", err)
	}
	signers := make([]*jws.Signer, len(keys))
	for i, key := range keys {
		if signers[i], err = jws.NewSigner(key); err != nil {
			return nil, nil, err
		}
	}
	if len(signers) == 0 {
		return nil, nil, errors.New("the database holds no signing key")
	}
	set, err := jws.KeySet(signers...)
	return signers[0], set, err
}

func (n *Node) buildHandler(c Config) (err error) {
	n.api, err = api.New(api.Config{
		Approvals: n.Approvals, Enrolments: n.Enrolments, Notices: n.notices,
		PublicURL: c.PublicURL, ServerName: c.ServerName, KeySet: n.keySet,
		Push: slices.Sorted(maps.Keys(c.Senders)), WebPushKey: c.WebPushKey, Conditions: n.fanout.Conditions,
		Ready: func(ctx context.Context) error {
			return errors.Join(n.ping(ctx), n.Durable.Ping(ctx))
		},
		TrustedProxies: c.TrustedProxies, Log: c.Log,
	})
	if err != nil {
		return err
	}
	pages := web.New(web.Config{
		PublicURL: c.PublicURL, ServerName: c.ServerName, FrameAncestors: c.FrameAncestors, Demo: c.Demo, API: n.api,
	})
	mux := http.NewServeMux()
	for _, path := range []string{"/waiting/", "/set-up/", "/recovery/", "/security/", "/stop/", "/pair", "/phone", "/phone/", "/assets/"} {
		mux.Handle(path, pages)
	}
	n.duo = n.newDuo(c)
	for _, path := range duo.Prefixes() {
		mux.Handle(path, n.duo)
	}
	mux.Handle("/", n.api)
	n.handler = mux
	if c.Around != nil {
		n.handler = c.Around(mux)
	}
	return nil
}

// Conditions is how each push service does.
func (n *Node) Conditions() []push.Condition { return n.fanout.Conditions() }

// Handler is the whole server.
func (n *Node) Handler() http.Handler { return n.handler }

// Close ends what is under way and closes the stores, the last opened first.
// Call it when nothing is served any more.
func (n *Node) Close() error { return n.closeAll() }

func (n *Node) closeAll() error {
	var errs []error
	for i := len(n.closers) - 1; i >= 0; i-- {
		errs = append(errs, n.closers[i]())
	}
	n.closers = nil
	return errors.Join(errs...)
}
