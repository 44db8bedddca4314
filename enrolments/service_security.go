package enrolments

import (
	"context"
	"errors"
	"slices"
)

// OpenSecurityPage opens a security page for a person, and returns the secret
// that the person's browser holds. Their oldest for the same application give
// way. ErrNotFound for somebody who has nothing set up: there is nothing to see
// and nothing to confirm a change with.
func (s *Service) OpenSecurityPage(ctx context.Context, app ApplicationID, user, returnURL string) (SecurityPage, Secret, error) {
	return s.openSecurityPage(ctx, app, user, returnURL, NewSecret())
}

func (s *Service) openSecurityPage(ctx context.Context, app ApplicationID, user, returnURL string, token Secret) (SecurityPage, Secret, error) {
	e, err := s.Person(ctx, user)
	if err == nil && e.Empty() {
		err = ErrNotFound
	}
	if err != nil {
		return SecurityPage{}, Secret{}, err
	}
	now := s.now()
	p := SecurityPage{
		ID: NewID[SecurityPageID](), Person: e.ID, User: e.User, Application: app, ReturnURL: returnURL,
		Token: token.Hash(), OpenedAt: now, EndsAt: now.Add(SecurityPageTTL),
	}
	if err := s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		return []Event{p.event(EventSecurityOpened, "")}, store.AddSecurityPage(ctx, p)
	}); err != nil {
		return SecurityPage{}, Secret{}, err
	}
	return p, token, nil
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
