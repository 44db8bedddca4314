package phone

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// maxRequests bounds what one reply may list.
const maxRequests = 100

var (
	// ErrNumber: the number has not the digits that the request asks for.
	// Nothing was sent, no try was spent.
	ErrNumber = errors.New("phone: not the number that is asked for")
	// ErrNoRequest: no such request is pending. It may have expired, been
	// answered on another phone, or been replaced by a newer one.
	ErrNoRequest = errors.New("phone: no such request is pending")
)

// Request is a sign-in that waits for its person.
type Request struct {
	ID string `json:"id"`
	// Display is the exact text that is shown and signed; Show reads it.
	Display string `json:"display"`
	Nonce   string `json:"nonce"`
	// NumberDigits is how many digits the person copies from the waiting
	// screen; 0 if no number is asked for.
	NumberDigits int       `json:"number_digits"`
	ExpiresAt    time.Time `json:"expires_at"`
}

// Outcome is how an approval stands after an answer.
type Outcome struct {
	ID     string `json:"id"`
	State  string `json:"state"` // approved, denied
	Reason string `json:"reason"`
	Method string `json:"method"`
}

// Pending are the requests of an account, newest first. With wait (at most
// MaxWait, whole seconds) it returns once there is one, or none after that time.
func (p *Phone) Pending(ctx context.Context, accountID string, wait time.Duration) ([]Request, error) {
	var reply struct {
		Approvals []Request `json:"approvals"`
	}
	err := p.exchange(ctx, accountID, exchange{method: http.MethodGet, path: "/v1/phone/approvals", wait: wait, out: &reply})
	if err != nil {
		return nil, err
	}
	if len(reply.Approvals) > maxRequests {
		return nil, fmt.Errorf("%w: more than %d requests", ErrReply, maxRequests)
	}
	for _, r := range reply.Approvals {
		if !validID(r.ID) {
			return nil, fmt.Errorf("%w: a request without an id", ErrReply)
		}
	}
	return reply.Approvals, nil
}

// Find is the pending request with this approval id, as a wake-up names it.
// The error is ErrNoRequest if there is none.
func (p *Phone) Find(ctx context.Context, accountID, approvalID string) (Request, error) {
	requests, err := p.Pending(ctx, accountID, 0)
	if err != nil {
		return Request{}, err
	}
	for _, r := range requests {
		if r.ID == approvalID {
			return r, nil
		}
	}
	return Request{}, fmt.Errorf("%w: %s", ErrNoRequest, Plain(approvalID))
}

// Seen tells the waiting screen that the person has opened the request.
func (p *Phone) Seen(ctx context.Context, accountID, approvalID string) error {
	path, err := approvalPath(approvalID, "seen")
	if err != nil {
		return err
	}
	return p.exchange(ctx, accountID, exchange{method: http.MethodPost, path: path})
}

// Approve answers yes with the number from the waiting screen. Errors:
// ErrNumber, or a *Problem: NumberWrong says how many tries are left,
// ApprovalSettled what stands instead.
func (p *Phone) Approve(ctx context.Context, accountID string, r Request, number string) (Outcome, error) {
	if len(number) != r.NumberDigits || strings.Trim(number, "0123456789") != "" {
		return Outcome{}, fmt.Errorf("%w: type the %d digits that the waiting screen shows", ErrNumber, r.NumberDigits)
	}
	return p.answer(ctx, accountID, r, Approve, number)
}

// Deny answers no.
func (p *Phone) Deny(ctx context.Context, accountID string, r Request) (Outcome, error) {
	return p.answer(ctx, accountID, r, Deny, "")
}

// Report answers no and tells the administrator that somebody else tried.
func (p *Phone) Report(ctx context.Context, accountID string, r Request) (Outcome, error) {
	return p.answer(ctx, accountID, r, Report, "")
}

func (p *Phone) answer(ctx context.Context, accountID string, r Request, d Decision, number string) (Outcome, error) {
	a, err := p.account(accountID)
	if err != nil {
		return Outcome{}, err
	}
	jws, err := SignAnswer(a.Key, a.DeviceID, NewAnswerClaims(a.Server, a.DeviceID, r, d, number, p.now()))
	if err != nil {
		return Outcome{}, err
	}
	return p.SendAnswer(ctx, accountID, r.ID, jws)
}

// answerTries is how often one answer is sent when the network fails.
const answerTries = 3

// SendAnswer sends a signed answer, true or not, for an approval. When a reply
// is lost, it sends the same answer again: the server takes equal bytes once
// and gives the same reply.
func (p *Phone) SendAnswer(ctx context.Context, accountID, approvalID, jws string) (Outcome, error) {
	path, err := approvalPath(approvalID, "answer")
	if err != nil {
		return Outcome{}, err
	}
	in := struct {
		Answer string `json:"answer"`
	}{jws}
	for try, delay := 1, firstDelay; ; try, delay = try+1, 2*delay {
		var out Outcome
		err := p.exchange(ctx, accountID, exchange{method: http.MethodPost, path: path, in: in, out: &out})
		if err == nil {
			return out, nil
		}
		if problem := (*Problem)(nil); errors.As(err, &problem) || !temporary(err) || try == answerTries {
			return Outcome{}, err
		}
		if err := pause(ctx, delay); err != nil {
			return Outcome{}, err
		}
	}
}

func approvalPath(approvalID, verb string) (string, error) {
	if !validID(approvalID) {
		return "", fmt.Errorf("%w: %s is no id of one", ErrNoRequest, Plain(approvalID))
	}
	return "/v1/phone/approvals/" + approvalID + "/" + verb, nil
}
