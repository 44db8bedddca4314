package phone

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// update writes the shared vectors anew:
//
//	go test ./mobile-stub/phone -run TestVectors -update
var update = flag.Bool("update", false, "write approvals/testdata anew")

const vectorFolder = "../../approvals/testdata"

// The forms of the shared vectors; approvals/testdata/README.md explains them.
type (
	pairingCase struct {
		Name      string          `json:"name"`
		Want      string          `json:"want"`
		PublicKey json.RawMessage `json:"public_key"` // as it came: which members there are matters
		Ticket    string          `json:"ticket"`
		Aud       string          `json:"aud"`
		Now       int64           `json:"now"`
		Proof     string          `json:"proof"`
	}
	proofCase struct {
		Name      string   `json:"name"`
		Want      string   `json:"want"`
		PublicKey JWK      `json:"public_key"`
		DeviceID  string   `json:"device_id"`
		Method    string   `json:"method"`
		URL       string   `json:"url"`
		Body      string   `json:"body"`
		SeenJTI   []string `json:"seen_jti"`
		Now       int64    `json:"now"`
		Proof     string   `json:"proof"`
	}
	answerCase struct {
		Name      string   `json:"name"`
		Want      string   `json:"want"`
		Decision  Decision `json:"decision,omitempty"`
		Number    string   `json:"number,omitempty"`
		PublicKey JWK      `json:"public_key"`
		DeviceID  string   `json:"device_id"`
		Aud       string   `json:"aud"`
		Txn       string   `json:"txn"`
		Nonce     string   `json:"nonce"`
		Display   string   `json:"display"`
		Now       int64    `json:"now"`
		Answer    string   `json:"answer"`
	}
	digestCases struct {
		Tickets     []ticketCase     `json:"tickets"`
		Digits      []digitsCase     `json:"digits"`
		Thumbprints []thumbprintCase `json:"thumbprints"`
		Displays    []displayCase    `json:"displays"`
	}
	ticketCase struct {
		SetUpToken string `json:"set_up_token"`
		Ticket     string `json:"ticket"`
		Tkt        string `json:"tkt"`
	}
	digitsCase struct {
		Ticket string `json:"ticket"`
		Jkt    string `json:"jkt"`
		Digits string `json:"digits"`
	}
	thumbprintCase struct {
		PublicKey JWK    `json:"public_key"`
		Jkt       string `json:"jkt"`
	}
	displayCase struct {
		Name    string `json:"name"`
		Display string `json:"display"`
		Dsp     string `json:"dsp"`
	}
)

func TestVectorsAreTheOnesThatThisPhoneSigns(t *testing.T) {
	sameAsFile(t, "keys.json", namedKeys(t))
	sameAsFile(t, "pairing_proofs.json", pairingCases(t))
	sameAsFile(t, "phone_proofs.json", proofCases(t))
	sameAsFile(t, "answers.json", answerCases(t))
	sameAsFile(t, "digests.json", digests(t))
}

func TestVectorsAreJudgedAsTheySay(t *testing.T) {
	judgeAll[pairingCase](t, "pairing_proofs.json", func(c pairingCase) (string, string, string) { return c.Name, c.Want, c.judge() })
	judgeAll[proofCase](t, "phone_proofs.json", func(c proofCase) (string, string, string) { return c.Name, c.Want, c.judge() })
	judgeAll[answerCase](t, "answers.json", func(c answerCase) (string, string, string) { return c.Name, c.Want, c.judge() })
}

func judgeAll[C any](t *testing.T, file string, judge func(C) (name, want, got string)) {
	var cases []C
	readVectors(t, file, &cases)
	names := map[string]bool{}
	kinds := map[string]int{}
	for _, c := range cases {
		name, want, got := judge(c)
		if got != want {
			t.Errorf("%s: %s: judged %s, want %s", file, name, got, want)
		}
		if names[name] {
			t.Errorf("%s: two cases are named %q", file, name)
		}
		names[name] = true
		kinds[want]++
	}
	if kinds[good] < 2 || len(kinds) < 2 {
		t.Errorf("%s: too few good or bad cases: %v", file, kinds)
	}
}

func readVectors(t *testing.T, file string, out any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(vectorFolder, file))
	if err != nil {
		t.Fatal(err)
	}
	if err := strictValue(text, out); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func strictValue(text []byte, out any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(out)
}

func sameAsFile(t *testing.T, file string, value any) {
	t.Helper()
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(value); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(vectorFolder, file)
	if *update {
		if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(kept, text.Bytes()) {
		t.Errorf("%s is not what this phone makes; if the protocol changed, run with -update", file)
	}
}
