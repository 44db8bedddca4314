package enrolments

import "time"

// Event is one line of the audit trail: something that happened to a sign-in
// or an enrolment. It never holds a secret, a code or a number.
type Event struct {
	At time.Time
	// Kind is one of the constants below.
	Kind EventKind
	// Person, Application, Phone and Approval are set where they apply.
	Person      PersonID
	Application ApplicationID
	Phone       PhoneID
	Approval    string
	// Detail is a short text for people: a method, a reason, a name.
	Detail string
	// Data is a JSON object for programs, or empty; at most 8 KiB.
	Data string
	// Tell are addresses that are told of it beside the person's own, where the
	// event is announced: of a mailbox that was just taken from the person. The
	// trail holds none of them.
	Tell []Email
}

// EventKind names what happened. The values are stored and never change.
type EventKind string

const (
	EventApprovalRequested EventKind = "approval.requested"
	EventApprovalSettled   EventKind = "approval.settled"
	EventApprovalExtended  EventKind = "approval.extended"
	EventApprovalReported  EventKind = "approval.reported"
	EventApprovalRedeemed  EventKind = "approval.redeemed"
	EventNumberWrong       EventKind = "approval.number_wrong"
	EventCodeWrong         EventKind = "approval.code_wrong"
	EventPushFailed        EventKind = "push.failed"
	EventPushHeld          EventKind = "push.held"
	EventPushResent        EventKind = "push.resent"
	EventCodesBlocked      EventKind = "codes.blocked"

	EventPersonAdded      EventKind = "person.added"
	EventPersonUnlocked   EventKind = "person.unlocked"
	EventCallerVerified   EventKind = "caller.verified"
	EventCallerRefused    EventKind = "caller.refused"
	EventPairingOpened    EventKind = "pairing.opened"
	EventPairingClaimed   EventKind = "pairing.claimed"
	EventPairingRefused   EventKind = "pairing.refused"
	EventPhonePaired      EventKind = "phone.paired"
	EventPhoneRemoved     EventKind = "phone.removed"
	EventPhoneRenamed     EventKind = "phone.renamed"
	EventTargetGone       EventKind = "phone.push_gone"
	EventTargetSet        EventKind = "phone.push_set"
	EventBrowserTrusted   EventKind = "browser.trusted"
	EventTrustEnded       EventKind = "browser.trust_ended"
	EventRecoveryBegun    EventKind = "recovery.begun"
	EventRecoveryAllowed  EventKind = "recovery.allowed"
	EventRecoveryRefused  EventKind = "recovery.refused"
	EventRecoveryUsed     EventKind = "recovery.used"
	EventSecretIssued     EventKind = "authenticator.issued"
	EventSecretConfirmed  EventKind = "authenticator.confirmed"
	EventEmailCodeSent    EventKind = "email.code_sent"
	EventEmailCodeWrong   EventKind = "email.code_wrong"
	EventEmailSet         EventKind = "email.set"
	EventEmailRemoved     EventKind = "email.removed"
	EventQuestionsSet     EventKind = "questions.set"
	EventQuestionsRemoved EventKind = "questions.removed"
	EventQuestionsWrong   EventKind = "questions.wrong"
	EventSecretRemoved    EventKind = "authenticator.removed"
	EventSecurityOpened   EventKind = "security_page.opened"
	EventCodesIssued      EventKind = "recovery_codes.issued"
	EventNoticeSent       EventKind = "notice.sent"
	EventNoticeUnsent     EventKind = "notice.unsent"
	EventNoticeStopped    EventKind = "notice.stopped"
	EventApplicationAdded EventKind = "application.added"
	EventPolicySet        EventKind = "application.policy_set"
	EventLogoSet          EventKind = "application.logo_set"
	EventKeyIssued        EventKind = "application.key_issued"
	EventKeyRevoked       EventKind = "application.key_revoked"

	EventIntegrationAdded   EventKind = "integration.added"
	EventIntegrationChanged EventKind = "integration.changed"
)

// EventFilter chooses events; zero fields choose all.
type EventFilter struct {
	Person   PersonID
	Approval string
	Kind     EventKind
	// Limit bounds the answer: 1 to 1000.
	Limit int
}
