package api_test

import (
	"testing"

	"countersign/mobile-stub/phone"
)

func TestANewPhoneIsTriedInItsSetUp(t *testing.T) {
	w := newWorld(t)
	p := w.openPairing("ana@example.com")
	try := func() reply { return w.with(p.token, "POST", "/v1/pairings/"+p.id+"/try", "") }
	w.refused(try(), 409, "pairing-settled")
	h := w.claim(p, phone.Pairing{Name: "Ana's iPhone", Platform: "ios"})
	w.refused(try(), 409, "pairing-settled")
	w.want(w.with(p.token, "POST", "/v1/pairings/"+p.id+"/confirm", `{"match":true}`), 200)

	r := w.want(try(), 201)
	s := signIn{r.member("id"), r.member("waiting_token"), r.member("number")}
	request := h.find(t, s)
	if lines, err := request.Show(); err != nil || lines[0].Value == "" || lines[2].Value != "Test request" {
		t.Errorf("the phone shows %v, %v", lines, err)
	}
	if _, err := h.Approve(t.Context(), h.id, request, s.number); err != nil {
		t.Fatal(err)
	}
	got := w.want(w.with(s.token, "GET", "/v1/approvals/"+s.id+"/stream", "", "Accept", "application/json"), 200)
	if got.member("state") != "approved" || got.member("return_to") != "" {
		t.Errorf("the browser is told %s", got.body)
	}
	// It proves nothing to anybody.
	w.refused(w.app("GET", "/v1/approvals/"+s.id, ""), 404, "approval-not-found")
	w.refused(w.app("POST", "/v1/approvals/"+s.id+"/redeem", `{"result_code":"x"}`), 404, "approval-not-found")
	w.refused(w.app("POST", "/v1/pairings", `{"user":"ana@example.com","approval_id":"`+s.id+`"}`), 403, "fresh-approval-needed")
}

func TestTryingStopsAtThePushBudget(t *testing.T) {
	w := newWorld(t)
	p := w.openPairing("ana@example.com")
	w.claim(p, phone.Pairing{Name: "Ana's iPhone", Platform: "ios"})
	w.want(w.with(p.token, "POST", "/v1/pairings/"+p.id+"/confirm", `{"match":true}`), 200)
	for range 5 {
		w.want(w.with(p.token, "POST", "/v1/pairings/"+p.id+"/try", ""), 201)
	}
	w.refused(w.with(p.token, "POST", "/v1/pairings/"+p.id+"/try", ""), 429, "too-many-pushes")
}
