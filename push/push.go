// Package push wakes phones. It owns what a wake-up is (Message), where it goes
// (Target), who can carry it (Sender), what may come of it (the errors below)
// and how all phones of a person are asked at once (Fanout).
//
// A wake-up holds the id of an approval or of a notice, and nothing else: whoever
// carries it learns neither who signs in nor where, nor what has changed. It ends
// with the approval. A wake-up that fails never fails a sign-in; the phone finds
// the approval when it is opened.
//
// The package knows no delivery service and no third-party library. Each
// service has a package of its own beneath this one.
package push

import (
	"context"
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

// Message is a wake-up, for an approval or for a notice: one of the two ids is set.
type Message struct {
	// ApprovalID is what the phone asks the server about: 1 to 64 of A–Z a–z
	// 0–9 "_" "-". 64 is the longest collapse id that APNs takes.
	ApprovalID string
	// NoticeID is the same of a notice: something has changed.
	NoticeID string
	// ExpiresAt is when the approval ends, or the notice need not be rung for any
	// more. No service keeps the message longer.
	ExpiresAt time.Time
}

// ID is the one that the message holds.
func (m Message) ID() string { return m.ApprovalID + m.NoticeID }

// Key is the name under which every service hands the id to the phone.
func (m Message) Key() string {
	if m.NoticeID != "" {
		return "notice_id"
	}
	return "approval_id"
}

// maxID is the limit of the apns-collapse-id header, in bytes; no other service
// has a tighter one.
const maxID = 64

// Validate says whether every service can carry the message. Its error wraps
// ErrRefused: what is wrong here is wrong in our own code.
func (m Message) Validate() error {
	if m.ApprovalID != "" && m.NoticeID != "" {
		return fmt.Errorf("%w: the ids of an approval and of a notice at once", ErrRefused)
	}
	id := m.ID()
	if len(id) == 0 || len(id) > maxID {
		return fmt.Errorf("%w: id of %d bytes, want 1 to %d", ErrRefused, len(id), maxID)
	}
	if !consistsOf(id, isBase64URL) {
		return fmt.Errorf("%w: id has a character outside A–Z a–z 0–9 _ -", ErrRefused)
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
// result wraps one of the errors below and carries neither token nor endpoint.
// It is safe for concurrent use.
type Sender interface {
	Send(ctx context.Context, t Target, m Message) error
}

// Divided is a Sender that reaches more than one service, as Web Push does.
// None of them may suffer from another, so each has a lane of its own.
type Divided interface {
	Sender
	// Parts names them all; the list is as short as the configuration and never
	// changes.
	Parts() []string
	// Part is the one of Parts that t belongs to, and "" for none.
	Part(t Target) string
}
