package api_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"countersign/enrolments"
)

func TestABackupAddressIsSetOnThePageOnceAPhoneAndTheMailboxSaidSo(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	p := w.securityPage(person)
	if r := w.want(w.at(p, "GET", "", ""), 200); r.member("email_offered") != "true" || r.member("email") != "" {
		t.Errorf("at first: %s", r.body)
	}
	confirm := func(code string) reply { return w.at(p, "POST", "/email/confirm", `{"code":"`+code+`"}`) }
	b := w.changes(p, `"kind":"set_email","address":"ana@Example.org","language":"fr"`)
	if got := w.screen(b.signIn).member("action"); got != "Utiliser a•••@example.org comme adresse de secours" {
		t.Errorf("the phone is asked: %s", got)
	}
	if len(w.post.letters()) != 0 {
		t.Error("a code was sent before anybody confirmed")
	}
	w.refused(confirm("123456"), 422, "code-expired")
	if done := w.want(w.carryOut(l.byPhone(b)), 200); done.member("sent_to") != "a•••@example.org" {
		t.Errorf("done: %s", done.body)
	}
	letter := w.post.letters()[0]
	if letter.To != "ana@example.org" || letter.Language != "fr" || letter.Kind != enrolments.LetterCode {
		t.Errorf("the letter goes to %s in %s", letter.To, letter.Language)
	}
	w.refused(w.carryOut(b), 403, "fresh-approval-needed")
	w.refused(w.at(w.securityPage(person), "POST", "/email/confirm", `{"code":"`+w.mailedCode()+`"}`), 422, "code-expired") // of another page
	w.refused(confirm(w.otherCode()), 422, "code-wrong")
	w.want(confirm(w.mailedCode()), 204)
	w.refused(confirm(w.mailedCode()), 422, "code-expired")
	if r := w.want(w.at(p, "GET", "", ""), 200); r.member("email") != "a•••@example.org" {
		t.Errorf("set: %s", r.body)
	}

	removal := l.byPhone(w.changes(p, `"kind":"remove_email"`))
	if got := w.screen(removal.signIn).member("action"); got != "Remove the backup address a•••@example.org" {
		t.Errorf("the phone is asked: %s", got)
	}
	w.want(w.carryOut(removal), 200)
	w.trailHas(enrolments.EventEmailRemoved, removal.id)
	if r := w.want(w.at(p, "GET", "", ""), 200); r.member("email") != "" {
		t.Errorf("removed: %s", r.body)
	}
	w.refused(w.at(p, "POST", "/changes", `{"kind":"remove_email"}`), 404, "nothing-to-change")
}

func TestAnAddressThatCannotBeIsRefusedBeforeAnybodyIsAsked(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	p := w.securityPage(person)
	set := func(address string) reply {
		return w.at(p, "POST", "/changes", `{"kind":"set_email","address":"`+address+`"}`)
	}
	w.refused(set("ANA+backup@example.com"), 422, "email-refused")
	w.refused(set("ana@localhost"), 422, "invalid-request")
	w.refused(set(""), 422, "invalid-request")
	w.post.broken = errors.New("450 greylisted")
	b := l.byPhone(w.changes(p, `"kind":"set_email","address":"ana@example.org"`))
	if r := w.refused(w.carryOut(b), 503, "unavailable"); strings.Contains(r.body, "450") {
		t.Errorf("it is told %s", r.body)
	}
	w.refused(w.carryOut(b), 403, "fresh-approval-needed")
}

func TestThePageIsToldWhetherABackupAddressLeadsToANewPhone(t *testing.T) {
	w := newWorld(t)
	w.loser(person)
	p := w.securityPage(person)
	for paths, want := range map[string]string{"totp,recovery_code,email": "true", "totp,recovery_code": "false"} {
		w.setPolicy("recovery_paths", paths)
		if got := w.want(w.at(p, "GET", "", ""), 200).member("email_recovers"); got != want {
			t.Errorf("by %s: %s", paths, got)
		}
	}
}

