package api_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"countersign/enrolments"
)

// attempt is one recovery as the property knows it.
type attempt struct {
	recovery
	ready   time.Time
	refused bool
	opened  *reply
}

// losing is a person who tries every way to a new phone, in any order, while
// the policy changes and the old phone has a say.
type losing struct {
	*loser
	hours     int // recovery_wait_hours as they stand
	questions bool
	all       []*attempt
	// setUps are those that the application opened.
	setUps  []reply
	reached map[string]int
}

// waits is how long a new phone has to wait at least, written down once more: the
// table of docs/policy.md.
func (l *losing) waits(by, role string) (time.Duration, bool) {
	policy := time.Duration(l.hours) * time.Hour
	switch by {
	case "totp":
		return 0, true
	case "recovery code":
		return policy, true
	case "mail":
		if role != "member" {
			return max(policy, 24*time.Hour), true
		}
		return policy, true
	default:
		return max(policy, 24*time.Hour), role == "member"
	}
}

// begun notes a recovery that a sign-in of role led to, by one of the ways.
func (l *losing) begun(t *rapid.T, r reply, by, role string) {
	if r.status != 201 {
		return
	}
	wait, ok := l.waits(by, role)
	if !ok {
		t.Fatalf("%s is enough for %q", by, role)
	}
	l.all = append(l.all, &attempt{recovery: recovery{r.member("id"), r.member("recovery_token")}, ready: l.clock.now().Add(wait)})
	l.reached[by]++
}

var roles = []string{"member", "owner", ""}

// asked is a sign-in in a role that is drawn.
func (l *losing) asked(t *rapid.T) (signIn, string) {
	role := rapid.SampledFrom(roles).Draw(t, "role")
	if role == "" {
		return l.signIn(l.user), role
	}
	return l.signInAs(l.user, role), role
}

func (l *losing) any(t *rapid.T) *attempt {
	if len(l.all) == 0 {
		t.Skip("none yet")
	}
	return l.all[rapid.IntRange(0, len(l.all)-1).Draw(t, "which")]
}

// code approves a sign-in by a code, and goes on to a new phone by a recovery or
// by a set-up that the application opens.
func (l *losing) code(t *rapid.T, by, typed string) {
	s, role := l.asked(t)
	l.want(l.with(s.token, "POST", "/v1/approvals/"+s.id+"/code", `{"code":"`+typed+`"}`), 200)
	if rapid.Bool().Draw(t, "by the application") {
		r := l.world.app("POST", "/v1/pairings", `{"user":"`+l.user+`","approval_id":"`+s.id+`"}`)
		if r.status == 201 {
			if wait, ok := l.waits(by, role); !ok || wait > 0 {
				t.Fatalf("a set-up at once by %s, which has to wait %v", by, wait)
			}
			l.setUps = append(l.setUps, r)
			l.reached["by the application"]++
		}
	}
	l.begun(t, l.with(s.token, "POST", "/v1/approvals/"+s.id+"/recovery", ""), by, role)
}

func (l *losing) totp(t *rapid.T) {
	l.clock.move(time.Minute) // the step before it is spent
	code, err := l.old.Code(l.old.id, l.clock.now())
	if err != nil {
		l.t.Fatal(err)
	}
	l.code(t, "totp", code.Digits)
}

func (l *losing) recoveryCode(t *rapid.T) {
	if len(l.codes) == 0 {
		t.Skip("none left")
	}
	code := l.codes[0]
	l.codes = l.codes[1:]
	l.code(t, "recovery code", code)
}

// mail asks for a code by mail, perhaps types another, or that of an older
// sign-in, and perhaps too late.
func (l *losing) mail(t *rapid.T) {
	before := len(l.post.letters())
	s, role := l.asked(t)
	path := "/v1/approvals/" + s.id + "/recovery/email"
	if r := l.with(s.token, "POST", path, ""); r.status != 202 {
		t.Skip("no more mail for now")
	}
	letter := l.letter(before)
	l.clock.move(time.Duration(rapid.SampledFrom([]int{0, 0, 5, 11}).Draw(t, "minutes")) * time.Minute)
	sent := l.clock.now()
	typed := rapid.SampledFrom([]string{"right", "right", "wrong", "of another sign-in"}).Draw(t, "typed")
	code := letter.Code.Reveal()
	switch typed {
	case "wrong":
		code = l.otherCode()
	case "of another sign-in":
		s, role = l.asked(t)
		path = "/v1/approvals/" + s.id + "/recovery/email"
	}
	r := l.with(s.token, "POST", path+"/confirm", `{"code":"`+code+`"}`)
	if r.status == 201 && (typed != "right" || sent.Sub(letter.At) >= 10*time.Minute) {
		t.Fatalf("a code that is %s, after %v, begins a recovery", typed, sent.Sub(letter.At))
	}
	l.signsNobodyIn(t, s)
	l.begun(t, r, "mail", role)
}

func (l *losing) answers(t *rapid.T) {
	if !l.questions {
		l.setQuestions(l.user)
		l.questions = true
	}
	s, role := l.asked(t)
	right := rapid.Bool().Draw(t, "right")
	answers := `["zottel","risotto","iphigenie"]`
	if right {
		answers = `["herr zottel","risotto","iphigenie"]`
	}
	r := l.with(s.token, "POST", "/v1/approvals/"+s.id+"/recovery/questions", `{"answers":`+answers+`}`)
	if r.status == 201 && !right {
		t.Fatal("wrong answers begin a recovery")
	}
	l.signsNobodyIn(t, s)
	l.begun(t, r, "answers", role)
}

