package fcm

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"firebase.google.com/go/v4/errorutils"

	"countersign/push"
)

// maxAnswer bounds what is read of an answer; FCM's have less than 1 KiB.
const maxAnswer = 64 << 10

// transport authorises what the SDK sends and lets it send once.
type transport struct {
	base   http.RoundTripper
	tokens *tokens
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.authorised(req)
	if err != nil {
		return nil, endTry(req.Context(), err)
	}
	// 503 is what the SDK would try again, and it takes a redirect for success.
	if c := resp.StatusCode; c == http.StatusServiceUnavailable || c >= 300 && c <= 399 {
		return nil, endTry(req.Context(), readOutcome(resp))
	}
	resp.Body = bounded{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}

func (t *transport) authorised(req *http.Request) (*http.Response, error) {
	token, err := t.tokens.token(req.Context())
	if err != nil {
		return nil, err
	}
	resp, err := t.ask(req, token)
	if err != nil || resp.StatusCode != http.StatusUnauthorized || !t.tokens.drop(req.Context(), token) {
		return resp, err
	}
	// The token was good for a while: a new one may be, too.
	resp.Body.Close()
	if token, err = t.tokens.token(req.Context()); err != nil {
		return nil, err
	}
	return t.ask(req, token)
}

func (t *transport) ask(req *http.Request, token string) (*http.Response, error) {
	again := req.WithContext(req.Context())
	again.Header = req.Header.Clone()
	again.Header.Set("Authorization", "Bearer "+token)
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		again.Body = body
	}
	return t.base.RoundTrip(again)
}

// bounded closes what it reads a part of.
type bounded struct {
	io.Reader
	io.Closer
}

// try is one Send. When its one request has failed, it cancels the SDK's
// context, and the SDK returns instead of waiting for a try of its own.
type try struct {
	cancel context.CancelFunc
	err    error
}

type tryKey struct{}

// once runs send, which makes one request, and says what came of it in push's
// errors.
func once(ctx context.Context, send func(context.Context) error) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	this := &try{cancel: cancel}
	err := send(context.WithValue(inner, tryKey{}, this))
	switch {
	case this.err != nil:
		return outcomeOfFailure(ctx, this.err)
	case err == nil:
		return nil
	}
	if resp := errorutils.HTTPResponse(err); resp != nil {
		return readOutcome(resp)
	}
	return outcomeOfFailure(ctx, err)
}

func endTry(ctx context.Context, err error) error {
	if this, ok := ctx.Value(tryKey{}).(*try); ok {
		this.err = err
		this.cancel()
	}
	return err
}

func isGone(err error) bool { return errors.Is(err, push.ErrGone) }

// readOutcome closes the answer.
func readOutcome(resp *http.Response) error {
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return parseAnswer(resp.StatusCode, text).outcome(resp.Header.Get("Retry-After"), time.Now())
}
