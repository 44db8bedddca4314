package enrolments_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/enrolments"
)

func TestEveryValueOfAPolicyIsSetAsItIsShown(t *testing.T) {
	tried := map[string]string{
		"approval_seconds": "300", "methods": "push,recovery_code", "number_digits": "6", "number_tries": "3",
		"code_tries": "10", "resends": "0", "push_limit": "1", "push_window_seconds": "3600",
		"require_verification": "true", "first_sign_in": "false", "optional_roles": "member,read-only_2",
		"required_from": "2026-12-01", "grace_days": "90", "recovery_wait_hours": "0", "trusted_browser_days": "90",
		"trusted_browser_idle_hours": "2160", "recovery_paths": "totp,questions", "administrator_roles": "none",
	}
	for key, value := range tried {
		p := enrolments.DefaultPolicy()
		before := shown(p)
		if err := p.Set(key, value); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		want := shown(enrolments.DefaultPolicy())
		if want[key] == value {
			t.Fatalf("%s: %s is its default, which shows nothing", key, value)
		}
		want[key] = value
		if diff := cmp.Diff(want, shown(p)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
		if err := p.Check(); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		if err := p.Set(key, "default"); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		if diff := cmp.Diff(before, shown(p)); diff != "" {
			t.Errorf("%s set back (-want +got):\n%s", key, diff)
		}
		delete(before, key)
	}
	if all := len(shown(enrolments.DefaultPolicy())); all != len(tried) {
		t.Errorf("%d values, %d of them are tried here", all, len(tried))
	}
}

func shown(p enrolments.Policy) map[string]string {
	out := map[string]string{}
	for _, s := range p.Settings() {
		out[s.Key] = s.Value
	}
	return out
}

func TestAValueOutOfBoundsIsRefusedInWords(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"moonlight", "1", "policy show"},
		{"number_digits", "7", "2 to 6"},
		{"number_digits", "two", "2 to 6"},
		{"number_digits", "", "2 to 6"},
		{"approval_seconds", "30.5", "30 to 300"},
		{"recovery_wait_hours", "169", "0 to 168"},
		{"trusted_browser_days", "91", "0 to 90"},
		{"trusted_browser_idle_hours", "2161", "0 to 2160"},
		{"grace_days", "91", "0 to 90"},
		{"grace_days", "-1", "0 to 90"},
		{"first_sign_in", "yes", "true or false"},
		{"methods", "none", "neither push nor totp"},
		{"methods", "recovery_code", "neither push nor totp"},
		{"methods", "push,carrier-pigeon", "each once"},
		{"methods", "push, totp", "each once"},
		{"recovery_paths", "push", "totp, recovery_code, email and questions"},
		{"recovery_paths", "totp, email", "each once"},
		{"administrator_roles", "Owner", "a-z"},
		{"administrator_roles", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", "administrator_roles has 17 names"},
		{"optional_roles", "Owner", "a-z"},
		{"optional_roles", "member,,x", "a-z"},
		{"optional_roles", strings.Repeat("a", 33), "a-z"},
		{"optional_roles", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", "at most 16"},
		{"optional_roles", strings.Repeat("a", 1025), "longer"},
		{"required_from", "1.12.2026", "2026-12-01"},
		{"required_from", "2026-13-01", "2026-12-01"},
		{"required_from", "9999-01-01", "2026-12-01"},
	} {
		p := enrolments.DefaultPolicy()
		err := p.Set(c.key, c.value)
		if !errors.Is(err, enrolments.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s=%s: got %v, want %q", c.key, c.value, err, c.want)
		}
	}
}

func TestWhoNeedsASecondFactorAndFromWhen(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 12, n, 0, 0, 0, 0, time.UTC) }
	policy := func(from int, grace int) enrolments.Policy {
		p := enrolments.DefaultPolicy()
		p.OptionalRoles, p.GraceDays = []string{"member"}, grace
		if from > 0 {
			p.RequiredFrom = day(from)
		}
		return p
	}
	for name, c := range map[string]struct {
		policy     enrolments.Policy
		role       string
		since, now time.Time
		want       bool
	}{
		"always, seen this moment":                   {policy(0, 0), "owner", day(1), day(1), true},
		"always, by a clock that is behind":          {policy(0, 0), "owner", day(2), day(1), true},
		"an optional role":                           {policy(0, 0), "member", day(1), day(9), false},
		"a role in other letters":                    {policy(0, 0), "Member", day(1), day(9), true},
		"a role that nobody has heard of":            {policy(0, 0), "moon", day(1), day(9), true},
		"no role":                                    {policy(0, 0), "", day(1), day(9), true},
		"before the day":                             {policy(5, 0), "owner", day(1), day(5).Add(-time.Microsecond), false},
		"on the day":                                 {policy(5, 0), "owner", day(1), day(5), true},
		"within the grace after the day":             {policy(5, 7), "owner", day(1), day(12).Add(-time.Microsecond), false},
		"when the grace ends":                        {policy(5, 7), "owner", day(1), day(12), true},
		"seen later, within a grace of their own":    {policy(5, 7), "owner", day(10), day(17).Add(-time.Microsecond), false},
		"seen later, when their own grace ends":      {policy(5, 7), "owner", day(10), day(17), true},
		"no day, within a grace of their own":        {policy(0, 3), "owner", day(10), day(12), false},
		"no day, when their own grace ends":          {policy(0, 3), "owner", day(10), day(13), true},
		"an optional role, long after everybody had": {policy(5, 7), "member", day(1), day(31), false},
	} {
		if got := c.policy.Requires(c.role, c.since, c.now); got != c.want {
			t.Errorf("%s: required %v, want %v", name, got, c.want)
		}
	}
}

