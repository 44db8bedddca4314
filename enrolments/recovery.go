package enrolments

import "time"

// RecoveryID names a recovery.
type RecoveryID string

// RecoveryState is how a recovery stands.
type RecoveryState string

const (
	// RecoveryWaiting is before ReadyAt: it gives nothing yet.
	RecoveryWaiting RecoveryState = "waiting"
	RecoveryReady   RecoveryState = "ready"
	// RecoveryRefused is of one that another of the person's phones stopped.
	RecoveryRefused RecoveryState = "refused"
	// RecoveryDone is of one whose phone is active.
	RecoveryDone    RecoveryState = "done"
	RecoveryExpired RecoveryState = "expired"
)

const (
	// recoveryOpen is how long a new phone can be set up once that needs no
	// wait: the person is there, with the new phone in the hand.
	recoveryOpen = 10 * time.Minute
	// recoveryOpenLater is the same after a wait: people come back after work.
	recoveryOpenLater = 72 * time.Hour
	// MaxRecoveries bounds the recoveries of one person that are under way.
	MaxRecoveries = 4
)

// Recovery is a person on the way to a new phone without the old one. It begins
// with a proof of theirs, waits as long as the policy asks after that kind of
// proof, and can be stopped meanwhile by every phone that they have.
type Recovery struct {
	ID     RecoveryID
	Person PersonID
	User   string
	// Application is the one that was signed in to, Method the proof.
	Application     ApplicationID
	ApplicationName string
	Method          Method
	// Browser, Location and IP are those of that sign-in.
	Browser, Location, IP string
	// ReturnURL is where that sign-in would have led back to; empty for nowhere,
	// and where it was none.
	ReturnURL string
	// Token is the hash of the secret that the browser holds.
	Token Hash
	State RecoveryState
	// RefusedBy is the name of the phone that stopped it; empty where none did,
	// but the help desk.
	RefusedBy string
	// Pairing is the newest set-up that was opened through it; empty for none.
	Pairing                  PairingID
	BegunAt, ReadyAt, EndsAt time.Time
}

// Running reports whether the recovery can still lead to a phone.
func (r Recovery) Running() bool { return r.State == RecoveryWaiting || r.State == RecoveryReady }
