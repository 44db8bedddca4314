package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"

	"countersign/cmd/countersign/node"
	"countersign/cmd/countersign/northwind"
	"countersign/cmd/countersign/parties"
	"countersign/enrolments"
	"countersign/mobile-stub/phone"
)

// ana is the person of the demonstration: a phone is paired for her.
const ana = "ana@example.com"

// People sign in to the sample application with these passwords; they are no
// secret.
func People() map[string]northwind.Person {
	return map[string]northwind.Person{
		ana:                {Password: "sunflower", Role: "owner"},
		"cleo@example.com": {Password: "lavender", Role: "member"},
	}
}

// Serve runs the demonstration for a browser until ctx ends.
func Serve(ctx context.Context, o Options, out io.Writer) (err error) {
	d, err := start(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	set, err := d.anasPhone(ctx)
	if err != nil {
		return fmt.Errorf("the simulated phone: %w", err)
	}
	shop, err := northwind.New(northwind.Config{
		CountersignURL: d.server, APIKey: d.app.Key, PublicURL: d.shop, People: People(),
		FrameAncestors: []string{d.page},
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	servers := []*http.Server{node.NewServer(shop, o.Log), node.NewServer(d.pages(set), o.Log)}
	failed := make(chan error, len(servers))
	d.work.Go(func() { set.run(ctx) })
	go func() { failed <- servers[0].Serve(d.listeners.shop) }()
	go func() { failed <- servers[1].Serve(d.listeners.page) }()
	fmt.Fprintf(out, "Open %s\nCtrl-C ends it.\n", d.page)
	select {
	case <-ctx.Done():
	case err = <-failed:
		failed <- nil
	}
	stop()
	for range servers {
		err = errors.Join(err, servers[0].Close(), servers[1].Close(), ignoreDone(<-failed))
	}
	return err
}

func ignoreDone(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// anasPhone is the phone of the kept folder if it belongs to this server, or a
// new one, paired as a person would.
func (d *demo) anasPhone(ctx context.Context) (*handset, error) {
	p := phone.New(phone.Options{HTTP: d.client})
	if d.options.Data != "" {
		var err error
		if p, err = phone.Open(filepath.Join(d.dir, "phone.json"), phone.Options{HTTP: d.client}); err != nil {
			return nil, err
		}
	}
	wake, err := d.newPush()
	if err != nil {
		return nil, err
	}
	for _, account := range p.Accounts() {
		if account.Server == d.server && account.State == phone.Active {
			// The gateway of the earlier run is gone; this one wakes it now.
			return newHandset(p, account), p.SetPush(ctx, account.ID, wake)
		}
	}
	s, err := d.firstSetUp(ctx)
	if err != nil {
		return nil, err
	}
	account, err := s.Pair(ctx, p, phone.Pairing{Name: "Ana's iPhone", Platform: "ios", Push: wake})
	return newHandset(p, account), err
}

// firstSetUp opens a set-up as an administrator: a kept folder may hold an
// older phone of hers.
func (d *demo) firstSetUp(ctx context.Context) (parties.SetUp, error) {
	pairing, token, err := d.node.Enrolments.OpenPairing(ctx, enrolments.Opening{
		User: ana, Application: shopID, Allowed: true, ReturnURL: d.shop + northwind.ReturnPath,
	})
	if err != nil {
		return parties.SetUp{}, err
	}
	return d.app.Opened(ctx, string(pairing.ID), token.Reveal())
}
