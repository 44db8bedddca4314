package noscript_test

import (
	"net/url"
	"strings"
	"testing"
)

const (
	pageID       = "securitysecuritysecuri"
	securityPath = "/security/" + pageID
	pageAPI      = "/v1/security-pages/" + pageID
)

// secured is how a person signs in, with members changed or added.
func secured(members string) string {
	return `{"id":"` + pageID + `","user":"ana@example.com","application":"Northwind <b>Books","server_time":"2026-11-01T10:00:00Z","ends_at":"2026-11-01T10:15:00Z",
	"back_to":"https://books.example.com/in","new_phone_by":["push","totp","recovery_code"],"recovery_wait_hours":24,
	"phones":[{"id":"p1","name":"Ana’s <iPhone>","platform":"ios","added_at":"2026-10-01T08:00:00Z","last_used_at":"2026-10-30T09:30:00Z","reach":"webpush"},
		{"id":"p2","name":"Old Pixel","platform":"later","added_at":"2026-09-01T08:00:00Z","reach":"silent"}],
	"authenticators":[{"id":"a1","added_at":"2026-09-02T08:00:00Z"}],"recovery_codes_left":9,
	"trusted_browsers":[{"id":"b1","name":"","added_at":"2026-10-01T08:00:00Z","ends_at":"2026-11-20T08:00:00Z","idle_ends_at":"2026-11-10T08:00:00Z"},
		{"id":"b2","name":"Firefox","added_at":"2026-10-01T08:00:00Z","ends_at":"2026-11-20T08:00:00Z"}],
	"sign_ins":[{"purpose":"change","action":"Rename the phone","application":"books","at":"2026-10-31T08:00:00Z","state":"approved","method":"push","settled_by":"Old Pixel","browser":"Firefox","location":"Wellington, NZ","ip":"203.0.113.9"},
		{"application":"books","at":"2026-10-30T08:00:00Z","state":"denied","reason":"number_mismatch"}],
	"recoveries":[{"id":"r1","state":"waiting","method":"recovery_code","browser":"Chrome","ip":"198.51.100.7","begun_at":"2026-11-01T09:00:00Z","ready_at":"2026-11-02T09:00:00Z"}]` + members + `}`
}

// backups are an address and answered questions; both can be changed.
const backups = `,"email":"a•••@example.org","email_offered":true,"questions_set":true,"questions_offered":true`

// secures is a browser on its person's security page.
func (w *world) secures() *browser {
	w.t.Helper()
	w.answers("POST "+pageAPI+"/enter", reply{200, `{"token":"` + token + `","ends_at":"2999-01-01T00:00:00Z"}`, ""})
	w.answers("GET "+pageAPI, reply{200, secured(""), ""})
	return w.enters(securityPath)
}

func TestTheSecurityPageShowsWhatThereIs(t *testing.T) {
	w := newWorld(t)
	b := w.secures()
	p := b.open(securityPath)
	p.says(t, "My sign-in security", "Ana’s &lt;iPhone&gt;", "Added on 2026-10-01 · last used 2026-10-30 09:30 UTC · iPhone", "Working",
		"Added on 2026-09-01 · not used yet · Phone", "Silent: it shows a request only once you open it",
		"<bdi>9</bdi> codes are left.", "A browser", "trusted until 2026-11-10", "Stop trusting all of them",
		"books · Rename the phone", "Approved on Old Pixel", "Stopped, wrong number", "Firefox · Wellington, NZ · 203.0.113.9 · 2026-10-31 08:00 UTC",
		"Begun with a recovery code, 2026-11-01 09:00 UTC.", "It can be added from 2026-11-02 09:00 UTC on.", "Stop it",
		`href="https://books.example.com/in"`, "10:15 UTC")
	p.keepsQuiet(t, "<b>", "<iPhone>", token, "<script")
	if p.Header.Get("Refresh") != "" {
		t.Error("the page moves")
	}
	w.answers("GET "+pageAPI, reply{200, `{"user":"ana@example.com","application":"books","back_to":"javascript:alert(1)","ends_at":"2026-11-01T10:15:00Z"}`, ""})
	p = b.open(securityPath)
	p.says(t, "None yet.", "None are left.")
	p.keepsQuiet(t, "javascript:")
	w.answers("GET "+pageAPI, problem(401, "unauthorized", ""))
	b.open(securityPath).says(t, "This page is closed")
	w.answers("GET "+pageAPI, problem(503, "unavailable", ""))
	b.open(securityPath).says(t, "Nothing is lost")
}

