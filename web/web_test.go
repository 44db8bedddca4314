package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// plainPages are those of plain: to draw all pages takes long under the race
// detector, and most tests look at these.
var plainPages = sync.OnceValue(func() http.Handler { return New(plain) })

func drawn(c Config) http.Handler {
	if reflect.DeepEqual(c, plain) {
		return plainPages()
	}
	return New(c)
}

func fetch(t *testing.T, c Config, method, path string) (*http.Response, string) {
	t.Helper()
	w := httptest.NewRecorder()
	drawn(c).ServeHTTP(w, httptest.NewRequest(method, path, nil))
	res := w.Result()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

var plain = Config{PublicURL: "https://countersign.example.com", ServerName: "Example sign-in"}

const (
	approvalID = "c2xvdC0wMDFhYmNkZWZnaGlqa2xtbg"
	pairingID  = "abcdefghijklmnopqrstuv"
)

var pages = map[string]string{
	"waiting screen": "/waiting/" + approvalID,
	"set-up":         "/set-up/" + pairingID,
	"new phone":      "/recovery/" + pairingID,
	"security":       "/security/" + pairingID,
	"notice":         "/stop/" + pairingID,
	"pairing link":   "/pair",
	"phone page":     "/phone",
}

func TestEveryPageIsServedAndNamesTheServer(t *testing.T) {
	for name, path := range pages {
		t.Run(name, func(t *testing.T) {
			res, body := fetch(t, plain, "GET", path)
			if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/html; charset=utf-8" {
				t.Fatalf("got %d, %s", res.StatusCode, res.Header.Get("Content-Type"))
			}
			for _, want := range []string{"<!doctype html>", `lang="en"`, "Example sign-in", `<script type="module"`, "<h1", "<noscript>"} {
				if !strings.Contains(body, want) {
					t.Errorf("the page has no %s", want)
				}
			}
		})
	}
}

func TestNoPageHoldsInlineScriptOrStyleOrAThirdParty(t *testing.T) {
	data := regexp.MustCompile(`<script type="application/json" id="words">[^<]*</script>`)
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script(?:[^>]*)>[^<]|javascript:|https?://`)
	for name, path := range pages {
		t.Run(name, func(t *testing.T) {
			_, body := fetch(t, Config{PublicURL: plain.PublicURL, Demo: true}, "GET", path)
			body = data.ReplaceAllString(body, "")
			if found := inline.FindString(body); found != "" {
				t.Errorf("the page holds %q", found)
			}
		})
	}
}

func TestWhatAPageRefersToIsThereAndMayBeKeptForGood(t *testing.T) {
	reference := regexp.MustCompile(`(?:src|href)="(/[^"]+)"`)
	for name, path := range pages {
		t.Run(name, func(t *testing.T) {
			_, body := fetch(t, plain, "GET", path)
			found := reference.FindAllStringSubmatch(body, -1)
			if len(found) < 4 {
				t.Fatalf("got %d references, want icon, two styles and a script", len(found))
			}
			for _, f := range found {
				res, content := fetch(t, plain, "GET", f[1])
				if res.StatusCode != 200 || content == "" {
					t.Errorf("%s: got %d", f[1], res.StatusCode)
				}
				if strings.HasSuffix(f[1], ".webmanifest") {
					continue // looked at anew each time
				}
				if got := res.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
					t.Errorf("%s: got Cache-Control %q", f[1], got)
				}
			}
		})
	}
}

func TestWhatAScriptImportsIsThere(t *testing.T) {
	importing := regexp.MustCompile(`(?m)^(?:import|export) .*from '([^']+)';$`)
	count := 0
	for name, content := range loadAssets().files {
		for _, f := range importing.FindAllStringSubmatch(string(content.plain), -1) {
			count++
			base := "/assets/x/" + name[:strings.LastIndex(name, "/")+1]
			request := httptest.NewRequest("GET", base, nil)
			path := request.URL.JoinPath(f[1]).Path
			if res, _ := fetch(t, plain, "GET", path); res.StatusCode != 200 {
				t.Errorf("%s imports %s: got %d for %s", name, f[1], res.StatusCode, path)
			}
		}
	}
	if count == 0 {
		t.Fatal("no script imports anything: this test looks for the wrong thing")
	}
}

