package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
	"countersign/push"

	"github.com/danielgtaylor/huma/v2"
)

const (
	problemPrefix = "urn:countersign:problem:"
	problemType   = "application/problem+json"
)

// problem is an error on the wire (RFC 9457).
type problem struct {
	Type               string     `json:"type" doc:"urn:countersign:problem:<kind>; programs decide by it alone" example:"urn:countersign:problem:unauthorized"`
	Title              string     `json:"title"`
	Status             int        `json:"status"`
	Detail             string     `json:"detail" doc:"what to do, for people"`
	Instance           string     `json:"instance,omitempty" doc:"internal: names the request in the server's log"`
	Errors             []fault    `json:"errors,omitempty" nullable:"false" doc:"invalid-request: what is wrong, and where"`
	ServerTime         *time.Time `json:"server_time,omitempty" doc:"proof-clock: the server's clock"`
	State              string     `json:"state,omitempty" doc:"approval-settled, pairing-settled: what stands"`
	Reason             string     `json:"reason,omitempty" doc:"approval-settled"`
	Method             string     `json:"method,omitempty" doc:"approval-settled"`
	NumberAttemptsLeft *int       `json:"number_attempts_left,omitempty" doc:"number-wrong"`
	CodeAttemptsLeft   *int       `json:"code_attempts_left,omitempty" doc:"code-wrong, code-used, code-kind-refused"`

	retryAfter int // seconds; zero for none
}

// fault is one thing that is wrong with a request. It never repeats a value.
type fault struct {
	Location string `json:"location" example:"body.user"`
	Message  string `json:"message"`
}

// Error is the kind alone: a problem is for the wire.
func (p *problem) Error() string { return strings.TrimPrefix(p.Type, problemPrefix) }

// GetStatus implements huma.StatusError.
func (p *problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *problem) ContentType(string) string { return problemType }

// GetHeaders implements huma.HeadersError.
func (p *problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", p.challenge())
	}
	return h
}

// challenge names the scheme that RFC 9110 section 15.5.2 asks of every 401.
func (p *problem) challenge() string {
	if p.Error() == "unauthorized" {
		return "Bearer"
	}
	return "Phone-Proof"
}

// standing is a refusal together with the approval as it stands.
type standing struct {
	error
	approval approvals.Approval
}

func (s standing) Unwrap() error { return s.error }

// withApproval keeps what stands beside an error of approvals.
func withApproval(a approvals.Approval, err error) error {
	if err == nil || a.ID == "" {
		return err
	}
	return standing{err, a}
}

// pairingStanding is a refusal together with the state of the pairing.
type pairingStanding struct {
	error
	state enrolments.PairingState
}

func (s pairingStanding) Unwrap() error { return s.error }

// retryError is a refusal that ends after a time.
type retryError struct {
	error
	after time.Duration
}

func (r retryError) Unwrap() error { return r.error }

// problemOf makes the problem of an error. What the table does not know is
// logged under a fresh request id and says no more than that id.
func (a *API) problemOf(ctx context.Context, err error) *problem {
	if p := (*problem)(nil); errors.As(err, &p) {
		return p
	}
	var blocked *enrolments.BlockedError
	if errors.As(err, &blocked) {
		err = retryError{errBlocked, a.blockLeft(blocked)}
	}
	var many *enrolments.TooManyEmailsError
	if errors.As(err, &many) {
		err = retryError{errManyEmails, max(many.Until.Sub(a.config.Now()), time.Second)}
	}
	m, ok := meaningOf(err)
	if !ok {
		return a.internal(ctx, err)
	}
	p := newProblem(m)
	if p.Detail == "" {
		p.Detail = words(err)
	}
	a.addMembers(p, err)
	return p
}

func newProblem(m meaning) *problem {
	return &problem{Type: problemPrefix + m.kind, Title: m.title, Status: m.status, Detail: m.detail, retryAfter: m.retry}
}

