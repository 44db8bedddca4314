package noscript_test

import (
	"net/url"
	"strings"
	"testing"
)

const (
	readSetUp    = "GET /v1/pairings/" + setUp
	readRecovery = "GET /v1/recoveries/" + recovery
)

func atSetUp(name string) string { return "POST /v1/pairings/" + setUp + "/" + name }

func TestEachStateOfASetUpSaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		state   reply
		query   string
		says    []string
		refresh bool
	}{
		{reply{200, opened(`"state":"open","pair_url":"https://example.com/pair#ticket"`), ""}, "", []string{"Add your phone", setUpPath + "/qr", `href="https://example.com/pair#ticket"`, "Use an authenticator app instead"}, true},
		{reply{200, opened(`"state":"open","pair_url":"https://example.com/pair#ticket"`), ""}, "?still", []string{"This page stays as it is."}, false},
		{reply{200, opened(`"state":"open","pair_url":"javascript:alert(1)"`), ""}, "?still", []string{"Add your phone"}, false},
		{reply{200, opened(`"state":"claimed","digits":"482913","phone":{"name":"<b>Ana’s"}`), ""}, "", []string{"Same on your phone?", "482 913", "&lt;b&gt;Ana’s", "Yes, it matches"}, false},
		{reply{200, opened(`"state":"claimed","digits":"482913","phone":{"name":"Ana’s"}`), ""}, "?app", []string{"Same on your phone?"}, false},
		{reply{200, opened(`"state":"active","phone":{"name":"Ana’s"}`), ""}, "", []string{"Ana’s</bdi> is ready", "Send a test request", "Show my recovery codes", "Add an authenticator app too"}, false},
		{reply{200, opened(`"state":"open","authenticator":true`), ""}, "", []string{"Your app is ready", "Show my recovery codes"}, false},
		{reply{200, opened(`"state":"open"`), ""}, "?app", []string{"Add an authenticator app", "Show a new key"}, false},
		{reply{200, opened(`"state":"expired"`), ""}, "?app", []string{"This link has run out"}, false},
		{reply{200, opened(`"state":"refused"`), ""}, "", []string{"That phone was not added"}, false},
		{reply{200, opened(`"state":"active"`), ""}, "?sure", []string{"Finish without codes?", "Show my recovery codes"}, false},
		{reply{200, opened(`"state":"open","pair_url":"https://example.com/pair#ticket"`), ""}, "?sure&still", []string{"Add your phone"}, false},
		{reply{200, opened(`"state":"open"`), ""}, "", []string{"Add an authenticator app", "Show what the app scans"}, false},
		{reply{200, opened(`"state":"active"`), ""}, "?done", []string{"You’re set up"}, false},
		{reply{200, opened(`"state":"levitating"`), ""}, "", []string{"This link has run out"}, false},
		{problem(404, "pairing-not-found", ""), "", []string{"This link doesn’t work"}, false},
		{problem(401, "unauthorized", ""), "", []string{"This link doesn’t work"}, false},
		{problem(503, "unavailable", ""), "", []string{"Nothing is lost"}, true},
	} {
		w := newWorld(t)
		b := w.enters(setUpPath)
		w.answers(readSetUp, c.state)
		p := b.open(setUpPath + c.query)
		p.says(t, c.says...)
		p.keepsQuiet(t, "javascript:", "<b>")
		if got := p.Header.Get("Refresh") != ""; got != c.refresh {
			t.Errorf("%s%s: Refresh %q", c.state.body, c.query, p.Header.Get("Refresh"))
		}
	}
}

