package api_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"countersign/enrolments"
	"countersign/mobile-stub/phone"
)

// told is a post that hands letters to whoever waits for them.
type told struct{ letters chan enrolments.Letter }

// newTold has room for all letters of one test.
func newTold() *told { return &told{make(chan enrolments.Letter, 10_000)} }

func (b *told) Send(_ context.Context, l enrolments.Letter) error {
	select {
	case b.letters <- l:
	default:
	}
	return nil
}

// noticed is a notice as its letter brings it.
type noticed struct{ id, token string }

// notice waits for the letter of an event.
func (w *world) notice(event enrolments.EventKind) noticed {
	w.t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case l := <-w.told.letters:
			if l.Event != event {
				continue
			}
			id, token, ok := strings.Cut(strings.TrimPrefix(l.StopURL, w.url+"/stop/"), "#")
			if !ok {
				w.t.Fatalf("the link is %q", l.StopURL)
			}
			return noticed{id, token}
		case <-late:
			w.t.Fatalf("nobody was told of %s", event)
		}
	}
}

func TestALetterLeadsToWhatHappenedAndStopsItOnce(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	r := w.begin(l.byTOTP())
	opened := w.want(w.setUp(r, `[]`), 201)
	n := w.notice(enrolments.EventRecoveryUsed)
	at := "/v1/notices/" + n.id
	for range 3 { // a scanner of mail opens every link
		got := w.want(w.with(n.token, "GET", at, ""), 200)
		if got.member("state") != "open" || got.member("event") != "recovery.used" || got.member("user") != person || got.member("application") != "Northwind Books" {
			t.Fatalf("got %s", got.body)
		}
	}
	if state := w.stands(r); state.member("state") != "ready" {
		t.Fatalf("a look has stopped it: %s", state.body)
	}
	stopped := w.want(w.with(n.token, "POST", at+"/stop", ""), 200)
	if stopped.member("state") != "stopped" || stopped.member("stopped.recoveries") != "1" || stopped.member("stopped.set_ups") != "2" {
		t.Errorf("got %s", stopped.body)
	}
	if again := w.want(w.with(n.token, "POST", at+"/stop", ""), 200); again.body != stopped.body {
		t.Errorf("again: got %s", again.body)
	}
	if state := w.stands(r); state.member("state") != "refused" {
		t.Errorf("the recovery is %s", state.body)
	}
	if p := w.want(w.with(opened.member("set_up_token"), "GET", "/v1/pairings/"+opened.member("id"), ""), 200); p.member("state") != "refused" {
		t.Errorf("the set-up is %s", p.body)
	}
	if next := w.want(w.app("POST", "/v1/approvals", `{"user":"`+person+`"}`), 201).member("next"); next != "code_only" {
		t.Errorf("phones are asked still: %s", next)
	}
	if !strings.Contains(w.log.String(), "a change was reported as not the person's own") {
		t.Error("nobody is told in the log")
	}
}

func TestWhoMayNotReadOrStopANotice(t *testing.T) {
	w := newWorld(t)
	w.loser(person)
	n := w.notice(enrolments.EventPhonePaired)
	other := w.notice(enrolments.EventCodesIssued)
	for name, c := range map[string]struct{ id, token string }{
		"another's token": {n.id, other.token}, "no token of a notice": {n.id, w.key},
		"no such notice": {enrolments.NewID[string](), n.token}, "no id": {"x", n.token},
	} {
		for _, call := range []struct{ method, more string }{{"GET", ""}, {"POST", "/stop"}} {
			r := w.with(c.token, call.method, "/v1/notices/"+c.id+call.more, "")
			w.refused(r, 401, "unauthorized")
			if strings.Contains(r.body, person) {
				t.Errorf("%s: it says %s", name, r.body)
			}
		}
	}
	at := "/v1/notices/" + n.id
	w.refused(w.with(n.token, "POST", at+"/stop", "", "Origin", "https://books.example.com"), 403, "origin-refused")
	w.want(w.with(n.token, "GET", at, "", "Origin", w.url), 200)
	w.refused(w.with(n.token, "GET", at+"/stop", ""), 405, "method-not-allowed")
	w.clock.move(enrolments.StopWithin + time.Minute)
	if got := w.want(w.with(n.token, "GET", at, ""), 200); got.member("state") != "over" {
		t.Errorf("after seven days: %s", got.body)
	}
	w.refused(w.with(n.token, "POST", at+"/stop", ""), 410, "notice-over")
}

func TestAPhoneReadsWhatItsPersonWasToldAndStopsIt(t *testing.T) {
	w := newWorld(t)
	hers, his := w.pair(person, phone.EdDSA), w.pair("bob@example.com", phone.ES256)
	read := w.want(w.signed(hers, "GET", "/v1/phone/notices", ""), 200)
	id := read.member("notices.id")
	if read.member("notices.event") != "phone.paired" || read.member("notices.detail") != "Ana's iPhone" {
		t.Fatalf("got %s", read.body)
	}
	w.refused(w.signed(his, "POST", "/v1/phone/notices/"+id+"/stop", ""), 404, "notice-not-found")
	if got := w.want(w.signed(hers, "POST", "/v1/phone/notices/"+id+"/stop", ""), 200); got.member("state") != "stopped" {
		t.Errorf("got %s", got.body)
	}
	if read = w.want(w.signed(hers, "GET", "/v1/phone/notices", ""), 200); read.member("notices.event") != "notice.stopped" || read.member("notices.state") != "over" {
		t.Errorf("got %s", read.body)
	}
}
