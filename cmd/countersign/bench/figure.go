package bench

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Figure is one thing that was measured in each round.
type Figure struct {
	Name string `json:"name"`
	// Unit of the values; empty for ratios.
	Unit string `json:"unit,omitempty"`
	// Rounds has a value for each round, in order.
	Rounds []float64 `json:"rounds"`
	Median float64   `json:"median"`
	Min    float64   `json:"min"`
	Max    float64   `json:"max"`
	Goal   *Goal     `json:"goal,omitempty"`
}

// Goal is what the median should be.
type Goal struct {
	// AtLeast is true for a lower bound, false for an upper.
	AtLeast bool    `json:"at_least"`
	Bound   float64 `json:"bound"`
}

func atLeast(bound float64) *Goal { return &Goal{true, bound} }
func atMost(bound float64) *Goal  { return &Goal{false, bound} }

// Reached reports whether value keeps the goal.
func (g Goal) Reached(value float64) bool {
	if g.AtLeast {
		return value >= g.Bound
	}
	return value <= g.Bound
}

func (g Goal) String() string {
	if g.AtLeast {
		return fmt.Sprintf("≥ %.2f", g.Bound)
	}
	return fmt.Sprintf("≤ %.2f", g.Bound)
}

// figure sums up the rounds.
func figure(name, unit string, rounds []float64, goal *Goal) Figure {
	f := Figure{Name: name, Unit: unit, Rounds: rounds, Goal: goal}
	if len(rounds) > 0 {
		f.Median, f.Min, f.Max = median(rounds), slices.Min(rounds), slices.Max(rounds)
	}
	return f
}

// ratio is a/b of each round: what the machine did to one round it did to both.
func ratio(a, b []float64) []float64 {
	out := make([]float64, min(len(a), len(b)))
	for i := range out {
		out[i] = a[i] / b[i]
	}
	return out
}

// median is the middle value, or half-way between the middle two; of nothing
// it is 0.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// percentile is the smallest value that at least p of 100 values do not exceed
// (nearest rank); of nothing it is zero. p is 1 to 100.
func percentile[T cmp.Ordered](values []T, p int) T {
	var zero T
	if len(values) == 0 {
		return zero
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := (len(sorted)*p + 99) / 100
	return sorted[max(rank, 1)-1]
}

// micros is a duration in µs.
func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
