package approvals

import (
	"context"
	"time"

	"countersign/enrolments"
)

const (
	// KeepSettled is how long an approval can be read after its deadline.
	KeepSettled = 10 * time.Minute
	// RememberKeys is how long an idempotency key is remembered.
	RememberKeys = 10 * time.Minute
	// RememberProofs is how long a proof's id is remembered: longer than the
	// 120 s on both sides of the clock in which one is accepted.
	RememberProofs = 5 * time.Minute
	// RedeemWithin is how long after settling a result code may be redeemed.
	RedeemWithin = 2 * time.Minute
	// MaxPending bounds one person's pending approvals over all applications.
	MaxPending = 32
)

// New is what Create stores.
type New struct {
	ID              ID
	Application     enrolments.ApplicationID
	ApplicationName string
	Logo            string
	Purpose         Purpose
	Person          enrolments.PersonID
	User            string
	ReturnURL       string
	Display         string
	Nonce           string
	Number          string
	Waiting, Result enrolments.Hash
	Phones          []AskedPhone
	Takes           []Method
	Role            string
	Offers          []Method
	EmailHint       string
	Barred          Cause
	TrustFor        time.Duration
	// CodeOnly says that no phone may be asked, whatever the budget.
	CodeOnly bool
	TTL      time.Duration
	// Tries of each kind.
	NumberTries, CodeTries, Resends int
	Budget                          Budget
	// Key and Fingerprint make a repeated request find the first; no Key,
	// no repetition.
	Key         string
	Fingerprint enrolments.Hash
}

// Seat names the one pending approval that a person may have of a kind: a newer
// one takes the place of an older one in the same seat. Changes have a seat of
// their own for each application, which no application can be called, so that
// neither they nor sign-ins hide each other.
func (n New) Seat() string {
	if n.Purpose == ForSignIn {
		return string(n.Application)
	}
	return string(n.Purpose) + ":" + string(n.Application)
}

// Budget bounds the pushes to one person: Limit in Window, then none until
// there was no request for Window, or a code succeeded. One without a
// Window bounds and counts nothing.
type Budget struct {
	Limit  int
	Window time.Duration
}

// Created is what Create did.
type Created struct {
	Approval
	// Repeated is true when the idempotency key was known: Approval is the
	// earlier one and nothing changed.
	Repeated bool
	// Replaced is the pending approval of the same person and seat that this
	// one took the place of; empty for none.
	Replaced ID
}

// Settlement is how something else than a phone settles an approval. State is
// Approved (Method ByTOTP, ByRecoveryCode, NotRequired or ByTrust), Denied (TooManyCodes, Reported)
// or Withdrawn.
type Settlement struct {
	State  State
	Reason Reason
	Method Method
	// KeepsHeld says that a code which approves frees no pushes, as of a change.
	KeepsHeld bool
}

// Decision of a phone.
type Decision string

const (
	Approve Decision = "approve"
	Deny    Decision = "deny"
	Report  Decision = "report"
)

// Answer is a phone's answer whose signature was verified.
type Answer struct {
	Phone    enrolments.PhoneID
	Nonce    string
	Display  string // hash of what was shown, as DisplayHash
	Decision Decision
	Number   string
	// Digest tells the same answer sent twice from two answers.
	Digest string
	// Verified says that the phone verified its person for this answer; it
	// decides nothing in the store.
	Verified bool
	// Proof is the id of the phone's request; it is spent in the same step.
	Proof string
}

// Store keeps approvals for minutes. Every method is one atomic step decided
// by the store's own clock, which never runs back; of callers at once, one is
// first. A context that has ended changes nothing and returns its error. An
// error that is none of this package's means that the store could
// not be asked: the caller must take nothing as approved. An approval past its
// deadline reads as Expired whether or not anything has noted that yet.
//
// Where a method returns ErrSettled or ErrNumberWrong, the returned Approval
// is what stands; with other errors it is the zero Approval.
type Store interface {
	// Create stores a new approval. It withdraws (Replaced) the pending one of
	// the same person and seat, counts a push against the budget, or
	// sets Next to CodeOnly when that is spent or no phone is to be asked.
	// ErrIdempotency; ErrBusy above MaxPending.
	Create(ctx context.Context, n New) (Created, error)

	// Read returns an approval; ErrNotFound.
	Read(ctx context.Context, id ID) (Approval, error)

	// Answer settles by a phone. In this order: ErrReplayed, ErrNotFound when
	// the phone was not asked, ErrMismatch, ErrDisplay; then the same answer
	// as the one that settled returns the approval again (not JustSettled, as
	// it was to the first), any other gets
	// ErrSettled; a wrong number takes a try (the same bytes twice take one)
	// and is ErrNumberWrong, the last one also settles as NumberMismatch.
	Answer(ctx context.Context, id ID, a Answer) (Approval, error)

	// TryCode takes one code try before the code is looked at: ErrSettled,
	// ErrNoTries.
	TryCode(ctx context.Context, id ID) (Approval, error)

	// Settle settles by anything but a phone: ErrSettled when something was
	// first, an error for a state that no settlement has. Approving by a code that does
	// not KeepsHeld, and by nothing else here, frees the person's push budget.
	Settle(ctx context.Context, id ID, s Settlement) (Approval, error)

	// Expire notes that the deadline has passed; done is true for the one
	// caller that did.
	Expire(ctx context.Context, id ID) (a Approval, done bool, err error)

	// Resend takes one resend and one push of the budget: ErrSettled, ErrHeld.
	Resend(ctx context.Context, id ID, b Budget) (Approval, error)

	// Extend moves the deadline of a pending approval from one life after its
	// creation to a longer one: ErrSettled; ErrHeld where it is not there, for
	// of callers at once one moves it.
	Extend(ctx context.Context, id ID, from, to time.Duration) (Approval, error)

	// NoteSent and NoteSeen set a phone's facts on a pending approval and
	// change nothing on a settled one. ErrNotFound for a phone that was not
	// asked.
	NoteSent(ctx context.Context, id ID, phone enrolments.PhoneID, sent Sent) error
	NoteSeen(ctx context.Context, id ID, phone enrolments.PhoneID) error

	// Redeem spends the result code of an approval that was approved no longer
	// than RedeemWithin ago; ErrResult. It raises no version.
	Redeem(ctx context.Context, id ID, result enrolments.Hash) (Approval, error)

	// PendingFor returns what a phone is asked now, newest first.
	PendingFor(ctx context.Context, person enrolments.PersonID, phone enrolments.PhoneID) ([]Approval, error)

	// SpendProof remembers a proof for RememberProofs; ErrReplayed the second
	// time.
	SpendProof(ctx context.Context, person enrolments.PersonID, proof string) error

	// Watch calls notify with the approval as it stands and then after each
	// change, in order of Version though not with every one, and once when its
	// deadline passes, until stop is called or the approval is final. No
	// change between the first call and the last is lost: after trouble with
	// the store the approval is read again, and one that the store has lost is
	// told as Expired. notify must not block and must
	// not call stop. ErrNotFound; ErrBusy.
	Watch(ctx context.Context, id ID, notify func(Approval)) (stop func(), err error)

	// WatchPerson calls notify whenever a person may have a new approval.
	// notify must not block.
	WatchPerson(ctx context.Context, person enrolments.PersonID, notify func()) (stop func(), err error)
}
