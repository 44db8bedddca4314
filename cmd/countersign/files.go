package main

import (
	"errors"
	"io"
	"net/url"
	"os"
	"strings"
)

// maxSecretFile is above every key and password that a file may hold.
const maxSecretFile = 64 << 10

// readSmall reads a secret from a file, without the line break at its end.
func readSmall(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecretFile))
	if err != nil {
		return "", err
	}
	secret := strings.TrimRight(string(text), "\r\n")
	if secret == "" {
		return "", errors.New(path + " is empty")
	}
	return secret, nil
}

// withPassword puts a password into a database URL that has a user and none.
func withPassword(text, password string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return "", errors.New("takes postgres://USER@HOST:PORT/DATABASE when a password file is given")
	}
	u.User = url.UserPassword(u.User.Username(), password)
	return u.String(), nil
}

// writeSecret writes a new file that only its owner may read; it never
// replaces one.
func writeSecret(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}