func TestHeadersOfPagesAndAssetsKeepOthersOut(t *testing.T) {
	assets := loadAssets()
	for _, path := range []string{pages["waiting screen"], pages["set-up"], "/nowhere", assets.prefix() + "/page/page.css"} {
		t.Run(path, func(t *testing.T) {
			res, _ := fetch(t, plain, "GET", path)
			for name, want := range map[string]string{
				"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
					"connect-src 'self' wss://countersign.example.com; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
					"require-trusted-types-for 'script'; trusted-types 'none'",
				"Referrer-Policy":              "no-referrer",
				"X-Content-Type-Options":       "nosniff",
				"X-Frame-Options":              "DENY",
				"Cross-Origin-Opener-Policy":   "same-origin",
				"Cross-Origin-Resource-Policy": "same-origin",
			} {
				if got := res.Header.Get(name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestPagesAreStoredByNobody(t *testing.T) {
	for name, path := range pages {
		res, _ := fetch(t, plain, "GET", path)
		if got := res.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: got Cache-Control %q", name, got)
		}
	}
}

func TestOnlyNamedOriginsMayFrameThePages(t *testing.T) {
	c := plain
	c.FrameAncestors = []string{"http://127.0.0.1:8480", "https://demo.example.com"}
	for name, path := range pages {
		res, _ := fetch(t, c, "GET", path)
		policy := res.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "; frame-ancestors http://127.0.0.1:8480 https://demo.example.com; ") {
			t.Errorf("%s: got %q", name, policy)
		}
		if got := res.Header.Get("X-Frame-Options"); got != "" {
			t.Errorf("%s: got X-Frame-Options %q, which would keep out the named ones too", name, got)
		}
	}
}

func TestAnAncestorThatIsNoOriginOpensNothing(t *testing.T) {
	for _, entry := range []string{"*", "https:", "https://*", "https://*.example.com", "https://a.example.com/path", "https://a.example.com/",
		"https://a.example.com; script-src *", "https://user@a.example.com", "data:", "", "'self'", "HTTPS://a.example.com"} {
		c := plain
		c.FrameAncestors = []string{entry}
		for _, path := range pages {
			res, _ := fetch(t, c, "GET", path)
			if policy := res.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "; frame-ancestors 'none'; ") || strings.Contains(policy, "*") {
				t.Errorf("%q: %s: got %q", entry, path, policy)
			}
		}
	}
}

func TestWebsocketOfTheOwnHostAloneMayBeOpened(t *testing.T) {
	for publicURL, want := range map[string]string{
		"https://countersign.example.com":       "connect-src 'self' wss://countersign.example.com;",
		"https://countersign.example.com:8443/": "connect-src 'self' wss://countersign.example.com:8443;",
		"http://127.0.0.1:8480":                 "connect-src 'self' ws://127.0.0.1:8480;",
		"http://[::1]:8480":                     "connect-src 'self' ws://[::1]:8480;",
		"https://a.example.com; script-src *":   "connect-src 'self';",
		"":                                      "connect-src 'self';",
	} {
		if got := policy(publicURL, nil); !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %q in it", publicURL, got, want)
		}
	}
}

func TestTheNameOfTheServerIsTextAndNeverMarkup(t *testing.T) {
	c := plain
	c.ServerName = `<img src=x onerror=alert(1)>`
	_, body := fetch(t, c, "GET", "/pair")
	if strings.Contains(body, "<img src=x") || !strings.Contains(body, "&lt;img src=x") {
		t.Error("the name is written as markup")
	}
}

func TestAnAddressThatCannotBeAnIDIsNotThere(t *testing.T) {
	for _, path := range []string{"/waiting/", "/waiting/a.b", "/waiting/%3Cscript%3E", "/waiting/" + strings.Repeat("a", 65), "/set-up/a%20b", "/set-up/" + pairingID + "/more", "/", "/waiting"} {
		res, body := fetch(t, plain, "GET", path)
		if res.StatusCode != 404 || !strings.Contains(body, "There is nothing at this address") {
			t.Errorf("%s: got %d", path, res.StatusCode)
		}
	}
}

func TestPagesAreOnlyRead(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		if res, _ := fetch(t, plain, method, "/pair"); res.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: got %d", method, res.StatusCode)
		}
	}
}

func TestTemplatesAndTestsDoNotLeaveTheHouse(t *testing.T) {
	prefix := loadAssets().prefix()
	for _, path := range []string{"/waiting/waiting.html", "/waiting/view.test.mjs", "/page/page.html", "/phone/phone.html", "/phone/worker.js", "/words/words.test.mjs", "/web.go", "/", "/waiting/"} {
		if res, _ := fetch(t, plain, "GET", prefix+path); res.StatusCode != 404 {
			t.Errorf("%s: got %d", path, res.StatusCode)
		}
	}
}

func TestAnAssetOfAnotherVersionIsServedOnceAndNotKept(t *testing.T) {
	res, body := fetch(t, plain, "GET", "/assets/0123456789abcdef/page/page.css")
	if res.StatusCode != 200 || body == "" || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %d, %d bytes, Cache-Control %q", res.StatusCode, len(body), res.Header.Get("Cache-Control"))
	}
}

func TestAServerBelowAPathFindsItsOwnAssetsAndAPI(t *testing.T) {
	c := Config{PublicURL: "https://example.com/countersign"}
	_, body := fetch(t, c, "GET", "/pair")
	for _, want := range []string{`data-base="/countersign"`, `src="/countersign/assets/`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page has no %s", want)
		}
	}
}
