package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"countersign/push"
	"countersign/push/webpush"
)

// pushCommand holds the verbs about delivery services.
type pushCommand struct {
	Check pushCheck `cmd:"" help:"Ask each configured service whether it accepts this server, without waking a phone; exit 1 when one does not."`
}

// pushCheck takes the flags of serve, so that what is checked is what is served.
type pushCheck struct {
	pushFlags
}

// checkTime bounds one question.
const checkTime = 15 * time.Second

// Run asks every service and says what each answered. One that does not accept
// us keeps no other from being asked.
func (c *pushCheck) Run(ctx context.Context, s *streams) error {
	d, err := c.delivery(slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	if len(d.senders) == 0 {
		return errors.New("no push service is configured: give the flags of countersign serve, or their environment variables")
	}
	check := checking{out: s.out}
	if d.fcm != nil {
		defer d.fcm.Close()
		check.ask(ctx, push.FCM, "FCM", "accepts the service account for its project", d.fcm.Check)
	}
	if d.apns != nil {
		defer d.apns.Close()
		check.ask(ctx, push.APNs, "APNs", "accepts the credential for "+c.APNsTopic,
			func(ctx context.Context) error { return d.apns.Check(ctx, false) })
		check.mention(ctx, push.APNs, "APNs sandbox", "accepts it too, for apps from a developer's machine",
			func(ctx context.Context) error { return d.apns.Check(ctx, true) })
	}
	if d.webPush != nil {
		defer d.webPush.Close()
		check.webPush(ctx, d.webPush, c.PushHost)
	}
	if check.troubles > 0 {
		return fmt.Errorf("%d of the services are in trouble", check.troubles)
	}
	return nil
}

// checking writes a line or two for each question.
type checking struct {
	out      io.Writer
	troubles int
}

// ask counts what goes wrong.
func (c *checking) ask(ctx context.Context, of push.Service, name, good string, question func(context.Context) error) {
	if !c.mention(ctx, of, name, good, question) {
		c.troubles++
	}
}

// mention only says it.
func (c *checking) mention(ctx context.Context, of push.Service, name, good string, question func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	err := question(ctx)
	if err == nil {
		fmt.Fprintf(c.out, "%s: well; %s\n", name, good)
		return true
	}
	fmt.Fprintf(c.out, "%s: in trouble; %s\n", name, strings.TrimPrefix(err.Error(), "push: "))
	if says := advice(of, err); says != "" {
		fmt.Fprintf(c.out, "    %s\n", says)
	}
	return false
}

// webPush can learn little without a phone's subscription, and says so.
func (c *checking) webPush(ctx context.Context, s *webpush.Sender, hosts []string) {
	fmt.Fprintf(c.out, "Web Push: the VAPID key is whole, and phones are told the public key %s\n", s.PublicKey())
	for _, host := range hosts {
		if strings.HasPrefix(host, "*.") {
			fmt.Fprintf(c.out, "Web Push %s: not asked; it stands for many hosts\n", host)
			continue
		}
		c.ask(ctx, push.WebPush, "Web Push "+host, "answers, and its certificate is trusted",
			func(ctx context.Context) error { return s.Reach(ctx, host) })
	}
	fmt.Fprintln(c.out, "    Whether a service accepts the key shows only with a phone's subscription: pair a phone and sign in.")
	fmt.Fprintf(c.out, "    Not asked, for that reason: %s\n", strings.Join(webpush.KnownHosts(), ", "))
}
