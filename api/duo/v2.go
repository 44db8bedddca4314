package duo

import (
	"context"
	"net/http"
	"strings"

	"countersign/approvals"
)

// routeV2 mounts the Auth API, version 2.
func (s *Server) routeV2() {
	s.mux.Handle("GET /auth/v2/ping", s.open(func(*http.Request) (any, error) { return s.time(), nil }))
	s.mux.Handle("GET /auth/v2/check", s.signed(asJSON, nil, func(context.Context, *call) (any, error) { return s.time(), nil }))
	s.mux.Handle("GET /auth/v2/logo", s.signed(asJSON, nil, func(context.Context, *call) (any, error) { return nil, errNotFound }))
	s.mux.Handle("POST /auth/v2/enroll", s.signed(asJSON, nil, s.enroll))
	s.mux.Handle("POST /auth/v2/enroll_status", s.signed(asJSON, nil, s.enrollStatus))
	s.mux.Handle("POST /auth/v2/preauth", s.signed(asJSON, denyV2, s.preauth))
	s.mux.Handle("POST /auth/v2/auth", s.signed(asJSON, denyV2, s.auth))
	s.mux.Handle("GET /auth/v2/auth_status", s.signed(asJSON, denyV2, s.authStatus))
}

type timeV2 struct {
	Time int64 `json:"time"`
}

func (s *Server) time() timeV2 { return timeV2{s.now().Unix()} }

// verdictV2 is how a sign-in stands.
type verdictV2 struct {
	Result  string `json:"result"`
	Status  string `json:"status"`
	Message string `json:"status_msg"`
	// Device is the token of a device that is remembered from now on.
	Device string `json:"trusted_device_token,omitempty"`
}

func denyV2(r refusal) any {
	return verdictV2{Result: resultDeny, Status: r.status(), Message: sentences[r]}
}

func verdictOf(o outcome) verdictV2 {
	if o.refusal != "" {
		return verdictV2{Result: resultDeny, Status: o.refusal.status(), Message: sentences[o.refusal]}
	}
	st := standingOf(o.approval)
	return verdictV2{Result: st.result, Status: st.status, Message: st.message}
}

// remembering is the verdict with the token of a device that is to be
// remembered.
func (s *Server) remembering(ctx context.Context, c *call, o outcome) verdictV2 {
	v := verdictOf(o)
	if v.Result == resultAllow {
		v.Device = s.remember(ctx, c, o.approval)
	}
	return v
}

// preauthV2 is what a person may do.
type preauthV2 struct {
	Result     string     `json:"result"`
	Message    string     `json:"status_msg"`
	Portal     string     `json:"enroll_portal_url,omitempty"`
	Devices    []deviceV2 `json:"devices,omitempty"`
	Prompt     *promptV2  `json:"prompt,omitempty"`
	Txid       string     `json:"txid,omitempty"`
	Number     string     `json:"verification_code,omitempty"`
	Expiration int64      `json:"expiration,omitempty"`
}

type deviceV2 struct {
	Device       string   `json:"device"`
	Type         string   `json:"type"`
	Name         string   `json:"name"`
	Number       string   `json:"number"`
	DisplayName  string   `json:"display_name"`
	Capabilities []string `json:"capabilities"`
}

type promptV2 struct {
	Text    string            `json:"text"`
	Factors map[string]string `json:"factors"`
}

func (s *Server) preauth(ctx context.Context, c *call) (any, error) {
	p, err := s.about(ctx, c)
	if err != nil {
		return nil, err
	}
	if in, err := s.remembered(ctx, c, p); err != nil || in {
		return preauthV2{Result: resultAllow, Message: "This device is remembered"}, err
	}
	w, err := s.welcome(ctx, c, p)
	out := preauthV2{Result: w.result, Message: w.message, Portal: w.portal}
	if err != nil || w.result != resultAuth {
		return out, err
	}
	out.Devices = devicesOf(c, p)
	if c.on("text_prompt") {
		m := s.menu(c, p)
		out.Prompt = &promptV2{m.text, m.factors}
	}
	if c.on("client_supports_verified_push") && p.canPush(c.app.Policy) {
		t := newTicket(s.now())
		out.Txid, out.Expiration = string(t), t.expires().Unix()
		out.Number = t.number(c.integration.Secret, p.ID, c.app.Policy.NumberDigits)
	}
	return out, nil
}

