package northwind

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// countersign is the server, as this application calls it.
type countersign struct {
	url    string
	issuer string
	key    string
	id     string // the application's own, the audience of its result tokens
	client *http.Client
	keys   keySet
}

func newCountersign(c Config) (*countersign, error) {
	u, err := url.Parse(c.CountersignURL)
	if err != nil || u.Host == "" {
		return nil, errors.New("northwind: Countersign's URL is not an absolute URL")
	}
	issuer := strings.TrimSuffix(cmp.Or(c.Issuer, c.CountersignURL), "/")
	if public, err := url.Parse(issuer); err != nil || public.Host == "" {
		return nil, errors.New("northwind: the issuer is not an absolute URL")
	}
	rest, isKey := strings.CutPrefix(c.APIKey, "cs_")
	id, _, hasSecret := strings.Cut(rest, "_")
	if !isKey || !hasSecret || id == "" { // and no word of the key in the error
		return nil, errors.New("northwind: the API key is not of the form cs_<application>_<secret>")
	}
	return &countersign{
		url: strings.TrimSuffix(c.CountersignURL, "/"), issuer: issuer, key: c.APIKey, id: id,
		client: cmp.Or(c.HTTPClient, &http.Client{Timeout: 10 * time.Second}),
	}, nil
}

type request struct {
	User      string `json:"user"`
	Role      string `json:"role,omitempty"`
	Trusted   string `json:"trusted_browser,omitempty"`
	Context   where  `json:"context"`
	ReturnURL string `json:"return_url"`
	// WithoutScript says that the browser runs none: then the waiting screen is
	// links and forms.
	WithoutScript bool `json:"without_script,omitempty"`
}

// where is what the phone shows of a sign-in, besides who and to what.
type where struct {
	IP        string `json:"ip,omitempty"`
	UserAgent string `json:"user_agent,omitempty"`
	Action    string `json:"action,omitempty"`
}

type asked struct {
	ID         string `json:"id"`
	Next       string `json:"next"` // wait, code_only, enrol or done
	WaitingURL string `json:"waiting_url"`
	SetUpURL   string `json:"set_up_url"` // with enrol; with done, an offer
	// RequiredFrom is when a second factor will be required, for somebody who is
	// let in without one until then.
	RequiredFrom time.Time `json:"required_from"`
}

// next is where the browser goes now.
func (a asked) next() string {
	if a.Next == "enrol" {
		return a.SetUpURL
	}
	return a.WaitingURL
}

type approval struct {
	State  string `json:"state"`
	Reason string `json:"reason"`
}

type redeemed struct {
	Token    string          `json:"result_token"`
	Approval approval        `json:"approval"`
	Trusted  *trustedBrowser `json:"trusted_browser"`
}

// ask opens an approval for a person whose password was right.
func (c *countersign) ask(ctx context.Context, in request) (out asked, err error) {
	err = c.call(ctx, http.MethodPost, "/v1/approvals", in, &out)
	if err == nil && (out.ID == "" || out.next() == "") {
		err = errors.New("countersign: an approval without an id or a way on")
	}
	return out, err
}

// read says how an approval stands.
func (c *countersign) read(ctx context.Context, id string) (out approval, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/approvals/"+url.PathEscape(id), nil, &out)
	return out, err
}

// redeem changes the code that the browser brought for a result token, once.
func (c *countersign) redeem(ctx context.Context, id, code string) (out redeemed, err error) {
	in := map[string]string{"result_code": code}
	err = c.call(ctx, http.MethodPost, "/v1/approvals/"+url.PathEscape(id)+"/redeem", in, &out)
	return out, err
}

// endTrust has every browser of a person asked again. Of somebody that the
// server does not know, none is trusted.
func (c *countersign) endTrust(ctx context.Context, user string) error {
	err := c.call(ctx, http.MethodDelete, "/v1/people/"+url.PathEscape(user)+"/trusted-browsers", nil, nil)
	var refused *refusal
	if errors.As(err, &refused) && refused.kind() == "person-not-found" {
		return nil
	}
	return err
}

// security opens the security page of a person who is signed in, or set-up for
// somebody who has nothing to see there yet, and gives its address. back is where
// it leads back to; withoutScript is as in request.
func (c *countersign) security(ctx context.Context, user, back string, withoutScript bool) (string, error) {
	var out struct {
		SecurityURL string `json:"security_url"`
		SetUpURL    string `json:"set_up_url"`
	}
	in := map[string]any{"user": user, "return_url": back}
	if withoutScript {
		in["without_script"] = true
	}
	err := c.call(ctx, http.MethodPost, "/v1/security-pages", in, &out)
	if refused := (*refusal)(nil); errors.As(err, &refused) && refused.kind() == "person-not-found" {
		err = c.call(ctx, http.MethodPost, "/v1/pairings", in, &out)
	}
	page := cmp.Or(out.SecurityURL, out.SetUpURL)
	if err == nil && page == "" {
		err = errors.New("countersign: a security page without an address")
	}
	return page, err
}

// refusal is a problem (RFC 9457) of the server. Its type alone decides.
type refusal struct {
	Type string `json:"type"`
}

func (r *refusal) Error() string { return "countersign: " + r.kind() }

func (r *refusal) kind() string { return strings.TrimPrefix(r.Type, "urn:countersign:problem:") }

func (c *countersign) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	resp, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	read := json.NewDecoder(io.LimitReader(resp.Body, 64<<10))
	if resp.StatusCode >= 300 {
		refused := new(refusal)
		if err := read.Decode(refused); err != nil {
			return fmt.Errorf("countersign: %s", resp.Status)
		}
		return refused
	}
	if out == nil {
		return nil
	}
	return read.Decode(out)
}
