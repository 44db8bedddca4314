package enrolments

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// TrustID names a trusted browser.
type TrustID string

// MaxTrusted bounds the browsers that one person has trusted for one
// application; the oldest go.
const MaxTrusted = 20

// TrustedBrowser is a browser in which a person signs in to one application
// without a second factor, for the policy's time. The application keeps its
// token, in a cookie of its own.
type TrustedBrowser struct {
	ID          TrustID
	Person      PersonID
	Application ApplicationID
	// Approval is the one in which the person trusted it.
	Approval string
	// Name is what the browser was when it was trusted, e.g. "Chrome on
	// Windows"; empty where the application did not say.
	Name string
	// Token is the hash of the application's token; zero until it was handed
	// out, and until then nothing is trusted.
	Token                       Hash
	AddedAt, LastUsedAt, EndsAt time.Time
}

// trustMargin is by how much clocks of one installation may differ where one of
// them ended trust and another saw the approval.
const trustMargin = 5 * time.Second

// Trust notes that a person trusts the browser of an approval, for a time. The
// token is handed out by IssueTrust. approved is when the approval was given: what
// ended all trust since has ended this, too. ErrFreshApproval for that, and while
// the person's pushes are locked; ErrExists the second time.
func (s *Service) Trust(ctx context.Context, t TrustedBrowser, approved time.Time, life time.Duration) error {
	now := s.now()
	t.ID, t.AddedAt, t.LastUsedAt, t.EndsAt = NewID[TrustID](), now, now, now.Add(life)
	return s.config.Store.AddTrust(ctx, t, approved.Add(-trustMargin))
}

// IssueTrust hands out the token of the browser that was trusted in an
// approval, once; ErrNotFound where none was.
func (s *Service) IssueTrust(ctx context.Context, approval string) (TrustedBrowser, Secret, error) {
	token := NewSecret()
	var t TrustedBrowser
	if err := s.act(ctx, func(ctx context.Context, store Store) (_ []Event, err error) {
		t, err = store.IssueTrust(ctx, approval, token.Hash(), s.now())
		return []Event{t.event(EventBrowserTrusted)}, err
	}); err != nil {
		return TrustedBrowser{}, Secret{}, err
	}
	return t, token, nil
}

func (t TrustedBrowser) event(kind EventKind) Event {
	return Event{Kind: kind, Person: t.Person, Application: t.Application, Approval: t.Approval, Detail: t.Name}
}

// Trusted reports whether the person trusts the browser that presents token:
// for this application, for as long as its policy says, and as long as it is
// still the same browser by name. A cookie that was carried into another is none.
func (s *Service) Trusted(ctx context.Context, person PersonID, app Application, token Secret, name string) (bool, error) {
	now := s.now()
	use := TrustUse{
		Person: person, Application: app.ID, Token: token.Hash(), Name: name,
		AddedAfter: now.Add(-app.Policy.TrustFor), Now: now,
	}
	if idle := app.Policy.TrustIdle; idle > 0 {
		use.UsedAfter = now.Add(-idle)
	}
	err := s.config.Store.UseTrust(ctx, use)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// TrustUse is a token as it was presented.
type TrustUse struct {
	Person      PersonID
	Application ApplicationID
	Token       Hash
	Name        string
	// AddedAfter is how old the trust may be, UsedAfter how long ago its last use
	// (zero for any), whatever was promised: a policy that has become stricter
	// counts at once.
	AddedAfter, UsedAfter, Now time.Time
}

// IdleEndsAt is when the browser is asked again unless it was used before; zero
// where the policy lets it go unused.
func (t TrustedBrowser) IdleEndsAt(p Policy) time.Time {
	if p.TrustIdle == 0 {
		return time.Time{}
	}
	return t.LastUsedAt.Add(p.TrustIdle)
}

// TrustedBrowsers are those of a person for an application that its policy lets
// in still, newest first.
func (s *Service) TrustedBrowsers(ctx context.Context, person PersonID, app Application) ([]TrustedBrowser, error) {
	now := s.now()
	all, err := s.config.Store.TrustedBrowsers(ctx, person, app.ID, now)
	return slices.DeleteFunc(all, func(t TrustedBrowser) bool { return !t.stands(app.Policy, now) }), err
}

func (t TrustedBrowser) stands(p Policy, now time.Time) bool {
	idle := t.IdleEndsAt(p)
	return now.Before(t.AddedAt.Add(p.TrustFor)) && (idle.IsZero() || now.Before(idle))
}

// TrustedEverywhere are those of a person for every application that its policy
// lets in still, newest first.
func (s *Service) TrustedEverywhere(ctx context.Context, person PersonID) ([]TrustedBrowser, error) {
	now := s.now()
	all, err := s.config.Store.TrustedBrowsers(ctx, person, "", now)
	if err != nil {
		return nil, err
	}
	policies := make(map[ApplicationID]Policy)
	for _, t := range all {
		if _, known := policies[t.Application]; known {
			continue
		}
		app, err := s.Application(ctx, t.Application)
		if err != nil {
			return nil, err
		}
		policies[t.Application] = app.Policy
	}
	return slices.DeleteFunc(all, func(t TrustedBrowser) bool { return !t.stands(policies[t.Application], now) }), nil
}

// EndTrust ends the trust in one browser of a person, with an empty id in all
// for an application, with an empty application in all. It returns how many
// ended; the person is told once, and whence it was done.
func (s *Service) EndTrust(ctx context.Context, person PersonID, app ApplicationID, id TrustID, from Origin) (int, error) {
	var ended []TrustedBrowser
	err := s.act(ctx, func(ctx context.Context, store Store) (events []Event, err error) {
		if ended, err = store.EndTrust(ctx, person, app, id); len(ended) > 0 {
			e := Event{Kind: EventTrustEnded, Person: person, Application: app, Detail: namesOf(ended)}
			events = []Event{e.From(from)}
		}
		return events, err
	})
	if err != nil {
		return 0, err
	}
	return len(ended), nil
}

// namesOf names browsers, each kind once, and not more than can be read.
func namesOf(all []TrustedBrowser) string {
	var names []string
	for _, t := range all {
		if t.Name != "" && !slices.Contains(names, t.Name) {
			names = append(names, t.Name)
		}
	}
	if len(names) > 3 {
		names = append(names[:3], "…")
	}
	return strings.Join(names, ", ")
}