func TestAServerWithoutMailOffersNoBackupAddressOnThePage(t *testing.T) {
	w := newWorldOf(t, func(c *enrolments.Config) { c.Post = nil })
	w.loser(person)
	p := w.securityPage(person)
	if r := w.want(w.at(p, "GET", "", ""), 200); r.member("email_offered") != "false" {
		t.Errorf("offered: %s", r.body)
	}
	w.refused(w.at(p, "POST", "/changes", `{"kind":"set_email","address":"ana@example.org"}`), 403, "not-offered")
}

// threeAnswers are questions as a browser sends them.
const threeAnswers = `"questions":[{"question":"first-book","answer":"Momo"},{"question":"lost-thing","answer":"A red kite"},{"question":"first-wage","answer":"Skates"}]`

func TestSecurityQuestionsAreSetOnThePageWhereThePolicyTakesThem(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	p := w.securityPage(person)
	w.refused(w.at(p, "POST", "/changes", `{"kind":"set_questions",`+threeAnswers+`}`), 403, "not-offered")
	policy := []enrolments.Assignment{{Key: "recovery_paths", Value: "totp,recovery_code,email,questions"}}
	if err := w.people.SetPolicy(t.Context(), "northwind", policy); err != nil {
		t.Fatal(err)
	}
	if r := w.want(w.at(p, "GET", "", ""), 200); r.member("questions_offered") != "true" || r.member("questions_set") != "false" {
		t.Errorf("at first: %s", r.body)
	}
	w.refused(w.at(p, "POST", "/changes", `{"kind":"set_questions"}`), 422, "invalid-request")
	w.refused(w.at(p, "POST", "/changes", `{"kind":"set_questions",`+strings.Replace(threeAnswers, "Momo", "book", 1)+`}`), 422, "invalid-request")
	w.refused(w.at(p, "POST", "/changes", `{"kind":"remove_questions"}`), 404, "nothing-to-change")

	b := w.changes(p, `"kind":"set_questions",`+threeAnswers)
	if r := w.want(w.at(p, "GET", "", ""), 200); r.member("questions_set") != "false" {
		t.Errorf("before it was confirmed: %s", r.body)
	}
	w.want(w.carryOut(l.byPhone(b)), 200)
	w.trailHas(enrolments.EventQuestionsSet, b.id)
	answers := []enrolments.Secret{enrolments.SecretOf("momo"), enrolments.SecretOf("a red kite!"), {}}
	if err := w.people.CheckAnswers(t.Context(), l.person().ID, answers); err != nil {
		t.Errorf("the answers: %v", err)
	}
	removal := l.byPhone(w.changes(p, `"kind":"remove_questions"`))
	w.want(w.carryOut(removal), 200)
	w.trailHas(enrolments.EventQuestionsRemoved, removal.id)
	if r := w.want(w.at(p, "GET", "", ""), 200); r.member("questions_set") != "false" {
		t.Errorf("removed: %s", r.body)
	}
}

func TestACodeByMailLeadsToANewPhoneFromThePageToo(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	p := w.securityPage(person)
	w.want(w.carryOut(l.byPhone(w.changes(p, `"kind":"set_email","address":"ana@example.org"`))), 200)
	w.want(w.at(p, "POST", "/email/confirm", `{"code":"`+w.mailedCode()+`"}`), 204)
	<-w.post.came // that letter

	b := w.changes(p, `"kind":"add_phone"`)
	if got := w.screen(b.signIn).member("email_hint"); got != "a•••@example.org" {
		t.Errorf("the screen offers %q", got)
	}
	path := "/v1/approvals/" + b.id + "/recovery/email"
	w.want(w.with(b.token, "POST", path, ""), 202)
	<-w.post.came // sent in the background
	r := w.want(w.with(b.token, "POST", path+"/confirm", `{"code":"`+w.mailedCode()+`"}`), 201)
	if ready, err := time.Parse(time.RFC3339, r.member("ready_at")); err != nil || ready.Sub(w.clock.now()) < 23*time.Hour {
		t.Errorf("the recovery is %s", r.body)
	}
	l.notice()
	w.refused(w.carryOut(b), 403, "fresh-approval-needed")
	other := w.changes(p, `"kind":"renew_recovery_codes"`)
	w.refused(w.with(other.token, "POST", "/v1/approvals/"+other.id+"/recovery/email", ""), 403, "not-offered")
}
