package phone

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Service names who carries wake-ups.
type Service string

// The services there are.
const (
	None    Service = "none"
	WebPush Service = "webpush"
	FCM     Service = "fcm"
	APNs    Service = "apns"
)

// ErrPush: a push target that no phone can have.
var ErrPush = errors.New("phone: unusable push target")

// maxToken is above every token and endpoint of the services, in bytes.
const maxToken = 4096

// Push is how an account is woken.
type Push struct {
	Service  Service       `json:"service"`
	Token    string        `json:"token,omitempty"`    // FCM, APNs; Web Push: the endpoint's id at the gateway
	Sandbox  bool          `json:"sandbox,omitempty"`  // APNs
	Endpoint string        `json:"endpoint,omitempty"` // Web Push
	Keys     *Subscription `json:"keys,omitempty"`     // Web Push
	// Gateway is the base URL of the gateway where Wakeups listens; "" if the
	// wake-ups reach the phone by another way.
	Gateway string `json:"gateway,omitempty"`
}

// target is a push target on the wire: the members of its service alone.
type target struct {
	Service  Service `json:"service"`
	Token    string  `json:"token,omitempty"`
	Sandbox  *bool   `json:"sandbox,omitempty"`
	Endpoint string  `json:"endpoint,omitempty"`
	P256DH   string  `json:"p256dh,omitempty"`
	Auth     string  `json:"auth,omitempty"`
}

// NewWebPush makes a subscription with new keys at an endpoint.
func NewWebPush(endpoint string) (*Push, error) {
	keys, err := NewSubscription()
	if err != nil {
		return nil, err
	}
	return &Push{Service: WebPush, Endpoint: endpoint, Keys: keys}, nil
}

// Lengths of tokens as the services' own are today.
const (
	fcmTokenBytes     = 114 // 152 characters of base64url
	apnsTokenBytes    = 32
	endpointNameBytes = 16
)

// NewGatewayPush makes a target of a service at a gateway: gateway is the base
// URL where it takes Web Push at /push/{id} and hands all wake-ups on at
// /deliveries/{token}. Errors: ErrPush, ErrInsecure.
func NewGatewayPush(service Service, gateway string) (*Push, error) {
	gateway = strings.TrimSuffix(gateway, "/")
	u, err := url.Parse(gateway)
	if err != nil || len(gateway) > maxURL || strings.ContainsAny(gateway, "?#@") {
		return nil, fmt.Errorf("%w: the gateway's address is none", ErrPush)
	}
	if err := checkTransport(u); err != nil {
		return nil, err
	}
	switch service {
	case WebPush:
		id := encode(random(endpointNameBytes))
		push, err := NewWebPush(gateway + "/push/" + id)
		if err != nil {
			return nil, err
		}
		push.Token, push.Gateway = id, gateway
		return push, nil
	case FCM:
		return &Push{Service: FCM, Token: encode(random(fcmTokenBytes)), Gateway: gateway}, nil
	case APNs:
		return &Push{Service: APNs, Token: hex.EncodeToString(random(apnsTokenBytes)), Gateway: gateway}, nil
	}
	return nil, fmt.Errorf("%w: service must be webpush, fcm or apns", ErrPush)
}

func (p *Push) target() *target {
	switch {
	case p == nil:
		return nil
	case p.Service == WebPush && p.Keys != nil:
		return &target{Service: WebPush, Endpoint: p.Endpoint, P256DH: p.Keys.P256DH(), Auth: p.Keys.AuthSecret()}
	case p.Service == APNs:
		return &target{Service: APNs, Token: p.Token, Sandbox: &p.Sandbox}
	}
	return &target{Service: p.Service, Token: p.Token}
}

func (p *Push) check() error {
	if len(p.Token) > maxToken || len(p.Endpoint) > maxToken || len(p.Gateway) > maxURL {
		return ErrPush
	}
	switch p.Service {
	case WebPush:
		if p.Endpoint == "" || p.Keys == nil {
			return ErrPush
		}
	case FCM, APNs:
		if p.Token == "" {
			return ErrPush
		}
	default:
		return ErrPush
	}
	return nil
}

// SetPush tells the server how to wake this phone from now on; nil means not
// at all. Errors: ErrPush, or a *Problem.
func (p *Phone) SetPush(ctx context.Context, accountID string, push *Push) error {
	in := &target{Service: None}
	if push != nil {
		if err := push.check(); err != nil {
			return err
		}
		in = push.target()
	}
	err := p.exchange(ctx, accountID, exchange{method: http.MethodPut, path: "/v1/phone/push", in: in})
	if err != nil {
		return err
	}
	return p.edit(accountID, func(a *account) { a.Push = push })
}