func TestAfterAReportNothingIsAddedOrRemoved(t *testing.T) {
	w := newWorld(t)
	b := w.secures()
	if n := strings.Count(b.open(securityPath).body, " disabled>"); n != 0 {
		t.Errorf("%d buttons are off", n)
	}
	w.answers("GET "+pageAPI, reply{200, secured(backups + `,"push_locked":true`), ""})
	p := b.open(securityPath)
	p.says(t, "A request was reported as not you.")
	if n := strings.Count(p.body, " disabled>"); n != 9 {
		t.Errorf("%d buttons are off, want remove and rename twice, an app's removal, an app more, new codes, no address, no questions", n)
	}
	p.keepsQuiet(t, "?new-phone", "?email", "?questions")
}

func TestABackupAddressAndQuestionsAreShownWhereThereAreAny(t *testing.T) {
	w := newWorld(t)
	b := w.secures()
	b.open(securityPath).keepsQuiet(t, "Backup address", "Security questions")
	for members, says := range map[string][]string{
		`,"email_offered":true,"questions_offered":true`:                       {"None. We’d write there when something changes here.</p>", "Add one", "None are answered.", "Answer three"},
		`,"email_offered":true,"email_recovers":true,"questions_offered":true`: {"None. We’d write there", "and it can lead you to a new phone."},
		backups:                               {"<bdi>a•••@example.org</bdi>. We write there", "Use another one", `value="remove_email"`, "Three are answered.", "Answer others", `value="remove_questions"`},
		backups + `,"new_phone_by":["email"]`: {"and it can lead you to a new phone."},
		`,"email":"a•••@example.org","questions_set":true`: {"This server sends no mail at present", `value="remove_email"`, `value="remove_questions"`},
	} {
		w.answers("GET "+pageAPI, reply{200, secured(members), ""})
		p := b.open(securityPath)
		p.says(t, says...)
		if offered := strings.Contains(members, "offered"); strings.Contains(p.body, "?email") != offered || strings.Contains(p.body, "?questions") != offered {
			t.Errorf("%s: the forms are led to, or not: %s", members, p.body)
		}
		if set := strings.Contains(members, `"email"`); strings.Contains(p.body, "remove_email") != set || strings.Contains(p.body, "remove_questions") != set {
			t.Errorf("%s: can be removed, or not", members)
		}
	}
}

func TestABackupAddressIsChangedFromTheSecurityPage(t *testing.T) {
	w := newWorld(t)
	b := w.secures()
	begin, form := "POST "+pageAPI+"/changes", securityPath+"/email"
	b.open(securityPath+"?email").says(t, "Your backup address", "First you confirm it", `href="`+securityPath+`"`)
	b.submit(form, url.Values{"address": {"nobody"}}).says(t, "That doesn’t look like an address for mail.", `value="nobody"`, `aria-invalid="true"`)
	for _, c := range w.asked() {
		if c.what == begin {
			t.Error("no address was sent on")
		}
	}
	for answer, says := range map[reply]string{
		problem(422, "email-refused", ""):  "the mailbox you sign in with",
		problem(403, "not-offered", ""):    "That isn’t offered here any more.",
		problem(403, "person-locked", ""):  "A request was reported as not you.",
		problem(403, "nothing-usable", ""): "To confirm this you need a phone or an authenticator app.",
		problem(500, "internal", ""):       "That didn’t get through.",
	} {
		w.answers(begin, answer)
		b.submit(form, url.Values{"address": {" ana@example.org "}}).says(t, says, `value="ana@example.org"`)
	}
	b.open(securityPath).keepsQuiet(t, "ana@example.org", "That didn’t get through.")

	w.answers(begin, reply{201, `{"approval_id":"x","waiting_url":"` + w.server.URL + waitingPath + "#" + strings.Repeat("C", 43) + `"}`, ""})
	w.asked()
	p := b.submit(form, url.Values{"address": {"ana@example.org"}})
	if calls := w.asked(); calls[0].body != `{"address":"ana@example.org","kind":"set_email","language":"en"}` || p.Request.URL.Path != waitingPath {
		t.Errorf("asked %+v, ended at %s", calls, p.Request.URL)
	}

	out, back := "POST "+pageAPI+"/changes/"+approval+"/carry-out", securityPath+"?approval_id="+approval+"&result_code=r"
	for answer, says := range map[reply]string{
		problem(429, "too-many-emails", ""): "five codes within the hour",
		problem(503, "unavailable", ""):     "The mail couldn’t be sent.",
	} {
		w.answers(out, answer)
		b.open(back).says(t, says)
	}
	w.answers(out, reply{200, `{"kind":"set_email","sent_to":"a•••@example.org"}`, ""})
	p = b.open(back)
	p.says(t, "Check your inbox", "a•••@example.org", "?email")
	b.open(p.Request.URL.RequestURI()).says(t, "a•••@example.org") // again

	confirm := "POST " + pageAPI + "/email/confirm"
	for typed, c := range map[string]struct {
		answer reply
		says   string
	}{
		"12345":   {reply{}, "Type the six digits from the mail."},
		"123457":  {problem(422, "code-wrong", ""), "That code didn’t match."},
		"123 458": {problem(422, "code-expired", ""), "That code isn’t good any more."},
		"123459":  {problem(429, "codes-blocked", ""), "Too many wrong codes."},
	} {
		if c.answer.status != 0 {
			w.answers(confirm, c.answer)
		}
		b.submit(securityPath+"/email/confirm", url.Values{"code": {typed}}).says(t, c.says, "a•••@example.org", "Check your inbox")
	}
	w.answers(confirm, reply{204, "", ""})
	w.asked()
	p = b.submit(securityPath+"/email/confirm", url.Values{"code": {"１２３ ４５６"}})
	p.says(t, "Your backup address is set.")
	if calls := w.asked(); calls[0].body != `{"code":"123456"}` || p.Request.URL.RawQuery != "" {
		t.Errorf("asked %+v, ended at %s", calls, p.Request.URL)
	}
}