func TestASetUpEndsWithTheWayBack(t *testing.T) {
	const back = `,"application":"Northwind <i>Books","back_to":"https://books.example.com/signed-in?tab=1"`
	for _, c := range []struct {
		state, query string
		says, quiet  []string
	}{
		{`"state":"active","signing_in":true` + back, "?done", []string{"You aren’t signed in to <bdi>Northwind &lt;i&gt;Books</bdi> yet.", `href="https://books.example.com/signed-in?tab=1"`, "Back to"}, nil},
		{`"state":"active"` + back, "?done", []string{"That’s all there is to do here.", `id="back-to"`}, []string{"sign in"}},
		{`"state":"expired"` + back, "", []string{"This link has run out", `id="back-to"`}, nil},
		{`"state":"refused"` + back, "", []string{"That phone was not added", `id="back-to"`}, nil},
		{`"state":"active"` + back, "", []string{"is ready"}, []string{`id="back-to"`}},
		{`"state":"active","signing_in":true`, "?done", []string{"Go back to where you were signing in"}, []string{`id="back-to"`}},
		{`"state":"active","application":"x","back_to":"javascript:alert(1)"`, "?done", []string{"Go back to where you were signing in"}, []string{`id="back-to"`, "javascript:"}},
	} {
		w := newWorld(t)
		b := w.enters(setUpPath)
		w.answers(readSetUp, reply{200, opened(c.state), ""})
		p := b.open(setUpPath + c.query)
		p.says(t, c.says...)
		p.keepsQuiet(t, c.quiet...)
	}
}

func TestStepsOfASetUpAndWhatTheyComeTo(t *testing.T) {
	for _, c := range []struct {
		step   string
		fields url.Values
		answer reply
		sent   string
		says   string
	}{
		{"confirm", url.Values{"match": {"yes"}}, reply{200, "{}", ""}, `{"match":true}`, "Add your phone"},
		{"confirm", url.Values{"match": {"no"}}, reply{200, "{}", ""}, `{"match":false}`, "Add your phone"},
		{"confirm", nil, problem(409, "pairing-settled", ""), `{"match":false}`, "This set-up has ended meanwhile. What is set up counts;"},
		{"confirm", url.Values{"match": {"yes"}}, problem(500, "internal", ""), `{"match":true}`, "That didn’t get through."},
		{"try", nil, problem(429, "too-many-pushes", ""), "", "Enough for now."},
		{"try", nil, problem(409, "pairing-settled", ""), "", "This set-up has ended meanwhile. What is set up counts;"},
		{"authenticator", nil, problem(409, "pairing-settled", ""), "", "This set-up has ended meanwhile. What is set up counts;"},
		{"authenticator/confirm", url.Values{"code": {"12 34"}}, reply{}, "", "Type the six digits that your app shows."},
		{"authenticator/confirm", url.Values{"code": {"123 456"}}, problem(422, "code-wrong", ""), `{"code":"123456"}`, "That code didn’t match."},
		{"authenticator/confirm", url.Values{"code": {"123456"}}, problem(422, "code-used", ""), `{"code":"123456"}`, "That code didn’t match."},
		{"authenticator/confirm", url.Values{"code": {"123456"}}, problem(429, "codes-blocked", ""), `{"code":"123456"}`, "Too many wrong codes."},
		{"authenticator/confirm", url.Values{"code": {"123456"}}, problem(503, "unavailable", ""), `{"code":"123456"}`, "That didn’t get through."},
		{"authenticator/confirm", url.Values{"code": {"123456"}}, problem(409, "pairing-settled", ""), `{"code":"123456"}`, "This set-up has ended meanwhile. What is set up counts;"},
		{"authenticator/confirm", url.Values{"code": {"123456"}}, reply{200, "{}", ""}, `{"code":"123456"}`, "Add your phone"},
		{"recovery-codes", nil, problem(409, "pairing-settled", ""), "", "Recovery codes are shown once, within the ten minutes of a set-up."},
		{"recovery-codes", nil, problem(503, "unavailable", ""), "", "That didn’t get through."},
	} {
		w := newWorld(t)
		b := w.enters(setUpPath)
		w.answers(atSetUp(c.step), c.answer)
		p := b.submit(setUpPath+"/"+c.step, c.fields)
		p.says(t, c.says)
		p.keepsQuiet(t, "12345")
		if p.Request.Method != "GET" {
			t.Errorf("%s: a reload would send the form again", c.step)
		}
		sent := ""
		for _, asked := range w.asked() {
			if asked.what == atSetUp(c.step) {
				sent = asked.body
			}
		}
		if sent != c.sent {
			t.Errorf("%s: the API was sent %q, want %q", c.step, sent, c.sent)
		}
	}
}