func (l *losing) signsNobodyIn(t *rapid.T, s signIn) {
	if got := l.world.app("GET", "/v1/approvals/"+s.id, "").member("state"); got == "approved" {
		t.Fatalf("the sign-in is %s", got)
	}
}

func (l *losing) policy(t *rapid.T) {
	l.hours = rapid.SampledFrom([]int{0, 24, 48}).Draw(t, "hours to wait")
	l.setPolicy("recovery_wait_hours", strconv.Itoa(l.hours))
}

func (l *losing) wait(t *rapid.T) {
	l.clock.move(time.Duration(rapid.IntRange(1, 30).Draw(t, "hours")) * time.Hour)
}

// answer has the old phone say yes or no to a recovery.
func (l *losing) answer(t *rapid.T) {
	a := l.any(t)
	state := l.with(a.token, "GET", "/v1/recoveries/"+a.id, "")
	if state.status != 200 || !slices.Contains([]string{"waiting", "ready"}, state.member("state")) {
		t.Skip("over")
	}
	n := l.noticeOf(a.recovery)
	if rapid.IntRange(0, 2).Draw(t, "no") > 0 {
		if _, err := l.old.Deny(l.t.Context(), l.old.id, n); err == nil {
			a.refused = true
			l.reached["refused"]++
		}
		return
	}
	number := l.with(a.token, "GET", "/v1/recoveries/"+a.id, "").member("number")
	if _, err := l.old.Approve(l.t.Context(), l.old.id, n, number); number != "" && err == nil {
		a.ready = l.clock.now()
		l.reached["allowed"]++
	}
}

func (l *losing) open(t *rapid.T) {
	a := l.any(t)
	if r := l.setUp(a.recovery, `[]`); r.status == 201 {
		if a.refused || l.clock.now().Before(a.ready) {
			t.Fatalf("opened: refused %v, %v early", a.refused, a.ready.Sub(l.clock.now()))
		}
		a.opened = &r
		if rapid.Bool().Draw(t, "at once") { // as people do, whose new phone is in their hand
			l.pairs(t, a)
		}
	}
}

// pair finishes a set-up. One that the application opened was seen to be
// allowed when it was.
func (l *losing) pair(t *rapid.T) {
	if len(l.setUps) > 0 && rapid.Bool().Draw(t, "the application's") {
		l.finishIfOpen(t, l.setUps[len(l.setUps)-1])
		return
	}
	a := l.any(t)
	if a.opened == nil {
		t.Skip("not opened")
	}
	l.pairs(t, a)
}

func (l *losing) pairs(t *rapid.T, a *attempt) {
	before := len(l.phonesOf(l.user))
	confirmed := l.finishIfOpen(t, *a.opened)
	if len(l.phonesOf(l.user)) > before && a.refused {
		t.Fatal("a phone came in that was refused")
	}
	if confirmed.status == 200 {
		l.reached["paired"]++
	}
}

func (l *losing) finishIfOpen(t *rapid.T, opened reply) reply {
	if state := l.with(opened.member("set_up_token"), "GET", "/v1/pairings/"+opened.member("id"), ""); state.member("state") != "open" {
		t.Skip("not open any more")
	}
	return l.finish(opened)
}

// No order of steps lets a phone in with less than the policy asks, nor anybody
// by what is no second factor: each way has its proof and its wait, unless the
// old phone ends that, and nobody has said no. What the policy asked when the
// recovery began is what counts.
func TestNoOrderOfStepsLetsAPhoneInWithLess(t *testing.T) {
	w := newWorld(t)
	people := 0
	reached := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		people++
		user := fmt.Sprintf("person-%d@example.com", people)
		w.setPolicy("recovery_wait_hours", "24")
		l := &losing{loser: w.loser(user), hours: 24, reached: reached}
		l.addBackup()
		t.Repeat(map[string]func(*rapid.T){
			"totp": l.totp, "recovery code": l.recoveryCode, "mail": l.mail, "answers": l.answers,
			"policy": l.policy, "wait": l.wait, "answer": l.answer, "open": l.open, "pair": l.pair,
		})
	})
	// Else the property would hold for nothing.
	for _, what := range []string{"totp", "recovery code", "mail", "answers", "by the application", "allowed", "refused", "paired"} {
		if reached[what] == 0 {
			t.Errorf("never %s", what)
		}
	}
}

// addBackup gives the person a backup address, past the API.
func (l *losing) addBackup() {
	l.t.Helper()
	e, err := l.people.Person(l.t.Context(), l.user)
	if err == nil {
		_, err = l.people.BeginEmail(l.t.Context(), e.Person, "test", "backup-of-"+l.user, "en")
	}
	if err == nil {
		_, err = l.people.ConfirmEmail(l.t.Context(), e.Person, enrolments.EmailPurpose("test"), l.mailedCode())
	}
	if err != nil {
		l.t.Fatal(err)
	}
	l.clock.move(2 * time.Hour) // its mail is not counted any more
}
