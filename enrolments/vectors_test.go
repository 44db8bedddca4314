package enrolments_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/enrolments"
	"countersign/internal/jws"
)

// vectors reads a shared file of cases; a file without any is a failure.
func vectors[T any](t *testing.T, name string) []T {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "approvals", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var cases []T
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(cases) == 0 {
		t.Fatalf("%s holds no case", name)
	}
	return cases
}

func TestDigestsAreThoseOfTheProtocol(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "approvals", "testdata", "digests.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Tickets []struct {
			SetUpToken string `json:"set_up_token"`
			Ticket     string `json:"ticket"`
			Tkt        string `json:"tkt"`
		}
		Digits []struct{ Ticket, Jkt, Digits string }
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Tickets) == 0 || len(all.Digits) == 0 {
		t.Fatal("digests.json holds no tickets or no digits")
	}
	for _, c := range all.Tickets {
		ticket := enrolments.TicketOf(enrolments.SecretOf(c.SetUpToken))
		hash := ticket.Hash()
		if ticket.Reveal() != c.Ticket || base64.RawURLEncoding.EncodeToString(hash[:]) != c.Tkt {
			t.Errorf("%q: got %q, want %q", c.SetUpToken, ticket.Reveal(), c.Ticket)
		}
	}
	for _, c := range all.Digits {
		if got := enrolments.Digits(enrolments.SecretOf(c.Ticket), c.Jkt); got != c.Digits {
			t.Errorf("%s with %s: got %s, want %s", c.Ticket, c.Jkt, got, c.Digits)
		}
	}
}

// verdict is the protocol's kind of problem for an error of this package.
func verdict(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return "ok"
	}
	for _, v := range []struct {
		err  error
		kind string
	}{
		{enrolments.ErrProof, "pairing-proof-invalid"},
		{jws.ErrKey, "key-refused"},
		{enrolments.ErrPhoneUnknown, "phone-unknown"},
		{enrolments.ErrRequestProof, "proof-invalid"},
		{enrolments.ErrClock, "proof-clock"},
	} {
		if errors.Is(err, v.err) {
			return v.kind
		}
	}
	t.Errorf("no verdict for %v", err)
	return ""
}

// oneOfEach is a store that holds one phone and takes one claim.
type oneOfEach struct {
	enrolments.Store
	phone   enrolments.Phone
	claimed enrolments.Phone
}

func (s *oneOfEach) Phone(_ context.Context, id enrolments.PhoneID) (enrolments.Phone, string, error) {
	if id != s.phone.ID {
		return enrolments.Phone{}, "", enrolments.ErrNotFound
	}
	return s.phone, "ana@example.com", nil
}

func (s *oneOfEach) Claim(_ context.Context, _ enrolments.Hash, p enrolments.Phone, digits string, _ time.Time) (enrolments.Pairing, error) {
	s.claimed = p
	return enrolments.Pairing{State: enrolments.PairingClaimed, Phone: p.ID, Digits: digits}, nil
}

func (s *oneOfEach) Together(ctx context.Context, do func(context.Context, enrolments.Store) error) error {
	return do(ctx, s)
}

func (s *oneOfEach) Record(context.Context, ...enrolments.Event) error { return nil }

func serviceAt(store enrolments.Store, publicURL string, unix int64) *enrolments.Service {
	return enrolments.NewService(enrolments.Config{
		Store: store, PublicURL: publicURL, ServerName: "Countersign",
		CodeLimits: enrolments.DefaultCodeLimits(), Now: func() time.Time { return time.Unix(unix, 0) },
	})
}

func TestPairingProofsAreJudgedAsTheVectorsSay(t *testing.T) {
	for _, c := range vectors[struct {
		Name, Want, Ticket, Aud, Proof string
		PublicKey                      json.RawMessage `json:"public_key"`
		Now                            int64
	}](t, "pairing_proofs.json") {
		t.Run(c.Name, func(t *testing.T) {
			store := &oneOfEach{}
			_, err := serviceAt(store, c.Aud, c.Now).Claim(t.Context(), enrolments.Claim{
				Ticket: enrolments.SecretOf(c.Ticket), Key: c.PublicKey, Proof: c.Proof,
				Name: "Ana's phone", Platform: "ios",
			})
			if got := verdict(t, err); got != c.Want {
				t.Errorf("got %s (%v), want %s", got, err, c.Want)
			}
			if spent := store.claimed.ID != ""; spent != (c.Want == "ok") {
				t.Errorf("the ticket was spent: %v", spent)
			}
		})
	}
}

func TestPhoneProofsAreJudgedAsTheVectorsSay(t *testing.T) {
	for _, c := range vectors[struct {
		Name, Want, Method, URL, Body, Proof string
		Device                               enrolments.PhoneID `json:"device_id"`
		PublicKey                            json.RawMessage    `json:"public_key"`
		Seen                                 []string           `json:"seen_jti"`
		Now                                  int64
	}](t, "phone_proofs.json") {
		t.Run(c.Name, func(t *testing.T) {
			key, err := jws.ParseKey(c.PublicKey)
			if err != nil {
				t.Fatal(err)
			}
			body, err := base64.RawURLEncoding.DecodeString(c.Body)
			if err != nil {
				t.Fatal(err)
			}
			store := &oneOfEach{phone: enrolments.Phone{ID: c.Device, Key: key}}
			known, err := serviceAt(store, "https://countersign.example.com", c.Now).KnowPhone(t.Context(),
				enrolments.SignedRequest{Proof: c.Proof, Method: c.Method, URL: c.URL, Body: body})
			got := verdict(t, err)
			jti, ours := strings.CutPrefix(known.ProofID, string(c.Device)+".")
			if err == nil && !ours {
				t.Errorf("the proof's id is %q: two phones could share it", known.ProofID)
			}
			// Who asks spends the id; a spent one is a replay.
			if slices.Contains(c.Seen, jti) {
				got = "proof-replayed"
			}
			if got != c.Want {
				t.Errorf("got %s (%v), want %s", got, err, c.Want)
			}
			if err != nil && (known.ID != "" || known.ProofID != "") {
				t.Errorf("a phone came with the error: %v", known.ID)
			}
		})
	}
}
