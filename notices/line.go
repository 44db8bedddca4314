package notices

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"countersign/enrolments"
)

const (
	// atOnce bounds what one line carries at a time.
	atOnce = 4
	// carryTime bounds one try; a letter has less (mail).
	carryTime = 45 * time.Second
	// lease is how long a claim keeps other nodes away: longer than a try and
	// what follows from it.
	lease = 2 * time.Minute
	// lookEvery is how often a line looks by itself: for what was put off, and
	// for what other nodes and the verbs of an administrator have added.
	lookEvery = 10 * time.Second
	// endTime bounds the noting of what has happened, also while Close waits.
	endTime = 3 * time.Second
	// The pause before another try doubles from first to longest.
	firstPause, longestPause = 15 * time.Second, time.Hour
)

// line carries the deliveries of one channel, so that a mail server that hangs
// keeps no phone from ringing.
type line struct {
	s       *Service
	channel enrolments.Channel
	// carry tries once. told is false where there was nobody to tell.
	carry func(ctx context.Context, d enrolments.Delivery) (told bool, err error)
	poked chan struct{}
	// slots holds one value for each that is being carried.
	slots chan struct{}
	tries sync.WaitGroup
}

func (s *Service) newLine(c enrolments.Channel, carry func(context.Context, enrolments.Delivery) (bool, error)) *line {
	return &line{s: s, channel: c, carry: carry, poked: make(chan struct{}, 1), slots: make(chan struct{}, atOnce)}
}

func (l *line) poke() {
	select {
	case l.poked <- struct{}{}:
	default:
	}
}

// run looks at once, and whenever it is poked, or has not looked for a while.
func (l *line) run(ctx context.Context) {
	defer l.tries.Wait()
	for ctx.Err() == nil {
		l.look(ctx)
		// Chance keeps nodes from looking all at the same time.
		timer := time.NewTimer(lookEvery/2 + rand.N(lookEvery/2))
		select {
		case <-l.poked:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// look begins to carry what is due, as much as there are slots; each that gets
// free looks again. One that hangs holds up no other.
func (l *line) look(ctx context.Context) {
	free := atOnce - len(l.slots)
	if free == 0 {
		return
	}
	all, err := l.s.config.Store.ClaimDeliveries(ctx, l.channel, free, lease, l.s.now())
	if err != nil && ctx.Err() == nil {
		l.s.config.Log.Warn("notices that are due could not be read", "channel", string(l.channel), "error", err)
	}
	for _, d := range all {
		l.slots <- struct{}{}
		l.tries.Go(func() {
			l.try(ctx, d)
			<-l.slots
			l.poke()
		})
	}
}

// try carries one delivery and notes what came of it. That it was cut off by
// Close says nothing: it is due again at once, for another node.
func (l *line) try(ctx context.Context, d enrolments.Delivery) {
	trying, cancel := context.WithTimeout(ctx, carryTime)
	defer cancel()
	told, err := l.carry(trying, d)
	noting, done := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer done()
	switch now := l.s.now(); {
	case err == nil && told:
		err = l.end(noting, d, l.event(d, enrolments.EventNoticeSent, ""))
	case err == nil:
		err = l.end(noting, d)
	case ctx.Err() != nil:
		err = l.s.config.Store.PutOffDelivery(noting, d, now)
	case errors.Is(err, enrolments.ErrUndeliverable) || !now.Before(d.Notice.At.Add(enrolments.DeliverWithin)):
		l.s.config.Log.Warn("a notice could not be delivered", "notice", string(d.Notice.ID), "channel", string(l.channel), "error", err)
		err = l.end(noting, d, l.event(d, enrolments.EventNoticeUnsent, ": "+err.Error()))
	default:
		l.s.config.Log.Info("a notice will be delivered later", "notice", string(d.Notice.ID), "channel", string(l.channel), "tries", d.Tries, "error", err)
		err = l.s.config.Store.PutOffDelivery(noting, d, now.Add(pauseAfter(d.Tries)))
	}
	if err != nil {
		l.s.config.Log.Error("what became of a notice could not be noted", "notice", string(d.Notice.ID), "channel", string(l.channel), "error", err)
	}
}

func (l *line) end(ctx context.Context, d enrolments.Delivery, events ...enrolments.Event) error {
	_, err := l.s.config.Store.EndDelivery(ctx, d, events...)
	return err
}

// event notes what became of a delivery. It names no address.
func (l *line) event(d enrolments.Delivery, kind enrolments.EventKind, more string) enrolments.Event {
	return enrolments.Event{
		At: l.s.now(), Kind: kind, Person: d.Notice.Person,
		Detail: clip(fmt.Sprintf("%s by %s%s", d.Notice.Event, l.channel, more)),
	}
}

// maxDetail is what the trail takes of a text.
const maxDetail = 1 << 10

func clip(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxDetail)], "")
}

// pauseAfter spreads by chance those who failed together.
func pauseAfter(tries int) time.Duration {
	pause := min(firstPause<<min(tries-1, 16), longestPause)
	return pause/2 + rand.N(pause/2)
}
