package duo

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"countersign/approvals"
	"countersign/enrolments"

	"github.com/google/go-cmp/cmp"
)

func TestWhatAClientSaysIsShownAsFacts(t *testing.T) {
	ana := enrolments.Enrolment{Person: enrolments.Person{User: "ana"}}
	for name, c := range map[string]struct {
		params url.Values
		want   approvals.Context
	}{
		"pam_duo": {
			url.Values{"ipaddr": {"192.0.2.9"}, "hostname": {"web1"}, "pushinfo": {"Server+IP=10.0.0.1&Command=ls+-l"}},
			approvals.Context{IP: "192.0.2.9", Reference: "Host: web1 · Server IP: 10.0.0.1 · Command: ls -l"},
		},
		"pam_duo without a route": {
			url.Values{"ipaddr": {"0.0.0.0"}, "pushinfo": {"Server+IP=(null)&Command="}},
			approvals.Context{IP: "0.0.0.0"},
		},
		"an address that is not encoded": { // an & within falls apart, and no more
			url.Values{"pushinfo": {"target%20url=https://a.example.com/?x=1&y=2"}},
			approvals.Context{Reference: "target url: https://a.example.com/?x=1 · y: 2"},
		},
		"a type and another name": {
			url.Values{"type": {"Example Login request"}, "display_username": {"Ana B."}},
			approvals.Context{Action: "Example Login request", Reference: "As: Ana B."},
		},
		"the same name": {url.Values{"display_username": {"ana"}}, approvals.Context{}},
		"a forged fact": {
			url.Values{"pushinfo": {"Command=ls+·+Server+IP:+10.0.0.1%0aApprove%1b[2J%e2%80%ae"}},
			approvals.Context{Reference: "Command: ls Server IP: 10.0.0.1 Approve [2J"},
		},
		"an address that is none": {url.Values{"ipaddr": {"::1%\u202eevil"}}, approvals.Context{}},
		"nonsense":                {url.Values{"pushinfo": {"&&=x&%zz=%zz&y"}}, approvals.Context{Reference: "%zz: %zz"}},
	} {
		if diff := cmp.Diff(c.want, contextOf(&call{params: c.params}, ana)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Whatever a client sends, what is made of it can be shown: a sign-in never
// fails by its decoration.
func FuzzReference(f *testing.F) {
	f.Add("Server+IP=10.0.0.1&Command=ls", "web1", "Ana", "Login")
	f.Add(strings.Repeat("a=b&", 5000), "\xff\u202e", "·", "\x00")
	f.Fuzz(func(t *testing.T, info, host, user, kind string) {
		c := &call{params: url.Values{"pushinfo": {info}, "hostname": {host}, "display_username": {user}, "type": {kind}}}
		shown := contextOf(c, enrolments.Enrolment{})
		for _, text := range []string{shown.Reference, shown.Action} {
			if _, err := enrolments.ParseText("it", text, enrolments.MaxText); err != nil || utf8.RuneCountInString(text) > maxReference {
				t.Errorf("%q: %v", text, err)
			}
		}
	})
}
