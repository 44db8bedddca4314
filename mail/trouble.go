package mail

import (
	"errors"
	"fmt"
	"net/textproto"

	gomail "github.com/wneessen/go-mail"

	"countersign/enrolments"
)

// plainly is err in words of ours: what a mail server says may repeat the
// address, so of its answer only the code is kept.
func plainly(err error) error {
	var refused *gomail.SendError
	if errors.As(err, &refused) {
		return refusal(refused)
	}
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return fmt.Errorf("mail: the server does not let us in: %d", answer.Code)
	}
	return err
}

// steps are those at which a refusal for good is about the letter, in words;
// before them it is about us.
var steps = map[gomail.SendErrReason]string{
	gomail.ErrSMTPRcptTo:    "the recipient",
	gomail.ErrSMTPData:      "the letter",
	gomail.ErrSMTPDataClose: "the letter",
}

func refusal(e *gomail.SendError) error {
	code := fmt.Sprint(e.ErrorCode())
	if status := e.EnhancedStatusCode(); status != "" {
		code += " " + status
	}
	what, ours := steps[e.Reason]
	switch {
	case e.ErrorCode() == 0:
		return fmt.Errorf("mail: the connection broke: %s", e.Reason)
	case ours && e.ErrorCode() >= 500 && !aboutUs(e):
		return fmt.Errorf("mail: %w: the server refuses %s: %s", enrolments.ErrUndeliverable, what, code)
	case ours:
		return fmt.Errorf("mail: the server does not take %s now: %s", what, code)
	}
	return fmt.Errorf("mail: the server does not take mail from us: %s", code)
}

// aboutUs reports whether a refusal says that we may not send at all, which an
// administrator can mend: 530 asks for a login (RFC 4954), 5.7.x is a matter of
// policy (RFC 3463), which is how servers say that they do not relay.
func aboutUs(e *gomail.SendError) bool {
	status := e.EnhancedStatusCode()
	return e.ErrorCode() == 530 || len(status) > 4 && status[:4] == "5.7."
}
