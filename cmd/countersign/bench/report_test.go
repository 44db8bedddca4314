package bench

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sampleReport() Report {
	return Report{
		Name: "store", What: "10 approvals a turn", Date: time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC),
		Machine: "linux/amd64, 2 CPUs", Versions: []string{"go1", "Redis 7"}, Load: []string{"0.10", "0.20"}, Rounds: 3,
		Figures: []Figure{
			figure("ours", "approvals/s", []float64{1000, 3000, 2000}, nil),
			figure("ours / theirs", "", []float64{0.5, 0.4, 0.6}, atLeast(0.45)),
			figure("cost", "µs", []float64{12, 11, 13}, nil),
			figure("ours / other", "", []float64{1, 1.25, 1.125}, atLeast(1.5)),
		},
	}
}

func TestTheTableShowsEachFigureWithItsGoal(t *testing.T) {
	var out bytes.Buffer
	if err := sampleReport().Print(&out); err != nil {
		t.Fatal(err)
	}
	want := `countersign bench store: 10 approvals a turn, 3 rounds
2026-11-01T10:00:00Z · linux/amd64, 2 CPUs · load 0.10 → 0.20
go1 · Redis 7

                      median        min        max   goal
ours, approvals/s       2000       1000       3000
ours / theirs           0.50       0.40       0.60   ≥ 0.45  reached
cost, µs                12.0       11.0       13.0
ours / other            1.12       1.00       1.25   ≥ 1.50  missed
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestTheFileHoldsEveryRound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.json")
	if err := sampleReport().WriteFile(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got Report
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sampleReport(), got); diff != "" {
		t.Error(diff)
	}
}
