package phone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ErrPairURL: not a pairing link. It looks like https://server/pair#ticket.
var ErrPairURL = errors.New("phone: not a pairing link")

const (
	base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	// ticketLength is a SHA-256 digest in base64url.
	ticketLength = 43
	// maxID is above every id of the protocol; ids are opaque.
	maxID = 64
)

// Pairing is what a phone says of itself.
type Pairing struct {
	Name      string    // 1–64 characters, shown wherever the phone is listed
	Platform  string    // ios, android, web, other; "" means other
	Algorithm Algorithm // "" means ES256
	Push      *Push     // nil: requests are seen by opening the app
}

// ParsePairURL takes a pairing link apart: the server's public URL and the
// ticket. Errors: ErrPairURL, ErrInsecure; neither repeats the ticket.
func ParsePairURL(link string) (server, ticket string, err error) {
	address, ticket, found := strings.Cut(strings.TrimSpace(link), "#")
	base, isPair := strings.CutSuffix(address, "/pair")
	if !found || !isPair {
		return "", "", fmt.Errorf("%w: it looks like https://server/pair#ticket; in a shell, put it in quotes", ErrPairURL)
	}
	if len(ticket) != ticketLength || strings.Trim(ticket, base64url) != "" {
		return "", "", fmt.Errorf("%w: the ticket after # is incomplete", ErrPairURL)
	}
	if server, err = parseServer(base); err != nil {
		return "", "", err
	}
	return server, ticket, nil
}

// parseServer checks a server's public URL and returns it as it is: proofs name
// it letter by letter.
func parseServer(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || len(s) > maxURL || u.Hostname() == "" || u.Opaque != "" {
		return "", fmt.Errorf("%w: no address of a server", ErrPairURL)
	}
	if u.User != nil || strings.ContainsAny(s, "?#") || strings.HasSuffix(s, "/") {
		return "", fmt.Errorf("%w: the server's address has more than host and path", ErrPairURL)
	}
	if err := checkTransport(u); err != nil {
		return "", err
	}
	return s, nil
}

// pairBody is the body of POST /v1/pair.
type pairBody struct {
	Ticket    string `json:"ticket"`
	PublicKey JWK    `json:"public_key"`
	Name      string `json:"name"`
	Platform  string `json:"platform"`
	Push      *Push  `json:"push,omitempty"`
	Proof     string `json:"proof"`
}

// MarshalJSON writes the push target as servers read it, not as it is kept.
func (b pairBody) MarshalJSON() ([]byte, error) {
	type plain pairBody
	return json.Marshal(struct {
		plain
		Push *target `json:"push,omitempty"`
	}{plain(b), b.Push.target()})
}

// pairReply is its answer. digits is left out: the phone computes its own.
type pairReply struct {
	DeviceID string `json:"device_id"`
	Server   string `json:"server"`
	User     string `json:"user"`
}

// Pair uses a pairing link and returns a claimed account, whose Digits the
// person compares with the browser's before the account becomes active. It makes a
// new key. Errors: ErrPairURL, ErrInsecure, ErrKey, ErrFull, or a *Problem, of
// which TicketInvalid means that the link was used or is out of time.
func (p *Phone) Pair(ctx context.Context, link string, as Pairing) (Account, error) {
	server, ticket, err := ParsePairURL(link)
	if err != nil {
		return Account{}, err
	}
	if len(p.Accounts()) >= maxAccounts { // before the link is spent
		return Account{}, ErrFull
	}
	if as.Algorithm == "" {
		as.Algorithm = ES256
	}
	if as.Platform == "" {
		as.Platform = "other"
	}
	key, err := GenerateKey(as.Algorithm)
	if err != nil {
		return Account{}, err
	}
	reply, err := p.claim(ctx, server, ticket, key, as)
	if err != nil {
		return Account{}, err
	}
	a := account{
		DeviceID: reply.DeviceID, Server: server, ServerName: Plain(reply.Server), User: Plain(reply.User), Name: as.Name,
		Digits: Digits(ticket, key.Public().Thumbprint()), State: Claimed, Key: key, Push: as.Push,
	}
	if err := p.add(a); err != nil {
		return Account{}, err
	}
	return a.view(), nil
}

func (p *Phone) claim(ctx context.Context, server, ticket string, key *Key, as Pairing) (pairReply, error) {
	proof, err := SignPair(key, NewPairClaims(server, ticket, key, p.now()))
	if err != nil {
		return pairReply{}, err
	}
	body, err := json.Marshal(pairBody{
		Ticket: ticket, PublicKey: key.Public(), Name: as.Name, Platform: as.Platform, Push: as.Push, Proof: proof,
	})
	if err != nil {
		return pairReply{}, err
	}
	r, err := newRequest(ctx, http.MethodPost, server+"/v1/pair", body)
	if err != nil {
		return pairReply{}, err
	}
	var reply pairReply
	if err := p.do(r, 0, &reply); err != nil {
		return pairReply{}, err
	}
	if !validID(reply.DeviceID) {
		return pairReply{}, fmt.Errorf("%w: no device id", ErrReply)
	}
	return reply, nil
}

// WaitActive waits until the person has confirmed the digits in the browser,
// then fetches the secret for codes. It rides over failures of the network and
// of the server until ctx ends. A *Problem of kind PhoneUnknown means that the
// person refused, or that nobody confirmed in time.
func (p *Phone) WaitActive(ctx context.Context, accountID string) (Account, error) {
	for delay := firstDelay; ; delay = min(2*delay, lastDelay) {
		a, err := p.refresh(ctx, accountID, MaxWait)
		switch {
		case err == nil && a.HasCodes:
			return a, nil
		case err == nil:
			delay = firstDelay // still claimed
		case !temporary(err):
			return Account{}, err
		}
		if err := pause(ctx, delay); err != nil {
			return Account{}, err
		}
	}
}

// Between tries: a server that has just started is soon found, one that is away
// for long is not pressed.
const (
	firstDelay = 250 * time.Millisecond
	lastDelay  = 10 * time.Second
)

// Refresh asks the server how an account stands, and fetches the secret for
// codes if the account is active and has none.
func (p *Phone) Refresh(ctx context.Context, accountID string) (Account, error) {
	return p.refresh(ctx, accountID, 0)
}

func (p *Phone) refresh(ctx context.Context, accountID string, wait time.Duration) (Account, error) {
	var reply struct {
		State State `json:"state"`
	}
	err := p.exchange(ctx, accountID, exchange{method: http.MethodGet, path: "/v1/phone", wait: wait, out: &reply})
	if err != nil {
		return Account{}, err
	}
	if reply.State != Active {
		return p.Account(accountID)
	}
	if err := p.edit(accountID, func(a *account) { a.State = Active }); err != nil {
		return Account{}, err
	}
	if err := p.fetchCodes(ctx, accountID); err != nil {
		return Account{}, err
	}
	return p.Account(accountID)
}

// validID says whether s can be an id: it becomes part of a path.
func validID(s string) bool {
	return s != "" && len(s) <= maxID && strings.Trim(s, base64url) == ""
}
