package api_test

import (
	"cmp"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"countersign/api"
)

// unlike and slower are the bounds of what is taken for a difference: of two
// answers, one of each kind, that of one kind is the later one so often (0.5 is
// chance), and its median is longer by such a part of the other. Either alone is
// met by chance or by load: by a microsecond on a machine that does nothing else,
// by a median that crowded processors have moved. Both are wide: a signature that
// was verified for one kind alone made it 0.95 and 1.5 here, load never 0.9 or 0.5.
const unlike, slower = 0.85, 1

// door is where somebody whom nobody knows may ask.
type door struct {
	name string
	// there asks with a wrong secret for something that there is, nowhere for
	// something that there is not.
	there, nowhere func() *http.Request
	// kind is the problem of the one answer; empty for a success.
	kind string
	// looks is how often each is asked for; zero for 300.
	looks int
}

// TestWhatThereIsIsAnsweredAsLateAsWhatThereIsNot compares how long answers take,
// in one run and by turns that chance decides. It sees what somebody sees who asks
// a few hundred times: that a signature is verified for the one and not for the
// other, that a letter is waited for. It does not see a few microseconds, as those
// in which a row that was found is read; telling those apart through a network
// takes far more questions, and what could be learnt is whether a number of 128
// bits is an id. Nor does it see what a slower store would add.
func TestWhatThereIsIsAnsweredAsLateAsWhatThereIsNot(t *testing.T) {
	if raced {
		t.Skip("the race detector is at work")
	}
	w := newWorld(t, func(c *api.Config) { c.Limits.Burst = 1 << 20 })
	for _, d := range w.doors() {
		t.Run(d.name, func(t *testing.T) {
			w.t = t
			times := w.byTurns(d)
			there, nowhere := times[true], times[false]
			likely, a, b := outlasts(there, nowhere), median(there), median(nowhere)
			t.Logf("there %v, nowhere %v, the first outlasts the second %.2f", a, b, likely)
			apart := float64(max(a, b)-min(a, b)) / float64(min(a, b))
			if max(likely, 1-likely) > unlike && apart > slower {
				t.Errorf("how long it takes tells what there is: %v for it, %v for nothing; the first takes longer in %.0f of 100", a, b, 100*likely)
			}
		})
	}
}

// byTurns asks at a door and returns how long it took, by whether there was
// something.
func (w *world) byTurns(d door) map[bool][]time.Duration {
	w.t.Helper()
	looks := cmp.Or(d.looks, 300)
	order := slices.Repeat([]bool{true, false}, looks+looks/10)
	rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	out := map[bool][]time.Duration{}
	for i, there := range order {
		ask := d.nowhere
		if there {
			ask = d.there
		}
		took := w.times(ask(), d.kind)
		if i >= looks/5 { // before, nothing is warm
			out[there] = append(out[there], took)
		}
	}
	return out
}

// times sends a request that is refused, and returns how long that took.
func (w *world) times(r *http.Request, kind string) time.Duration {
	w.t.Helper()
	begun := time.Now()
	resp, err := w.server.Client().Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	raw, err := io.ReadAll(resp.Body)
	took := time.Since(begun)
	resp.Body.Close()
	if err != nil {
		w.t.Fatal(err)
	}
	if got := (reply{resp.StatusCode, resp.Header, string(raw)}); got.kind() != kind {
		w.t.Fatalf("got %s, want %s", got.body, kind)
	}
	return took
}

// outlasts is how likely one of a takes longer than one of b: the statistic of
// Mann and Whitney, as a part of all pairs.
func outlasts(a, b []time.Duration) float64 {
	sorted := slices.Sorted(slices.Values(b))
	var before float64
	for _, took := range a {
		less, _ := slices.BinarySearch(sorted, took)
		upTo, _ := slices.BinarySearch(sorted, took+1)
		before += float64(less) + float64(upTo-less)/2
	}
	return before / float64(len(a)*len(b))
}

func median(all []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(all))[len(all)/2]
}
