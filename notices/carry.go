package notices

import (
	"context"
	"errors"
	"sync"
	"time"

	"countersign/enrolments"
	"countersign/push"
)

const (
	// ringTime is how long phones are tried at a time.
	ringTime = 15 * time.Second
	// ringWithin is how long a delivery service keeps the wake-up: a phone that
	// is off for longer sees the notice when it is opened.
	ringWithin = time.Hour
)

// mail carries by letter.
func (s *Service) mail(ctx context.Context, d enrolments.Delivery) (told bool, err error) {
	if s.config.Post == nil {
		return false, nil
	}
	n := d.Notice
	l := enrolments.Letter{
		Kind: enrolments.LetterNotice, To: d.To, Language: d.Language, User: n.User, Application: n.Application,
		Event: n.Event, Detail: n.Detail, Where: n.Origin.String(), Because: n.Because, At: n.At,
	}
	if n.Stoppable(s.now()) {
		l.StopURL = s.config.PublicURL + "/stop/" + string(n.ID) + "#" + d.Token.Reveal()
	}
	return true, s.config.Post.Send(ctx, l)
}

// ring carries by a wake-up to the phones that the person had when it happened,
// but not to the one that did it. One that takes it is enough: the others see the
// notice when they are opened.
func (s *Service) ring(ctx context.Context, d enrolments.Delivery) (told bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, ringTime)
	defer cancel()
	e, err := s.config.People.EnrolmentOf(ctx, d.Notice.Person)
	if err != nil {
		return false, err
	}
	var phones []enrolments.Phone
	var targets []push.Target
	for _, p := range e.Phones {
		if p.Push != nil && p.ID != d.Notice.Phone && !p.AddedAt.After(d.Notice.At) {
			phones, targets = append(phones, p), append(targets, *p.Push)
		}
	}
	if len(phones) == 0 {
		return false, nil
	}
	r := ringing{s: s, ctx: ctx, phones: phones, stop: cancel, heard: make(map[int]bool)}
	m := push.Message{NoticeID: string(d.Notice.ID), ExpiresAt: s.now().Add(ringWithin)}
	s.config.Waker.Send(ctx, m, targets, r.report)
	return r.outcome()
}

// ringing gathers what became of the wake-ups of one notice.
type ringing struct {
	s      *Service
	ctx    context.Context
	phones []enrolments.Phone
	stop   context.CancelFunc

	mu     sync.Mutex
	heard  map[int]bool // of which phones something is known
	told   bool
	failed error
}

// report ends the trying once something is known of every phone: what goes on
// failing is tried again later.
func (r *ringing) report(i int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		r.told = true
	case errors.Is(err, push.ErrGone):
		r.forget(i)
	default:
		r.failed = err
	}
	if r.heard[i] = true; len(r.heard) == len(r.phones) {
		r.stop()
	}
}

func (r *ringing) forget(i int) {
	// Not with the trying, which may have ended.
	ctx, done := context.WithTimeout(context.WithoutCancel(r.ctx), endTime)
	defer done()
	if err := r.s.config.People.TargetGone(ctx, r.phones[i], *r.phones[i].Push); err != nil {
		r.s.config.Log.Warn("dead push target could not be forgotten", "phone", string(r.phones[i].ID), "error", err)
	}
}

func (r *ringing) outcome() (told bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told {
		return true, nil
	}
	return false, r.failed
}
