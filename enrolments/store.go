package enrolments

import (
	"context"
	"time"

	"countersign/push"
)

// Store keeps the durable nouns. Every method is one transaction; where two
// callers race, the method says who wins. All return ErrNotFound for a row
// that is not there, and an error of the store itself as it is: callers fail
// closed on it.
type Store interface {
	ApplicationStore
	IntegrationStore
	PersonStore
	PairingStore
	RecoveryStore
	SecurityStore
	TrustStore
	EmailStore
	QuestionStore
	CodeStore
	AuditStore
	NoticeStore
	// Together runs do in one transaction: what it does through store is kept
	// when it returns nil, and else nothing of it. A write that was refused undoes
	// all, also where do overlooks it. do may run again. It asks nothing of another
	// Store, which may wait for this one, and waits for nothing else.
	Together(ctx context.Context, do func(ctx context.Context, store Store) error) error
	// SigningKeys returns the private keys (PKCS #8) that sign result tokens,
	// the current one first; where there is none it stores fresh as the first.
	// Of callers at once one wins and all get the same keys.
	SigningKeys(ctx context.Context, fresh []byte, now time.Time) ([][]byte, error)
}

// ApplicationStore keeps applications and the hashes of their keys.
type ApplicationStore interface {
	// AddApplication stores a new application with its first key and without a
	// logo; ErrExists.
	AddApplication(ctx context.Context, a Application, key Hash) error
	// Application returns an application and its live keys, newest first.
	Application(ctx context.Context, id ApplicationID) (Application, []Hash, error)
	// Applications returns all, by id.
	Applications(ctx context.Context) ([]Application, error)
	// ChangePolicy changes an application's policy as change says, in one step:
	// of callers at once each sees what the one before left. An error of change
	// is returned and changes nothing. change may run again.
	ChangePolicy(ctx context.Context, id ApplicationID, change func(*Policy) error) error
	// SetLogo replaces an application's logo; the zero Logo takes it away.
	SetLogo(ctx context.Context, id ApplicationID, logo Logo) error
	// Logo returns the logo if its digest is that one; ErrNotFound.
	Logo(ctx context.Context, id ApplicationID, digest string) (Logo, error)
	// AddKey makes key the newest and keeps one older one at most.
	AddKey(ctx context.Context, id ApplicationID, key Hash, now time.Time) error
	// DropOldKeys leaves only the newest key and returns how many went.
	DropOldKeys(ctx context.Context, id ApplicationID) (int, error)
}

// IntegrationStore keeps the integrations of applications and their aliases.
type IntegrationStore interface {
	// AddIntegration stores a new application with its first key and its
	// integration; ErrExists.
	AddIntegration(ctx context.Context, a Application, key Hash, i Integration) error
	// Integration returns an integration by its key, with its application.
	Integration(ctx context.Context, key IntegrationKey) (Integration, Application, error)
	// IntegrationOf returns an application's integration.
	IntegrationOf(ctx context.Context, app ApplicationID) (Integration, error)
	// SetIntegrationPolicy replaces the policy.
	SetIntegrationPolicy(ctx context.Context, key IntegrationKey, p IntegrationPolicy) error
	// PutAlias makes alias mean user, whatever it meant before.
	PutAlias(ctx context.Context, key IntegrationKey, alias, user string) error
	// Alias returns the user that alias means.
	Alias(ctx context.Context, key IntegrationKey, alias string) (user string, err error)
}

// PersonStore keeps people and phones.
type PersonStore interface {
	// EnsurePerson returns the person of p.User and stores p where there is
	// none; added tells which. Of two at once one adds.
	EnsurePerson(ctx context.Context, p Person) (stored Person, added bool, err error)
	// Enrolment returns a person by user name with what is set up.
	Enrolment(ctx context.Context, user string) (Enrolment, error)
	// EnrolmentOf is Enrolment by id.
	EnrolmentOf(ctx context.Context, id PersonID) (Enrolment, error)
	// SetPushLocked sets Person.PushLocked. A lock also ends the person's set-ups:
	// those that wait for a phone are refused, the others give nothing more, and
	// codes that were sent by mail are void.
	SetPushLocked(ctx context.Context, id PersonID, locked bool) error

	// Phone returns a phone that is active or claimed, with its person's
	// user name.
	Phone(ctx context.Context, id PhoneID) (phone Phone, user string, err error)
	// RenamePhone sets an active phone's name.
	RenamePhone(ctx context.Context, id PhoneID, name string) error
	// SetPushTarget replaces where the phone is woken; nil for nowhere.
	SetPushTarget(ctx context.Context, id PhoneID, target *push.Target) error
	// ForgetPushTarget is SetPushTarget(nil) if the target is still the given
	// one: a phone that has just moved is not forgotten with its old place.
	// forgot tells.
	ForgetPushTarget(ctx context.Context, id PhoneID, target push.Target) (forgot bool, err error)
	// UsedPhone sets Phone.LastUsedAt, never back in time.
	UsedPhone(ctx context.Context, id PhoneID, at time.Time) error
	// RemovePhone removes a phone for good, with its authenticator.
	RemovePhone(ctx context.Context, id PhoneID) error
}

