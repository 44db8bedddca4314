package enrolments

import (
	"context"
	"errors"
	"slices"
	"time"
)

// ErrLastWay is returned for a change that would leave a person without a way to
// sign in.
var ErrLastWay = errors.New("it is the last way in")

// OpenSecurityPage opens a security page for a person, and returns the secret
// that the person's browser holds. Their oldest for the same application give
// way. ErrNotFound for somebody who has nothing set up: there is nothing to see
// and nothing to confirm a change with.
func (s *Service) OpenSecurityPage(ctx context.Context, app ApplicationID, user, returnURL string) (SecurityPage, Secret, error) {
	e, err := s.Person(ctx, user)
	if err == nil && e.Empty() {
		err = ErrNotFound
	}
	if err != nil {
		return SecurityPage{}, Secret{}, err
	}
	now, token := s.now(), NewSecret()
	p := SecurityPage{
		ID: NewID[SecurityPageID](), Person: e.ID, User: e.User, Application: app, ReturnURL: returnURL,
		Token: token.Hash(), OpenedAt: now, EndsAt: now.Add(SecurityPageTTL),
	}
	if err := s.config.Store.AddSecurityPage(ctx, p); err != nil {
		return SecurityPage{}, Secret{}, err
	}
	return p, token, s.record(ctx, p.event(EventSecurityOpened, ""))
}

func (p SecurityPage) event(kind EventKind, detail string) Event {
	return Event{Kind: kind, Person: p.Person, Application: p.Application, Detail: detail}
}

// SecurityPage returns the page that a browser holds the token of;
// ErrUnauthorized whether the page or the token is unknown or its time is over.
func (s *Service) SecurityPage(ctx context.Context, id SecurityPageID, token Secret) (SecurityPage, error) {
	p, err := s.config.Store.SecurityPage(ctx, id, s.now())
	if errors.Is(err, ErrNotFound) {
		return SecurityPage{}, ErrUnauthorized
	}
	if err != nil {
		return SecurityPage{}, err
	}
	if !p.Token.Is(token.Hash()) {
		return SecurityPage{}, ErrUnauthorized
	}
	return p, nil
}

// Apps are the authenticator apps of a person, oldest first: phones' own
// secrets are not among them.
func (s *Service) Apps(ctx context.Context, person PersonID) ([]Authenticator, error) {
	all, err := s.config.Store.Authenticators(ctx, person)
	return slices.DeleteFunc(all, func(a Authenticator) bool { return a.Phone != "" }), err
}

// CheckChange refuses what could not be carried out as things stand: an object
// that is none of the person's (ErrNotFound), a value or a number out of bounds
// (ErrInvalid), the last way in by methods (ErrLastWay). It returns the change
// with what it is about.
func (s *Service) CheckChange(ctx context.Context, p SecurityPage, c Change, methods []Method) (Change, error) {
	e, err := s.config.Store.EnrolmentOf(ctx, p.Person)
	if err != nil {
		return c, err
	}
	secrets, err := s.config.Store.Authenticators(ctx, p.Person)
	if err != nil {
		return c, err
	}
	c.Page, c.Person = p.ID, p.Person
	switch c.Kind {
	case ChangeAddPhone:
		return c, roomFor("phones", len(e.Phones), MaxPhones)
	case ChangeReplacePhone, ChangeRenamePhone, ChangeRemovePhone:
		return checkPhoneChange(c, e, secrets, methods)
	case ChangeAddAuthenticator:
		return c, roomFor("authenticators", len(secrets), MaxAuthenticators)
	case ChangeRemoveAuthenticator:
		i := slices.IndexFunc(secrets, func(a Authenticator) bool { return a.ID == c.Authenticator && a.Phone == "" })
		if i < 0 {
			return c, ErrNotFound
		}
		c.About = secrets[i].CreatedAt.UTC().Format(time.DateOnly)
		return c, leaves(methods, len(e.Phones), len(secrets)-1)
	case ChangeRenewCodes:
		return c, nil
	}
	return c, invalid("there is no change of kind %q", truncate(string(c.Kind)))
}

