package phone

import (
	"context"
	"errors"
	"net/http"
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
