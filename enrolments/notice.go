package enrolments

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// NoticeID names a notice.
type NoticeID string

const (
	// NoticesKept is how long a notice can be read.
	NoticesKept = 30 * 24 * time.Hour
	// StopWithin is how long after it what happened can be stopped by its
	// notice: people are away for a week.
	StopWithin = 7 * 24 * time.Hour
	// DeliverWithin is how long delivery is tried: longer than most mail servers
	// are down, and not so long that it tells of what is long over.
	DeliverWithin = 24 * time.Hour
	// MaxNoticesAnHour bounds the notices of one kind to one person. Each kind
	// is counted by itself, so that none can be hidden behind another.
	MaxNoticesAnHour = 10
)

// Notice is what a person is told of an event that was announced.
type Notice struct {
	ID     NoticeID
	Person PersonID
	// User is the person's name.
	User  string
	Event EventKind
	// Phone is the one that did it, or that it happened to; empty for none.
	Phone PhoneID
	// Application is the name of the one that it happened in; empty for none.
	Application string
	// Detail is what it happened to: the name of a phone or browser, or a masked
	// address; empty for none. Because is the help desk's reason, where it acted.
	Detail, Because string
	// Origin is whence it was done, as far as that is known.
	Origin Origin
	At     time.Time
	// Token is the hash of the secret that stops it.
	Token Hash
	// Stopped is what was ended by it; zero until somebody did.
	Stopped Stopped
}

// Stoppable reports whether somebody who did not do this can still say so.
func (n Notice) Stoppable(now time.Time) bool {
	a, ok := announcementOf(n.Event)
	return ok && !a.final && n.Stopped.At.IsZero() && now.Before(n.At.Add(StopWithin))
}

// Stopped is what "this wasn't me" has ended. Pushes are locked by it, too.
type Stopped struct {
	// At is when; zero for never.
	At time.Time
	// Recoveries, SetUps and Browsers count what was under way or trusted. A
	// security page that was open is a set-up, too.
	Recoveries, SetUps, Browsers int
}

// Channel is a way to tell people.
type Channel string

const (
	// ByMail is of one address, ByPhones of all phones that the person has.
	ByMail   Channel = "mail"
	ByPhones Channel = "phones"
)

// DeliveryID names a delivery.
type DeliveryID string

// Delivery is a notice on its way over one channel.
type Delivery struct {
	ID      DeliveryID
	Channel Channel
	Notice  Notice
	// To and Language are of a mail: its address, as ParseEmail gives it, and
	// the language of whom it belongs to, empty where that is not known.
	To, Language string
	// Token is the secret that stops what happened.
	Token Secret
	// Tries counts how often it was claimed, this time included.
	Tries int
}

// announcement says how an event is told.
type announcement struct {
	kind EventKind
	// named says that Event.Detail is the name of something, for people.
	named bool
	// asked says that the phones are asked about it already.
	asked bool
	// final says that nothing is left to stop.
	final bool
	// desk says that people are told of it where the help desk did it, and not
	// of their own doing.
	desk bool
}

// announcements are the events that people are told of. Each has words in
// mail/words.*.json and web/words/*.json (changed.…).
var announcements = []announcement{
	{kind: EventPhonePaired, named: true},
	{kind: EventPhoneRemoved, named: true},
	{kind: EventPhoneRenamed, named: true},
	{kind: EventSecretConfirmed},
	{kind: EventSecretRemoved},
	{kind: EventCodesIssued},
	{kind: EventRecoveryBegun, asked: true},
	{kind: EventRecoveryUsed},
	{kind: EventRecoveryRefused, named: true},
	{kind: EventApprovalReported},
	{kind: EventCodesBlocked},
	{kind: EventPairingOpened, desk: true},
	{kind: EventPersonUnlocked},
	{kind: EventCallerVerified},
	{kind: EventCallerRefused},
	{kind: EventBrowserTrusted, named: true},
	{kind: EventTrustEnded, named: true},
	{kind: EventEmailSet, named: true},
	{kind: EventEmailRemoved, named: true},
	{kind: EventQuestionsSet},
	{kind: EventQuestionsRemoved},
	{kind: EventNoticeStopped, final: true},
}

// AnnouncedKinds are the kinds of events that people are told of.
func AnnouncedKinds() []EventKind {
	var kinds []EventKind
	for _, a := range announcements {
		kinds = append(kinds, a.kind)
	}
	return kinds
}

func announcementOf(kind EventKind) (announcement, bool) {
	i := slices.IndexFunc(announcements, func(a announcement) bool { return a.kind == kind })
	if i < 0 {
		return announcement{}, false
	}
	return announcements[i], true
}

// Announced reports whether the person of an event is told of it.
func (e Event) Announced() bool {
	a, ok := announcementOf(e.Kind)
	return ok && e.Person != "" && (!a.desk || e.Because() != "")
}

// Announce makes the notice of an announced event, without the names of its
// person and application, and the secret that stops it.
func (e Event) Announce() (Notice, Secret) {
	a, _ := announcementOf(e.Kind)
	token := NewSecret()
	n := Notice{
		ID: NewID[NoticeID](), Person: e.Person, Event: e.Kind, Phone: e.Phone, Because: e.Because(), Origin: e.origin(),
		At: e.At, Token: token.Hash(),
	}
	if a.named {
		n.Detail = e.Detail
	}
	return n, token
}

// RingsPhones reports whether the phones are told by a notice of their own.
func (n Notice) RingsPhones() bool {
	a, ok := announcementOf(n.Event)
	return ok && !a.asked
}

// Origin is whence somebody acted: what an application said of a browser.
type Origin struct{ Browser, Location, IP string }

// String lists what is known, with commas.
func (o Origin) String() string {
	known := slices.DeleteFunc([]string{o.Browser, o.Location, o.IP}, func(s string) bool { return s == "" })
	return strings.Join(known, ", ")
}

// acted is what an event holds of its origin for programs. The names are stored
// and never change.
type acted struct {
	Browser  string `json:"browser,omitempty"`
	Location string `json:"location,omitempty"`
	IP       string `json:"ip,omitempty"`
}

// From is the event with whence it was caused.
func (e Event) From(o Origin) Event {
	if o != (Origin{}) {
		raw, _ := json.Marshal(acted(o)) // of text alone
		e.Data = string(raw)
	}
	return e
}

func (e Event) origin() Origin {
	var a acted
	if e.Data == "" || json.Unmarshal([]byte(e.Data), &a) != nil {
		return Origin{}
	}
	return Origin(a)
}

// Mailboxes are the addresses at which a person is told: the user name where it
// is one, the backup address (zero for none) and more, each mailbox once. What is
// known of the person's language counts for the first, too.
func Mailboxes(user string, backup Email, more []Email) (all []Email) {
	known := append([]Email{backup}, more...)
	if address, err := ParseEmail(user); err == nil {
		signIn := Email{Address: address}
		for _, m := range known {
			signIn.Language = cmp.Or(signIn.Language, m.Language)
		}
		all = append(all, signIn)
	}
	for _, m := range known {
		if m.Address != "" && !slices.ContainsFunc(all, func(a Email) bool { return SameMailbox(a.Address, m.Address) }) {
			all = append(all, m)
		}
	}
	return all
}
