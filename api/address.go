package api

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// maxForwarded bounds how many addresses of X-Forwarded-For are looked at.
const maxForwarded = 16

// clientAddress is where a request comes from. X-Forwarded-For is believed
// only from a trusted proxy, and only as far back as proxies are trusted: what
// the client itself wrote stands further left.
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	address := remote.Addr().Unmap().WithZone("")
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for range min(len(hops), maxForwarded) {
		if !isTrusted(address, trusted) {
			break
		}
		before, err := netip.ParseAddr(strings.TrimSpace(hops[len(hops)-1]))
		if err != nil {
			break
		}
		address, hops = before.Unmap().WithZone(""), hops[:len(hops)-1]
	}
	return address
}

func isTrusted(address netip.Addr, trusted []netip.Prefix) bool {
	return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(address) })
}

// neighbourhood is what is limited as one: an IPv4 address, or the /64 that an
// IPv6 host chooses its address from.
func neighbourhood(address netip.Addr) netip.Addr {
	if !address.Is6() {
		return address
	}
	prefix, err := address.Prefix(64)
	if err != nil {
		return address
	}
	return prefix.Addr()
}
