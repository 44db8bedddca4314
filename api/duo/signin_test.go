package duo_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"countersign/enrolments"
)

// menuOf is what a preauth of version 1 offers.
func (w *world) menuOf(user string) (prompt string, factors map[string]string) {
	w.t.Helper()
	var reply struct {
		Result, Prompt string
		Factors        map[string]string
	}
	w.ok(json.Unmarshal(w.v1("/rest/v1/preauth", url.Values{"user": {user}}).Response, &reply))
	return reply.Prompt, reply.Factors
}

func TestTheMenuShowsTheNumberOfItsOption(t *testing.T) {
	w := newWorld(t, enrolments.IntegrationPolicy{OldSignatures: "an old client"})
	ana := w.phone("ana")
	prompt, factors := w.menuOf("ana")
	if factors["default"] != "push1" || !strings.HasPrefix(factors["1"], "push1-") {
		t.Fatalf("factors %v", factors)
	}
	result := soon(func() sent {
		return w.v1("/rest/v1/auth", url.Values{"user": {"ana"}, "factor": {"auto"}, "auto": {factors["1"]}, "async": {"0"}})
	})
	r := ana.asked()
	if n := ana.number(r); n == "" || !strings.Contains(prompt, "enter "+n+" there") {
		t.Errorf("the number is %q, the menu:\n%s", n, prompt)
	}
	ana.approves(r)
	if got := wait(t, result); got.member("result") != "allow" {
		t.Errorf("%s", got.raw)
	}
	// The same token again finds the same approval, and no second push.
	again := w.v1("/rest/v1/auth", url.Values{"user": {"ana"}, "factor": {"auto"}, "auto": {factors["1"]}, "async": {"0"}})
	if again.member("result") != "allow" {
		t.Errorf("again: %s", again.raw)
	}
	ana.dark()
}

func TestATicketIsOfNoUseToAnotherPerson(t *testing.T) {
	w := newWorld(t, enrolments.IntegrationPolicy{OldSignatures: "an old client"}, func(p *enrolments.Policy) { p.NumberDigits = 6 })
	w.phone("ana")
	ben := w.phone("ben")
	prompt, factors := w.menuOf("ana")
	w.v1("/rest/v1/auth", url.Values{"user": {"ben"}, "factor": {"auto"}, "auto": {factors["1"]}, "async": {"1"}})
	if n := ben.number(ben.asked()); strings.Contains(prompt, n) {
		t.Errorf("the menu of one person shows the number %s of another", n)
	}
}

func TestWithoutAPlaceForANumberNobodyIsPushedUnlessThePolicySaysSo(t *testing.T) {
	v1 := func(more ...string) url.Values {
		params := url.Values{"user": {"ana"}, "factor": {"auto"}, "auto": {"push1"}, "async": {"0"}}
		for i := 0; i < len(more); i += 2 {
			params.Set(more[i], more[i+1])
		}
		return params
	}
	v2 := func(more ...string) url.Values {
		params := url.Values{"username": {"ana"}, "factor": {"push"}, "device": {"auto"}}
		for i := 0; i < len(more); i += 2 {
			params.Set(more[i], more[i+1])
		}
		return params
	}
	for name, c := range map[string]struct {
		path    string
		params  url.Values
		strict  string // what happens: push with a number, without, or none
		blindly string
	}{
		"version 1 waits":                 {"/rest/v1/auth", v1(), "none", "without"},
		"version 1 polls":                 {"/rest/v1/auth", v1("async", "1"), "with", "with"},
		"version 2 waits":                 {"/auth/v2/auth", v2(), "none", "without"},
		"version 2 polls":                 {"/auth/v2/auth", v2("async", "1"), "with", "without"},
		"version 2 waits, a forged menu":  {"/auth/v2/auth", v2("factor", "prompt", "prompt", "push1-AAAAAAAAAAAAAAAA"), "none", "without"},
		"version 2 polls, from its menu":  {"/auth/v2/auth", v2("factor", "prompt", "prompt", "push1", "async", "1"), "with", "with"},
		"version 2 waits, with auto":      {"/auth/v2/auth", v2("factor", "auto"), "none", "without"},
		"version 1 waits, with a factor":  {"/rest/v1/auth", v1("factor", "push", "phone", "phone1"), "none", "without"},
		"version 1 polls, with no option": {"/rest/v1/auth", v1("auto", "push", "async", "1"), "with", "with"},
	} {
		for policy, want := range map[string]string{"": c.strict, "the client waits": c.blindly} {
			t.Run(name+"/"+want, func(t *testing.T) {
				w := newWorld(t, enrolments.IntegrationPolicy{OldSignatures: "an old client", PushWithoutNumber: policy})
				ana := w.phone("ana")
				result := soon(func() sent { return w.v2(c.path, c.params) })
				if want == "none" {
					got := wait(t, result)
					if got.member("result") != "deny" || !strings.Contains(got.raw, "passcode") {
						t.Errorf("%s", got.raw)
					}
					ana.dark()
					return
				}
				r := ana.asked()
				if (r.NumberDigits == 2) != (want == "with") || (r.NumberDigits == 0) != (want == "without") {
					t.Errorf("the phone asks for %d digits", r.NumberDigits)
				}
				ana.approves(r)
				got := wait(t, result)
				if txid := got.member("txid"); txid != "" {
					got = w.call(w.Integration, http.MethodGet, map[bool]string{true: "/rest/v1/status", false: "/auth/v2/auth_status"}[strings.HasPrefix(c.path, "/rest")], w.date(), url.Values{"txid": {txid}})
				}
				if got.member("result") != "allow" {
					t.Errorf("%s", got.raw)
				}
			})
		}
	}
}

