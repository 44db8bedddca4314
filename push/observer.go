package push

import (
	"context"
	"time"
)

// Place is where messages go: a service, and the part of it where it is Divided.
type Place struct {
	Service Service
	Part    string
}

func (p Place) String() string {
	if p.Part == "" {
		return string(p.Service)
	}
	return string(p.Service) + " " + p.Part
}

// Condition is how one place does.
type Condition struct {
	Place  Place
	Health Health
}

// Attempt is one try to hand one message to its service.
type Attempt struct {
	Place Place
	// Message is the id that it holds.
	Message string
	Try     int // from 0, for this message and target
	// Asked is false where the service was not asked: no turn came, or it is
	// down.
	Asked bool
	Began time.Time
	Took  time.Duration
	Err   error // as Sender returns it, or of the lane; nil when the message was taken
}

// Observer is told of every attempt, in the goroutine that made it, and of every
// change of a place's health. It must be quick, and Turned must not ask the
// Fanout back.
type Observer interface {
	Attempted(ctx context.Context, a Attempt)
	Turned(at Place, to Health)
}

// observers are told one after another.
type observers []Observer

func (all observers) attempted(ctx context.Context, a Attempt) {
	for _, o := range all {
		o.Attempted(ctx, a)
	}
}

func (all observers) turned(at Place, to Health) {
	for _, o := range all {
		o.Turned(at, to)
	}
}
