// Package parties plays those who call a server from outside, over the protocol
// alone: an application with its key, and the browser of a person who sets
// something up. The demonstration and the benchmarks are made of them, with
// phones of mobile-stub.
//
// It refuses to confirm a phone whose digits are not those that the browser is
// shown.
package parties

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"countersign/mobile-stub/phone"
)

// Application calls a server as an application does.
type Application struct {
	// Server is its URL, without a trailing slash; Key the application's own.
	Server, Key string
	Client      *http.Client
}

// Call asks for a path of the server, such as "/v1/approvals", with the
// application's key. in is sent as JSON unless it is nil, and the answer is read
// into out unless that is. A refusal is a *Problem.
func (a Application) Call(ctx context.Context, method, path string, in, out any) error {
	return a.CallAs(ctx, a.Key, method, path, in, out)
}

// CallAs is Call by somebody else, who holds a secret of their own.
func (a Application) CallAs(ctx context.Context, secret, method, path string, in, out any) error {
	var body io.Reader = http.NoBody
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.Server+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	raw, err := Send(a.Client, req)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(raw, out)
}

// Problem is a refusal of the server.
type Problem struct {
	Type   string `json:"type"`
	Detail string `json:"detail"`
}

// Error says what the server says.
func (p *Problem) Error() string { return p.Kind() + ": " + p.Detail }

// Kind is the problem's type without its prefix.
func (p *Problem) Kind() string { return strings.TrimPrefix(p.Type, "urn:countersign:problem:") }

// Send returns the body of an answer, at most a megabyte of it. A refusal is a
// *Problem.
func Send(client *http.Client, req *http.Request) ([]byte, error) {
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || resp.StatusCode < 300 {
		return raw, err
	}
	p := new(Problem)
	if err := json.Unmarshal(raw, p); err != nil {
		return nil, fmt.Errorf("%s %s: %s", req.Method, req.URL.Path, resp.Status)
	}
	return nil, p
}

// SetUp is a set-up as its person's browser holds it.
type SetUp struct {
	ID      string `json:"id"`
	Token   string `json:"set_up_token"`
	PairURL string `json:"pair_url"`
	Digits  string `json:"digits"`

	app Application
}

// Open opens a set-up for a person. approval is a fresh one of theirs; empty for
// somebody who has nothing yet.
func (a Application) Open(ctx context.Context, user, approval string) (SetUp, error) {
	in := map[string]string{"user": user}
	if approval != "" {
		in["approval_id"] = approval
	}
	s := SetUp{app: a}
	if err := a.Call(ctx, http.MethodPost, "/v1/pairings", in, &s); err != nil {
		return s, err
	}
	return s, s.read(ctx)
}

// Opened is a set-up that somebody else has opened.
func (a Application) Opened(ctx context.Context, id, token string) (SetUp, error) {
	s := SetUp{ID: id, Token: token, app: a}
	return s, s.read(ctx)
}

func (s *SetUp) read(ctx context.Context) error { return s.Call(ctx, http.MethodGet, "", nil, s) }

// Call asks for a path below the set-up, such as "/authenticator", with the
// browser's token; else it is as Application's.
func (s SetUp) Call(ctx context.Context, method, path string, in, out any) error {
	return s.app.CallAs(ctx, s.Token, method, "/v1/pairings/"+s.ID+path, in, out)
}

// Pair pairs a phone: by the link, digits on both screens, confirmed.
func (s SetUp) Pair(ctx context.Context, p *phone.Phone, as phone.Pairing) (phone.Account, error) {
	account, err := p.Pair(ctx, s.PairURL, as)
	if err != nil {
		return account, err
	}
	if err := s.read(ctx); err != nil {
		return account, err
	}
	if s.Digits != account.Digits {
		return account, fmt.Errorf("the screens differ: browser %s, phone %s", s.Digits, account.Digits)
	}
	if err := s.Call(ctx, http.MethodPost, "/confirm", map[string]bool{"match": true}, nil); err != nil {
		return account, err
	}
	return p.WaitActive(ctx, account.ID)
}
