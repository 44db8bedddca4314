package push

import (
	"context"
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"
)

const (
	// A service is down when nothing but failures came of deadFor and of
	// deadTries at least. By time, because one connection that breaks fails
	// every message that was on it, and the next try succeeds.
	deadFor, deadTries = 3 * time.Second, 3
	// restFor is how long a service that is down is left alone; then one
	// message at a time tries it.
	restFor = 5 * time.Second
	// forgetAfter keeps a failure of long ago from counting as the first of a
	// row.
	forgetAfter = time.Minute
)

// Health says how a service does, as its last messages fared.
type Health string

// How a service can do.
const (
	Up     Health = "up"
	Trying Health = "trying" // it was down, and single messages try it
	Down   Health = "down"   // it is not asked for some seconds
)

// breaker keeps messages from a service that is down.
type breaker struct {
	circuit *gobreaker.CircuitBreaker[struct{}]
	// began is when the attempt at hand began, since the first of those that
	// have failed in a row. The circuit's lock guards both.
	began, since time.Time
}

// newBreaker calls turned while it holds its lock: turned must not ask it back.
func newBreaker(turned func(Health)) *breaker {
	b := &breaker{}
	b.circuit = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests: 1, Interval: forgetAfter, Timeout: restFor,
		ReadyToTrip: b.dead, IsSuccessful: b.answered, IsExcluded: saysNothing,
		OnStateChange: func(_ string, _, to gobreaker.State) { turned(healthOf(to)) },
	})
	return b
}

// guard runs attempt unless the service is down; the error is attempt's or
// ErrDown.
func (b *breaker) guard(ctx context.Context, began time.Time, attempt func() error) error {
	_, err := b.circuit.Execute(func() (struct{}, error) {
		err := attempt()
		return struct{}{}, finished{err, began, ctx.Err() != nil}
	})
	if f, ok := err.(finished); ok { // nobody has wrapped it
		return f.err
	}
	return ErrDown
}

// finished is an attempt as the circuit is told of it, also a good one.
type finished struct {
	err      error
	began    time.Time
	deserted bool // whoever asked has gone
}

func (finished) Error() string { return "finished" }

// saysNothing of the service: nobody waited for it, or it was not asked, or it
// is well and takes no more for now.
func saysNothing(err error) bool {
	f, ok := err.(finished)
	return ok && (f.deserted || errors.Is(f.err, errEnded) || errors.Is(f.err, ErrTooMany) || errors.Is(f.err, ErrBadTarget))
}

// answered: a service that refuses is there.
func (b *breaker) answered(err error) bool {
	f, ok := err.(finished)
	b.began = f.began
	return ok && !errors.Is(f.err, ErrUnavailable)
}

func (b *breaker) dead(c gobreaker.Counts) bool {
	if c.ConsecutiveFailures == 1 {
		b.since = b.began
	}
	return c.ConsecutiveFailures >= deadTries && time.Since(b.since) >= deadFor
}

func (b *breaker) health() Health { return healthOf(b.circuit.State()) }

func healthOf(s gobreaker.State) Health {
	switch s {
	case gobreaker.StateClosed:
		return Up
	case gobreaker.StateHalfOpen:
		return Trying
	}
	return Down
}
