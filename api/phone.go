package api

import (
	"context"
	"encoding/json"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
	"countersign/push"

	"github.com/danielgtaylor/huma/v2"
)

type pairInput struct{ Body pairRequest }

// pairRequest is the body of POST /v1/pair.
type pairRequest struct {
	Ticket    string      `json:"ticket" minLength:"1" maxLength:"128"`
	PublicKey publicKey   `json:"public_key"`
	Name      string      `json:"name" doc:"1–64 characters" example:"Ana's iPhone"`
	Platform  string      `json:"platform" doc:"ios, android, web or other" example:"ios"`
	Push      *pushTarget `json:"push,omitempty" doc:"where the phone is woken; left out, requests are seen by opening the app"`
	Proof     string      `json:"proof" doc:"JWS of type countersign-pair+jwt"`
}

// publicKey is a JWK as it came: which members are taken is for the one
// reader of keys to say.
type publicKey struct{ json.RawMessage }

// Schema documents the key.
func (publicKey) Schema(huma.Registry) *huma.Schema {
	text := func(examples ...any) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Examples: examples} }
	return &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: true,
		Description: "a public JWK: kty EC with crv P-256, x and y, or kty OKP with crv Ed25519 and x",
		Properties:  map[string]*huma.Schema{"kty": text("EC", "OKP"), "crv": text("P-256", "Ed25519"), "x": text(), "y": text()},
	}
}

// pushTarget is where a phone is woken.
type pushTarget struct {
	Service  string `json:"service" enum:"webpush,fcm,apns,none" doc:"none is for PUT /v1/phone/push alone"`
	Endpoint string `json:"endpoint,omitempty" doc:"webpush"`
	P256DH   string `json:"p256dh,omitempty" doc:"webpush"`
	Auth     string `json:"auth,omitempty" doc:"webpush"`
	Token    string `json:"token,omitempty" doc:"fcm, apns"`
	Sandbox  bool   `json:"sandbox,omitempty" doc:"apns"`
}

func (t *pushTarget) target() *push.Target {
	if t == nil {
		return nil
	}
	return &push.Target{
		Service: push.Service(t.Service), Token: t.Token, Sandbox: t.Sandbox,
		Endpoint: t.Endpoint, P256DH: t.P256DH, Auth: t.Auth,
	}
}

