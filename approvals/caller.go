package approvals

import (
	"context"
	"errors"
	"strings"

	"countersign/enrolments"
)

// Somebody on the line with the help desk says to be a person. That person's
// phones are shown a number that nobody else sees, and whoever can read it out
// holds one of them. The number is in what the phone shows, and the help desk
// compares what it is told: were it the other way round, the help desk would
// hand a stranger all that they need to bother the person into a yes.
//
// Such an approval settles nothing: the right number withdraws it, as three
// wrong ones do, and to deny or report it on a phone says that the person is
// not on the line.

const (
	// helpDesk takes the application's place: no application can have this name.
	helpDesk enrolments.ApplicationID = "help-desk:caller"
	// callerAction is what a phone says that it is asked about; the number is
	// the reference.
	callerAction = "Help desk is asking"
	// Four digits are read out as easily as two, and three tries, for a bad
	// line, leave a guess 1 in 3000.
	callerDigits, callerTries = 4, 3
)

// Caller is somebody who is being verified. It is for one goroutine.
type Caller struct {
	Approval
	service *Service
	number  enrolments.Hash
	// Tries is how many numbers may still be told.
	Tries int
}

// AskCaller shows a number on the phones of a person, for five minutes. It costs
// no push budget, and a lock of pushes does not keep it back: that is what the
// person may be calling about. server is the name that the phone shows.
// ErrNothingUsable for a person without a phone.
func (s *Service) AskCaller(ctx context.Context, e enrolments.Enrolment, server string) (*Caller, error) {
	if len(e.Phones) == 0 {
		return nil, ErrNothingUsable
	}
	number, err := newNumber(callerDigits)
	if err != nil {
		return nil, err
	}
	n, err := s.build(enrolments.Application{ID: helpDesk, Name: server, Policy: enrolments.DefaultPolicy()}, e, Request{
		TTL: enrolments.MaxTTL, NoNumber: true,
		Context: Context{Action: callerAction, Reference: number},
		Seed:    enrolments.NewSecret().Hash(), // nobody holds its waiting token
	})
	if err != nil {
		return nil, err
	}
	n.Purpose, n.CodeOnly, n.Barred, n.Takes, n.Budget = ForCaller, false, "", []Method{ByPush}, Budget{}
	created, err := s.config.Store.Create(ctx, n)
	if err != nil {
		return nil, err
	}
	s.expireLater(created.Approval)
	s.wake(ctx, created.Approval, e.Phones)
	s.auditRequested(ctx, created, false)
	return &Caller{created.Approval, s, enrolments.SecretOf(number).Hash(), callerTries}, nil
}

// Told compares what the caller read out: nil when it is the number.
// ErrNumberWrong, with ErrNoTries when that was the last; ErrSettled, with the
// Caller's Approval as it stands, when it was refused on a phone, replaced or
// ran out.
func (c *Caller) Told(ctx context.Context, said string) error {
	a, err := c.service.config.Store.Read(ctx, c.ID)
	switch {
	case err != nil:
		return err
	case c.Tries == 0:
		return ErrNoTries
	case a.Final() && a.State != Approved: // a yes on the phone takes nothing back
		c.Approval = a
		return ErrSettled
	}
	c.Tries--
	said = strings.NewReplacer(" ", "", "-", "").Replace(said)
	right := c.number.Is(enrolments.SecretOf(said).Hash())
	if right || c.Tries == 0 {
		err = c.End(ctx)
	}
	switch {
	case err != nil:
		return err
	case right:
		return nil
	case c.Tries == 0:
		return errors.Join(ErrNumberWrong, ErrNoTries)
	}
	return ErrNumberWrong
}

// End takes the question off the phones; once over, nothing changes.
func (c *Caller) End(ctx context.Context) error {
	a, err := c.service.settle(ctx, c.ID, Settlement{State: Withdrawn, Reason: ByApplication})
	if errors.Is(err, ErrSettled) {
		err = nil
	}
	if err == nil {
		c.Approval = a
	}
	return err
}
