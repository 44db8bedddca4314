package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"countersign/enrolments"
)

// duoPushLimit bounds pushes where a client asks three times a login: four
// logins of somebody clumsy, and still an end to a bombing.
const duoPushLimit = 12

// duoFlags make an application one that speaks the Duo Auth API.
type duoFlags struct {
	Duo               bool     `help:"Let clients of the Duo Auth API ask: prints ikey, skey, host and a ready pam_duo.conf, once."`
	OldSignatures     string   `name:"duo-old-signatures" placeholder:"REASON" help:"Take signatures without a date, as duo_unix before 2.0.4 (Debian 12's) makes them, for the reason that you write here. They can be replayed by whoever sees them inside TLS."`
	PushWithoutNumber string   `name:"duo-push-without-number" placeholder:"REASON" help:"Let a phone approve without typing a number where a client cannot show one, for the reason that you write here. A tired person may then approve somebody else's sign-in; without it such a client is told to ask for a code."`
	Domain            []string `name:"duo-domain" placeholder:"DOMAIN" help:"Read DOMAIN\\user and user@DOMAIN as user; may be given again."`
}

func (f duoFlags) pushLimit() int {
	if f.Duo {
		return duoPushLimit
	}
	return enrolments.DefaultPolicy().PushLimit
}

func (f duoFlags) policy() enrolments.IntegrationPolicy {
	return enrolments.IntegrationPolicy{OldSignatures: f.OldSignatures, PushWithoutNumber: f.PushWithoutNumber, Domains: f.Domain}
}

// createIntegration registers the application and shows its secret, once.
func (c *appCreate) createIntegration(ctx context.Context, s *streams, service *enrolments.Service, app enrolments.Application) error {
	i, err := service.AddIntegration(ctx, app, c.policy())
	if errors.Is(err, enrolments.ErrExists) {
		return fmt.Errorf("application %q exists already", c.ID)
	}
	if err != nil {
		return err
	}
	conf := pamConf(i, c.PublicURL)
	if c.KeyOutputFile != "" {
		return writeSecret(c.KeyOutputFile, conf)
	}
	fmt.Fprintln(s.err, "Shown this once; for a web application's library, host is api_host, ikey client_id and skey client_secret:")
	fmt.Fprint(s.out, conf)
	return nil
}

// pamConf is a configuration that pam_duo and login_duo take as it is.
func pamConf(i enrolments.Integration, publicURL string) string {
	host := publicURL
	if u, err := url.Parse(publicURL); err == nil {
		host = u.Host
	}
	var b strings.Builder
	fmt.Fprintf(&b, "; Keep it as /etc/security/pam_duo.conf, mode 0600.\n[duo]\nikey = %s\nskey = %s\nhost = %s\n", i.Key, i.Secret.Reveal(), host)
	b.WriteString("; Without this line everybody is let in while the server cannot be asked.\nfailmode = secure\n")
	b.WriteString("; The authorities that the host's certificate is made by.\ncafile = /etc/ssl/certs/ca-certificates.crt\npushinfo = yes\n")
	return b.String()
}

type appAlias struct {
	database
	ID    string `arg:"" name:"name" help:"The application's short name."`
	Alias string `arg:"" help:"What the client calls the person, exactly."`
	User  string `arg:"" help:"The person's user name."`
}

func (c *appAlias) Run(ctx context.Context, s *streams) error {
	service, store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := service.AddAlias(ctx, enrolments.ApplicationID(c.ID), c.Alias, c.User); err != nil {
		return fmt.Errorf("application %q: %w", c.ID, err)
	}
	fmt.Fprintf(s.out, "%s is %s there\n", c.Alias, c.User)
	return nil
}

type appDisable struct {
	database
	ID  string `arg:"" name:"name" help:"The application's short name."`
	Off bool   `help:"Take sign-ins again."`
}

func (c *appDisable) Run(ctx context.Context, s *streams) error {
	service, store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := service.DisableIntegration(ctx, enrolments.ApplicationID(c.ID), !c.Off); err != nil {
		return fmt.Errorf("application %q: %w", c.ID, err)
	}
	fmt.Fprintf(s.out, "%s %s sign-ins\n", c.ID, map[bool]string{true: "takes", false: "refuses"}[c.Off])
	return nil
}
