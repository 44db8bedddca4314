package duo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"countersign/enrolments"
)

// maxBody is above pushinfo's 20,000 bytes, which URL encoding may triple.
const maxBody = 64 << 10

// maxParameters bounds the parameters of one call.
const maxParameters = 64

// call is a request whose signature was verified.
type call struct {
	integration enrolments.Integration
	app         enrolments.Application
	params      url.Values
	// dated says that the signature covers a date, so that no two sign-ins
	// have the same.
	dated bool
	// name tells this request from any other but its repetition.
	name string
}

func (c *call) value(name string) string { return c.params.Get(name) }

// need returns a parameter that must be there.
func (c *call) need(name string) (string, error) {
	if value := c.value(name); value != "" {
		return value, nil
	}
	return "", detail(errMissing, "%s", name)
}

// on reports whether a flag is set.
func (c *call) on(name string) bool { return c.value(name) == "1" || c.value(name) == "true" }

// signed serves one call. deny is the answer that lets nobody in: it stands in
// for every error that is not the client's, and for a disabled integration.
func (s *Server) signed(f format, deny func(refusal) any, handle func(context.Context, *call) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := s.know(w, r)
		var response any
		switch {
		case err == nil && c.integration.Policy.Disabled && deny != nil:
			response = deny(refusedDisabled)
		case err == nil && c.integration.Policy.Disabled:
			err = errForbidden
		case err == nil:
			// A sign-in may block longer than a request may take to be read.
			_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
			response, err = handle(r.Context(), c)
		}
		if err != nil && gone(r.Context(), err) {
			panic(http.ErrAbortHandler) // no answer is the answer that is asked for again
		}
		if _, known := problemOf(err); err != nil && !known && deny != nil {
			s.config.Log.Error("a sign-in could not be checked and is refused", "error", err)
			response, err = deny(refusedUnavailable), nil
		}
		s.reply(w, f, response, err)
	})
}

// open serves a call that nobody signs.
func (s *Server) open(handle func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		response, err := handle(r)
		s.reply(w, asJSON, response, err)
	})
}

// know reads a request and finds out whose it is.
func (s *Server) know(w http.ResponseWriter, r *http.Request) (*call, error) {
	m, params, err := s.read(w, r)
	if err != nil {
		return nil, err
	}
	user, signature, ok := r.BasicAuth()
	if !ok {
		return nil, errNoKey
	}
	key, err := enrolments.ParseIntegrationKey(user)
	if err != nil {
		return nil, errKey
	}
	integration, app, err := s.config.Enrolments.Integration(r.Context(), key)
	if errors.Is(err, enrolments.ErrUnauthorized) {
		return nil, errKey
	}
	if err != nil {
		return nil, err
	}
	version, ok := m.signedBy(integration.Secret, signature)
	if !ok {
		return nil, errSignature
	}
	if err := s.checkDate(m.date, version, integration.Policy); err != nil {
		return nil, err
	}
	c := &call{integration: integration, app: app, params: params, dated: version != undated}
	c.name = named(string(key), signature, m.date, m.path)
	return c, nil
}

// checkDate refuses what was signed too long ago or without a date.
func (s *Server) checkDate(date string, version int, p enrolments.IntegrationPolicy) error {
	if version == undated {
		if p.OldSignatures == "" {
			return detail(errSignature, "the signature covers no date, which this integration does not take; an administrator can let it")
		}
		return nil
	}
	at, err := parseDate(date)
	if err != nil {
		return errNoDate
	}
	if off := s.now().Sub(at); off > dateWindow || off < -dateWindow {
		return errDate
	}
	return nil
}

// read reads a request within its bounds.
func (s *Server) read(w http.ResponseWriter, r *http.Request) (m message, params url.Values, err error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return m, nil, detail(errParameter, "the body cannot be read, or is longer than %d bytes", maxBody)
	}
	m = message{
		method: r.Method, path: r.URL.EscapedPath(), hosts: hostCandidates(r.Host, s.hosts),
		date: dateOf(r.Header), body: body, header: r.Header,
	}
	if m.query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		return m, nil, detail(errParameter, "the query cannot be read")
	}
	fields, form, err := fieldsOf(r.Header.Get("Content-Type"), body)
	if err != nil {
		return m, nil, err
	}
	if form {
		m.form = fields
	}
	params = fields
	if r.Method == http.MethodGet {
		params = m.query
	}
	if len(params) > maxParameters {
		return m, nil, detail(errParameter, "more than %d parameters", maxParameters)
	}
	return m, params, nil
}

// fieldsOf reads the parameters of a body; form is false for those of JSON,
// which are signed as bytes.
func fieldsOf(contentType string, body []byte) (fields url.Values, form bool, err error) {
	if len(body) == 0 {
		return url.Values{}, true, nil
	}
	kind, _, err := mime.ParseMediaType(contentType)
	if err == nil && kind == "application/json" {
		fields, err = fieldsOfJSON(body)
		return fields, false, err
	}
	// Whatever else it says it is, it is read as a form, and must have been
	// signed as one.
	if fields, err = url.ParseQuery(string(body)); err != nil {
		return nil, false, detail(errParameter, "the body is no form")
	}
	return fields, true, nil
}

// fieldsOfJSON reads one flat object of strings, numbers and booleans.
func fieldsOfJSON(body []byte) (url.Values, error) {
	var object map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&object); err != nil || d.More() {
		return nil, detail(errParameter, "the body is no JSON object")
	}
	fields := url.Values{}
	for name, value := range object {
		switch v := value.(type) {
		case string:
			fields.Set(name, v)
		case json.Number, bool:
			fields.Set(name, fmt.Sprint(v))
		case nil:
		default:
			return nil, detail(errParameter, "%s is neither text nor number", name)
		}
	}
	return fields, nil
}

// named is a short name for what parts say together.
func named(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
