package enrolments

import (
	"context"
	"errors"
	"time"
)

// ErrUndeliverable is wrapped by an error of Post after which the same letter
// need not be sent again: the mail server knows no such mailbox, or will not have
// the letter. Every other error may pass.
var ErrUndeliverable = errors.New("the letter cannot be delivered")

// Post carries letters to people, by mail. A server without one offers nothing
// that needs it.
type Post interface {
	// Send returns once the mail server has taken the letter. An error says
	// that it has not; it holds neither the address nor what was written.
	Send(ctx context.Context, l Letter) error
}

// LetterKind is what a letter is for.
type LetterKind string

const (
	// LetterCode brings a code to somebody who is asked for it now.
	LetterCode LetterKind = "code"
	// LetterNotice tells that something has changed or happened.
	LetterNotice LetterKind = "notice"
)

// Letter is a mail before it is put into words.
type Letter struct {
	Kind LetterKind
	// To is the address, as ParseEmail gives it.
	To string
	// Language is the one that the person reads, as a BCP 47 tag; empty where
	// it is not known.
	Language string
	// User is whom it is about; Application the name of the one that was signed
	// in to, empty for none.
	User, Application string
	// Code is what a LetterCode brings.
	Code Secret
	// Event, Detail, At and Where are what a LetterNotice tells: what happened,
	// to what (a phone's name, say), when, and from which browser, place or
	// address, as far as it is known. Because is the help desk's reason, where it
	// acted.
	Event                  EventKind
	Detail, Where, Because string
	At                     time.Time
	// StopURL leads to a page that stops it without signing in; empty where
	// nothing is left to stop.
	StopURL string
}