func TestAKeyAndCodesAreShownOnceInAnswerToTheirForm(t *testing.T) {
	w := newWorld(t)
	b := w.enters(setUpPath)
	w.answers(atSetUp("authenticator"), reply{201, `{"setup_key":"JBSW Y3DP","otpauth_uri":"otpauth://totp/x","qr_svg":"<svg xmlns='http://www.w3.org/2000/svg'/>"}`, ""})
	p := b.submit(setUpPath+"/authenticator", nil)
	p.says(t, "JBSW Y3DP", `src="data:image/svg&#43;xml;base64,`)
	if p.Header.Get("Cache-Control") != "no-store" {
		t.Error("the key may be stored")
	}
	w.answers(atSetUp("recovery-codes"), reply{201, `{"codes":["AAAA-BBBB-CCCC-DDDD","EEEE-FFFF-GGGG-HHHH"]}`, ""})
	p = b.submit(setUpPath+"/recovery-codes", nil)
	p.says(t, "<li>AAAA-BBBB-CCCC-DDDD</li>", "I’ve kept them", "Countersign recovery codes for ana@example.com")
	for _, query := range []string{"", "?app", "?done"} {
		b.open(setUpPath+query).keepsQuiet(t, "JBSW", "AAAA-BBBB")
	}
}

func TestCodesCanBeKeptInAFileAndNothingElse(t *testing.T) {
	w := newWorld(t)
	b := w.enters(setUpPath)
	p := b.submit(setUpPath+"/recovery-codes/file", url.Values{"code": {"AAAA-BBBB-CCCC-DDDD", "EEEE-FFFF-GGGG-HHHH"}})
	want := "Countersign recovery codes for ana@example.com\nEach works once.\n\nAAAA-BBBB-CCCC-DDDD\nEEEE-FFFF-GGGG-HHHH\n"
	if p.body != want || p.Header.Get("Content-Type") != "text/plain; charset=utf-8" || p.Header.Get("Cache-Control") != "no-store" ||
		p.Header.Get("Content-Disposition") != `attachment; filename="countersign-recovery-codes.txt"` {
		t.Errorf("got %q with %v", p.body, p.Header)
	}
	for name, codes := range map[string][]string{
		"none": nil, "no code": {"AAAA-BBBB-CCCC-DDDD", "<script>alert(1)</script>"}, "more lines": {"AAAA-BBBB-CCCC-DDDD\nx"},
		"too many": strings.Fields(strings.Repeat("AAAA-BBBB-CCCC-DDDD ", 11)),
	} {
		if p := b.submit(setUpPath+"/recovery-codes/file", url.Values{"code": codes}); p.StatusCode != 400 || strings.Contains(p.body, "AAAA") {
			t.Errorf("%s: got %s %q", name, p.Status, p.body)
		}
	}
}

func TestThePictureOfTheLinkIsForWhoHoldsTheCookie(t *testing.T) {
	w := newWorld(t)
	b := w.enters(setUpPath)
	w.answers(readSetUp+"/qr", reply{200, "<svg/>", ""})
	p := b.open(setUpPath + "/qr")
	if p.body != "<svg/>" || p.Header.Get("Content-Type") != "image/svg+xml" || p.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %q with %v", p.body, p.Header)
	}
	if p := w.browser().open(setUpPath + "/qr"); p.StatusCode != 404 {
		t.Errorf("a stranger gets %s", p.Status)
	}
	w.answers(readSetUp+"/qr", problem(409, "pairing-settled", ""))
	if p := b.open(setUpPath + "/qr"); p.StatusCode != 404 {
		t.Errorf("a settled one gets %s", p.Status)
	}
}

func TestATestRequestIsFollowedToItsEnd(t *testing.T) {
	w := newWorld(t)
	b := w.enters(setUpPath)
	w.answers(readSetUp, reply{200, opened(`"state":"active","phone":{"name":"Ana’s"}`), ""})
	w.answers(atSetUp("try"), reply{201, `{"id":"` + approval + `","number":"47","waiting_token":"` + strings.Repeat("C", 43) + `"}`, ""})
	p := b.submit(setUpPath+"/try", nil)
	p.says(t, "Enter this number on", `<p class="digits" id="trial-number">47</p>`)
	if got := p.Header.Get("Refresh"); got != "4; url="+setUpPath+"?trial" {
		t.Errorf("got Refresh %q", got)
	}
	p.keepsQuiet(t, strings.Repeat("C", 43))
	for _, c := range w.asked() {
		if c.what == stream && c.token != strings.Repeat("C", 43) {
			t.Errorf("followed with %q", c.token)
		}
	}
	for state, says := range map[string]string{
		settled(`"state":"approved"`): "It works:", settled(`"state":"denied"`): "said no, and that counts", settled(`"state":"expired"`): "No answer came.",
	} {
		w.answers(stream, reply{200, state, ""})
		p := b.open(setUpPath + "?trial")
		p.says(t, says)
		if p.Header.Get("Refresh") != "" {
			t.Errorf("%s: the page moves", says)
		}
	}
}

