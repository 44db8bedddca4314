package api_test

import (
	"strings"
	"testing"

	"countersign/enrolments"
	"countersign/mobile-stub/phone"
)

// signed sends a phone's request with an honest proof.
func (w *world) signed(h handset, method, path, body string) reply {
	w.t.Helper()
	plain, query, _ := strings.Cut(path, "?")
	req, err := h.Request(w.t.Context(), h.id, method, plain, []byte(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.URL.RawQuery = query
	if body == "" {
		req.Header.Del("Content-Type")
	}
	return w.send(req)
}

// forged sends a phone's request with claims of the test's choice.
func (w *world) forged(h handset, method, path, body string, change func(*phone.ProofClaims)) reply {
	w.t.Helper()
	claims := phone.NewProofClaims(method, w.url+path, []byte(body), w.clock.now())
	change(&claims)
	proof, err := phone.SignProof(w.keyOf(h), h.id, claims)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.call(method, path, body, "Phone-Proof", proof)
}

func idOf(h handset) enrolments.PhoneID { return enrolments.PhoneID(h.id) }

func (w *world) keyOf(h handset) *phone.Key {
	w.t.Helper()
	key, err := h.Key(h.id)
	if err != nil {
		w.t.Fatal(err)
	}
	return key
}

func TestAPhoneSeesWhatItIsAskedAndNeverTheNumber(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	none := w.want(w.signed(h, "GET", "/v1/phone/approvals?wait=50ms", ""), 200)
	if none.member("approvals") != "[]" || none.member("server_time") == "" {
		t.Errorf("nothing is asked, and the phone reads %s", none.body)
	}
	got := make(chan reply)
	go func() { got <- w.signed(h, "GET", "/v1/phone/approvals?wait=25s", "") }()
	s := w.signIn(person)
	r := <-got
	if r.member("approvals.id") != s.id || r.member("approvals.number_digits") != "2" || r.member("approvals.nonce") == "" {
		t.Errorf("the phone reads %s", r.body)
	}
	if strings.Contains(r.body, `"number"`) || strings.Contains(r.body, `"`+s.number+`"`) {
		t.Errorf("the phone is told the number: %s", r.body)
	}
}

func TestAPhoneSaysThatItsPersonHasSeenIt(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	s := w.signIn(person)
	if r := w.want(w.signed(h, "POST", "/v1/phone/approvals/"+s.id+"/seen", ""), 204); r.body != "" {
		t.Errorf("204 with a body: %s", r.body)
	}
	if r := w.state(s); r.member("phones.seen") != "true" {
		t.Errorf("seen, and the application reads %s", r.body)
	}
}

func TestAPhoneMovesItsPushTarget(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	target := func() string {
		p, _, err := w.store.Phone(t.Context(), idOf(h))
		if err != nil {
			t.Fatal(err)
		}
		if p.Push == nil {
			return "none"
		}
		return string(p.Push.Service)
	}
	w.want(w.signed(h, "PUT", "/v1/phone/push", `{"service":"fcm","token":"abc:def"}`), 204)
	if target() != "fcm" {
		t.Errorf("the target is %s", target())
	}
	w.refused(w.signed(h, "PUT", "/v1/phone/push", `{"service":"fcm","token":"a b"}`), 422, "push-target-refused")
	w.refused(w.signed(h, "PUT", "/v1/phone/push", `{"service":"none","token":"abc"}`), 422, "push-target-refused")
	w.refused(w.signed(h, "PUT", "/v1/phone/push", `{"service":"carrier-pigeon"}`), 422, "invalid-request")
	if target() != "fcm" {
		t.Errorf("a refused target replaced the one there was by %s", target())
	}
	w.want(w.signed(h, "PUT", "/v1/phone/push", `{"service":"none"}`), 204)
	if target() != "none" {
		t.Errorf("the target is %s", target())
	}
}

func TestAPhoneRemovesItself(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	w.want(w.signed(h, "DELETE", "/v1/phone", ""), 204)
	w.refused(w.signed(h, "GET", "/v1/phone", ""), 401, "phone-unknown")
	if r := w.app("GET", "/v1/people/"+person, ""); r.member("phones") != "[]" || r.member("authenticators") != "0" {
		t.Errorf("the person has %s", r.body)
	}
}

func TestAPhonesSecretIsReplacedWhenAskedAgain(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	first := w.want(w.signed(h, "POST", "/v1/phone/totp", ""), 201)
	second := w.want(w.signed(h, "POST", "/v1/phone/totp", "{}"), 201)
	if first.member("secret") == second.member("secret") || first.member("period") != "30" || first.member("label") != person {
		t.Errorf("first %s, second %s", first.body, second.body)
	}
	if r := w.app("GET", "/v1/people/"+person, ""); r.member("authenticators") != "1" {
		t.Errorf("the person has %s", r.body)
	}
}

func TestWrongNumbersRunOut(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	s := w.signIn(person)
	wrong := "10"
	if s.number == wrong {
		wrong = "11"
	}
	for _, left := range []string{"1", "0"} {
		asked := h.find(t, s)
		answer := w.answerOf(h, asked, func(c *phone.AnswerClaims) { c.Number = wrong })
		body := `{"answer":"` + answer + `"}`
		r := w.refused(w.signed(h, "POST", "/v1/phone/approvals/"+s.id+"/answer", body), 422, "number-wrong")
		if r.member("number_attempts_left") != left {
			t.Errorf("number_attempts_left %s, want %s", r.member("number_attempts_left"), left)
		}
		// The same bytes again take nothing.
		w.refused(w.signed(h, "POST", "/v1/phone/approvals/"+s.id+"/answer", body), 422, "number-wrong")
		wrong = "12"
		if s.number == wrong {
			wrong = "13"
		}
	}
	if r := w.state(s); r.member("state") != "denied" || r.member("reason") != "number_mismatch" {
		t.Errorf("after the last wrong number: %s", r.body)
	}
}

// answerOf signs an answer to what was asked; change makes it a bad one.
func (w *world) answerOf(h handset, asked phone.Request, change func(*phone.AnswerClaims)) string {
	w.t.Helper()
	claims := phone.NewAnswerClaims(w.url, h.id, asked, phone.Approve, "99", w.clock.now())
	change(&claims)
	token, err := phone.SignAnswer(w.keyOf(h), h.id, claims)
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

func TestTheSameAnswerTwiceIsOneAndAnotherIsTooLate(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	s := w.signIn(person)
	asked := h.find(t, s)
	approve := w.answerOf(h, asked, func(c *phone.AnswerClaims) { c.Number = s.number })
	deny := w.answerOf(h, asked, func(c *phone.AnswerClaims) { c.Decision, c.Number = phone.Deny, "" })
	path := "/v1/phone/approvals/" + s.id + "/answer"
	first := w.want(w.signed(h, "POST", path, `{"answer":"`+approve+`"}`), 200)
	again := w.want(w.signed(h, "POST", path, `{"answer":"`+approve+`"}`), 200)
	if first.body != again.body {
		t.Errorf("first %s, again %s", first.body, again.body)
	}
	r := w.refused(w.signed(h, "POST", path, `{"answer":"`+deny+`"}`), 409, "approval-settled")
	if r.member("state") != "approved" || r.member("method") != "push" {
		t.Errorf("what stands is not told: %s", r.body)
	}
}

func TestOnlyOneProofHeaderIsTaken(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	req, err := h.Request(t.Context(), h.id, "GET", "/v1/phone", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Add("Phone-Proof", req.Header.Get("Phone-Proof"))
	w.refused(w.send(req), 401, "proof-invalid")
}

func TestNothingOfASecretIsLogged(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	s, code := w.redeemable(h)
	w.want(w.app("POST", "/v1/approvals/"+s.id+"/redeem", `{"result_code":"`+code+`"}`), 200)
	w.refused(w.with(s.token+"x", "GET", "/v1/approvals/"+s.id+"/stream", ""), 401, "unauthorized")
	for name, secret := range map[string]string{"key": w.key, "waiting token": s.token, "result code": code} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log holds the %s", name)
		}
	}
}
