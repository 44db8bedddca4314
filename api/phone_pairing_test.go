package api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"countersign/mobile-stub/phone"
)

// by sends a request that a phone signs.
func (h handset) by(w *world, method, path, body string) reply {
	w.t.Helper()
	req, err := h.Request(w.t.Context(), h.id, method, path, []byte(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
		req.Body = io.NopCloser(strings.NewReader(body))
	}
	return w.send(req)
}

func TestAPhoneIsRenamedByItself(t *testing.T) {
	w := newWorld(t)
	h := w.pair("ana@example.com", phone.ES256)
	w.want(h.by(w, "PATCH", "/v1/phone", `{"name":"Ana's new name"}`), http.StatusNoContent)
	if got := w.want(h.by(w, "GET", "/v1/phone", ""), 200).member("name"); got != "Ana's new name" {
		t.Errorf("the name is %q", got)
	}
	w.refused(h.by(w, "PATCH", "/v1/phone", `{"name":"a\u202eb"}`), 422, "invalid-request")
}

func TestHistoryTellsHowSignInsEnded(t *testing.T) {
	w := newWorld(t)
	h := w.pair("ana@example.com", phone.ES256)
	first, second := w.signIn("ana@example.com"), signIn{}
	if _, err := h.Deny(t.Context(), h.id, h.find(t, first)); err != nil {
		t.Fatal(err)
	}
	second = w.signIn("ana@example.com")
	if _, err := h.Approve(t.Context(), h.id, h.find(t, second), second.number); err != nil {
		t.Fatal(err)
	}
	r := w.want(h.by(w, "GET", "/v1/phone/history", ""), 200)
	for path, want := range map[string]string{
		"sign_ins.approval_id": second.id, "sign_ins.state": "approved", "sign_ins.method": "push",
		"sign_ins.settled_by": "Ana's iPhone", "sign_ins.this_phone": "true", "sign_ins.application": "Northwind Books",
	} {
		if got := r.member(path); got != want {
			t.Errorf("%s is %q, want %q in %s", path, got, want, r.body)
		}
	}
	if strings.Count(r.body, `"approval_id"`) != 2 || strings.Contains(r.body, second.number+`"`) {
		t.Errorf("history is %s", r.body)
	}
}

func TestAnOldPhoneLetsANewOneInAndStopsWhenItStarts(t *testing.T) {
	w := newWorld(t)
	old, stranger := w.pair("ana@example.com", phone.ES256), w.pair("ben@example.com", phone.ES256)
	opened := w.want(old.by(w, "POST", "/v1/phone/pairings", `{"replace":true}`), 201)
	if !strings.HasPrefix(opened.member("qr_svg"), "<svg") {
		t.Errorf("no QR code: %s", opened.body)
	}
	path := "/v1/phone/pairings/" + opened.member("id")
	fresh := w.claim(pairing{link: opened.member("pair_url")}, phone.Pairing{Name: "Ana's next", Platform: "android"})
	account, err := fresh.Account(fresh.id)
	if err != nil {
		t.Fatal(err)
	}
	shown := w.want(old.by(w, "GET", path, ""), 200)
	if shown.member("digits") != account.Digits || shown.member("phone.name") != "Ana's next" || shown.member("pair_url") != "" {
		t.Errorf("the old phone is shown %s", shown.body)
	}
	w.refused(stranger.by(w, "GET", path, ""), 404, "pairing-not-found")
	w.refused(stranger.by(w, "POST", path+"/confirm", `{"match":true}`), 404, "pairing-not-found")
	w.want(old.by(w, "POST", path+"/confirm", `{"match":true}`), 200)
	w.refused(old.by(w, "GET", "/v1/phone", ""), 401, "phone-unknown")
	if got := w.want(fresh.by(w, "GET", "/v1/phone", ""), 200).member("state"); got != "active" {
		t.Errorf("the new phone is %q", got)
	}
}

func TestANewPhoneBesideTheOldOneLeavesItBe(t *testing.T) {
	w := newWorld(t)
	old := w.pair("ana@example.com", phone.ES256)
	opened := w.want(old.by(w, "POST", "/v1/phone/pairings", `{"replace":false}`), 201)
	path := "/v1/phone/pairings/" + opened.member("id")
	fresh := w.claim(pairing{link: opened.member("pair_url")}, phone.Pairing{Name: "Spare", Platform: "other"})
	w.want(old.by(w, "POST", path+"/confirm", `{"match":false}`), 200)
	w.refused(fresh.by(w, "GET", "/v1/phone", ""), 401, "phone-unknown")
	w.want(old.by(w, "GET", "/v1/phone", ""), 200)
	w.refused(old.by(w, "POST", path+"/confirm", `{"match":true}`), 409, "pairing-settled")
}
