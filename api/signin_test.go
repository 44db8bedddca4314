package api_test

import (
	"crypto/sha256"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"countersign/approvals"
	"countersign/internal/jws"
	"countersign/mobile-stub/phone"

	"github.com/google/go-cmp/cmp"
)

func TestAPhoneOfEitherKindApproves(t *testing.T) {
	for _, alg := range []phone.Algorithm{phone.ES256, phone.EdDSA} {
		t.Run(string(alg), func(t *testing.T) {
			w := newWorld(t)
			h := w.pair(person, alg)
			s := w.signIn(person)
			out, err := h.Approve(t.Context(), h.id, h.find(t, s), s.number)
			if err != nil || out.State != "approved" || out.Method != "push" || out.ID != s.id {
				t.Fatalf("approve: %+v, %v", out, err)
			}
			r := w.state(s)
			if r.member("state") != "approved" || r.member("method") != "push" || r.member("settled_by") != "Ana's iPhone" {
				t.Errorf("the application reads %s", r.body)
			}
		})
	}
}

func TestAPhoneDeniesOrReports(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	s := w.signIn(person)
	if out, err := h.Deny(t.Context(), h.id, h.find(t, s)); err != nil || out.State != "denied" || out.Reason != "user" {
		t.Fatalf("deny: %+v, %v", out, err)
	}
	s = w.signIn(person)
	if out, err := h.Report(t.Context(), h.id, h.find(t, s)); err != nil || out.Reason != "reported" {
		t.Fatalf("report: %+v, %v", out, err)
	}
	if r := w.app("GET", "/v1/people/"+person, ""); r.member("push_locked") != "true" {
		t.Errorf("after a report pushes are not locked: %s", r.body)
	}
	r := w.app("POST", "/v1/approvals", `{"user":"`+person+`"}`)
	if r.member("next") != "code_only" || r.member("number") != "" {
		t.Errorf("after a report a phone is asked: %s", r.body)
	}
	if state := w.app("GET", "/v1/approvals/"+r.member("id"), ""); state.member("phones") != "[]" {
		t.Errorf("phones are shown as asked: %s", state.body)
	}
}

func TestTheApplicationLearnsWhatWasAsked(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	r := w.want(w.app("POST", "/v1/approvals", `{"user":"`+person+`","ttl":120,"context":{"ip":"203.0.113.9",
		"user_agent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36",
		"location":"Wellington, NZ","action":"Pay","reference":"INV-7"}}`), 201)
	s := signIn{r.member("id"), r.member("waiting_token"), r.member("number")}
	if r.member("next") != "wait" || len(s.number) != 2 || len(s.id) != 30 || r.member("state") != "pending" {
		t.Errorf("the answer is %s", r.body)
	}
	if got, want := r.member("waiting_url"), w.url+"/waiting/"+s.id+"#"+s.token; got != want {
		t.Errorf("waiting_url %s, want %s", got, want)
	}
	var shown map[string]string
	if err := json.Unmarshal([]byte(h.find(t, s).Display), &shown); err != nil {
		t.Fatal(err)
	}
	delete(shown, "time")
	want := map[string]string{
		"application": "Northwind Books", "user": person, "action": "Pay", "location": "Wellington, NZ",
		"ip": "203.0.113.9", "browser": "Chrome on Windows", "reference": "INV-7",
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("the phone shows (-want +got)\n%s", diff)
	}
	read := w.state(s)
	if read.member("phones.name") != "Ana's iPhone" || read.member("phones.id") != h.id || read.member("application") != "northwind" {
		t.Errorf("the application reads %s", read.body)
	}
	if strings.Contains(read.body, `"number"`) || strings.Contains(read.body, s.token) {
		t.Errorf("the application's view holds what is the browser's: %s", read.body)
	}
	expires, err := time.Parse(time.RFC3339, read.member("expires_at"))
	created, err2 := time.Parse(time.RFC3339, read.member("created_at"))
	if err != nil || err2 != nil || expires.Sub(created) != 120*time.Second {
		t.Errorf("it lives from %v to %v, want 120 s", created, expires)
	}
}

func TestARequestThatIsRepeatedFindsTheFirst(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	body := `{"user":"` + person + `"}`
	first := w.want(w.app("POST", "/v1/approvals", body, "Idempotency-Key", "order-7"), 201)
	again := w.want(w.app("POST", "/v1/approvals", body, "Idempotency-Key", "order-7"), 201)
	if diff := cmp.Diff(first.body, again.body); diff != "" {
		t.Errorf("the repetition answers differently (-first +again)\n%s", diff)
	}
	w.refused(w.app("POST", "/v1/approvals", body+" ", "Idempotency-Key", "order-7"), 409, "idempotency-mismatch")
	other := w.want(w.app("POST", "/v1/approvals", body, "Idempotency-Key", "order-8"), 201)
	if other.member("id") == first.member("id") || other.member("waiting_token") == first.member("waiting_token") {
		t.Error("another key finds the same approval")
	}
}

