package fcm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/auth"

	"countersign/push"
)

// endpoint is a token endpoint in a few lines: it counts, and takes its time.
type endpoint struct {
	asked int
	takes time.Duration
	err   error
}

func (e *endpoint) Token(ctx context.Context) (*auth.Token, error) {
	e.asked++
	select {
	case <-time.After(e.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if e.err != nil {
		return nil, e.err
	}
	return &auth.Token{Value: fmt.Sprint("token ", e.asked), Expiry: time.Now().Add(time.Hour)}, nil
}

func newTestTokens(e *endpoint) *tokens {
	return &tokens{provider: e, turn: make(chan struct{}, 1)}
}

func TestABurstAsksForOneToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{takes: time.Second}
		ts := newTestTokens(e)
		var burst sync.WaitGroup
		for range 100 {
			burst.Go(func() {
				if got, err := ts.token(t.Context()); got != "token 1" || err != nil {
					t.Errorf("got %q, %v", got, err)
				}
			})
		}
		burst.Wait()
		if e.asked != 1 {
			t.Errorf("asked %d times, want once", e.asked)
		}
	})
}

func TestABurstAtABrokenEndpointAsksOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{err: errors.New("no route")}
		ts := newTestTokens(e)
		for range 100 {
			if _, err := ts.token(t.Context()); !errors.Is(err, push.ErrUnavailable) {
				t.Errorf("got %v, want ErrUnavailable", err)
			}
		}
		if e.asked != 1 {
			t.Errorf("asked %d times within a second, want once", e.asked)
		}
		time.Sleep(time.Second)
		e.err = nil
		if got, err := ts.token(t.Context()); got != "token 2" || err != nil {
			t.Errorf("after it recovered: got %q, %v", got, err)
		}
	})
}

func TestOneCallersHurryIsNotTheOthersFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{takes: time.Minute}
		ts := newTestTokens(e)
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := ts.token(hurried); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("hurried: got %v, want its deadline", err)
		}
		if got, err := ts.token(t.Context()); got != "token 2" || err != nil {
			t.Errorf("patient: got %q, %v", got, err)
		}
	})
}

func TestATokenIsReplacedBeforeItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{}
		ts := newTestTokens(e)
		for _, step := range []struct {
			after time.Duration
			want  string
		}{{0, "token 1"}, {54 * time.Minute, "token 1"}, {time.Minute, "token 2"}, {50 * time.Minute, "token 2"}} {
			time.Sleep(step.after)
			if got, err := ts.token(t.Context()); got != step.want || err != nil {
				t.Errorf("got %q, %v, want %q", got, err, step.want)
			}
		}
	})
}

// fcmThat refuses every token but one.
type fcmThat struct{ takes string }

func (f fcmThat) RoundTrip(req *http.Request) (*http.Response, error) {
	status := http.StatusUnauthorized
	if req.Header.Get("Authorization") == "Bearer "+f.takes {
		status = http.StatusOK
	}
	body, err := io.ReadAll(req.Body)
	if err == nil && string(body) != "message" {
		status = http.StatusBadRequest
	}
	return &http.Response{StatusCode: status, Body: http.NoBody, Header: http.Header{}}, err
}

func TestATokenThatWasRevokedIsReplacedWithinTheSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := &transport{base: fcmThat{takes: "token 2"}, tokens: newTestTokens(&endpoint{})}
		send := func() int {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://fcm.test/", bytes.NewReader([]byte("message")))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := tr.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			return resp.StatusCode
		}
		if got := send(); got != http.StatusUnauthorized {
			t.Errorf("young token refused: got %d, want 401 handed on", got)
		}
		time.Sleep(2 * time.Minute)
		if got := send(); got != http.StatusOK {
			t.Errorf("old token refused: got %d, want success with a new one", got)
		}
	})
}
