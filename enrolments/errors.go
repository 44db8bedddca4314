package enrolments

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrNotFound is returned for a person, phone, pairing, authenticator or
	// application that is not there (any more).
	ErrNotFound = errors.New("not found")
	// ErrExists is returned when a name is taken already.
	ErrExists = errors.New("exists already")
	// ErrInvalid is returned, wrapped in words, for a value out of bounds.
	ErrInvalid = errors.New("invalid")
	// ErrTicket is returned for a ticket that is unknown, spent or out of
	// time; which of them is not told.
	ErrTicket = errors.New("the ticket is not valid")
	// ErrPairingSettled is returned for a pairing that is past the asked step.
	ErrPairingSettled = errors.New("the pairing is past that step")
	// ErrProof is returned when a phone does not prove that it holds its key.
	ErrProof = errors.New("the proof of possession does not verify")
	// ErrUnauthorized is returned for a wrong key or token of any kind.
	ErrUnauthorized = errors.New("the key or token is not valid")
	// ErrFreshApproval is returned when somebody who has something set up
	// would get more without a fresh approval.
	ErrFreshApproval = errors.New("a fresh approval is needed")
	// ErrLocked is returned while a person's pushes are locked after a report: an
	// administrator has to look first.
	ErrLocked = errors.New("the person's phones may not be asked until an administrator has looked")
	// ErrCodeWrong is returned for a code that matches nothing.
	ErrCodeWrong = errors.New("the code is wrong")
	// ErrCodeUsed is returned for a code that was right and is spent.
	ErrCodeUsed = errors.New("the code was used before")
)

// BlockedError is returned while a person's codes are not taken because too
// many in a row were wrong.
type BlockedError struct {
	// Until is when codes are taken again; zero when only an administrator
	// can end the block.
	Until time.Time
}

func (e *BlockedError) Error() string {
	if e.Until.IsZero() {
		return "codes are blocked until an administrator unlocks the person"
	}
	return "codes are blocked until " + e.Until.UTC().Format(time.RFC3339)
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}
