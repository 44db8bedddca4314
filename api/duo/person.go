package duo

import (
	"context"
	"errors"
	"slices"

	"countersign/approvals"
	"countersign/enrolments"
)

// someone is the person that a call is about.
type someone struct {
	enrolments.Enrolment
	// name is the user name as the rules of the integration read it.
	name string
	// absent is true for a person who is unknown or has nothing set up.
	absent bool
}

// canPush reports whether the person's phones may be asked by a policy, canType
// whether there is a code to type that it takes.
func (p someone) canPush(by enrolments.Policy) bool {
	return len(p.Phones) > 0 && !p.PushLocked && slices.Contains(by.Methods, enrolments.MethodPush)
}

func (p someone) canType(by enrolments.Policy) bool {
	return p.Authenticators > 0 && slices.Contains(by.Methods, enrolments.MethodTOTP) ||
		p.RecoveryCodes > 0 && slices.Contains(by.Methods, enrolments.MethodRecoveryCode)
}

// named finds a person by the name that a client uses. A name that nobody can
// have is nobody's.
func (s *Server) named(ctx context.Context, c *call, name string) (someone, error) {
	user, err := s.config.Enrolments.UserOf(ctx, c.integration, name)
	if errors.Is(err, enrolments.ErrInvalid) {
		return someone{absent: true}, nil
	}
	if err != nil {
		return someone{}, err
	}
	e, err := s.config.Enrolments.Person(ctx, user)
	return found(user, e, err)
}

// identified finds a person by the id that enroll gave out.
func (s *Server) identified(ctx context.Context, id string) (someone, error) {
	e, err := s.config.Enrolments.PersonByID(ctx, enrolments.PersonID(id))
	return found("", e, err)
}

func found(name string, e enrolments.Enrolment, err error) (someone, error) {
	if errors.Is(err, enrolments.ErrNotFound) {
		return someone{name: name, absent: true}, nil
	}
	if err != nil {
		return someone{}, err
	}
	return someone{Enrolment: e, name: e.User, absent: e.Empty()}, nil
}

// about finds the person of a version 2 call: exactly one of username and
// user_id names them.
func (s *Server) about(ctx context.Context, c *call) (someone, error) {
	name, id := c.value("username"), c.value("user_id")
	switch {
	case name != "" && id != "":
		return someone{}, detail(errParameter, "username and user_id are both given; give one")
	case id != "":
		return s.identified(ctx, id)
	case name != "":
		return s.named(ctx, c, name)
	}
	return someone{}, detail(errMissing, "username")
}

// welcome is where somebody stands before a sign-in.
type welcome struct {
	result  string
	message string
	// portal leads to set-up, with resultEnrol.
	portal string
}

// welcome says whether a person goes on to a second factor.
func (s *Server) welcome(ctx context.Context, c *call, p someone) (welcome, error) {
	switch {
	case p.absent && c.app.Policy.FirstSignIn && p.name != "":
		return s.firstSignIn(ctx, c, p)
	case p.absent:
		return welcome{result: resultDeny, message: sentences[refusedUnknown]}, nil
	case !p.canPush(c.app.Policy) && !p.canType(c.app.Policy):
		return welcome{result: resultDeny, message: sentences[refusedLocked]}, nil
	}
	return welcome{result: resultAuth, message: "Account is active"}, nil
}

// firstSignIn leads somebody who has nothing set up to set-up, or lets them in
// where the policy does not require it yet.
func (s *Server) firstSignIn(ctx context.Context, c *call, p someone) (welcome, error) {
	r := approvals.Request{User: p.name, Context: contextOf(c, p.Enrolment), CodesOnly: true}
	got, err := s.config.Approvals.Request(ctx, c.app, r)
	switch {
	case errors.Is(err, enrolments.ErrFreshApproval): // something was set up since
		return welcome{result: resultDeny, message: sentences[refusedUnavailable]}, nil
	case errors.Is(err, enrolments.ErrLocked):
		return welcome{result: resultDeny, message: sentences[refusedLocked]}, nil
	case err != nil:
		return welcome{}, err
	}
	switch got.Next {
	case approvals.Enrol:
		portal := s.setUpURL(got.Pairing, got.SetUpToken)
		return welcome{resultEnrol, "Set up your phone first (this link is good for 10 minutes): " + portal, portal}, nil
	case approvals.Done:
		return welcome{result: resultAllow, message: "Success. Logging you in..."}, nil
	}
	return welcome{result: resultDeny, message: sentences[refusedUnavailable]}, s.withdraw(ctx, c, got.ID)
}

func (s *Server) setUpURL(p enrolments.Pairing, token enrolments.Secret) string {
	return s.config.PublicURL + "/set-up/" + string(p.ID) + "#" + token.Reveal()
}

// policyFor is the application's policy for one call: what has nothing set up
// was dealt with, and a passcode is tried once an approval.
func policyFor(app enrolments.Application, codes bool) enrolments.Application {
	app.Policy.FirstSignIn = false
	if codes {
		app.Policy.CodeTries = 1
	}
	return app
}
