package demo

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

// application calls the server as the sample application would.
type application struct {
	server, key string
	client      *http.Client
}

// problem is a refusal of the server.
type problem struct {
	Type   string `json:"type"`
	Detail string `json:"detail"`
	Left   int    `json:"code_attempts_left"`
}

func (p *problem) Error() string { return p.kind() + ": " + p.Detail }

// kind is the problem's name without its prefix.
func (p *problem) kind() string { return strings.TrimPrefix(p.Type, "urn:countersign:problem:") }

// requested is what an application is told of a new approval.
type requested struct {
	ID           string `json:"id"`
	State        string `json:"state"`
	Next         string `json:"next"`
	Number       string `json:"number"`
	WaitingToken string `json:"waiting_token"`
}

// state is what a waiting screen is told.
type state struct {
	Version  int64  `json:"version"`
	State    string `json:"state"`
	Reason   string `json:"reason"`
	Method   string `json:"method"`
	ReturnTo string `json:"return_to"`
}

// how is a settled state in words.
func (s state) how() string {
	switch {
	case s.Method != "":
		return s.State + " by " + s.Method
	case s.Reason != "":
		return s.State + ": " + s.Reason
	}
	return s.State
}

// call sends JSON with a bearer secret and reads JSON; a refusal is a *problem.
func call(ctx context.Context, client *http.Client, method, url, bearer string, in, out any) error {
	var body io.Reader = http.NoBody
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		p := new(problem)
		if err := json.Unmarshal(raw, p); err != nil {
			return fmt.Errorf("%s: %s", url, resp.Status)
		}
		return p
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

// ask requests an approval for a person.
func (a application) ask(ctx context.Context, user string, ttl int) (requested, error) {
	in := map[string]any{
		"user": user, "ttl": ttl,
		"context": map[string]string{"ip": "203.0.113.9", "location": "Wellington, NZ", "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36"},
	}
	var out requested
	return out, call(ctx, a.client, http.MethodPost, a.server+"/v1/approvals", a.key, in, &out)
}

// setUp is a set-up session, as the person's browser holds it.
type setUp struct {
	ID      string `json:"id"`
	Token   string `json:"set_up_token"`
	State   string `json:"state"`
	PairURL string `json:"pair_url"`
	Digits  string `json:"digits"`

	app application
}

// open opens a set-up for a person.
func (a application) open(ctx context.Context, user string) (setUp, error) {
	s := setUp{app: a}
	if err := call(ctx, a.client, http.MethodPost, a.server+"/v1/pairings", a.key, map[string]string{"user": user}, &s); err != nil {
		return s, err
	}
	return s, s.call(ctx, http.MethodGet, "", nil, &s)
}

func (s setUp) call(ctx context.Context, method, path string, in, out any) error {
	return call(ctx, s.app.client, method, s.app.server+"/v1/pairings/"+s.ID+path, s.Token, in, out)
}

// pair pairs a phone in a set-up: link, digits on both screens, confirmed.
func (s setUp) pair(ctx context.Context, p *phone.Phone, as phone.Pairing) (phone.Account, error) {
	account, err := p.Pair(ctx, s.PairURL, as)
	if err != nil {
		return account, err
	}
	if err := s.call(ctx, http.MethodGet, "", nil, &s); err != nil {
		return account, err
	}
	if s.Digits != account.Digits {
		return account, fmt.Errorf("the screens differ: browser %s, phone %s", s.Digits, account.Digits)
	}
	if err := s.call(ctx, http.MethodPost, "/confirm", map[string]bool{"match": true}, nil); err != nil {
		return account, err
	}
	return p.WaitActive(ctx, account.ID)
}

// authenticator sets up an authenticator app and returns its secret in base32.
func (s setUp) authenticator(ctx context.Context, code func(secret string) (string, error)) (string, error) {
	var key struct {
		SetUpKey string `json:"setup_key"`
	}
	if err := s.call(ctx, http.MethodPost, "/authenticator", nil, &key); err != nil {
		return "", err
	}
	secret := strings.ReplaceAll(key.SetUpKey, " ", "")
	first, err := code(secret)
	if err != nil {
		return "", err
	}
	return secret, s.call(ctx, http.MethodPost, "/authenticator/confirm", map[string]string{"code": first}, nil)
}
