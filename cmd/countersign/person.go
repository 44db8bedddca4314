package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
	"countersign/sqlstore"
)

// personCommand holds the verbs of the help desk. What changes something takes
// a reason, which goes into the audit trail.
type personCommand struct {
	Show         personShow         `cmd:"" help:"Show what a person has set up, what is under way, what is locked, and how their last sign-ins ended."`
	SetUp        personSetUp        `cmd:"" name:"set-up" help:"Print a one-time link with which a person sets up a phone (10 minutes)."`
	Unlock       personUnlock       `cmd:"" help:"Take pushes and codes of a person again, after a report or too many wrong codes."`
	Remove       personRemove       `cmd:"" name:"remove-phone" help:"Remove a phone for good."`
	RemoveApp    personRemoveApp    `cmd:"" name:"remove-authenticator" help:"Remove an authenticator app for good, and end the trust in browsers that its codes may have begun."`
	StopRecovery personStopRecovery `cmd:"" name:"stop-recovery" help:"Stop the way to a new phone that somebody has begun with a code."`
	Verify       personVerify       `cmd:"" help:"Find out whether somebody on the line holds a phone of the person's: it shows a number, and you type what you are told; exit 1 when they do not."`
	EndTrust     personEndTrust     `cmd:"" name:"end-trust" help:"Ask for a second factor again in browsers that a person trusts: in one, in those for an application, or in all."`
}

// whose is the person that a verb is about.
type whose struct {
	database
	User string `arg:"" help:"The person's user name, as applications give it."`
}

func (w *whose) find(ctx context.Context) (*enrolments.Service, *sqlstore.Store, enrolments.Enrolment, error) {
	service, store, err := w.open(ctx)
	if err != nil {
		return nil, nil, enrolments.Enrolment{}, err
	}
	e, err := service.Person(ctx, w.User)
	if err != nil {
		return nil, nil, e, errors.Join(unknown(w.User, err), store.Close())
	}
	return service, store, e, nil
}

// unknown says what to do about a user name that nobody has.
func unknown(user string, err error) error {
	if errors.Is(err, enrolments.ErrNotFound) {
		return fmt.Errorf("nobody is known as %q; give the user name exactly as the application does", user)
	}
	return fmt.Errorf("person %q: %w", user, err)
}

// because is why the help desk acts. Each act has its own: it never comes from
// the environment.
type because struct {
	Reason string `required:"" env:"-" placeholder:"TEXT" help:"Why, in 1 to 256 characters that the person may read: it goes into the audit trail."`
}

func (b because) desk(service *enrolments.Service) (enrolments.HelpDesk, error) {
	desk, err := service.HelpDesk(b.Reason)
	if err != nil {
		return desk, fmt.Errorf("--reason: %w", err)
	}
	return desk, nil
}

