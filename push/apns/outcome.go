package apns

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/sideshow/apns2"

	"countersign/push"
)

// outcomes maps what Apple documents ("Handling notification responses from
// APNs") to what push knows.
var outcomes = []struct {
	status int
	reason string
	means  error
}{
	// The phone will not be reached by this token again. BadDeviceToken is also
	// said of a token of the other environment: it was stored wrongly.
	{http.StatusBadRequest, apns2.ReasonBadDeviceToken, push.ErrGone},
	{http.StatusGone, apns2.ReasonExpiredToken, push.ErrGone},
	{http.StatusGone, apns2.ReasonUnregistered, push.ErrGone},

	// The credential or the topic that goes with it. When the topic is wrong,
	// every token says DeviceTokenNotForTopic: none may be forgotten for it.
	{http.StatusBadRequest, apns2.ReasonDeviceTokenNotForTopic, push.ErrCredential},
	{http.StatusBadRequest, apns2.ReasonBadTopic, push.ErrCredential},
	{http.StatusBadRequest, apns2.ReasonMissingTopic, push.ErrCredential},
	{http.StatusBadRequest, apns2.ReasonTopicDisallowed, push.ErrCredential},
	{http.StatusForbidden, apns2.ReasonBadCertificate, push.ErrCredential},
	{http.StatusForbidden, apns2.ReasonBadCertificateEnvironment, push.ErrCredential},
	{http.StatusForbidden, apns2.ReasonExpiredProviderToken, push.ErrCredential},
	{http.StatusForbidden, apns2.ReasonForbidden, push.ErrCredential},
	{http.StatusForbidden, apns2.ReasonInvalidProviderToken, push.ErrCredential},
	{http.StatusForbidden, apns2.ReasonMissingProviderToken, push.ErrCredential},
	{http.StatusForbidden, "UnrelatedKeyIdInToken", push.ErrCredential},
	{http.StatusForbidden, "BadEnvironmentKeyIdInToken", push.ErrCredential},

	// What we sent.
	{http.StatusBadRequest, apns2.ReasonBadCollapseID, push.ErrRefused},
	{http.StatusBadRequest, apns2.ReasonBadExpirationDate, push.ErrRefused},
	{http.StatusBadRequest, apns2.ReasonBadMessageID, push.ErrRefused},
	{http.StatusBadRequest, apns2.ReasonBadPriority, push.ErrRefused},
	{http.StatusBadRequest, apns2.ReasonDuplicateHeaders, push.ErrRefused},
	{http.StatusBadRequest, apns2.ReasonInvalidPushType, push.ErrRefused},
	{http.StatusBadRequest, apns2.ReasonMissingDeviceToken, push.ErrRefused},
	{http.StatusBadRequest, apns2.ReasonPayloadEmpty, push.ErrRefused},
	{http.StatusNotFound, apns2.ReasonBadPath, push.ErrRefused},
	{http.StatusMethodNotAllowed, apns2.ReasonMethodNotAllowed, push.ErrRefused},
	{http.StatusRequestEntityTooLarge, apns2.ReasonPayloadTooLarge, push.ErrRefused},

	// Not now.
	{http.StatusBadRequest, apns2.ReasonIdleTimeout, push.ErrUnavailable},
	{http.StatusTooManyRequests, apns2.ReasonTooManyProviderTokenUpdates, push.ErrTooMany},
	{http.StatusTooManyRequests, apns2.ReasonTooManyRequests, push.ErrTooMany},
	{http.StatusInternalServerError, apns2.ReasonInternalServerError, push.ErrUnavailable},
	{http.StatusServiceUnavailable, apns2.ReasonServiceUnavailable, push.ErrUnavailable},
	{http.StatusServiceUnavailable, apns2.ReasonShutdown, push.ErrUnavailable},
}

func send(ctx context.Context, c *apns2.Client, n *apns2.Notification) error {
	var header string
	resp, err := c.PushWithContext(context.WithValue(ctx, retryAfterKey{}, &header), n)
	if err != nil {
		return outcomeOfFailure(ctx, err)
	}
	return outcome(resp.StatusCode, resp.Reason, header, time.Now())
}

func outcome(status int, reason, retryAfter string, now time.Time) error {
	if status == apns2.StatusSent {
		return nil
	}
	refusal := &push.Refusal{Means: byStatus(status), Status: status, Said: fmt.Sprintf("apns answered %d %.60q", status, reason)}
	for _, o := range outcomes {
		if o.status == status && o.reason == reason {
			refusal.Means, refusal.Reason = o.means, o.reason
		}
	}
	if errors.Is(refusal, push.ErrUnavailable) {
		return push.Later(refusal, retryAfter, now)
	}
	return refusal
}

// byStatus is for reasons that are not documented. 410 has only one meaning.
func byStatus(status int) error {
	switch {
	case status == http.StatusGone:
		return push.ErrGone
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return push.ErrCredential
	case status == http.StatusTooManyRequests:
		return push.ErrTooMany
	case status == http.StatusRequestTimeout:
		return push.ErrUnavailable
	case status >= 400 && status <= 499:
		return push.ErrRefused
	}
	return push.ErrUnavailable
}

// outcomeOfFailure is for a push that got no answer, or one that is not Apple's.
// The text of net/http's error is dropped: it holds the URL, and so the token.
func outcomeOfFailure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: apns: %w", push.ErrUnavailable, context.Cause(ctx))
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("%w: apns: %w", push.ErrUnavailable, err)
}

type retryAfterKey struct{}

// maxAnswer bounds what is read of an answer; Apple's have less than 100 bytes.
const maxAnswer = 16 << 10

// noting is a transport that notes Retry-After, which apns2 does not hand on.
type noting struct{ base *http.Transport }

func (n noting) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := n.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if at, ok := req.Context().Value(retryAfterKey{}).(*string); ok {
		*at = resp.Header.Get("Retry-After")
	}
	resp.Body = bounded{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}

// CloseIdleConnections is what apns2 expects of a transport.
func (n noting) CloseIdleConnections() { n.base.CloseIdleConnections() }

// bounded closes what it reads a part of.
type bounded struct {
	io.Reader
	io.Closer
}