// recovers is a browser that was led to the way to a new phone.
func (w *world) recovers() *browser {
	w.t.Helper()
	b := w.enters(waitingPath)
	w.answers(step("recovery"), reply{201, `{"id":"` + recovery + `","recovery_token":"` + token + `","ends_at":"2999-01-01T00:00:00Z"}`, ""})
	w.answers(readRecovery, reply{200, `{"state":"ready"}`, ""})
	b.submit(waitingPath+"/recovery", nil)
	w.asked()
	return b
}

func TestEachStateOfARecoverySaysWhatToDo(t *testing.T) {
	const waits = `"state":"waiting","user":"ana@example.com","server_time":"2026-11-01T10:00:00Z","ready_at":"2026-11-02T10:00:00Z"`
	for _, c := range []struct {
		state   reply
		says    []string
		refresh string
	}{
		{reply{200, `{` + waits + `,"phones":[{"id":"p","name":"Ana’s"}],"number":"47"}`, ""}, []string{"in 24 hours", "Ana’s</bdi> was told", "<strong><bdi>47</bdi></strong>", "2026-11-02 10:00", recoveryPath}, "4; url=" + recoveryPath},
		{reply{200, `{` + waits + `,"phones":[]}`, ""}, []string{"in 24 hours", "2026-11-02 10:00"}, "60; url=" + recoveryPath},
		{reply{200, `{"state":"waiting","server_time":"2026-11-01T10:00:00Z","ready_at":"2026-11-01T10:00:20Z","phones":[]}`, ""}, []string{"in a minute"}, "21; url=" + recoveryPath},
		{reply{200, `{"state":"ready","user":"ana@example.com","phones":[{"id":"p1","name":"<b>Ana’s"}]}`, ""}, []string{"Add your new phone", `name="remove" value="p1" checked`, "&lt;b&gt;Ana’s"}, ""},
		{reply{200, `{"state":"refused","refused_by":"Old Pixel"}`, ""}, []string{"This was stopped", "Old Pixel"}, ""},
		{reply{200, `{"state":"refused"}`, ""}, []string{"This was stopped", "by your help desk, or by"}, ""},
		{reply{200, `{"state":"done","application":"Northwind <i>Books","back_to":"https://books.example.com/in"}`, ""}, []string{"Your new phone is added", `href="https://books.example.com/in"`, "Back to <bdi>Northwind &lt;i&gt;Books</bdi>"}, ""},
		{reply{200, `{"state":"expired"}`, ""}, []string{"This took too long"}, ""},
		{reply{200, `{"state":"levitating"}`, ""}, []string{"This page knows no new phone"}, ""},
		{problem(404, "recovery-not-found", ""), []string{"This page knows no new phone"}, ""},
		{problem(503, "unavailable", ""), []string{"Nothing is lost"}, "4; url=" + recoveryPath},
	} {
		w := newWorld(t)
		b := w.recovers()
		w.answers(readRecovery, c.state)
		p := b.open(recoveryPath)
		p.says(t, c.says...)
		p.keepsQuiet(t, "<b>", token)
		if got := p.Header.Get("Refresh"); got != c.refresh {
			t.Errorf("%s: got Refresh %q, want %q", c.state.body, got, c.refresh)
		}
		if got := b.open(recoveryPath + "?still").Header.Get("Refresh"); got != "" && c.state.status == 200 {
			t.Errorf("%s: not to be stopped: %q", c.state.body, got)
		}
	}
}