// The seed is part of the protocol between nodes: a node of the next release
// must make the same token of the same request.
func TestTheWaitingTokenOfARepeatableRequestIsMadeOfKeyAndSecret(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	r := w.want(w.app("POST", "/v1/approvals", `{"user":"`+person+`"}`, "Idempotency-Key", "order-7"), 201)
	secret := w.key[strings.LastIndex(w.key, "northwind_")+len("northwind_"):]
	seed := sha256.Sum256([]byte("countersign-seed\x00" + secret + "\x00order-7"))
	if got, want := r.member("waiting_token"), derivedToken(seed, r.member("id")); got != want {
		t.Errorf("waiting token %s, want %s", got, want)
	}
}

func TestThePersonWhoHasNothingIsLedToSetUp(t *testing.T) {
	w := newWorld(t)
	r := w.want(w.app("POST", "/v1/approvals", `{"user":"new@example.com"}`), 201)
	if r.member("next") != "enrol" || r.member("state") != "withdrawn" || r.member("number") != "" {
		t.Errorf("the answer is %s", r.body)
	}
	link, token, ok := strings.Cut(r.member("set_up_url"), "#")
	id, found := strings.CutPrefix(link, w.url+"/set-up/")
	if !ok || !found {
		t.Fatalf("set_up_url is %s", r.member("set_up_url"))
	}
	if p := w.want(w.with(token, "GET", "/v1/pairings/"+id, ""), 200); p.member("state") != "open" || p.member("user") != "new@example.com" {
		t.Errorf("the set-up is %s", p.body)
	}
	state := w.want(w.with(r.member("waiting_token"), "GET", "/v1/approvals/"+r.member("id")+"/stream", ""), 200)
	if state.member("next") != "enrol" || state.member("reason") != "enrol" {
		t.Errorf("the waiting screen reads %s", state.body)
	}
}

