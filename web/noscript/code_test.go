package noscript_test

import (
	"encoding/json"
	"os"
	"testing"

	"countersign/web/noscript"
)

func TestACodeIsReadAsTheScriptReadsIt(t *testing.T) {
	raw, err := os.ReadFile("../testdata/waiting-states.json")
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Codes [][2]string `json:"codes"`
	}
	if err := json.Unmarshal(raw, &table); err != nil || len(table.Codes) == 0 {
		t.Fatalf("got %d codes, %v", len(table.Codes), err)
	}
	for _, c := range table.Codes {
		if got := noscript.ReadCode(c[0]); got != c[1] {
			t.Errorf("%q is read as %q, want %q", c[0], got, c[1])
		}
	}
}
