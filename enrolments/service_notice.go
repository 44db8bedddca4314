package enrolments

import (
	"context"
	"errors"
)

// ErrNoticeOver is returned for a notice whose week is over, or that has nothing
// to stop.
var ErrNoticeOver = errors.New("nothing can be stopped by this notice")

// shownNotices is how many notices a person is shown.
const shownNotices = 50

// Notices are a person's newest, newest first.
func (s *Service) Notices(ctx context.Context, person PersonID) ([]Notice, error) {
	return s.config.Store.Notices(ctx, person, s.now().Add(-NoticesKept), shownNotices)
}

// StopNotice takes the word of a phone that what a notice tells of was somebody
// else. One that was stopped is returned as it stands. ErrNotFound for another
// person's, ErrNoticeOver.
func (s *Service) StopNotice(ctx context.Context, by Phone, id NoticeID) (Notice, error) {
	n, err := s.config.Store.Notice(ctx, id)
	switch now := s.now(); {
	case err != nil:
		return Notice{}, err
	case n.Person != by.Person:
		return Notice{}, ErrNotFound
	case !n.Stopped.At.IsZero():
		return n, nil
	case !n.Stoppable(now):
		return Notice{}, ErrNoticeOver
	}
	n, _, err = s.config.Store.StopNotice(ctx, id, s.now(), func(n Notice) Event {
		return Event{At: s.now(), Kind: EventNoticeStopped, Person: n.Person, Phone: by.ID, Detail: string(n.Event)}
	})
	return n, err
}