func TestCodesSettleASignIn(t *testing.T) {
	w := newWorld(t)
	p := w.openPairing(person)
	h := w.claim(p, phone.Pairing{Name: "Ana's iPhone", Platform: "ios"})
	w.want(w.with(p.token, "POST", "/v1/pairings/"+p.id+"/confirm", `{"match":true}`), 200)
	if _, err := h.Refresh(t.Context(), h.id); err != nil {
		t.Fatal(err)
	}
	codes := w.want(w.with(p.token, "POST", "/v1/pairings/"+p.id+"/recovery-codes", ""), 201)
	totp, err := h.Code(h.id, w.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	code := totp.Digits[:3] + " " + totp.Digits[3:]

	s := w.signIn(person)
	wrong := w.refused(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/code", `{"code":"000 000"}`), 422, "code-wrong")
	if wrong.member("code_attempts_left") != "4" {
		t.Errorf("after one wrong code: %s", wrong.body)
	}
	r := w.want(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/code", `{"code":"`+code+`"}`), 200)
	if r.member("state") != "approved" || r.member("method") != "totp" {
		t.Errorf("the state is %s", r.body)
	}
	late := w.refused(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/code", `{"code":"`+code+`"}`), 409, "approval-settled")
	if late.member("state") != "approved" || late.member("method") != "totp" {
		t.Errorf("what stands is not told: %s", late.body)
	}

	s = w.signIn(person)
	w.refused(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/code", `{"code":"`+code+`"}`), 422, "code-used")
	recovery := codes.member("codes")[2:21]
	r = w.want(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/code", `{"code":"`+strings.ToLower(recovery)+`"}`), 200)
	if r.member("method") != "recovery_code" {
		t.Errorf("the state is %s", r.body)
	}
	s = w.signIn(person)
	w.refused(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/code", `{"code":"`+recovery+`"}`), 422, "code-used")
	if r := w.app("GET", "/v1/people/"+person, ""); r.member("recovery_codes_left") != "9" || r.member("authenticators") != "1" {
		t.Errorf("the person is %s", r.body)
	}
}

func TestTooManyCodesDenyAndBlock(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	for range 2 {
		s := w.signIn(person)
		for range 5 {
			w.refused(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/code", `{"code":"000000"}`), 422, "code-wrong")
		}
		if r := w.state(s); r.member("state") != "denied" || r.member("reason") != "too_many_codes" {
			t.Errorf("after five wrong codes: %s", r.body)
		}
	}
	s := w.signIn(person)
	r := w.refused(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/code", `{"code":"000000"}`), 429, "codes-blocked")
	if r.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestTheBrowserCancelsAndTheApplicationWithdraws(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	s := w.signIn(person)
	if r := w.want(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/cancel", ""), 200); r.member("reason") != "cancelled" {
		t.Errorf("cancelled: %s", r.body)
	}
	r := w.refused(w.app("POST", "/v1/approvals/"+s.id+"/withdraw", "{}"), 409, "approval-settled")
	if r.member("state") != "withdrawn" || r.member("reason") != "cancelled" {
		t.Errorf("what stands is not told: %s", r.body)
	}
	s = w.signIn(person)
	if r := w.want(w.app("POST", "/v1/approvals/"+s.id+"/withdraw", ""), 200); r.member("reason") != "application" {
		t.Errorf("withdrawn: %s", r.body)
	}
}

func TestPhonesAreAskedAgainTwice(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	s := w.signIn(person)
	for left := range 2 {
		r := w.want(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/resend", ""), 200)
		if want := []string{"1", "0"}[left]; r.member("resends_left") != want {
			t.Errorf("resends_left %s, want %s", r.member("resends_left"), want)
		}
	}
	r := w.refused(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/resend", ""), 429, "too-many-pushes")
	if r.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// redeemable is a sign-in that a phone approved, with the code that the
// browser brings back.
func (w *world) redeemable(h handset) (signIn, string) {
	w.t.Helper()
	s := w.signIn(person)
	if _, err := h.Approve(w.t.Context(), h.id, h.find(w.t, s), s.number); err != nil {
		w.t.Fatal(err)
	}
	r := w.want(w.with(s.token, "GET", "/v1/approvals/"+s.id+"/stream", ""), 200)
	u, err := url.Parse(r.member("return_to"))
	if err != nil || u.Query().Get("approval_id") != s.id || u.Query().Get("cart") != "1" || u.Host != "books.example.com" {
		w.t.Fatalf("return_to is %s", r.member("return_to"))
	}
	return s, u.Query().Get("result_code")
}

func TestTheResultIsRedeemedOnceByItsApplication(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	s, code := w.redeemable(h)
	body, path := `{"result_code":"`+code+`"}`, "/v1/approvals/"+s.id+"/redeem"

	other := w.register("contoso", "Contoso")
	w.refused(w.with(other, "POST", path, body), 404, "approval-not-found")
	w.refused(w.app("POST", path, `{"result_code":"`+s.token+`"}`), 410, "result-code-invalid")

	r := w.want(w.app("POST", path, body), 200)
	_, payload, err := jws.Verify(r.member("result_token"), w.signer.Public(), approvals.ResultType)
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	if claims["txn"] != s.id || claims["sub"] != person || claims["aud"] != "northwind" || claims["iss"] != w.url {
		t.Errorf("the token claims %v", claims)
	}
	if r.member("approval.id") != s.id || r.member("approval.state") != "approved" {
		t.Errorf("the approval is %s", r.body)
	}
	w.refused(w.app("POST", path, body), 410, "result-code-invalid")

	s, code = w.redeemable(h)
	w.clock.move(2 * time.Minute)
	w.refused(w.app("POST", "/v1/approvals/"+s.id+"/redeem", `{"result_code":"`+code+`"}`), 410, "result-code-invalid")
}

func TestTheKeysThatVerifyResultsArePublished(t *testing.T) {
	w := newWorld(t)
	r := w.want(w.call("GET", "/.well-known/jwks.json", ""), 200)
	if r.body != string(keySet(t, w.signer)) || r.header.Get("Content-Type") != "application/json" {
		t.Errorf("the key set is %s", r.body)
	}
}

func TestAnApprovalIsAwaited(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	s := w.signIn(person)
	if r := w.want(w.app("GET", "/v1/approvals/"+s.id+"?wait=50ms", ""), 200); r.member("state") != "pending" {
		t.Errorf("after the wait: %s", r.body)
	}
	got := make(chan reply)
	go func() { got <- w.app("GET", "/v1/approvals/"+s.id+"?wait=25s", "") }()
	if _, err := h.Deny(t.Context(), h.id, h.find(t, s)); err != nil {
		t.Fatal(err)
	}
	if r := <-got; r.member("state") != "denied" || r.member("settled_at") == "" {
		t.Errorf("the wait ends with %s", r.body)
	}
}

func TestAPersonIsReadByName(t *testing.T) {
	w := newWorld(t)
	const odd = "Ana María/Accounts"
	h := w.pair(odd, phone.ES256)
	r := w.want(w.app("GET", "/v1/people/"+url.PathEscape(odd), ""), 200)
	if r.member("user") != odd || r.member("phones.id") != h.id || r.member("phones.platform") != "ios" {
		t.Errorf("the person is %s", r.body)
	}
	if r.member("phones.last_used_at") != "" || r.member("phones.added_at") == "" {
		t.Errorf("the phone's times are %s", r.body)
	}
	w.refused(w.app("GET", "/v1/people/nobody@example.com", ""), 404, "person-not-found")
}