func TestARecoveryLeadsToItsSetUp(t *testing.T) {
	const open = "POST /v1/recoveries/" + recovery + "/set-up"
	w := newWorld(t)
	b := w.recovers()
	w.answers(open, reply{201, `{"id":"` + setUp + `","set_up_token":"` + strings.Repeat("D", 43) + `","expires_at":"2999-01-01T00:00:00Z"}`, ""})
	p := b.submit(recoveryPath+"/set-up", url.Values{"remove": {"p1", "p2"}})
	p.says(t, "Add your phone")
	c := w.asked()
	if c[0].what != open || c[0].body != `{"remove":["p1","p2"]}` || c[1].what != readSetUp || c[1].token != strings.Repeat("D", 43) {
		t.Errorf("the API was asked %+v", c)
	}
	for kind, says := range map[string]string{
		"recovery-waiting": "", "recovery-over": "", "person-locked": "Your administrator has to look", "internal": "That didn’t get through.",
	} {
		b := w.recovers()
		w.answers(open, problem(409, kind, ""))
		p := b.submit(recoveryPath+"/set-up", nil)
		if p.Request.URL.Path != recoveryPath {
			t.Errorf("%s: ended at %s", kind, p.Request.URL)
		}
		if says != "" {
			p.says(t, says)
		}
		if c := w.asked(); c[0].body != `{"remove":[]}` {
			t.Errorf("%s: the API was sent %s", kind, c[0].body)
		}
	}
}

const further = `"state":"active","phone":{"name":"Ana’s"},"email_offered":true,"questions_offered":true`

func TestWhatMayFollowIsOfferedOnceAndCanBePassedOver(t *testing.T) {
	w := newWorld(t)
	b := w.enters(setUpPath)
	for _, c := range []struct{ state, query, says string }{
		{further, "?done", "A backup address, if you like"},
		{further, "?done=yes", "something changes in how you sign in. Give another mailbox"},
		{further + `,"email_recovers":true`, "?done", "it can also lead you to a new phone"},
		{further, "?done&mailed", "Check your inbox"},
		{further, "?done&no-email", "Three questions only you can answer"},
		{further + `,"email":"a•••@example.org"`, "?done", "Three questions only you can answer"},
		{further, "?done&no-email&no-questions", "You’re set up"},
		{further + `,"email":"a•••@example.org","questions_set":true`, "?done", "You’re set up"},
		{further, "", "is ready"},
	} {
		w.answers(readSetUp, reply{200, opened(c.state), ""})
		p := b.open(setUpPath + c.query)
		p.says(t, c.says)
		if p.Header.Get("Refresh") != "" {
			t.Errorf("%s: the page moves", c.query)
		}
	}
	w.answers(readSetUp, reply{200, opened(further), ""})
	b.open(setUpPath+"?done").says(t, setUpPath+"?done&amp;no-email")
	b.open(setUpPath+"?done&no-email").says(t, setUpPath+"?done&amp;no-email&amp;no-questions")
}

func TestABackupAddressIsProvedByTheCodeThatIsSentThere(t *testing.T) {
	w := newWorld(t)
	b := w.enters(setUpPath)
	w.answers(readSetUp, reply{200, opened(further), ""})
	for _, c := range []struct {
		step, field, typed string
		answer             reply
		sent, says         string
	}{
		{"email?done", "address", "nobody", reply{}, "", "That doesn’t look like an address for mail."},
		{"email?done", "address", " ana@example.org ", problem(422, "email-refused", ""), `{"address":"ana@example.org","language":"en"}`, "That’s the mailbox you sign in with."},
		{"email?done", "address", "ana@example.org", problem(429, "too-many-emails", ""), `{"address":"ana@example.org","language":"en"}`, "Use the newest one"},
		{"email?done", "address", "ana@example.org", problem(503, "unavailable", ""), `{"address":"ana@example.org","language":"en"}`, "The mail couldn’t be sent."},
		{"email?done", "address", "ana@example.org", problem(409, "pairing-settled", ""), `{"address":"ana@example.org","language":"en"}`, "The ten minutes of this set-up are over."},
		{"email?done", "address", "ana@example.org", reply{202, `{"sent_to":"a•••@example.org"}`, ""}, `{"address":"ana@example.org","language":"en"}`, "We’ve sent it to <bdi>a•••@example.org</bdi>."},
		{"email/confirm?done&mailed", "code", "1234", reply{}, "", "Type the six digits from the mail."},
		{"email/confirm?done&mailed", "code", "123 456", problem(422, "code-wrong", ""), `{"code":"123456"}`, "Take the one from the newest mail."},
		{"email/confirm?done&mailed", "code", "123456", problem(422, "code-expired", ""), `{"code":"123456"}`, "Have another one sent."},
	} {
		path, _, _ := strings.Cut(c.step, "?")
		w.answers(atSetUp(path), c.answer)
		p := b.submit(setUpPath+"/"+c.step, url.Values{c.field: {c.typed}})
		p.says(t, c.says)
		p.keepsQuiet(t, "123456")
		sent := ""
		for _, asked := range w.asked() {
			if asked.what == atSetUp(path) {
				sent = asked.body
			}
		}
		if sent != c.sent {
			t.Errorf("%s %q: the API was sent %q, want %q", c.step, c.typed, sent, c.sent)
		}
		if kept := strings.Contains(p.body, `value="`+strings.TrimSpace(c.typed)+`"`); c.field == "address" && c.answer.status != 202 && !kept {
			t.Errorf("%q has to be typed again", c.typed)
		}
	}
	w.answers(atSetUp("email/confirm"), reply{200, "{}", ""})
	w.answers(readSetUp, reply{200, opened(further + `,"email":"a•••@example.org"`), ""})
	b.submit(setUpPath+"/email/confirm?done&mailed", url.Values{"code": {"123456"}}).says(t, "Three questions only you can answer")
}