func TestAVerifiedPushIsOfTheNumberThatWasShown(t *testing.T) {
	w := newWorld(t, enrolments.IntegrationPolicy{})
	ana := w.phone("ana")
	pre := w.v2("/auth/v2/preauth", url.Values{"username": {"ana"}, "client_supports_verified_push": {"1"}})
	ana.dark() // until it is asked for, there is nothing to be woken for
	txid, number := pre.member("txid"), pre.member("verification_code")
	if txid == "" || len(number) != 2 || !strings.Contains(pre.raw, `"expiration":1`) {
		t.Fatalf("%s", pre.raw)
	}
	result := soon(func() sent {
		return w.v2("/auth/v2/auth", url.Values{"username": {"ana"}, "factor": {"push"}, "device": {"auto"}, "txid": {txid}})
	})
	r := ana.asked()
	if ana.number(r) != number {
		t.Errorf("the phone asks for %s, the client showed %s", ana.number(r), number)
	}
	ana.approves(r)
	if got := wait(t, result); got.member("result") != "allow" {
		t.Errorf("%s", got.raw)
	}
	if got := w.v2("/auth/v2/auth", url.Values{"username": {"ana"}, "factor": {"push"}, "device": {"auto"}, "txid": {"no ticket"}}); got.Code != 40002 {
		t.Errorf("%s", got.raw)
	}
}

func TestTheTextPromptOfVersion2(t *testing.T) {
	w := newWorld(t, enrolments.IntegrationPolicy{})
	ana := w.phone("ana")
	var pre struct {
		Result string
		Prompt struct {
			Text    string
			Factors map[string]string
		}
	}
	w.ok(json.Unmarshal(w.v2("/auth/v2/preauth", url.Values{"username": {"ana"}, "text_prompt": {"1"}, "failmode": {"closed"}}).Response, &pre))
	if pre.Result != "auth" || pre.Prompt.Factors["default"] != "push1" || pre.Prompt.Text == "" {
		t.Fatalf("%+v", pre)
	}
	digits := ana.code()
	got := w.v2("/auth/v2/auth", url.Values{"username": {"ana"}, "factor": {"prompt"}, "prompt": {digits}, "async": {"0"}})
	if got.member("result") != "allow" {
		t.Errorf("a passcode in the prompt: %s", got.raw)
	}
}

func TestAPollIsHeldUntilThereIsNews(t *testing.T) {
	w := newWorld(t, both)
	ana := w.phone("ana")
	txid := w.v1("/rest/v1/auth", url.Values{"user": {"ana"}, "factor": {"auto"}, "auto": {"push1"}, "async": {"1"}}).member("txid")
	poll := func() sent {
		return w.call(w.Integration, http.MethodGet, "/rest/v1/status", w.date(), url.Values{"txid": {txid}})
	}
	first := poll()
	r := ana.asked()
	if first.member("result") != "" || !strings.Contains(first.member("status"), "Enter "+ana.number(r)+" there") {
		t.Errorf("the first poll: %s", first.raw)
	}
	second := soon(poll)
	select {
	case got := <-second:
		t.Fatalf("a poll without news was answered: %s", got.raw)
	case <-time.After(50 * time.Millisecond): // no proof, but a poll that is not held is quicker
	}
	w.ok(ana.Seen(t.Context(), ana.account.ID, r.ID))
	if got := wait(t, second); got.member("result") != "" || !strings.Contains(got.member("status"), "open on your phone") {
		t.Errorf("seen: %s", got.raw)
	}
	third := soon(poll)
	ana.denies(r)
	if got := wait(t, third); got.member("result") != "deny" {
		t.Errorf("denied: %s", got.raw)
	}
}

