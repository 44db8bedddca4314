package approvals

import (
	"context"
	"errors"
	"slices"

	"countersign/enrolments"
)

// A change of how a person signs in is confirmed by an approval of its own: the
// person reads on the phone what will be done, and what they approved is what is
// done, once, for the page on which it was begun. Nobody is signed in by it.

// OpenSecurityPage opens a security page for somebody who is signed in to an
// application. ErrReturnURL; enrolments.ErrNotFound for who has nothing set up.
func (s *Service) OpenSecurityPage(ctx context.Context, app enrolments.Application, user, returnURL string) (enrolments.SecurityPage, enrolments.Secret, error) {
	if err := mayReturn(app, returnURL); err != nil {
		return enrolments.SecurityPage{}, enrolments.Secret{}, err
	}
	return s.config.People.OpenSecurityPage(ctx, app.ID, user, returnURL)
}

// OpenSecurityPageToEnter is OpenSecurityPage for a browser without script: it
// returns an entry in place of the token.
func (s *Service) OpenSecurityPageToEnter(ctx context.Context, app enrolments.Application, user, returnURL string) (enrolments.SecurityPage, enrolments.Secret, error) {
	if err := mayReturn(app, returnURL); err != nil {
		return enrolments.SecurityPage{}, enrolments.Secret{}, err
	}
	return s.config.People.OpenSecurityPageToEnter(ctx, app.ID, user, returnURL)
}

// Security is how a person signs in, as they see it themselves.
type Security struct {
	enrolments.Enrolment
	// NewPhoneBy are the ways to a new phone from the page, of those that the
	// policy takes and the person has.
	NewPhoneBy []Method
	// Apps are the authenticator apps; phones' own secrets are not among them.
	Apps []enrolments.Authenticator
	// Trusted are the browsers that they trust for the page's application.
	Trusted []enrolments.TrustedBrowser
	// Recoveries are those under way.
	Recoveries []enrolments.Recovery
	// SignIns are the newest sign-ins and changes, of every application.
	SignIns []SignIn
}

// Security reads what the page shows.
func (s *Service) Security(ctx context.Context, app enrolments.Application, page enrolments.SecurityPage) (out Security, err error) {
	if out.Enrolment, err = s.config.Record.EnrolmentOf(ctx, page.Person); err != nil {
		return Security{}, err
	}
	out.NewPhoneBy = s.newPhoneBy(out.Enrolment, app.Policy)
	if out.Apps, err = s.config.People.Apps(ctx, page.Person); err != nil {
		return Security{}, err
	}
	if out.Trusted, err = s.config.People.TrustedBrowsers(ctx, page.Person, app); err != nil {
		return Security{}, err
	}
	if out.Recoveries, err = s.config.People.RunningRecoveries(ctx, page.Person); err != nil {
		return Security{}, err
	}
	if out.SignIns, err = s.History(ctx, page.Person); err != nil {
		return Security{}, err
	}
	return out, nil
}

// Browser is where a change is begun.
type Browser struct {
	// IP and Name are what the phone shows of it.
	IP, Name string
	// Language is the one that its person reads, as a BCP 47 tag.
	Language string
}

// BeginChange asks the person to confirm a change. A recovery code is not taken
// for every kind, whatever the policy says: see enrolments.ChangeKind.Proofs.
// As enrolments.Service.CheckChange for what could not be carried out; ErrLocked
// after a report; ErrNothingUsable for somebody who has nothing that may confirm
// it.
func (s *Service) BeginChange(ctx context.Context, app enrolments.Application, page enrolments.SecurityPage, w enrolments.Wish, from Browser) (Requested, error) {
	c, err := s.config.People.CheckChange(ctx, page, w, app.Policy)
	if err != nil {
		return Requested{}, err
	}
	e, err := s.config.Record.EnrolmentOf(ctx, page.Person)
	app.Policy.Methods = c.Kind.Proofs(app.Policy.Methods)
	if c.Kind.AddsPhone() {
		app.Policy.Methods = leading(app.Policy)
	}
	switch {
	case err != nil:
		return Requested{}, err
	case e.PushLocked:
		return Requested{}, ErrLocked
	case !usable(e, app.Policy.Methods):
		return Requested{}, ErrNothingUsable
	}
	r := Request{
		TTL: app.Policy.TTL, Seed: enrolments.NewSecret().Hash(),
		Context: Context{IP: from.IP, Browser: from.Name, Action: actionOf(c, from.Language)},
	}
	n, err := s.build(app, e, r)
	if err != nil {
		return Requested{}, err
	}
	n.Purpose, n.TrustFor = ForChange, 0
	if c.Kind.AddsPhone() { // what leads to a new phone confirms nothing else
		s.offer(&n, e, app.Policy, "")
	}
	n.ReturnURL = s.config.PublicURL + "/security/" + string(page.ID)
	// First the change: an approval of nothing must not ring.
	c.Approval = string(n.ID)
	if err := s.config.People.AddChange(ctx, page, c); err != nil {
		return Requested{}, err
	}
	return s.create(ctx, n, e, r)
}

// leading are the methods of a policy that let in a new phone, at once or after
// a wait: its phones, and the codes among its recovery paths.
func leading(p enrolments.Policy) (out []Method) {
	for _, m := range p.Methods {
		if _, ok := p.RecoveryAfter(m, ""); ok || m == ByPush {
			out = append(out, m)
		}
	}
	return out
}

