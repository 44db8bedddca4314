package approvals

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"countersign/enrolments"
)

// ID names an approval: 8 characters that name the slot of its person, then
// 128 random bits. Whoever holds an id can find its keys without a look-up.
type ID string

// idSize is the length of an ID in characters; slotSize that of its slot.
const (
	idSize   = 30
	slotSize = 8
)

// NewID makes an id for an approval of person.
func NewID(person enrolments.PersonID) ID {
	raw := make([]byte, 16)
	rand.Read(raw) // never fails: crypto/rand ends the program instead
	return ID(SlotOf(person) + base64.RawURLEncoding.EncodeToString(raw))
}

// SlotOf is the slot of a person: all short-lived state of one person is kept
// together under it, so that one atomic step can reach it all. Two people may
// share a slot; nothing is keyed by it alone.
func SlotOf(person enrolments.PersonID) string {
	sum := sha256.Sum256([]byte("countersign-slot\x00" + string(person)))
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}

// ParseID reads an id from outside; ErrNotFound for what cannot be one.
func ParseID(text string) (ID, error) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	if len(text) != idSize || strings.Trim(text, alphabet) != "" {
		return "", ErrNotFound
	}
	return ID(text), nil
}

// Slot is the slot of the approval's person.
func (id ID) Slot() string { return string(id[:slotSize]) }

// State of an approval. All but Pending are final.
type State string

const (
	Pending   State = "pending"
	Approved  State = "approved"
	Denied    State = "denied"
	Expired   State = "expired"
	Withdrawn State = "withdrawn"
)

// Reason says more about Denied and Withdrawn.
type Reason string

const (
	ByUser         Reason = "user"
	Reported       Reason = "reported"
	NumberMismatch Reason = "number_mismatch"
	TooManyCodes   Reason = "too_many_codes"

	Cancelled     Reason = "cancelled"
	ByApplication Reason = "application"
	Replaced      Reason = "replaced"
	NeedsEnrol    Reason = "enrol"
	// Recovering is of a sign-in on whose waiting screen its person began the way
	// to a new phone.
	Recovering Reason = "recovery"
)

// Method says how an approval came to be approved.
type Method = enrolments.Method

const (
	ByPush         = enrolments.MethodPush
	ByTOTP         = enrolments.MethodTOTP
	ByRecoveryCode = enrolments.MethodRecoveryCode
	// NotRequired is of a person who has nothing set up and, by the policy,
	// needs nothing (yet). It proves nothing about them.
	NotRequired Method = "not_required"
	// ByTrust is of a browser in which the person proved themselves before and
	// said so. It proves nothing anew.
	ByTrust Method = "trusted_browser"
)

// Purpose is what an approval is for.
type Purpose string

const (
	// ForSignIn is that of an application's own request.
	ForSignIn Purpose = ""
	// ForChange is that of a change of how the person signs in, asked for on
	// their security page. No application can read, redeem or use it.
	ForChange Purpose = "change"
	// ForCaller is that of a call to the help desk, which asks whether the caller
	// holds one of the person's phones. It approves nothing.
	ForCaller Purpose = "caller"
)

// aside tells in the audit trail what is not a sign-in.
func (p Purpose) aside() string {
	if p == ForSignIn {
		return ""
	}
	return string(p) + ": "
}

// proves reports whether a person had to show something of theirs.
func proves(m Method) bool { return m == ByPush || m == ByTOTP || m == ByRecoveryCode }

// Next is what the browser should do about a new approval.
type Next string

const (
	Wait     Next = "wait"
	CodeOnly Next = "code_only"
	Enrol    Next = "enrol"
	// Done is of an approval that was approved as soon as it was asked for.
	Done Next = "done"
)

// Cause says why Next is CodeOnly.
type Cause string

