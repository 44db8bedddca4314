package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"countersign/approvals"
	"countersign/cmd/countersign/node"
)

type personVerify struct {
	asking
	because
	User string `arg:"" help:"Who the caller says to be, by user name."`
}

// Run asks the phones, and returns an error unless the caller is the person.
func (c *personVerify) Run(ctx context.Context, s *streams) (err error) {
	if c.Redis == "" {
		return errors.New("--redis is needed: where the server embeds its short-lived store, nothing beside it can ask a phone")
	}
	log, err := logger(s, "error")
	if err != nil {
		return err
	}
	config, err := c.config(log)
	if err != nil {
		return err
	}
	n, err := node.OpenInside(ctx, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	return c.verify(ctx, s, n)
}

func (c *personVerify) verify(ctx context.Context, s *streams, n *node.Node) error {
	desk, err := c.desk(n.Enrolments)
	if err != nil {
		return err
	}
	e, err := n.Enrolments.Person(ctx, c.User)
	if err != nil {
		return unknown(c.User, err)
	}
	caller, err := n.Approvals.AskCaller(ctx, e, c.ServerName)
	if errors.Is(err, approvals.ErrNothingUsable) {
		return fmt.Errorf("%s has no phone to ask", e.User)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "Ask the caller to open Countersign on %s and to read out the number there. Do not say it yourself; you will not be shown it.\n", phoneNames(caller.Approval))
	refused := c.hear(ctx, s, n, caller)
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = desk.NoteCaller(after, e.ID, refused)
	switch {
	case refused != nil:
		return errors.Join(fmt.Errorf("not verified as %s: %w", e.User, refused), caller.End(after), err)
	case err != nil:
		return err
	}
	fmt.Fprintf(s.out, "The caller holds a phone of %s.\n", e.User)
	return nil
}

// hear reads what the help desk is told until it is the number; else it returns
// why it came to an end.
func (c *personVerify) hear(ctx context.Context, s *streams, n *node.Node, caller *approvals.Caller) error {
	over := make(chan approvals.Approval, 1)
	stop, err := n.Approvals.Watch(ctx, caller.ID, func(a approvals.Approval) {
		if a.Final() && a.State != approvals.Approved {
			select {
			case over <- a:
			default:
			}
		}
	})
	if err != nil {
		return err
	}
	defer stop()
	lines := typed(ctx, s.in)
	for {
		fmt.Fprint(s.err, "Number: ")
		select {
		case <-ctx.Done():
			return errors.New("broken off")
		case a := <-over:
			return ending(a)
		case line, more := <-lines:
			if !more {
				return errors.New("broken off")
			}
			err := caller.Told(ctx, line)
			switch {
			case errors.Is(err, approvals.ErrNoTries):
				return errors.New("the number was wrong too often")
			case errors.Is(err, approvals.ErrNumberWrong):
				fmt.Fprintf(s.err, "That is not the number; %d more.\n", caller.Tries)
			case errors.Is(err, approvals.ErrSettled):
				return ending(caller.Approval)
			default:
				return err
			}
		}
	}
}

// typed are the lines of in. A read from a terminal cannot be broken off: it
// ends with the program.
func typed(ctx context.Context, in io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scan := bufio.NewScanner(in); scan.Scan(); {
			select {
			case lines <- strings.TrimSpace(scan.Text()):
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}

// ending says why a number is no longer taken.
func ending(a approvals.Approval) error {
	switch {
	case a.State == approvals.Denied:
		return fmt.Errorf("refused on %s: the caller is somebody else", cmp.Or(nameOf(a), "a phone"))
	case a.State == approvals.Expired:
		return errors.New("nobody read the number out in five minutes")
	}
	return errors.New("somebody at the help desk has asked anew")
}

func nameOf(a approvals.Approval) string {
	for _, p := range a.Phones {
		if p.ID == a.SettledBy {
			return p.Name
		}
	}
	return ""
}

func phoneNames(a approvals.Approval) string {
	var all []string
	for _, p := range a.Phones {
		all = append(all, p.Name)
	}
	return strings.Join(all, " or ")
}
