package approvals

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/enrolments"
	"countersign/internal/jws"
)

// answerVector is a case of testdata/answers.json.
type answerVector struct {
	Name, Want, Answer, Aud, Txn, Nonce, Display, Number string
	Decision                                             Decision
	Device                                               enrolments.PhoneID `json:"device_id"`
	PublicKey                                            json.RawMessage    `json:"public_key"`
	Now                                                  int64
}

func readVectors(t testing.TB, name string, out any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, out); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func answerVectors(t testing.TB) []answerVector {
	t.Helper()
	var all []answerVector
	readVectors(t, "answers.json", &all)
	if len(all) == 0 {
		t.Fatal("answers.json holds no case")
	}
	return all
}

// phone is the phone of a case.
func (v answerVector) phone(t testing.TB) enrolments.Phone {
	t.Helper()
	key, err := jws.ParseKey(v.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return enrolments.Phone{ID: v.Device, Key: key, Active: true}
}

// service is one at the place and time of a case.
func (v answerVector) service() *Service {
	return NewService(Config{PublicURL: v.Aud, Now: func() time.Time { return time.Unix(v.Now, 0) }})
}

// verdictOf is the protocol's kind of problem for an error of an answer.
func verdictOf(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return "ok"
	}
	for _, v := range []struct {
		err  error
		kind string
	}{
		{ErrSignature, "answer-signature"}, {ErrAlgorithm, "answer-algorithm"},
		{ErrAudience, "answer-audience"}, {ErrClock, "answer-clock"},
		{ErrMismatch, "answer-mismatch"}, {ErrDisplay, "answer-display"},
	} {
		if errors.Is(err, v.err) {
			return v.kind
		}
	}
	t.Errorf("no verdict for %v", err)
	return ""
}

// A good answer settles as it says, a bad one gets its problem and changes
// nothing.
func TestAnswersAreJudgedAsTheVectorsSay(t *testing.T) {
	for _, v := range answerVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			s, phone := v.service(), v.phone(t)
			defer s.Close()
			store := NewMemory(s.config.Now)
			defer store.Close()
			number := v.Number
			if number == "" {
				number = "47"
			}
			created, err := store.Create(t.Context(), New{
				ID: ID(v.Txn), Application: "northwind", Person: "ana", Nonce: v.Nonce, Display: v.Display,
				Number: number, Phones: []AskedPhone{{ID: v.Device, Sent: Asking}}, TTL: time.Minute,
				NumberTries: 2, CodeTries: 5, Budget: Budget{Limit: 1, Window: time.Minute},
			})
			if err != nil {
				t.Fatal(err)
			}
			a, err := s.verifyAnswer(phone, ID(v.Txn), v.Answer)
			if err == nil {
				a.Proof = "a proof"
				_, err = store.Answer(t.Context(), ID(v.Txn), a)
			} else if a != (Answer{}) {
				t.Errorf("an answer came with the error: %+v", a)
			}
			if got := verdictOf(t, err); got != v.Want {
				t.Errorf("got %s (%v), want %s", got, err, v.Want)
			}
			stands, err := store.Read(t.Context(), ID(v.Txn))
			if err != nil {
				t.Fatal(err)
			}
			if v.Want != "ok" {
				if diff := cmp.Diff(created.Approval, stands); diff != "" {
					t.Errorf("a bad answer changed (-before +after):\n%s", diff)
				}
				return
			}
			want := map[Decision]Approval{
				Approve: {State: Approved, Method: ByPush},
				Deny:    {State: Denied, Reason: ByUser},
				Report:  {State: Denied, Reason: Reported},
			}[v.Decision]
			if stands.State != want.State || stands.Reason != want.Reason || stands.Method != want.Method || stands.SettledBy != v.Device {
				t.Errorf("%s made it %s, %s, %s", v.Decision, stands.State, stands.Reason, stands.Method)
			}
		})
	}
}

func TestDisplaysAreHashedAsTheVectorsSay(t *testing.T) {
	var all struct {
		Displays []struct{ Name, Display, Dsp string }
	}
	readVectors(t, "digests.json", &all)
	if len(all.Displays) == 0 {
		t.Fatal("digests.json holds no displays")
	}
	for _, v := range all.Displays {
		if got := (Approval{Display: v.Display}).DisplayHash(); got != v.Dsp {
			t.Errorf("%s: got %s, want %s", v.Name, got, v.Dsp)
		}
	}
}

// Whatever comes, only what the phone has signed passes; and no part of an
// answer comes with an error.
func FuzzVerifyAnswer(f *testing.F) {
	vectors := answerVectors(f)
	signed := map[string]answerVector{}
	for _, v := range vectors {
		f.Add(v.Answer)
		if v.Want == "ok" {
			signed[v.phone(f).Key.Algorithm()] = v
		}
	}
	good := map[Answer]bool{}
	for _, v := range vectors {
		if a, err := v.service().verifyAnswer(v.phone(f), ID(v.Txn), v.Answer); err == nil {
			good[a] = true
		}
	}
	f.Fuzz(func(t *testing.T, token string) {
		for _, v := range signed {
			a, err := v.service().verifyAnswer(v.phone(t), ID(v.Txn), token)
			if err != nil && a != (Answer{}) {
				t.Errorf("an answer came with the error: %+v", a)
			}
			if err == nil && !good[a] {
				t.Errorf("nobody signed %+v", a)
			}
		}
	})
}
