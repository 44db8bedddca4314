package api_test

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
	"countersign/mobile-stub/phone"
)

// page is a security page that was opened.
type page struct{ id, token string }

func (w *world) securityPage(user string) page {
	w.t.Helper()
	r := w.want(w.app("POST", "/v1/security-pages", `{"user":"`+user+`","return_url":"https://books.example.com/signed-in?tab=1"}`), 201)
	if want := w.url + "/security/" + r.member("id") + "#" + r.member("security_token"); r.member("security_url") != want {
		w.t.Errorf("the page is %s", r.body)
	}
	return page{r.member("id"), r.member("security_token")}
}

func (w *world) at(p page, method, path, body string, headers ...string) reply {
	w.t.Helper()
	return w.with(p.token, method, "/v1/security-pages/"+p.id+path, body, headers...)
}

// begun is a change that was begun, and its approval's waiting screen.
type begun struct {
	page page
	signIn
}

// changes begins a change of l; its fields are JSON members.
func (w *world) changes(p page, fields string) begun {
	w.t.Helper()
	r := w.want(w.at(p, "POST", "/changes", "{"+fields+"}"), 201)
	_, token, _ := strings.Cut(r.member("waiting_url"), "#")
	return begun{p, signIn{id: r.member("approval_id"), token: token}}
}

func (w *world) screen(s signIn) reply {
	w.t.Helper()
	return w.want(w.with(s.token, "GET", "/v1/approvals/"+s.id+"/stream", "", "Accept", "application/json"), 200)
}

// returned is the code that the browser of the waiting screen brings back; a
// guess where it has none.
func (w *world) returned(s signIn) string {
	w.t.Helper()
	u, err := url.Parse(w.screen(s).member("return_to"))
	if err != nil {
		w.t.Fatal(err)
	}
	return cmp.Or(u.Query().Get("result_code"), strings.Repeat("A", 43))
}

func (w *world) carryOut(b begun) reply {
	w.t.Helper()
	return w.at(b.page, "POST", "/changes/"+b.id+"/carry-out", `{"result_code":"`+w.returned(b.signIn)+`"}`)
}

// byPhone has the old phone approve a change; byCode a code.
func (l *loser) byPhone(b begun) begun {
	l.t.Helper()
	r := l.old.find(l.t, b.signIn)
	if _, err := l.old.Approve(l.t.Context(), l.old.id, r, l.screen(b.signIn).member("number")); err != nil {
		l.t.Fatal(err)
	}
	return b
}

func (l *loser) byCode(b begun, code string) begun {
	l.t.Helper()
	l.want(l.with(b.token, "POST", "/v1/approvals/"+b.id+"/code", `{"code":"`+code+`"}`), 200)
	return b
}

// appCode is a code of the phone's own secret that was not used yet.
func (l *loser) appCode() string {
	l.t.Helper()
	l.clock.move(time.Minute)
	code, err := l.old.Code(l.old.id, l.clock.now())
	if err != nil {
		l.t.Fatal(err)
	}
	return code.Digits
}

// trailHas fails the test unless the trail has an event of the kind, caused by
// the change where there was one.
func (w *world) trailHas(kind enrolments.EventKind, approval string) {
	w.t.Helper()
	events, err := w.store.Events(w.t.Context(), enrolments.EventFilter{Kind: kind, Limit: 100})
	if err != nil {
		w.t.Fatal(err)
	}
	if !slices.ContainsFunc(events, func(e enrolments.Event) bool { return e.Approval == approval && e.Application == "northwind" }) {
		w.t.Errorf("the trail has no %s of approval %q: %v", kind, approval, events)
	}
}

