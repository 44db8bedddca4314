package push

import (
	"errors"
	"fmt"
	"time"
)

// What may come of a message.
var (
	// ErrGone: the service no longer knows the target. Forget it.
	ErrGone = errors.New("push: target is gone")
	// ErrCredential: the service does not accept us. It concerns every phone of
	// that service, so an operator must hear of it; no target is to blame.
	ErrCredential = errors.New("push: credential not accepted")
	// ErrRefused: the service does not take what we sent. A defect of ours.
	ErrRefused = errors.New("push: message refused")
	// ErrUnavailable: not now. The same message may succeed later.
	ErrUnavailable = errors.New("push: service unavailable")
	// ErrTooMany is an ErrUnavailable of a service that is well and takes no
	// more for now, from us or for this one phone.
	ErrTooMany = fmt.Errorf("%w: too many requests", ErrUnavailable)
	// ErrDown is an ErrUnavailable of a service that was not asked, because
	// everything sent to it of late has failed.
	ErrDown = fmt.Errorf("%w: known to be down", ErrUnavailable)
	// ErrNoSender: this service is not set up here.
	ErrNoSender = errors.New("push: service not configured")
	// ErrBadTarget: the target can belong to no phone. It was never stored by
	// us in this form, or is not allowed to be asked.
	ErrBadTarget = errors.New("push: bad target")
)

// Refusal is the answer of a service that did not take a message.
type Refusal struct {
	Means  error  // one of the errors above
	Status int    // of HTTP
	Reason string // as the service documents it; empty for any other
	Said   string // for the log: what the service said, bounded, no token in it
}

func (r *Refusal) Error() string { return fmt.Sprintf("%v: %s", r.Means, r.Said) }

// Unwrap is what the answer means.
func (r *Refusal) Unwrap() error { return r.Means }

// RetryAfter is an ErrUnavailable of a service that said how long to wait.
type RetryAfter struct {
	After time.Duration // not negative
	Cause error         // wraps ErrUnavailable
}

func (r *RetryAfter) Error() string { return fmt.Sprintf("%v, try again after %v", r.Cause, r.After) }

// Unwrap makes errors.Is(err, ErrUnavailable) true.
func (r *RetryAfter) Unwrap() error { return r.Cause }
