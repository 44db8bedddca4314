package enrolments

import (
	"context"
	"errors"
	"slices"
)

// ErrLastWay is returned for a change that would leave a person without a way to
// sign in.
var ErrLastWay = errors.New("it is the last way in")

// CheckChange refuses what could not be carried out as things stand: an object
// that is none of the person's (ErrNotFound), a value or a number out of bounds
// (ErrInvalid, ErrSameMailbox), the last way in by the policy (ErrLastWay), what
// is not offered (ErrNotOffered). It returns the change with what it is about.
func (s *Service) CheckChange(ctx context.Context, p SecurityPage, w Wish, policy Policy) (Change, error) {
	w.Page, w.Person = p.ID, p.Person
	c := w.Change
	switch c.Kind {
	case ChangeSetEmail, ChangeRemoveEmail:
		return s.checkEmailChange(ctx, p, c)
	case ChangeSetQuestions, ChangeRemoveQuestions:
		return s.checkQuestionChange(ctx, p, w, policy)
	case ChangeRenewCodes:
		return c, nil
	}
	e, err := s.config.Store.EnrolmentOf(ctx, p.Person)
	if err != nil {
		return c, err
	}
	secrets, err := s.config.Store.Authenticators(ctx, p.Person)
	if err != nil {
		return c, err
	}
	return checkFactorChange(c, e, secrets, policy.Methods)
}

// checkFactorChange is CheckChange for phones and authenticator apps.
func checkFactorChange(c Change, e Enrolment, secrets []Authenticator, methods []Method) (Change, error) {
	switch c.Kind {
	case ChangeAddPhone:
		return c, roomFor("phones", len(e.Phones), MaxPhones)
	case ChangeReplacePhones:
		if len(e.Phones) == 0 {
			return c, ErrNotFound
		}
		return c, nil
	case ChangeReplacePhone, ChangeRenamePhone, ChangeRemovePhone:
		return checkPhoneChange(c, e, secrets, methods)
	case ChangeAddAuthenticator:
		return c, roomFor("authenticators", len(secrets), MaxAuthenticators)
	case ChangeRemoveAuthenticator:
		i := slices.IndexFunc(secrets, func(a Authenticator) bool { return a.ID == c.Authenticator && a.Phone == "" })
		if i < 0 {
			return c, ErrNotFound
		}
		c.About = secrets[i].added()
		return c, leaves(methods, len(e.Phones), len(secrets)-1)
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

func (s *Service) checkEmailChange(ctx context.Context, p SecurityPage, c Change) (_ Change, err error) {
	if c.Kind == ChangeRemoveEmail {
		e, err := s.BackupEmail(ctx, p.Person)
		c.About = MaskEmail(e.Address)
		return c, err
	}
	if c.Address, c.Language, err = s.checkEmail(p.person(), c.Address, c.Language); err != nil {
		return c, err
	}
	c.About = MaskEmail(c.Address)
	return c, nil
}

func (s *Service) checkQuestionChange(ctx context.Context, p SecurityPage, w Wish, policy Policy) (Change, error) {
	c := w.Change
	if c.Kind == ChangeRemoveQuestions {
		_, err := s.QuestionsOf(ctx, p.Person)
		return c, err
	}
	if !slices.Contains(policy.RecoveryPaths, MethodQuestions) {
		return c, ErrNotOffered
	}
	folded, err := checkAnswers(p.User, w.Questions)
	if err != nil {
		return c, err
	}
	c.Answers, err = s.kitchen.hash(ctx, p.Person, w.Questions, folded)
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
	if most := p.OpenedAt.Add(SecurityPageMost); until.After(most) {
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
	// SentTo is the address to which a code went.
	SentTo string
}

// CarryOut spends the approval of a change and carries the change out, in one
// step. The caller has seen that it was approved, by whom, how, and whence.
// ErrExists for one that was spent before; ErrNotFound for an object that is
// gone; ErrLastWay; ErrLocked. Where a code has to be sent by mail, ErrNotOffered, ErrUnsent
// and *TooManyEmailsError leave the approval spent.
func (s *Service) CarryOut(ctx context.Context, p SecurityPage, c Change, methods []Method, from Origin) (out Carried, err error) {
	with := Carrying{Methods: methods}
	var gone Email
	switch c.Kind {
	case ChangeAddPhone, ChangeReplacePhone, ChangeReplacePhones, ChangeAddAuthenticator:
		out.Pairing, out.SetUpToken, err = s.setUpOf(ctx, p, c)
		with.Pairing = out.Pairing
	case ChangeRenewCodes:
		out.Codes, with.Codes, err = newCodesOf(p.Person)
	case ChangeRemoveEmail:
		gone, err = s.BackupEmail(ctx, p.Person)
	}
	if err != nil {
		return Carried{}, err
	}
	if err := s.act(ctx, func(ctx context.Context, store Store) (events []Event, err error) {
		if c.Kind != ChangeSetEmail { // which is told once the code is typed
			e := c.event(p).From(from)
			if gone.Address != "" {
				e.Tell = []Email{gone}
			}
			events = []Event{e}
		}
		return events, store.CarryOut(ctx, c, with, s.now())
	}); err != nil {
		return Carried{}, err
	}
	if c.Kind == ChangeSetEmail {
		out.SentTo, err = s.BeginEmail(ctx, p.person(), pagePurpose(p.ID), c.Address, c.Language)
	}
	return out, err
}

// ConfirmPageEmail is ConfirmEmail for the code that a change of the page had
// sent.
func (s *Service) ConfirmPageEmail(ctx context.Context, p SecurityPage, typed string) (Email, error) {
	return s.ConfirmEmail(ctx, p.person(), pagePurpose(p.ID), typed)
}

// setUpOf is the set-up that a change opens, and its secret.
func (s *Service) setUpOf(ctx context.Context, p SecurityPage, c Change) (Pairing, Secret, error) {
	e, err := s.config.Store.EnrolmentOf(ctx, p.Person)
	if err != nil {
		return Pairing{}, Secret{}, err
	}
	g, token := s.newPairing(Pairing{
		Person: p.Person, User: p.User, Application: p.Application, ReturnURL: p.ReturnURL,
		AppOnly: c.Kind == ChangeAddAuthenticator, Removes: c.Replaced(e.Phones),
	})
	return g, token, nil
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
		e.Kind, e.Detail = EventSecretRemoved, addedOn(c.About)
	case ChangeRenewCodes:
		e.Kind = EventCodesIssued
	case ChangeRemoveEmail:
		e.Kind, e.Detail = EventEmailRemoved, c.About
	case ChangeSetQuestions:
		e.Kind = EventQuestionsSet
	case ChangeRemoveQuestions:
		e.Kind = EventQuestionsRemoved
	}
	e.Approval = c.Approval
	return e
}