func TestTheSecurityPageShowsHowThePersonSignsIn(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	w.begin(l.byRecoveryCode())
	p := w.securityPage(person)
	w.trailHas(enrolments.EventSecurityOpened, "")
	r := w.want(w.at(p, "GET", "", ""), 200)
	for path, want := range map[string]string{
		"user": person, "application": "Northwind Books", "back_to": "https://books.example.com/signed-in?tab=1",
		"phones.id": l.old.id, "phones.name": "Old phone", "phones.platform": "ios", "phones.reach": "silent",
		"recovery_codes_left": "9", "push_locked": "false", "new_phone_by": `["push","totp","recovery_code"]`, "recovery_wait_hours": "24",
		"authenticators": "[]", "trusted_browsers": "[]", "sign_ins.purpose": "sign_in", "sign_ins.method": "recovery_code",
		"recoveries.state": "waiting", "recoveries.method": "recovery_code",
	} {
		if got := r.member(path); got != want {
			t.Errorf("%s is %q, want %q in %s", path, got, want, r.body)
		}
	}
	if r.member("phones.added_at") == "" || r.member("ends_at") == "" || r.member("server_time") == "" {
		t.Errorf("got %s", r.body)
	}
	if strings.Contains(r.body, l.codes[0]) || strings.Contains(r.body, p.token) {
		t.Errorf("a secret is shown: %s", r.body)
	}
}

