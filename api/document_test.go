package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"countersign/api"
	"countersign/push"

	"github.com/google/go-cmp/cmp"
)

// document is what these tests read of the OpenAPI document.
type document struct {
	OpenAPI string                           `json:"openapi"`
	Paths   map[string]map[string]documented `json:"paths"`
	Parts   struct {
		Schemas  map[string]any `json:"schemas"`
		Security map[string]any `json:"securitySchemes"`
	} `json:"components"`
}

type documented struct {
	ID         string                `json:"operationId"`
	Summary    string                `json:"summary"`
	Security   []map[string][]string `json:"security"`
	Parameters []struct{ Name, In string }
	Responses  map[string]struct {
		Description string                     `json:"description"`
		Content     map[string]json.RawMessage `json:"content"`
	} `json:"responses"`
}

// kinds are all problems of an operation.
func (d documented) kinds() []string {
	var out []string
	for _, r := range d.Responses {
		if r.Content["application/problem+json"] != nil {
			out = append(out, strings.Split(r.Description, ", ")...)
		}
	}
	slices.Sort(out)
	return out
}

func (w *world) document() document {
	w.t.Helper()
	r := w.want(w.call("GET", "/openapi.json", ""), 200)
	if r.header.Get("Content-Type") != "application/json" {
		w.t.Errorf("content type %q", r.header.Get("Content-Type"))
	}
	var d document
	if err := json.Unmarshal([]byte(r.body), &d); err != nil {
		w.t.Fatal(err)
	}
	return d
}

func TestEveryRouteOfTheProtocolIsDocumentedAndThere(t *testing.T) {
	w := newWorld(t)
	d := w.document()
	if d.OpenAPI != "3.1.0" {
		t.Errorf("openapi %q", d.OpenAPI)
	}
	var got []string
	for path, methods := range d.Paths {
		for method := range methods {
			got = append(got, strings.ToUpper(method)+" "+path)
		}
	}
	want := append(protocolRoutes(t),
		"GET /.well-known/jwks.json", "GET /healthz", "GET /readyz", "GET /openapi.json", "GET /docs", "GET /docs/style.css")
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(slices.Compact(want), got); diff != "" {
		t.Errorf("routes (-protocol +document)\n%s", diff)
	}
	for _, route := range got {
		method, path, _ := strings.Cut(route, " ")
		path = regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, "x")
		if r := w.call(method, path, ""); r.kind() == "not-found" || r.kind() == "method-not-allowed" {
			t.Errorf("%s is documented and not there", route)
		}
	}
}

// protocolRoutes are those that docs/protocol.md names.
func protocolRoutes(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile("`(GET|POST|PUT|PATCH|DELETE) (/v1[^ `?]*|…/\\w+)").FindAllStringSubmatch(string(raw), -1) {
		out = append(out, m[1]+" "+strings.Replace(m[2], "…", "/v1/approvals/{id}", 1))
	}
	if len(out) < 20 {
		t.Fatalf("only %d routes found in the protocol", len(out))
	}
	return out
}

func TestEveryOperationNamesItsProblems(t *testing.T) {
	w := newWorld(t)
	d := w.document()
	known := protocolKinds(t)
	used := map[string]bool{}
	for path, methods := range d.Paths {
		for method, op := range methods {
			kinds := op.kinds()
			if !slices.Contains(kinds, "internal") || op.Summary == "" || op.ID == "" {
				t.Errorf("%s %s: kinds %v, summary %q", method, path, kinds, op.Summary)
			}
			for _, kind := range kinds {
				used[kind] = true
				if !slices.Contains(known, kind) {
					t.Errorf("%s %s names %s, which the protocol does not know", method, path, kind)
				}
			}
			for _, scheme := range op.Security {
				for name := range scheme {
					if d.Parts.Security[name] == nil {
						t.Errorf("%s %s: no security scheme %s", method, path, name)
					}
				}
			}
			open := []string{"/v1/pair", "/v1/server", "/v1/applications/{id}/logo/{digest}"}
			if len(op.Security) == 0 && strings.HasPrefix(path, "/v1/") && !slices.Contains(open, path) {
				t.Errorf("%s %s has no security", method, path)
			}
		}
	}
	for _, kind := range known {
		if !used[kind] && !slices.Contains([]string{"not-found", "method-not-allowed", "user-verification-needed"}, kind) {
			t.Errorf("no operation names %s", kind)
		}
	}
	for path, want := range map[string][]string{
		"/v1/approvals/{id}/code":         {"codes-blocked", "code-wrong", "approval-settled", "origin-refused", "unauthorized", "body-too-large"},
		"/v1/phone/approvals/{id}/answer": {"number-wrong", "answer-display", "proof-replayed", "phone-inactive"},
		"/v1/pair":                        {"ticket-invalid", "key-refused", "too-many-requests"},
	} {
		for _, kind := range want {
			if !slices.Contains(d.Paths[path]["post"].kinds(), kind) {
				t.Errorf("POST %s does not name %s", path, kind)
			}
		}
	}
}

// protocolKinds are the kinds of docs/protocol.md.
func protocolKinds(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(raw), "\n## Problems")
	if !ok {
		t.Fatal("the protocol has no table of problems")
	}
	var out []string
	for line := range strings.Lines(table) {
		first, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		for _, m := range regexp.MustCompile("`([a-z-]+)`").FindAllStringSubmatch(first, -1) {
			out = append(out, m[1])
		}
	}
	if len(out) < 30 {
		t.Fatalf("only %d kinds found in the protocol", len(out))
	}
	return out
}

