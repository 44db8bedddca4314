package api_test

import (
	"strings"
	"testing"
	"time"

	"countersign/enrolments"
	"countersign/mobile-stub/phone"

	"github.com/google/go-cmp/cmp"
)

// signInAs is a sign-in of a person whom the application calls role.
func (w *world) signInAs(user, role string) signIn {
	w.t.Helper()
	r := w.want(w.app("POST", "/v1/approvals", `{"user":"`+user+`","role":"`+role+`"}`), 201)
	return signIn{r.member("id"), r.member("waiting_token"), r.member("number")}
}

// withBackup is ana with a phone and a backup address.
func withBackup(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.setEmail(w.confirmedSetUp(person), "ana@example.org")
	return w
}

// setQuestions gives a person three answers, and lets the policy take them.
func (w *world) setQuestions(user string) {
	w.t.Helper()
	e, err := w.people.Person(w.t.Context(), user)
	if err != nil {
		w.t.Fatal(err)
	}
	var all []enrolments.QuestionAnswer
	for i, answer := range []string{"Herr Zottel", "Risotto", "Faust"} {
		all = append(all, enrolments.QuestionAnswer{Question: enrolments.Questions()[i], Answer: enrolments.SecretOf(answer)})
	}
	if err := w.people.SetQuestions(w.t.Context(), e.Person, all); err != nil {
		w.t.Fatal(err)
	}
	w.setPolicy("recovery_paths", "totp,recovery_code,email,questions")
}

func (w *world) setPolicy(key, value string) {
	w.t.Helper()
	if err := w.people.SetPolicy(w.t.Context(), "northwind", []enrolments.Assignment{{Key: key, Value: value}}); err != nil {
		w.t.Fatal(err)
	}
}

// letter waits for the letter after the first n.
func (w *world) letter(n int) enrolments.Letter {
	w.t.Helper()
	late := time.After(patience)
	for {
		if all := w.post.letters(); len(all) > n {
			return all[n]
		}
		select {
		case <-w.post.came:
		case <-late:
			w.t.Fatal("no letter came")
		}
	}
}

func TestACodeByMailLeadsFromTheWaitingScreenToANewPhone(t *testing.T) {
	w := withBackup(t)
	s := w.signInAs(person, "member")
	path := "/v1/approvals/" + s.id
	state := w.want(w.with(s.token, "GET", path+"/stream", "", "Accept", "application/json"), 200)
	if state.member("recovery_offers") != `["email"]` || state.member("email_hint") != "a•••@example.org" {
		t.Errorf("offered: %s", state.body)
	}
	w.want(w.with(s.token, "POST", path+"/recovery/email", ""), 202)
	letter := w.letter(1)
	if letter.To != "ana@example.org" || letter.Language != "de" || letter.Application != "Northwind Books" || letter.User != person {
		t.Errorf("the letter: %+v", letter)
	}
	w.refused(w.with(s.token, "POST", path+"/recovery/email/confirm", `{"code":"`+w.otherCode()+`"}`), 422, "code-wrong")
	w.clock.move(5 * time.Minute) // the sign-in has run out
	r := w.want(w.with(s.token, "POST", path+"/recovery/email/confirm", `{"code":"`+letter.Code.Reveal()+`"}`), 201)
	if r.member("state") != "waiting" || !strings.HasPrefix(r.member("recovery_url"), w.url+"/recovery/"+r.member("id")+"#") {
		t.Errorf("begun: %s", r.body)
	}
	token, recovery := r.member("recovery_token"), "/v1/recoveries/"+r.member("id")
	w.refused(w.with(token, "POST", recovery+"/set-up", `{"remove":[]}`), 409, "recovery-waiting")
	w.clock.move(24*time.Hour - time.Minute)
	w.refused(w.with(token, "POST", recovery+"/set-up", `{"remove":[]}`), 409, "recovery-waiting")
	w.clock.move(time.Minute)
	w.want(w.with(token, "POST", recovery+"/set-up", `{"remove":[]}`), 201)
}

func TestAnswersLeadFromTheWaitingScreenToANewPhone(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	w.setQuestions(person)
	s := w.signInAs(person, "member")
	path := "/v1/approvals/" + s.id + "/recovery/questions"
	asked := w.want(w.with(s.token, "GET", path, ""), 200)
	if asked.member("questions") != `["cuddly-toy","hiding-place","teacher-nickname"]` {
		t.Errorf("asked: %s", asked.body)
	}
	answer := func(answers string) reply { return w.with(s.token, "POST", path, `{"answers":`+answers+`}`) }
	w.refused(answer(`["zottel","risotto","iphigenie"]`), 422, "answers-wrong")
	w.refused(answer(`["herr zottel","risotto"]`), 422, "invalid-request")
	w.refused(answer(`["herr zottel","risotto","",""]`), 422, "invalid-request")
	if got := w.state(s).member("state"); got != "pending" {
		t.Errorf("wrong answers left it %s", got)
	}
	r := w.want(answer(`[" HERR zottel","risotto!",""]`), 201)
	if r.member("state") != "waiting" {
		t.Errorf("begun: %s", r.body)
	}
	now := w.state(s)
	if now.member("state") != "withdrawn" || now.member("reason") != "recovery" || now.member("method") != "" {
		t.Errorf("the sign-in: %s", now.body)
	}
	if again := w.refused(answer(`["herr zottel","risotto","faust"]`), 409, "approval-settled"); again.member("reason") != "recovery" {
		t.Errorf("what stands is not told: %s", again.body)
	}
}

