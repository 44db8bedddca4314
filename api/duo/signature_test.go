package duo

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"countersign/enrolments"
)

// What another implementation signs: produced with duo_client 5.6.1 (Python).
var goldenSecret = enrolments.SecretOf("abcdefghijklmnopqrstuvwxyz0123456789ABCD")

const goldenParams = `device=auto&factor=push&pushinfo=from%3Da%2520b%26x%3D1%2A2%283%29%21~&username=zo%C3%AB%20o%27neil`

func goldenForm() message {
	form := url.Values{
		"username": {"zoë o'neil"}, "factor": {"push"}, "device": {"auto"}, "pushinfo": {"from=a%20b&x=1*2(3)!~"},
	}
	return message{
		method: "POST", path: "/auth/v2/auth", hosts: []string{"mfa.test"}, date: "Tue, 21 Aug 2012 17:29:18 -0000",
		query: url.Values{}, form: form, body: []byte(form.Encode()), header: http.Header{},
	}
}

func goldenJSON(header http.Header) message {
	m := goldenForm()
	m.form, m.body, m.header = nil, []byte(`{"device":"auto","factor":"push","username":"alice"}`), header
	return m
}

func TestSignaturesOfAnotherImplementationVerify(t *testing.T) {
	headers := http.Header{"X-Duo-Foo": {"Bar baz"}, "X-Duo-Abc": {"1"}}
	for name, c := range map[string]struct {
		message   message
		version   int
		signature string
	}{
		"v1 SHA-1":                {goldenForm(), 1, "de9e16f833b57b01404dc16e16edee12f9824ab3"},
		"v1 SHA-512":              {goldenForm(), 1, "2664865141657a8078d8df6a9a90859d0fd2fdd4bbe3c05622259106df5bdbb5d3a24dab636ab44d0a5722bfdff66015ecd42ee34420b68a72687da9b78b14ad"},
		"v2 SHA-1":                {goldenForm(), 2, "02a68c98afe030ae3e72fba34fb40528edc41773"},
		"v2 SHA-512":              {goldenForm(), 2, "239f82051ce0220fbed0f070ae430e5810d3f47befe58533c5340814cd2831a74cc95682e25c840516158d6bffde8590cea7fb7e9a6eb626b47d119cf453caba"},
		"v4 JSON":                 {goldenJSON(http.Header{}), 4, "e6cc61169b7427ff7d0fac2d092879e3d7bbc6c354f76b3711a445e10bdff8ad1d6d9e3c96814b85ccce84bcddc11bad7cfe5b68a385cf28a6bed5330b39fb01"},
		"v5 JSON":                 {goldenJSON(http.Header{}), 5, "ab34d1e00935fb91082beb34a857cca16ba1955355dd906727767e0ddcfe91b797db0cce7131aa84d111090945d07b81b054ddf36af96c665ec4e3004ce8bdf8"},
		"v5 JSON, X-Duo- headers": {goldenJSON(headers), 5, "95d6b47df1ecdc0fd08631c3e03dec5003414bfa0f4d9a358476e68b1295efcf7b8112754e507e66ef1657e12428285042e971fd209ceef4abac038a362b0408"},
	} {
		t.Run(name, func(t *testing.T) {
			version, ok := c.message.signedBy(goldenSecret, c.signature)
			if !ok || version != c.version {
				t.Fatalf("version %d, %v; want %d", version, ok, c.version)
			}
			if version, ok := c.message.signedBy(goldenSecret, strings.ToUpper(c.signature)); !ok || version != c.version {
				t.Error("not in upper case")
			}
			for what, change := range changes() {
				changed := c.message
				change(&changed)
				if what == "date" && c.version == undated {
					continue
				}
				if version, ok := changed.signedBy(goldenSecret, c.signature); ok {
					t.Errorf("with another %s it still verifies, as version %d", what, version)
				}
			}
			if _, ok := c.message.signedBy(enrolments.SecretOf(strings.Repeat("a", 40)), c.signature); ok {
				t.Error("it verifies under another secret")
			}
		})
	}
}

// changes alter one thing each that every version signs, where it has it.
func changes() map[string]func(*message) {
	return map[string]func(*message){
		"method": func(m *message) { m.method = "PUT" },
		"host":   func(m *message) { m.hosts = []string{"mfa.test.evil"} },
		"path":   func(m *message) { m.path = "/auth/v2/preauth" },
		"date":   func(m *message) { m.date = "Tue, 21 Aug 2012 17:29:19 -0000" },
		"parameter or body": func(m *message) {
			if m.form != nil {
				m.form = url.Values{"username": {"mallory"}}
			}
			m.body = append([]byte(" "), m.body...)
		},
	}
}

