package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"countersign/enrolments"
	"countersign/mail"
)

// mailFlags say how letters are sent. Without --smtp none are.
type mailFlags struct {
	SMTP         string `name:"smtp" placeholder:"URL" help:"Mail server that letters are handed to: smtp://USER@HOST:587 (STARTTLS) or smtps://USER@HOST:465 (TLS); turns mail on, with --smtp-from."`
	SMTPPassword string `name:"smtp-password-file" placeholder:"FILE" help:"File that holds the password of the user of --smtp."`
	SMTPFrom     string `name:"smtp-from" placeholder:"ADDRESS" help:"Whom letters come from: \"Name <address>\"."`
	SMTPCAFile   string `name:"smtp-ca-file" placeholder:"FILE" help:"Authorities (PEM) trusted for the mail server, instead of the system's."`
	SMTPLanguage string `name:"smtp-language" default:"en" placeholder:"LANGUAGE" help:"Language of letters to people of whom none is known: en, de or fr (${default})."`
	SMTPInsecure bool   `name:"smtp-insecure" help:"Hand letters to --smtp without TLS, without a user: for a relay on this machine, or in a network that nobody else reads."`
}

// sender is the configured one; nil where mail is off.
func (f mailFlags) sender(n named) (*mail.Sender, error) {
	if f.SMTP == "" {
		if f.SMTPFrom != "" || f.SMTPPassword != "" || f.SMTPCAFile != "" || f.SMTPInsecure {
			return nil, errors.New("--smtp is needed with the other flags of mail")
		}
		return nil, nil
	}
	c, err := f.config(n)
	if err != nil {
		return nil, err
	}
	s, err := mail.New(c)
	if err != nil {
		return nil, fmt.Errorf("--smtp and its like: %w", err)
	}
	return s, nil
}

func (f mailFlags) config(n named) (c mail.Config, err error) {
	if c.Server, err = mail.ParseServer(f.SMTP); err != nil {
		return c, fmt.Errorf("--smtp: %w", err)
	}
	if f.SMTPInsecure {
		if c.Server.Security == mail.TLS {
			return c, errors.New("--smtp-insecure: --smtp says smtps:, which is TLS")
		}
		c.Server.Security = mail.Plain
	}
	if f.SMTPFrom == "" {
		return c, errors.New("--smtp-from is needed with --smtp")
	}
	if c.From, err = mail.ParseFrom(f.SMTPFrom); err != nil {
		return c, fmt.Errorf("--smtp-from: %w", err)
	}
	if f.SMTPPassword != "" {
		password, err := readSmall(f.SMTPPassword)
		if err != nil {
			return c, fmt.Errorf("--smtp-password-file: %w", err)
		}
		c.Password = enrolments.SecretOf(password)
	}
	if c.RootCAs, err = readRoots(f.SMTPCAFile); err != nil {
		return c, fmt.Errorf("--smtp-ca-file: %w", err)
	}
	public, err := url.Parse(n.PublicURL)
	if err != nil {
		return c, fmt.Errorf("--public-url: %w", err)
	}
	c.Hello, c.Now = public.Hostname(), time.Now
	c.Writer = mail.Writer{Server: n.ServerName, Language: f.SMTPLanguage}
	return c, nil
}

// post is the sender as the server takes it: a nil of its own kind is none.
func (f mailFlags) post(n named) (enrolments.Post, error) {
	s, err := f.sender(n)
	if s == nil {
		return nil, err
	}
	return s, err
}

// mailCommand holds the verbs about mail.
type mailCommand struct {
	Check mailCheck `cmd:"" help:"Send a test letter and say what the mail server answered; exit 1 when it does not take it."`
}

// mailCheck takes the flags of serve, so that what is checked is what is served.
type mailCheck struct {
	mailFlags
	named
	Address string `arg:"" help:"Where the letter goes."`
}

// Run sends the letter.
func (c *mailCheck) Run(ctx context.Context, s *streams) error {
	if err := c.check(); err != nil {
		return err
	}
	sender, err := c.sender(c.named)
	if err != nil {
		return err
	}
	if sender == nil {
		return errors.New("mail is off: give --smtp and --smtp-from as to countersign serve, or their environment variables")
	}
	to, err := enrolments.ParseEmail(c.Address)
	if err != nil {
		return err
	}
	answer, err := sender.Check(ctx, to)
	if err != nil {
		return fmt.Errorf("the mail server does not take the letter: %w", err)
	}
	fmt.Fprintf(s.out, "The mail server took the letter for %s: %s\n", to, answer)
	fmt.Fprintln(s.out, "    Whether it arrives is for the servers behind it: look into the mailbox, and into its folder for spam.")
	return nil
}
