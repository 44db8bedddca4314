package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"countersign/cmd/countersign/node"
	"countersign/enrolments"
	"countersign/internal/seal"
	"countersign/sqlstore"
)

// commandLine is every verb and flag.
type commandLine struct {
	Demo   demoCommand   `cmd:"" help:"Try it: a server, a sample application and a simulated phone on this machine, nothing to install."`
	Serve  serveCommand  `cmd:"" help:"Run the server."`
	Sample sampleCommand `cmd:"" help:"Run Northwind Books, the sample application, against a server."`

	App    appCommand    `cmd:"" help:"Applications: the programs that may ask."`
	Policy policyCommand `cmd:"" help:"Policies: what an application asks of a sign-in."`
	Person personCommand `cmd:"" help:"People: who is enrolled, set up, unlock, remove a phone."`
	Audit  auditCommand  `cmd:"" help:"The audit trail: list, verify."`
	Keys   keysCommand   `cmd:"" help:"Keys: make them, seal secrets again after a change."`
	Mail   mailCommand   `cmd:"" help:"Mail: check that the mail server takes letters from this server."`
	Push   pushCommand   `cmd:"" help:"Delivery services: check that each accepts this server."`
	Health healthCommand `cmd:"" help:"Ask a server whether it is ready; exit 1 when it is not."`
	Bench  benchCommand  `cmd:"" help:"Measure on this machine, side by side with what it is compared to."`
}

// database is where the durable things are; every verb that touches them has
// these flags.
type database struct {
	DB             string `name:"db" default:"sqlite:countersign.db" placeholder:"URL" help:"Durable store: sqlite:PATH or postgres://USER@HOST:PORT/DATABASE (${default})."`
	DBPasswordFile string `name:"db-password-file" placeholder:"FILE" help:"File that holds the PostgreSQL password."`
	SealKeysFile   string `name:"seal-keys-file" placeholder:"FILE" help:"File of the keys that seal secrets at rest, one base64 key of 32 bytes a line, the current one first. Make one with: countersign keys new."`
	SealKeys       string `name:"seal-keys" hidden:"" help:"The same as text, meant for the environment."`
	named
}

// named is what a server is called by people, and by their browsers and phones.
type named struct {
	ServerName string `name:"server-name" default:"Countersign" placeholder:"NAME" help:"What people are shown as the name of this server (${default})."`
	PublicURL  string `name:"public-url" default:"http://localhost:8080" placeholder:"URL" help:"Where phones and browsers reach the server: https://HOST (${default})."`
}

// url is the database URL with the password put in.
func (d database) url() (string, error) {
	if d.DBPasswordFile == "" {
		return d.DB, nil
	}
	password, err := readSmall(d.DBPasswordFile)
	if err != nil {
		return "", fmt.Errorf("--db-password-file: %w", err)
	}
	url, err := withPassword(d.DB, password)
	if err != nil {
		return "", fmt.Errorf("--db: %w", err)
	}
	return url, nil
}

func (d database) keyring() (*seal.Keyring, error) {
	if d.SealKeys != "" && d.SealKeysFile != "" {
		return nil, errors.New("--seal-keys-file and COUNTERSIGN_SEAL_KEYS are both given; give one")
	}
	if d.SealKeys != "" {
		ring, err := seal.Parse(strings.NewReader(d.SealKeys))
		if err != nil {
			return nil, fmt.Errorf("COUNTERSIGN_SEAL_KEYS: %w", err)
		}
		return ring, nil
	}
	if d.SealKeysFile == "" {
		return nil, errors.New("--seal-keys-file is needed: it holds the keys that seal secrets at rest; make one with: countersign keys new FILE")
	}
	f, err := os.Open(d.SealKeysFile)
	if err != nil {
		return nil, fmt.Errorf("--seal-keys-file: %w", err)
	}
	defer f.Close()
	ring, err := seal.Parse(f)
	if err != nil {
		return nil, fmt.Errorf("--seal-keys-file: %w", err)
	}
	return ring, nil
}

// check refuses values at start, by the name of their flag.
func (n *named) check() (err error) {
	if n.PublicURL, err = node.ParsePublicURL(n.PublicURL); err != nil {
		return fmt.Errorf("--public-url: %w", err)
	}
	if n.ServerName, err = enrolments.ParseName("name", n.ServerName, 64); err != nil {
		return fmt.Errorf("--server-name: %w", err)
	}
	return nil
}

// open opens the durable store with its rules, for the verbs of an
// administrator.
func (d *database) open(ctx context.Context) (*enrolments.Service, *sqlstore.Store, error) {
	if err := d.check(); err != nil {
		return nil, nil, err
	}
	url, err := d.url()
	if err != nil {
		return nil, nil, err
	}
	ring, err := d.keyring()
	if err != nil {
		return nil, nil, err
	}
	store, err := sqlstore.Open(ctx, sqlstore.Config{URL: url, Keys: ring})
	if err != nil {
		return nil, nil, fmt.Errorf("--db: %w", err)
	}
	return enrolments.NewService(enrolments.Config{
		Store: store, PublicURL: d.PublicURL, ServerName: d.ServerName,
		CodeLimits: enrolments.DefaultCodeLimits(), Now: time.Now,
	}), store, nil
}

// logger writes for machines at a level by name.
func logger(s *streams, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, errors.New("--log-level takes debug, info, warn or error")
	}
	return slog.New(slog.NewJSONHandler(s.err, &slog.HandlerOptions{Level: l})), nil
}
