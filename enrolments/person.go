package enrolments

import (
	"time"

	"countersign/internal/jws"
	"countersign/push"
)

// Person is somebody who signs in.
type Person struct {
	ID PersonID
	// User is the stable name that applications use, exactly as given.
	User string
	// PushLocked is true after a reported request, until an administrator
	// unlocks: codes are still taken, pushes are not sent.
	PushLocked bool
	CreatedAt  time.Time
}

// Phone is a paired phone.
type Phone struct {
	ID     PhoneID
	Person PersonID
	Name   string
	// Platform is one of Platforms.
	Platform string
	// Key verifies what the phone signs; its algorithm is pinned by it.
	Key jws.Key
	// Push is where the phone is woken; nil for one that is only asked when
	// its app is open.
	Push *push.Target
	// Active is false until the person has confirmed the digits.
	Active     bool
	AddedAt    time.Time
	LastUsedAt time.Time
}

// Platforms are the values of Phone.Platform.
func Platforms() []string { return []string{"ios", "android", "web", "other"} }

// MaxPhones bounds how many active phones one person has.
const MaxPhones = 10

// Enrolment is a person and what is set up for them.
type Enrolment struct {
	Person
	// Phones are the active ones, oldest first.
	Phones []Phone
	// Authenticators counts the confirmed TOTP secrets, those of phones
	// included.
	Authenticators int
	// RecoveryCodes counts those not used yet.
	RecoveryCodes int
	// BackupEmail is the backup address, empty for none; Questions tells whether
	// there are security questions. Neither settles an approval.
	BackupEmail string
	Questions   bool
}

// Empty reports whether nothing is set up that could settle an approval.
func (e Enrolment) Empty() bool {
	return len(e.Phones) == 0 && e.Authenticators == 0 && e.RecoveryCodes == 0
}