func TestNothingOfTheLibraryShowsInTheDocument(t *testing.T) {
	w := newWorld(t)
	r := w.call("GET", "/openapi.json", "")
	for _, word := range []string{"ErrorModel", "ErrorDetail", "$schema", "ReplyT"} {
		if strings.Contains(r.body, word) {
			t.Errorf("the document holds %s", word)
		}
	}
}

func TestTheDocumentIsReadableWithoutAScript(t *testing.T) {
	w := newWorld(t)
	r := w.want(w.call("GET", "/docs", ""), 200)
	if policy := r.header.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || strings.Contains(policy, "script") || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy %q", policy)
	}
	for _, word := range []string{"<script", "style=", "http://", "https://unpkg", " on"} {
		if word == " on" && regexp.MustCompile(`\son[a-z]+=`).MatchString(r.body) {
			t.Error("the page holds an inline handler")
		}
		if word != " on" && strings.Contains(strings.ReplaceAll(r.body, w.url, ""), word) {
			t.Errorf("the page holds %s", word)
		}
	}
	for path, methods := range w.document().Paths {
		for method, op := range methods {
			if !strings.Contains(r.body, `id="`+op.ID+`"`) {
				t.Errorf("%s %s is not on the page", method, path)
			}
		}
	}
	if css := w.want(w.call("GET", "/docs/style.css", ""), 200); !strings.HasPrefix(css.header.Get("Content-Type"), "text/css") {
		t.Errorf("the style is %s", css.header.Get("Content-Type"))
	}
}

func TestAPhoneLearnsHowItCanBeWoken(t *testing.T) {
	w := newWorld(t)
	if r := w.want(w.call("GET", "/v1/server", ""), 200); strings.TrimSpace(r.body) != `{"name":"Countersign","push":{}}` {
		t.Errorf("a server that wakes nobody says %s", r.body)
	}
	w = newWorld(t, func(c *api.Config) {
		c.Push = []push.Service{push.WebPush, push.FCM, push.APNs}
		c.WebPushKey = func() string { return "BKey" }
	})
	r := w.want(w.call("GET", "/v1/server", ""), 200)
	if want := `{"name":"Countersign","push":{"webpush":{"public_key":"BKey"},"fcm":{},"apns":{}}}`; strings.TrimSpace(r.body) != want {
		t.Errorf("got %s, want %s", r.body, want)
	}
}

func TestTheServerSaysWhetherItIsReady(t *testing.T) {
	broken := errors.New("database at 10.1.2.3 is away")
	w := newWorld(t, func(c *api.Config) { c.Ready = func(context.Context) error { return broken } })
	w.want(w.call("GET", "/healthz", ""), 200)
	r := w.refused(w.call("GET", "/readyz", ""), 503, "unavailable")
	if strings.Contains(r.body, "10.1.2.3") || r.header.Get("Retry-After") == "" {
		t.Errorf("the answer is %s", r.body)
	}
	if !strings.Contains(w.log.String(), "10.1.2.3") {
		t.Error("the cause is not in the log")
	}
	broken = nil
	if r := w.want(w.call("GET", "/readyz", ""), 200); strings.TrimSpace(r.body) != `{"status":"ready","push":{}}` {
		t.Errorf("a server that wakes nobody says %s", r.body)
	}
}

func TestAPushServiceThatIsDownDegradesAServerThatIsReady(t *testing.T) {
	ntfy := push.Place{Service: push.WebPush, Part: "ntfy.example"}
	conditions := []push.Condition{
		{Place: push.Place{Service: push.FCM}, Health: push.Up},
		{Place: push.Place{Service: push.WebPush, Part: "a.example"}, Health: push.Up},
		{Place: ntfy, Health: push.Up},
	}
	w := newWorld(t, func(c *api.Config) { c.Conditions = func() []push.Condition { return conditions } })
	for health, want := range map[push.Health]string{
		push.Up:     `{"status":"ready","push":{"fcm":"up","webpush":"up"}}`,
		push.Trying: `{"status":"degraded","push":{"fcm":"up","webpush":"trying"}}`,
		push.Down:   `{"status":"degraded","push":{"fcm":"up","webpush":"down"}}`,
	} {
		conditions[2].Health = health
		if r := w.want(w.call("GET", "/readyz", ""), 200); strings.TrimSpace(r.body) != want {
			t.Errorf("%s: got %s, want %s", health, r.body, want)
		}
	}
}

func TestWhatTheTableDoesNotKnowIsInTheLogAlone(t *testing.T) {
	w := newWorld(t)
	w.store.Close()
	r := w.refused(w.app("GET", "/v1/people/"+person, ""), 500, "internal")
	id, ok := strings.CutPrefix(r.member("instance"), "urn:countersign:request:")
	if !ok || !strings.Contains(w.log.String(), id) {
		t.Errorf("the log does not name %q: %s", r.member("instance"), w.log)
	}
	if strings.Contains(r.body, "sql") || strings.Contains(r.body, "closed") {
		t.Errorf("the cause is told: %s", r.body)
	}
}

func TestAPublicURLThatIsNoneIsRefused(t *testing.T) {
	for _, public := range []string{"", "countersign.example.com", "https://countersign.example.com/", "ftp://x", "https://a@x", "https://x?y", "https://x#y"} {
		if _, err := api.New(api.Config{PublicURL: public}); err == nil || !strings.Contains(err.Error(), "public URL") {
			t.Errorf("%q: %v", public, err)
		}
	}
}
