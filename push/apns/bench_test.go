//go:build unix

package apns_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/sideshow/apns2"
	"github.com/sideshow/apns2/payload"
	apnstoken "github.com/sideshow/apns2/token"

	"countersign/mobile-stub/gateway"
	"countersign/push"
	"countersign/push/apns"
	"countersign/push/pushtest"
)

// BenchmarkPush is P3 of the performance goals: our fan-out, one phone a
// sign-in and 100 at once, beside bare apns2.
func BenchmarkPush(b *testing.B) {
	g := pushtest.Start(b)
	key := filepath.Join(g.Dir, gateway.APNsKeyFile)
	s := newSender(b, apns.Config{
		Topic: g.Topic, KeyFile: key, KeyID: g.KeyID, TeamID: g.TeamID, Production: g.APNs, RootCAs: g.Roots,
	})
	f := push.NewFanout(map[push.Service]push.Sender{push.APNs: s})
	ours := func(ctx context.Context) (result error) {
		f.Send(ctx, wakeUp(), []push.Target{phone}, func(_ int, err error) { result = err })
		return result
	}
	pushtest.Compare(b, ours, bare(b, g, key))
}

// bare is apns2 as its documentation shows it, with the same notification.
func bare(b *testing.B, g pushtest.Gateway, keyFile string) pushtest.Push {
	b.Helper()
	key, err := apnstoken.AuthKeyFromFile(keyFile)
	if err != nil {
		b.Fatal(err)
	}
	dial := apns2.DialTLS
	apns2.DialTLS = func(network, addr string, c *tls.Config) (net.Conn, error) {
		c = c.Clone()
		c.RootCAs = g.Roots
		return dial(network, addr, c)
	}
	client := apns2.NewTokenClient(&apnstoken.Token{AuthKey: key, KeyID: g.KeyID, TeamID: g.TeamID})
	apns2.DialTLS = dial
	client.Host = g.APNs
	b.Cleanup(client.CloseIdleConnections)
	return func(ctx context.Context) error {
		resp, err := client.PushWithContext(ctx, &apns2.Notification{
			DeviceToken: token, Topic: g.Topic, CollapseID: "apr_7Q",
			Expiration: time.Now().Add(time.Minute), Priority: apns2.PriorityHigh, PushType: apns2.PushTypeAlert,
			Payload: payload.NewPayload().AlertTitleLocKey("SIGN_IN_REQUEST").Sound("default").
				InterruptionLevel(payload.InterruptionLevelTimeSensitive).Custom("approval_id", "apr_7Q"),
		})
		if err == nil && !resp.Sent() {
			err = fmt.Errorf("%d %s", resp.StatusCode, resp.Reason)
		}
		return err
	}
}