func TestQuestionsAreChangedFromTheSecurityPage(t *testing.T) {
	w := newWorld(t)
	b := w.secures()
	begin, form := "POST "+pageAPI+"/changes", securityPath+"/questions"
	p := b.open(securityPath + "?questions")
	p.says(t, "Three questions only you can answer", "Then you confirm them.", "First question")
	answers := url.Values{"question": []string{"first-book", "cuddly-toy", "family-word"}, "answer": {"Bluebell", "Hinterhof", "Rex"}}
	p = b.submit(form, url.Values{"question": {"first-book", "first-book", "family-word"}, "answer": {"Bluebell", "Hinterhof", "Rex"}})
	p.says(t, "This question is chosen twice.")
	p.keepsQuiet(t, "Hinterhof")
	w.answers(begin, problem(400, "invalid-request", ""))
	p = b.submit(form, answers)
	p.says(t, `value="family-word" selected`)
	p.keepsQuiet(t, "Bluebell", "Hinterhof")
	w.answers(begin, reply{201, `{"approval_id":"x","waiting_url":"` + w.server.URL + waitingPath + "#" + strings.Repeat("C", 43) + `"}`, ""})
	w.asked()
	p = b.submit(form, answers)
	want := `{"kind":"set_questions","language":"en","questions":[{"question":"first-book","answer":"Bluebell"},{"question":"cuddly-toy","answer":"Hinterhof"},{"question":"family-word","answer":"Rex"}]}`
	if calls := w.asked(); calls[0].body != want || p.Request.URL.Path != waitingPath {
		t.Errorf("asked %+v, ended at %s", calls, p.Request.URL)
	}
	w.answers("POST "+pageAPI+"/changes/"+approval+"/carry-out", reply{200, `{"kind":"set_questions"}`, ""})
	b.open(securityPath+"?approval_id="+approval+"&result_code=r").says(t, "Your answers are kept.")
}

func TestANewPhoneIsBegunByMail(t *testing.T) {
	w := newWorld(t)
	b := w.secures()
	w.answers("GET "+pageAPI, reply{200, secured(backups), ""})
	b.open(securityPath+"?new-phone").keepsQuiet(t, "With my backup address") // no way to a new phone here
	w.answers("GET "+pageAPI, reply{200, secured(backups + `,"new_phone_by":["push","email"]`), ""})
	b.open(securityPath+"?new-phone").says(t, "With my backup address", "We send a code to a•••@example.org.")
	w.answers("POST "+pageAPI+"/changes", reply{201, `{"approval_id":"x","waiting_url":"` + w.server.URL + waitingPath + "#" + strings.Repeat("C", 43) + `"}`, ""})
	send := "POST /v1/approvals/" + approval + "/recovery/email"
	w.answers(stream, reply{200, lostAll, ""})
	for answer, says := range map[reply]string{
		{204, "", ""}:                       "Code from the mail",
		problem(429, "too-many-emails", ""): "Five codes were sent within the hour.",
	} {
		w.answers(send, answer)
		w.asked()
		p := b.submit(securityPath+"/change", url.Values{"kind": {"add_phone"}, "mail": {"yes"}})
		p.says(t, says)
		sent := 0
		for _, c := range w.asked() {
			if c.what == send && c.token == strings.Repeat("C", 43) {
				sent++
			}
		}
		if sent != 1 || p.Request.URL.Path != waitingPath {
			t.Errorf("%d mails, ended at %s", sent, p.Request.URL)
		}
	}
}