// help does something for a person, for the reason given.
func (w *whose) help(ctx context.Context, b because, act func(enrolments.HelpDesk, enrolments.Enrolment) error) error {
	service, store, e, err := w.find(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	desk, err := b.desk(service)
	if err != nil {
		return err
	}
	return act(desk, e)
}

type personShow struct{ whose }

func (c *personShow) Run(ctx context.Context, s *streams) error {
	service, store, e, err := c.find(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	failures, blocked, err := service.CodesBlocked(ctx, e.ID)
	if err != nil {
		return err
	}
	recoveries, err := service.RunningRecoveries(ctx, e.ID)
	if err != nil {
		return err
	}
	apps, err := service.Apps(ctx, e.ID)
	if err != nil {
		return err
	}
	browsers, err := service.TrustedEverywhere(ctx, e.ID)
	if err != nil {
		return err
	}
	past, err := approvals.HistoryIn(ctx, store, e.ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s: %d phones, %d authenticators, %d recovery codes left\n", e.User, len(e.Phones), e.Authenticators, e.RecoveryCodes)
	backup := "none"
	if e.BackupEmail != "" {
		backup = enrolments.MaskEmail(e.BackupEmail)
	}
	fmt.Fprintf(s.out, "backup address: %s, security questions: %s\n", backup, map[bool]string{true: "answered", false: "none"}[e.Questions])
	fmt.Fprintf(s.out, "pushes: %s\n", map[bool]string{true: "locked since a report, until person unlock", false: "sent"}[e.PushLocked])
	fmt.Fprintf(s.out, "codes: %s\n", standing(failures, blocked))
	return errors.Join(showPhones(s.out, e.Phones), showApps(s.out, apps), showRecoveries(s.out, recoveries), showTrusted(s.out, browsers), showPast(s.out, past))
}

// standing says whether a person's codes are taken.
func standing(failures int, blocked *enrolments.BlockedError) string {
	switch {
	case blocked == nil:
		return fmt.Sprintf("taken, %d wrong in a row", failures)
	case blocked.Until.IsZero():
		return fmt.Sprintf("locked after %d wrong in a row, until person unlock", failures)
	}
	return fmt.Sprintf("held back until %s after %d wrong in a row", when(blocked.Until), failures)
}

func when(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}

func showPhones(out io.Writer, all []enrolments.Phone) error {
	return table(out, "\nPHONE\tNAME\tPLATFORM\tADDED\tLAST USED", func(row func(...any)) {
		for _, p := range all {
			row(p.ID, p.Name, p.Platform, when(p.AddedAt), when(p.LastUsedAt))
		}
	})
}

func showApps(out io.Writer, all []enrolments.Authenticator) error {
	if len(all) == 0 {
		return nil
	}
	return table(out, "\nAUTHENTICATOR\tADDED\tLAST USED", func(row func(...any)) {
		for _, a := range all {
			row(a.ID, when(a.CreatedAt), when(a.LastUsed()))
		}
	})
}

func showRecoveries(out io.Writer, all []enrolments.Recovery) error {
	if len(all) == 0 {
		return nil
	}
	return table(out, "\nRECOVERY\tSTATE\tBY\tAPPLICATION\tBROWSER\tPLACE\tIP\tBEGUN\tREADY\tENDS", func(row func(...any)) {
		for _, r := range all {
			row(r.ID, r.State, r.Method, r.Application, r.Browser, r.Location, r.IP, when(r.BegunAt), when(r.ReadyAt), when(r.EndsAt))
		}
	})
}

func showTrusted(out io.Writer, all []enrolments.TrustedBrowser) error {
	if len(all) == 0 {
		return nil
	}
	return table(out, "\nTRUSTED BROWSER\tAPPLICATION\tNAME\tADDED\tLAST USED\tENDS", func(row func(...any)) {
		for _, t := range all {
			row(t.ID, t.Application, t.Name, when(t.AddedAt), when(t.LastUsedAt), when(t.EndsAt))
		}
	})
}

func showPast(out io.Writer, all []approvals.SignIn) error {
	if len(all) == 0 {
		return nil
	}
	return table(out, "\nSIGN-IN\tAPPLICATION\tACTION\tENDED\tWHY\tBY\tBROWSER\tPLACE\tIP", func(row func(...any)) {
		for _, p := range all {
			row(when(p.At), p.Application, p.Action, p.State, p.Reason, cmp.Or(p.PhoneName, string(p.Method)), p.Browser, p.Location, p.IP)
		}
	})
}

type personSetUp struct {
	database
	because
	User          string   `arg:"" help:"The person's user name, as applications give it; added where there is none."`
	Keep          []string `env:"-" placeholder:"PHONE" help:"Phones that go on working, by id as person show lists them, or all. Without it each stops as the new one starts."`
	WithoutScript bool     `help:"The person's browser runs no scripts: the link lets in whoever opens it first."`
}

func (c *personSetUp) Run(ctx context.Context, s *streams) error {
	service, store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	desk, err := c.desk(service)
	if err != nil {
		return err
	}
	open, link := desk.OpenPairing, "%s/set-up/%s#%s\n"
	if c.WithoutScript {
		open, link = desk.OpenPairingToEnter, "%s/set-up/%s/enter/%s\n"
	}
	had, err := service.Person(ctx, c.User)
	if err != nil && !errors.Is(err, enrolments.ErrNotFound) {
		return err
	}
	keep, err := c.kept(had)
	if err != nil {
		return err
	}
	pairing, secret, err := open(ctx, c.User, keep...)
	if err != nil {
		return err
	}
	if gone := namesOf(had, pairing.Removes); gone != "" {
		fmt.Fprintf(s.err, "Once the new phone is active, these stop working (--keep keeps them): %s\n", gone)
	}
	fmt.Fprintln(s.err, "Good once, for 10 minutes, for the person's own browser:")
	fmt.Fprintf(s.out, link, c.PublicURL, pairing.ID, secret.Reveal())
	return nil
}

// kept are the phones that go on working, of those that the person had.
func (c *personSetUp) kept(had enrolments.Enrolment) (keep []enrolments.PhoneID, err error) {
	for _, id := range c.Keep {
		found := false
		for _, p := range had.Phones {
			if id == "all" || string(p.ID) == id {
				keep, found = append(keep, p.ID), true
			}
		}
		if !found && id != "all" {
			return nil, fmt.Errorf("--keep: %s has no phone %q; countersign person show lists them", c.User, id)
		}
	}
	return keep, nil
}

// namesOf names phones of a person, with commas.
func namesOf(e enrolments.Enrolment, ids []enrolments.PhoneID) string {
	var names []string
	for _, p := range e.Phones {
		if slices.Contains(ids, p.ID) {
			names = append(names, p.Name)
		}
	}
	return strings.Join(names, ", ")
}

type personUnlock struct {
	whose
	because
}

func (c *personUnlock) Run(ctx context.Context, s *streams) error {
	return c.help(ctx, c.because, func(desk enrolments.HelpDesk, e enrolments.Enrolment) error {
		if err := desk.Unlock(ctx, e.ID); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s is unlocked\n", e.User)
		return nil
	})
}

type personRemove struct {
	whose
	because
	Phone string `arg:"" help:"The phone's id, as person show lists it."`
}

func (c *personRemove) Run(ctx context.Context, s *streams) error {
	return c.help(ctx, c.because, func(desk enrolments.HelpDesk, e enrolments.Enrolment) error {
		for _, p := range e.Phones {
			if string(p.ID) == c.Phone {
				if err := desk.RemovePhone(ctx, p); err != nil {
					return err
				}
				fmt.Fprintf(s.out, "%s is removed\n", p.Name)
				return nil
			}
		}
		return fmt.Errorf("%s has no phone %q; countersign person show lists them", e.User, c.Phone)
	})
}

type personRemoveApp struct {
	whose
	because
	App string `arg:"" name:"authenticator" help:"The app's id, as person show lists it."`
}

func (c *personRemoveApp) Run(ctx context.Context, s *streams) error {
	return c.help(ctx, c.because, func(desk enrolments.HelpDesk, e enrolments.Enrolment) error {
		err := desk.RemoveAuthenticator(ctx, e.ID, enrolments.AuthenticatorID(c.App))
		if errors.Is(err, enrolments.ErrNotFound) {
			return fmt.Errorf("%s has no authenticator app %q; countersign person show lists them", e.User, c.App)
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(s.out, "it is removed, and its codes are not taken any more")
		return nil
	})
}

type personStopRecovery struct {
	whose
	because
	Recovery string `arg:"" help:"The recovery's id, as person show lists it."`
}

func (c *personStopRecovery) Run(ctx context.Context, s *streams) error {
	return c.help(ctx, c.because, func(desk enrolments.HelpDesk, e enrolments.Enrolment) error {
		stopped, err := desk.StopRecovery(ctx, e.ID, enrolments.RecoveryID(c.Recovery))
		switch {
		case errors.Is(err, enrolments.ErrNotFound):
			return fmt.Errorf("%s has no recovery %q; countersign person show lists them", e.User, c.Recovery)
		case err != nil:
			return err
		case !stopped:
			return errors.New("that recovery is over already; countersign person show lists the phones that it may have led to")
		}
		fmt.Fprintln(s.out, "it is stopped, and leads to no phone")
		return nil
	})
}

type personEndTrust struct {
	whose
	because
	App     string `env:"-" placeholder:"NAME" help:"Only in browsers for this application."`
	Browser string `env:"-" placeholder:"ID" help:"Only in this browser, as person show lists it."`
}

func (c *personEndTrust) Run(ctx context.Context, s *streams) error {
	return c.help(ctx, c.because, func(desk enrolments.HelpDesk, e enrolments.Enrolment) error {
		n, err := desk.EndTrust(ctx, e.ID, enrolments.ApplicationID(c.App), enrolments.TrustID(c.Browser))
		if err != nil {
			return err
		}
		if n == 0 && c.Browser != "" {
			return fmt.Errorf("%s trusts no browser %q there; countersign person show lists them", e.User, c.Browser)
		}
		fmt.Fprintf(s.out, "%d browsers are asked again\n", n)
		return nil
	})
}