func TestAFormOfAnotherDigestOrLengthIsNone(t *testing.T) {
	for _, signature := range []string{"", "zz", "de9e", strings.Repeat("00", 32), strings.Repeat("00", 20), strings.Repeat("00", 64)} {
		if _, ok := goldenForm().signedBy(goldenSecret, signature); ok {
			t.Errorf("%q verifies", signature)
		}
	}
	// Versions 4 and 5 exist with SHA-512 alone.
	if forms := goldenForm().forms("mfa.test", false); len(forms) != 2 {
		t.Errorf("with SHA-1 there are %d forms", len(forms))
	}
}

func TestParametersAreWrittenOneWay(t *testing.T) {
	for want, params := range map[string]url.Values{
		goldenParams:                             goldenForm().form,
		"a=A&a=z&a%20b=x&b=10&b=2":               {"b": {"2", "10"}, "a": {"z", "A"}, "a b": {"x"}},
		"":                                       {},
		"k=":                                     {"k": {""}},
		"a=%2B%26%3D%25%2F%00%FF&b=-_.~aZ09":     {"b": {"-_.~aZ09"}, "a": {"+&=%/\x00\xff"}},
		"realname=First%20Last&username=root%2B": {"username": {"root+"}, "realname": {"First Last"}},
	} {
		if got := canonical(params); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestAClientMayHaveSignedTheHostInAnyOfItsForms(t *testing.T) {
	for _, c := range []struct{ sent, want string }{
		{"localhost:8443", "localhost:8443 localhost mfa.example.com"},
		{"MFA.Test", "MFA.Test mfa.test mfa.example.com"},
		{"[::1]:8443", "[::1]:8443 [::1] mfa.example.com"},
		{"", "mfa.example.com"},
	} {
		if got := strings.Join(hostCandidates(c.sent, []string{"mfa.example.com"}), " "); got != c.want {
			t.Errorf("%q: %s, want %s", c.sent, got, c.want)
		}
	}
	got := strings.Join(publicHosts("https://MFA.example.com:8443", []string{"Old.Example.com"}), " ")
	if got != "mfa.example.com:8443 old.example.com" {
		t.Errorf("public hosts %s", got)
	}
}

func TestDatesAreReadInTheThreeFormsThatClientsSend(t *testing.T) {
	for _, text := range []string{"Tue, 21 Aug 2012 17:29:18 +0000", "Tue, 21 Aug 2012 17:29:18 -0000", "Tue, 21 Aug 2012 17:29:18 GMT"} {
		at, err := parseDate(text)
		if err != nil || at.Unix() != 1345570158 {
			t.Errorf("%s: %v, %v", text, at, err)
		}
	}
	for _, text := range []string{"", "yesterday", "2012-08-21T17:29:18Z", "1345570158"} {
		if at, err := parseDate(text); err == nil {
			t.Errorf("%q is %v", text, at)
		}
	}
}

// Whatever parameters hold, what is signed of them reads back as them.
func FuzzCanonical(f *testing.F) {
	f.Add("username", "zoë o'neil", "x")
	f.Add("a b", "+&=%", "\x00\xff")
	f.Fuzz(func(t *testing.T, name, one, two string) {
		params := url.Values{name: {one, two}}
		back, err := url.ParseQuery(canonical(params))
		if err != nil {
			t.Fatal(err)
		}
		got := back[name]
		if len(got) != 2 || !(got[0] == one && got[1] == two || got[0] == two && got[1] == one) {
			t.Errorf("%q reads back as %q", params, back)
		}
	})
}

// No bytes make a signature, and none end the program.
func FuzzSignature(f *testing.F) {
	f.Add("de9e16f833b57b01404dc16e16edee12f9824ab3")
	f.Add(strings.Repeat("0", 128))
	good := map[string]bool{}
	for _, c := range []string{"de9e16f833b57b01404dc16e16edee12f9824ab3", "02a68c98afe030ae3e72fba34fb40528edc41773"} {
		good[c] = true
	}
	f.Fuzz(func(t *testing.T, signature string) {
		if _, ok := goldenForm().signedBy(goldenSecret, signature); ok {
			if raw, err := hex.DecodeString(signature); err != nil || !good[hex.EncodeToString(raw)] {
				t.Errorf("%q verifies", signature)
			}
		}
	})
}
