// Package demo runs everything of Countersign in one process on this machine:
// a server, the sample application, a delivery gateway and simulated phones,
// with nothing faked in between. People try it in a browser (Serve), and Tell
// runs the same parts through their stories as a transcript.
package demo

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"countersign/cmd/countersign/node"
	"countersign/cmd/countersign/northwind"
	"countersign/cmd/countersign/parties"
	"countersign/enrolments"
	"countersign/internal/seal"
	"countersign/mail"
	"countersign/mobile-stub/gateway"
	"countersign/mobile-stub/phone"
	"countersign/push"
	"countersign/push/webpush"
)

// Options of a demonstration.
type Options struct {
	// Listen is the loopback address of the one page to open; the server and
	// the application take the next two ports, or any when the port is 0.
	Listen string
	// Data keeps the database, keys and phone in a folder; empty keeps nothing.
	Data string
	Log  *slog.Logger
}

// serverName is what the server is called.
const serverName = "Countersign demo"

// demo is what all of it shares.
type demo struct {
	options Options
	dir     string
	gateway *gateway.Gateway
	mail    *mailbox
	node    *node.Node
	// server is the Countersign server's URL, shop the application's, page the
	// one to open.
	server, shop, page string
	listeners          struct{ server, shop, page net.Listener }
	client             *http.Client // reaches server and gateway
	app                parties.Application

	work    sync.WaitGroup
	cleanup []func() error
}

// start brings up gateway and server. What it opened, close closes.
func start(ctx context.Context, o Options) (_ *demo, err error) {
	d := &demo{options: o, mail: &mailbox{writer: mail.Writer{Server: serverName, Language: "en"}}}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if err := d.folder(); err != nil {
		return nil, err
	}
	if err := d.listen(); err != nil {
		return nil, err
	}
	if d.gateway, err = gateway.Start(gateway.Options{}); err != nil {
		return nil, err
	}
	d.cleanup = append(d.cleanup, d.gateway.Close)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: d.gateway.CertPool(), MinVersion: tls.VersionTLS13}, ForceAttemptHTTP2: true}
	d.client = &http.Client{Transport: transport}
	d.cleanup = append(d.cleanup, func() error { transport.CloseIdleConnections(); return nil })
	return d, d.serve(ctx)
}

// folder is where the database and keys are: the kept one, or one that goes.
func (d *demo) folder() (err error) {
	if d.dir = d.options.Data; d.dir != "" {
		return os.MkdirAll(d.dir, 0o700)
	}
	if d.dir, err = os.MkdirTemp("", "countersign-demo-"); err != nil {
		return err
	}
	d.cleanup = append(d.cleanup, func() error { return os.RemoveAll(d.dir) })
	return nil
}

// listen takes the three ports at once, so that one which is taken shows
// before anything has begun.
func (d *demo) listen() error {
	page, err := net.ResolveTCPAddr("tcp", d.options.Listen)
	if err != nil || !page.AddrPort().Addr().IsLoopback() {
		return errors.New("--listen takes a loopback address like 127.0.0.1:8700: the demonstration is for this machine only")
	}
	ports := []int{page.Port, page.Port + 1, page.Port + 2}
	if page.Port == 0 {
		ports = []int{0, 0, 0}
	}
	urls := []*string{&d.page, &d.server, &d.shop}
	for i, l := range []*net.Listener{&d.listeners.page, &d.listeners.server, &d.listeners.shop} {
		listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: page.IP, Port: ports[i]})
		if err != nil {
			return fmt.Errorf("--listen: %w; the demonstration takes three ports in a row", err)
		}
		*l, *urls[i] = listener, "http://"+listener.Addr().String()
		d.cleanup = append(d.cleanup, func() error { return ignoreClosed(listener.Close()) })
	}
	return nil
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// serve opens the node and answers until close.
func (d *demo) serve(ctx context.Context) error {
	keys, err := d.kept("seal.keys", func() (string, error) { return seal.NewKey(), nil })
	if err != nil {
		return err
	}
	ring, err := seal.Parse(strings.NewReader(keys))
	if err != nil {
		return err
	}
	sender, err := d.webPush()
	if err != nil {
		return err
	}
	d.node, err = node.Open(ctx, node.Config{
		PublicURL: d.server, ServerName: serverName,
		Database: "sqlite:" + filepath.Join(d.dir, "countersign.db"), Keys: ring,
		Senders: map[push.Service]push.Sender{push.WebPush: sender}, AllowTarget: sender.Allowed,
		WebPushKey: sender.PublicKey, Post: d.mail,
		FrameAncestors: []string{d.page}, Demo: true, Log: d.options.Log,
	})
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(context.Background())
	d.work.Go(func() {
		if err := d.node.Serve(serving, d.listeners.server); err != nil {
			d.options.Log.Error("server", "error", err)
		}
	})
	d.cleanup = append(d.cleanup, func() error { stop(); d.work.Wait(); return nil })
	d.app, err = d.register(ctx)
	return err
}

