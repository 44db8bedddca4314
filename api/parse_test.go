package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode"

	"countersign/api"
	"countersign/mobile-stub/phone"
)

func TestWaitIsWholeSecondsOrMilliseconds(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "0s": 0, "1s": time.Second, "25s": 25 * time.Second, "25000ms": 25 * time.Second, "50ms": 50 * time.Millisecond,
	} {
		if got, err := api.ParseWait(text); err != nil || got != want {
			t.Errorf("%q: got %v %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"26s", "25001ms", "25", "s", "ms", "m", "1m", "-1s", "+1s", "1.5s", "1 s", "1s ", "1h", "1S", "٣s", "000001s", "1sm", "mss"} {
		if got, err := api.ParseWait(text); err == nil {
			t.Errorf("%q is taken as %v", text, got)
		}
	}
}

func FuzzWait(f *testing.F) {
	for _, seed := range []string{"", "25s", "26s", "50ms", "-1s", "1m", "1e3s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := api.ParseWait(text)
		if err != nil && got != 0 {
			t.Errorf("%q: %v beside an error", text, got)
		}
		if got < 0 || got > 25*time.Second {
			t.Errorf("%q: %v is out of bounds", text, got)
		}
		if theirs, their := time.ParseDuration(text); err == nil && text != "" && (their != nil || theirs != got) {
			t.Errorf("%q: got %v, Go reads %v %v", text, got, theirs, their)
		}
	})
}

func FuzzVersion(f *testing.F) {
	for _, seed := range []string{"", "0", "17", "-1", "999999999999999999", "9999999999999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := api.ParseVersion(text); got < 0 || (err != nil && got != 0) {
			t.Errorf("%q: %d %v", text, got, err)
		}
	})
}

func FuzzBearerSubprotocol(f *testing.F) {
	token := strings.Repeat("A", 43)
	for _, seed := range []string{"countersign.v1, bearer." + token, "bearer." + token + ",countersign.v1", "countersign.v1", "bearer.", ",,", "countersign.v1, bearer.a b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got, err := api.TokenOffered([]string{value})
		if (err == nil) == (got == "") {
			t.Errorf("%q: token %q, error %v", value, got, err)
		}
		if err == nil && (!strings.Contains(value, "bearer."+got) || !strings.Contains(value, "countersign.v1") || len(got) > 128) {
			t.Errorf("%q gives %q", value, got)
		}
		if _, err := api.TokenOffered([]string{value, value}); err == nil {
			t.Errorf("two headers %q are taken", value)
		}
	})
}

func FuzzBearer(f *testing.F) {
	for _, seed := range []string{"Bearer cs_northwind_x", "bearer x", "Basic x", "Bearer", "Bearer  x", "Bearer x y"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got, err := api.Bearer(http.Header{"Authorization": {value}})
		if (err == nil) == (got == "") {
			t.Errorf("%q: token %q, error %v", value, got, err)
		}
		if err == nil && !strings.EqualFold(value, "bearer "+got) {
			t.Errorf("%q gives %q", value, got)
		}
	})
}

func FuzzBody(f *testing.F) {
	for _, seed := range []string{`{}`, `{"user":"ana"}`, `{"user":1,"user":2}`, `{"User":1}`, `[1,2`, `{} {}`, `"\ud800"`, strings.Repeat("[", 100), `{"a":[{"b":null}]}`, `1e999`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var got any
		if err := api.DecodeStrict(raw, &got); err != nil {
			if got != nil {
				t.Errorf("%q: %v beside an error", raw, got)
			}
			return
		}
		var theirs any
		if err := json.Unmarshal(raw, &theirs); err != nil {
			t.Fatalf("%q is taken, and is no JSON: %v", raw, err)
		}
		ours, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(theirs)
		if err != nil || string(ours) != string(want) {
			t.Errorf("%q reads as %s, want %s (%v)", raw, ours, want, err)
		}
	})
}

