package approvals

import (
	"context"
	"errors"

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
	err = s.config.Store.SpendProof(ctx, a.Person, "entry."+string(id))
	if errors.Is(err, ErrReplayed) {
		err = enrolments.ErrUnauthorized
	}
	if err != nil {
		return Approval{}, enrolments.Secret{}, err
	}
	return a, token, nil
}
