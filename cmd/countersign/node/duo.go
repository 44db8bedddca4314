package node

import (
	"net/http"
	"net/netip"
	"time"

	"countersign/api"
	"countersign/api/duo"
)

// newDuo makes what answers clients of the Duo Auth API.
func (n *Node) newDuo(c Config) *duo.Server {
	return duo.New(duo.Config{
		Approvals: n.Approvals, Enrolments: n.Enrolments, PublicURL: c.PublicURL, Hosts: c.DuoHosts,
		ClientAddress: func(r *http.Request) netip.Addr { return api.ClientAddress(r, c.TrustedProxies) },
		BrowserName:   api.BrowserName, Now: time.Now, Log: c.Log,
	})
}