// PairingStore keeps set-ups. A pairing past ExpiresAt that is open or claimed
// reads as PairingExpired, whatever is stored; a claimed phone of such a
// pairing is not found any more.
type PairingStore interface {
	// AddPairing stores a new pairing. A person has MaxOpenPairings open ones:
	// the oldest above that are refused. ErrLocked for one that is Held, while the
	// person's pushes are locked.
	AddPairing(ctx context.Context, p Pairing) error
	Pairing(ctx context.Context, id PairingID, now time.Time) (Pairing, error)
	// EnterPairing raises the version of an open pairing in which nothing has
	// happened yet: of callers at once one does; ErrPairingSettled for all
	// others.
	EnterPairing(ctx context.Context, id PairingID, now time.Time) (Pairing, error)
	// Claim spends the ticket for phone (stored inactive) and sets digits:
	// of callers at once one wins; ErrTicket for all others.
	Claim(ctx context.Context, ticket Hash, phone Phone, digits string, now time.Time) (Pairing, error)
	// Confirm ends a claimed pairing: match activates the phone, and removes
	// the one that opened the pairing if that is to be replaced (ErrNotFound
	// when it is gone already) and those of Removes that are still there; else
	// the claiming phone is removed.
	// ErrPairingSettled for a pairing that is not claimed; ErrInvalid when the
	// person has MaxPhones already; ErrFreshApproval, and the claiming phone is
	// removed, for a Free one of a person who has something by another now.
	Confirm(ctx context.Context, id PairingID, match bool, now time.Time) (Pairing, error)
	// BeginAuthenticator stores an unconfirmed authenticator as this
	// pairing's, in place of an earlier unconfirmed one. ErrPairingSettled
	// once one was confirmed, or for a pairing that has expired.
	BeginAuthenticator(ctx context.Context, id PairingID, a Authenticator, now time.Time) error
	// IssueCodes replaces all of the person's recovery codes, once a pairing;
	// ErrPairingSettled when they were issued before, nothing was confirmed
	// or it has expired.
	IssueCodes(ctx context.Context, id PairingID, codes []Hash, now time.Time) error
	// SpendApproval notes that this approval was used, for a pairing, a recovery
	// or a change; ErrExists the second time.
	SpendApproval(ctx context.Context, approval string, now time.Time) error
}

// RecoveryStore keeps recoveries. One past EndsAt reads as RecoveryExpired, one
// past ReadyAt as RecoveryReady, one whose phone became active as RecoveryDone for
// good.
type RecoveryStore interface {
	// AddRecovery stores a new recovery; ErrInvalid when the person has
	// MaxRecoveries running, ErrLocked while their pushes are locked.
	AddRecovery(ctx context.Context, r Recovery) error
	Recovery(ctx context.Context, id RecoveryID, now time.Time) (Recovery, error)
	// RunningRecoveries returns a person's that are waiting or ready, oldest
	// first.
	RunningRecoveries(ctx context.Context, id PersonID, now time.Time) ([]Recovery, error)
	// OpenRecovery stores p as the recovery's pairing and refuses the one
	// before it, which may have been claimed. ErrRecoveryWaiting,
	// ErrRecoveryOver; ErrLocked while the person's pushes are locked.
	OpenRecovery(ctx context.Context, id RecoveryID, p Pairing, now time.Time) error
	// RefuseRecovery ends a running recovery of the person, and refuses its
	// pairing. refused is false where it was over; ErrNotFound for another's.
	RefuseRecovery(ctx context.Context, person PersonID, id RecoveryID, by string, now time.Time) (r Recovery, refused bool, err error)
	// AllowRecovery makes a waiting recovery of the person ready. allowed is
	// false where it was ready or over; ErrNotFound for another's.
	AllowRecovery(ctx context.Context, person PersonID, id RecoveryID, now time.Time) (r Recovery, allowed bool, err error)
}