func TestWhatConfirmsANewPhoneIsToldBefore(t *testing.T) {
	w := newWorld(t)
	b := w.secures()
	p := b.open(securityPath + "?new-phone=p2")
	p.says(t, "Which phone does it replace?", `value="p2" checked`, "All of them", "On a phone that I have here", "With a code", "24 hours", "Your phones are told")
	w.answers("GET "+pageAPI, reply{200, `{"new_phone_by":["totp"],"phones":[],"authenticators":[{"id":"a1"}],"ends_at":"2026-11-01T10:15:00Z"}`, ""})
	p = b.open(securityPath + "?new-phone")
	p.says(t, "With a code", "adds the phone at once")
	p.keepsQuiet(t, "On a phone that I have here", "Which phone does it replace?", "All of them", "Your phones are told")
}

func TestWhoeverOnlyLooksAheadCarriesNothingOut(t *testing.T) {
	w := newWorld(t)
	b := w.secures()
	back := securityPath + "?approval_id=" + approval + "&result_code=r"
	w.asked()
	b.once(b.request("HEAD", back, ""))
	if p := b.once(b.request("GET", back, "", "Sec-Purpose", "prefetch")); p.StatusCode < 400 {
		t.Errorf("%s would be kept for the person", p.Status)
	}
	for _, c := range w.asked() {
		if strings.HasPrefix(c.what, "POST") {
			t.Errorf("the API was asked %+v", c)
		}
	}
}

func TestAChangeIsConfirmedOnTheWaitingScreenAndCarriedOutOnce(t *testing.T) {
	w := newWorld(t)
	b := w.secures()
	waiting := w.server.URL + waitingPath + "#" + strings.Repeat("C", 43)
	for _, c := range []struct {
		fields url.Values
		sent   string
	}{
		{url.Values{"kind": {"remove_phone"}, "phone_id": {"p1"}}, `{"kind":"remove_phone","language":"en","phone_id":"p1"}`},
		{url.Values{"kind": {"rename_phone"}, "phone_id": {"p1"}, "name": {" New name "}}, `{"kind":"rename_phone","language":"en","name":"New name","phone_id":"p1"}`},
		{url.Values{"kind": {"remove_authenticator"}, "authenticator_id": {"a1"}}, `{"authenticator_id":"a1","kind":"remove_authenticator","language":"en"}`},
		{url.Values{"kind": {"add_phone"}, "phone_id": {""}}, `{"kind":"add_phone","language":"en"}`},
		{url.Values{"kind": {"add_phone"}, "phone_id": {"all"}}, `{"kind":"replace_phones","language":"en"}`},
		{url.Values{"kind": {"add_phone"}, "phone_id": {"p2"}, "code": {"yes"}}, `{"kind":"replace_phone","language":"en","phone_id":"p2"}`},
	} {
		w.answers("POST "+pageAPI+"/changes", reply{201, `{"approval_id":"x","waiting_url":"` + waiting + `"}`, ""})
		p := b.submit(securityPath+"/change", c.fields)
		calls := w.asked()
		if calls[0].body != c.sent || calls[0].token != token || calls[len(calls)-1].token != strings.Repeat("C", 43) {
			t.Errorf("%v: the API was asked %+v", c.fields, calls)
		}
		if p.Request.URL.Path != waitingPath || p.Request.URL.Query().Has("code") != c.fields.Has("code") {
			t.Errorf("%v: ended at %s", c.fields, p.Request.URL)
		}
	}
	out := "POST " + pageAPI + "/changes/" + approval + "/carry-out"
	back := securityPath + "?approval_id=" + approval + "&result_code=r"
	w.answers(out, reply{200, `{"kind":"remove_phone"}`, ""})
	p := b.open(back)
	p.says(t, "The phone is removed. It no longer answers for you.")
	if calls := w.asked(); calls[0].what != out || calls[0].body != `{"result_code":"r"}` || p.Request.URL.RawQuery != "" {
		t.Errorf("asked %+v, ended at %s", calls, p.Request.URL)
	}
	b.open(securityPath).keepsQuiet(t, "The phone is removed.")
	for answer, says := range map[reply]string{
		problem(403, "fresh-approval-needed", ""): "That confirmation is used up or too old.",
		problem(403, "last-way-in", ""):           "That is your last way in.",
		problem(403, "person-locked", ""):         "A request was reported as not you.",
		problem(500, "internal", ""):              "That didn’t get through.",
	} {
		w.answers(out, answer)
		b.open(back).says(t, says)
	}
	w.asked()
	b.open(securityPath+"?approval_id="+approval).says(t, "It wasn’t confirmed, so nothing was changed.")
	for _, c := range w.asked() {
		if c.what == out {
			t.Error("what was not confirmed was carried out")
		}
	}
}

