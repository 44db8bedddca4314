package duo

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"countersign/enrolments"
)

// recording is one request as a client that no test here runs has sent it, of
// the golden secret.
type recording struct {
	Client, Method, Target, Body string
	Headers                      map[string]string
}

func (r recording) request() *http.Request {
	out := httptest.NewRequest(r.Method, r.Target, strings.NewReader(r.Body))
	for name, value := range r.Headers {
		out.Header.Set(name, value)
	}
	out.Host = r.Headers["Host"]
	return out
}

// version is what a recording is signed in, by what its client was told.
func (r recording) version() int {
	switch {
	case strings.Contains(r.Client, "version 1"):
		return 1
	case strings.Contains(r.Client, "version 4"):
		return 4
	}
	return 2
}

func TestRequestsOfClientsThatAreNotRunHereAreRead(t *testing.T) {
	raw, err := os.ReadFile("testdata/recorded.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []recording
	if err := json.Unmarshal(raw, &all); err != nil || len(all) < 20 {
		t.Fatalf("%d recordings, %v", len(all), err)
	}
	s := &Server{}
	for _, r := range all {
		m, params, err := s.read(httptest.NewRecorder(), r.request())
		if err != nil {
			t.Fatalf("%s: %v", r.Client, err)
		}
		_, signature, ok := r.request().BasicAuth()
		version, signed := m.signedBy(goldenSecret, signature)
		if !ok || !signed || version != r.version() {
			t.Errorf("%s, %s: version %d, %v", r.Client, r.Target, version, signed)
		}
		if _, ok := m.signedBy(enrolments.SecretOf(strings.Repeat("a", 40)), signature); ok {
			t.Errorf("%s: verifies under another secret", r.Client)
		}
		if version != undated {
			if at, err := parseDate(m.date); err != nil || at.Year() < 2020 {
				t.Errorf("%s: the date is %v, %v", r.Client, at, err)
			}
		}
		if strings.Contains(r.Target, "/auth/v2/preauth") && params.Get("username") != "zoë o'neil" {
			t.Errorf("%s: the name is %q", r.Client, params.Get("username"))
		}
		if strings.Contains(r.Target, "auth_status") && params.Get("txid") != "a txid" {
			t.Errorf("%s: the transaction is %q", r.Client, params.Get("txid"))
		}
	}
}
