package enrolments

import (
	"slices"
	"time"
)

// What leads to a new phone beside the codes, and settles no sign-in. The values
// are stored and never change.
const (
	// MethodEmail is a code that was sent to the backup address.
	MethodEmail Method = "email"
	// MethodQuestions are answers to security questions.
	MethodQuestions Method = "questions"
)

// RecoveryPaths are all ways to a new phone without the old one.
func RecoveryPaths() []Method {
	return []Method{MethodTOTP, MethodRecoveryCode, MethodEmail, MethodQuestions}
}

// leastWait is the shortest wait after what others can come by without having
// taken anything from the person: a day, in which the person's phones are rung
// and both addresses are written to. No policy makes it shorter.
const leastWait = 24 * time.Hour

// RecoveryAfter reports whether somebody in role comes to a new phone by m, and
// how long that has to wait. role is as the application sent it; empty is none.
//
// A code of an authenticator is something that the person has: no wait. Answers
// are never enough for an administrator, and never without a day for anybody. A
// code by mail is enough for an administrator only with that day: the mailbox is
// another one than the sign-in's, but mailboxes are what is taken over first.
func (p Policy) RecoveryAfter(m Method, role string) (wait time.Duration, ok bool) {
	if !slices.Contains(p.RecoveryPaths, m) {
		return 0, false
	}
	administrator := p.administrator(role)
	switch m {
	case MethodTOTP:
		return 0, true
	case MethodRecoveryCode:
		return p.RecoveryWait, true
	case MethodEmail:
		if administrator {
			return max(p.RecoveryWait, leastWait), true
		}
		return p.RecoveryWait, true
	case MethodQuestions:
		return max(p.RecoveryWait, leastWait), !administrator
	}
	return 0, false
}

// administrator reports whether role may be one of AdministratorRoles: an
// application that tells no role could be asking for anybody.
func (p Policy) administrator(role string) bool {
	return len(p.AdministratorRoles) > 0 && (role == "" || slices.Contains(p.AdministratorRoles, role))
}
