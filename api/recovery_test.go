package api_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/enrolments"
	"countersign/mobile-stub/phone"
)

// loser is a person with a phone, its codes and recovery codes.
type loser struct {
	*world
	user  string
	old   handset
	codes []string
}

func (w *world) loser(user string) *loser {
	w.t.Helper()
	p := w.openPairing(user)
	l := &loser{world: w, user: user, old: w.claim(p, phone.Pairing{Name: "Old phone", Platform: "ios", Algorithm: phone.EdDSA})}
	w.want(w.with(p.token, "POST", "/v1/pairings/"+p.id+"/confirm", `{"match":true}`), 200)
	if _, err := l.old.Refresh(w.t.Context(), l.old.id); err != nil {
		w.t.Fatal(err)
	}
	r := w.want(w.with(p.token, "POST", "/v1/pairings/"+p.id+"/recovery-codes", ""), 201)
	var issued struct{ Codes []string }
	if err := json.Unmarshal([]byte(r.body), &issued); err != nil {
		w.t.Fatal(err)
	}
	l.codes = issued.Codes
	return l
}

// byTOTP is a sign-in that a code of the phone approved; its step is spent, so
// time goes on.
func (l *loser) byTOTP() signIn {
	l.clock.move(time.Minute)
	code, err := l.old.Code(l.old.id, l.clock.now())
	if err != nil {
		l.t.Fatal(err)
	}
	return l.by(code.Digits)
}

func (l *loser) byRecoveryCode() signIn {
	code := l.codes[0]
	l.codes = l.codes[1:]
	return l.by(code)
}

func (l *loser) by(code string) signIn {
	l.t.Helper()
	s := l.signIn(l.user)
	l.want(l.with(s.token, "POST", "/v1/approvals/"+s.id+"/code", `{"code":"`+code+`"}`), 200)
	return s
}

// recovery is a recovery that was begun.
type recovery struct{ id, token string }

