package api_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"countersign/enrolments"
	"countersign/mobile-stub/phone"
)

// confirmedSetUp is a set-up in which a phone was confirmed.
func (w *world) confirmedSetUp(user string) pairing {
	w.t.Helper()
	p := w.openPairing(user)
	w.claim(p, phone.Pairing{Name: "Ana's iPhone", Platform: "ios"})
	w.want(w.with(p.token, "POST", "/v1/pairings/"+p.id+"/confirm", `{"match":true}`), 200)
	return p
}

// setEmail gives the person of a confirmed set-up a backup address.
func (w *world) setEmail(p pairing, address string) {
	w.t.Helper()
	path := "/v1/pairings/" + p.id + "/email"
	w.want(w.with(p.token, "POST", path, `{"address":"`+address+`","language":"de"}`), 202)
	w.want(w.with(p.token, "POST", path+"/confirm", `{"code":"`+w.mailedCode()+`"}`), 200)
}

// mailedCode is that of the newest letter.
func (w *world) mailedCode() string {
	w.t.Helper()
	all := w.post.letters()
	if len(all) == 0 {
		w.t.Fatal("nothing was mailed")
	}
	return all[len(all)-1].Code.Reveal()
}

// otherCode is six digits that the newest letter does not hold.
func (w *world) otherCode() string {
	if w.mailedCode() == "000000" {
		return "111111"
	}
	return "000000"
}

func TestABackupAddressIsSetInSetUp(t *testing.T) {
	w := newWorld(t)
	p := w.openPairing(person)
	path := "/v1/pairings/" + p.id
	begin := func(address string) reply {
		return w.with(p.token, "POST", path+"/email", `{"address":"`+address+`","language":"de"}`)
	}
	w.refused(begin("ana@example.org"), 409, "pairing-settled")
	if r := w.with(p.token, "GET", path, ""); r.member("email_offered") != "" {
		t.Errorf("offered before anything was confirmed: %s", r.body)
	}
	w.claim(p, phone.Pairing{Name: "Ana's iPhone", Platform: "ios"})
	active := w.want(w.with(p.token, "POST", path+"/confirm", `{"match":true}`), 200)
	if active.member("email_offered") != "true" || active.member("email_recovers") != "true" || active.member("email") != "" {
		t.Errorf("active: %s", active.body)
	}
	if r := w.want(begin("ana@example.org"), 202); r.member("sent_to") != "a•••@example.org" {
		t.Errorf("sent: %s", r.body)
	}
	w.refused(w.with(p.token, "POST", path+"/email/confirm", `{"code":"`+w.otherCode()+`"}`), 422, "code-wrong")
	done := w.want(w.with(p.token, "POST", path+"/email/confirm", `{"code":"`+w.mailedCode()+`"}`), 200)
	if done.member("email") != "a•••@example.org" {
		t.Errorf("done: %s", done.body)
	}
	if r := w.with(p.token, "GET", path, ""); r.member("email") != "a•••@example.org" {
		t.Errorf("read: %s", r.body)
	}
	w.refused(w.with(p.token, "POST", path+"/email/confirm", `{"code":"`+w.mailedCode()+`"}`), 422, "code-expired")
}

func TestAnAddressThatIsNotTakenIsToldApart(t *testing.T) {
	w := newWorld(t)
	p := w.confirmedSetUp(person)
	begin := func(address string) reply {
		return w.with(p.token, "POST", "/v1/pairings/"+p.id+"/email", `{"address":"`+address+`"}`)
	}
	w.refused(begin("ANA+backup@example.com"), 422, "email-refused")
	if r := w.refused(begin("ana@localhost"), 422, "invalid-request"); !strings.Contains(r.member("detail"), "example.com") {
		t.Errorf("it is told %s", r.member("detail"))
	}
	w.post.broken = errors.New("450 greylisted")
	if r := w.refused(begin("ana@example.org"), 503, "unavailable"); r.header.Get("Retry-After") == "" || strings.Contains(r.body, "450") {
		t.Errorf("it is told %s", r.body)
	}
	if !strings.Contains(w.log.String(), "450 greylisted") {
		t.Error("the cause is not in the log")
	}
	w.post.broken = nil
	for range 4 {
		w.want(begin("ana@example.org"), 202)
	}
	if r := w.refused(begin("ana@example.org"), 429, "too-many-emails"); r.header.Get("Retry-After") == "" {
		t.Error("without a Retry-After")
	}
	w.clock.move(9 * time.Minute)
	w.want(w.with(p.token, "POST", "/v1/pairings/"+p.id+"/email/confirm", `{"code":"`+w.mailedCode()+`"}`), 200)
}

func TestAServerWithoutMailOffersNoBackupAddress(t *testing.T) {
	w := newWorldOf(t, func(c *enrolments.Config) { c.Post = nil })
	p := w.confirmedSetUp(person)
	if r := w.with(p.token, "GET", "/v1/pairings/"+p.id, ""); r.member("email_offered") != "" {
		t.Errorf("offered: %s", r.body)
	}
	w.refused(w.with(p.token, "POST", "/v1/pairings/"+p.id+"/email", `{"address":"ana@example.org"}`), 403, "not-offered")
}

func TestQuestionsAreAnsweredInSetUpWhereThePolicyTakesThem(t *testing.T) {
	w := newWorld(t)
	p := w.openPairing(person)
	path := "/v1/pairings/" + p.id
	put := func(answers ...string) reply {
		var list []string
		for i, a := range answers {
			list = append(list, `{"question":"`+string(enrolments.Questions()[i])+`","answer":"`+a+`"}`)
		}
		return w.with(p.token, "PUT", path+"/questions", `{"questions":[`+strings.Join(list, ",")+`]}`)
	}
	w.refused(put("Herr Zottel", "Risotto", "Faust"), 409, "pairing-settled")
	w.claim(p, phone.Pairing{Name: "Ana's iPhone", Platform: "ios"})
	active := w.want(w.with(p.token, "POST", path+"/confirm", `{"match":true}`), 200)
	if active.member("questions_offered") != "" {
		t.Errorf("offered: %s", active.body)
	}
	w.refused(put("Herr Zottel", "Risotto", "Faust"), 403, "not-offered")
	w.setPolicy("recovery_paths", "totp,questions")
	if r := w.with(p.token, "GET", path, ""); r.member("questions_offered") != "true" || r.member("questions_set") != "" || r.member("email_recovers") != "" {
		t.Errorf("not offered: %s", r.body)
	}
	if r := w.refused(put("Herr Zottel", "Risotto", "Zo"), 422, "invalid-request"); !strings.Contains(r.member("detail"), "3 to 64") || strings.Contains(r.body, "Zo\"") {
		t.Errorf("it is told %s", r.body)
	}
	w.refused(put("Herr Zottel", "Risotto"), 422, "invalid-request")
	if r := w.want(put("Herr Zottel", "Risotto", "Faust"), 200); r.member("questions_set") != "true" {
		t.Errorf("set: %s", r.body)
	}
}
