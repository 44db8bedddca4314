package phone

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// maxReply bounds every reply. The longest is a list of requests; a person
	// has one pending request for each application.
	maxReply = 256 << 10
	// MaxWait is the longest that the server holds a request open.
	MaxWait = 25 * time.Second
	// replyTime is how long a reply may take beyond the time it was asked to wait.
	replyTime = 15 * time.Second
	// maxURL is the longest address of a server, in bytes.
	maxURL = 2048
)

var (
	// ErrInsecure: plain http to another machine. Use https.
	ErrInsecure = errors.New("phone: plain http is for this machine alone, use https")
	// ErrReply: the server said yes in a way that cannot be understood.
	ErrReply = errors.New("phone: the server's reply is not understood")
	// ErrNetwork: no whole reply came. The server may have done what was asked.
	ErrNetwork = errors.New("phone: the network failed")
)

// exchange is one request of a paired phone.
type exchange struct {
	method, path string
	wait         time.Duration // how long the server may hold it open; 0: not
	in           any           // sent as JSON; nil: no body
	out          any           // read from JSON; nil: the reply's body is ignored
}

// Request builds a request with a fresh, honest Phone-Proof: method, path
// beneath U, without a query. What it returns can be sent once; sent twice, it
// is a replay. The account's server must be reachable by https or be this
// machine.
func (p *Phone) Request(ctx context.Context, accountID, method, path string, body []byte) (*http.Request, error) {
	a, err := p.account(accountID)
	if err != nil {
		return nil, err
	}
	proof, err := SignProof(a.Key, a.DeviceID, NewProofClaims(method, a.Server+path, body, p.now()))
	if err != nil {
		return nil, err
	}
	r, err := newRequest(ctx, method, a.Server+path, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Phone-Proof", proof)
	return r, nil
}

// exchange sends e for an account. Refusals are *Problem.
func (p *Phone) exchange(ctx context.Context, accountID string, e exchange) error {
	var body []byte
	if e.in != nil {
		var err error
		if body, err = json.Marshal(e.in); err != nil {
			return err
		}
	}
	r, err := p.Request(ctx, accountID, e.method, e.path, body)
	if err != nil {
		return err
	}
	wait := min(max(e.wait, 0), MaxWait)
	if seconds := int64(wait.Round(time.Second) / time.Second); seconds > 0 {
		r.URL.RawQuery = url.Values{"wait": {strconv.FormatInt(seconds, 10) + "s"}}.Encode()
	}
	return p.do(r, wait, e.out)
}

func newRequest(ctx context.Context, method, address string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Accept", "application/json, application/problem+json")
	return r, nil
}

// do sends r, bounded in time and size, and reads a success into out.
func (p *Phone) do(r *http.Request, wait time.Duration, out any) error {
	ctx, cancel := context.WithTimeout(r.Context(), wait+replyTime)
	defer cancel()
	reply, err := p.http.Do(r.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNetwork, err)
	}
	defer reply.Body.Close()
	body, err := readBounded(reply.Body)
	if err != nil {
		return err
	}
	if reply.StatusCode < 200 || reply.StatusCode > 299 {
		return readProblem(reply.StatusCode, reply.Header, body)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return errShort(err)
	}
	return nil
}

func readBounded(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxReply+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNetwork, err)
	}
	if len(body) > maxReply {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrReply, maxReply)
	}
	return body, nil
}

// checkTransport refuses a connection that others on the way could read.
func checkTransport(u *url.URL) error {
	switch {
	case u.Scheme == "https" && u.Hostname() != "":
		return nil
	case u.Scheme == "http" && isThisMachine(u.Hostname()):
		return nil
	}
	return ErrInsecure
}

func isThisMachine(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// temporary says whether it is worth trying again: the network failed, or the
// server said "not now". A context that ended is final.
func temporary(err error) bool {
	if p := (*Problem)(nil); errors.As(err, &p) {
		return p.temporary()
	}
	return errors.Is(err, ErrNetwork) && !errors.Is(err, context.Canceled)
}

// pause waits d or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
