package noscript

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// problem is the API's answer where it does not do what was asked (RFC 9457).
type problem struct {
	// Kind is the protocol's, e.g. "code-wrong".
	Kind string
	// CodeTries are left after a code that was not taken.
	CodeTries int
	// After is when to try again; zero where the API does not say.
	After time.Duration
}

func (p *problem) Error() string { return "the API answers " + p.Kind }

// kindOf is the kind of a problem; "offline" for whatever else went wrong.
func kindOf(err error) string {
	if p := (*problem)(nil); errors.As(err, &p) {
		return p.Kind
	}
	return "offline"
}

// ask sends a request to the API in the name of the browser that r comes from:
// in as JSON, if there is any, and reads JSON into out, or an image into *[]byte.
func (s *Server) ask(r *http.Request, token, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	inner, err := http.NewRequestWithContext(r.Context(), method, path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if in != nil {
		inner.Header.Set("Content-Type", "application/json")
	}
	inner.Header.Set("Accept", "application/json")
	inner.Header.Set("Authorization", "Bearer "+token)
	inner.Header["User-Agent"] = r.Header["User-Agent"]
	// These two tell whose guesses are counted.
	inner.RemoteAddr, inner.Header["X-Forwarded-For"] = r.RemoteAddr, r.Header["X-Forwarded-For"]
	a := answer{header: http.Header{}, status: http.StatusOK}
	s.config.API.ServeHTTP(&a, inner)
	return a.read(out)
}

// answer keeps what the API replies.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

func (a *answer) read(out any) error {
	if a.status >= http.StatusMultipleChoices {
		return a.problem()
	}
	switch out := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*out = a.body.Bytes()
		return nil
	}
	return json.Unmarshal(a.body.Bytes(), out)
}

func (a *answer) problem() error {
	var body struct {
		Type      string `json:"type"`
		CodeTries int    `json:"code_attempts_left"`
	}
	if err := json.Unmarshal(a.body.Bytes(), &body); err != nil {
		return fmt.Errorf("the API answers %d: %w", a.status, err)
	}
	p := &problem{Kind: strings.TrimPrefix(body.Type, "urn:countersign:problem:"), CodeTries: body.CodeTries}
	if seconds, err := strconv.Atoi(a.header.Get("Retry-After")); err == nil && seconds > 0 {
		p.After = time.Duration(seconds) * time.Second
	}
	return p
}
