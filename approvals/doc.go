// Package approvals owns the approval: one sign-in attempt, requested once and
// settled once. The path of a sign-in reads from top to bottom:
//
//	Request   an application asks; the store creates the approval in one step
//	          (limits, replaces an older one, deadline) and all phones are woken
//	Watch     the waiting screen, and whoever else waits, sees every change
//	Answer    a phone's signed answer, or
//	Code      a TOTP or recovery code from the waiting screen, or
//	Expire    the deadline, or
//	Withdraw  the application or the browser, settles it: one winner
//	Redeem    the application trades the code that the browser brought back
//	          for a signed result, once
//
// Rules live here; races are decided in the Store, in one atomic step each, by
// the store's own clock. The package knows neither HTTP nor Redis. Whatever
// fails ends in "not approved".
package approvals
