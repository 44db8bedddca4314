package approvals

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"countersign/enrolments"
)

const (
	// maxInMemory bounds the approvals that Memory keeps, about 2 KiB each.
	maxInMemory = 100_000
	// maxWatches bounds the watches of one approval, and of one person.
	maxWatches = 1_000
	// longestWindow is the longest that a push is counted: no policy takes a
	// longer window.
	longestWindow = time.Hour
	// maxPushes bounds the pushes that are remembered of one person.
	maxPushes = 128
)

// Memory is the embedded Store: one node, bounded, gone with the process.
type Memory struct {
	mu     sync.Mutex
	now    func() time.Time
	closed bool

	approvals map[ID]*record
	people    map[enrolments.PersonID]*person
	// swept is when expired entries were last looked for.
	swept time.Time
}

// record is an approval with what only the store needs.
type record struct {
	Approval
	digest   string   // of the answer that settled it
	slips    []string // digests of the answers with a wrong number
	deadline *time.Timer
	watchers map[int]func(Approval)
	nextWho  int
}

// person is the short-lived state of one person.
type person struct {
	open      map[string]ID // by seat
	pushes    []time.Time
	heldUntil time.Time
	keys      map[string]remembered
	proofs    map[string]time.Time
	watchers  map[int]func()
	nextWho   int
}

type remembered struct {
	id          ID
	fingerprint enrolments.Hash
	until       time.Time
}

// NewMemory makes an empty store on the given clock.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{
		now:       now,
		approvals: make(map[ID]*record),
		people:    make(map[enrolments.PersonID]*person),
	}
}

// enter locks the store for one step and tells its instant; a caller that has
// gone away gets no step.
func (m *Memory) enter(ctx context.Context) (time.Time, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, err
	}
	m.mu.Lock()
	return m.now(), nil
}

// Close stops all timers; watchers hear nothing more.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	for _, r := range m.approvals {
		r.deadline.Stop()
		r.watchers = nil
	}
	return nil
}

func (m *Memory) person(id enrolments.PersonID) *person {
	p := m.people[id]
	if p == nil {
		p = &person{
			open:     make(map[string]ID),
			keys:     make(map[string]remembered),
			proofs:   make(map[string]time.Time),
			watchers: make(map[int]func()),
		}
		m.people[id] = p
	}
	return p
}

// Create implements Store.
func (m *Memory) Create(ctx context.Context, n New) (Created, error) {
	now, err := m.enter(ctx)
	if err != nil {
		return Created{}, err
	}
	defer m.mu.Unlock()
	m.sweep(now)
	p := m.person(n.Person)
	if old, ok := p.keys[keyOf(n)]; ok && n.Key != "" && now.Before(old.until) {
		return m.repeat(old, n, now)
	}
	if m.closed || len(m.approvals) >= maxInMemory || m.pending(p, n.Seat(), now) >= MaxPending {
		return Created{}, ErrBusy
	}
	out := Created{Replaced: m.replace(p, n, now)}
	r := &record{Approval: fresh(n, now), watchers: make(map[int]func(Approval))}
	if r.Next == Wait && n.Budget.Window > 0 && !p.takePush(n.Budget, now) {
		r.Next = CodeOnly
	}
	m.approvals[n.ID] = r
	p.open[n.Seat()] = n.ID
	if n.Key != "" {
		p.keys[keyOf(n)] = remembered{n.ID, n.Fingerprint, now.Add(RememberKeys)}
	}
	r.deadline = time.AfterFunc(n.TTL, func() { m.deadline(n.ID) })
	for _, notify := range p.watchers {
		notify()
	}
	out.Approval = r.view(now)
	return out, nil
}

func keyOf(n New) string { return n.Seat() + "/" + n.Key }

func (m *Memory) repeat(old remembered, n New, now time.Time) (Created, error) {
	r := m.approvals[old.id]
	if r == nil || !old.fingerprint.Is(n.Fingerprint) {
		return Created{}, ErrIdempotency
	}
	return Created{Approval: r.view(now), Repeated: true}, nil
}

func fresh(n New, now time.Time) Approval {
	next := Wait
	if n.CodeOnly || len(n.Phones) == 0 {
		next = CodeOnly
	}
	return Approval{
		ID: n.ID, Version: 1, Application: n.Application, ApplicationName: n.ApplicationName, Logo: n.Logo, Purpose: n.Purpose,
		Person: n.Person, User: n.User, ReturnURL: n.ReturnURL, Display: n.Display,
		Nonce: n.Nonce, Number: n.Number, Waiting: n.Waiting, Result: n.Result,
		Created: now, Expires: now.Add(n.TTL), Next: next, Phones: slices.Clone(n.Phones),
		Takes: slices.Clone(n.Takes), Role: n.Role, Offers: slices.Clone(n.Offers), EmailHint: n.EmailHint, Barred: n.Barred, TrustFor: n.TrustFor, TTL: n.TTL,
		State: Pending, NumberTries: n.NumberTries, CodeTries: n.CodeTries, Resends: n.Resends,
	}
}

// pending counts a person's pending approvals, but for that in one seat.
func (m *Memory) pending(p *person, but string, now time.Time) (count int) {
	for seat, id := range p.open {
		if r := m.approvals[id]; r == nil || r.state(now) != Pending {
			delete(p.open, seat)
		} else if seat != but {
			count++
		}
	}
	return count
}

func (m *Memory) replace(p *person, n New, now time.Time) ID {
	r := m.approvals[p.open[n.Seat()]]
	if r == nil || r.state(now) != Pending {
		return ""
	}
	r.settle(Settlement{State: Withdrawn, Reason: Replaced}, now, now)
	return r.ID
}