// words are what an error for people says, without the sentinel in front.
func words(err error) string {
	text := err.Error()
	for _, prefix := range []error{enrolments.ErrInvalid, push.ErrBadTarget} {
		text = strings.TrimPrefix(text, prefix.Error()+": ")
	}
	return text
}

// addMembers sets the members that go with some kinds.
func (a *API) addMembers(p *problem, err error) {
	var stands standing
	if errors.As(err, &stands) {
		addApproval(p, stands.approval)
	}
	var pairing pairingStanding
	if errors.As(err, &pairing) && errors.Is(err, enrolments.ErrPairingSettled) {
		p.State = string(pairing.state)
	}
	var retry retryError
	if errors.As(err, &retry) {
		// Up, so that whoever waits as told is not a moment early.
		p.retryAfter = int((retry.after + time.Second - 1) / time.Second)
	}
	if errors.Is(err, enrolments.ErrClock) {
		now := wireTime(a.config.Now())
		p.ServerTime = &now
	}
}

func addApproval(p *problem, a approvals.Approval) {
	switch p.Error() {
	case "approval-settled":
		p.State, p.Reason, p.Method = string(a.State), string(a.Reason), string(a.Method)
	case "number-wrong":
		p.NumberAttemptsLeft = &a.NumberTries
	case "code-wrong", "code-used", "code-kind-refused":
		p.CodeAttemptsLeft = &a.CodeTries
	}
}

// lockedFor is the Retry-After of a block that only an administrator ends.
const lockedFor = time.Hour

func (a *API) blockLeft(b *enrolments.BlockedError) time.Duration {
	if b.Until.IsZero() {
		return lockedFor
	}
	return max(b.Until.Sub(a.config.Now()), time.Second)
}

func (a *API) internal(ctx context.Context, err error) *problem {
	raw := make([]byte, 8)
	rand.Read(raw) // never fails: crypto/rand ends the program instead
	id := hex.EncodeToString(raw)
	if ctx.Err() != nil {
		// Whoever asked has gone; the store was interrupted, not broken.
		a.config.Log.Debug("a request was abandoned", "request", id, "error", err)
	} else {
		a.config.Log.Error("a request failed", "request", id, "error", err)
	}
	m, _ := meaningOf(errInternal)
	p := newProblem(m)
	p.Instance = "urn:countersign:request:" + id
	return p
}

// writeProblem answers with the problem of err, outside of huma.
func (a *API) writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := a.problemOf(r.Context(), err)
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	if err := json.NewEncoder(w).Encode(p); err != nil {
		a.config.Log.Debug("a problem could not be sent", "error", err)
	}
}

// ownProblems turns what huma refuses by itself into our problems. Of its
// errors only the place and the rule are kept: values may be secrets.
func (a *API) ownProblems(ctx huma.Context, _ string, v any) (any, error) {
	theirs, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	if theirs.Status >= http.StatusInternalServerError {
		return a.internal(ctx.Context(), errors.New(theirs.Detail)), nil
	}
	m, _ := meaningOf(enrolments.ErrInvalid)
	if theirs.Status == http.StatusBadRequest {
		m, _ = meaningOf(errBody)
	}
	p := newProblem(m)
	p.Status = theirs.Status
	if p.Detail == "" {
		p.Detail = "Correct what errors lists; /docs has the bounds of every member."
	}
	for _, e := range theirs.Errors {
		p.Errors = append(p.Errors, fault{e.Location, e.Message})
	}
	return p, nil
}

// kindsOf lists the statuses of kinds, each with its kinds in order.
func kindsOf(kinds []string) map[int][]string {
	out := map[int][]string{}
	for _, m := range meanings {
		if slices.Contains(kinds, m.kind) && !slices.Contains(out[m.status], m.kind) {
			out[m.status] = append(out[m.status], m.kind)
		}
	}
	return out
}