const (
	HeldBack Cause = "held_back" // as many pushes as the policy allows were sent
	NoPhone  Cause = "no_phone"
	Locked   Cause = "reported" // a request was reported; until an administrator unlocks
	ByPolicy Cause = "policy"   // the application asks for a code
)

// Sent is what is known of one phone's wake-up.
type Sent string

const (
	Asking   Sent = "asking"
	Accepted Sent = "accepted"
	Failed   Sent = "failed"
	// None is of a phone that has nowhere to be woken: its service forgot it,
	// or it never named one. It sees the approval when it is opened.
	None Sent = "none"
)

// Approval is one sign-in attempt as it stands.
type Approval struct {
	ID ID
	// Version is 1 when created and rises with every change.
	Version int64

	Application     enrolments.ApplicationID
	ApplicationName string
	// Logo is the digest of the application's logo; empty for none.
	Logo      string
	Purpose   Purpose
	Person    enrolments.PersonID
	User      string
	ReturnURL string
	// Display is the exact JSON text that phones show and sign.
	Display string
	// Nonce is in every answer to this approval and in no other.
	Nonce string
	// Number is what the waiting screen shows and the person types.
	Number string
	// Waiting and Result are the hashes of the waiting token and of the
	// result code.
	Waiting, Result enrolments.Hash
	Created         time.Time
	Expires         time.Time
	// TTL is the life that it was made with; Expires may have been moved since.
	TTL time.Duration
	// Next is Wait or CodeOnly.
	Next Next
	// Takes are the methods that the policy allowed when this was asked for;
	// none for all.
	Takes []Method
	// TrustFor is how long the policy lets the browser be trusted; zero for not.
	TrustFor time.Duration
	// Role is what the person is to the application, by its word; empty for none.
	Role string
	// Offers are the ways to a new phone that were offered when this was asked
	// for, EmailHint the backup address with most of it covered.
	Offers    []Method
	EmailHint string
	// Barred is why no phone could be asked, whatever the budget; empty where
	// one could.
	Barred Cause
	// Phones are those that were asked; none may answer when Next is CodeOnly.
	Phones []AskedPhone

	State     State
	Reason    Reason
	Method    Method
	SettledBy enrolments.PhoneID
	Settled   time.Time
	Redeemed  bool
	// What is left of each kind of try.
	NumberTries, CodeTries, Resends int

	// AsOf is the store's clock when this was read.
	AsOf time.Time
}

// AskedPhone is one phone's part in an approval.
type AskedPhone struct {
	ID   enrolments.PhoneID
	Name string
	Sent Sent
	Seen bool
}

// Final reports whether the approval is settled.
func (a Approval) Final() bool { return a.State != Pending }

// JustSettled reports whether the step that returned the approval settled it:
// a store reads its clock once a step.
func (a Approval) JustSettled() bool { return a.Final() && a.Settled.Equal(a.AsOf) }

// WhenSettled is when it was settled by another clock than the store's: one that
// shows now where the store's shows AsOf.
func (a Approval) WhenSettled(now time.Time) time.Time { return now.Add(a.Settled.Sub(a.AsOf)) }

// CodeOnlyBecause is why Next is CodeOnly; empty where it is not.
func (a Approval) CodeOnlyBecause() Cause {
	switch {
	case a.Next != CodeOnly:
		return ""
	case a.Barred != "":
		return a.Barred
	}
	return HeldBack
}

// Asked reports whether phone may answer.
func (a Approval) Asked(phone enrolments.PhoneID) bool {
	if a.Next != Wait {
		return false
	}
	for _, p := range a.Phones {
		if p.ID == phone {
			return true
		}
	}
	return false
}

// Action is what the phone says that it is asked about.
func (a Approval) Action() string {
	var shown display
	_ = json.Unmarshal([]byte(a.Display), &shown) // ours; another one has no action
	return shown.Action
}

// DisplayHash is what an answer signs of Display.
func (a Approval) DisplayHash() string { return hashText(a.Display) }

func hashText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
