package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"countersign/mobile-stub/phone"
)

func pairFlags(s *session, f *flag.FlagSet) {
	f.StringVar(&s.name, "name", "Simulated phone", "`name` of this phone, as its person will see it")
	f.StringVar(&s.algorithm, "algorithm", string(phone.ES256), "`kind` of key: ES256 or EdDSA")
	f.StringVar(&s.gateway, "gateway", "", "`URL` of a mobile-stub gateway that wakes this phone")
	f.StringVar(&s.service, "service", string(phone.WebPush), "`service` to be woken by: webpush, fcm or apns")
}

// pair uses a link, shows the digits and waits for the person in the browser.
func pair(ctx context.Context, s *session) error {
	link, err := s.argument("the pairing link, in quotes, or -")
	if err != nil {
		return err
	}
	if link == "-" {
		if link, err = line(s.stdin); err != nil {
			return err
		}
	}
	as := phone.Pairing{Name: s.name, Algorithm: phone.Algorithm(s.algorithm)}
	if s.gateway != "" {
		if as.Push, err = phone.NewGatewayPush(phone.Service(s.service), s.gateway); err != nil {
			return err
		}
	}
	a, err := s.phone.Pair(ctx, link, as)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "Claimed for %s at %s.\n\n    %s %s\n\nThe same on your computer? Say so there; this waits.\n", a.User, a.ServerName, a.Digits[:3], a.Digits[3:])
	if _, err := s.phone.WaitActive(ctx, a.ID); err != nil {
		if phone.KindOf(err) == phone.PhoneUnknown {
			return fmt.Errorf("not confirmed, so this phone stays outside; make a new link and pair again: %w", s.forget(a.ID, err))
		}
		return fmt.Errorf("not confirmed yet; mobile-stub list will ask again: %w", err)
	}
	fmt.Fprintf(s.stdout, "Ready. Account %s.\n", a.ID)
	return nil
}

// forget drops an account that the server does not know, and returns why.
func (s *session) forget(id string, why error) error {
	if err := s.phone.Forget(id); err != nil {
		return err
	}
	return why
}

// maxLine bounds what is read from the person, in bytes.
const maxLine = 4096

func line(r io.Reader) (string, error) {
	text, err := bufio.NewReader(io.LimitReader(r, maxLine)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", err
	}
	return strings.TrimSpace(text), nil
}

// list prints the accounts, after asking about those that wait for their person.
func list(ctx context.Context, s *session) error {
	if err := s.noArguments(); err != nil {
		return err
	}
	accounts, err := s.chosen()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(s.stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "ACCOUNT\tUSER\tSERVER\tPHONE\tSTATE\tWOKEN BY\tKEY")
	for _, a := range accounts {
		state := string(a.State)
		if !a.HasCodes {
			state = s.asked(ctx, a)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.ID, a.User, a.Server, phone.Plain(a.Name), state, a.Push, a.Algorithm)
	}
	return w.Flush()
}

// asked is the state of an account as its server has it.
func (s *session) asked(ctx context.Context, a phone.Account) string {
	fresh, err := s.phone.Refresh(ctx, a.ID)
	switch {
	case phone.KindOf(err) == phone.PhoneUnknown:
		return "refused or removed"
	case err != nil:
		return string(a.State) + " (not reached)"
	case fresh.State == phone.Claimed:
		return fmt.Sprintf("claimed, digits %s %s", a.Digits[:3], a.Digits[3:])
	}
	return string(fresh.State)
}

// code prints the code of every chosen account.
func code(_ context.Context, s *session) error {
	if err := s.noArguments(); err != nil {
		return err
	}
	accounts, err := s.chosen()
	if err != nil {
		return err
	}
	for _, a := range accounts {
		c, err := s.phone.Code(a.ID, time.Now())
		if err != nil {
			return fmt.Errorf("%s at %s: %w; confirm the digits in the browser, then mobile-stub list", a.User, a.ServerName, err)
		}
		fmt.Fprintf(s.stdout, "%s   %s at %s   %d s left\n", c.Digits, a.User, a.ServerName, c.Left/time.Second)
	}
	return nil
}

func removeFlags(s *session, f *flag.FlagSet) {
	f.BoolVar(&s.local, "local", false, "forget the account here without telling the server")
}

// remove takes the phone away from one account.
func remove(ctx context.Context, s *session) error {
	if err := s.noArguments(); err != nil {
		return err
	}
	a, err := s.one()
	if err != nil {
		return err
	}
	if s.local {
		err = s.phone.Forget(a.ID)
	} else {
		err = s.phone.Remove(ctx, a.ID)
	}
	if err != nil {
		return fmt.Errorf("not removed (-local forgets it here alone): %w", err)
	}
	fmt.Fprintf(s.stdout, "Removed from %s at %s.\n", a.User, a.ServerName)
	return nil
}