func TestAnswersAreLookedAtBeforeTheyAreSentAndNeverShownAgain(t *testing.T) {
	const put = "PUT /v1/pairings/" + setUp + "/questions"
	chosen := []string{"first-book", "cuddly-toy", "family-word"}
	for _, c := range []struct {
		questions, answers []string
		answer             reply
		says               string
		at                 string
	}{
		{[]string{"first-book", "", "family-word"}, []string{"Momo", "Zottel", "Schnurps"}, reply{}, "Choose a question here first.", `id="question-1" name="question" aria-describedby="refused"`},
		{[]string{"first-book", "which?", "family-word"}, []string{"Momo", "Zottel", "Schnurps"}, reply{}, "Choose a question here first.", `id="question-1"`},
		{[]string{"first-book", "first-book", "family-word"}, []string{"Momo", "Zottel", "Schnurps"}, reply{}, "This question is chosen twice.", `id="question-1" name="question" aria-describedby="refused"`},
		{chosen, []string{"Momo", "Zottel", " x "}, reply{}, "An answer has 3 to 64 letters and digits.", `aria-describedby="refused"`},
		{chosen, []string{"Momo", "Zottel", "zot-tel!"}, reply{}, "You’ve given this answer before.", `aria-describedby="refused"`},
		{nil, nil, reply{}, "Choose a question here first.", `id="question-0" name="question" aria-describedby="refused"`},
		{chosen, []string{"Momo", "Zottel", "Schnurps"}, problem(422, "invalid-request", ""), "One of these is easy to guess", ""},
		{chosen, []string{"Momo", "Zottel", "Schnurps"}, problem(500, "internal", ""), "That didn’t get through.", ""},
	} {
		w := newWorld(t)
		b := w.enters(setUpPath)
		w.answers(readSetUp, reply{200, opened(further), ""})
		w.answers(put, c.answer)
		p := b.submit(setUpPath+"/questions?done&no-email", url.Values{"question": c.questions, "answer": c.answers})
		p.says(t, c.says, c.at)
		p.keepsQuiet(t, "Momo", "Zottel", "Schnurps", "which?")
		if len(c.questions) > 0 {
			p.says(t, `<option value="first-book" selected>`)
		}
		sent := false
		for _, asked := range w.asked() {
			sent = sent || asked.what == put
		}
		if sent != (c.answer.status != 0) {
			t.Errorf("%v: sent: %v", c.answers, sent)
		}
	}
	w := newWorld(t)
	b := w.enters(setUpPath)
	w.answers(readSetUp, reply{200, opened(further + `,"questions_set":true`), ""})
	p := b.submit(setUpPath+"/questions?done&no-email", url.Values{"question": chosen, "answer": {"Momo", "Zottel", "Schnurps"}})
	p.says(t, "You’re set up")
	if c := w.asked(); c[0].what != put || c[0].body != `{"questions":[{"question":"first-book","answer":"Momo"},{"question":"cuddly-toy","answer":"Zottel"},{"question":"family-word","answer":"Schnurps"}]}` {
		t.Errorf("the API was asked %+v", c)
	}
}
