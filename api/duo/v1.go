package duo

import (
	"context"
	"net/http"
)

// routeV1 mounts version 1. The older clients ask for BSON by the path's end,
// later ones for JSON, some for nothing.
func (s *Server) routeV1() {
	for suffix, f := range map[string]format{"": asJSON, ".json": asJSON, ".bson": asBSON} {
		s.mux.Handle("GET /rest/v1/ping"+suffix, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { s.reply(w, f, "pong", nil) }))
		s.mux.Handle("GET /rest/v1/check"+suffix, s.signed(f, nil, func(context.Context, *call) (any, error) { return "valid", nil }))
		s.mux.Handle("POST /rest/v1/preauth"+suffix, s.signed(f, denyV1, s.preauthV1))
		s.mux.Handle("POST /rest/v1/auth"+suffix, s.signed(f, denyV1, s.authV1))
		s.mux.Handle("GET /rest/v1/status"+suffix, s.signed(f, denyV1, s.statusV1))
	}
}

// replyV1 is a reply of version 1: text and further replies by name, which both
// formats can write. Its status is a sentence for people.
type replyV1 = map[string]any

func denyV1(r refusal) any { return replyV1{"result": resultDeny, "status": sentences[r]} }

func (s *Server) preauthV1(ctx context.Context, c *call) (any, error) {
	name, err := c.need("user")
	if err != nil {
		return nil, err
	}
	p, err := s.named(ctx, c, name)
	if err != nil {
		return nil, err
	}
	w, err := s.welcome(ctx, c, p)
	if err != nil {
		return nil, err
	}
	out := replyV1{"result": w.result, "status": w.message}
	if w.result == resultAuth {
		m := s.menu(c, p)
		factors := replyV1{}
		for name, token := range m.factors {
			factors[name] = token
		}
		out["prompt"], out["factors"] = m.text, factors
	}
	return out, nil
}

func (s *Server) authV1(ctx context.Context, c *call) (any, error) {
	name, err := c.need("user")
	if err != nil {
		return nil, err
	}
	p, err := s.named(ctx, c, name)
	if err != nil {
		return nil, err
	}
	f, err := s.factorV1(c)
	if err != nil {
		return nil, err
	}
	client := blind
	if c.on("async") {
		client = shows
	}
	o, err := s.signIn(ctx, c, p, f, client)
	if err != nil {
		return nil, err
	}
	if c.on("async") {
		return replyV1{"txid": txidOf(o).Txid}, nil
	}
	o, err = s.settled(ctx, o)
	if err != nil {
		return nil, err
	}
	return verdictV1(o), nil
}

// factorV1 reads what a call of version 1 asks for.
func (s *Server) factorV1(c *call) (f factor, err error) {
	name, err := c.need("factor")
	if err != nil {
		return f, err
	}
	switch name {
	case "auto":
		var typed string
		typed, err = c.need("auto")
		f = s.typed(typed)
	case "passcode":
		f.kind = factorPasscode
		f.passcode, err = c.need("code")
	case "push":
	case "phone", "sms":
		f.kind = factorNone
	default:
		err = detail(errParameter, "factor")
	}
	return f, err
}

func (s *Server) statusV1(ctx context.Context, c *call) (any, error) {
	o, err := s.polled(ctx, c)
	if err != nil {
		return nil, err
	}
	return verdictV1(o), nil
}

// verdictV1 has no result while a sign-in waits: any but allow and deny is an
// error to its clients.
func verdictV1(o outcome) replyV1 {
	v := verdictOf(o)
	if v.Result == resultWait {
		return replyV1{"status": v.Message}
	}
	return replyV1{"result": v.Result, "status": v.Message}
}
