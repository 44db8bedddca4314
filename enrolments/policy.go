package enrolments

import "time"

// Policy is what an application asks of a sign-in. The zero value of a field
// is never used: take DefaultPolicy and change it.
type Policy struct {
	// TTL is an approval's life where the application names none.
	// 30 s to 300 s; 60 s: long enough to find a phone, short enough that
	// no request waits for a tired tap.
	TTL time.Duration
	// NumberDigits is how many digits the person types on the phone.
	// 2 to 6; 2, as CISA's guidance on number matching shows it.
	NumberDigits int
	// NumberTries is how many numbers may be typed. 1 to 3; 2: one slip.
	NumberTries int
	// CodeTries is how many codes one approval takes. 1 to 10; 5.
	CodeTries int
	// Resends is how often the person may have the phones asked again.
	// 0 to 5; 2.
	Resends int
	// PushLimit is how many pushes a person is sent in PushWindow before
	// only codes are taken. 1 to 30; 5.
	PushLimit int
	// PushWindow is the window of PushLimit, and the quiet time after which
	// pushes go out again. 1 min to 1 h; 10 min.
	PushWindow time.Duration
	// FirstSignIn says what becomes of a person who has nothing set up:
	// true leads them to set-up, false refuses them as unknown.
	FirstSignIn bool
	// RequireVerification says that a phone may only approve when it has
	// verified its person (screen lock) for that answer. Off: not every phone
	// can.
	RequireVerification bool
}

// DefaultPolicy is the policy of an application that names none.
func DefaultPolicy() Policy {
	return Policy{
		TTL:          time.Minute,
		NumberDigits: 2,
		NumberTries:  2,
		CodeTries:    5,
		Resends:      2,
		PushLimit:    5,
		PushWindow:   10 * time.Minute,
		FirstSignIn:  true,
	}
}

// Bounds of an approval's life.
const (
	MinTTL = 30 * time.Second
	MaxTTL = 300 * time.Second
)

// Check returns an error in words for the first value out of its bounds.
func (p Policy) Check() error {
	if p.TTL%time.Second != 0 || p.PushWindow%time.Second != 0 {
		return invalid("life and push window are whole seconds, not %v and %v", p.TTL, p.PushWindow)
	}
	for _, b := range []struct {
		name           string
		value, low, up int
	}{
		{"life in seconds", int(p.TTL / time.Second), int(MinTTL / time.Second), int(MaxTTL / time.Second)},
		{"number digits", p.NumberDigits, 2, 6},
		{"number tries", p.NumberTries, 1, 3},
		{"code tries", p.CodeTries, 1, 10},
		{"resends", p.Resends, 0, 5},
		{"push limit", p.PushLimit, 1, 30},
		{"push window in seconds", int(p.PushWindow / time.Second), 60, 3600},
	} {
		if b.value < b.low || b.value > b.up {
			return invalid("%s is %d; it takes %d to %d", b.name, b.value, b.low, b.up)
		}
	}
	return nil
}