func TestWhatLeadsToANewPhoneAndAfterHowLong(t *testing.T) {
	const hour, never = time.Hour, time.Duration(-1)
	all := enrolments.RecoveryPaths()
	for name, c := range map[string]struct {
		hours  int
		admins []string
		role   string
		// waits after a code of an authenticator, a recovery code, a code by mail
		// and answers.
		want [4]time.Duration
	}{
		"a member":                            {24, []string{"owner"}, "member", [4]time.Duration{0, 24 * hour, 24 * hour, 24 * hour}},
		"a member, without a wait":            {0, []string{"owner"}, "member", [4]time.Duration{0, 0, 0, 24 * hour}},
		"a member, with a long one":           {72, []string{"owner"}, "member", [4]time.Duration{0, 72 * hour, 72 * hour, 72 * hour}},
		"an administrator":                    {24, []string{"owner"}, "owner", [4]time.Duration{0, 24 * hour, 24 * hour, never}},
		"an administrator, without a wait":    {0, []string{"admin", "owner"}, "owner", [4]time.Duration{0, 0, 24 * hour, never}},
		"an administrator, with a long one":   {72, []string{"owner"}, "owner", [4]time.Duration{0, 72 * hour, 72 * hour, never}},
		"no role":                             {0, []string{"owner"}, "", [4]time.Duration{0, 0, 24 * hour, never}},
		"no role, where nobody administrates": {0, nil, "", [4]time.Duration{0, 0, 0, 24 * hour}},
		"a role that nobody has heard of":     {1, []string{"owner"}, "moon", [4]time.Duration{0, hour, hour, 24 * hour}},
	} {
		p := enrolments.DefaultPolicy()
		p.RecoveryPaths, p.RecoveryWait, p.AdministratorRoles = all, time.Duration(c.hours)*hour, c.admins
		for i, m := range all {
			got, ok := p.RecoveryAfter(m, c.role)
			if !ok {
				got = never
			}
			if got != c.want[i] {
				t.Errorf("%s, by %s: %v, want %v", name, m, got, c.want[i])
			}
			less := p
			less.RecoveryPaths = slices.DeleteFunc(slices.Clone(all), func(left enrolments.Method) bool { return left == m })
			if _, ok := less.RecoveryAfter(m, c.role); ok {
				t.Errorf("%s: %s leads there although the policy leaves it out", name, m)
			}
		}
		if _, ok := p.RecoveryAfter(enrolments.MethodPush, c.role); ok {
			t.Errorf("%s: push leads there", name)
		}
	}
	if p := enrolments.DefaultPolicy(); slices.Contains(p.RecoveryPaths, enrolments.MethodQuestions) {
		t.Error("questions are on by default")
	}
}

// The page for administrators is this table, so it cannot differ from it.
func TestThePolicyPageIsTheTable(t *testing.T) {
	page, err := os.ReadFile("../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := "| key | takes | default | what it does | why the default |\n|---|---|---|---|---|\n"
	for _, s := range enrolments.DefaultPolicy().Settings() {
		rows += fmt.Sprintf("| `%s` | %s | `%s` | %s | %s |\n", s.Key, s.Takes, s.Default, s.Does, s.Why)
	}
	if !strings.Contains(string(page), "\n"+rows+"\n") {
		t.Errorf("docs/policy.md does not hold this table as it is:\n%s", rows)
	}
}
