package mail

import (
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"

	"countersign/enrolments"
)

// Security is how the way to the mail server is kept from others.
type Security int

const (
	// StartTLS begins TLS on a plain connection, as on port 587. A server that
	// does not offer it is sent nothing.
	StartTLS Security = iota
	// TLS speaks it from the first byte, as on port 465 (RFC 8314).
	TLS
	// Plain is for a relay on this machine or a network that is trusted.
	Plain
)

// Server is where mail is handed in.
type Server struct {
	Host     string
	Port     int
	Security Security
	// User is empty for a server that asks for none.
	User string
}

// ParseServer reads smtp://USER@HOST:PORT (StartTLS, port 587) or
// smtps://USER@HOST:PORT (TLS, port 465); the user and the port may be left out.
func ParseServer(text string) (Server, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return Server{}, errors.New("takes smtp://USER@HOST:587 or smtps://USER@HOST:465")
	}
	s := Server{Host: u.Hostname(), User: u.User.Username()}
	switch u.Scheme {
	case "smtp":
		s.Port = 587
	case "smtps":
		s.Port, s.Security = 465, TLS
	default:
		return Server{}, errors.New("takes smtp: (STARTTLS) or smtps: (TLS from the first byte)")
	}
	if _, has := u.User.Password(); has {
		return Server{}, errors.New("takes no password; it belongs in a file")
	}
	if len(s.User) > 256 || len(s.Host) > 255 {
		return Server{}, errors.New("is too long")
	}
	if u.Port() == "" {
		return s, nil
	}
	s.Port, err = strconv.Atoi(u.Port())
	if err != nil || s.Port < 1 || s.Port > 65535 {
		return Server{}, errors.New("takes a port of 1 to 65535")
	}
	return s, nil
}

func (s Server) address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// ParseFrom reads whom letters come from: "Name <address>", or an address.
func ParseFrom(text string) (netmail.Address, error) {
	a, err := netmail.ParseAddress(text)
	if err != nil {
		return netmail.Address{}, errors.New(`takes "Name <address>"`)
	}
	if a.Address, err = enrolments.ParseEmail(a.Address); err != nil {
		return netmail.Address{}, err
	}
	if a.Name == "" {
		return *a, nil
	}
	if a.Name, err = enrolments.ParseName("the name", a.Name, 64); err != nil {
		return netmail.Address{}, err
	}
	return *a, nil
}

// check refuses what could not work, or would show a password to the network.
func (s Server) check(password enrolments.Secret) error {
	switch {
	case s.Security == Plain && s.User != "":
		return errors.New("a user is for a connection with TLS alone: the password would be read on the way")
	case s.User != "" && password.IsZero():
		return fmt.Errorf("the user %q needs a password", s.User)
	case s.User == "" && !password.IsZero():
		return errors.New("a password needs a user: smtp://USER@HOST:587")
	}
	return nil
}
