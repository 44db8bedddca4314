package approvals

import (
	"context"
	"errors"

	"countersign/enrolments"
)

// trusted reports whether the person trusts the browser that asks. After a
// report nothing is trusted until an administrator has looked.
func (s *Service) trusted(ctx context.Context, app enrolments.Application, e enrolments.Enrolment, r Request) (bool, error) {
	if r.Trusted.IsZero() || app.Policy.TrustFor <= 0 || e.PushLocked || r.CodesOnly {
		return false, nil
	}
	return s.config.People.Trusted(ctx, e.ID, app, r.Trusted, r.Context.Browser)
}

// requestTrusted approves at once. No phone is asked, and what is approved here
// proves nothing anew: it opens no set-up and frees no push budget.
func (s *Service) requestTrusted(ctx context.Context, app enrolments.Application, e enrolments.Enrolment, r Request) (Requested, error) {
	r.Key, r.CodesOnly = "", true
	n, err := s.build(app, e, r)
	if err != nil {
		return Requested{}, err
	}
	n.TrustFor = 0
	created, err := s.config.Store.Create(ctx, n)
	if err != nil {
		return Requested{}, err
	}
	a, err := s.config.Store.Settle(ctx, created.ID, Settlement{State: Approved, Method: ByTrust})
	if err != nil {
		return Requested{}, err
	}
	a.Next, created.Next = Done, Done
	s.auditRequested(ctx, created, true)
	s.auditSettled(ctx, a)
	out := Requested{Approval: a}
	out.Token, out.Entry = r.secrets(a.ID)
	return out, nil
}

// MayTrust reports whether the browser of an approval may be trusted once it is
// approved, or now that it is. It has to go back to the application with a
// result code, for the token comes with what that is traded for; and a recovery
// code says that something is lost, which is no moment for trust.
func (a Approval) MayTrust() bool {
	return a.TrustFor > 0 && a.ReturnURL != "" && (a.State == Pending || a.State == Approved && (a.Method == ByPush || a.Method == ByTOTP))
}

// Trust notes that the person trusts the browser in which a was just approved.
// The application is handed the token when it redeems.
// enrolments.ErrFreshApproval.
func (s *Service) Trust(ctx context.Context, a Approval) error {
	if a.State != Approved || !a.MayTrust() || a.Redeemed || a.AsOf.Sub(a.Settled) >= RedeemWithin {
		return enrolments.ErrFreshApproval
	}
	err := s.config.People.Trust(ctx, enrolments.TrustedBrowser{
		Person: a.Person, Application: a.Application, Approval: string(a.ID), Name: a.origin().Browser,
	}, a.WhenSettled(s.now()), a.TrustFor)
	if errors.Is(err, enrolments.ErrExists) {
		return nil // asked twice, trusted once
	}
	return err
}

// IssueTrust hands out the token of the browser that was trusted in a redeemed
// approval, once; zero where none was. A token that is lost on the way costs the
// person a second factor and no more, so it never fails what was redeemed.
func (s *Service) IssueTrust(ctx context.Context, a Approval) (enrolments.TrustedBrowser, enrolments.Secret) {
	if !a.MayTrust() {
		return enrolments.TrustedBrowser{}, enrolments.Secret{}
	}
	t, token, err := s.config.People.IssueTrust(ctx, string(a.ID))
	if err != nil && !errors.Is(err, enrolments.ErrNotFound) {
		s.config.Log.Warn("a trusted browser's token could not be handed out", "approval", string(a.ID), "error", err)
	}
	if err != nil {
		return enrolments.TrustedBrowser{}, enrolments.Secret{}
	}
	return t, token
}