// devicesOf lists the phones of a person, or stands in for a token where there
// is only a code to type.
func devicesOf(c *call, p someone) []deviceV2 {
	var devices []deviceV2
	if p.canPush(c.app.Policy) {
		for _, phone := range p.Phones {
			d := deviceV2{
				Device: string(phone.ID), Type: "phone", Name: phone.Name, DisplayName: phone.Name,
				Capabilities: []string{"auto", "push"},
			}
			if p.canType(c.app.Policy) {
				d.Capabilities = append(d.Capabilities, "mobile_otp")
			}
			devices = append(devices, d)
		}
	}
	if len(devices) == 0 && p.canType(c.app.Policy) {
		devices = []deviceV2{{Device: "passcode", Type: "token", Name: "passcode", DisplayName: "Passcode", Capabilities: []string{"mobile_otp"}}}
	}
	return devices
}

func (s *Server) auth(ctx context.Context, c *call) (any, error) {
	p, err := s.about(ctx, c)
	if err != nil {
		return nil, err
	}
	f, client, err := s.factorV2(c)
	if err == nil && !p.absent && f.kind == factorPush {
		err = checkDevice(c, p)
	}
	if err != nil {
		return nil, err
	}
	o, err := s.signIn(ctx, c, p, f, client)
	if err != nil {
		return nil, err
	}
	if c.on("async") {
		return txidOf(o), nil
	}
	if o, err = s.settled(ctx, o); err != nil {
		return nil, err
	}
	return s.remembering(ctx, c, o), nil
}

// factorV2 reads which factor a call asks for, and what its client can show.
func (s *Server) factorV2(c *call) (f factor, client clientKind, err error) {
	name, err := c.need("factor")
	if err != nil {
		return f, blind, err
	}
	client = blind
	if c.on("async") {
		client = mayShow
	}
	switch name {
	case "push", "auto":
		f, err = s.pushV2(c)
	case "passcode":
		f.kind = factorPasscode
		f.passcode, err = c.need("passcode")
	case "prompt":
		var typed string
		typed, err = c.need("prompt")
		f = s.typed(typed)
		if client == mayShow {
			client = shows
		}
	default:
		err = detail(errParameter, "factor: push, auto, passcode and prompt are offered")
	}
	return f, client, err
}

// pushV2 reads a push, whose number the client may have shown since preauth.
func (s *Server) pushV2(c *call) (f factor, err error) {
	if _, err := c.need("device"); err != nil {
		return f, err
	}
	txid := c.value("txid")
	if txid == "" {
		return f, nil
	}
	t, ok := parseTicket(txid, s.now())
	if !ok {
		return f, detail(errParameter, "txid")
	}
	f.ticket = t
	return f, nil
}

// checkDevice refuses a device that is not the person's. Whichever is named, all
// of the person's phones are asked.
func checkDevice(c *call, p someone) error {
	device := c.value("device")
	if device == "" || device == "auto" {
		return nil
	}
	for _, phone := range p.Phones {
		if string(phone.ID) == device {
			return nil
		}
	}
	return detail(errParameter, "device")
}

type txidV2 struct {
	Txid string `json:"txid"`
}

// refusedTxid begins the transaction id of what was refused before there was an
// approval.
const refusedTxid = "refused-"

func txidOf(o outcome) txidV2 {
	if o.refusal != "" {
		return txidV2{refusedTxid + string(o.refusal)}
	}
	return txidV2{string(o.approval.ID)}
}

// polled returns what a transaction id stands for, once there is news.
func (s *Server) polled(ctx context.Context, c *call) (outcome, error) {
	txid, err := c.need("txid")
	if err != nil {
		return outcome{}, err
	}
	if why, ok := strings.CutPrefix(txid, refusedTxid); ok && sentences[refusal(why)] != "" {
		return outcome{refusal: refusal(why)}, nil
	}
	id, err := approvals.ParseID(txid)
	if err != nil {
		return outcome{}, detail(errParameter, "txid")
	}
	a, err := s.poll(ctx, c, id)
	return outcome{approval: a}, err
}

func (s *Server) authStatus(ctx context.Context, c *call) (any, error) {
	o, err := s.polled(ctx, c)
	if err != nil {
		return nil, err
	}
	return s.remembering(ctx, c, o), nil
}
