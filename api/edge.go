package api

import (
	"net/http"
	"net/netip"
)

// ClientAddress is where a request comes from: the peer, or whom trusted
// proxies say it speaks for.
func ClientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	return clientAddress(r, trusted)
}

// BrowserName says in words made of known names what a User-Agent claims to be,
// e.g. "Chrome on Windows".
func BrowserName(userAgent string) string { return browserName(userAgent) }