func checkPhoneChange(c Change, e Enrolment, secrets []Authenticator, methods []Method) (_ Change, err error) {
	i := slices.IndexFunc(e.Phones, func(p Phone) bool { return p.ID == c.Phone })
	if i < 0 {
		return c, ErrNotFound
	}
	c.About = e.Phones[i].Name
	switch c.Kind {
	case ChangeRenamePhone:
		c.Name, err = ParseName("phone name", c.Name, MaxPhoneName)
	case ChangeRemovePhone:
		others := slices.DeleteFunc(secrets, func(a Authenticator) bool { return a.Phone == c.Phone })
		err = leaves(methods, len(e.Phones)-1, len(others))
	}
	return c, err
}

func roomFor(what string, has, most int) error {
	if has >= most {
		return invalid("there are %d %s already; remove one first", has, what)
	}
	return nil
}

func leaves(methods []Method, phones, authenticators int) error {
	if !WayIn(methods, phones, authenticators) {
		return ErrLastWay
	}
	return nil
}

// AddChange stores a change that was begun on an open page, before its approval
// is asked for. The page stays open for it, within bounds.
func (s *Service) AddChange(ctx context.Context, p SecurityPage, c Change) error {
	c.BegunAt = s.now()
	until := c.BegunAt.Add(securityPageLate)
	if most := p.OpenedAt.Add(securityPageMost); until.After(most) {
		until = most
	}
	return s.config.Store.AddChange(ctx, c, until)
}

// Change returns the change that an approval confirms, if it was begun on the
// page; ErrNotFound.
func (s *Service) Change(ctx context.Context, page SecurityPageID, approval string) (Change, error) {
	return s.config.Store.Change(ctx, page, approval)
}

// Carried is what came of a change.
type Carried struct {
	// Pairing and SetUpToken lead to the set-up of what is added.
	Pairing    Pairing
	SetUpToken Secret
	// Codes are the new recovery codes, seen this once.
	Codes []string
}

// CarryOut spends the approval of a change and carries the change out, in one
// step. The caller has seen that it was approved, by whom, and how. ErrExists
// for one that was spent before; ErrNotFound for an object that is gone;
// ErrLastWay.
func (s *Service) CarryOut(ctx context.Context, p SecurityPage, c Change, methods []Method) (out Carried, err error) {
	with := Carrying{Methods: methods}
	switch c.Kind {
	case ChangeAddPhone, ChangeReplacePhone, ChangeAddAuthenticator:
		out.Pairing, out.SetUpToken = s.newPairing(setUpOf(p, c))
		with.Pairing = out.Pairing
	case ChangeRenewCodes:
		if out.Codes, with.Codes, err = newCodesOf(p.Person); err != nil {
			return Carried{}, err
		}
	}
	if err := s.config.Store.CarryOut(ctx, c, with, s.now()); err != nil {
		return Carried{}, err
	}
	return out, s.record(ctx, c.event(p))
}

// setUpOf is the set-up that a change opens.
func setUpOf(p SecurityPage, c Change) Pairing {
	g := Pairing{Person: p.Person, User: p.User, Application: p.Application, AppOnly: c.Kind == ChangeAddAuthenticator}
	if c.Kind == ChangeReplacePhone {
		g.Removes = []PhoneID{c.Phone}
	}
	return g
}

// event is the line of a change that was carried out.
func (c Change) event(p SecurityPage) Event {
	e := p.event(EventPairingOpened, "")
	switch c.Kind {
	case ChangeRenamePhone:
		e.Kind, e.Phone, e.Detail = EventPhoneRenamed, c.Phone, c.Name
	case ChangeRemovePhone:
		e.Kind, e.Phone, e.Detail = EventPhoneRemoved, c.Phone, c.About
	case ChangeRemoveAuthenticator:
		e.Kind, e.Detail = EventSecretRemoved, "added on "+c.About
	case ChangeRenewCodes:
		e.Kind = EventCodesIssued
	}
	e.Approval = c.Approval
	return e
}