// SecurityStore keeps security pages and the changes that are begun on them.
type SecurityStore interface {
	// AddSecurityPage stores a new page. A person has MaxSecurityPages open for
	// an application: the oldest above that go.
	AddSecurityPage(ctx context.Context, p SecurityPage) error
	// SecurityPage returns a page whose time is not over.
	SecurityPage(ctx context.Context, id SecurityPageID, now time.Time) (SecurityPage, error)
	// AddChange stores a change that was begun on a page, which then does not
	// end before until; ErrNotFound for a page that is gone, ErrInvalid above
	// MaxChanges.
	AddChange(ctx context.Context, c Change, until time.Time) error
	// Change returns the change of an approval that was begun on the page.
	Change(ctx context.Context, page SecurityPageID, approval string) (Change, error)
	// CarryOut spends the change's approval (ErrExists when it was spent, by this
	// or by anything else) and does what the change says. A phone or an
	// authenticator app that is gone, or another's, is ErrNotFound, and so is a
	// change whose page was closed (StopNotice); without a
	// way in by with.Methods left, ErrLastWay; while the person's pushes are
	// locked, ErrLocked. What fails spends nothing.
	CarryOut(ctx context.Context, c Change, with Carrying, now time.Time) error
}

// TrustStore keeps trusted browsers. All of a person's end in the step in which
// a phone of theirs is removed or replaced, a recovery leads to a phone, or
// their pushes are locked.
type TrustStore interface {
	// AddTrust stores a browser whose token is not handed out yet; ErrExists
	// for an approval that has one, ErrFreshApproval for one that was approved
	// before all of the person's trust last ended, or while their pushes are
	// locked. The person's oldest above MaxTrusted go.
	AddTrust(ctx context.Context, t TrustedBrowser, approved time.Time) error
	// IssueTrust sets the token of the approval's browser. Of callers at once
	// one wins; ErrNotFound for all others, and where there is none.
	IssueTrust(ctx context.Context, approval string, token Hash, now time.Time) (TrustedBrowser, error)
	// UseTrust notes a use; ErrNotFound for a token that is not the person's
	// and the application's, that has ended or was not used for too long, or of
	// a browser of another name (one without a name takes every name).
	UseTrust(ctx context.Context, u TrustUse) error
	// TrustedBrowsers returns those whose token was handed out and has not
	// ended, newest first; with an empty app those for every application.
	TrustedBrowsers(ctx context.Context, person PersonID, app ApplicationID, now time.Time) ([]TrustedBrowser, error)
	// EndTrust removes one of them, or with an empty id all, and returns those;
	// with an empty app whatever their application.
	EndTrust(ctx context.Context, person PersonID, app ApplicationID, id TrustID) ([]TrustedBrowser, error)
}

// EmailStore keeps backup addresses, and the codes that are sent by mail.
type EmailStore interface {
	// BackupEmail returns a person's; ErrNotFound.
	BackupEmail(ctx context.Context, id PersonID) (Email, error)
	// AddEmailCode stores a code with EmailCodeTries, in place of the one before
	// it for the same purpose. *TooManyEmailsError when EmailCodesAnHour of the
	// person's were stored in the hour before: of callers at once so many win.
	AddEmailCode(ctx context.Context, c EmailCode) error
	// SpendEmailCode spends the code of a purpose, once, and sets the address
	// that it was sent to. ErrCodeWrong takes one of its tries; ErrCodeExpired
	// when there is none, it is spent, older than EmailCodeLife or out of tries.
	SpendEmailCode(ctx context.Context, id PersonID, purpose EmailPurpose, code Hash, now time.Time) (EmailSpent, error)
	// RemoveEmail forgets a person's address and returns it. Like a change of
	// it, it voids the codes that were sent to it.
	RemoveEmail(ctx context.Context, id PersonID) (Email, error)
}

// QuestionStore keeps the hashes of people's answers to security questions.
type QuestionStore interface {
	// Answers returns a person's, in the order in which they were set;
	// ErrNotFound.
	Answers(ctx context.Context, id PersonID) ([]AnswerHash, error)
	// SetAnswers replaces a person's and, in the same step, forgets the wrong
	// guesses at the ones before.
	SetAnswers(ctx context.Context, id PersonID, answers []AnswerHash, now time.Time) error
	// RemoveAnswers forgets a person's; ErrNotFound.
	RemoveAnswers(ctx context.Context, id PersonID) error
}

