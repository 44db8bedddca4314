package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"countersign/mobile-stub/phone"
)

// pairing is a set-up session, as a person's browser holds it.
type pairing struct {
	ID      string `json:"id"`
	Token   string `json:"set_up_token"`
	PairURL string `json:"pair_url"`
	Digits  string `json:"digits"`
}

// pair pairs a phone with a person at a server: link, digits on both screens,
// confirmed.
func pair(ctx context.Context, client *http.Client, server serverReady, user string) (*phone.Phone, phone.Account, error) {
	return pairAs(ctx, client, server, user, phone.Pairing{Name: "Ana's iPhone", Platform: "ios"})
}

// pairAs pairs a phone that calls itself so.
func pairAs(ctx context.Context, client *http.Client, server serverReady, user string, as phone.Pairing) (*phone.Phone, phone.Account, error) {
	p := phone.New(phone.Options{HTTP: client})
	var set pairing
	if err := call(ctx, client, http.MethodPost, server.URL+"/v1/pairings", server.Key, map[string]string{"user": user}, &set); err != nil {
		return nil, phone.Account{}, err
	}
	at := server.URL + "/v1/pairings/" + set.ID
	if err := call(ctx, client, http.MethodGet, at, set.Token, nil, &set); err != nil {
		return nil, phone.Account{}, err
	}
	account, err := p.Pair(ctx, set.PairURL, as)
	if err != nil {
		return nil, phone.Account{}, err
	}
	if err := call(ctx, client, http.MethodGet, at, set.Token, nil, &set); err != nil {
		return nil, phone.Account{}, err
	}
	if set.Digits != account.Digits {
		return nil, phone.Account{}, errors.New("pairing: the digits differ")
	}
	if err := call(ctx, client, http.MethodPost, at+"/confirm", set.Token, map[string]bool{"match": true}, nil); err != nil {
		return nil, phone.Account{}, err
	}
	account, err = p.WaitActive(ctx, account.ID)
	return p, account, err
}

// call sends JSON with a bearer secret and reads JSON into out, unless that is
// nil.
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
	raw, err := send(client, req)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(raw, out)
}

// send returns the body of an answer that is a success.
func send(client *http.Client, req *http.Request) ([]byte, error) {
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 {
		return nil, fmt.Errorf("%s %s: %s: %.200s", req.Method, req.URL.Path, resp.Status, raw)
	}
	return raw, nil
}
