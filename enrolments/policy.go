package enrolments

import (
	"slices"
	"time"
)

// Policy is what an application asks of a sign-in. The zero value of a field
// is never used: take DefaultPolicy and change it. Bounds, defaults and their
// reasons stand in Settings.
type Policy struct {
	// TTL is an approval's life where the application names none.
	TTL time.Duration
	// NumberDigits is how many digits the person types on the phone.
	NumberDigits int
	// NumberTries is how many numbers may be typed.
	NumberTries int
	// CodeTries is how many codes one approval takes.
	CodeTries int
	// Resends is how often the person may have the phones asked again.
	Resends int
	// PushLimit is how many pushes a person is sent in PushWindow before
	// only codes are taken.
	PushLimit int
	// PushWindow is the window of PushLimit, and the quiet time after which
	// pushes go out again.
	PushWindow time.Duration
	// FirstSignIn says what becomes of a person who has nothing set up: false
	// refuses them as unknown, whatever their role.
	FirstSignIn bool
	// RequireVerification says that a phone may only approve when it has
	// verified its person (screen lock) for that answer.
	RequireVerification bool
	// Methods are the ways to settle that are taken, in the order of Methods().
	Methods []Method
	// RecoveryPaths are the ways to a new phone without the old one, in the order
	// of RecoveryPaths().
	RecoveryPaths []Method
	// RecoveryWait is how long the new phone has to wait that is let in by
	// anything but a code of an authenticator.
	RecoveryWait time.Duration
	// AdministratorRoles are those whose people can do more harm than others.
	// Where there are any, a person without a role counts as one of them.
	AdministratorRoles []string
	// TrustFor is how long a browser may go without a second factor once its
	// person trusts it; zero for not at all.
	TrustFor time.Duration
	// TrustIdle is how long such a browser may go unused before it is asked
	// again; zero for as long as it is trusted.
	TrustIdle time.Duration
	// OptionalRoles are those whose people may do without a second factor as
	// long as they have none set up. Every other role needs one, one that
	// nobody has heard of and none at all included.
	OptionalRoles []string
	// RequiredFrom is the day, midnight in UTC, from which the others need one;
	// zero for always.
	RequiredFrom time.Time
	// GraceDays is how many days a person has from RequiredFrom, or from their
	// first sign-in when that was later.
	GraceDays int
}

// Method is a way in which a person proves an approval. The values are stored
// and never change.
type Method string

const (
	MethodPush         Method = "push"
	MethodTOTP         Method = "totp"
	MethodRecoveryCode Method = "recovery_code"
)

// Methods are all of them.
func Methods() []Method { return []Method{MethodPush, MethodTOTP, MethodRecoveryCode} }

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
		Methods:      Methods(),

		RecoveryPaths:      []Method{MethodTOTP, MethodRecoveryCode, MethodEmail},
		RecoveryWait:       24 * time.Hour,
		AdministratorRoles: []string{"admin", "administrator", "owner"},
		TrustIdle:          14 * 24 * time.Hour,
	}
}

// Bounds of an approval's life.
const (
	MinTTL = 30 * time.Second
	MaxTTL = 300 * time.Second
)

// Check returns an error in words for the first value out of its bounds.
func (p Policy) Check() error {
	for _, s := range settings() {
		if err := s.check(p); err != nil {
			return err
		}
	}
	return nil
}

// RequiredAt is when a person in role who was first seen at since needs a second
// factor; ok is false for a role that never does. role is as the application
// sent it.
func (p Policy) RequiredAt(role string, since time.Time) (at time.Time, ok bool) {
	if slices.Contains(p.OptionalRoles, role) {
		return time.Time{}, false
	}
	at = p.RequiredFrom
	if p.GraceDays > 0 {
		if since.After(at) {
			at = since
		}
		at = at.AddDate(0, 0, p.GraceDays)
	}
	return at, true
}

// Requires reports whether that person needs one at now.
func (p Policy) Requires(role string, since, now time.Time) bool {
	at, ok := p.RequiredAt(role, since)
	return ok && !now.Before(at)
}
