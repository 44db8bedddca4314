package api_test

import (
	"testing"
	"time"

	"countersign/mobile-stub/phone"
)

func TestTheWaitingScreenGivesMoreTimeOnce(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	s := w.signIn(person)
	path := "/v1/approvals/" + s.id + "/extend"
	w.refused(w.with(w.key, "POST", path, ""), 401, "unauthorized")
	before := w.want(w.with(s.token, "GET", "/v1/approvals/"+s.id+"/stream", "", "Accept", "application/json"), 200)
	after := w.want(w.with(s.token, "POST", path, ""), 200)
	from, err := time.Parse(time.RFC3339, before.member("expires_at"))
	if err != nil {
		t.Fatal(err)
	}
	to, err := time.Parse(time.RFC3339, after.member("expires_at"))
	if err != nil || to.Sub(from) != time.Minute {
		t.Errorf("from %v to %v, %v", from, to, err)
	}
	if before.member("may_extend") != "true" || after.member("may_extend") != "false" {
		t.Errorf("before %s, after %s", before.body, after.body)
	}
	w.refused(w.with(s.token, "POST", path, ""), 409, "no-more-time")
	w.clock.move(90 * time.Second)
	if r := w.state(s); r.member("state") != "pending" {
		t.Errorf("got %s", r.body)
	}
}

func TestTheWaitingScreenDisownsASignIn(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	s := w.signIn(person)
	path := "/v1/approvals/" + s.id + "/disown"
	w.refused(w.with(w.key, "POST", path, ""), 401, "unauthorized")
	w.want(w.with(s.token, "POST", path, ""), 200)
	if r := w.state(s); r.member("state") != "denied" || r.member("reason") != "reported" {
		t.Errorf("got %s", r.body)
	}
	if r := w.want(w.app("GET", "/v1/people/"+person, ""), 200); r.member("push_locked") != "false" {
		t.Errorf("it locked: %s", r.body)
	}
	w.refused(w.with(s.token, "POST", path, ""), 409, "approval-settled")
	w.refused(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/extend", ""), 409, "approval-settled")
}