// newPhoneBy are the ways to a new phone of somebody whose role is not told. Mail
// and answers are shown on the waiting screen of a change that something else
// could confirm.
func (s *Service) newPhoneBy(e enrolments.Enrolment, p enrolments.Policy) (out []Method) {
	confirms := leading(p)
	if !usable(e, confirms) {
		return nil
	}
	if len(e.Phones) > 0 && slices.Contains(confirms, ByPush) {
		out = append(out, ByPush)
	}
	for _, m := range s.offers(e, p, "") {
		settles := m == ByTOTP || m == ByRecoveryCode
		if !settles || slices.Contains(confirms, m) {
			out = append(out, m)
		}
	}
	return out
}

// CarriedOut is what came of a change.
type CarriedOut struct {
	Kind enrolments.ChangeKind
	enrolments.Carried
	// Recovery and RecoveryToken are set where a new phone was confirmed by a
	// recovery code and has to wait.
	Recovery      enrolments.Recovery
	RecoveryToken enrolments.Secret
}

// CarryOut carries out the change that the person approved less than five
// minutes ago, once. code is what the browser brought back from the waiting
// screen. enrolments.ErrFreshApproval for all that is not exactly that;
// enrolments.ErrNotFound and ErrLastWay where things have changed meanwhile;
// ErrLocked; as enrolments.Service.CarryOut where a code has to be sent by mail.
func (s *Service) CarryOut(ctx context.Context, app enrolments.Application, page enrolments.SecurityPage, id ID, code enrolments.Secret) (CarriedOut, error) {
	c, a, err := s.confirmed(ctx, page, id, code)
	if err != nil {
		return CarriedOut{}, err
	}
	if c.Kind.AddsPhone() && a.Method != ByPush {
		return s.recoverPhone(ctx, app, c, a)
	}
	carried, err := s.config.People.CarryOut(ctx, page, c, app.Policy.Methods, a.origin())
	if errors.Is(err, enrolments.ErrExists) {
		err = enrolments.ErrFreshApproval
	}
	if err != nil {
		return CarriedOut{}, err
	}
	return CarriedOut{Kind: c.Kind, Carried: carried}, nil
}

// confirmed returns the change that an approval confirms, and the approval, if
// it is this page's, this person's, approved by a proof that the kind takes, and
// fresh.
func (s *Service) confirmed(ctx context.Context, page enrolments.SecurityPage, id ID, code enrolments.Secret) (enrolments.Change, Approval, error) {
	c, err := s.config.People.Change(ctx, page.ID, string(id))
	if err != nil {
		return c, Approval{}, orStale(err)
	}
	a, err := s.config.Store.Read(ctx, id)
	if err != nil {
		return c, a, orStale(err)
	}
	e, err := s.config.Record.EnrolmentOf(ctx, page.Person)
	switch {
	case err != nil:
		return c, a, err
	case a.Purpose != ForChange, a.Application != page.Application, a.Person != page.Person, c.Person != page.Person,
		a.State != Approved, !slices.Contains(c.Kind.Proofs(enrolments.Methods()), a.Method),
		!a.Result.Is(code.Hash()), a.AsOf.Sub(a.Settled) >= freshFor:
		return c, a, enrolments.ErrFreshApproval
	case e.PushLocked:
		return c, a, ErrLocked
	}
	return c, a, nil
}

// orStale tells nobody which part of a proof is missing.
func orStale(err error) error {
	if errors.Is(err, enrolments.ErrNotFound) || errors.Is(err, ErrNotFound) {
		return enrolments.ErrFreshApproval
	}
	return err
}

// recoverPhone lets in a new phone that a code confirmed, and no phone: as a
// recovery, so that every phone is told and can stop it, and that a recovery
// code waits as long as the policy asks.
func (s *Service) recoverPhone(ctx context.Context, app enrolments.Application, c enrolments.Change, a Approval) (CarriedOut, error) {
	r, token, err := s.recoverByCode(ctx, app, a)
	if err != nil {
		return CarriedOut{}, err
	}
	out := CarriedOut{Kind: c.Kind, Recovery: r, RecoveryToken: token}
	if r.State != enrolments.RecoveryReady {
		return out, nil
	}
	e, err := s.config.Record.EnrolmentOf(ctx, r.Person)
	if err != nil {
		return CarriedOut{}, err
	}
	p, setUp, err := s.config.People.OpenRecovery(ctx, r, c.Replaced(e.Phones))
	if err != nil {
		return CarriedOut{}, err
	}
	out.Pairing, out.SetUpToken = p, setUp
	return out, nil
}

// ConfirmPageEmail sets the backup address to which a change of the page has sent
// a code. ErrLocked; as enrolments.Service.ConfirmEmail.
func (s *Service) ConfirmPageEmail(ctx context.Context, page enrolments.SecurityPage, typed string) error {
	if _, err := s.unlocked(ctx, page.Person); err != nil {
		return err
	}
	_, err := s.config.People.ConfirmPageEmail(ctx, page, typed)
	return err
}

// StopRecovery stops a recovery of the page's person. It needs no approval: it
// takes nothing away that was there before, and whoever finds a stranger at it
// must not have to look for a phone first. from is the browser's name.
// enrolments.ErrNotFound.
func (s *Service) StopRecovery(ctx context.Context, page enrolments.SecurityPage, id enrolments.RecoveryID, from string) error {
	by := enrolments.Phone{Person: page.Person, Name: from}
	if err := s.config.People.RefuseRecovery(ctx, id, by); err != nil {
		return err
	}
	a, err := s.noticeOf(ctx, page.Person, id)
	if err != nil || a.ID == "" {
		return err
	}
	_, err = s.settle(ctx, a.ID, Settlement{State: Withdrawn, Reason: Cancelled})
	if errors.Is(err, ErrSettled) || errors.Is(err, ErrNotFound) {
		return nil // a phone was first
	}
	return err
}
