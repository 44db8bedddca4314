package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"countersign/mail/mailtest"
)

// mailOf is a mail server, and the flags that reach it.
func mailOf(t *testing.T, o mailtest.Options) (*mailtest.Server, []string) {
	t.Helper()
	server := mailtest.Start(t, o)
	flags := []string{"--smtp", server.URL(), "--smtp-from", "Example Ltd <sign-in@example.com>", "--smtp-ca-file", server.RootsFile(t)}
	if o.Auth {
		password := filepath.Join(t.TempDir(), "smtp-password")
		if err := os.WriteFile(password, []byte(mailtest.Password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		flags = append(flags, "--smtp-password-file", password)
	}
	return server, flags
}

func mailCheckSays(t *testing.T, flags ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), append([]string{"mail", "check"}, flags...), &out, &out)
	return out.String(), err
}

func TestMailCheckSendsALetterAndSaysWhatTheServerAnswered(t *testing.T) {
	for _, o := range []mailtest.Options{{Auth: true}, {TLS: true, Auth: true}} {
		server, flags := mailOf(t, o)
		said, err := mailCheckSays(t, append(flags, "admin@example.com", "--server-name", "Example Ltd")...)
		if err != nil || !strings.Contains(said, "took the letter for admin@example.com") || !strings.Contains(said, "queued") {
			t.Errorf("%v\n%s", err, said)
		}
		if got := server.Next(t, "admin@example.com"); !got.TLS || got.Subject != "Example Ltd: Test of the mail settings" {
			t.Errorf("TLS %v, %q", got.TLS, got.Subject)
		}
		server.Answer(mailtest.Always(mailtest.NotYou))
		if _, err := mailCheckSays(t, append(flags, "admin@example.com")...); err == nil || !strings.Contains(err.Error(), "relaying denied") {
			t.Errorf("got %v", err)
		}
	}
}

func TestARelayWithoutTLSIsUsedWhereToldSo(t *testing.T) {
	server, flags := mailOf(t, mailtest.Options{Plain: true})
	if _, err := mailCheckSays(t, append(flags, "admin@example.com")...); err == nil || len(server.All()) != 0 {
		t.Errorf("without --smtp-insecure: got %v", err)
	}
	if said, err := mailCheckSays(t, append(flags, "--smtp-insecure", "admin@example.com")...); err != nil || len(server.All()) != 1 {
		t.Errorf("with it: %v\n%s", err, said)
	}
}

func TestFlagsOfMailThatCouldNotWorkAreRefusedByName(t *testing.T) {
	_, good := mailOf(t, mailtest.Options{Auth: true})
	good = slices.Clip(good)
	for name, c := range map[string]struct {
		flags []string
		says  string
	}{
		"no --smtp":              {[]string{"--smtp-from", "a@example.com", "x@example.com"}, "--smtp is needed"},
		"nothing":                {[]string{"x@example.com"}, "mail is off"},
		"no --smtp-from":         {[]string{"--smtp", "smtp://mail.example.com", "x@example.com"}, "--smtp-from is needed"},
		"a --smtp of no kind":    {append(good, "--smtp", "mail.example.com:587", "x@example.com"), "--smtp: takes smtp://"},
		"a password in --smtp":   {append(good, "--smtp", "smtp://u:hunter2@mail.example.com", "x@example.com"), "--smtp: takes no password"},
		"a --smtp-from of two":   {append(good, "--smtp-from", "a@example.com, b@example.com", "x@example.com"), "--smtp-from: takes"},
		"a user in clear":        {append(good, "--smtp-insecure", "x@example.com"), "the password would be read"},
		"TLS without TLS":        {append(good, "--smtp", "smtps://u@mail.example.com", "--smtp-insecure", "x@example.com"), "--smtp-insecure: --smtp says smtps:"},
		"no such language":       {append(good, "--smtp-language", "tlh", "x@example.com"), "en, de, fr"},
		"no such password file":  {append(good, "--smtp-password-file", "/nowhere", "x@example.com"), "--smtp-password-file:"},
		"no such authority":      {append(good, "--smtp-ca-file", "/nowhere", "x@example.com"), "--smtp-ca-file:"},
		"an address that is not": {append(good, "admin"), "an address has one @"},
	} {
		said, err := mailCheckSays(t, c.flags...)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v\n%s", name, err, said)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: it repeats the password", name)
		}
	}
}