func TestWhenTheServerStopsAPollIsAnswered(t *testing.T) {
	w := newWorld(t, both)
	ana := w.phone("ana")
	txid := w.v2("/auth/v2/auth", url.Values{"username": {"ana"}, "factor": {"push"}, "device": {"auto"}, "async": {"1"}}).member("txid")
	ana.asked()
	poll := func() sent {
		return w.call(w.Integration, http.MethodGet, "/auth/v2/auth_status", w.date(), url.Values{"txid": {txid}})
	}
	poll()
	second := soon(poll)
	w.duo.Stop()
	if got := wait(t, second); got.member("result") != "waiting" {
		t.Errorf("%s", got.raw)
	}
}

// A client that hears nothing sends the same bytes again.
func TestTheSameRequestAgainIsOneSignIn(t *testing.T) {
	w := newWorld(t, both)
	ana := w.phone("ana")
	params, date := url.Values{"username": {"ana"}, "factor": {"push"}, "device": {"auto"}}, w.date()
	send := func() sent { return w.call(w.Integration, http.MethodPost, "/auth/v2/auth", date, params) }
	one, two := soon(send), soon(send)
	r := ana.asked()
	ana.approves(r)
	for _, got := range []sent{wait(t, one), wait(t, two), send()} {
		if got.member("result") != "allow" {
			t.Errorf("%s", got.raw)
		}
	}
	ana.dark()
	if n := strings.Count(w.trail(), "approval.requested"); n != 1 {
		t.Errorf("%d sign-ins:\n%s", n, w.trail())
	}
	// Four minutes later it is still the same, and nobody is woken for it.
	w.clock.move(4 * time.Minute)
	send()
	ana.dark()
	w.clock.move(4 * time.Minute)
	if got := send(); got.Code != 40105 {
		t.Errorf("after eight minutes: %s", got.raw)
	}
}

// Clients that sign no date send the same bytes for every login alike.
func TestWithoutADateOnlyWhatIsPendingIsTheSame(t *testing.T) {
	w := newWorld(t, both)
	ana := w.phone("ana")
	send := func() (txid string) {
		return w.v1("/rest/v1/auth", url.Values{"user": {"ana"}, "factor": {"auto"}, "auto": {"push1"}, "async": {"1"}}).member("txid")
	}
	before := ""
	for round := range 3 { // as the three prompts of a login
		txid := send()
		if again := send(); txid == "" || again != txid || txid == before {
			t.Errorf("round %d: %q, then %q; the round before %q", round, txid, again, before)
		}
		ana.denies(ana.asked())
		before = txid
	}
}

func TestAClumsyPersonIsNotLockedOutAndABombingEnds(t *testing.T) {
	w := newWorld(t, both)
	ana := w.phone("ana")
	push := func(host string) sent {
		return w.v2("/auth/v2/auth", url.Values{"username": {"ana"}, "factor": {"push"}, "device": {"auto"}, "hostname": {host}})
	}
	for n := range 9 { // three logins of three prompts
		result := soon(func() sent { return push(string(rune('a' + n))) })
		ana.denies(ana.asked())
		wait(t, result)
	}
	held := 0
	for n := range 30 {
		got := w.v2("/auth/v2/auth", url.Values{"username": {"ana"}, "factor": {"push"}, "device": {"auto"}, "async": {"1"}, "hostname": {string(rune('A' + n))}})
		if strings.HasPrefix(got.member("txid"), "refused-held") {
			held++
		}
	}
	if held != 27 { // 12 in all
		t.Errorf("%d of 30 were held back, want 27", held)
	}
	if got := push("z"); got.member("result") != "deny" || got.member("status") != "locked_out" || !strings.Contains(got.member("status_msg"), "passcode") {
		t.Errorf("%s", got.raw)
	}
	digits := ana.code()
	if got := w.v2("/auth/v2/auth", url.Values{"username": {"ana"}, "factor": {"passcode"}, "passcode": {digits}}); got.member("result") != "allow" {
		t.Errorf("the honest way: %s", got.raw)
	}
}

