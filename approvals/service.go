package approvals

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"countersign/enrolments"
	"countersign/internal/jws"
	"countersign/push"
)

// People is what a sign-in needs of enrolments.
type People interface {
	Person(ctx context.Context, user string) (enrolments.Enrolment, error)
	OpenPairing(ctx context.Context, o enrolments.Opening) (enrolments.Pairing, enrolments.Secret, error)
	OpenPairingToEnter(ctx context.Context, o enrolments.Opening) (enrolments.Pairing, enrolments.Secret, error)
	SpendCode(ctx context.Context, person enrolments.PersonID, typed string) (recovery bool, err error)
	LockPush(ctx context.Context, report enrolments.Event) error
	UsedPhone(ctx context.Context, phone enrolments.PhoneID) error
	TargetGone(ctx context.Context, phone enrolments.Phone, target push.Target) error
	Recoveries
	Channels
	Trust
	Changes
}

// Trust is what trusted browsers need of enrolments.
type Trust interface {
	Trust(ctx context.Context, t enrolments.TrustedBrowser, approved time.Time, life time.Duration) error
	IssueTrust(ctx context.Context, approval string) (enrolments.TrustedBrowser, enrolments.Secret, error)
	TrustedBrowsers(ctx context.Context, person enrolments.PersonID, app enrolments.Application) ([]enrolments.TrustedBrowser, error)
	Trusted(ctx context.Context, person enrolments.PersonID, app enrolments.Application, token enrolments.Secret, name string) (bool, error)
}

// Changes is what a security page needs of enrolments.
type Changes interface {
	OpenSecurityPage(ctx context.Context, app enrolments.ApplicationID, user, returnURL string) (enrolments.SecurityPage, enrolments.Secret, error)
	OpenSecurityPageToEnter(ctx context.Context, app enrolments.ApplicationID, user, returnURL string) (enrolments.SecurityPage, enrolments.Secret, error)
	SecurityPage(ctx context.Context, id enrolments.SecurityPageID, token enrolments.Secret) (enrolments.SecurityPage, error)
	Apps(ctx context.Context, person enrolments.PersonID) ([]enrolments.Authenticator, error)
	CheckChange(ctx context.Context, p enrolments.SecurityPage, w enrolments.Wish, policy enrolments.Policy) (enrolments.Change, error)
	AddChange(ctx context.Context, p enrolments.SecurityPage, c enrolments.Change) error
	Change(ctx context.Context, page enrolments.SecurityPageID, approval string) (enrolments.Change, error)
	CarryOut(ctx context.Context, p enrolments.SecurityPage, c enrolments.Change, methods []Method, from enrolments.Origin) (enrolments.Carried, error)
	ConfirmPageEmail(ctx context.Context, p enrolments.SecurityPage, typed string) (enrolments.Email, error)
}

// Recoveries is what the way to a new phone needs of enrolments.
type Recoveries interface {
	Application(ctx context.Context, id enrolments.ApplicationID) (enrolments.Application, error)
	BeginRecovery(ctx context.Context, r enrolments.Recovery, wait time.Duration) (enrolments.Recovery, enrolments.Secret, error)
	RunningRecoveries(ctx context.Context, person enrolments.PersonID) ([]enrolments.Recovery, error)
	RefuseRecovery(ctx context.Context, id enrolments.RecoveryID, by enrolments.Phone) error
	AllowRecovery(ctx context.Context, id enrolments.RecoveryID, by enrolments.Phone) error
	OpenRecovery(ctx context.Context, r enrolments.Recovery, remove []enrolments.PhoneID) (enrolments.Pairing, enrolments.Secret, error)
}

// Record is what a sign-in needs of the durable store: the audit trail, and
// which approvals have opened a pairing.
type Record interface {
	Record(ctx context.Context, events ...enrolments.Event) error
	EnrolmentOf(ctx context.Context, id enrolments.PersonID) (enrolments.Enrolment, error)
	SpendApproval(ctx context.Context, approval string, now time.Time) error
	Events(ctx context.Context, f enrolments.EventFilter) ([]enrolments.Event, error)
}

// Waker wakes phones; push.Fanout is one.
type Waker interface {
	Send(ctx context.Context, m push.Message, targets []push.Target, report func(i int, err error))
}

