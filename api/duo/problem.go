package duo

import (
	"context"
	"errors"
	"fmt"

	"countersign/approvals"
	"countersign/enrolments"
)

var (
	errMissing   = errors.New("a parameter is missing")
	errParameter = errors.New("a parameter is not valid")
	errNoKey     = errors.New("no credentials")
	errKey       = errors.New("the integration key is not known")
	errSignature = errors.New("the signature does not verify")
	errNoDate    = errors.New("the request has no date")
	errDate      = errors.New("the request's date is too far from the server's clock")
	errForbidden = errors.New("the integration is disabled")
	errNotFound  = errors.New("there is no such resource")
	// errStopping ends what waits when the server does.
	errStopping = errors.New("the server is stopping")
)

// problems is the wire's meaning of each error. The HTTP status is the code's
// first three digits. What is not here is 50000, its text only in the log.
var problems = []struct {
	err     error
	code    int
	message string
}{
	{errMissing, 40001, "Missing required request parameters"},
	{errParameter, 40002, "Invalid request parameters"},
	{enrolments.ErrInvalid, 40002, "Invalid request parameters"},
	{approvals.ErrNotFound, 40002, "Invalid request parameters"},
	{approvals.ErrIdempotency, 40002, "Invalid request parameters"},
	{errNoKey, 40101, "Missing request credentials"},
	{errKey, 40102, "Invalid integration key in request credentials"},
	{errSignature, 40103, "Invalid signature in request credentials"},
	{errNoDate, 40104, "Missing timestamp in request"},
	{errDate, 40105, "Bad request timestamp"},
	{errForbidden, 40301, "Access forbidden"},
	{errNotFound, 40401, "Resource not found"},
	{approvals.ErrBusy, 42901, "Too Many Requests"},
}

const internalError = 50000

// problem is a failure on the wire.
type problem struct {
	Stat    string `json:"stat"`
	Code    int    `json:"code"`
	Message string `json:"message"`
	Detail  string `json:"message_detail,omitempty"`
}

// detailed is an error of the table with words for the client.
type detailed struct {
	error
	words string
}

func (d detailed) Unwrap() error { return d.error }

func detail(err error, format string, args ...any) error {
	return detailed{err, fmt.Sprintf(format, args...)}
}

// problemOf is what a client is told of an error; known is false for one that
// is not in the table.
func problemOf(err error) (p problem, known bool) {
	for _, row := range problems {
		if !errors.Is(err, row.err) {
			continue
		}
		p := problem{"FAIL", row.code, row.message, ""}
		if d := (detailed{}); errors.As(err, &d) {
			p.Detail = d.words
		}
		return p, true
	}
	return problem{"FAIL", internalError, "Internal server error", ""}, false
}

// gone reports whether an error is the caller's leaving.
func gone(ctx context.Context, err error) bool {
	return errors.Is(err, errStopping) || ctx.Err() != nil
}
