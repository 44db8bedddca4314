package enrolments

import (
	"context"
	"errors"
	"slices"
	"time"
)

var (
	// ErrRecoveryWaiting is returned while a recovery gives nothing yet.
	ErrRecoveryWaiting = errors.New("the wait is not over")
	// ErrRecoveryOver is returned for a recovery that was stopped, has led to a
	// phone or is out of time.
	ErrRecoveryOver = errors.New("the recovery is over")
)

// BeginRecovery begins a recovery of r.Person that is ready after wait, and
// returns the secret of the person's browser. The caller has seen the proof.
// ErrInvalid when MaxRecoveries are under way; ErrLocked.
func (s *Service) BeginRecovery(ctx context.Context, r Recovery, wait time.Duration) (Recovery, Secret, error) {
	now, token, open := s.now(), NewSecret(), recoveryOpen
	if wait > 0 {
		open = recoveryOpenLater
	}
	r.ID, r.Token, r.State = NewID[RecoveryID](), token.Hash(), RecoveryReady
	if wait > 0 {
		r.State = RecoveryWaiting
	}
	r.BegunAt, r.ReadyAt, r.EndsAt = now, now.Add(wait), now.Add(wait+open)
	if err := s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		return []Event{r.event(EventRecoveryBegun, "by "+string(r.Method))}, store.AddRecovery(ctx, r)
	}); err != nil {
		return Recovery{}, Secret{}, err
	}
	return r, token, nil
}

func (r Recovery) event(kind EventKind, detail string) Event {
	return Event{Kind: kind, Person: r.Person, Application: r.Application, Detail: detail}.
		From(Origin{Browser: r.Browser, Location: r.Location, IP: r.IP})
}

// eventBy is event on the word of a phone.
func (r Recovery) eventBy(kind EventKind, by Phone) Event {
	e := r.event(kind, by.Name)
	e.Phone = by.ID
	return e
}

// Recovery returns the recovery that a browser holds the token of;
// ErrUnauthorized whether the recovery or the token is unknown.
func (s *Service) Recovery(ctx context.Context, id RecoveryID, token Secret) (Recovery, error) {
	r, err := s.config.Store.Recovery(ctx, id, s.now())
	if errors.Is(err, ErrNotFound) {
		return Recovery{}, ErrUnauthorized
	}
	if err != nil {
		return Recovery{}, err
	}
	if !r.Token.Is(token.Hash()) {
		return Recovery{}, ErrUnauthorized
	}
	return r, nil
}

// RunningRecoveries are those of a person that can still lead to a phone,
// oldest first.
func (s *Service) RunningRecoveries(ctx context.Context, person PersonID) ([]Recovery, error) {
	return s.config.Store.RunningRecoveries(ctx, person, s.now())
}

// EnrolmentOf returns what a person has.
func (s *Service) EnrolmentOf(ctx context.Context, person PersonID) (Enrolment, error) {
	return s.config.Store.EnrolmentOf(ctx, person)
}

// OpenRecovery opens a set-up for the new phone, in place of an earlier one of
// the same recovery that has led nowhere. remove are phones of the person that
// go in the step that makes the new one active. ErrRecoveryWaiting,
// ErrRecoveryOver, ErrLocked.
func (s *Service) OpenRecovery(ctx context.Context, r Recovery, remove []PhoneID) (Pairing, Secret, error) {
	e, err := s.config.Store.EnrolmentOf(ctx, r.Person)
	if err != nil {
		return Pairing{}, Secret{}, err
	}
	for _, id := range remove {
		if !slices.ContainsFunc(e.Phones, func(p Phone) bool { return p.ID == id }) {
			return Pairing{}, Secret{}, invalid("a phone that is to be removed is none of the person's")
		}
	}
	p, token := s.newPairing(Pairing{
		Person: r.Person, User: r.User, Application: r.Application, ReturnURL: r.ReturnURL, SigningIn: r.ReturnURL != "", Removes: remove,
	})
	if err := s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		return []Event{r.event(EventRecoveryUsed, "by "+string(r.Method)), p.opened()}, store.OpenRecovery(ctx, r.ID, p, s.now())
	}); err != nil {
		return Pairing{}, Secret{}, err
	}
	return p, token, nil
}

// RefuseRecovery stops a recovery on the word of a phone of the same person. It
// takes the set-up along that was opened through it, unless its phone is active
// already; once over, nothing changes.
func (s *Service) RefuseRecovery(ctx context.Context, id RecoveryID, by Phone) error {
	_, err := s.refuseRecovery(ctx, by.Person, id, by)
	return err
}

// refuseRecovery stops a recovery of the person; by no phone where it is the help
// desk's word.
func (s *Service) refuseRecovery(ctx context.Context, person PersonID, id RecoveryID, by Phone) (refused bool, err error) {
	err = s.act(ctx, func(ctx context.Context, store Store) (events []Event, err error) {
		var r Recovery
		if r, refused, err = store.RefuseRecovery(ctx, person, id, by.Name, s.now()); refused {
			events = []Event{r.eventBy(EventRecoveryRefused, by)}
		}
		return events, err
	})
	return refused && err == nil, err
}

// AllowRecovery ends the wait of a recovery on the word of a phone of the same
// person; once over, nothing changes.
func (s *Service) AllowRecovery(ctx context.Context, id RecoveryID, by Phone) error {
	return s.act(ctx, func(ctx context.Context, store Store) (events []Event, err error) {
		r, allowed, err := store.AllowRecovery(ctx, by.Person, id, s.now())
		if allowed {
			events = []Event{r.eventBy(EventRecoveryAllowed, by)}
		}
		return events, err
	})
}
