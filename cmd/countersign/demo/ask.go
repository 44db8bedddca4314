package demo

import (
	"context"
	"net/http"
	"strings"

	"countersign/cmd/countersign/parties"
)

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

// ask requests an approval for a person.
func (d *demo) ask(ctx context.Context, user string, ttl int) (out requested, err error) {
	in := map[string]any{
		"user": user, "ttl": ttl,
		"context": map[string]string{"ip": "203.0.113.9", "location": "Wellington, NZ", "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36"},
	}
	err = d.app.Call(ctx, http.MethodPost, "/v1/approvals", in, &out)
	return out, err
}

// authenticator sets up an authenticator app and returns its secret in base32.
func authenticator(ctx context.Context, s parties.SetUp, code func(secret string) (string, error)) (string, error) {
	var key struct {
		SetUpKey string `json:"setup_key"`
	}
	if err := s.Call(ctx, http.MethodPost, "/authenticator", nil, &key); err != nil {
		return "", err
	}
	secret := strings.ReplaceAll(key.SetUpKey, " ", "")
	first, err := code(secret)
	if err != nil {
		return "", err
	}
	return secret, s.Call(ctx, http.MethodPost, "/authenticator/confirm", map[string]string{"code": first}, nil)
}