// Config is what a Service is made of. All fields are needed.
type Config struct {
	Store  Store
	People People
	Record Record
	Waker  Waker
	// Signer signs result tokens.
	Signer *jws.Signer
	// PublicURL is the issuer of result tokens and the audience of answers,
	// without a trailing slash.
	PublicURL string
	Now       func() time.Time
	Log       *slog.Logger
}

// maxFanouts bounds the sign-ins whose phones are being woken at once.
const maxFanouts = 10_000

// Service holds the path of a sign-in. Close waits for what it has begun.
type Service struct {
	config  Config
	fanouts chan struct{}
	letters chan struct{}

	mu     sync.Mutex
	closed bool
	timers map[ID]*time.Timer
	work   sync.WaitGroup
	stop   context.CancelFunc
	ctx    context.Context
}

// NewService makes a Service.
func NewService(c Config) *Service {
	ctx, stop := context.WithCancel(context.Background())
	return &Service{
		config: c, fanouts: make(chan struct{}, maxFanouts), letters: make(chan struct{}, maxLetters),
		timers: make(map[ID]*time.Timer), ctx: ctx, stop: stop,
	}
}

// Close ends pushes under way, stops the timers and waits.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	for _, t := range s.timers {
		t.Stop()
	}
	clear(s.timers)
	s.mu.Unlock()
	s.stop()
	s.work.Wait()
}

// begin runs f in a goroutine of the Service; not after Close.
func (s *Service) begin(f func(ctx context.Context)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.work.Go(func() { f(s.ctx) })
}

func (s *Service) now() time.Time { return s.config.Now().UTC() }

// afterLimit bounds what follows from an act that has happened.
const afterLimit = 5 * time.Second

// after is a context for what follows from an act that has happened: it is
// done also where whoever acted has hung up.
func after(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), afterLimit)
}

// audit appends to the trail. What has happened has happened: a trail that
// cannot be written is an alarm, never a second outcome.
func (s *Service) audit(ctx context.Context, a Approval, kind enrolments.EventKind, phone enrolments.PhoneID, detail string) {
	s.record(ctx, a, enrolments.Event{Kind: kind, Phone: phone, Detail: detail})
}

func (s *Service) record(ctx context.Context, a Approval, e enrolments.Event) {
	ctx, done := after(ctx)
	defer done()
	e = a.about(e)
	e.At = s.now()
	if err := s.config.Record.Record(ctx, e); err != nil {
		s.config.Log.Error("audit trail could not be written", "kind", string(e.Kind), "approval", e.Approval, "error", err)
	}
}

// about says in an event which approval it is of.
func (a Approval) about(e enrolments.Event) enrolments.Event {
	e.Person, e.Application, e.Approval = a.Person, a.Application, string(a.ID)
	return e
}

// auditSettled notes how an approval ended.
func (s *Service) auditSettled(ctx context.Context, a Approval) { s.auditEnding(ctx, a, false) }

// auditEnding is auditSettled with whether the phone verified its person.
func (s *Service) auditEnding(ctx context.Context, a Approval, verified bool) {
	detail := a.Purpose.aside() + string(a.State)
	if a.Method != "" {
		detail += " by " + string(a.Method)
	}
	if a.Reason != "" {
		detail += ": " + string(a.Reason)
	}
	s.record(ctx, a, enrolments.Event{
		Kind: enrolments.EventApprovalSettled, Phone: a.SettledBy, Detail: detail, Data: endingOf(a, verified),
	})
	s.forgetTimer(a.ID)
}

// expireLater notes the deadline of an approval that nobody settles.
func (s *Service) expireLater(a Approval) {
	// A little after, so that the store's clock has passed the deadline too.
	const grace = 50 * time.Millisecond
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.timers[a.ID] = time.AfterFunc(a.Expires.Sub(a.AsOf)+grace, func() {
		s.begin(func(ctx context.Context) { s.expire(ctx, a.ID) })
	})
}

func (s *Service) expire(ctx context.Context, id ID) {
	s.forgetTimer(id)
	a, done, err := s.config.Store.Expire(ctx, id)
	if err != nil {
		s.config.Log.Warn("expiry could not be noted", "approval", string(id), "error", err)
		return
	}
	switch {
	case done:
		s.auditSettled(ctx, a)
	case a.State == Pending: // its deadline was moved, perhaps on another node
		s.expireLater(a)
	}
}

func (s *Service) forgetTimer(id ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.timers[id]; t != nil {
		t.Stop()
		delete(s.timers, id)
	}
}
