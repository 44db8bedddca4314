package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"countersign/enrolments"
	"countersign/internal/seal"
	"countersign/push/webpush"
)

type appCommand struct {
	Create  appCreate  `cmd:"" help:"Register an application and print its API key, once."`
	List    appList    `cmd:"" help:"List applications."`
	SetLogo appSetLogo `cmd:"" name:"set-logo" help:"Set the picture that people see beside an application's name."`
	NewKey  appNewKey  `cmd:"" help:"Print a further API key; the one before stays valid until drop-keys."`
	DropKey appDropKey `cmd:"" name:"drop-keys" help:"End all keys of an application but the newest."`
	Alias   appAlias   `cmd:"" help:"Let a client of the Duo Auth API call a person by another name."`
	Disable appDisable `cmd:"" help:"Refuse every sign-in through the Duo Auth API, or take them again."`
}

type appCreate struct {
	database
	ID            string        `arg:"" name:"name" help:"Short name: 1 to 32 of a-z, 0-9 and -. It is in the key and in tokens."`
	Title         string        `placeholder:"TEXT" help:"What people are shown; the short name when left out."`
	Logo          string        `env:"-" placeholder:"FILE" help:"Picture that people see beside the title: PNG, JPEG or WebP, 64 KiB at most."`
	ReturnURL     []string      `name:"return-url" placeholder:"URL" help:"Where a browser may be sent back to; may be given again."`
	TTL           time.Duration `name:"ttl" default:"60s" help:"Life of an approval where the application names none, 30s to 300s (${default})."`
	NumberDigits  int           `default:"2" help:"Digits that the person types on the phone, 2 to 6 (${default})."`
	PushLimit     int           `help:"Pushes to one person in 10 minutes, 1 to 30 (5; with --duo 12); then codes only."`
	FirstSignIn   bool          `default:"true" negatable:"" help:"Lead people who have nothing set up to set-up; without it they are refused."`
	KeyOutputFile string        `name:"key-file" placeholder:"FILE" help:"Write the key to a new file of mode 0600 instead."`
	duoFlags
}

func (c *appCreate) Run(ctx context.Context, s *streams) error {
	service, store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	logo, err := readLogo(c.Logo)
	if err != nil {
		return fmt.Errorf("--logo: %w", err)
	}
	policy := enrolments.DefaultPolicy()
	policy.TTL, policy.NumberDigits, policy.FirstSignIn = c.TTL, c.NumberDigits, c.FirstSignIn
	policy.PushLimit = cmp.Or(c.PushLimit, c.pushLimit())
	app := enrolments.Application{
		ID: enrolments.ApplicationID(c.ID), Name: cmp.Or(c.Title, c.ID), ReturnURLs: c.ReturnURL, Policy: policy,
	}
	add := c.createApplication
	if c.Duo {
		add = c.createIntegration
	}
	if err := add(ctx, s, service, app); err != nil || c.Logo == "" {
		return err
	}
	return service.SetLogo(ctx, app.ID, logo)
}

func (c *appCreate) createApplication(ctx context.Context, s *streams, service *enrolments.Service, app enrolments.Application) error {
	key, err := service.AddApplication(ctx, app)
	if errors.Is(err, enrolments.ErrExists) {
		return fmt.Errorf("application %q exists already; countersign app new-key makes it a further key", c.ID)
	}
	if err != nil {
		return err
	}
	return handOut(s, key, c.KeyOutputFile)
}

// handOut shows a key the one time it can be shown.
func handOut(s *streams, key enrolments.APIKey, file string) error {
	if file != "" {
		return writeSecret(file, key.Reveal()+"\n")
	}
	fmt.Fprintln(s.err, "The API key, shown this once; keep it like a password:")
	fmt.Fprintln(s.out, key.Reveal())
	return nil
}

type appList struct{ database }

func (c *appList) Run(ctx context.Context, s *streams) error {
	_, store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	all, err := store.Applications(ctx)
	if err != nil {
		return err
	}
	return table(s.out, "NAME\tTITLE\tRETURN URLS\tCREATED", func(row func(...any)) {
		for _, a := range all {
			row(a.ID, a.Name, strings.Join(a.ReturnURLs, " "), a.CreatedAt.Format(time.RFC3339))
		}
	})
}