func TestPasscodes(t *testing.T) {
	w := newWorld(t, both)
	ana := w.phone("ana")
	try := func(typed string) sent {
		return w.v1("/rest/v1/auth", url.Values{"user": {"ana"}, "factor": {"passcode"}, "code": {typed}, "async": {"0"}})
	}
	good := ana.code()
	wrong := "000000"
	if good == wrong {
		wrong = "000001"
	}
	if got := try(wrong); got.member("result") != "deny" || !strings.Contains(got.member("status"), "Incorrect") {
		t.Errorf("wrong: %s", got.raw)
	}
	if got := try(good); got.member("result") != "allow" {
		t.Errorf("right: %s", got.raw)
	}
	if got := try(good); got.member("result") != "deny" || !strings.Contains(got.member("status"), "used before") {
		t.Errorf("again: %s", got.raw)
	}
	for n := range 12 {
		last := try(wrong + string(rune('0' + n%10))[:0])
		if n == 11 && !strings.Contains(last.member("status"), "Too many wrong") {
			t.Errorf("after twelve: %s", last.raw)
		}
	}
	ana.dark()
}

func TestAReportEndsPushesAndIsFraudToTheClient(t *testing.T) {
	w := newWorld(t, both)
	ana := w.phone("ana")
	push := func() sent {
		return w.v2("/auth/v2/auth", url.Values{"username": {"ana"}, "factor": {"push"}, "device": {"auto"}})
	}
	result := soon(push)
	_, err := ana.Report(t.Context(), ana.account.ID, ana.asked())
	w.ok(err)
	if got := wait(t, result); got.member("result") != "deny" || got.member("status") != "fraud" {
		t.Errorf("%s", got.raw)
	}
	var pre struct {
		Result  string
		Devices []struct{ Capabilities []string }
	}
	w.ok(json.Unmarshal(w.v2("/auth/v2/preauth", url.Values{"username": {"ana"}}).Response, &pre))
	if pre.Result != "auth" || len(pre.Devices) != 1 || strings.Join(pre.Devices[0].Capabilities, " ") != "mobile_otp" {
		t.Errorf("%+v", pre)
	}
	if got := w.v2("/auth/v2/auth", url.Values{"username": {"ana"}, "factor": {"auto"}, "device": {"auto"}}); got.member("status") != "locked_out" {
		t.Errorf("%s", got.raw)
	}
	if prompt, factors := w.menuOf("ana"); factors["default"] != "passcode" || len(factors) != 1 || strings.Contains(prompt, "enter") {
		t.Errorf("%v\n%s", factors, prompt)
	}
}

func TestNamesMeanWhoThePolicySays(t *testing.T) {
	w := newWorld(t, enrolments.IntegrationPolicy{OldSignatures: "x", Domains: []string{"CORP"}}, func(p *enrolments.Policy) { p.FirstSignIn = false })
	w.phone("ana")
	w.ok(w.people.AddAlias(t.Context(), w.app.ID, "root", "ana"))
	for name, want := range map[string]string{
		"ana": "auth", "root": "auth", `CORP\ana`: "auth", "ana@corp": "auth",
		"Ana": "deny", `OTHER\ana`: "deny", "ana@example.com": "deny",
	} {
		if got := w.v2("/auth/v2/preauth", url.Values{"username": {name}}); got.member("result") != want {
			t.Errorf("%s: %s", name, got.raw)
		}
	}
}

func TestASignInThatNobodyAnswersTimesOut(t *testing.T) {
	w := newWorld(t, both)
	ana := w.phone("ana")
	txid := w.v2("/auth/v2/auth", url.Values{"username": {"ana"}, "factor": {"push"}, "device": {"auto"}, "async": {"1"}}).member("txid")
	ana.asked()
	w.clock.move(2 * time.Minute)
	got := w.call(w.Integration, http.MethodGet, "/auth/v2/auth_status", w.date(), url.Values{"txid": {txid}})
	if got.member("result") != "deny" || got.member("status") != "timeout" {
		t.Errorf("%s", got.raw)
	}
}
