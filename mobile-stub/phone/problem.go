package phone

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Kinds of problem that a phone acts on; docs/protocol.md has them all.
const (
	PhoneUnknown    = "phone-unknown"
	ProofClock      = "proof-clock"
	TicketInvalid   = "ticket-invalid"
	ApprovalSettled = "approval-settled"
	NumberWrong     = "number-wrong"
)

// kindPrefix stands before the kind in a problem's type.
const kindPrefix = "urn:countersign:problem:"

// maxText bounds what is kept of a text of the server's, in bytes.
const maxText = 1024

// maxRetryAfter bounds how long a server can make a phone wait.
const maxRetryAfter = time.Hour

// Problem is a refusal by the server (RFC 9457). Programs decide by Kind.
type Problem struct {
	// Kind is empty when the reply was not one of the server's own: a proxy
	// answered, or the address is wrong.
	Kind   string
	Status int
	Title  string
	Detail string // what to do, in the server's words, control characters gone

	ServerTime         time.Time     // proof-clock: the server's clock
	State              string        // approval-settled, pairing-settled: what stands
	Reason             string        // approval-settled
	Method             string        // approval-settled
	NumberAttemptsLeft int           // number-wrong
	RetryAfter         time.Duration // 0 if the server named none; at most an hour
}

// problemBody is a problem on the wire.
type problemBody struct {
	Type               string    `json:"type"`
	Title              string    `json:"title"`
	Detail             string    `json:"detail"`
	ServerTime         time.Time `json:"server_time"`
	State              string    `json:"state"`
	Reason             string    `json:"reason"`
	Method             string    `json:"method"`
	NumberAttemptsLeft int       `json:"number_attempts_left"`
}

func (p *Problem) Error() string {
	kind := p.Kind
	if kind == "" {
		kind = "status " + strconv.Itoa(p.Status)
	}
	if p.Detail == "" {
		return kind + ": " + p.Title
	}
	return kind + ": " + p.Detail
}

// temporary says whether the same request may succeed later.
func (p *Problem) temporary() bool {
	return p.Status == http.StatusTooManyRequests || p.Status >= 500
}

// KindOf is the kind of the problem that err wraps, or "" if there is none.
func KindOf(err error) string {
	if p := (*Problem)(nil); errors.As(err, &p) {
		return p.Kind
	}
	return ""
}

// readProblem makes a Problem of any reply that is not a success.
func readProblem(status int, header http.Header, body []byte) *Problem {
	p := &Problem{Status: status, Title: http.StatusText(status), RetryAfter: retryAfter(header)}
	if p.Title == "" {
		p.Title = "no such status"
	}
	media, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	var b problemBody
	if media != "application/problem+json" || json.Unmarshal(body, &b) != nil {
		p.Detail = "this is not a reply of Countersign's; check the server's address"
		return p
	}
	p.Kind, _ = strings.CutPrefix(b.Type, kindPrefix)
	if p.Kind == b.Type { // about:blank, or somebody else's problem
		p.Kind = ""
	}
	p.Kind, p.Title, p.Detail = Plain(p.Kind), Plain(b.Title), Plain(b.Detail)
	p.State, p.Reason, p.Method = Plain(b.State), Plain(b.Reason), Plain(b.Method)
	p.ServerTime, p.NumberAttemptsLeft = b.ServerTime, b.NumberAttemptsLeft
	return p
}

func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(min(seconds, int(maxRetryAfter/time.Second)))*time.Second, maxRetryAfter)
}

// Plain makes outside text safe for a terminal: at most 1024 bytes, and every
// character that is not printed as itself (control, bidi, unassigned) becomes
// U+FFFD, so that no text can move a cursor or turn its neighbours around.
func Plain(s string) string {
	if len(s) > maxText {
		s = s[:maxText] + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// errShort keeps an error of the JSON decoder from repeating what it read.
func errShort(err error) error {
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return fmt.Errorf("%w: not JSON at byte %d", ErrReply, syntax.Offset)
	}
	return fmt.Errorf("%w: a member is of the wrong kind", ErrReply)
}
