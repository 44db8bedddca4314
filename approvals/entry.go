package approvals

import (
	"context"
	"errors"
	"time"

	"countersign/enrolments"
)

// enterWithin is how long after its creation an approval can be entered: as
// long as the store remembers at least that it was, and no shorter than the
// longest life.
const enterWithin = RememberProofs

// entry derives the secret by which a browser without script enters.
func entry(seed [32]byte, id ID) enrolments.Secret {
	return derive(seed[:], "countersign-entry\x00"+string(id))
}

// secrets are the waiting token of an approval and, for a browser without
// script, the entry that it is made from.
func (r Request) secrets(id ID) (token, enter enrolments.Secret) {
	if !r.WithoutScript {
		return waitingToken(r.Seed, id), enrolments.Secret{}
	}
	enter = entry(r.Seed, id)
	return enrolments.TokenOf("waiting", enter), enter
}

// Enter spends an entry and returns the approval with its waiting token: once,
// within enterWithin. enrolments.ErrUnauthorized for an entry that is wrong,
// spent or late: the three are not told apart.
func (s *Service) Enter(ctx context.Context, id ID, entry enrolments.Secret) (Approval, enrolments.Secret, error) {
	token := enrolments.TokenOf("waiting", entry)
	a, err := s.Waiting(ctx, id, token)
	if err != nil {
		return Approval{}, enrolments.Secret{}, err
	}
	if a.AsOf.Sub(a.Created) >= enterWithin {
		return Approval{}, enrolments.Secret{}, enrolments.ErrUnauthorized
	}
	if err := s.spendEntry(ctx, a.Person, string(id)); err != nil {
		return Approval{}, enrolments.Secret{}, err
	}
	return a, token, nil
}

func (s *Service) spendEntry(ctx context.Context, person enrolments.PersonID, id string) error {
	err := s.config.Store.SpendProof(ctx, person, "entry."+id)
	if errors.Is(err, ErrReplayed) {
		return enrolments.ErrUnauthorized
	}
	return err
}

// EnterSecurityPage is Enter for a security page. One that is a moment younger
// than enterWithin by this clock may be as old by the store's, which remembers
// by its own: the clocks of one installation are nearer than margin.
func (s *Service) EnterSecurityPage(ctx context.Context, id enrolments.SecurityPageID, entry enrolments.Secret) (enrolments.SecurityPage, enrolments.Secret, error) {
	const margin = time.Minute
	token := enrolments.SecurityTokenOf(entry)
	p, err := s.config.People.SecurityPage(ctx, id, token)
	if err == nil && s.now().Sub(p.OpenedAt) >= enterWithin-margin {
		err = enrolments.ErrUnauthorized
	}
	if err == nil {
		err = s.spendEntry(ctx, p.Person, string(id))
	}
	if err != nil {
		return enrolments.SecurityPage{}, enrolments.Secret{}, err
	}
	return p, token, nil
}
