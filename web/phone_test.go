package web

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func TestThePhonePageIsOneOfItsOwnServerAlone(t *testing.T) {
	for _, path := range []string{"/phone", "/pair"} {
		res, _ := fetch(t, plain, "GET", path)
		want := "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; " +
			"worker-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types countersign-worker"
		if got := res.Header.Get("Content-Security-Policy"); got != want {
			t.Errorf("%s: got %q", path, got)
		}
		for _, name := range []string{"Referrer-Policy", "X-Content-Type-Options", "X-Frame-Options", "Cross-Origin-Opener-Policy"} {
			if res.Header.Get(name) == "" {
				t.Errorf("%s: no %s", path, name)
			}
		}
	}
}

// unzipped asks as a browser does, and gives what came over the wire and what
// it stands for.
func unzipped(t *testing.T, path string) (wire int, content string) {
	t.Helper()
	request := httptest.NewRequest("GET", path, nil)
	request.Header.Set("Accept-Encoding", "gzip, deflate, br")
	w := httptest.NewRecorder()
	plainPages().ServeHTTP(w, request)
	if w.Code != 200 {
		t.Fatalf("%s: got %d", path, w.Code)
	}
	if !strings.Contains(w.Header().Get("Vary"), "Accept-Encoding") {
		t.Errorf("%s: a cache would give gzip to whoever cannot read it", path)
	}
	wire = w.Body.Len()
	if w.Header().Get("Content-Encoding") != "gzip" {
		return wire, w.Body.String()
	}
	r, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return wire, string(raw)
}

// Everything that a first visit fetches: the page, what it refers to (all
// scripts are named in it), one catalogue, the manifest and the worker.
func TestTheFirstLoadOfThePhonePageIsUnder60KB(t *testing.T) {
	total, page := unzipped(t, "/phone")
	paths := map[string]bool{"/phone/worker.js": true, loadAssets().prefix() + "/words/en.json": true}
	for _, f := range regexp.MustCompile(`(?:src|href)="(/[^"]+)"`).FindAllStringSubmatch(page, -1) {
		paths[f[1]] = true
	}
	for path := range paths {
		wire, _ := unzipped(t, path)
		total += wire
	}
	t.Logf("%d bytes in %d files", total, len(paths)+1)
	if len(paths) < 40 || total > 60_000 {
		t.Errorf("got %d bytes in %d files, want at most 60000 in more than 40", total, len(paths)+1)
	}
}

func TestWhatIsServedCompressedIsTheSame(t *testing.T) {
	for name, content := range loadAssets().files {
		if _, got := unzipped(t, loadAssets().prefix()+"/"+name); got != string(content.plain) {
			t.Errorf("%s differs", name)
		}
	}
}

func TestGzipIsSentToThoseWhoTakeIt(t *testing.T) {
	for accept, want := range map[string]bool{
		"gzip": true, "deflate, gzip;q=0.5": true, "GZIP": true, "br, gzip ; q=1": true,
		"": false, "br": false, "gzip;q=0": false, "gzip; q=0.000": false, "gzipped": false, "*": false,
	} {
		if got := takesGzip(accept); got != want {
			t.Errorf("%q: got %v", accept, got)
		}
	}
}

func readShell(t *testing.T, c Config) (shell, string) {
	t.Helper()
	res, body := fetch(t, c, "GET", "/phone/worker.js")
	if res.StatusCode != 200 || res.Header.Get("Cache-Control") != "no-cache" {
		t.Fatalf("got %d, Cache-Control %q", res.StatusCode, res.Header.Get("Cache-Control"))
	}
	if got := res.Header.Get("Service-Worker-Allowed"); !strings.HasSuffix(got, "/phone") {
		t.Errorf("got Service-Worker-Allowed %q", got)
	}
	first, script, _ := strings.Cut(body, ";\n")
	var s shell
	if err := json.Unmarshal([]byte(strings.TrimPrefix(first, "const shell = ")), &s); err != nil {
		t.Fatal(err)
	}
	return s, script
}

func TestTheWorkerKeepsAllThatThePageNeeds(t *testing.T) {
	s, _ := readShell(t, plain)
	_, page := fetch(t, plain, "GET", s.Page)
	kept := strings.Join(s.Files, "\n")
	for _, f := range regexp.MustCompile(`(?:src|href)="(/assets/[^"]+)"`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(kept, f[1]) {
			t.Errorf("%s is not kept", f[1])
		}
	}
	for _, path := range append(s.Files, s.Icon, s.Badge, s.Words["en"], s.Words["de"], s.Words["fr"]) {
		if res, _ := fetch(t, plain, "GET", path); res.StatusCode != 200 {
			t.Errorf("%s: got %d: the worker would never be installed", path, res.StatusCode)
		}
	}
}

func TestTheWorkerIsAnotherOneWheneverThePageIs(t *testing.T) {
	before, _ := readShell(t, plain)
	for name, c := range map[string]Config{
		"another name":     {PublicURL: plain.PublicURL, ServerName: "Other"},
		"another ancestor": {PublicURL: plain.PublicURL, ServerName: plain.ServerName, FrameAncestors: []string{"https://a.example.com"}},
	} {
		if after, _ := readShell(t, c); after.Version == before.Version {
			t.Errorf("%s: the same worker would keep the page of before", name)
		}
	}
}

func TestThePhonePageCanBeInstalled(t *testing.T) {
	res, body := fetch(t, Config{PublicURL: "https://example.com/countersign", ServerName: `Ex "A"`}, "GET", "/phone/manifest.webmanifest")
	if got := res.Header.Get("Content-Type"); got != "application/manifest+json" {
		t.Errorf("got %s", got)
	}
	var m struct {
		ID, Name, Scope, Display string
		StartURL                 string `json:"start_url"`
		Icons                    []icon
	}
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatal(err)
	}
	if m.Name != `Ex "A"` || m.ID != "/countersign/phone" || m.Scope != m.ID || m.StartURL != m.ID || m.Display != "standalone" {
		t.Errorf("got %+v", m)
	}
	for _, i := range m.Icons {
		path, ok := strings.CutPrefix(i.Src, "/countersign")
		res, content := fetch(t, plain, "GET", path)
		if !ok || res.StatusCode != 200 || res.Header.Get("Content-Type") != i.Type {
			t.Errorf("%s: got %d, %s", i.Src, res.StatusCode, res.Header.Get("Content-Type"))
		}
		if i.Type != "image/png" {
			continue
		}
		picture, err := png.DecodeConfig(bytes.NewReader([]byte(content)))
		if err != nil || i.Sizes != fmt.Sprintf("%dx%d", picture.Width, picture.Height) {
			t.Errorf("%s: %d × %d, %v", i.Src, picture.Width, picture.Height, err)
		}
	}
}

func TestTheCommandOfTheSimulatedPhoneIsForDemonstrationsOnly(t *testing.T) {
	_, real := fetch(t, plain, "GET", "/pair")
	c := plain
	c.Demo = true
	_, demo := fetch(t, c, "GET", "/pair")
	if strings.Contains(real, "name-command") || !strings.Contains(demo, "name-command") {
		t.Error("the command is shown on a real server, or missing on a demonstration's")
	}
}

func TestEachScreenLiesInItsOwnFolderWithItsStyle(t *testing.T) {
	_, page := fetch(t, plain, "GET", "/phone")
	for _, name := range screens {
		if strings.Count(page, `<section id="`+name+`" hidden`) != 1 {
			t.Errorf("%s is not in the page once", name)
		}
	}
	if strings.Count(page, "<section") != len(screens) {
		t.Error("a screen is in the page that has no name")
	}
}
