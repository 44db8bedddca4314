package webpush

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"countersign/push"
)

// KnownHosts are the push services of the common browsers, as their makers name
// them for firewalls. An entry is a host, for port 443; a host with a port; or
// "*." and a domain, for every host beneath it on port 443.
func KnownHosts() []string {
	return []string{
		"fcm.googleapis.com",                // Chrome, Edge on Android, Samsung, Opera
		"updates.push.services.mozilla.com", // Firefox
		"*.push.apple.com",                  // Safari
		"*.notify.windows.com",              // Edge on Windows
	}
}

// policy says who may be asked.
type policy struct {
	entries  []string          // as they were given, in lower case
	exact    map[string]string // an entry, by host:port
	beneath  []string          // .domain, on port 443
	networks []netip.Prefix
}

func newPolicy(hosts []string, networks []netip.Prefix) (policy, error) {
	p := policy{exact: make(map[string]string), networks: networks}
	for _, entry := range hosts {
		entry = strings.ToLower(entry)
		domain, wild := strings.CutPrefix(entry, "*.")
		u, err := url.Parse("https://" + domain)
		if err != nil || u.Host != domain || u.Hostname() == "" || wild && u.Port() != "" {
			return policy{}, fmt.Errorf("allowed host %q must be a host, a host and port, or *. and a domain", entry)
		}
		p.entries = append(p.entries, entry)
		if wild {
			p.beneath = append(p.beneath, "."+domain)
			continue
		}
		p.exact[hostPort(u)] = entry
	}
	return p, nil
}

// endpoint checks the name; what it leads to is address's to check.
func (p policy) endpoint(raw string) error {
	_, err := p.entry(raw)
	return err
}

// entry is the one that allows an endpoint.
func (p policy) entry(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.User != nil {
		return "", fmt.Errorf("%w: endpoint is not an https URL", push.ErrBadTarget)
	}
	if entry, ok := p.exact[hostPort(u)]; ok {
		return entry, nil
	}
	host := strings.ToLower(u.Hostname())
	for _, domain := range p.beneath {
		if port := u.Port(); strings.HasSuffix(host, domain) && (port == "" || port == "443") {
			return "*" + domain, nil
		}
	}
	return "", fmt.Errorf("%w: endpoint's host is not an allowed push service", push.ErrBadTarget)
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// address is asked with what is about to be dialled, after the name was looked
// up: a name that changes its mind between check and use gains nothing.
func (p policy) address(hostPort string) error {
	at, err := netip.ParseAddrPort(hostPort)
	if err != nil {
		return fmt.Errorf("%w: endpoint leads to no internet address", push.ErrBadTarget)
	}
	addr := at.Addr().WithZone("").Unmap()
	for _, n := range p.networks {
		if n.Contains(addr) {
			return nil
		}
	}
	if !addr.IsGlobalUnicast() || addr.IsPrivate() || isSpecial(addr) {
		return fmt.Errorf("%w: endpoint leads to an address that is not public", push.ErrBadTarget)
	}
	return nil
}

// special are the blocks of IANA's special-purpose registries (RFC 6890 and its
// updates) that netip does not know, and those that embed another address.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network
	netip.MustParsePrefix("100.64.0.0/10"),   // carrier NAT
	netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("192.88.99.0/24"),  // 6to4 relay
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarking
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved
	netip.MustParsePrefix("::/96"),           // IPv4-compatible
	netip.MustParsePrefix("64:ff9b::/96"),    // NAT64
	netip.MustParsePrefix("64:ff9b:1::/48"),  // NAT64, local
	netip.MustParsePrefix("100::/64"),        // discard
	netip.MustParsePrefix("2001::/23"),       // protocol assignments, Teredo
	netip.MustParsePrefix("2001:db8::/32"),   // documentation
	netip.MustParsePrefix("2002::/16"),       // 6to4
	netip.MustParsePrefix("3fff::/20"),       // documentation
	netip.MustParsePrefix("5f00::/16"),       // segment routing
	netip.MustParsePrefix("fec0::/10"),       // site-local
}

func isSpecial(addr netip.Addr) bool {
	for _, block := range special {
		if block.Contains(addr) {
			return true
		}
	}
	return false
}

// newTransport goes through no proxy: a proxy would look the name up itself and
// so pass by the check.
func newTransport(p policy, roots *x509.CertPool) *http.Transport {
	dialer := &net.Dialer{
		Timeout: 5 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error { return p.address(address) },
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true) // self-hosted services
	protocols.SetHTTP2(true)
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    5 * time.Second,
		DisableCompression:     true, // answers are short, and none may unfold into a long one
		Protocols:              &protocols,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
		MaxIdleConns:           100,
		MaxConnsPerHost:        8, // without a bound, each request of a burst would dial
		IdleConnTimeout:        10 * time.Minute,
		MaxResponseHeaderBytes: 32 << 10,
	}
}
