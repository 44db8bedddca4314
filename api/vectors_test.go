package api_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"countersign/api"
	"countersign/approvals"
	"countersign/enrolments"
	"countersign/internal/jws"
	"countersign/mobile-stub/phone"
	"countersign/push"
)

// vector is one case of approvals/testdata.
type vector struct {
	Name      string          `json:"name"`
	Want      string          `json:"want"`
	PublicKey json.RawMessage `json:"public_key"`
	Device    string          `json:"device_id"`
	Now       int64           `json:"now"`
	Aud       string          `json:"aud"`

	Ticket string `json:"ticket"`
	Proof  string `json:"proof"`

	Method string   `json:"method"`
	URL    string   `json:"url"`
	Body   string   `json:"body"`
	Seen   []string `json:"seen_jti"`

	Txn, Nonce, Display, Decision, Number, Answer string
}

func vectors(t *testing.T, file string) []vector {
	t.Helper()
	raw, err := os.ReadFile("../approvals/testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatalf("%s holds no case", file)
	}
	return all
}

// vectorServer is U of the vectors.
const vectorServer = "https://countersign.example.com"

// vectorPerson is who the vectors' phone belongs to.
const vectorPerson = enrolments.PersonID("person of the vectors")

// onePhone is a store in which there is one phone and one open ticket.
type onePhone struct {
	enrolments.Store // the rest is not called
	phone            enrolments.Phone
	ticket           enrolments.Hash
}

func (s onePhone) Phone(_ context.Context, id enrolments.PhoneID) (enrolments.Phone, string, error) {
	if id != s.phone.ID {
		return enrolments.Phone{}, "", enrolments.ErrNotFound
	}
	return s.phone, person, nil
}

func (s onePhone) Claim(_ context.Context, ticket enrolments.Hash, phone enrolments.Phone, digits string, _ time.Time) (enrolments.Pairing, error) {
	if ticket != s.ticket {
		return enrolments.Pairing{}, enrolments.ErrTicket
	}
	return enrolments.Pairing{State: enrolments.PairingClaimed, Phone: phone.ID, Digits: digits, User: person}, nil
}

func (s onePhone) Together(ctx context.Context, do func(context.Context, enrolments.Store) error) error {
	return do(ctx, &s)
}

// RemovePhone finds that somebody else has just removed it.
func (onePhone) RemovePhone(context.Context, enrolments.PhoneID) error {
	return enrolments.ErrNotFound
}

func (onePhone) Record(context.Context, ...enrolments.Event) error { return nil }

func (onePhone) UsedPhone(context.Context, enrolments.PhoneID, time.Time) error { return nil }

func (onePhone) SetPushLocked(context.Context, enrolments.PersonID, bool) error { return nil }

func (onePhone) EnrolmentOf(context.Context, enrolments.PersonID) (enrolments.Enrolment, error) {
	return enrolments.Enrolment{}, nil
}

func (onePhone) SpendApproval(context.Context, string, time.Time) error { return nil }

type noPush struct{}

func (noPush) Send(context.Context, push.Message, []push.Target, func(int, error)) {}

// judge is a server that is told, case by case, what there is.
type judge struct {
	*api.API
	now    int64
	store  *onePhone
	memory *fresh
}

// fresh is an approvals store that is replaced for each case.
type fresh struct{ *approvals.Memory }

func newJudge(t *testing.T, audience string) *judge {
	t.Helper()
	j := &judge{store: &onePhone{}, memory: &fresh{}}
	now := func() time.Time { return time.Unix(j.now, 0) }
	people := enrolments.NewService(enrolments.Config{
		Store: j.store, PublicURL: audience, ServerName: "Countersign", CodeLimits: enrolments.DefaultCodeLimits(), Now: now,
	})
	signer := newSigner(t)
	log := slog.New(slog.DiscardHandler)
	signIns := approvals.NewService(approvals.Config{
		Store: j.memory, People: people, Record: j.store, Waker: noPush{}, Signer: signer, PublicURL: audience, Now: now, Log: log,
	})
	var err error
	j.API, err = api.New(api.Config{
		Approvals: signIns, Enrolments: people, PublicURL: audience, ServerName: "Countersign",
		KeySet: keySet(t, signer), Now: now, Log: log, Limits: api.Limits{Burst: 1 << 30},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		signIns.Close()
	})
	return j
}

