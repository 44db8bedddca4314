package notices

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"countersign/enrolments"
	"countersign/push"
)

// People is what telling phones needs of enrolments.
type People interface {
	EnrolmentOf(ctx context.Context, person enrolments.PersonID) (enrolments.Enrolment, error)
	TargetGone(ctx context.Context, phone enrolments.Phone, target push.Target) error
}

// Waker wakes phones; push.Fanout is one.
type Waker interface {
	Send(ctx context.Context, m push.Message, targets []push.Target, report func(i int, err error))
}

// Config is what a Service is made of. All fields are needed but Post.
type Config struct {
	Store  enrolments.NoticeStore
	People People
	Waker  Waker
	// Post sends letters; nil where no mail is set up: then nobody is told by
	// mail.
	Post enrolments.Post
	// PublicURL is where the stop page is, without a trailing slash.
	PublicURL string
	Now       func() time.Time
	Log       *slog.Logger
}

// Service carries what is due until Close.
type Service struct {
	config Config
	lines  []*line
	stop   context.CancelFunc
	work   sync.WaitGroup
}

// Start makes a Service and begins to carry.
func Start(c Config) *Service {
	ctx, stop := context.WithCancel(context.Background())
	s := &Service{config: c, stop: stop}
	s.lines = []*line{s.newLine(enrolments.ByMail, s.mail), s.newLine(enrolments.ByPhones, s.ring)}
	for _, l := range s.lines {
		s.work.Go(func() { l.run(ctx) })
	}
	s.work.Go(func() { s.listen(ctx) })
	return s
}

// Close cuts off what is being carried, which is then due again, and waits.
func (s *Service) Close() {
	s.stop()
	s.work.Wait()
}

func (s *Service) now() time.Time { return s.config.Now().UTC() }

// listen wakes every line when the store has added something.
func (s *Service) listen(ctx context.Context) {
	for {
		select {
		case <-s.config.Store.Announced():
		case <-ctx.Done():
			return
		}
		for _, l := range s.lines {
			l.poke()
		}
	}
}
