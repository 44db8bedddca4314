package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"countersign/mobile-stub/phone"
)

// happened says in words what a notice tells of; of what is not known it is the
// protocol's own word.
var happened = map[string]string{
	"phone.paired": "A phone was added", "phone.removed": "A phone was removed", "phone.renamed": "A phone got another name",
	"authenticator.confirmed": "An authenticator app was added", "authenticator.removed": "An authenticator app was removed",
	"recovery_codes.issued": "New recovery codes were made", "recovery.begun": "A new phone is under way without the old one",
	"approval.reported": "A sign-in was reported", "codes.blocked": "Many wrong codes were typed",
	"browser.trusted": "A browser was trusted", "browser.trust_ended": "Trust in a browser was ended", "notice.stopped": "Changes were stopped",
}

// notices prints what changed in how the person of each chosen account signs in.
func notices(ctx context.Context, s *session) error {
	if err := s.noArguments(); err != nil {
		return err
	}
	accounts, err := s.chosen()
	if err != nil {
		return err
	}
	for _, a := range accounts {
		all, err := s.phone.Notices(ctx, a.ID)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			fmt.Fprintf(s.stdout, "Nothing has changed for %s at %s.\n", phone.Plain(a.User), phone.Plain(a.ServerName))
		}
		for _, n := range all {
			s.tell(a, n)
		}
	}
	return nil
}

func (s *session) tell(a phone.Account, n phone.Notice) {
	what, known := happened[n.Event]
	if !known {
		what = n.Event
	}
	fmt.Fprintf(s.stdout, "\nNotice %s\n", n.ID)
	for _, l := range []phone.Line{
		{Label: "What", Value: what}, {Label: "Which", Value: n.Detail}, {Label: "Account", Value: a.User},
		{Label: "Application", Value: n.Application}, {Label: "From", Value: n.Where},
		{Label: "Because", Value: n.Because}, {Label: "When", Value: n.At.Local().Format(time.DateTime)},
	} {
		if l.Value != "" {
			fmt.Fprintf(s.stdout, "  %-12s %s\n", l.Label, phone.Plain(l.Value))
		}
	}
	switch n.State {
	case "stopped":
		fmt.Fprintf(s.stdout, "  It was stopped.\n")
	case "open":
		fmt.Fprintf(s.stdout, "  Not you? mobile-stub stop %s\n", n.ID)
	}
}

// stop says that what a notice tells of was somebody else.
func stop(ctx context.Context, s *session) error {
	id, err := s.argument("the id of a notice, as mobile-stub notices prints it")
	if err != nil {
		return err
	}
	accounts, err := s.chosen()
	if err != nil {
		return err
	}
	for _, a := range accounts {
		all, err := s.phone.Notices(ctx, a.ID)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(all, func(n phone.Notice) bool { return n.ID == id }) {
			continue
		}
		if _, err := s.phone.Stop(ctx, a.ID, id); err != nil {
			return err
		}
		fmt.Fprintln(s.stdout, "Stopped: what was under way leads to nothing, and the administrator has to look.")
		return nil
	}
	return fmt.Errorf("%w: %s", phone.ErrNoNotice, phone.Plain(id))
}
