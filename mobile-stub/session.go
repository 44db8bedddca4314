package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"countersign/mobile-stub/phone"
)

// command is one verb: what flags it adds to the common ones, and what it does.
type command struct {
	flags func(*session, *flag.FlagSet)
	run   func(context.Context, *session) error
}

// session is one call of the program.
type session struct {
	file, ca, account string // flags of every command

	name, algorithm, gateway, service string // pair
	number                            string // approve
	local                             bool   // remove

	args   []string
	stdin  io.Reader
	stdout io.Writer
	phone  *phone.Phone
}

// fileName is where the phone is kept in the home folder.
const fileName = ".countersign-phone.json"

// parse reads flags that may stand before and after arguments.
func (c command) parse(name string, args []string, stderr io.Writer) (*session, error) {
	s := new(session)
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.file, "file", "", "`path` of the phone's state (default "+filepath.Join("~", fileName)+")")
	flags.StringVar(&s.ca, "ca", "", "`file` with more certificate authorities to trust, in PEM")
	flags.StringVar(&s.account, "account", "", "`id` of the account, if the phone has several")
	if c.flags != nil {
		c.flags(s, flags)
	}
	for rest := args; ; {
		if err := flags.Parse(rest); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, fmt.Errorf("%w: %w", errUsage, err)
		}
		if flags.NArg() == 0 {
			return s, nil
		}
		s.args, rest = append(s.args, flags.Arg(0)), flags.Args()[1:]
	}
}

// argument is the one argument that a command takes.
func (s *session) argument(what string) (string, error) {
	if len(s.args) != 1 {
		return "", fmt.Errorf("%w: give %s, and nothing else", errUsage, what)
	}
	return s.args[0], nil
}

func (s *session) noArguments() error {
	if len(s.args) > 0 {
		return fmt.Errorf("%w: it takes flags only, not %q", errUsage, s.args[0])
	}
	return nil
}

func (s *session) open() error {
	if s.file == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return fmt.Errorf("%w: no home folder, so say where with -file", errUsage)
		}
		s.file = filepath.Join(home, fileName)
	}
	client, err := trusting(s.ca)
	if err != nil {
		return err
	}
	s.phone, err = phone.Open(s.file, phone.Options{HTTP: client})
	return err
}

// maxCA bounds a file of certificates: the system's own have a quarter of it.
const maxCA = 1 << 20

// trusting makes a client that trusts a file's authorities beside the system's.
func trusting(file string) (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if file == "" {
		return &http.Client{Transport: transport}, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("-ca: %w", err)
	}
	defer f.Close()
	pem, err := io.ReadAll(io.LimitReader(f, maxCA))
	if err != nil {
		return nil, fmt.Errorf("-ca: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("-ca: %s has no certificate in PEM", file)
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return &http.Client{Transport: transport}, nil
}

// errWhich: a command needs one account and there are several.
var errWhich = errors.New("this phone has several accounts, say which with -account")

// chosen are the accounts that a command is about: the one that -account
// names, or all.
func (s *session) chosen() ([]phone.Account, error) {
	if s.account != "" {
		a, err := s.phone.Account(s.account)
		return []phone.Account{a}, err
	}
	accounts := s.phone.Accounts()
	if len(accounts) == 0 {
		return nil, fmt.Errorf("%w: none at all, begin with mobile-stub pair URL", phone.ErrNoAccount)
	}
	return accounts, nil
}

// one is the only account, or the one that -account names.
func (s *session) one() (phone.Account, error) {
	accounts, err := s.chosen()
	if err != nil {
		return phone.Account{}, err
	}
	if len(accounts) > 1 {
		return phone.Account{}, errWhich
	}
	return accounts[0], nil
}
