// Package push wakes phones. It owns what a wake-up is (Message), where it goes
// (Target), who can carry it (Sender), what may come of it (the errors below)
// and how all phones of a person are asked at once (Fanout).
//
// A wake-up holds an approval's id and nothing else: whoever carries it learns
// neither who signs in nor where. It ends with the approval. A wake-up that
// fails never fails a sign-in; the phone finds the approval when it is opened.
//
// The package knows no delivery service and no third-party library. Each
// service has a package of its own beneath this one.
package push

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Service names a delivery service, as it is stored with a phone.
type Service string

// The services that there are.
const (
	FCM     Service = "fcm"
	APNs    Service = "apns"
	WebPush Service = "webpush"
)

// Message is a wake-up.
type Message struct {
	// ApprovalID is what the phone asks the server about: 1 to 64 of A–Z a–z
	// 0–9 "_" "-". 64 is the longest collapse id that APNs takes.
	ApprovalID string
	// ExpiresAt is when the approval ends. No service keeps the message longer.
	ExpiresAt time.Time
}

// maxApprovalID is the limit of the apns-collapse-id header, in bytes; no other
// service has a tighter one.
const maxApprovalID = 64

// Validate says whether every service can carry the message. Its error wraps
// ErrRefused: what is wrong here is wrong in our own code.
func (m Message) Validate() error {
	if len(m.ApprovalID) == 0 || len(m.ApprovalID) > maxApprovalID {
		return fmt.Errorf("%w: approval id of %d bytes, want 1 to %d", ErrRefused, len(m.ApprovalID), maxApprovalID)
	}
	if !consistsOf(m.ApprovalID, isBase64URL) {
		return fmt.Errorf("%w: approval id has a character outside A–Z a–z 0–9 _ -", ErrRefused)
	}
	if m.ExpiresAt.IsZero() {
		return fmt.Errorf("%w: no expiry", ErrRefused)
	}
	return nil
}

// Sender hands one message to one delivery service.
//
// Send makes one attempt and returns before ctx ends or soon after. nil means
// that the service took the message, not that the phone has it. Every other
// result wraps exactly one of the errors below and carries neither token nor
// endpoint. It is safe for concurrent use.
type Sender interface {
	Send(ctx context.Context, t Target, m Message) error
}

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
	// ErrNoSender: this service is not set up here.
	ErrNoSender = errors.New("push: service not configured")
	// ErrBadTarget: the target can belong to no phone. It was never stored by
	// us in this form, or is not allowed to be asked.
	ErrBadTarget = errors.New("push: bad target")
)

// RetryAfter is an ErrUnavailable of a service that said how long to wait.
type RetryAfter struct {
	After  time.Duration // not negative
	Reason string        // the service's own word for it; never a token
}

func (r *RetryAfter) Error() string {
	return fmt.Sprintf("%v: %s, try again after %v", ErrUnavailable, r.Reason, r.After)
}

// Unwrap makes errors.Is(err, ErrUnavailable) true.
func (r *RetryAfter) Unwrap() error { return ErrUnavailable }
