package enrolments_test

import (
	"errors"
	"testing"
	"time"

	"countersign/enrolments"
)

func TestTheDefaultPolicyIsWithinItsBounds(t *testing.T) {
	if err := enrolments.DefaultPolicy().Check(); err != nil {
		t.Error(err)
	}
}

func TestPoliciesAreBounded(t *testing.T) {
	type policy = enrolments.Policy
	for name, c := range map[string]struct {
		set     func(*policy, int)
		low, up int
	}{
		"life":        {func(p *policy, n int) { p.TTL = time.Duration(n) * time.Second }, 30, 300},
		"digits":      {func(p *policy, n int) { p.NumberDigits = n }, 2, 6},
		"tries":       {func(p *policy, n int) { p.NumberTries = n }, 1, 3},
		"code tries":  {func(p *policy, n int) { p.CodeTries = n }, 1, 10},
		"resends":     {func(p *policy, n int) { p.Resends = n }, 0, 5},
		"push limit":  {func(p *policy, n int) { p.PushLimit = n }, 1, 30},
		"push window": {func(p *policy, n int) { p.PushWindow = time.Duration(n) * time.Second }, 60, 3600},
	} {
		for value, want := range map[int]bool{
			c.low - 1: false, c.low: true, c.up: true, c.up + 1: false, -c.up: c.up == 0, 1 << 31: false,
		} {
			p := enrolments.DefaultPolicy()
			c.set(&p, value)
			err := p.Check()
			if (err == nil) != want || (err != nil && !errors.Is(err, enrolments.ErrInvalid)) {
				t.Errorf("%s of %d: got %v", name, value, err)
			}
		}
	}
}

// A part of a second would pass the check and be refused at every sign-in.
func TestTimesInAPolicyAreWholeSeconds(t *testing.T) {
	for _, odd := range []time.Duration{time.Nanosecond, time.Millisecond, 999 * time.Millisecond} {
		p := enrolments.DefaultPolicy()
		p.TTL = enrolments.MaxTTL + odd
		if err := p.Check(); !errors.Is(err, enrolments.ErrInvalid) {
			t.Errorf("a life of %v: got %v, want ErrInvalid", p.TTL, err)
		}
		p = enrolments.DefaultPolicy()
		p.PushWindow = time.Hour + odd
		if err := p.Check(); !errors.Is(err, enrolments.ErrInvalid) {
			t.Errorf("a window of %v: got %v, want ErrInvalid", p.PushWindow, err)
		}
	}
}
