package enrolments

import (
	"context"
	"errors"
)

// AddIntegration registers an application that speaks the Duo Auth API, and
// returns its key and secret.
func (s *Service) AddIntegration(ctx context.Context, a Application, p IntegrationPolicy) (Integration, error) {
	a.CreatedAt = s.now()
	if err := errors.Join(a.Check(), p.Check()); err != nil {
		return Integration{}, err
	}
	i := newIntegration(a.ID, p, a.CreatedAt)
	// Its key for our own API is nobody's until a further one is issued.
	key := NewAPIKey(a.ID).Secret.Hash()
	if err := s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		return []Event{
			{Kind: EventApplicationAdded, Application: a.ID, Detail: a.Name},
			{Kind: EventIntegrationAdded, Application: a.ID, Detail: string(i.Key) + describe(p)},
		}, store.AddIntegration(ctx, a, key, i)
	}); err != nil {
		return Integration{}, err
	}
	return i, nil
}

// describe says in the audit trail what a policy takes, and why.
func describe(p IntegrationPolicy) (text string) {
	if p.Disabled {
		text += "; disabled"
	}
	if p.OldSignatures != "" {
		text += "; old signatures: " + p.OldSignatures
	}
	if p.PushWithoutNumber != "" {
		text += "; push without number: " + p.PushWithoutNumber
	}
	return text
}

// Integration returns an integration and its application; ErrUnauthorized for
// a key that is not known.
func (s *Service) Integration(ctx context.Context, key IntegrationKey) (Integration, Application, error) {
	i, a, err := s.config.Store.Integration(ctx, key)
	if errors.Is(err, ErrNotFound) {
		err = ErrUnauthorized
	}
	return i, a, err
}

// DisableIntegration refuses or takes sign-ins of an application's integration.
func (s *Service) DisableIntegration(ctx context.Context, app ApplicationID, disabled bool) error {
	i, err := s.config.Store.IntegrationOf(ctx, app)
	if err != nil {
		return err
	}
	i.Policy.Disabled = disabled
	e := Event{Kind: EventIntegrationChanged, Application: app, Detail: string(i.Key) + describe(i.Policy)}
	return s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		return []Event{e}, store.SetIntegrationPolicy(ctx, i.Key, i.Policy)
	})
}

// AddAlias lets an application's integration call a person by another name, in
// place of whoever had the alias before.
func (s *Service) AddAlias(ctx context.Context, app ApplicationID, alias, user string) error {
	alias, err := ParseName("alias", alias, MaxUser)
	if err != nil {
		return err
	}
	if user, err = ParseName("user", user, MaxUser); err != nil {
		return err
	}
	i, err := s.config.Store.IntegrationOf(ctx, app)
	if err != nil {
		return err
	}
	e := Event{Kind: EventIntegrationChanged, Application: app, Detail: "alias " + alias + " for " + user}
	return s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		return []Event{e}, store.PutAlias(ctx, i.Key, alias, user)
	})
}

// UserOf is the user name that a client of the integration means: an alias
// first, then without one of the policy's domains, else exactly as given.
// ErrInvalid for what cannot be a name.
func (s *Service) UserOf(ctx context.Context, i Integration, name string) (string, error) {
	name, err := ParseName("user", name, MaxUser)
	if err != nil {
		return "", err
	}
	user, err := s.config.Store.Alias(ctx, i.Key, name)
	if errors.Is(err, ErrNotFound) {
		return ParseName("user", i.Policy.bare(name), MaxUser)
	}
	return user, err
}

// PersonByID returns a person by id with what is set up; ErrNotFound.
func (s *Service) PersonByID(ctx context.Context, id PersonID) (Enrolment, error) {
	return s.config.Store.EnrolmentOf(ctx, id)
}
