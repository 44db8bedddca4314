//go:build unix

package fcm_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/messaging"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/option"

	"countersign/mobile-stub/gateway"
	"countersign/push"
	"countersign/push/fcm"
	"countersign/push/pushtest"
)

// BenchmarkPush is P4 of the performance goals: our fan-out, one phone a
// sign-in and 100 at once, beside the bare SDK on a shared HTTP/2 client.
func BenchmarkPush(b *testing.B) {
	g := pushtest.Start(b)
	account := filepath.Join(g.Dir, gateway.ServiceAccountFile)
	s, err := fcm.New(fcm.Config{ServiceAccountFile: account, Endpoint: g.FCM, RootCAs: g.Roots})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	f := push.NewFanout(map[push.Service]push.Sender{push.FCM: s})
	ours := func(ctx context.Context) (result error) {
		f.Send(ctx, wakeUp(), []push.Target{phone}, func(_ int, err error) { result = err })
		return result
	}
	pushtest.Compare(b, ours, bare(b, g, account))
}

// bare is the SDK with a client of oauth2's, and the same message.
func bare(b *testing.B, g pushtest.Gateway, accountFile string) pushtest.Push {
	b.Helper()
	text, err := os.ReadFile(accountFile)
	if err != nil {
		b.Fatal(err)
	}
	config, err := google.JWTConfigFromJSON(text, "https://www.googleapis.com/auth/firebase.messaging")
	if err != nil {
		b.Fatal(err)
	}
	base := &http.Transport{ForceAttemptHTTP2: true, MaxConnsPerHost: 4, TLSClientConfig: &tls.Config{RootCAs: g.Roots}}
	b.Cleanup(base.CloseIdleConnections)
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, &http.Client{Transport: base})
	client, err := newBare(ctx, g, config.Client(ctx))
	if err != nil {
		b.Fatal(err)
	}
	return func(ctx context.Context) error {
		ttl := time.Minute
		_, err := client.Send(ctx, &messaging.Message{
			Token: token,
			Data:  map[string]string{"approval_id": "apr_7Q"},
			Android: &messaging.AndroidConfig{
				Priority: "high", TTL: &ttl, CollapseKey: "apr_7Q",
				Notification: &messaging.AndroidNotification{
					TitleLocKey: "sign_in_request", ChannelID: "sign_in_requests", Tag: "apr_7Q",
				},
			},
		})
		return err
	}
}

func newBare(ctx context.Context, g pushtest.Gateway, c *http.Client) (*messaging.Client, error) {
	app, err := firebase.NewApp(ctx, &firebase.Config{ProjectID: "countersign-demo"},
		option.WithHTTPClient(c), option.WithEndpoint(g.FCM+"/v1"))
	if err != nil {
		return nil, err
	}
	return app.Messaging(ctx)
}
