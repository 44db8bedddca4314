package approvals

import (
	"context"

	"countersign/enrolments"
)

// trial takes the application's place in a test request: no application can
// have this name, so none can read or redeem one.
const trial enrolments.ApplicationID = "set-up:try"

// Try sends a person who has just paired a phone a request to try it with.
// server is the name that the phone shows. enrolments.ErrPairingSettled before
// the phone is active; ErrHeld when no push may be sent.
func (s *Service) Try(ctx context.Context, p enrolments.Pairing, server string, seed [32]byte) (Requested, error) {
	if p.State != enrolments.PairingActive {
		return Requested{}, enrolments.ErrPairingSettled
	}
	app := enrolments.Application{ID: trial, Name: server, Policy: enrolments.DefaultPolicy()}
	r, err := s.Request(ctx, app, Request{User: p.User, Seed: seed, Context: Context{Action: "Test request"}})
	if err != nil || r.Next == Wait {
		return r, err
	}
	if _, err := s.Cancel(ctx, r.ID); err != nil {
		return Requested{}, err
	}
	return Requested{}, ErrHeld
}