// begin lets the server know what a case says it knows, and nothing else.
func (j *judge) begin(t *testing.T, v vector) {
	t.Helper()
	j.now = v.Now
	*j.store = onePhone{
		phone:  enrolments.Phone{ID: enrolments.PhoneID(v.Device), Person: vectorPerson, Name: "Phone", Active: true},
		ticket: enrolments.SecretOf(v.Ticket).Hash(),
	}
	if v.Device != "" {
		key, err := jws.ParseKey(v.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		j.store.phone.Key = key
	}
	memory := approvals.NewMemory(func() time.Time { return time.Unix(j.now, 0) })
	t.Cleanup(func() { memory.Close() })
	j.memory.Memory = memory
}

// verdict is what a server answers: "ok" or the kind of its problem.
func verdict(a http.Handler, r *http.Request) string {
	r.RemoteAddr = "192.0.2.1:1"
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	if kind := (reply{body: w.Body.String()}).kind(); kind != "" {
		return kind
	}
	if w.Code >= 300 {
		return fmt.Sprint(w.Code)
	}
	return "ok"
}

func jsonRequest(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func TestPairingProofsAreJudgedAsTheVectorsSay(t *testing.T) {
	j := newJudge(t, vectorServer)
	for _, v := range vectors(t, "pairing_proofs.json") {
		t.Run(v.Name, func(t *testing.T) {
			j.begin(t, v)
			body, err := json.Marshal(map[string]any{
				"ticket": v.Ticket, "public_key": v.PublicKey, "name": "Phone", "platform": "other", "proof": v.Proof,
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := verdict(j, jsonRequest("POST", "/v1/pair", string(body))); got != v.Want {
				t.Errorf("got %s, want %s", got, v.Want)
			}
		})
	}
}

func TestPhoneProofsAreJudgedAsTheVectorsSay(t *testing.T) {
	j := newJudge(t, vectorServer)
	for _, v := range vectors(t, "phone_proofs.json") {
		t.Run(v.Name, func(t *testing.T) {
			j.begin(t, v)
			u, err := url.Parse(v.URL)
			if err != nil {
				t.Fatal(err)
			}
			for _, jti := range v.Seen {
				if err := j.memory.SpendProof(t.Context(), vectorPerson, v.Device+"."+jti); err != nil {
					t.Fatal(err)
				}
			}
			body, err := base64.RawURLEncoding.DecodeString(v.Body)
			if err != nil {
				t.Fatal(err)
			}
			r := jsonRequest(v.Method, u.Path, string(body))
			r.Header.Set("Phone-Proof", v.Proof)
			got := verdict(j, r)
			if got == "answer-signature" {
				got = "ok" // the proof was taken, and the answer in the body is none
			}
			if got != v.Want {
				t.Errorf("got %s, want %s", got, v.Want)
			}
		})
	}
}

// The approval of the vectors is in nobody's slot, so the server finds it not;
// what it would then decide in the store's step is asked of the store.
func TestAnswersAreJudgedAsTheVectorsSay(t *testing.T) {
	j := newJudge(t, vectorServer)
	for _, v := range vectors(t, "answers.json") {
		t.Run(v.Name, func(t *testing.T) {
			j.begin(t, v)
			body, err := json.Marshal(map[string]string{"answer": v.Answer})
			if err != nil {
				t.Fatal(err)
			}
			path := "/v1/phone/approvals/" + v.Txn + "/answer"
			r := jsonRequest("POST", path, string(body))
			r.Header.Set("Phone-Proof", vectorProof(t, v, path, body))
			got := verdict(j, r)
			if got == "approval-not-found" {
				got = storeVerdict(t, v, j.memory.Memory)
			}
			if got != v.Want {
				t.Errorf("got %s, want %s", got, v.Want)
			}
		})
	}
}

// vectorProof is an honest proof by the key of the vectors' phone.
func vectorProof(t *testing.T, v vector, path string, body []byte) string {
	t.Helper()
	raw, err := os.ReadFile("../approvals/testdata/keys.json")
	if err != nil {
		t.Fatal(err)
	}
	var keys []struct {
		Key *phone.Key `json:"private_key"`
	}
	if err := json.Unmarshal(raw, &keys); err != nil {
		t.Fatal(err)
	}
	var public phone.JWK
	if err := json.Unmarshal(v.PublicKey, &public); err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if k.Key.Public() == public {
			proof, err := phone.SignProof(k.Key, v.Device, phone.NewProofClaims("POST", v.Aud+path, body, time.Unix(v.Now, 0)))
			if err != nil {
				t.Fatal(err)
			}
			return proof
		}
	}
	t.Fatal("no key of the vectors' phone")
	return ""
}

func storeVerdict(t *testing.T, v vector, memory *approvals.Memory) string {
	t.Helper()
	number := v.Number
	if number == "" {
		number = "47"
	}
	_, err := memory.Create(t.Context(), approvals.New{
		ID: approvals.ID(v.Txn), Application: "northwind", Person: vectorPerson, User: person, Display: v.Display,
		Nonce: v.Nonce, Number: number, TTL: time.Minute, NumberTries: 2, Budget: approvals.Budget{Limit: 5, Window: time.Minute},
		Phones: []approvals.AskedPhone{{ID: enrolments.PhoneID(v.Device), Name: "Phone"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, payload, _ := strings.Cut(v.Answer, ".")
	payload, _, _ = strings.Cut(payload, ".")
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	var c phone.AnswerClaims
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	_, err = memory.Answer(t.Context(), approvals.ID(v.Txn), approvals.Answer{
		Phone: enrolments.PhoneID(v.Device), Nonce: c.Nonce, Display: c.Dsp,
		Decision: approvals.Decision(c.Decision), Number: c.Number, Digest: payload, Proof: "p",
	})
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, approvals.ErrMismatch):
		return "answer-mismatch"
	case errors.Is(err, approvals.ErrDisplay):
		return "answer-display"
	}
	return err.Error()
}

// Of two that remove a phone at once the second is told what it would be told
// a moment later.
func TestAPhoneThatIsRemovedMeanwhileIsUnknown(t *testing.T) {
	j := newJudge(t, vectorServer)
	key, err := phone.GenerateKey(phone.ES256)
	if err != nil {
		t.Fatal(err)
	}
	public, err := json.Marshal(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	v := vector{Device: "ZGV2aWNlIG9mIHZlY3Rvcg", PublicKey: public, Now: time.Now().Unix()}
	j.begin(t, v)
	proof, err := phone.SignProof(key, v.Device, phone.NewProofClaims("DELETE", vectorServer+"/v1/phone", nil, time.Unix(v.Now, 0)))
	if err != nil {
		t.Fatal(err)
	}
	r := jsonRequest("DELETE", "/v1/phone", "")
	r.Header.Set("Phone-Proof", proof)
	if got := verdict(j, r); got != "phone-unknown" {
		t.Errorf("got %s, want phone-unknown", got)
	}
}
