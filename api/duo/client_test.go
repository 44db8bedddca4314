package duo_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"countersign/enrolments"
	"countersign/mobile-stub/phone"

	duoapi "github.com/duosecurity/duo_api_golang"
	"github.com/duosecurity/duo_api_golang/authapi"
)

// library is duo_api_golang, pointed at the world.
func (w *world) library(i enrolments.Integration) *authapi.AuthApi {
	transport := func(t *http.Transport) {
		t.TLSClientConfig = w.client.Transport.(*http.Transport).TLSClientConfig.Clone()
	}
	return authapi.NewAuthApi(*duoapi.NewDuoApi(string(i.Key), i.Secret.Reveal(), w.host, "test", duoapi.SetTransport(transport)))
}

// sent is what a raw call came to.
type sent struct {
	status   int
	raw      string
	Stat     string
	Code     int
	Message  string
	Detail   string `json:"message_detail"`
	Response json.RawMessage
}

// member is a text of the response.
func (s sent) member(name string) string {
	var all map[string]any
	if json.Unmarshal(s.Response, &all) != nil {
		return ""
	}
	text, _ := all[name].(string)
	return text
}

// call sends a call signed in version 1 (date empty) or 2, as an old client.
func (w *world) call(i enrolments.Integration, method, path, date string, params url.Values) sent {
	w.t.Helper()
	signed := strings.ReplaceAll(params.Encode(), "+", "%20") // sorted by name, and no name is repeated
	text := strings.Join([]string{method, "localhost", path, signed}, "\n")
	if date != "" {
		text = date + "\n" + text
	}
	mac := hmac.New(sha1.New, []byte(i.Secret.Reveal()))
	mac.Write([]byte(text))
	return w.send(w.raw(i, method, path, date, params, hex.EncodeToString(mac.Sum(nil))))
}

func (w *world) raw(i enrolments.Integration, method, path, date string, params url.Values, signature string) *http.Request {
	w.t.Helper()
	target, body := w.url+path, io.Reader(strings.NewReader(params.Encode()))
	if method == http.MethodGet {
		target, body = target+"?"+params.Encode(), nil
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, target, body)
	w.ok(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if date != "" {
		r.Header.Set("X-Duo-Date", date)
	}
	r.SetBasicAuth(string(i.Key), signature)
	return r
}

func (w *world) send(r *http.Request) (s sent) {
	w.t.Helper()
	resp, err := w.client.Do(r)
	w.ok(err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	w.ok(err)
	s.status, s.raw = resp.StatusCode, string(raw)
	w.ok(json.Unmarshal(raw, &s))
	return s
}

// date is the present as clients write it.
func (w *world) date() string { return w.clock.now().UTC().Format(time.RFC1123Z) }

// v1 and v2 send a POST.
func (w *world) v1(path string, params url.Values) sent {
	w.t.Helper()
	return w.call(w.Integration, http.MethodPost, path, "", params)
}

func (w *world) v2(path string, params url.Values) sent {
	w.t.Helper()
	return w.call(w.Integration, http.MethodPost, path, w.date(), params)
}

// soon runs a call beside the test and gives its outcome.
func soon[T any](call func() T) <-chan T {
	out := make(chan T, 1)
	go func() { out <- call() }()
	return out
}

func wait[T any](t testing.TB, from <-chan T) (got T) {
	t.Helper()
	select {
	case got = <-from:
	case <-time.After(patience):
		t.Fatal("nothing came")
	}
	return got
}

// approves answers yes with the right number.
func (h *handset) approves(r phone.Request) {
	h.w.t.Helper()
	_, err := h.Approve(h.w.t.Context(), h.account.ID, r, h.number(r))
	h.w.ok(err)
}

func (h *handset) denies(r phone.Request) {
	h.w.t.Helper()
	_, err := h.Deny(h.w.t.Context(), h.account.ID, r)
	h.w.ok(err)
}
