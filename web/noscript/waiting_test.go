package noscript_test

import (
	"net/url"
	"strings"
	"testing"
)

const stream = "GET /v1/approvals/" + approval + "/stream"

func step(name string) string { return "POST /v1/approvals/" + approval + "/" + name }

func TestTheWaitingScreenAsksTheAPIInTheNameOfItsBrowser(t *testing.T) {
	w := newWorld(t)
	b := w.enters(waitingPath)
	p := b.open(waitingPath, "X-Forwarded-For", "198.51.100.7")
	p.says(t, "Check your phone", `<p class="number" id="number">47</p>`, "Northwind &lt;b&gt;Books", "45</bdi> seconds left", "ana@example.com")
	c := w.asked()
	if len(c) != 1 || c[0].what != stream || c[0].token != token || c[0].forwarded != "198.51.100.7" || !strings.HasPrefix(c[0].remote, "127.0.0.1:") {
		t.Errorf("the API was asked %+v", c)
	}
}

// A form of another site, or of none that the browser names, does nothing.
func TestAFormThatIsNotOurOwnDoesNothing(t *testing.T) {
	w := newWorld(t)
	b := w.enters(waitingPath)
	for name, headers := range map[string][]string{
		"cross-site":                         {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		"same-site":                          {"Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:1"},
		"an older browser, from another":     {"Origin", "https://evil.example"},
		"an older browser, from a sandbox":   {"Origin", "null"},
		"an older browser, another port":     {"Origin", "http://127.0.0.1:1"},
		"cross-site that claims our address": {"Sec-Fetch-Site", "cross-site", "Origin", "http://" + strings.TrimPrefix(w.server.URL, "http://") + ".evil.example"},
	} {
		for _, path := range []string{waitingPath + "/cancel", waitingPath + "/code", setUpPath + "/confirm", recoveryPath + "/set-up"} {
			if p := b.once(b.request("POST", path, "code=123456&match=yes", headers...)); p.StatusCode != 403 {
				t.Errorf("%s: %s: got %s", name, path, p.Status)
			}
		}
	}
	if c := w.asked(); len(c) != 0 {
		t.Errorf("the API was asked %+v", c)
	}
	for name, headers := range map[string][]string{
		"today's browser": {"Sec-Fetch-Site", "same-origin", "Origin", w.server.URL},
		"an older one":    {"Origin", w.server.URL},
		"a text browser":  nil,
	} {
		if p := b.once(b.request("POST", waitingPath+"/cancel", "", headers...)); p.StatusCode != 303 {
			t.Errorf("%s: got %s", name, p.Status)
		}
	}
	for _, c := range w.asked() {
		if c.origin != "" {
			t.Errorf("the browser's Origin went on: %+v", c)
		}
	}
}

func TestAFormWithoutTheCookieDoesNothing(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{waitingPath, setUpPath, recoveryPath} {
		step := map[string]string{waitingPath: "/cancel", setUpPath: "/try", recoveryPath: "/set-up"}[path]
		if p := w.browser().submit(path+step, nil); p.Request.URL.Path != path || !strings.Contains(p.body, "This browser runs no scripts") {
			t.Errorf("%s: got %s", path, p.Request.URL)
		}
	}
	if c := w.asked(); len(c) != 0 {
		t.Errorf("the API was asked %+v", c)
	}
}

func TestAFormIsBounded(t *testing.T) {
	w := newWorld(t)
	b := w.enters(waitingPath)
	if p := b.submit(waitingPath+"/code", url.Values{"code": {strings.Repeat("1", 20_000)}}); p.StatusCode != 400 {
		t.Errorf("got %s", p.Status)
	}
	if c := w.asked(); len(c) != 0 {
		t.Errorf("the API was asked %+v", c)
	}
}

func TestACodeThatIsNotTakenIsExplainedBesideItsField(t *testing.T) {
	for _, c := range []struct {
		typed  string
		answer reply
		sent   string // "" where the API is not asked
		says   string
	}{
		{"", reply{}, "", "Type the code first."},
		{" - ", reply{}, "", "Type the code first."},
		{"12345", reply{}, "", "A code from an app has six digits"},
		{"<script>", reply{}, "", "A code from an app has six digits"},
		{"000 000", problem(422, "code-wrong", `,"code_attempts_left":4`), "000000", "That code didn’t match. Take the newest one from your app. 4 tries left."},
		{"１２３４５６", problem(422, "code-used", `,"code_attempts_left":1`), "123456", "That code has been used. Wait for the next one. One try left."},
		{"aaaa-bbbb-cccc-dddd", problem(422, "code-wrong", `,"code_attempts_left":3`), "AAAABBBBCCCCDDDD", "That recovery code didn’t match. Look for one that you haven’t used. 3 tries left."},
		{"123456", problem(422, "code-kind-refused", `,"code_attempts_left":3`), "123456", "Northwind &lt;b&gt;Books doesn’t take that kind of code. 3 tries left."},
		{"123456", reply{429, `{"type":"urn:countersign:problem:codes-blocked"}`, "840"}, "123456", "You can try again in 14 minutes, or approve on your phone."},
		{"123456", problem(429, "too-many-requests", ""), "123456", "Too many tries at once."},
		{"123456", problem(503, "unavailable", ""), "123456", "That didn’t get through. Type the code once more."},
		{"123456", reply{500, "a proxy’s page", ""}, "123456", "That didn’t get through. Type the code once more."},
	} {
		w := newWorld(t)
		b := w.enters(waitingPath)
		w.answers(step("code"), c.answer)
		p := b.submit(waitingPath+"/code?code", url.Values{"code": {c.typed}})
		p.says(t, c.says, `aria-invalid="true"`, `aria-describedby="typed-hint refused"`)
		helps := strings.Contains(c.says, "newest one from your app") || strings.Contains(c.says, "Wait for the next one")
		if spoken := strings.Contains(p.body, "The next code comes in"); spoken != helps {
			t.Errorf("%q, %q: when the next code comes is said: %v", c.typed, c.says, spoken)
		}
		if p.Request.Method != "GET" || p.Request.URL.String() != w.server.URL+waitingPath+"?code" {
			t.Errorf("%q: ended at %s %s", c.typed, p.Request.Method, p.Request.URL)
		}
		if c.typed != "" && strings.Contains(p.body, `value="`) {
			t.Errorf("%q: what was typed is on the page", c.typed)
		}
		if p.Header.Get("Refresh") != "" {
			t.Errorf("%q: the page moves while a code is typed", c.typed)
		}
		sent := ""
		for _, asked := range w.asked() {
			if asked.what == step("code") {
				sent = asked.body
			}
		}
		if want := `{"code":"` + c.sent + `"}`; sent != want && (c.sent != "" || sent != "") {
			t.Errorf("%q: the API was sent %s, want %s", c.typed, sent, want)
		}
		b.open(waitingPath).keepsQuiet(t, c.says)
		b.open(waitingPath+"?code").keepsQuiet(t, c.says)
	}
}

func TestWhatAStepCameToIsSaid(t *testing.T) {
	for _, c := range []struct {
		step   string
		answer reply
		says   string
	}{
		{"resend", reply{200, "{}", ""}, "Sent again."},
		{"resend", problem(429, "too-many-pushes", ""), "We’ve sent many requests"},
		{"resend", problem(503, "unavailable", ""), "That didn’t get through."},
		{"extend", reply{200, "{}", ""}, "You have more time now."},
		{"extend", problem(409, "no-more-time", ""), ""},
		{"extend", problem(500, "internal", ""), "That didn’t get through."},
		{"cancel", reply{200, "{}", ""}, ""},
		{"cancel", problem(409, "approval-settled", ""), ""},
		{"cancel", problem(503, "unavailable", ""), "leave this page: the request ends by itself."},
		{"disown", reply{200, "{}", ""}, ""},
		{"disown", problem(500, "internal", ""), "approve nothing on your phone."},
		{"recovery", problem(403, "fresh-approval-needed", ""), "can’t add a phone any more"},
		{"recovery", problem(403, "person-locked", ""), "Your administrator has to look"},
		{"recovery", problem(429, "too-many-requests", ""), "That didn’t get through."},
	} {
		w := newWorld(t)
		b := w.enters(waitingPath)
		w.answers(step(c.step), c.answer)
		p := b.submit(waitingPath+"/"+c.step+"?still", nil)
		if c.says == "" {
			p.keepsQuiet(t, `id="notice"`)
		} else {
			p.says(t, `id="notice"`, c.says)
		}
		if asked := w.asked(); asked[0].what != step(c.step) || asked[0].token != token {
			t.Errorf("%s: the API was asked %+v", c.step, asked[0])
		}
	}
}

func TestOnlyAPageThatWaitsMovesAndItCanBeStopped(t *testing.T) {
	w := newWorld(t)
	b := w.enters(waitingPath)
	for query, want := range map[string]string{
		"": "4; url=" + waitingPath, "?still": "", "?code": "", "?no-phone": "", "?code&recovery": "",
	} {
		if got := b.open(waitingPath + query).Header.Get("Refresh"); got != want {
			t.Errorf("%q: got Refresh %q, want %q", query, got, want)
		}
	}
	b.open(waitingPath).says(t, "This page looks for your answer by itself.", waitingPath+"?still")
	b.open(waitingPath+"?still").says(t, "This page stays as it is.", "Look now", "Let it look by itself")
	w.answers(stream, reply{200, settled(`"state":"denied","reason":"user"`), ""})
	if got := b.open(waitingPath).Header.Get("Refresh"); got != "" {
		t.Errorf("an end moves: %q", got)
	}
}

func TestOnlyApprovalSendsTheBrowserAnywhere(t *testing.T) {
	const back = "https://books.example.com/in?approval_id=a&result_code=r"
	for name, c := range map[string]struct{ state, refresh, says string }{
		"approved":        {`"state":"approved","return_to":"` + back + `"`, "1; url=" + back, "Taking you back to"},
		"a script's URL":  {`"state":"approved","return_to":"javascript:alert(1)"`, "", "You can go back to"},
		"data":            {`"state":"approved","return_to":"data:text/html,x"`, "", "You can go back to"},
		"denied":          {`"state":"denied","reason":"user","return_to":"` + back + `"`, "", "Try again"},
		"trust to choose": {`"state":"approved","trust_days":30,"return_to":"` + back + `"`, "", "Trust this browser for"},
	} {
		w := newWorld(t)
		b := w.enters(waitingPath)
		w.answers(stream, reply{200, settled(c.state), ""})
		p := b.open(waitingPath)
		if got := p.Header.Get("Refresh"); got != c.refresh {
			t.Errorf("%s: got Refresh %q, want %q", name, got, c.refresh)
		}
		p.says(t, c.says)
		p.keepsQuiet(t, `href="javascript:`, `href="data:`)
	}
}

func TestTrustIsToldBeforeTheBrowserGoes(t *testing.T) {
	w := newWorld(t)
	b := w.enters(waitingPath)
	const back = "https://books.example.com/in?approval_id=a&result_code=r"
	w.answers(stream, reply{200, settled(`"state":"approved","trust_days":30,"return_to":"` + back + `"`), ""})
	w.answers(step("trust"), problem(403, "fresh-approval-needed", ""))
	p := b.submit(waitingPath+"/trust", nil)
	if got := p.Header.Get("Refresh"); got != "1; url="+back || strings.Contains(p.body, "Trust this browser") {
		t.Errorf("got Refresh %q", got)
	}
	if asked := w.asked(); asked[0].what != step("trust") {
		t.Errorf("the API was asked %+v", asked)
	}
}

func TestWhoHasNoPhoneIsOfferedANewOneAfterACode(t *testing.T) {
	w := newWorld(t)
	b := w.enters(waitingPath)
	const back = "https://books.example.com/in?approval_id=a"
	approved := reply{200, settled(`"state":"approved","method":"totp","return_to":"` + back + `"`), ""}
	w.answers(stream, approved)
	b.open(waitingPath).keepsQuiet(t, "Set up my new phone")
	w.answers(stream, reply{200, asking, ""})
	b.open(waitingPath+"?no-phone").says(t, "Phone lost or broken?")
	w.answers(step("code"), approved)
	w.answers(stream, approved)
	p := b.submit(waitingPath+"/code?no-phone", url.Values{"code": {"123456"}})
	p.says(t, "Set up my new phone", "Continue to")
	if p.Header.Get("Refresh") != "" {
		t.Error("the browser goes on by itself")
	}
	w.answers(step("recovery"), reply{201, `{"id":"` + recovery + `","recovery_token":"` + token + `","ends_at":"2999-01-01T00:00:00Z"}`, ""})
	w.answers("GET /v1/recoveries/"+recovery, reply{200, `{"state":"ready","user":"ana@example.com","phones":[]}`, ""})
	p = b.submit(waitingPath+"/recovery", nil)
	p.says(t, "Add your new phone")
	if p.Request.URL.Path != recoveryPath {
		t.Errorf("ended at %s", p.Request.URL)
	}
}

func TestStartingAgainWithACodeIsRememberedForTheNextSignIn(t *testing.T) {
	w := newWorld(t)
	b := w.enters(waitingPath)
	const back = "https://books.example.com/in?approval_id=a"
	w.answers(stream, reply{200, settled(`"state":"expired","return_to":"` + back + `"`), ""})
	b.open(waitingPath).says(t, waitingPath+"?code-first")
	if p := b.open(waitingPath + "?code-first"); p.StatusCode != 303 || p.Header.Get("Location") != back {
		t.Errorf("got %s to %q", p.Status, p.Header.Get("Location"))
	}
	next := "/waiting/x" + approval[1:]
	w.answers("POST /v1"+strings.Replace(next, "waiting", "approvals", 1)+"/enter", reply{200, `{"token":"` + token + `","ends_at":"2999-01-01T00:00:00Z"}`, ""})
	w.answers("GET /v1"+strings.Replace(next, "waiting", "approvals", 1)+"/stream", reply{200, asking, ""})
	if p := b.open(next + "/enter/" + entry); p.Request.URL.RawQuery != "code" {
		t.Errorf("ended at %s", p.Request.URL)
	}
}

func TestAServerThatCannotAnswerIsAskedAgain(t *testing.T) {
	w := newWorld(t)
	b := w.enters(waitingPath)
	w.answers(stream, problem(503, "unavailable", ""))
	p := b.open(waitingPath + "?still")
	if p.StatusCode != 503 || p.Header.Get("Refresh") != "4; url="+waitingPath+"?still" {
		t.Errorf("got %s, Refresh %q", p.Status, p.Header.Get("Refresh"))
	}
	p.says(t, "Nothing is lost")
	w.answers(stream, problem(401, "unauthorized", ""))
	p = b.open(waitingPath)
	p.says(t, "This sign-in is over", "Close this page and sign in")
}

func TestAPageSpeaksTheLanguageOfItsBrowser(t *testing.T) {
	w := newWorld(t)
	b := w.enters(waitingPath)
	p := b.open(waitingPath, "Accept-Language", "fr-CA")
	p.says(t, `<html lang="fr"`)
	if got := p.Header.Values("Vary"); len(got) == 0 || got[len(got)-1] != "Accept-Language" || p.Header.Get("Content-Language") != "fr" {
		t.Errorf("got Vary %v, Content-Language %q", got, p.Header.Get("Content-Language"))
	}
}

// lostAll is a sign-in of somebody who may come to a new phone by mail or answers.
var lostAll = strings.Replace(asking, `"may_extend"`, `"recovery_offers":["totp","email","questions"],"email_hint":"a•••@example.org","may_extend"`, 1)

func TestWhoHasNoCodeEitherIsOfferedWhatElseLeadsToANewPhone(t *testing.T) {
	w := newWorld(t)
	b := w.enters(waitingPath)
	b.open(waitingPath+"?no-phone").keepsQuiet(t, "way-email", "way-questions")
	w.answers(stream, reply{200, lostAll, ""})
	b.open(waitingPath).keepsQuiet(t, "way-email", "way-questions")
	b.open(waitingPath+"?no-phone").says(t, "Send a code to <bdi>a•••@example.org</bdi>", "Answer my security questions", "Your help desk can give you a link")
	// Where codes are not taken, these still lead on.
	w.answers(stream, reply{200, strings.Replace(lostAll, `["push","totp","recovery_code"]`, `["push"]`, 1), ""})
	b.open(waitingPath+"?no-phone").says(t, "way-email", "takes nothing but an approval on a phone")
}

func TestACodeByMailAndAnswersLeadToANewPhone(t *testing.T) {
	begun := reply{201, `{"id":"` + recovery + `","recovery_token":"` + token + `","ends_at":"2999-01-01T00:00:00Z"}`, ""}
	w := newWorld(t)
	b := w.enters(waitingPath)
	w.answers(stream, reply{200, lostAll, ""})
	w.answers(readRecovery, reply{200, `{"state":"ready","user":"ana@example.com","phones":[]}`, ""})
	w.answers(step("recovery/email"), reply{202, "", ""})
	w.answers(step("recovery/email/confirm"), begun)
	w.answers("GET /v1/approvals/"+approval+"/recovery/questions", reply{200, `{"questions":["first-book","cuddly-toy","family-word"]}`, ""})
	w.answers(step("recovery/questions"), begun)

	p := b.submit(waitingPath+"/recovery/email", nil)
	p.says(t, "Check your inbox", "a•••@example.org", "Code from the mail")
	if p.Header.Get("Refresh") != "" {
		t.Error("the page moves while a code is typed")
	}
	b.submit(waitingPath+"/recovery/email?email", nil).says(t, "Sent again.")
	w.asked()
	p = b.submit(waitingPath+"/recovery/email/confirm?email", url.Values{"code": {"482 913"}})
	if c := w.asked(); p.Request.URL.Path != recoveryPath || c[0].body != `{"code":"482913"}` || c[0].token != token {
		t.Errorf("ended at %s after %+v", p.Request.URL, c)
	}

	p = b.open(waitingPath + "?questions")
	p.says(t, "Answer two of three", `name="answer"`)
	p.keepsQuiet(t, "first-book")
	w.asked()
	p = b.submit(waitingPath+"/recovery/questions?questions", url.Values{"answer": {"Momo", "", "Zottel"}})
	if c := w.asked(); p.Request.URL.Path != recoveryPath || c[0].body != `{"answers":["Momo","","Zottel"]}` {
		t.Errorf("ended at %s after %+v", p.Request.URL, c)
	}
}

func TestWhyAWayToANewPhoneIsClosedIsSaid(t *testing.T) {
	for _, c := range []struct {
		step   string
		fields url.Values
		answer reply
		says   string
	}{
		{"email", nil, problem(429, "too-many-emails", ""), "Five codes were sent within the hour."},
		{"email", nil, problem(403, "not-offered", ""), "This way isn’t open to you any more."},
		{"email/confirm", url.Values{"code": {"12345"}}, reply{}, "Type the six digits from the mail."},
		{"email/confirm", url.Values{"code": {"1234567"}}, reply{}, "Type the six digits from the mail."},
		{"email/confirm", url.Values{"code": {"123456"}}, problem(422, "code-wrong", ""), "Take the one from the newest mail."},
		{"email/confirm", url.Values{"code": {"123456"}}, problem(422, "code-expired", ""), "Have another one sent."},
		{"email/confirm", url.Values{"code": {"123456"}}, reply{429, `{"type":"urn:countersign:problem:codes-blocked"}`, "840"}, "You can try again in <bdi>14</bdi> minutes."},
		{"email/confirm", url.Values{"code": {"123456"}}, problem(409, "approval-settled", ""), "This sign-in has run out."},
		{"email/confirm", url.Values{"code": {"123456"}}, problem(500, "internal", ""), "That didn’t get through."},
		{"questions", url.Values{"answer": {"Momo", " ", ""}}, reply{}, "Answer at least two of them."},
		{"questions", url.Values{"answer": {"a", "b", "c", "d"}}, reply{}, "Answer at least two of them."},
		{"questions", url.Values{"answer": {"Momo", "Zottel", ""}}, problem(422, "answers-wrong", ""), "Too few of these are right."},
		{"questions", url.Values{"answer": {"Momo", "Zottel", ""}}, problem(403, "person-locked", ""), "Your administrator has to look"},
	} {
		w := newWorld(t)
		b := w.enters(waitingPath)
		w.answers(stream, reply{200, lostAll, ""})
		w.answers("GET /v1/approvals/"+approval+"/recovery/questions", reply{200, `{"questions":["first-book","cuddly-toy","family-word"]}`, ""})
		w.answers(step("recovery/"+c.step), c.answer)
		place, _, _ := strings.Cut(c.step, "/")
		p := b.submit(waitingPath+"/recovery/"+c.step+"?"+place, c.fields)
		p.says(t, `id="refused"`)
		if text := strings.NewReplacer("<bdi>", "", "</bdi>", "").Replace(p.body); !strings.Contains(text, strings.NewReplacer("<bdi>", "", "</bdi>", "").Replace(c.says)) {
			t.Errorf("%s: the page does not say %q:\n%s", c.step, c.says, p.body)
		}
		p.keepsQuiet(t, "Momo", "Zottel", "123456")
		b.open(waitingPath+"?no-phone").keepsQuiet(t, `id="refused"`)
	}
}

func TestAStepStaysWhenTheSignInRunsOutAndGivesWayToAnAnswer(t *testing.T) {
	w := newWorld(t)
	b := w.enters(waitingPath)
	w.answers(stream, reply{200, settled(`"state":"expired","recovery_offers":["email"],"email_hint":"a•••@example.org"`), ""})
	b.open(waitingPath+"?email").says(t, "Check your inbox")
	b.open(waitingPath+"?questions").says(t, "That took too long") // not offered
	w.answers(stream, reply{200, settled(`"state":"denied","reason":"user","recovery_offers":["email"]`), ""})
	b.open(waitingPath+"?email").says(t, "Sign-in refused")
	w.answers(stream, reply{200, settled(`"state":"withdrawn","reason":"recovery"`), ""})
	b.open(waitingPath).says(t, "You’re on the way to a new phone")
}

func TestAChangeIsConfirmedInItsOwnWords(t *testing.T) {
	w := newWorld(t)
	b := w.enters(waitingPath)
	change := `"purpose":"change","action":"Remove the phone <Old>",`
	w.answers(stream, reply{200, strings.Replace(asking, `"state"`, change+`"state"`, 1), ""})
	p := b.open(waitingPath)
	p.says(t, "to confirm: <bdi>Remove the phone &lt;Old&gt;</bdi>.", "to be confirmed by <bdi>ana@example.com</bdi>")
	p.keepsQuiet(t, "to sign in to")
	b.open(waitingPath+"?code").says(t, `id="send">Confirm</button>`)
	w.answers(stream, reply{200, settled(change + `"state":"approved","return_to":"https://books.example.com/in"`), ""})
	b.open(waitingPath).says(t, "Confirmed", "Back to my sign-in security")
}