type appNewKey struct {
	database
	ID            string `arg:"" name:"name" help:"The application's short name."`
	KeyOutputFile string `name:"key-file" placeholder:"FILE" help:"Write the key to a new file of mode 0600 instead."`
}

func (c *appNewKey) Run(ctx context.Context, s *streams) error {
	service, store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	key, err := service.AddKey(ctx, enrolments.ApplicationID(c.ID))
	if err != nil {
		return fmt.Errorf("application %q: %w", c.ID, err)
	}
	return handOut(s, key, c.KeyOutputFile)
}

type appDropKey struct {
	database
	ID string `arg:"" name:"name" help:"The application's short name."`
}

func (c *appDropKey) Run(ctx context.Context, s *streams) error {
	service, store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	n, err := service.DropOldKeys(ctx, enrolments.ApplicationID(c.ID))
	if err != nil {
		return fmt.Errorf("application %q: %w", c.ID, err)
	}
	fmt.Fprintf(s.out, "%d older keys ended\n", n)
	return nil
}

type auditCommand struct {
	List   auditList   `cmd:"" help:"Print the newest events."`
	Verify auditVerify `cmd:"" help:"Check the chain of hashes over the whole trail."`
}

type auditList struct {
	database
	User  string `placeholder:"USER" help:"Only this person's."`
	Limit int    `default:"50" help:"How many, 1 to 1000 (${default})."`
}

func (c *auditList) Run(ctx context.Context, s *streams) error {
	service, store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	if c.Limit < 1 || c.Limit > 1000 {
		return errors.New("--limit takes 1 to 1000")
	}
	filter := enrolments.EventFilter{Limit: c.Limit}
	if c.User != "" {
		e, err := service.Person(ctx, c.User)
		if err != nil {
			return unknown(c.User, err)
		}
		filter.Person = e.ID
	}
	events, err := store.Events(ctx, filter)
	if err != nil {
		return err
	}
	return table(s.out, "AT\tWHAT\tPERSON\tAPPLICATION\tAPPROVAL\tDETAIL\tHELP DESK", func(row func(...any)) {
		for _, e := range events {
			row(e.At.Format(time.RFC3339), e.Kind, e.Person, e.Application, e.Approval, e.Detail, e.Because())
		}
	})
}

type auditVerify struct{ database }

func (c *auditVerify) Run(ctx context.Context, s *streams) error {
	_, store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	rows, err := store.VerifyAudit(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%d events, unbroken\n", rows)
	return nil
}

type keysCommand struct {
	New    keysNew    `cmd:"" help:"Write a new file of keys that seal secrets at rest."`
	VAPID  keysVAPID  `cmd:"" name:"vapid" help:"Write a new Web Push key and print its public half."`
	Reseal keysReseal `cmd:"" help:"Seal everything again under the current key; then the older ones may go."`
}

type keysNew struct {
	File string `arg:"" help:"A file that is not there yet."`
}

func (c *keysNew) Run() error { return writeSecret(c.File, seal.NewKey()+"\n") }

type keysVAPID struct {
	File string `arg:"" help:"A file that is not there yet."`
}

func (c *keysVAPID) Run(s *streams) error {
	key, err := webpush.GenerateKey()
	if err != nil {
		return err
	}
	if err := writeSecret(c.File, key.Secret()+"\n"); err != nil {
		return err
	}
	fmt.Fprintln(s.out, key.Public())
	return nil
}

type keysReseal struct{ database }

func (c *keysReseal) Run(ctx context.Context, s *streams) error {
	_, store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	n, err := store.Reseal(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%d values sealed again\n", n)
	return nil
}

// table prints rows in columns.
func table(out io.Writer, head string, fill func(row func(...any))) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, head)
	fill(func(cells ...any) {
		for i, cell := range cells {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, cell)
		}
		fmt.Fprintln(w)
	})
	return w.Flush()
}
