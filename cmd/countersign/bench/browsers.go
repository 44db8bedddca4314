package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"syscall"

	"countersign/api/apibench"
)

// connecting is how many browsers connect at once.
const connecting = 32

// browsersAsk is a question to the browsers: Join seats more, and Leave has all
// go.
type browsersAsk struct {
	Join  []apibench.Seat `json:"join,omitempty"`
	Leave bool            `json:"leave,omitempty"`
}

// browsersSay is how they stand.
type browsersSay struct {
	Waiting int `json:"waiting"`
	Pings   int `json:"pings"`
}

// browsers play the waiting ones, in a process of their own so that none of
// their memory is counted.
type browsers struct{ crowd *apibench.Crowd }

func startBrowsers(context.Context, json.RawMessage) (servant, error) {
	return &browsers{new(apibench.Crowd)}, nil
}

func (b *browsers) ready() any { return browsersSay{} }

func (b *browsers) answer(ctx context.Context, question json.RawMessage) (any, error) {
	var ask browsersAsk
	if err := json.Unmarshal(question, &ask); err != nil {
		return nil, err
	}
	if ask.Leave {
		b.crowd.Leave()
		b.crowd = new(apibench.Crowd)
	}
	err := b.join(ctx, ask.Join)
	return browsersSay{b.crowd.Waiting(), b.crowd.Pings()}, err
}

func (b *browsers) join(ctx context.Context, seats []apibench.Seat) error {
	err := each(connecting, len(seats), func(i int) error { return b.crowd.Join(ctx, seats[i]) })
	if errors.Is(err, syscall.EMFILE) {
		return fmt.Errorf("too few open files allowed (ulimit -n); take fewer sockets: %w", err)
	}
	return err
}

func (b *browsers) close() error {
	b.crowd.Leave()
	return nil
}
