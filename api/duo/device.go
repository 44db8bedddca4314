package duo

import (
	"context"
	"errors"

	"countersign/approvals"
	"countersign/enrolments"
)

// A trusted device is remembered where the application's policy gives a time
// for it: its client is handed a token with an approval and brings it back to
// preauth. It ends as a trusted browser does: by a phone removed, a recovery, a
// report, or a stricter policy.

// remembered lets somebody in by the token of their device. A token that is not
// (any more) good is passed over: the person is asked as ever.
func (s *Server) remembered(ctx context.Context, c *call, p someone) (bool, error) {
	token := enrolments.SecretOf(c.value("trusted_device_token"))
	if token.IsZero() || c.app.Policy.TrustFor <= 0 || p.absent || p.PushLocked {
		return false, nil
	}
	good, err := s.config.Enrolments.Trusted(ctx, p.ID, c.app, token, "")
	if err != nil || !good {
		return false, err
	}
	// An approval of its own, so that it is on record as every sign-in.
	got, err := s.config.Approvals.Request(ctx, c.app, approvals.Request{User: p.User, Context: contextOf(c, p.Enrolment), Trusted: token})
	if err != nil {
		return false, err
	}
	if got.Next != approvals.Done {
		return false, s.withdraw(ctx, c, got.ID)
	}
	return true, nil
}

// remember hands out a token for the device of an approval, once; empty where
// the policy has none. A recovery code says that something is lost, which is no
// moment for trust. What fails here costs a second factor and no more.
func (s *Server) remember(ctx context.Context, c *call, a approvals.Approval) string {
	proved := a.Method == approvals.ByPush || a.Method == approvals.ByTOTP
	if c.app.Policy.TrustFor <= 0 || a.State != approvals.Approved || !proved {
		return ""
	}
	err := s.config.Enrolments.Trust(ctx, enrolments.TrustedBrowser{
		Person: a.Person, Application: a.Application, Approval: string(a.ID),
	}, a.WhenSettled(s.now()), c.app.Policy.TrustFor)
	if err == nil {
		var token enrolments.Secret
		if _, token, err = s.config.Enrolments.IssueTrust(ctx, string(a.ID)); err == nil {
			return token.Reveal()
		}
	}
	if !errors.Is(err, enrolments.ErrExists) && !errors.Is(err, enrolments.ErrFreshApproval) {
		s.config.Log.Warn("a device could not be remembered", "approval", string(a.ID), "error", err)
	}
	return ""
}
