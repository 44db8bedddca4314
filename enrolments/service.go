package enrolments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"countersign/push"
)

// Service holds the rules of enrolment over a Store.
type Service struct {
	config  Config
	kitchen kitchen
	// because is the reason of all that it does, where the help desk does it.
	because string
}

// Config is what a Service is made of. All fields are needed but AllowTarget and
// Post.
type Config struct {
	Store Store
	// PublicURL is the audience of what phones sign, without a trailing slash.
	PublicURL string
	// ServerName is the issuer that authenticator apps show.
	ServerName string
	CodeLimits CodeLimits
	// AllowTarget refuses push targets that this server will not ask; nil
	// allows all that are well formed.
	AllowTarget func(push.Target) error
	// Post sends letters; nil where no mail is set up, and then nothing that
	// needs it is offered.
	Post Post
	Now  func() time.Time
}

// NewService makes a Service.
func NewService(c Config) *Service { return &Service{config: c, kitchen: newKitchen()} }

func (s *Service) now() time.Time { return s.config.Now().UTC() }

// deed is what is done through store, and the events that tell of it.
type deed func(ctx context.Context, store Store) ([]Event, error)

// act does a deed and appends its events to the audit trail in one transaction:
// what cannot be told is not done, and what is done is told, wherever the process
// ends or its caller hangs up. The deed may run again.
func (s *Service) act(ctx context.Context, do deed) error {
	return s.config.Store.Together(ctx, func(ctx context.Context, store Store) error {
		events, err := do(ctx, store)
		if err != nil {
			return err
		}
		return s.append(ctx, store, events)
	})
}

// actEven is act, and keeps what is done also where the deed ends in refused: a
// try that was taken, say.
func (s *Service) actEven(ctx context.Context, refused error, do deed) error {
	var kept error
	err := s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		events, err := do(ctx, store)
		if kept = nil; errors.Is(err, refused) {
			kept, err = err, nil
		}
		return events, err
	})
	return errors.Join(err, kept)
}

// noteLimit bounds the writing of what has happened.
const noteLimit = 5 * time.Second

// note appends what has happened outside of the store, also where whoever caused
// it has hung up.
func (s *Service) note(ctx context.Context, events ...Event) error {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), noteLimit)
	defer done()
	return s.append(ctx, s.config.Store, events)
}

// append writes events into the trail, with the time of now.
func (s *Service) append(ctx context.Context, store Store, events []Event) error {
	for i := range events {
		events[i].At = s.now()
		if s.because != "" {
			events[i].noteHelp(s.because)
		}
	}
	if err := store.Record(ctx, events...); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// AddApplication registers an application and returns its first key.
func (s *Service) AddApplication(ctx context.Context, a Application) (APIKey, error) {
	a.CreatedAt = s.now()
	if err := a.Check(); err != nil {
		return APIKey{}, err
	}
	key := NewAPIKey(a.ID)
	if err := s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		return []Event{
			{Kind: EventApplicationAdded, Application: a.ID, Detail: a.Name},
			{Kind: EventKeyIssued, Application: a.ID},
		}, store.AddApplication(ctx, a, key.Secret.Hash())
	}); err != nil {
		return APIKey{}, err
	}
	return key, nil
}

// Assignment is a value of a policy that is to be set.
type Assignment struct{ Key, Value string }

// SetPolicy sets values of an application's policy, all or none.
func (s *Service) SetPolicy(ctx context.Context, id ApplicationID, all []Assignment) error {
	return s.act(ctx, func(ctx context.Context, store Store) (events []Event, err error) {
		err = store.ChangePolicy(ctx, id, func(p *Policy) error {
			before := p.Settings()
			for _, a := range all {
				if err := p.Set(a.Key, a.Value); err != nil {
					return err
				}
			}
			events = changes(id, before, p.Settings())
			return p.Check()
		})
		return events, err
	})
}

// changes are the events of what differs.
func changes(id ApplicationID, before, after []Setting) (out []Event) {
	for i, s := range after {
		if s.Value != before[i].Value {
			out = append(out, Event{Kind: EventPolicySet, Application: id, Detail: s.Key + ": " + before[i].Value + " → " + s.Value})
		}
	}
	return out
}

// AddKey makes a further key for an application; the newest before it stays
// valid until DropOldKeys.
func (s *Service) AddKey(ctx context.Context, id ApplicationID) (APIKey, error) {
	key := NewAPIKey(id)
	if err := s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		return []Event{{Kind: EventKeyIssued, Application: id}}, store.AddKey(ctx, id, key.Secret.Hash(), s.now())
	}); err != nil {
		return APIKey{}, err
	}
	return key, nil
}

// DropOldKeys leaves an application its newest key only.
func (s *Service) DropOldKeys(ctx context.Context, id ApplicationID) (dropped int, err error) {
	err = s.act(ctx, func(ctx context.Context, store Store) (events []Event, err error) {
		if dropped, err = store.DropOldKeys(ctx, id); dropped > 0 {
			events = []Event{{Kind: EventKeyRevoked, Application: id}}
		}
		return events, err
	})
	return dropped, err
}

// Authenticate returns the application of a presented API key;
// ErrUnauthorized whether the application or the secret is unknown.
func (s *Service) Authenticate(ctx context.Context, key APIKey) (Application, error) {
	a, hashes, err := s.config.Store.Application(ctx, key.Application)
	if errors.Is(err, ErrNotFound) {
		return Application{}, ErrUnauthorized
	}
	if err != nil {
		return Application{}, err
	}
	known := false
	for _, h := range hashes {
		// Every key is compared, so that time does not tell which is newer.
		known = h.Is(key.Secret.Hash()) || known
	}
	if !known {
		return Application{}, ErrUnauthorized
	}
	return a, nil
}

// Person returns a person by user name; ErrNotFound.
func (s *Service) Person(ctx context.Context, user string) (Enrolment, error) {
	user, err := ParseName("user", user, MaxUser)
	if err != nil {
		return Enrolment{}, err
	}
	return s.config.Store.Enrolment(ctx, user)
}

// AddPerson returns the person of a user name, added where there was none.
func (s *Service) AddPerson(ctx context.Context, user string) (Person, error) {
	user, err := ParseName("user", user, MaxUser)
	if err != nil {
		return Person{}, err
	}
	known, err := s.config.Store.Enrolment(ctx, user)
	if !errors.Is(err, ErrNotFound) {
		return known.Person, err
	}
	p := Person{ID: NewID[PersonID](), User: user, CreatedAt: s.now()}
	err = s.act(ctx, func(ctx context.Context, store Store) (events []Event, err error) {
		var added bool
		if p, added, err = store.EnsurePerson(ctx, p); added {
			events = []Event{{Kind: EventPersonAdded, Person: p.ID, Detail: p.User}}
		}
		return events, err
	})
	return p, err
}

// LockPush stops pushes to the person of a report, and tells of it in the same
// step.
func (s *Service) LockPush(ctx context.Context, report Event) error {
	return s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		return []Event{report}, store.SetPushLocked(ctx, report.Person, true)
	})
}
