package redisstore

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"countersign/approvals"
)

const (
	// pingEvery is how often a silent connection is asked for a sign of life;
	// silence is how long it may give none.
	pingEvery = 3 * time.Second
	silence   = 9 * time.Second
	// refreshEvery is how often everything watched is read again on a Cluster,
	// whose servers may lose an announcement between themselves unseen.
	refreshEvery = 15 * time.Second
	// perCommand bounds the channels of one SUBSCRIBE.
	perCommand = 500
	// firstRetry and slowestRetry bound the wait between two attempts to reach
	// Redis.
	firstRetry   = 20 * time.Millisecond
	slowestRetry = 2 * time.Second
)

// hub hears announcements for all watches of this node over one connection.
//
// A topic is subscribed when its first watch comes and left with its last. Its
// first read begins after Redis has confirmed the subscription. When the
// connection is lost, all topics are subscribed again on a new one and then
// read again, each once its own subscription stands.
type hub struct {
	store    *Store
	log      *slog.Logger
	max      int
	patience time.Duration
	refresh  time.Duration

	ctx    context.Context
	cancel context.CancelFunc
	all    sync.WaitGroup
	heard  atomic.Int64 // when the connection last gave a sign of life; 0 before

	mu      sync.Mutex
	watches int
	topics  map[string]*topic
	// dirty are topics whose subscription may have to change; due are those
	// to be read again. The channels say that there are some.
	dirty, due       []*topic
	dirtyNow, dueNow chan struct{}
}

// phase of a topic's subscription on the connection of now.
type phase uint8

const (
	absent phase = iota
	asked
	live
	leaving
)

// topic is one channel; its fields are guarded by hub.mu.
type topic struct {
	channel string
	room    room
	refs    int
	phase   phase
	stale   bool          // to be read again once live
	queued  bool          // in due
	up      chan struct{} // closed once live; nil while nobody waits for that
}

// room is what stands behind a channel.
type room interface {
	// hear takes an announcement; false when it could not be read.
	hear(payload string) bool
	// again makes up for what may not have been heard.
	again(ctx context.Context) error
	// doubt is called when announcements may have been missed, before again.
	doubt()
	// end forgets all watches; the hub is closed.
	end()
}

func newHub(s *Store, c Config, clustered bool) *hub {
	h := &hub{
		store: s, log: c.Log, max: c.MaxWatches, patience: 2 * c.Timeout, refresh: c.refresh,
		topics:   make(map[string]*topic),
		dirtyNow: make(chan struct{}, 1), dueNow: make(chan struct{}, 1),
	}
	if clustered && h.refresh == 0 {
		h.refresh = refreshEvery
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	h.all.Go(h.listen)
	h.all.Go(h.repair)
	return h
}

func (h *hub) close() {
	h.cancel()
	h.all.Wait()
	h.mu.Lock()
	topics := slices.Collect(maps.Values(h.topics))
	h.mu.Unlock()
	for _, t := range topics {
		t.room.end()
	}
}

// join counts a watch on a channel and returns its topic once announcements
// are heard. Whoever joins leaves.
func (h *hub) join(ctx context.Context, channel string, open func(*topic) room) (*topic, error) {
	h.mu.Lock()
	if h.watches >= h.max {
		h.mu.Unlock()
		return nil, approvals.ErrBusy
	}
	h.watches++
	t := h.topics[channel]
	if t == nil {
		t = &topic{channel: channel}
		t.room = open(t)
		h.topics[channel] = t
	}
	t.refs++
	up := h.liveLocked(t)
	h.mu.Unlock()
	if up == nil {
		return t, nil
	}
	if err := h.await(ctx, up); err != nil {
		h.leave(t, 1)
		return nil, err
	}
	return t, nil
}

// liveLocked returns what is closed when t is live, nil when it is.
func (h *hub) liveLocked(t *topic) chan struct{} {
	if t.phase == live {
		return nil
	}
	if t.up == nil {
		t.up = make(chan struct{})
	}
	h.touchLocked(t)
	return t.up
}

func (h *hub) await(ctx context.Context, up chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, h.patience)
	defer cancel()
	select {
	case <-up:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-h.ctx.Done():
		return ErrClosed
	}
}

func (h *hub) leave(t *topic, watches int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watches -= watches
	t.refs -= watches
	if t.refs == 0 {
		h.touchLocked(t)
	}
}