// CodeStore keeps TOTP secrets, recovery codes and the count of failures.
type CodeStore interface {
	// BeginTry counts a try as failed before it is looked at, so that tries at
	// once on many nodes cannot pass the limit together. It returns how many of
	// its kind failed in a row now, this one included, or *BlockedError.
	BeginTry(ctx context.Context, id PersonID, of Guess, limits CodeLimits, now time.Time) (failures int, err error)
	// Failures returns how many tries of a kind failed in a row, and until when
	// none is taken; the zero time where one is.
	Failures(ctx context.Context, id PersonID, of Guess) (failures int, until time.Time, err error)
	// EndTry forgets the failures of a kind: the try was right, or an
	// administrator unlocks.
	EndTry(ctx context.Context, id PersonID, of Guess) error
	// Authenticators returns the confirmed secrets of a person.
	Authenticators(ctx context.Context, id PersonID) ([]Authenticator, error)
	// Authenticator returns one, confirmed or not.
	Authenticator(ctx context.Context, id AuthenticatorID) (Authenticator, error)
	// PutPhoneSecret stores a confirmed authenticator in place of the one that
	// its phone had; ErrNotFound when the phone is not active.
	PutPhoneSecret(ctx context.Context, a Authenticator) error
	// RemoveAuthenticator removes an authenticator app of the person for good, and
	// ends all of the person's trust in browsers;
	// ErrNotFound for another's, an unconfirmed one and a phone's own secret.
	RemoveAuthenticator(ctx context.Context, person PersonID, id AuthenticatorID) error
	// BurnStep spends a time step: it and all older ones are refused with
	// ErrCodeUsed for good. Of callers at once one wins. It confirms an
	// unconfirmed authenticator; ErrFreshApproval for one of a Free pairing
	// whose person has something by another now.
	BurnStep(ctx context.Context, id AuthenticatorID, step int64) error
	// BurnRecoveryCode spends a recovery code; ErrCodeUsed when it was spent,
	// ErrCodeWrong when it is none of the person's.
	BurnRecoveryCode(ctx context.Context, id PersonID, code Hash, now time.Time) error
}

// NoticeStore keeps notices, and what of them is to be delivered. Notices and
// their deliveries are stored by AuditStore.Record and StopNotice, in the step
// that appends the event.
type NoticeStore interface {
	// ClaimDeliveries takes deliveries of a channel that are due, the longest
	// due first, at most limit (1 to 64), and keeps them from everybody else
	// until the lease is over: of callers at once, on all nodes, one gets each.
	// Whoever does not end or put off what it claimed before that leaves it to
	// the next: it may then be delivered twice.
	ClaimDeliveries(ctx context.Context, c Channel, limit int, lease time.Duration, now time.Time) ([]Delivery, error)
	// EndDelivery forgets a claimed delivery and appends events. ended is false,
	// and nothing is done, where somebody else has claimed it since.
	EndDelivery(ctx context.Context, d Delivery, events ...Event) (ended bool, err error)
	// PutOffDelivery makes a claimed delivery due at a later time, unless
	// somebody else has claimed it since.
	PutOffDelivery(ctx context.Context, d Delivery, until time.Time) error
	// Notice returns a notice.
	Notice(ctx context.Context, id NoticeID) (Notice, error)
	// Notices returns a person's since a time, newest first, at most limit (1 to
	// 1000).
	Notices(ctx context.Context, person PersonID, since time.Time, limit int) ([]Notice, error)
	// StopNotice ends what a person has under way and trusts (running
	// recoveries, pairings with phones that were not confirmed, security pages,
	// codes sent by mail, trusted browsers), locks their pushes, notes all that in the notice, and appends
	// the event that note makes of it. Of callers at once one stops; stopped is
	// false for all others, who get the notice as it stands. note may be called
	// again.
	StopNotice(ctx context.Context, id NoticeID, now time.Time, note func(Notice) Event) (n Notice, stopped bool, err error)
	// Announced gets a value after this store has added a delivery.
	Announced() <-chan struct{}
}

// AuditStore keeps the trail. It only grows; each row holds a hash over itself
// and the row before it.
type AuditStore interface {
	// Record appends events in order and returns once they are durable. With
	// each that is announced (Event.Announced) it stores a notice and, due at
	// once, a delivery for each mailbox of its person (the user name where that
	// is an address, the backup address, Event.Tell) and one for the phones:
	// the event is recorded and told, or neither.
	Record(ctx context.Context, events ...Event) error
	// Events returns the newest events first.
	Events(ctx context.Context, f EventFilter) ([]Event, error)
	// VerifyAudit recomputes the chain and returns how many rows it holds, or
	// an error that names the first row that does not fit.
	VerifyAudit(ctx context.Context) (rows int64, err error)
}
