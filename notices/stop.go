package notices

import (
	"context"
	"errors"
	"fmt"

	"countersign/enrolments"
)

// ErrOver is returned for a notice that can no longer be stopped: seven days have
// passed, or there was nothing to stop from the beginning.
var ErrOver = errors.New("the notice can no longer be stopped")

// shown is how many notices a phone is shown.
const shown = 20

// Read returns the notice that somebody holds the secret of;
// enrolments.ErrUnauthorized whether the notice or the secret is unknown.
func (s *Service) Read(ctx context.Context, id enrolments.NoticeID, token enrolments.Secret) (enrolments.Notice, error) {
	n, err := s.config.Store.Notice(ctx, id)
	if errors.Is(err, enrolments.ErrNotFound) {
		return enrolments.Notice{}, enrolments.ErrUnauthorized
	}
	if err != nil {
		return enrolments.Notice{}, err
	}
	if !n.Token.Is(token.Hash()) {
		return enrolments.Notice{}, enrolments.ErrUnauthorized
	}
	return n, nil
}

// Stop ends what a person has under way and trusts, and locks their pushes, on
// the word of somebody whom Read has let in: the notice tells of something that
// they did not do. Again, it changes nothing and says what was stopped. ErrOver.
func (s *Service) Stop(ctx context.Context, n enrolments.Notice) (enrolments.Notice, error) {
	return s.end(ctx, n, "")
}

// Latest are the person's newest notices of thirty days, newest first, at most
// twenty.
func (s *Service) Latest(ctx context.Context, phone enrolments.KnownPhone) ([]enrolments.Notice, error) {
	return s.config.Store.Notices(ctx, phone.Person, s.now().Add(-enrolments.NoticesKept), shown)
}

// StopByPhone is Stop on the word of a phone; enrolments.ErrNotFound for another
// person's notice.
func (s *Service) StopByPhone(ctx context.Context, phone enrolments.KnownPhone, id enrolments.NoticeID) (enrolments.Notice, error) {
	n, err := s.config.Store.Notice(ctx, id)
	if err == nil && n.Person != phone.Person {
		err = enrolments.ErrNotFound
	}
	if err != nil {
		return enrolments.Notice{}, err
	}
	return s.end(ctx, n, phone.ID)
}

// end is the one step of both. by is the phone that says so; empty for a letter.
func (s *Service) end(ctx context.Context, n enrolments.Notice, by enrolments.PhoneID) (enrolments.Notice, error) {
	if !n.Stopped.At.IsZero() {
		return n, nil
	}
	if !n.Stoppable(s.now()) {
		return n, ErrOver
	}
	n, stopped, err := s.config.Store.StopNotice(ctx, n.ID, s.now(), func(n enrolments.Notice) enrolments.Event {
		return enrolments.Event{
			At: n.Stopped.At, Kind: enrolments.EventNoticeStopped, Person: n.Person, Phone: by,
			Detail: fmt.Sprintf("%s: not the person's own; recoveries %d, set-ups %d, trusted browsers %d ended, pushes locked",
				n.Event, n.Stopped.Recoveries, n.Stopped.SetUps, n.Stopped.Browsers),
		}
	})
	if err != nil || !stopped {
		return n, err
	}
	s.config.Log.Warn("a change was reported as not the person's own",
		"notice", string(n.ID), "event", string(n.Event), "person", string(n.Person))
	return n, nil
}