// A proof that is not one never panics and never lets anybody in.
func FuzzPhoneProof(f *testing.F) {
	w := newWorld(f, func(c *api.Config) { c.Limits.Burst = 1 << 30 })
	h := w.pair(person, phone.ES256)
	req, err := h.Request(f.Context(), h.id, "GET", "/v1/phone", nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(req.Header.Get("Phone-Proof") + "x")
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJub25lIn0..")
	f.Add(strings.Repeat("a", 9000))
	f.Fuzz(func(t *testing.T, proof string) {
		r := httptest.NewRequest("GET", "/v1/phone", nil)
		r.Header["Phone-Proof"] = []string{proof}
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		if rec.Code != 401 {
			t.Errorf("%q: got %d %s", proof, rec.Code, rec.Body)
		}
	})
}

func TestBrowsersAreNamedInWords(t *testing.T) {
	for agent, want := range map[string]string{
		"": "",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36":                         "Chrome on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36 Edg/149.0.0.0":           "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15":                   "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1": "Safari on iOS",
		"Mozilla/5.0 (X11; Linux x86_64; rv:147.0) Gecko/20100101 Firefox/147.0":                                                                  "Firefox on Linux",
		"Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Mobile Safari/537.36":                   "Chrome on Android",
		"Your bank asks: approve now (Windows NT 10.0)":                                                                                           "Browser on Windows",
		"approve/1.0 now": "Unknown browser",
		"\u202e\u0000":    "Unknown browser",
	} {
		if got := api.BrowserName(agent); got != want {
			t.Errorf("%q: got %q, want %q", agent, got, want)
		}
	}
}

func FuzzBrowserName(f *testing.F) {
	f.Add("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/149.0.0.0")
	f.Add("((((;;;;")
	f.Add(strings.Repeat("x/1 ", 1000))
	f.Fuzz(func(t *testing.T, agent string) {
		got := api.BrowserName(agent)
		if len(got) > 40 || strings.ContainsFunc(got, func(r rune) bool { return r > unicode.MaxASCII || r < ' ' }) {
			t.Errorf("%q gives %q", agent, got)
		}
	})
}

func TestForwardedHeadersAreBelievedOfProxiesAlone(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, row := range []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"nobody forwards", "203.0.113.9:1234", nil, "203.0.113.9"},
		{"a stranger claims", "203.0.113.9:1234", []string{"198.51.100.1"}, "203.0.113.9"},
		{"a proxy says", "10.0.0.1:1234", []string{"198.51.100.1"}, "198.51.100.1"},
		{"a proxy says what a client had claimed", "10.0.0.1:1234", []string{"192.0.2.1, 198.51.100.1"}, "198.51.100.1"},
		{"two headers", "10.0.0.1:1234", []string{"192.0.2.1", "198.51.100.1"}, "198.51.100.1"},
		{"two proxies", "10.0.0.1:1234", []string{"192.0.2.1, 198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"a proxy says nonsense", "10.0.0.1:1234", []string{"unknown"}, "10.0.0.1"},
		{"a proxy says nothing", "10.0.0.1:1234", nil, "10.0.0.1"},
		{"IPv4 in IPv6", "[::ffff:203.0.113.9]:1234", nil, "203.0.113.9"},
		{"IPv6", "[fd00::1]:1234", []string{"2001:db8::7"}, "2001:db8::7"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = row.remote
		r.Header["X-Forwarded-For"] = row.forwarded
		if got := api.ClientAddress(r, trusted); got.String() != row.want {
			t.Errorf("%s: got %s, want %s", row.name, got, row.want)
		}
	}
}

func TestAnIPv6HostCannotChooseItsNeighbourhood(t *testing.T) {
	one, other := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::ffff:1")
	if api.Neighbourhood(one) != api.Neighbourhood(other) {
		t.Error("two addresses of one /64 count apart")
	}
	if api.Neighbourhood(netip.MustParseAddr("2001:db8:0:1::1")) == api.Neighbourhood(one) {
		t.Error("two /64 count as one")
	}
	if api.Neighbourhood(netip.MustParseAddr("192.0.2.1")) == api.Neighbourhood(netip.MustParseAddr("192.0.2.2")) {
		t.Error("two IPv4 addresses count as one")
	}
}