func (w *world) begin(s signIn) recovery {
	w.t.Helper()
	r := w.want(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/recovery", ""), 201)
	if want := w.url + "/recovery/" + r.member("id") + "#" + r.member("recovery_token"); r.member("recovery_url") != want {
		w.t.Errorf("the page is %s", r.body)
	}
	return recovery{r.member("id"), r.member("recovery_token")}
}

func (w *world) stands(r recovery) reply {
	w.t.Helper()
	return w.want(w.with(r.token, "GET", "/v1/recoveries/"+r.id, ""), 200)
}

// setUp opens the set-up of a recovery; remove is a JSON list.
func (w *world) setUp(r recovery, remove string) reply {
	return w.with(r.token, "POST", "/v1/recoveries/"+r.id+"/set-up", `{"remove":`+remove+`}`)
}

// finish pairs a new phone in a set-up that was opened.
func (w *world) finish(opened reply) reply {
	w.t.Helper()
	p := pairing{id: opened.member("id"), token: opened.member("set_up_token")}
	p.link = w.want(w.with(p.token, "GET", "/v1/pairings/"+p.id, ""), 200).member("pair_url")
	w.claim(p, phone.Pairing{Name: "New phone", Platform: "android", Algorithm: phone.ES256})
	return w.with(p.token, "POST", "/v1/pairings/"+p.id+"/confirm", `{"match":true}`)
}

// notice is what the old phone is asked about a new one.
func (l *loser) notice() phone.Request {
	l.t.Helper()
	list, err := l.old.Pending(l.t.Context(), l.old.id, 0)
	if err != nil {
		l.t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(r phone.Request) bool { return strings.Contains(string(r.Display), "Add a new phone") })
	if i < 0 {
		l.t.Fatalf("the old phone is not told: %v", list)
	}
	return list[i]
}

func (w *world) phonesOf(user string) (names []string) {
	w.t.Helper()
	e, err := w.people.Person(w.t.Context(), user)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range e.Phones {
		names = append(names, p.Name)
	}
	return names
}

func TestACodeOfAnAppLetsANewPhoneInAtOnceAndTheLostOneGoes(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	s := l.byTOTP()
	r := w.begin(s)
	if state := w.stands(r); state.member("state") != "ready" || !strings.Contains(state.body, l.old.id) {
		t.Errorf("got %s", state.body)
	}
	w.refused(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/recovery", ""), 403, "fresh-approval-needed")
	opened := w.want(w.setUp(r, `["`+l.old.id+`"]`), 201)
	w.want(w.finish(opened), 200)
	w.leadsBack(opened.member("set_up_url"), returnTo, "true")
	if got := w.stands(r).member("back_to"); got != returnTo {
		t.Errorf("it leads back to %q", got)
	}
	if got := w.phonesOf(person); !slices.Equal(got, []string{"New phone"}) {
		t.Errorf("phones: %v", got)
	}
	if _, err := l.old.Refresh(t.Context(), l.old.id); err == nil {
		t.Error("the lost phone is still known")
	}
	if state := w.stands(r); state.member("state") != "done" {
		t.Errorf("got %s", state.body)
	}
	w.refused(w.setUp(r, `[]`), 410, "recovery-over")
	events, err := w.store.Events(t.Context(), enrolments.EventFilter{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []enrolments.EventKind{enrolments.EventRecoveryBegun, enrolments.EventRecoveryUsed, enrolments.EventPhonePaired, enrolments.EventPhoneRemoved} {
		if !slices.ContainsFunc(events, func(e enrolments.Event) bool { return e.Kind == want }) {
			t.Errorf("the trail has no %s", want)
		}
	}
}

func TestARecoveryCodeLetsANewPhoneInAfterTheWait(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	r := w.begin(l.byRecoveryCode())
	if state := w.stands(r); state.member("state") != "waiting" || state.member("number") == "" {
		t.Errorf("got %s", state.body)
	}
	w.clock.move(24*time.Hour - time.Minute)
	refused := w.refused(w.setUp(r, `[]`), 409, "recovery-waiting")
	if got := refused.header.Get("Retry-After"); got != "60" && got != "59" {
		t.Errorf("come back in %s s", got)
	}
	w.clock.move(time.Minute)
	w.want(w.finish(w.want(w.setUp(r, `[]`), 201)), 200)
	if got := w.phonesOf(person); !slices.Equal(got, []string{"Old phone", "New phone"}) {
		t.Errorf("phones: %v", got)
	}
}

func TestTheOldPhoneStopsARecovery(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	r := w.begin(l.byRecoveryCode())
	w.clock.move(25 * time.Hour)
	opened := w.want(w.setUp(r, `[]`), 201)
	if _, err := l.old.Deny(t.Context(), l.old.id, l.notice()); err != nil {
		t.Fatal(err)
	}
	if state := w.stands(r); state.member("state") != "refused" || state.member("refused_by") != "Old phone" {
		t.Errorf("got %s", state.body)
	}
	w.refused(w.setUp(r, `[]`), 410, "recovery-over")
	if p := w.want(w.with(opened.member("set_up_token"), "GET", "/v1/pairings/"+opened.member("id"), ""), 200); p.member("state") != "refused" {
		t.Errorf("the set-up is %s", p.body)
	}
}

func TestTheOldPhoneEndsTheWaitByTheNumber(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	r := w.begin(l.byRecoveryCode())
	if _, err := l.old.Approve(t.Context(), l.old.id, l.notice(), w.stands(r).member("number")); err != nil {
		t.Fatal(err)
	}
	if state := w.stands(r); state.member("state") != "ready" {
		t.Errorf("got %s", state.body)
	}
}

func TestWhoMayNotRecover(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	other := w.loser("bob@example.com")
	s := l.byTOTP()
	begin := "/v1/approvals/" + s.id + "/recovery"
	w.refused(w.with(w.key, "POST", begin, ""), 401, "unauthorized")
	w.refused(w.with(s.token, "POST", begin, "", "Origin", "https://books.example.com"), 403, "origin-refused")
	w.want(w.with(s.token, "POST", begin, "", "Origin", w.url), 201)

	r := w.begin(l.byTOTP())
	theirs := w.begin(other.byTOTP())
	for name, token := range map[string]string{"another's token": theirs.token, "an application's key": w.key, "a waiting token": s.token} {
		if got := w.with(token, "GET", "/v1/recoveries/"+r.id, ""); got.status != 401 {
			t.Errorf("%s: got %d", name, got.status)
		}
	}
	w.refused(w.setUp(r, `["`+other.old.id+`"]`), 422, "invalid-request")
	w.refused(w.with(r.token, "POST", "/v1/recoveries/"+r.id+"/set-up", `{}`), 422, "invalid-request")

	push := w.signIn(person)
	if _, err := l.old.Approve(t.Context(), l.old.id, l.old.find(t, push), push.number); err != nil {
		t.Fatal(err)
	}
	w.refused(w.with(push.token, "POST", "/v1/approvals/"+push.id+"/recovery", ""), 403, "fresh-approval-needed")

	late := other.byTOTP()
	report := w.signIn("bob@example.com")
	if _, err := other.old.Report(t.Context(), other.old.id, other.old.find(t, report)); err != nil {
		t.Fatal(err)
	}
	w.refused(w.with(late.token, "POST", "/v1/approvals/"+late.id+"/recovery", ""), 403, "person-locked")
}

// noticeOf is the notice of one recovery: its number is the one that its page
// shows, or the only one there is.
func (l *loser) noticeOf(r recovery) phone.Request {
	l.t.Helper()
	list, err := l.old.Pending(l.t.Context(), l.old.id, 0)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, request := range list {
		if strings.HasPrefix(request.Nonce, "r-"+r.id) {
			return request
		}
	}
	l.t.Fatalf("the old phone is not told of %s", r.id)
	return phone.Request{}
}

// RunningRecoveries is that of a phone whose person has none.
func (*onePhone) RunningRecoveries(context.Context, enrolments.PersonID, time.Time) ([]enrolments.Recovery, error) {
	return nil, nil
}
