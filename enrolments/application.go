package enrolments

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
)

// ApplicationID is an application's short name: 1 to 32 of a–z, 0–9 and -.
type ApplicationID string

// Application is a program that may ask for approvals.
type Application struct {
	ID ApplicationID
	// Name is what people are shown.
	Name string
	// ReturnURLs are where a browser may be sent back to, compared as
	// scheme, host, port and path.
	ReturnURLs []string
	Policy     Policy
	// Logo is the digest of its logo; empty for none. It is set by SetLogo.
	Logo      string
	CreatedAt time.Time
}

// maxReturnURLs bounds what one application may register.
const maxReturnURLs = 16

var applicationID = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$`)

// Check refuses an application that cannot be stored.
func (a Application) Check() error {
	if !applicationID.MatchString(string(a.ID)) {
		return invalid("application %q: its id takes 1 to 32 of a-z, 0-9 and -", a.ID)
	}
	if _, err := ParseName("application name", a.Name, 64); err != nil {
		return err
	}
	if len(a.ReturnURLs) > maxReturnURLs {
		return invalid("%d return URLs; an application takes at most %d", len(a.ReturnURLs), maxReturnURLs)
	}
	for _, u := range a.ReturnURLs {
		if _, err := parseReturnURL(u); err != nil {
			return err
		}
	}
	return a.Policy.Check()
}

// parseReturnURL reads an absolute URL that a browser may be sent to: https,
// or http on this machine, without user, fragment or oddity.
func parseReturnURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err == nil {
		// What cannot be read could not be kept when the result is added.
		_, err = url.ParseQuery(u.RawQuery)
	}
	switch {
	case err != nil || len(text) > 1024:
		return nil, invalid("return URL cannot be read; give one like https://app.example.com/signed-in")
	case u.User != nil || u.Fragment != "" || u.Opaque != "" || u.Host == "":
		return nil, invalid("return URL %q needs a host and takes no user and no fragment", u.Redacted())
	case u.Scheme != "https" && (u.Scheme != "http" || !IsLoopback(u.Hostname())):
		return nil, invalid("return URL on %q is not https (http is for this machine only)", u.Host)
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r > unicode.MaxASCII }):
		// Browsers send an origin in ASCII; and letters that fold into ASCII
		// would make two hosts one.
		return nil, invalid("return URL on %q: write the host in ASCII, with xn-- where it has other letters", u.Host)
	}
	return u, nil
}

// IsLoopback reports whether host, without a port, names this machine: the
// only place where a URL may go without TLS.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// WayBack is a return URL that was kept, as long as the browser may be sent there;
// else empty.
func (a Application) WayBack(kept string) string {
	if !a.Allows(kept) {
		return ""
	}
	return kept
}

// Allows reports whether the browser may be sent to text.
func (a Application) Allows(text string) bool {
	u, err := parseReturnURL(text)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(a.ReturnURLs, func(registered string) bool {
		r, err := parseReturnURL(registered)
		return err == nil && origin(r) == origin(u) && r.EscapedPath() == u.EscapedPath()
	})
}

// HasOrigin reports whether a page of origin (as a browser sends it) belongs
// to the application: it is the origin of a registered return URL.
func (a Application) HasOrigin(text string) bool {
	return slices.ContainsFunc(a.ReturnURLs, func(registered string) bool {
		r, err := parseReturnURL(registered)
		return err == nil && origin(r) == text
	})
}

// origin is scheme, host and port the way RFC 6454 writes them.
func origin(u *url.URL) string {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port == "" || (u.Scheme == "https" && port == "443") || (u.Scheme == "http" && port == "80") {
		return u.Scheme + "://" + host
	}
	return u.Scheme + "://" + host + ":" + port
}

// APIKey is the key that an application presents: cs_<application>_<secret>.
type APIKey struct {
	Application ApplicationID
	Secret      Secret
}

// NewAPIKey makes a key for an application.
func NewAPIKey(id ApplicationID) APIKey { return APIKey{id, NewSecret()} }

// Reveal returns the key as text, for the one time it is shown.
func (k APIKey) Reveal() string { return "cs_" + string(k.Application) + "_" + k.Secret.Reveal() }

// ParseAPIKey reads a presented key; anything that is not one is
// ErrUnauthorized.
func ParseAPIKey(text string) (APIKey, error) {
	rest, ok := strings.CutPrefix(text, "cs_")
	id, secret, cut := strings.Cut(rest, "_")
	if !ok || !cut || len(text) > 128 || len(secret) != 43 || !applicationID.MatchString(id) {
		return APIKey{}, ErrUnauthorized
	}
	return APIKey{ApplicationID(id), SecretOf(secret)}, nil
}