func TestAPhoneIsRemovedOnceAnotherOneSaidSo(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	w.want(w.finish(w.want(w.setUp(w.begin(l.byTOTP()), `[]`), 201)), 200)
	p := w.securityPage(person)
	e, err := w.people.Person(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	b := w.changes(p, `"kind":"remove_phone","phone_id":"`+string(e.Phones[1].ID)+`","language":"de"`)
	state := w.screen(b.signIn)
	if state.member("purpose") != "change" || state.member("action") != "Telefon „New phone“ entfernen" || strings.Contains(state.body, "return_to") {
		t.Errorf("the waiting screen shows %s", state.body)
	}
	w.refused(w.carryOut(b), 403, "fresh-approval-needed")
	l.byPhone(b)
	if to := w.screen(b.signIn).member("return_to"); !strings.HasPrefix(to, w.url+"/security/"+p.id+"?approval_id="+b.id) {
		t.Errorf("the browser goes to %s", to)
	}
	if got := w.want(w.carryOut(b), 200); got.member("kind") != "remove_phone" {
		t.Errorf("got %s", got.body)
	}
	if got := w.phonesOf(person); !slices.Equal(got, []string{"Old phone"}) {
		t.Errorf("phones: %v", got)
	}
	w.refused(w.carryOut(b), 403, "fresh-approval-needed")
	w.trailHas(enrolments.EventPhoneRemoved, b.id)
}

func TestAPhoneIsReplacedInTheStepInWhichTheNewOneStarts(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	p := w.securityPage(person)
	done := w.want(w.carryOut(l.byPhone(w.changes(p, `"kind":"replace_phone","phone_id":"`+l.old.id+`"`))), 200)
	set, _, _ := strings.Cut(strings.TrimPrefix(done.member("set_up_url"), w.url+"/set-up/"), "#")
	_, token, _ := strings.Cut(done.member("set_up_url"), "#")
	if got := w.phonesOf(person); !slices.Equal(got, []string{"Old phone"}) || done.member("recovery_url") != "" {
		t.Errorf("before the new one: %v, %s", got, done.body)
	}
	w.want(w.finish(reply{body: `{"id":"` + set + `","set_up_token":"` + token + `"}`}), 200)
	if got := w.phonesOf(person); !slices.Equal(got, []string{"New phone"}) {
		t.Errorf("phones: %v", got)
	}
	if _, err := l.old.Refresh(t.Context(), l.old.id); err == nil {
		t.Error("the replaced phone is still known")
	}
}

func TestANewPhoneTakesThePlaceOfAllThatThereAre(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	p := w.securityPage(person)
	next := func(fields string) {
		t.Helper()
		done := w.want(w.carryOut(l.byPhone(w.changes(p, fields))), 200)
		set, token, _ := strings.Cut(strings.TrimPrefix(done.member("set_up_url"), w.url+"/set-up/"), "#")
		w.want(w.finish(reply{body: `{"id":"` + set + `","set_up_token":"` + token + `"}`}), 200)
	}
	next(`"kind":"add_phone"`)
	if got := w.phonesOf(person); !slices.Equal(got, []string{"Old phone", "New phone"}) {
		t.Errorf("phones: %v", got)
	}
	next(`"kind":"replace_phones"`)
	if got := w.phonesOf(person); !slices.Equal(got, []string{"New phone"}) {
		t.Errorf("phones: %v", got)
	}
	if _, err := l.old.Refresh(t.Context(), l.old.id); err == nil {
		t.Error("a replaced phone is still known")
	}
}

func TestANewPhoneByARecoveryCodeWaitsAndByAnAppsCodeDoesNot(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	p := w.securityPage(person)
	done := w.want(w.carryOut(l.byCode(w.changes(p, `"kind":"add_phone"`), l.codes[0])), 200)
	link, token, _ := strings.Cut(strings.TrimPrefix(done.member("recovery_url"), w.url+"/recovery/"), "#")
	r := recovery{link, token}
	if done.member("set_up_url") != "" || done.member("ready_at") == "" || w.stands(r).member("state") != "waiting" {
		t.Errorf("got %s, %s", done.body, w.stands(r).body)
	}
	w.refused(w.setUp(r, `[]`), 409, "recovery-waiting")
	l.notice() // the old phone is told

	code := l.appCode()
	done = w.want(w.carryOut(l.byCode(w.changes(p, `"kind":"replace_phone","phone_id":"`+l.old.id+`"`), code)), 200)
	if !strings.HasPrefix(done.member("set_up_url"), w.url+"/set-up/") || done.member("recovery_url") != "" {
		t.Errorf("got %s", done.body)
	}
	w.leadsBack(done.member("set_up_url"), "", "")
	state := w.want(w.at(p, "GET", "", ""), 200)
	if strings.Count(state.body, `"begun_at"`) != 2 {
		t.Errorf("under way: %s", state.body)
	}
}

func TestARecoveryCodeConfirmsNoOtherChange(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	p := w.securityPage(person)
	for _, fields := range []string{`"kind":"renew_recovery_codes"`, `"kind":"add_authenticator"`, `"kind":"rename_phone","phone_id":"` + l.old.id + `","name":"x"`} {
		b := w.changes(p, fields)
		if got := w.screen(b.signIn).member("methods"); got != `["push","totp"]` {
			t.Errorf("%s takes %s", fields, got)
		}
		w.refused(w.with(b.token, "POST", "/v1/approvals/"+b.id+"/code", `{"code":"`+l.codes[0]+`"}`), 422, "code-kind-refused")
		w.refused(w.carryOut(b), 403, "fresh-approval-needed")
	}
}

func TestRecoveryCodesAreRenewedAndShownOnce(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	b := l.byPhone(w.changes(w.securityPage(person), `"kind":"renew_recovery_codes"`))
	done := w.want(w.carryOut(b), 200)
	var fresh struct{ Codes []string }
	if err := json.Unmarshal([]byte(done.body), &fresh); err != nil || len(fresh.Codes) != 10 {
		t.Fatalf("got %s, %v", done.body, err)
	}
	w.trailHas(enrolments.EventCodesIssued, b.id)
	s := w.signIn(person)
	w.refused(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/code", `{"code":"`+l.codes[0]+`"}`), 422, "code-wrong")
	w.want(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/code", `{"code":"`+fresh.Codes[0]+`"}`), 200)
}

func TestAnAuthenticatorAppIsAddedInASetUpThatTakesNoPhoneAndRemoved(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	p := w.securityPage(person)
	done := w.want(w.carryOut(l.byPhone(w.changes(p, `"kind":"add_authenticator"`))), 200)
	id, token, _ := strings.Cut(strings.TrimPrefix(done.member("set_up_url"), w.url+"/set-up/"), "#")
	state := w.want(w.with(token, "GET", "/v1/pairings/"+id, ""), 200)
	if state.member("pair_url") != "" {
		t.Errorf("a phone is let in: %s", state.body)
	}
	w.refused(w.with(token, "GET", "/v1/pairings/"+id+"/qr", ""), 409, "pairing-settled")
	link := w.url + "/pair#" + enrolments.TicketOf(enrolments.SecretOf(token)).Reveal()
	if _, err := phone.New(phone.Options{HTTP: w.server.Client(), Now: w.clock.now}).Pair(t.Context(), link, phone.Pairing{Name: "x", Platform: "other", Algorithm: phone.ES256}); err == nil || !strings.Contains(err.Error(), "ticket-invalid") {
		t.Errorf("a phone that makes the ticket by itself: %v", err)
	}
	w.want(w.with(token, "POST", "/v1/pairings/"+id+"/authenticator", ""), 201)
	e, err := w.people.Person(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	pairing, err := w.store.Pairing(t.Context(), enrolments.PairingID(id), w.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.BurnStep(t.Context(), pairing.Authenticator, 60_000_000); err != nil {
		t.Fatal(err)
	}
	list := w.want(w.at(p, "GET", "", ""), 200)
	if list.member("authenticators.id") != string(pairing.Authenticator) || list.member("authenticators.last_used_at") == "" {
		t.Errorf("the apps are %s, of %d", list.body, e.Authenticators)
	}
	b := l.byPhone(w.changes(p, `"kind":"remove_authenticator","authenticator_id":"`+string(pairing.Authenticator)+`"`))
	w.want(w.carryOut(b), 200)
	if got := w.want(w.at(p, "GET", "", ""), 200).member("authenticators"); got != "[]" {
		t.Errorf("the apps are %s", got)
	}
	w.trailHas(enrolments.EventSecretRemoved, b.id)
}

func TestAPhoneIsRenamedWithoutIt(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	b := l.byPhone(w.changes(w.securityPage(person), `"kind":"rename_phone","phone_id":"`+l.old.id+`","name":"Ana’s tablet"`))
	if got := w.screen(b.signIn).member("action"); got != "Rename the phone “Old phone” to “Ana’s tablet”" {
		t.Errorf("the action is %s", got)
	}
	w.want(w.carryOut(b), 200)
	if got := w.phonesOf(person); !slices.Equal(got, []string{"Ana’s tablet"}) {
		t.Errorf("phones: %v", got)
	}
	w.trailHas(enrolments.EventPhoneRenamed, b.id)
}

func TestWhatCannotBeCarriedOutIsRefusedBeforeAnybodyIsAsked(t *testing.T) {
	w := newWorld(t)
	l, other := w.loser(person), w.loser("bob@example.com")
	p := w.securityPage(person)
	for _, c := range []struct {
		fields string
		status int
		kind   string
	}{
		{`"kind":"remove_phone","phone_id":"` + l.old.id + `"`, 409, "last-way-in"},
		{`"kind":"remove_phone","phone_id":"` + other.old.id + `"`, 404, "nothing-to-change"},
		{`"kind":"rename_phone","phone_id":"` + other.old.id + `","name":"x"`, 404, "nothing-to-change"},
		{`"kind":"remove_phone"`, 404, "nothing-to-change"},
		{`"kind":"remove_authenticator","authenticator_id":"nothing"`, 404, "nothing-to-change"},
		{`"kind":"rename_phone","phone_id":"` + l.old.id + `"`, 422, "invalid-request"},
		{`"kind":"rename_phone","phone_id":"` + l.old.id + `","name":"a\u202eb"`, 422, "invalid-request"},
		{`"kind":"rename_phone","phone_id":"` + l.old.id + `","name":"` + strings.Repeat("x", 65) + `"`, 422, "invalid-request"},
		{`"kind":"become_root"`, 422, "invalid-request"},
		{`"kind":"add_phone","admin":true`, 422, "invalid-request"},
		{``, 422, "invalid-request"},
	} {
		w.refused(w.at(p, "POST", "/changes", "{"+c.fields+"}"), c.status, c.kind)
	}
	if list, err := l.old.Pending(t.Context(), l.old.id, 0); err != nil || len(list) != 0 {
		t.Errorf("the phone is asked %v, %v", list, err)
	}
}

func TestAPhoneIsNotTheLastWayInWhereAnAppIsThere(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	p := w.securityPage(person)
	l.app()
	b := l.byPhone(w.changes(p, `"kind":"remove_phone","phone_id":"`+l.old.id+`"`))
	// What was the last but one is the last by now.
	e, err := w.store.Authenticators(t.Context(), l.person().ID)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(e, func(a enrolments.Authenticator) bool { return a.Phone == "" })
	w.want(w.carryOut(l.byPhone(w.changes(p, `"kind":"remove_authenticator","authenticator_id":"`+string(e[i].ID)+`"`))), 200)
	w.refused(w.carryOut(b), 409, "last-way-in")
	if got := w.phonesOf(person); !slices.Equal(got, []string{"Old phone"}) {
		t.Errorf("phones: %v", got)
	}
}

// app gives l an authenticator app.
func (l *loser) app() {
	l.t.Helper()
	p, _, err := l.people.OpenPairing(l.t.Context(), enrolments.Opening{User: l.user, Allowed: true})
	if err == nil {
		_, err = l.people.BeginAuthenticator(l.t.Context(), p)
	}
	if err == nil {
		p, err = l.store.Pairing(l.t.Context(), p.ID, l.clock.now())
	}
	if err == nil {
		err = l.store.BurnStep(l.t.Context(), p.Authenticator, 1)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *loser) person() enrolments.Enrolment {
	l.t.Helper()
	e, err := l.people.Person(l.t.Context(), l.user)
	if err != nil {
		l.t.Fatal(err)
	}
	return e
}

func TestTrustEndsAndARecoveryStopsWithoutAnApproval(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	r := w.begin(l.byRecoveryCode())
	for _, name := range []string{"Chrome on Windows", "Firefox on Linux"} {
		b := enrolments.TrustedBrowser{Person: l.person().ID, Application: "northwind", Approval: name, Name: name}
		if err := w.people.Trust(t.Context(), b, w.clock.now(), 24*time.Hour); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.people.IssueTrust(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.people.SetPolicy(t.Context(), "northwind", []enrolments.Assignment{{Key: "trusted_browser_days", Value: "30"}}); err != nil {
		t.Fatal(err)
	}
	p := w.securityPage(person)
	state := w.want(w.at(p, "GET", "", ""), 200)
	w.want(w.at(p, "DELETE", "/trusted-browsers/"+state.member("trusted_browsers.id"), ""), 204)
	if got := w.want(w.at(p, "GET", "", ""), 200).body; strings.Count(got, `"added_at"`) != strings.Count(state.body, `"added_at"`)-1 {
		t.Errorf("trusted: %s", got)
	}
	w.want(w.at(p, "DELETE", "/trusted-browsers", ""), 204)
	w.want(w.at(p, "DELETE", "/trusted-browsers/gone", ""), 204)
	if got := w.want(w.at(p, "GET", "", ""), 200).member("trusted_browsers"); got != "[]" {
		t.Errorf("trusted: %s", got)
	}
	l.notice()
	w.want(w.at(p, "DELETE", "/recoveries/"+r.id, ""), 204)
	if got := w.stands(r); got.member("state") != "refused" || got.member("refused_by") == "" {
		t.Errorf("the recovery is %s", got.body)
	}
	w.trailHas(enrolments.EventRecoveryRefused, "")
	if list, err := l.old.Pending(t.Context(), l.old.id, 0); err != nil || len(list) != 0 {
		t.Errorf("the phone is still asked %v, %v", list, err)
	}
	w.refused(w.at(p, "DELETE", "/recoveries/AAAAAAAAAAAAAAAAAAAAAA", ""), 404, "nothing-to-change")
}

func TestNobodyStopsTheRecoveryOfAnother(t *testing.T) {
	w := newWorld(t)
	r := w.begin(w.loser(person).byRecoveryCode())
	w.loser("bob@example.com")
	w.refused(w.at(w.securityPage("bob@example.com"), "DELETE", "/recoveries/"+r.id, ""), 404, "nothing-to-change")
	if got := w.stands(r).member("state"); got != "waiting" {
		t.Errorf("the recovery is %s", got)
	}
}

func TestAnApprovalOfAChangeIsNoSignInAndThatOfASignInNoChange(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	p, code := w.securityPage(person), l.appCode()
	pending := w.signIn(person)
	b := w.changes(p, `"kind":"renew_recovery_codes"`)
	if got := w.state(pending).member("state"); got != "pending" {
		t.Errorf("the sign-in is %s", got)
	}
	l.byCode(b, code)
	w.refused(w.app("GET", "/v1/approvals/"+b.id, ""), 404, "approval-not-found")
	w.refused(w.app("POST", "/v1/approvals/"+b.id+"/withdraw", ""), 404, "approval-not-found")
	w.refused(w.app("POST", "/v1/approvals/"+b.id+"/redeem", `{"result_code":"`+w.returned(b.signIn)+`"}`), 404, "approval-not-found")
	w.refused(w.app("POST", "/v1/pairings", `{"user":"`+person+`","approval_id":"`+b.id+`"}`), 403, "fresh-approval-needed")
	w.refused(w.with(b.token, "POST", "/v1/approvals/"+b.id+"/recovery", ""), 403, "fresh-approval-needed")
	w.refused(w.with(b.token, "POST", "/v1/approvals/"+b.id+"/trust", ""), 403, "fresh-approval-needed")
	w.want(w.carryOut(b), 200)

	s := l.byTOTP()
	w.refused(w.at(p, "POST", "/changes/"+s.id+"/carry-out", `{"result_code":"`+w.returned(s)+`"}`), 403, "fresh-approval-needed")
}

func TestWhatIsCarriedOutWasApprovedOnThisPageJustNow(t *testing.T) {
	w := newWorld(t)
	l, bob := w.loser(person), w.loser("bob@example.com")
	p := w.securityPage(person)
	b := w.changes(p, `"kind":"renew_recovery_codes"`)
	l.byPhone(b)
	code := w.returned(b.signIn)
	theirs := w.changes(w.securityPage("bob@example.com"), `"kind":"renew_recovery_codes"`)
	bob.byPhone(theirs)
	for name, r := range map[string]reply{
		"another page of the person": w.at(w.securityPage(person), "POST", "/changes/"+b.id+"/carry-out", `{"result_code":"`+code+`"}`),
		"another person's page":      w.at(theirs.page, "POST", "/changes/"+b.id+"/carry-out", `{"result_code":"`+code+`"}`),
		"another person's change":    w.at(p, "POST", "/changes/"+theirs.id+"/carry-out", `{"result_code":"`+w.returned(theirs.signIn)+`"}`),
		"a guessed code":             w.at(p, "POST", "/changes/"+b.id+"/carry-out", `{"result_code":"`+strings.Repeat("A", 43)+`"}`),
		"the waiting token":          w.at(p, "POST", "/changes/"+b.id+"/carry-out", `{"result_code":"`+b.token+`"}`),
		"no approval's id":           w.at(p, "POST", "/changes/x/carry-out", `{"result_code":"`+code+`"}`),
	} {
		if r.kind() != "fresh-approval-needed" {
			t.Errorf("%s: got %d %s", name, r.status, r.body)
		}
	}
	w.clock.move(5 * time.Minute)
	w.refused(w.at(p, "POST", "/changes/"+b.id+"/carry-out", `{"result_code":"`+code+`"}`), 403, "fresh-approval-needed")
	if len(w.codesOf(l)) != 10 {
		t.Error("the codes were renewed")
	}
}

// codesOf are the recovery codes of l that still let in.
func (w *world) codesOf(l *loser) []string {
	w.t.Helper()
	if l.person().RecoveryCodes != len(l.codes) {
		return nil
	}
	return l.codes
}

func TestAPageIsOpenForAQuarterOfAnHourAndForItsOwnPagesAlone(t *testing.T) {
	w := newWorld(t)
	w.loser(person)
	p, other := w.securityPage(person), w.securityPage(person)
	for name, r := range map[string]reply{
		"no token":               w.call("GET", "/v1/security-pages/"+p.id, ""),
		"the application's key":  w.app("GET", "/v1/security-pages/"+p.id, ""),
		"the token of another":   w.with(other.token, "GET", "/v1/security-pages/"+p.id, ""),
		"an id that cannot be":   w.with(p.token, "GET", "/v1/security-pages/x", ""),
		"another page's changes": w.with(other.token, "POST", "/v1/security-pages/"+p.id+"/changes", `{"kind":"add_phone"}`),
	} {
		if r.status != 401 || r.kind() != "unauthorized" {
			t.Errorf("%s: got %d %s", name, r.status, r.body)
		}
	}
	w.want(w.at(p, "GET", "", "", "Origin", w.url), 200)
	for _, origin := range []string{"https://books.example.com", "https://evil.example.com", "null"} {
		w.refused(w.at(p, "GET", "", "", "Origin", origin), 403, "origin-refused")
		w.refused(w.at(p, "DELETE", "/trusted-browsers", "", "Origin", origin), 403, "origin-refused")
	}
	w.clock.move(15 * time.Minute)
	w.refused(w.at(p, "GET", "", ""), 401, "unauthorized")
	w.refused(w.at(p, "POST", "/changes", `{"kind":"add_phone"}`), 401, "unauthorized")
}

func TestAPageStaysOpenForAChangeThatWasBegunJustBeforeItsEnd(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	p := w.securityPage(person)
	w.clock.move(15*time.Minute - 10*time.Second)
	b := w.changes(p, `"kind":"renew_recovery_codes"`)
	w.clock.move(30 * time.Second)
	w.want(w.carryOut(l.byPhone(b)), 200)
	for range 3 {
		w.clock.move(7 * time.Minute)
		w.at(p, "POST", "/changes", `{"kind":"add_phone"}`)
	}
	w.refused(w.at(p, "GET", "", ""), 401, "unauthorized")
}

func TestOnlyAnApplicationOpensAPageAndForWhoHasSomething(t *testing.T) {
	w := newWorld(t)
	w.loser(person)
	w.refused(w.call("POST", "/v1/security-pages", `{"user":"`+person+`"}`), 401, "unauthorized")
	w.refused(w.app("POST", "/v1/security-pages", `{"user":"nobody@example.com"}`), 404, "person-not-found")
	w.openPairing("new@example.com") // known, with nothing set up
	w.refused(w.app("POST", "/v1/security-pages", `{"user":"new@example.com"}`), 404, "person-not-found")
	w.refused(w.app("POST", "/v1/security-pages", `{"user":"`+person+`","return_url":"https://evil.example.com/"}`), 422, "return-url-refused")
	w.refused(w.app("POST", "/v1/security-pages", `{"user":""}`), 422, "invalid-request")
	w.want(w.app("POST", "/v1/security-pages", `{"user":"`+person+`"}`), 201)
}

func TestAPageLeadsNowhereThatIsNotRegisteredAnyMore(t *testing.T) {
	w := newWorld(t)
	w.loser(person)
	opened, token, err := w.people.OpenSecurityPage(t.Context(), "northwind", person, "https://books.example.com/no-more")
	if err != nil {
		t.Fatal(err)
	}
	r := w.want(w.at(page{string(opened.ID), token.Reveal()}, "GET", "", ""), 200)
	if to := r.member("back_to"); to != "" {
		t.Errorf("it leads to %s", to)
	}
}

func TestAfterAReportThePageChangesNothing(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	p := w.securityPage(person)
	b := l.byPhone(w.changes(p, `"kind":"renew_recovery_codes"`))
	if err := w.people.LockPush(t.Context(), enrolments.Event{Kind: enrolments.EventApprovalReported, Person: l.person().ID}); err != nil {
		t.Fatal(err)
	}
	w.refused(w.carryOut(b), 403, "person-locked")
	w.refused(w.at(p, "POST", "/changes", `{"kind":"add_phone"}`), 403, "person-locked")
	if got := w.want(w.at(p, "GET", "", ""), 200).member("push_locked"); got != "true" {
		t.Errorf("locked: %s", got)
	}
}

func TestWhoHasOnlyRecoveryCodesConfirmsNoChangeButANewPhone(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	if err := w.people.RemovePhone(t.Context(), enrolments.Phone{ID: enrolments.PhoneID(l.old.id), Person: l.person().ID}); err != nil {
		t.Fatal(err)
	}
	p := w.securityPage(person)
	w.refused(w.at(p, "POST", "/changes", `{"kind":"renew_recovery_codes"}`), 403, "nothing-usable")
	if got := w.screen(w.changes(p, `"kind":"add_phone"`).signIn).member("next"); got != string(approvals.CodeOnly) {
		t.Errorf("next is %s", got)
	}
}