func TestFiveWrongSetsOfAnswersBlock(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	w.setQuestions(person)
	s := w.signInAs(person, "member")
	path := "/v1/approvals/" + s.id + "/recovery/questions"
	for range 5 {
		w.refused(w.with(s.token, "POST", path, `{"answers":["a","b","c"]}`), 422, "answers-wrong")
	}
	if r := w.refused(w.with(s.token, "POST", path, `{"answers":["herr zottel","risotto","faust"]}`), 429, "codes-blocked"); r.header.Get("Retry-After") == "" {
		t.Error("without a Retry-After")
	}
}

func TestAdministratorsAndThoseWhoseRoleIsNotToldAreNotAskedQuestions(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	w.setQuestions(person)
	for _, s := range []signIn{w.signInAs(person, "owner"), w.signIn(person)} {
		path := "/v1/approvals/" + s.id + "/recovery/questions"
		w.refused(w.with(s.token, "GET", path, ""), 403, "not-offered")
		w.refused(w.with(s.token, "POST", path, `{"answers":["herr zottel","risotto","faust"]}`), 403, "not-offered")
		if got := w.want(w.with(s.token, "GET", "/v1/approvals/"+s.id+"/stream", "", "Accept", "application/json"), 200).member("recovery_offers"); strings.Contains(got, "questions") {
			t.Errorf("offered %s", got)
		}
	}
}

// Who has an address cannot be told from what the server answers.
func TestWhetherThereIsAnAddressCannotBeTold(t *testing.T) {
	w := withBackup(t)
	w.confirmedSetUp("bob@example.com")
	var alike []reply
	for _, user := range []string{person, "bob@example.com"} {
		s := w.signInAs(user, "member")
		path := "/v1/approvals/" + s.id + "/recovery/email"
		r := w.want(w.with(s.token, "POST", path, ""), 202)
		if user == person {
			w.letter(1)
		}
		r.header.Del("Date")
		alike = append(alike, r)
		wrong := w.refused(w.with(s.token, "POST", path+"/confirm", `{"code":"`+w.otherCode()+`"}`), 422, "code-wrong")
		wrong.header.Del("Date")
		alike = append(alike, wrong)
		for range 4 {
			w.with(s.token, "POST", path, "")
		}
		many := w.refused(w.with(s.token, "POST", path, ""), 429, "too-many-emails")
		many.header.Del("Date")
		many.header.Del("Retry-After")
		alike = append(alike, many)
	}
	for i := range 3 {
		if diff := cmp.Diff(alike[i], alike[i+3], cmp.AllowUnexported(reply{})); diff != "" {
			t.Errorf("the answers differ\n%s", diff)
		}
	}
	for _, l := range w.post.letters() {
		if l.User != person {
			t.Errorf("a letter about %s", l.User)
		}
	}
}

func TestOnlyTheServersOwnPagesBeginARecovery(t *testing.T) {
	w := withBackup(t)
	w.setQuestions(person)
	s := w.signInAs(person, "member")
	path := "/v1/approvals/" + s.id + "/recovery/"
	for route, body := range map[string]string{
		"POST email": "", "POST email/confirm": `{"code":"123456"}`, "GET questions": "", "POST questions": `{"answers":["a","b","c"]}`,
	} {
		method, rest, _ := strings.Cut(route, " ")
		w.refused(w.with(s.token, method, path+rest, body, "Origin", "https://books.example.com"), 403, "origin-refused")
		w.refused(w.with(w.key, method, path+rest, body), 401, "unauthorized")
	}
	w.want(w.with(s.token, "POST", path+"email", "", "Origin", w.url), 202)
}

func TestAfterAReportNothingBeginsARecovery(t *testing.T) {
	w := withBackup(t)
	w.setQuestions(person)
	s := w.signInAs(person, "member")
	e, err := w.people.Person(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.people.LockPush(t.Context(), enrolments.Event{Kind: enrolments.EventApprovalReported, Person: e.ID}); err != nil {
		t.Fatal(err)
	}
	path := "/v1/approvals/" + s.id + "/recovery/"
	w.refused(w.with(s.token, "POST", path+"email", ""), 403, "person-locked")
	w.refused(w.with(s.token, "GET", path+"questions", ""), 403, "person-locked")
	w.refused(w.with(s.token, "POST", path+"questions", `{"answers":["herr zottel","risotto","faust"]}`), 403, "person-locked")
}

// The hole that a wait would have: the application opens a set-up at once.
func TestARecoveryCodeOpensNoSetUpWhereItHasToWait(t *testing.T) {
	w := newWorld(t)
	p := w.confirmedSetUp(person)
	codes := w.want(w.with(p.token, "POST", "/v1/pairings/"+p.id+"/recovery-codes", ""), 201).member("codes")
	byCode := func(code string) signIn {
		s := w.signIn(person)
		w.want(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/code", `{"code":"`+code+`"}`), 200)
		return s
	}
	open := func(s signIn) reply {
		return w.app("POST", "/v1/pairings", `{"user":"`+person+`","approval_id":"`+s.id+`"}`)
	}
	s := byCode(codes[2:21])
	if r := w.refused(open(s), 403, "fresh-approval-needed"); !strings.Contains(r.member("detail"), "I don't have my phone") {
		t.Errorf("it is told %s", r.member("detail"))
	}
	w.want(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/recovery", ""), 201)

	w.setPolicy("recovery_wait_hours", "0")
	w.want(open(byCode(codes[24:43])), 201)
}
