package bench

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"countersign/cmd/countersign/node"
	"countersign/enrolments"
	"countersign/internal/seal"
	"countersign/mobile-stub/gateway"
	"countersign/push"
	"countersign/push/apns"
)

// gatewayReady is where a gateway is and what opens it.
type gatewayReady struct {
	APNs  string `json:"apns"`
	Dir   string `json:"dir"`
	Key   string `json:"key"`
	Team  string `json:"team"`
	Topic string `json:"topic"`
}

// arrivals are when messages came to the gateway, by approval, in nanoseconds
// since the epoch by the one clock of the machine.
type arrivals map[string]int64

// taking is the gateway as a part. It answers each question with what has come
// since the last.
type taking struct {
	gateway *gateway.Gateway
	dir     string

	mu  sync.Mutex
	all arrivals
}

func startGateway(_ context.Context, config json.RawMessage) (servant, error) {
	var c serverConfig
	if err := json.Unmarshal(config, &c); err != nil {
		return nil, err
	}
	t := &taking{dir: c.Dir, all: arrivals{}}
	var err error
	t.gateway, err = gateway.Start(gateway.Options{Dir: c.Dir, Took: t.took})
	return t, err
}

func (t *taking) took(d gateway.Delivery) {
	now := time.Now().UnixNano()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all[d.Collapse] = now
}

func (t *taking) ready() any {
	c := t.gateway.Credentials
	return gatewayReady{t.gateway.APNs, t.dir, c.KeyID, c.TeamID, c.Topic}
}

func (t *taking) answer(context.Context, json.RawMessage) (any, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.all
	t.all = arrivals{}
	return all, nil
}

func (t *taking) close() error { return t.gateway.Close() }

// pushingConfig is what a server that pushes is told.
type pushingConfig struct {
	serverConfig
	Gateway gatewayReady `json:"gateway"`
}

// startPushing is the whole product as a part, with phones that it can wake.
func startPushing(ctx context.Context, config json.RawMessage) (servant, error) {
	var c pushingConfig
	if err := json.Unmarshal(config, &c); err != nil {
		return nil, err
	}
	sender, err := c.sender()
	if err != nil {
		return nil, err
	}
	ring, err := seal.Parse(strings.NewReader(seal.NewKey()))
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	url := "http://" + listener.Addr().String()
	n, err := node.Open(ctx, node.Config{
		PublicURL: url, ServerName: "Countersign", Redis: c.Redis,
		Database: "sqlite:" + filepath.Join(c.Dir, "countersign.db"), Keys: ring,
		Senders: map[push.Service]push.Sender{push.APNs: sender}, Log: quiet,
	})
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	policy := enrolments.DefaultPolicy()
	policy.PushLimit = pushesEach
	key, err := n.Enrolments.AddApplication(ctx, enrolments.Application{ID: "northwind", Name: "Northwind Books", Policy: policy})
	if err != nil {
		return nil, errors.Join(err, listener.Close(), n.Close())
	}
	s := &countersign{said: serverReady{url, key.Reveal()}, served: make(chan error, 1)}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	go func() { s.served <- n.Serve(serving, listener) }()
	return s, nil
}

func (c pushingConfig) sender() (push.Sender, error) {
	ca, err := os.ReadFile(filepath.Join(c.Gateway.Dir, gateway.CAFile))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return apns.New(apns.Config{
		Topic: c.Gateway.Topic, KeyFile: filepath.Join(c.Gateway.Dir, gateway.APNsKeyFile),
		KeyID: c.Gateway.Key, TeamID: c.Gateway.Team, Production: c.Gateway.APNs, RootCAs: roots,
	})
}