// webPush sends through the gateway of this process alone.
func (d *demo) webPush() (*webpush.Sender, error) {
	text, err := d.kept("vapid.key", func() (string, error) {
		key, err := webpush.GenerateKey()
		return key.Secret(), err
	})
	if err != nil {
		return nil, err
	}
	key, err := webpush.ParseKey(text)
	if err != nil {
		return nil, err
	}
	at, err := url.Parse(d.gateway.WebPush)
	if err != nil {
		return nil, err
	}
	return webpush.New(webpush.Config{
		Key: key, Subject: "mailto:demo@example.com", AllowHosts: []string{at.Host},
		AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		RootCAs:       d.gateway.CertPool(),
	})
}

// kept reads a secret from the folder, made by fresh the first time.
func (d *demo) kept(name string, fresh func() (string, error)) (string, error) {
	path := filepath.Join(d.dir, name)
	text, err := os.ReadFile(path)
	if err == nil || !errors.Is(err, os.ErrNotExist) {
		return string(text), err
	}
	secret, err := fresh()
	if err != nil {
		return "", err
	}
	return secret, os.WriteFile(path, []byte(secret+"\n"), 0o600)
}

// shopID is the sample application's short name.
const shopID enrolments.ApplicationID = "northwind"

// register makes the sample application known and returns a key for it.
func (d *demo) register(ctx context.Context) (parties.Application, error) {
	policy := enrolments.DefaultPolicy()
	policy.TrustFor = 30 * 24 * time.Hour
	key, err := d.node.Enrolments.AddApplication(ctx, enrolments.Application{
		ID: shopID, Name: "Northwind Books", ReturnURLs: []string{d.shop + northwind.ReturnPath}, Policy: policy,
	})
	if errors.Is(err, enrolments.ErrExists) {
		key, err = d.node.Enrolments.AddKey(ctx, shopID)
	}
	if err != nil {
		return parties.Application{}, err
	}
	logo, err := enrolments.ParseLogo(northwind.Logo())
	if err != nil {
		return parties.Application{}, err
	}
	return parties.Application{Server: d.server, Key: key.Reveal(), Client: d.client}, d.node.Enrolments.SetLogo(ctx, shopID, logo)
}

// newPush makes a subscription at the gateway of this process.
func (d *demo) newPush() (*phone.Push, error) {
	id := string(enrolments.NewID[enrolments.PhoneID]())
	p, err := phone.NewWebPush(d.gateway.Endpoint(id))
	if err != nil {
		return nil, err
	}
	p.Token, p.Gateway = id, d.gateway.WebPush
	return p, nil
}

// close ends everything, the last begun first.
func (d *demo) close() error {
	var errs []error
	for i := len(d.cleanup) - 1; i >= 0; i-- {
		errs = append(errs, d.cleanup[i]())
	}
	d.cleanup = nil
	return errors.Join(errs...)
}