// touchLocked has the subscription of t looked at.
func (h *hub) touchLocked(t *topic) {
	h.dirty = append(h.dirty, t)
	wake(h.dirtyNow)
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// listen keeps a connection, as long as the hub lives.
func (h *hub) listen() {
	wait := firstRetry
	for h.ctx.Err() == nil {
		h.heard.Store(0)
		err := h.session()
		if h.ctx.Err() != nil {
			return
		}
		if h.heard.Load() > 0 {
			wait = firstRetry
		}
		h.log.Warn("redis announcements lost, connecting again", "error", err)
		pause(h.ctx, wait)
		wait = min(slowestRetry, 2*wait)
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// session subscribes everything on one connection and hears it until that
// breaks.
func (h *hub) session() error {
	ps := h.store.client.Subscribe(h.ctx)
	ctx, cancel := context.WithCancelCause(h.ctx)
	// Closing is what ends Receive.
	stop := context.AfterFunc(ctx, func() { ps.Close() })
	defer stop()
	defer ps.Close()
	h.beginAgain()
	var hand sync.WaitGroup
	defer hand.Wait()
	defer cancel(nil)
	hand.Go(func() { cancel(h.tend(ctx, ps)) })
	for {
		got, err := ps.Receive(ctx)
		if err != nil {
			return cmp.Or(context.Cause(ctx), err)
		}
		h.heard.Store(time.Now().UnixNano())
		switch got := got.(type) {
		case *redis.Message:
			h.announce(got)
		case *redis.Subscription:
			h.confirm(got)
		}
	}
}

// beginAgain takes nothing as subscribed, and what was heard so far as in doubt.
func (h *hub) beginAgain() {
	h.mu.Lock()
	topics := make([]*topic, 0, len(h.topics))
	for _, t := range h.topics {
		// Who still waits for the subscription reads after it anyway.
		t.phase, t.stale = absent, t.stale || t.phase == live
		topics = append(topics, t)
	}
	h.dirty = append(h.dirty[:0], topics...)
	wake(h.dirtyNow)
	h.mu.Unlock()
	for _, t := range topics {
		t.room.doubt()
	}
}

// tend subscribes, leaves and pings until the session ends or its connection
// gives no sign of life.
func (h *hub) tend(ctx context.Context, ps *redis.PubSub) error {
	began := time.Now()
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	refresh := make(<-chan time.Time)
	if h.refresh > 0 {
		ticker := time.NewTicker(h.refresh)
		defer ticker.Stop()
		refresh = ticker.C
	}
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-h.dirtyNow:
			err = h.subscribe(ctx, ps)
		case <-ping.C:
			if min(time.Since(began), time.Since(time.Unix(0, h.heard.Load()))) > silence {
				err = errSilent
			} else {
				err = ps.Ping(ctx)
			}
		case <-refresh:
			h.readAll()
		}
		if err != nil {
			return err
		}
	}
}

var errSilent = errors.New("redisstore: no sign of life")

// subscribe brings the subscriptions to what is wanted. A channel is left only
// once its subscription is confirmed, and the other way round, so that a
// confirmation is never that of an earlier wish.
func (h *hub) subscribe(ctx context.Context, ps *redis.PubSub) error {
	var join, part []string
	h.mu.Lock()
	for _, t := range h.dirty {
		switch {
		case t.phase == absent && t.refs > 0:
			t.phase = asked
			join = append(join, t.channel)
		case t.phase == live && t.refs == 0:
			t.phase = leaving
			part = append(part, t.channel)
		case t.phase == absent && h.topics[t.channel] == t:
			delete(h.topics, t.channel)
		}
	}
	clear(h.dirty)
	h.dirty = h.dirty[:0]
	h.mu.Unlock()
	if err := inParts(join, func(some []string) error { return ps.Subscribe(ctx, some...) }); err != nil {
		return err
	}
	return inParts(part, func(some []string) error { return ps.Unsubscribe(ctx, some...) })
}

func inParts(all []string, do func([]string) error) error {
	for len(all) > 0 {
		n := min(perCommand, len(all))
		if err := do(all[:n]); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// confirm notes what Redis says about a subscription.
func (h *hub) confirm(s *redis.Subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[s.Channel]
	switch {
	case t == nil:
	case s.Kind == "subscribe" && t.phase == asked:
		t.phase = live
		if t.up != nil {
			close(t.up)
			t.up = nil
		}
		if t.stale {
			t.stale = false
			h.readLocked(t)
		}
		if t.refs == 0 {
			h.touchLocked(t)
		}
	case s.Kind == "unsubscribe" && t.phase == leaving:
		t.phase = absent
		h.touchLocked(t)
	}
}

// announce hands a message to its room.
func (h *hub) announce(m *redis.Message) {
	h.mu.Lock()
	t := h.topics[m.Channel]
	h.mu.Unlock()
	if t != nil && !t.room.hear(m.Payload) {
		h.read(t)
	}
}
