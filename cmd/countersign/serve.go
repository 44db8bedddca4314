package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"

	"countersign/cmd/countersign/node"
)

// serveCommand runs the server.
type serveCommand struct {
	asking
	mailFlags
	tlsFlags
	observeFlags
	Listen         string   `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to listen (${default})."`
	TrustedProxy   []string `placeholder:"CIDR" help:"Networks of proxies whose X-Forwarded-For is believed."`
	DuoHost        []string `name:"duo-host" placeholder:"HOST" help:"Name, with the port where it is not 443, that clients of the Duo Auth API are configured with beside that of --public-url; may be given again."`
	LogLevel       string   `default:"info" placeholder:"LEVEL" help:"debug, info, warn or error (${default})."`
	DeveloperPages bool     `help:"Show the command of the simulated phone on the pairing page."`
}

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context, s *streams) (err error) {
	log, err := logger(s, c.LogLevel)
	if err != nil {
		return err
	}
	config, err := c.config(log)
	if err != nil {
		return err
	}
	listener, err := c.listen(c.Listen, log)
	if err != nil {
		return err
	}
	observed, err := c.observe(ctx, &config)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, observed.stop()) }()
	n, err := node.Open(ctx, config)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	observed.opened(n)
	if c.Redis == "" {
		log.Warn("no --redis: sign-ins that are pending end when this process does, and there can be one node only")
	}
	log.Info("serving", "listen", listener.Addr().String(), "public_url", config.PublicURL)
	return n.Serve(ctx, listener)
}

// asking is what asks phones: the stores and the delivery services. A verb that
// asks takes the flags of serve, so that it asks as the servers do.
type asking struct {
	database
	pushFlags
	Redis string `placeholder:"URL" help:"Short-lived store: redis://, rediss://, redis+sentinel:// or redis+cluster://. Without it one is embedded: one node, and pending sign-ins end with it."`
}

func (c *asking) config(log *slog.Logger) (node.Config, error) {
	if err := c.check(); err != nil {
		return node.Config{}, err
	}
	url, err := c.url()
	if err != nil {
		return node.Config{}, err
	}
	ring, err := c.keyring()
	if err != nil {
		return node.Config{}, err
	}
	delivery, err := c.delivery(log)
	if err != nil {
		return node.Config{}, err
	}
	return node.Config{
		PublicURL: c.PublicURL, ServerName: c.ServerName, Redis: c.Redis, Database: url, Keys: ring,
		Senders: delivery.senders, AllowTarget: delivery.allowed, WebPushKey: delivery.webPushKey, Log: log,
	}, nil
}

func (c *serveCommand) config(log *slog.Logger) (node.Config, error) {
	config, err := c.asking.config(log)
	if err != nil {
		return config, err
	}
	if config.Post, err = c.post(c.named); err != nil {
		return config, err
	}
	config.DuoHosts, config.Demo = c.DuoHost, c.DeveloperPages
	config.TrustedProxies, err = prefixes("--trusted-proxy", c.TrustedProxy)
	return config, err
}

// prefixes reads the networks that a flag names.
func prefixes(flag string, all []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range all {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is not a network like 10.0.0.0/8", flag, text)
		}
		out = append(out, prefix)
	}
	return out, nil
}
