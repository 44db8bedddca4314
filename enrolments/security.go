package enrolments

import (
	"slices"
	"time"
)

// SecurityPageID names a security page.
type SecurityPageID string

const (
	// SecurityPageTTL is how long a security page is open: long enough to look
	// around, short enough for a browser that is left alone.
	SecurityPageTTL = 15 * time.Minute
	// securityPageLate is how long it stays open for a change that was begun on
	// it: a life of its approval, and as long again to come back.
	securityPageLate = 10 * time.Minute
	// SecurityPageMost is how long it is open at most, whatever is begun.
	SecurityPageMost = 30 * time.Minute
	// MaxSecurityPages bounds the open pages of one person and application.
	MaxSecurityPages = 8
	// MaxChanges bounds the changes that are begun on one page.
	MaxChanges = 32
)

// SecurityPage is where a person sees how they sign in and changes it. An
// application opens it for somebody who is signed in to it.
type SecurityPage struct {
	ID     SecurityPageID
	Person PersonID
	User   string
	// Application opened it; ReturnURL leads back to it, empty for nowhere.
	Application ApplicationID
	ReturnURL   string
	// Token is the hash of the secret that the browser holds.
	Token            Hash
	OpenedAt, EndsAt time.Time
}

func (p SecurityPage) person() Person { return Person{ID: p.Person, User: p.User} }

// ChangeKind is what a change does. The values are stored and never change.
type ChangeKind string

const (
	ChangeAddPhone            ChangeKind = "add_phone"
	ChangeReplacePhone        ChangeKind = "replace_phone"
	ChangeReplacePhones       ChangeKind = "replace_phones" // all that there are
	ChangeRenamePhone         ChangeKind = "rename_phone"
	ChangeRemovePhone         ChangeKind = "remove_phone"
	ChangeAddAuthenticator    ChangeKind = "add_authenticator"
	ChangeRemoveAuthenticator ChangeKind = "remove_authenticator"
	ChangeRenewCodes          ChangeKind = "renew_recovery_codes"
	// ChangeSetEmail sends a code to an address, which becomes the backup address
	// when the code is typed on the same page.
	ChangeSetEmail        ChangeKind = "set_email"
	ChangeRemoveEmail     ChangeKind = "remove_email"
	ChangeSetQuestions    ChangeKind = "set_questions"
	ChangeRemoveQuestions ChangeKind = "remove_questions"
)

// ChangeKinds are all of them.
func ChangeKinds() []ChangeKind {
	return []ChangeKind{
		ChangeAddPhone, ChangeReplacePhone, ChangeReplacePhones, ChangeRenamePhone, ChangeRemovePhone,
		ChangeAddAuthenticator, ChangeRemoveAuthenticator, ChangeRenewCodes,
		ChangeSetEmail, ChangeRemoveEmail, ChangeSetQuestions, ChangeRemoveQuestions,
	}
}

// Change is one change of how a person signs in, bound to the approval that
// confirms it: what was approved is exactly what is carried out.
type Change struct {
	Approval string
	Page     SecurityPageID
	Person   PersonID
	Kind     ChangeKind
	// Phone or Authenticator is the one that is changed, where the kind has one.
	Phone         PhoneID
	Authenticator AuthenticatorID
	// About names that in words: the phone's name as it was, the day on which the
	// authenticator app was added, the address with most of it covered.
	About string
	// Name is a phone's new name; Address what shall be the backup address, and
	// Language that in which mail is written there; Answers what is stored of the
	// answers to security questions. Stores seal them.
	Name, Address, Language string
	Answers                 []AnswerHash
	BegunAt                 time.Time
}

// Wish is a change as it is asked for.
type Wish struct {
	Change
	// Questions are answered anew.
	Questions []QuestionAnswer
}

// AddsPhone reports whether the change leads to a new phone.
func (k ChangeKind) AddsPhone() bool {
	return k == ChangeAddPhone || k == ChangeReplacePhone || k == ChangeReplacePhones
}

// Replaced are the phones that go in the step that makes the new one active.
func (c Change) Replaced(has []Phone) (ids []PhoneID) {
	for _, p := range has {
		if c.Kind == ChangeReplacePhones || c.Kind == ChangeReplacePhone && p.ID == c.Phone {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// Proofs are those of methods that may confirm a change of this kind. A
// recovery code lets a new phone in, after the wait that the policy asks. It
// confirms nothing else: whoever has read one would make themselves a factor
// without a wait, or take away what could still stop them.
func (k ChangeKind) Proofs(methods []Method) []Method {
	return slices.DeleteFunc(slices.Clone(methods), func(m Method) bool {
		return m == MethodRecoveryCode && !k.AddsPhone()
	})
}

// WayIn reports whether somebody with so many phones and authenticators can
// sign in where these methods are taken. Recovery codes are no way in to live
// on: ten later they are gone.
func WayIn(methods []Method, phones, authenticators int) bool {
	return phones > 0 && slices.Contains(methods, MethodPush) ||
		authenticators > 0 && slices.Contains(methods, MethodTOTP)
}

// Carrying is what it takes to carry out a change, beside the change.
type Carrying struct {
	// Methods are those that the application takes: a way in by them must be
	// left.
	Methods []Method
	// Pairing is the set-up of a kind that opens one.
	Pairing Pairing
	// Codes are the hashes of new recovery codes.
	Codes []Hash
}
