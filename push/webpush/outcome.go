package webpush

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"countersign/push"
)

// outcomes maps what RFC 8030, RFC 8292 and the browsers' makers document to
// what push knows. A row with a reason comes before the row of its status.
var outcomes = []struct {
	status int
	reason string // Apple's word; "" is any
	means  error
}{
	// Apple: the subscription was made with another key. When ours was replaced
	// by mistake, every phone says so: none may be forgotten for it.
	{http.StatusBadRequest, "VapidPkHashMismatch", push.ErrCredential},
	{http.StatusBadRequest, "", push.ErrRefused},
	{http.StatusUnauthorized, "", push.ErrCredential},
	{http.StatusForbidden, "", push.ErrCredential},
	{http.StatusNotFound, "", push.ErrGone},
	{http.StatusMethodNotAllowed, "", push.ErrRefused},
	{http.StatusNotAcceptable, "", push.ErrTooMany}, // Windows: slow down
	{http.StatusRequestTimeout, "", push.ErrUnavailable},
	{http.StatusGone, "", push.ErrGone},
	{http.StatusRequestEntityTooLarge, "", push.ErrRefused},
	{http.StatusTooManyRequests, "", push.ErrTooMany},
	{http.StatusInternalServerError, "", push.ErrUnavailable},
	{http.StatusBadGateway, "", push.ErrUnavailable},
	{http.StatusServiceUnavailable, "", push.ErrUnavailable},
	{http.StatusGatewayTimeout, "", push.ErrUnavailable},
}

// maxAnswer bounds what is read of an answer, of which only a reason is used.
const maxAnswer = 16 << 10

// readOutcome closes the answer.
func readOutcome(resp *http.Response) error {
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	var body struct {
		Reason string `json:"reason"`
	}
	if json.Unmarshal(text, &body) != nil {
		body.Reason = ""
	}
	return outcome(resp.StatusCode, body.Reason, resp.Header.Get("Retry-After"), time.Now())
}

func outcome(status int, reason, retryAfter string, now time.Time) error {
	if status >= 200 && status <= 299 {
		return nil
	}
	refusal := &push.Refusal{Status: status, Said: fmt.Sprintf("push service answered %d %.60q", status, word(reason))}
	refusal.Reason, refusal.Means = meaning(status, reason)
	if errors.Is(refusal, push.ErrUnavailable) {
		return push.Later(refusal, retryAfter, now)
	}
	return refusal
}

// meaning is what an answer means, with its reason where outcomes knows it.
func meaning(status int, reason string) (known string, means error) {
	for _, o := range outcomes {
		if o.status == status && (o.reason == "" || o.reason == reason) {
			return o.reason, o.means
		}
	}
	switch {
	case status >= 300 && status <= 399: // it may lead anywhere
		return "", push.ErrBadTarget
	case status >= 400 && status <= 499:
		return "", push.ErrRefused
	}
	return "", push.ErrUnavailable
}

// word keeps a service from having its sentences, which may hold the endpoint,
// written to our log.
func word(reason string) string {
	for _, r := range reason {
		if (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return ""
		}
	}
	return reason
}

// outcomeOfFailure is for a send that got no answer. The text of net/http's
// error is dropped: it holds the endpoint.
func outcomeOfFailure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: webpush: %w", push.ErrUnavailable, context.Cause(ctx))
	}
	var u *url.Error
	switch {
	case errors.Is(err, push.ErrBadTarget):
		return fmt.Errorf("%w: endpoint leads to an address that is not public", push.ErrBadTarget)
	case errors.As(err, &u):
		return fmt.Errorf("%w: webpush: %w", push.ErrUnavailable, u.Err)
	}
	// Before the request: the subscription's keys, which Validate would refuse.
	return fmt.Errorf("%w: webpush: subscription cannot be encrypted to", push.ErrBadTarget)
}
