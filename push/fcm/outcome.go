package fcm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"countersign/push"
)

// outcomes maps what FCM documents
// (firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode, and the canonical
// codes of Google's APIs) to what push knows.
var outcomes = []struct {
	status int
	code   string
	means  error
}{
	{http.StatusBadRequest, "INVALID_ARGUMENT", push.ErrRefused},
	{http.StatusBadRequest, badRegistration, push.ErrGone},
	{http.StatusNotFound, "UNREGISTERED", push.ErrGone},
	// The token was made for another project. When the key file is of the wrong
	// project, every token says so: none may be forgotten for it.
	{http.StatusForbidden, "SENDER_ID_MISMATCH", push.ErrCredential},
	{http.StatusUnauthorized, "THIRD_PARTY_AUTH_ERROR", push.ErrCredential},
	{http.StatusUnauthorized, "UNAUTHENTICATED", push.ErrCredential},
	{http.StatusForbidden, "PERMISSION_DENIED", push.ErrCredential},
	// No such project: an unknown token would say UNREGISTERED.
	{http.StatusNotFound, "NOT_FOUND", push.ErrCredential},
	{http.StatusTooManyRequests, "QUOTA_EXCEEDED", push.ErrTooMany},
	{http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", push.ErrTooMany},
	{http.StatusInternalServerError, "INTERNAL", push.ErrUnavailable},
	{http.StatusServiceUnavailable, "UNAVAILABLE", push.ErrUnavailable},
}

// badRegistration stands for an INVALID_ARGUMENT that blames the token alone.
const badRegistration = "INVALID_ARGUMENT message.token"

// quotaPause is FCM's shortest wait after a 429 that names none.
const quotaPause = "60"

// answer is what FCM said.
type answer struct {
	status int
	code   string // FcmError's errorCode, else the canonical status; may be empty
}

func parseAnswer(status int, text []byte) answer {
	var body struct {
		Error struct {
			Status  string `json:"status"`
			Message string `json:"message"`
			Details []struct {
				ErrorCode       string `json:"errorCode"`
				FieldViolations []struct {
					Field string `json:"field"`
				} `json:"fieldViolations"`
			} `json:"details"`
		} `json:"error"`
	}
	if json.Unmarshal(text, &body) != nil {
		return answer{status: status} // a proxy's page
	}
	a := answer{status: status, code: body.Error.Status}
	blamesToken := body.Error.Message == "The registration token is not a valid FCM registration token"
	for _, d := range body.Error.Details {
		if d.ErrorCode != "" {
			a.code = d.ErrorCode
		}
		for _, v := range d.FieldViolations {
			blamesToken = blamesToken || v.Field == "message.token"
		}
	}
	if a.code == "INVALID_ARGUMENT" && blamesToken {
		a.code = badRegistration
	}
	return a
}

// outcome is nil for success.
func (a answer) outcome(retryAfter string, now time.Time) error {
	if a.status >= 200 && a.status <= 299 {
		return nil
	}
	refusal := &push.Refusal{Means: a.byStatus(), Status: a.status, Said: fmt.Sprintf("fcm answered %d %.60q", a.status, a.code)}
	for _, o := range outcomes {
		if o.status == a.status && o.code == a.code {
			refusal.Means, refusal.Reason = o.means, o.code
		}
	}
	if !errors.Is(refusal, push.ErrUnavailable) {
		return refusal
	}
	if a.status == http.StatusTooManyRequests && retryAfter == "" {
		retryAfter = quotaPause
	}
	return push.Later(refusal, retryAfter, now)
}

// byStatus is for answers that are not documented. None of them makes us forget
// a phone.
func (a answer) byStatus() error {
	switch {
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden, a.status == http.StatusNotFound:
		return push.ErrCredential
	case a.status == http.StatusTooManyRequests:
		return push.ErrTooMany
	case a.status == http.StatusRequestTimeout:
		return push.ErrUnavailable
	case a.status >= 400 && a.status <= 499:
		return push.ErrRefused
	}
	return push.ErrUnavailable
}

// outcomeOfFailure is for a Send that got no answer.
func outcomeOfFailure(ctx context.Context, err error) error {
	for _, known := range []error{push.ErrUnavailable, push.ErrCredential, push.ErrRefused, push.ErrGone} {
		if errors.Is(err, known) {
			return err
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w: fcm: %w", push.ErrUnavailable, context.Cause(ctx))
	}
	return fmt.Errorf("%w: fcm: %w", push.ErrUnavailable, withoutURL(err))
}
