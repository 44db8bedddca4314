package noscript_test

import (
	"net/url"
	"strings"
	"testing"
)

const (
	noticeID   = "noticenoticenoticenoti"
	stopPath   = "/stop/" + noticeID
	readNotice = "GET /v1/notices/" + noticeID
	stopNotice = "POST /v1/notices/" + noticeID + "/stop"
)

// told is a notice as members say.
func told(members string) string {
	return `{"id":"` + noticeID + `","event":"phone.paired","detail":"Eve’s <phone>","user":"ana@example.com","application":"Northwind Books",
		"at":"2026-11-01T10:00:00Z","where":"Chrome on Windows",` + members + `}`
}

// pastes is a browser that was let in by an address that was pasted.
func (w *world) pastes(path string) *browser {
	w.t.Helper()
	b := w.browser()
	b.submit(path, url.Values{"address": {"#" + token}})
	w.asked()
	return b
}

func TestEachStateOfANoticeSaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		state reply
		says  []string
	}{
		{reply{200, told(`"state":"open"`), ""}, []string{"A phone was added", "Eve’s &lt;phone&gt;", "Signing in to", "2026-11-01 10:00 UTC", "This wasn’t me – stop it"}},
		{reply{200, strings.Replace(told(`"state":"open"`), "phone.paired", "email.set", 1), ""}, []string{"A backup address was set", "<dt>Address</dt>"}},
		{reply{200, strings.Replace(told(`"state":"open"`), "phone.paired", "of.later", 1), ""}, []string{"Your sign-in security changed"}},
		{reply{200, told(`"state":"stopped","stopped":{"at":"2026-11-02T08:30:00Z","recoveries":1,"set_ups":2,"trusted_browsers":0}`), ""}, []string{"It is stopped", "One new phone", "<bdi>2</bdi> set-ups", "2026-11-02 08:30 UTC", "Tell your administrator"}},
		{reply{200, told(`"state":"over"`), ""}, []string{"seven days have passed", "A phone was added"}},
		{reply{200, told(`"state":"levitating"`), ""}, []string{"This link doesn’t work"}},
		{problem(401, "unauthorized", ""), []string{"This link doesn’t work"}},
		{problem(503, "unavailable", ""), []string{"Look now"}},
	} {
		w := newWorld(t)
		w.answers(readNotice, reply{200, told(`"state":"open"`), ""})
		b := w.pastes(stopPath)
		w.answers(readNotice, c.state)
		p := b.open(stopPath)
		p.says(t, c.says...)
		p.keepsQuiet(t, "<phone>", token)
		if stops := strings.Contains(p.body, `action="`+stopPath+`/stop"`); stops != strings.Contains(c.state.body, `"open"`) {
			t.Errorf("%s: can be stopped: %v", c.state.body, stops)
		}
		for _, asked := range w.asked() {
			if asked.what == stopNotice {
				t.Error("opening the page has stopped something")
			}
		}
	}
}

func TestTheWordThatItWasNotMeStopsAndSaysWhereItDidNot(t *testing.T) {
	for _, c := range []struct {
		answer reply
		says   string
	}{
		{reply{200, "{}", ""}, ""}, {problem(409, "notice-over", ""), ""}, {problem(401, "unauthorized", ""), ""},
		{problem(503, "unavailable", ""), "nothing was stopped yet"}, {problem(500, "internal", ""), "nothing was stopped yet"},
	} {
		w := newWorld(t)
		w.answers(readNotice, reply{200, told(`"state":"open"`), ""})
		b := w.pastes(stopPath)
		w.answers(stopNotice, c.answer)
		p := b.submit(stopPath+"/stop", nil)
		if asked := w.asked(); asked[0].what != stopNotice || asked[0].token != token {
			t.Errorf("the API was asked %+v", asked)
		}
		if c.says == "" {
			p.keepsQuiet(t, `id="trouble"`)
		} else {
			p.says(t, c.says)
		}
	}
}