// takePush counts one push; a spent budget stays spent until nothing was asked
// for a whole window. Where applications have windows of different length, the
// longest that was asked with holds.
func (p *person) takePush(b Budget, now time.Time) bool {
	p.pushes = slices.DeleteFunc(p.pushes, func(at time.Time) bool { return now.Sub(at) >= longestWindow })
	recent := 0
	for _, at := range p.pushes {
		if now.Sub(at) < b.Window {
			recent++
		}
	}
	if now.Before(p.heldUntil) || recent >= b.Limit {
		if until := now.Add(b.Window); until.After(p.heldUntil) {
			p.heldUntil = until
		}
		return false
	}
	p.pushes = append(p.pushes, now)
	p.pushes = p.pushes[max(0, len(p.pushes)-maxPushes):]
	return true
}

// state is the state with the deadline taken into account.
func (r *record) state(now time.Time) State {
	if r.State == Pending && !now.Before(r.Expires) {
		return Expired
	}
	return r.State
}

// view is a copy for outside.
func (r *record) view(now time.Time) Approval {
	a := r.Approval
	a.Phones = slices.Clone(a.Phones)
	a.AsOf = now
	if state := r.state(now); state != a.State {
		a.State, a.Settled = state, a.Expires
	}
	return a
}

// changed raises the version and tells the watchers.
func (r *record) changed(now time.Time) {
	r.Version++
	r.tell(now)
}

func (r *record) tell(now time.Time) {
	a := r.view(now)
	for _, notify := range r.watchers {
		notify(a)
	}
	if a.Final() {
		r.watchers = nil
		r.deadline.Stop()
	}
}

func (r *record) settle(s Settlement, at, now time.Time) {
	r.State, r.Reason, r.Method, r.Settled = s.State, s.Reason, s.Method, at
	r.changed(now)
}

// deadline tells the watchers that the time is up.
func (m *Memory) deadline(id ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.approvals[id]
	if r == nil || r.State != Pending || m.closed {
		return
	}
	now := m.now()
	if left := r.Expires.Sub(now); left > 0 {
		r.deadline.Reset(left)
		return
	}
	r.tell(now)
}

// sweep drops what is past its time, at most once a second.
func (m *Memory) sweep(now time.Time) {
	if now.Sub(m.swept) < time.Second {
		return
	}
	m.swept = now
	for id, r := range m.approvals {
		if now.Sub(r.Expires) >= KeepSettled {
			r.deadline.Stop()
			delete(m.approvals, id)
		}
	}
	for id, p := range m.people {
		if p.sweep(now) && m.pending(p, "", now) == 0 {
			delete(m.people, id)
		}
	}
}

// sweep reports whether nothing but open approvals is left of p.
func (p *person) sweep(now time.Time) bool {
	for key, old := range p.keys {
		if !now.Before(old.until) {
			delete(p.keys, key)
		}
	}
	for proof, until := range p.proofs {
		if !now.Before(until) {
			delete(p.proofs, proof)
		}
	}
	recent := slices.ContainsFunc(p.pushes, func(at time.Time) bool { return now.Sub(at) < longestWindow })
	return len(p.keys)+len(p.proofs)+len(p.watchers) == 0 && !recent && !now.Before(p.heldUntil)
}

// find returns a record that can still be read.
func (m *Memory) find(id ID, now time.Time) (*record, error) {
	r := m.approvals[id]
	if r == nil || now.Sub(r.Expires) >= KeepSettled {
		return nil, ErrNotFound
	}
	return r, nil
}

// Read implements Store.
func (m *Memory) Read(ctx context.Context, id ID) (Approval, error) {
	now, err := m.enter(ctx)
	if err != nil {
		return Approval{}, err
	}
	defer m.mu.Unlock()
	r, err := m.find(id, now)
	if err != nil {
		return Approval{}, err
	}
	return r.view(now), nil
}

// PendingFor implements Store.
func (m *Memory) PendingFor(ctx context.Context, who enrolments.PersonID, phone enrolments.PhoneID) ([]Approval, error) {
	now, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	p, ok := m.people[who]
	if !ok {
		return nil, nil
	}
	var out []Approval
	for _, id := range p.open {
		if r := m.approvals[id]; r != nil && r.state(now) == Pending && r.Asked(phone) {
			out = append(out, r.view(now))
		}
	}
	slices.SortFunc(out, func(a, b Approval) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(b.ID, a.ID))
	})
	return out, nil
}

// Watch implements Store.
func (m *Memory) Watch(ctx context.Context, id ID, notify func(Approval)) (func(), error) {
	now, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	r, err := m.find(id, now)
	if err != nil {
		return nil, err
	}
	if len(r.watchers) >= maxWatches {
		return nil, ErrBusy
	}
	a := r.view(now)
	notify(a)
	if a.Final() || m.closed {
		return func() {}, nil
	}
	who := r.nextWho
	r.nextWho++
	r.watchers[who] = notify
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(r.watchers, who)
	}, nil
}

// WatchPerson implements Store.
func (m *Memory) WatchPerson(ctx context.Context, id enrolments.PersonID, notify func()) (func(), error) {
	if _, err := m.enter(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	p := m.person(id)
	if len(p.watchers) >= maxWatches {
		return nil, ErrBusy
	}
	who := p.nextWho
	p.nextWho++
	p.watchers[who] = notify
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(p.watchers, who)
	}, nil
}
