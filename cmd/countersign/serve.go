package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"

	"countersign/cmd/countersign/node"
	"countersign/push"
	"countersign/push/apns"
	"countersign/push/fcm"
	"countersign/push/webpush"
)

// serveCommand runs the server.
type serveCommand struct {
	database
	pushFlags
	tlsFlags
	Listen         string   `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to listen (${default})."`
	Redis          string   `placeholder:"URL" help:"Short-lived store: redis://, rediss://, redis+sentinel:// or redis+cluster://. Without it one is embedded: one node, and pending sign-ins end with it."`
	TrustedProxy   []string `placeholder:"CIDR" help:"Networks of proxies whose X-Forwarded-For is believed."`
	DuoHost        []string `name:"duo-host" placeholder:"HOST" help:"Name, with the port where it is not 443, that clients of the Duo Auth API are configured with beside that of --public-url; may be given again."`
	LogLevel       string   `default:"info" placeholder:"LEVEL" help:"debug, info, warn or error (${default})."`
	DeveloperPages bool     `help:"Show the command of the simulated phone on the pairing page."`
}

// pushFlags say which delivery services may be used.
type pushFlags struct {
	FCMCredentialsFile string   `name:"fcm-credentials-file" placeholder:"FILE" help:"Firebase service account (JSON): turns FCM on."`
	FCMEndpoint        string   `name:"fcm-endpoint" placeholder:"URL" help:"Another FCM endpoint."`
	APNsKeyFile        string   `name:"apns-key-file" placeholder:"FILE" help:"APNs signing key (.p8): turns APNs on, with the next three."`
	APNsKeyID          string   `name:"apns-key-id" placeholder:"ID" help:"Key ID of the .p8, 10 characters."`
	APNsTeamID         string   `name:"apns-team-id" placeholder:"ID" help:"Team ID, 10 characters."`
	APNsTopic          string   `name:"apns-topic" placeholder:"BUNDLE" help:"Bundle id of the app."`
	APNsEndpoint       string   `name:"apns-endpoint" placeholder:"URL" help:"Another APNs endpoint, production and sandbox."`
	VAPIDKeyFile       string   `name:"vapid-key-file" placeholder:"FILE" help:"Web Push key: turns Web Push on. Make one with: countersign keys vapid."`
	VAPIDSubject       string   `name:"vapid-subject" placeholder:"URL" help:"mailto: or https: where push services reach you; needed with --vapid-key-file."`
	PushHost           []string `name:"push-host" placeholder:"HOST" help:"Web Push hosts allowed beside the known services."`
	PushNetwork        []string `name:"push-network" placeholder:"CIDR" help:"Private networks that Web Push may dial."`
	PushCAFile         string   `name:"push-ca-file" placeholder:"FILE" help:"Authorities (PEM) trusted for delivery services, instead of the system's."`
}

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context, s *streams) error {
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
	n, err := node.Open(ctx, config)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if c.Redis == "" {
		log.Warn("no --redis: sign-ins that are pending end when this process does, and there can be one node only")
	}
	log.Info("serving", "listen", listener.Addr().String(), "public_url", config.PublicURL)
	return n.Serve(ctx, listener)
}

func (c *serveCommand) config(log *slog.Logger) (node.Config, error) {
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
	proxies, err := prefixes("--trusted-proxy", c.TrustedProxy)
	if err != nil {
		return node.Config{}, err
	}
	delivery, err := c.delivery()
	if err != nil {
		return node.Config{}, err
	}
	return node.Config{
		PublicURL: c.PublicURL, ServerName: c.ServerName, Redis: c.Redis, Database: url, Keys: ring,
		Senders: delivery.senders, AllowTarget: delivery.allowed, WebPushKey: delivery.webPushKey,
		TrustedProxies: proxies, DuoHosts: c.DuoHost, Demo: c.DeveloperPages, Log: log,
	}, nil
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

// delivery is what the push flags amount to.
type delivery struct {
	senders map[push.Service]push.Sender
	// endpoint refuses Web Push endpoints; nil without Web Push.
	endpoint   func(push.Target) error
	webPushKey string
}

// delivery makes the configured senders.
func (f pushFlags) delivery() (d delivery, err error) {
	roots, err := readRoots(f.PushCAFile)
	if err != nil {
		return d, fmt.Errorf("--push-ca-file: %w", err)
	}
	d.senders = make(map[push.Service]push.Sender)
	if f.FCMCredentialsFile != "" {
		s, err := fcm.New(fcm.Config{ServiceAccountFile: f.FCMCredentialsFile, Endpoint: f.FCMEndpoint, RootCAs: roots})
		if err != nil {
			return d, fmt.Errorf("--fcm-credentials-file: %w", err)
		}
		d.senders[push.FCM] = s
	}
	if f.APNsKeyFile != "" {
		s, err := apns.New(apns.Config{
			Topic: f.APNsTopic, KeyFile: f.APNsKeyFile, KeyID: f.APNsKeyID, TeamID: f.APNsTeamID,
			Production: f.APNsEndpoint, Sandbox: f.APNsEndpoint, RootCAs: roots,
		})
		if err != nil {
			return d, fmt.Errorf("--apns-key-file and its like: %w", err)
		}
		d.senders[push.APNs] = s
	}
	if f.VAPIDKeyFile != "" {
		config, err := f.webPush()
		if err != nil {
			return d, err
		}
		config.RootCAs = roots
		s, err := webpush.New(config)
		if err != nil {
			return d, fmt.Errorf("--vapid-key-file and its like: %w", err)
		}
		d.senders[push.WebPush], d.endpoint, d.webPushKey = s, s.Allowed, s.PublicKey()
	}
	return d, nil
}

func (f pushFlags) webPush() (webpush.Config, error) {
	key, err := webpush.ReadKey(f.VAPIDKeyFile)
	if err != nil {
		return webpush.Config{}, fmt.Errorf("--vapid-key-file: %w", err)
	}
	networks, err := prefixes("--push-network", f.PushNetwork)
	if err != nil {
		return webpush.Config{}, err
	}
	return webpush.Config{Key: key, Subject: f.VAPIDSubject, AllowHosts: f.PushHost, AllowNetworks: networks}, nil
}

// allowed refuses push targets of services that are not configured, since they
// could never be woken.
func (d delivery) allowed(t push.Target) error {
	if _, ok := d.senders[t.Service]; !ok {
		return fmt.Errorf("%w: this server does not push through %s; configured: %s", push.ErrBadTarget, t.Service, names(d.senders))
	}
	if t.Service == push.WebPush {
		return d.endpoint(t)
	}
	return nil
}

func names(senders map[push.Service]push.Sender) string {
	var all []string
	for _, service := range []push.Service{push.FCM, push.APNs, push.WebPush} {
		if _, ok := senders[service]; ok {
			all = append(all, string(service))
		}
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}