func TestWhatAChangeLeadsToIsOpenedByItsCookie(t *testing.T) {
	w := newWorld(t)
	b := w.secures()
	out := "POST " + pageAPI + "/changes/" + approval + "/carry-out"
	back := securityPath + "?approval_id=" + approval + "&result_code=r"
	w.answers(out, reply{200, `{"kind":"add_phone","set_up_url":"` + w.server.URL + setUpPath + "#" + strings.Repeat("D", 43) + `"}`, ""})
	p := b.open(back)
	p.says(t, "Add your phone")
	p.keepsQuiet(t, strings.Repeat("D", 43))
	b.open(setUpPath+"?done").says(t, "Back to my sign-in security", `href="`+securityPath+`"`)
	w.answers(readRecovery, reply{200, `{"state":"waiting","server_time":"2026-11-01T10:00:00Z","ready_at":"2026-11-02T10:00:00Z","phones":[]}`, ""})
	w.answers(out, reply{200, `{"kind":"add_phone","recovery_url":"` + w.server.URL + recoveryPath + "#" + strings.Repeat("E", 43) + `"}`, ""})
	b.open(back).says(t, "Your new phone can be added")
	w.answers(out, reply{200, `{"kind":"renew_recovery_codes","codes":["AAAA-BBBB-CCCC-DDDD"]}`, ""})
	p = b.open(back)
	p.says(t, "Your new recovery codes", "<li>AAAA-BBBB-CCCC-DDDD</li>", "Countersign recovery codes for ana@example.com")
	p = b.submit(securityPath+"/codes", url.Values{"code": {"AAAA-BBBB-CCCC-DDDD"}})
	if !strings.Contains(p.body, "ana@example.com") || !strings.Contains(p.body, "AAAA-BBBB-CCCC-DDDD") || p.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("got %q", p.body)
	}
	for _, address := range []string{"https://evil.example" + setUpPath + "#x", w.server.URL + "/nowhere/x#x", w.server.URL + setUpPath, "javascript:alert(1)"} {
		w.answers(out, reply{200, `{"kind":"add_phone","set_up_url":"` + address + `"}`, ""})
		if p := b.once(b.request("GET", back, "")); p.StatusCode != 500 || p.Header.Get("Location") != "" {
			t.Errorf("%s: got %s to %q", address, p.Status, p.Header.Get("Location"))
		}
	}
}

func TestWhatMakesThingsSaferIsDoneAtOnce(t *testing.T) {
	for _, c := range []struct {
		step, id, asked, says string
		answer                reply
	}{
		{"distrust", "b1", "DELETE " + pageAPI + "/trusted-browsers/b1", "That browser will be asked again.", reply{204, "", ""}},
		{"distrust", "", "DELETE " + pageAPI + "/trusted-browsers", "Every browser will be asked again.", reply{204, "", ""}},
		{"stop", "r1", "DELETE " + pageAPI + "/recoveries/r1", "Stopped. No phone was added.", reply{204, "", ""}},
		{"stop", "r1", "DELETE " + pageAPI + "/recoveries/r1", "That isn’t there any more.", problem(404, "nothing-to-change", "")},
		{"stop", "", "", "", reply{}},
		{"distrust", "../x", "", "", reply{}},
	} {
		w := newWorld(t)
		b := w.secures()
		if c.asked != "" {
			w.answers(c.asked, c.answer)
		}
		fields := url.Values{}
		if c.id != "" {
			fields.Set("id", c.id)
		}
		p := b.submit(securityPath+"/"+c.step, fields)
		p.says(t, c.says)
		deleted := ""
		for _, asked := range w.asked() {
			if strings.HasPrefix(asked.what, "DELETE") {
				deleted = asked.what
			}
		}
		if deleted != c.asked {
			t.Errorf("%s %q: asked %q, want %q", c.step, c.id, deleted, c.asked)
		}
	}
}

func TestAPhoneNeedsANameBeforeAnybodyIsAsked(t *testing.T) {
	w := newWorld(t)
	b := w.secures()
	b.submit(securityPath+"/change", url.Values{"kind": {"rename_phone"}, "phone_id": {"p1"}, "name": {"  "}}).says(t, "Give it a name first.")
	for _, c := range w.asked() {
		if strings.HasSuffix(c.what, "/changes") {
			t.Error("a change was begun")
		}
	}
}
