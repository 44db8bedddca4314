package api_test

import (
	"encoding/base32"
	"strings"
	"testing"
	"time"

	"countersign/enrolments"
	"countersign/mobile-stub/phone"
	"countersign/totp"
)

func TestAPhoneIsPairedStepByStep(t *testing.T) {
	w := newWorld(t)
	p := w.openPairing(person)
	path := "/v1/pairings/" + p.id
	open := w.want(w.with(p.token, "GET", path, ""), 200)
	if open.member("state") != "open" || open.member("digits") != "" || open.member("authenticator") != "false" {
		t.Errorf("open: %s", open.body)
	}
	if want := w.url + "/pair#" + phone.Ticket(p.token); p.link != want {
		t.Errorf("pair_url %s, want %s", p.link, want)
	}
	svg := w.want(w.with(p.token, "GET", path+"/qr", ""), 200)
	if svg.header.Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(svg.body, "<svg ") {
		t.Errorf("the QR code is %s", svg.header.Get("Content-Type"))
	}

	waiting := make(chan reply)
	go func() { waiting <- w.with(p.token, "GET", path+"?wait=25s&version="+open.member("version"), "") }()
	h := w.claim(p, phone.Pairing{Name: "Ana's iPhone", Platform: "ios"})
	claimed := <-waiting
	account, err := h.Account(h.id)
	if err != nil {
		t.Fatal(err)
	}
	if claimed.member("state") != "claimed" || claimed.member("digits") != account.Digits || claimed.member("phone.name") != "Ana's iPhone" {
		t.Errorf("claimed: %s; the phone shows %s", claimed.body, account.Digits)
	}
	if claimed.member("pair_url") != "" {
		t.Error("a spent link is still shown")
	}
	w.refused(w.with(p.token, "GET", path+"/qr", ""), 409, "pairing-settled")

	if active := w.want(w.with(p.token, "POST", path+"/confirm", `{"match":true}`), 200); active.member("state") != "active" {
		t.Errorf("confirmed: %s", active.body)
	}
	again := w.refused(w.with(p.token, "POST", path+"/confirm", `{"match":true}`), 409, "pairing-settled")
	if again.member("state") != "active" {
		t.Errorf("what stands is not told: %s", again.body)
	}
}

func TestAPhoneWithOtherDigitsIsRefusedForGood(t *testing.T) {
	w := newWorld(t)
	p := w.openPairing(person)
	h := w.claim(p, phone.Pairing{Name: "Stranger", Platform: "other"})
	if r := w.want(w.with(p.token, "POST", "/v1/pairings/"+p.id+"/confirm", `{"match":false}`), 200); r.member("state") != "refused" {
		t.Errorf("refused: %s", r.body)
	}
	if _, err := h.Refresh(t.Context(), h.id); phone.KindOf(err) != phone.PhoneUnknown {
		t.Errorf("the refused phone gets %v", err)
	}
	if r := w.app("GET", "/v1/people/"+person, ""); r.member("phones") != "[]" {
		t.Errorf("the person has %s", r.body)
	}
}

func TestAPhoneWaitsUntilItIsConfirmed(t *testing.T) {
	w := newWorld(t)
	p := w.openPairing(person)
	h := w.claim(p, phone.Pairing{Name: "Ana's iPhone", Platform: "ios"})
	for _, path := range []string{"/v1/phone/approvals", "/v1/phone/totp", "/v1/phone/push"} {
		w.refused(w.signed(h, methodOf(path), path, bodyOf(path)), 403, "phone-inactive")
	}
	claimed := w.want(w.signed(h, "GET", "/v1/phone", ""), 200)
	if claimed.member("state") != "claimed" || claimed.member("device_id") != h.id || claimed.member("server") != "Countersign" {
		t.Errorf("claimed: %s", claimed.body)
	}
	active := make(chan error)
	go func() {
		_, err := h.WaitActive(t.Context(), h.id)
		active <- err
	}()
	w.want(w.with(p.token, "POST", "/v1/pairings/"+p.id+"/confirm", `{"match":true}`), 200)
	if err := <-active; err != nil {
		t.Fatal(err)
	}
	if r := w.want(w.signed(h, "GET", "/v1/phone", ""), 200); r.member("state") != "active" || r.member("totp") != "true" || r.member("user") != person {
		t.Errorf("active: %s", r.body)
	}
}

func methodOf(path string) string {
	switch path {
	case "/v1/phone/totp":
		return "POST"
	case "/v1/phone/push":
		return "PUT"
	}
	return "GET"
}

func bodyOf(path string) string {
	if path == "/v1/phone/push" {
		return `{"service":"none"}`
	}
	return ""
}

