package approvals

import (
	"context"

	"countersign/enrolments"
)

// Once refuses with ErrReplayed what was said before of a person, on any node,
// within RememberProofs: for other protocols, whose proofs are not a phone's.
func (s *Service) Once(ctx context.Context, person enrolments.PersonID, proof string) error {
	return s.config.Store.SpendProof(ctx, person, proof)
}