type pairedPhone struct {
	DeviceID  string    `json:"device_id"`
	State     string    `json:"state" enum:"claimed"`
	Digits    string    `json:"digits" doc:"for the person to compare with the browser's; the phone shows its own"`
	Server    string    `json:"server" doc:"name of this server"`
	User      string    `json:"user"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (a *API) pair(ctx context.Context, _ anyone, in *pairInput) (pairedPhone, error) {
	p, err := a.config.Enrolments.Claim(ctx, enrolments.Claim{
		Ticket: enrolments.SecretOf(in.Body.Ticket), Key: in.Body.PublicKey.RawMessage,
		Name: in.Body.Name, Platform: in.Body.Platform, Push: in.Body.Push.target(), Proof: in.Body.Proof,
	})
	if err != nil {
		return pairedPhone{}, err
	}
	return pairedPhone{
		DeviceID: string(p.Phone), State: string(p.State), Digits: p.Digits,
		Server: a.config.ServerName, User: p.User, ExpiresAt: wireTime(p.ExpiresAt),
	}, nil
}

type waitInput struct {
	Wait wait `query:"wait"`
}

type phoneState struct {
	DeviceID   string    `json:"device_id"`
	State      string    `json:"state" enum:"claimed,active"`
	Name       string    `json:"name"`
	User       string    `json:"user"`
	Server     string    `json:"server"`
	ServerTime time.Time `json:"server_time"`
	TOTP       bool      `json:"totp" doc:"this phone has a secret for codes"`
}

func (a *API) readPhone(ctx context.Context, by enrolments.KnownPhone, in *waitInput) (phoneState, error) {
	now, err := a.config.Enrolments.PhoneState(ctx, by.ID)
	if err != nil {
		return phoneState{}, err
	}
	active := func() bool { return now.Active }
	err = a.poll(ctx, "phone "+string(by.ID), in.Wait.Duration, active, func(ctx context.Context) (err error) {
		now, err = a.config.Enrolments.PhoneState(ctx, by.ID)
		return err
	})
	if err != nil {
		return phoneState{}, err
	}
	v := phoneState{
		DeviceID: string(by.ID), State: string(enrolments.PairingClaimed), Name: by.Name, User: by.User,
		Server: a.config.ServerName, ServerTime: wireTime(a.config.Now()), TOTP: now.TOTP,
	}
	if now.Active {
		v.State = string(enrolments.PairingActive)
	}
	return v, nil
}

type phoneSecret struct {
	Secret    string `json:"secret" doc:"base32"`
	Algorithm string `json:"algorithm" enum:"SHA1"`
	Digits    int    `json:"digits"`
	Period    int    `json:"period" doc:"seconds"`
	Issuer    string `json:"issuer"`
	Label     string `json:"label"`
}

func (a *API) issueTOTP(ctx context.Context, by enrolments.KnownPhone, _ *struct{}) (phoneSecret, error) {
	s, err := a.config.Enrolments.NewPhoneSecret(ctx, by)
	if err != nil {
		return phoneSecret{}, err
	}
	// RFC 6238 as every authenticator app speaks it.
	return phoneSecret{Secret: s.Text, Algorithm: "SHA1", Digits: 6, Period: 30, Issuer: s.Issuer, Label: s.Label}, nil
}

type setPushInput struct{ Body pushTarget }

func (a *API) setPush(ctx context.Context, by enrolments.KnownPhone, in *setPushInput) error {
	target := in.Body.target()
	if in.Body == (pushTarget{Service: "none"}) {
		target = nil
	}
	return a.config.Enrolments.SetPush(ctx, by, target)
}

func (a *API) removePhone(ctx context.Context, by enrolments.KnownPhone, _ *struct{}) error {
	return a.config.Enrolments.RemovePhone(ctx, by.Phone)
}

type pendingList struct {
	ServerTime time.Time         `json:"server_time"`
	Approvals  []pendingApproval `json:"approvals" nullable:"false" doc:"newest first"`
}

// pendingApproval is what a phone is asked. It never holds the number.
type pendingApproval struct {
	ID           string    `json:"id"`
	Display      string    `json:"display" doc:"the exact JSON text to be shown and signed"`
	Nonce        string    `json:"nonce"`
	NumberDigits int       `json:"number_digits"`
	Verification bool      `json:"user_verification" doc:"approving needs the phone to verify its person: uv in the answer"`
	ExpiresAt    time.Time `json:"expires_at"`
}

func (a *API) pendingApprovals(ctx context.Context, by enrolments.KnownPhone, in *waitInput) (pendingList, error) {
	var list []approvals.Approval
	err := a.hold(ctx, "phone "+string(by.ID), in.Wait.Duration, func(ctx context.Context, wait time.Duration) (err error) {
		list, err = a.config.Approvals.PendingFor(ctx, by, wait)
		return err
	})
	if err != nil {
		return pendingList{}, err
	}
	v := pendingList{ServerTime: wireTime(a.config.Now()), Approvals: []pendingApproval{}}
	for _, p := range list {
		v.Approvals = append(v.Approvals, pendingApproval{
			ID: string(p.ID), Display: p.Display, Nonce: p.Nonce, NumberDigits: len(p.Number),
			Verification: approvals.NeedsVerification(p.Nonce), ExpiresAt: wireTime(p.Expires),
		})
	}
	return v, nil
}

func (a *API) seen(ctx context.Context, by enrolments.KnownPhone, in *approvalInput) error {
	id, err := approvals.ParseID(in.ID)
	if err != nil {
		return err
	}
	return a.config.Approvals.Seen(ctx, by, id)
}

type answerInput struct {
	ID   string `path:"id"`
	Body signedAnswer
}

type signedAnswer struct {
	Answer string `json:"answer" doc:"JWS of type countersign-answer+jwt"`
}

type answered struct {
	ID     string `json:"id"`
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
	Method string `json:"method,omitempty"`
}

func (a *API) answer(ctx context.Context, by enrolments.KnownPhone, in *answerInput) (answered, error) {
	id, err := approvals.ParseID(in.ID)
	if err != nil {
		return answered{}, err
	}
	p, err := a.config.Approvals.Answer(ctx, by, id, in.Body.Answer)
	if err != nil {
		return answered{}, withApproval(p, err)
	}
	return answered{ID: string(p.ID), State: string(p.State), Reason: string(p.Reason), Method: string(p.Method)}, nil
}