func TestAnAuthenticatorAppIsProvedByItsFirstCode(t *testing.T) {
	w := newWorld(t)
	p := w.openPairing(person)
	path := "/v1/pairings/" + p.id
	w.refused(w.with(p.token, "POST", path+"/recovery-codes", ""), 409, "pairing-settled")
	w.refused(w.with(p.token, "POST", path+"/authenticator/confirm", `{"code":"123456"}`), 409, "pairing-settled")
	r := w.want(w.with(p.token, "POST", path+"/authenticator", ""), 201)
	if !strings.HasPrefix(r.member("otpauth_uri"), "otpauth://totp/Countersign:") || !strings.HasPrefix(r.member("qr_svg"), "<svg ") {
		t.Errorf("the key is %s", r.body)
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(r.member("setup_key"), " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	code, err := totp.Code(secret, w.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	w.refused(w.with(p.token, "POST", path+"/authenticator/confirm", `{"code":"000000"}`), 422, "code-wrong")
	if r := w.app("GET", "/v1/people/"+person, ""); r.member("authenticators") != "0" {
		t.Errorf("it counts before it is proved: %s", r.body)
	}
	if r := w.want(w.with(p.token, "POST", path+"/authenticator/confirm", `{"code":"`+code+`"}`), 200); r.member("authenticator") != "true" {
		t.Errorf("proved: %s", r.body)
	}
	codes := w.want(w.with(p.token, "POST", path+"/recovery-codes", ""), 201)
	if n := strings.Count(codes.member("codes"), ","); n != 9 {
		t.Errorf("%d recovery codes: %s", n+1, codes.body)
	}
	w.refused(w.with(p.token, "POST", path+"/recovery-codes", ""), 409, "pairing-settled")
}

func TestWhoHasSomethingNeedsAFreshApprovalForMore(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	body := func(id string) string { return `{"user":"` + person + `","approval_id":"` + id + `"}` }
	w.refused(w.app("POST", "/v1/pairings", `{"user":"`+person+`"}`), 403, "fresh-approval-needed")
	w.refused(w.app("POST", "/v1/pairings", body("nonsense")), 403, "fresh-approval-needed")
	s := w.signIn(person)
	w.refused(w.app("POST", "/v1/pairings", body(s.id)), 403, "fresh-approval-needed")
	if _, err := h.Approve(t.Context(), h.id, h.find(t, s), s.number); err != nil {
		t.Fatal(err)
	}
	w.refused(w.with(w.register("contoso", "Contoso"), "POST", "/v1/pairings", body(s.id)), 403, "fresh-approval-needed")
	r := w.want(w.app("POST", "/v1/pairings", body(s.id)), 201)
	if want := w.url + "/set-up/" + r.member("id") + "#" + r.member("set_up_token"); r.member("set_up_url") != want {
		t.Errorf("set_up_url %s, want %s", r.member("set_up_url"), want)
	}
	w.refused(w.app("POST", "/v1/pairings", body(s.id)), 403, "fresh-approval-needed")
}

func TestASetUpEndsAfterTenMinutes(t *testing.T) {
	w := newWorld(t)
	p := w.openPairing(person)
	w.clock.move(10 * time.Minute)
	if r := w.want(w.with(p.token, "GET", "/v1/pairings/"+p.id+"?wait=25s&version=1", ""), 200); r.member("state") != "expired" || r.member("pair_url") != "" {
		t.Errorf("after ten minutes: %s", r.body)
	}
	_, err := phone.New(phone.Options{HTTP: w.server.Client(), Now: w.clock.now}).Pair(t.Context(), p.link, phone.Pairing{Name: "Late"})
	if phone.KindOf(err) != phone.TicketInvalid {
		t.Errorf("the link gets %v", err)
	}
}

// back is where the set-ups of these tests lead back to.
const back = "https://books.example.com/signed-in?tab=1"

// leadsBack fails the test unless the set-up behind a link leads back to a place,
// or nowhere where that is empty.
func (w *world) leadsBack(link, to, signingIn string) {
	w.t.Helper()
	id, token, _ := strings.Cut(strings.TrimPrefix(link, w.url+"/set-up/"), "#")
	r := w.want(w.with(token, "GET", "/v1/pairings/"+id, ""), 200)
	name := ""
	if to != "" {
		name = "Northwind Books"
	}
	if r.member("back_to") != to || r.member("application") != name || r.member("signing_in") != signingIn {
		w.t.Errorf("got %s; want it to lead to %q, signing in %q", r.body, to, signingIn)
	}
}

func TestASetUpLeadsBackToWhoeverOpenedIt(t *testing.T) {
	w := newWorld(t)
	asked := w.want(w.app("POST", "/v1/approvals", `{"user":"new@example.com","return_url":"`+back+`"}`), 201)
	w.leadsBack(asked.member("set_up_url"), back, "true")
	opened := w.want(w.app("POST", "/v1/pairings", `{"user":"new@example.com","return_url":"`+back+`"}`), 201)
	w.leadsBack(opened.member("set_up_url"), back, "")
	opened = w.want(w.app("POST", "/v1/pairings", `{"user":"new@example.com"}`), 201)
	w.leadsBack(opened.member("set_up_url"), "", "")

	l := w.loser(person)
	change := l.byPhone(w.changes(w.securityPage(person), `"kind":"add_phone"`))
	w.leadsBack(w.want(w.carryOut(change), 200).member("set_up_url"), back, "")
}

func TestASetUpLeadsNowhereThatIsNotRegistered(t *testing.T) {
	w := newWorld(t)
	for _, to := range []string{"https://evil.example.com/signed-in", "https://books.example.com/elsewhere", "//books.example.com/signed-in", "javascript:alert(1)"} {
		for _, more := range []string{"", `,"without_script":true`} {
			w.refused(w.app("POST", "/v1/pairings", `{"user":"new@example.com","return_url":"`+to+`"`+more+`}`), 422, "return-url-refused")
		}
	}
	// Nor to what was registered once, by whatever way it came to be kept.
	for _, o := range []enrolments.Opening{
		{User: person, Application: "northwind", ReturnURL: "https://books.example.com/no-more"},
		{User: person, Application: "southwind", ReturnURL: back},
		{User: person, ReturnURL: back},
	} {
		p, token, err := w.people.OpenPairing(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		w.leadsBack(w.url+"/set-up/"+string(p.ID)+"#"+token.Reveal(), "", "")
	}
}
