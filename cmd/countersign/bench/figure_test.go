package bench

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTheMedianIsTheMiddleOrHalfwayBetweenTwo(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{8, 1, 2, 4}, 3}, {[]float64{5, 5, 1}, 5},
	} {
		before := append([]float64(nil), c.values...)
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v: got %v, want %v", c.values, got, c.want)
		}
		if !cmp.Equal(before, c.values) {
			t.Errorf("the rounds were put in another order: %v", c.values)
		}
	}
}

func TestAPercentileIsAValueThatWasMeasured(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(100-i) * time.Millisecond
	}
	for _, c := range []struct {
		values []time.Duration
		p      int
		want   time.Duration
	}{
		{nil, 50, 0}, {hundred, 50, 50 * time.Millisecond}, {hundred, 99, 99 * time.Millisecond},
		{hundred, 100, 100 * time.Millisecond}, {hundred, 1, time.Millisecond},
		{hundred[:1], 1, 100 * time.Millisecond}, {hundred[:3], 50, 99 * time.Millisecond},
	} {
		if got := percentile(c.values, c.p); got != c.want {
			t.Errorf("%d of 100 of %d values: got %v, want %v", c.p, len(c.values), got, c.want)
		}
	}
}

func TestRatiosAreTakenWithinEachRound(t *testing.T) {
	got := ratio([]float64{10, 30, 5}, []float64{5, 10, 10})
	if diff := cmp.Diff([]float64{2, 3, 0.5}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAFigureSumsUpItsRounds(t *testing.T) {
	got := figure("a", "µs", []float64{4, 1, 9}, nil)
	want := Figure{Name: "a", Unit: "µs", Rounds: []float64{4, 1, 9}, Median: 4, Min: 1, Max: 9}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if empty := figure("a", "", nil, nil); math.IsNaN(empty.Median) || empty.Median != 0 {
		t.Errorf("nothing measured: got %v, want 0", empty.Median)
	}
}

func TestAGoalIsABoundOnOneSide(t *testing.T) {
	for _, c := range []struct {
		goal  *Goal
		value float64
		want  bool
	}{
		{atLeast(1.5), 1.5, true}, {atLeast(1.5), 1.49, false}, {atLeast(1.5), 2, true},
		{atMost(0.35), 0.35, true}, {atMost(0.35), 0.36, false}, {atMost(0.35), 0.1, true},
	} {
		if got := c.goal.Reached(c.value); got != c.want {
			t.Errorf("%v, %s: got %v, want %v", c.value, c.goal, got, c.want)
		}
	}
}
