package webpush

import (
	"errors"
	"net/netip"
	"testing"

	"countersign/push"
)

func TestOnlyPublicAddressesAreDialled(t *testing.T) {
	p, err := newPolicy(nil, []netip.Prefix{netip.MustParsePrefix("10.7.0.0/16"), netip.MustParsePrefix("fd00:7::/32")})
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]bool{
		"142.250.74.10:443":          true,
		"[2a00:1450:4001:831::1]:99": true,
		"10.7.1.2:443":               true, // allowed by configuration
		"[::ffff:10.7.1.2]:443":      true,
		"[fd00:7::1]:443":            true,

		"10.8.1.2:443":                  false,
		"127.0.0.1:443":                 false,
		"127.255.0.9:443":               false,
		"0.0.0.0:443":                   false,
		"0.1.2.3:443":                   false,
		"169.254.169.254:80":            false,
		"172.16.0.1:443":                false,
		"172.31.255.255:443":            false,
		"192.168.1.1:443":               false,
		"100.64.0.1:443":                false,
		"100.127.255.255:443":           false,
		"192.0.0.8:443":                 false,
		"192.0.2.1:443":                 false,
		"198.18.0.1:443":                false,
		"203.0.113.1:443":               false,
		"224.0.0.1:443":                 false,
		"255.255.255.255:443":           false,
		"240.0.0.1:443":                 false,
		"[::]:443":                      false,
		"[::1]:443":                     false,
		"[::ffff:127.0.0.1]:443":        false,
		"[::ffff:169.254.169.254]:80":   false,
		"[::127.0.0.1]:443":             false,
		"[fe80::1]:443":                 false,
		"[fe80::1%eth0]:443":            false,
		"[fd00::1]:443":                 false,
		"[fec0::1]:443":                 false,
		"[ff02::1]:443":                 false,
		"[64:ff9b::7f00:1]:443":         false,
		"[64:ff9b:1::7f00:1]:443":       false,
		"[2002:7f00:1::]:443":           false,
		"[2001:0:4136:e378:8000::]:443": false,
		"[2001:db8::1]:443":             false,
		"localhost:443":                 false,
		"127.0.0.1":                     false,
		"":                              false,
	}
	for address, allowed := range cases {
		err := p.address(address)
		if allowed && err != nil || !allowed && !errors.Is(err, push.ErrBadTarget) {
			t.Errorf("%s: got %v, want allowed: %v", address, err, allowed)
		}
	}
}
