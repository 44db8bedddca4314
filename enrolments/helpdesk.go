package enrolments

import (
	"context"
	"encoding/json"
	"slices"
)

// HelpDesk is what an administrator does for a person. Each act has a reason,
// which stands in the audit trail beside it.
type HelpDesk struct{ service *Service }

// HelpDesk returns what may be done for a reason: 1 to 256 characters that may
// be shown to the person. ErrInvalid.
func (s *Service) HelpDesk(reason string) (HelpDesk, error) {
	reason, err := ParseName("reason", reason, MaxText)
	if err != nil {
		return HelpDesk{}, err
	}
	with := *s
	with.because = reason
	return HelpDesk{&with}, nil
}

// helped is what an event of the help desk holds for programs. The name is
// stored and never changes.
type helped struct {
	Because string `json:"help_desk"`
}

// noteHelp puts the help desk's reason into an event of its.
func (e *Event) noteHelp(because string) {
	raw, _ := json.Marshal(helped{because}) // of text alone
	e.Data = string(raw)
}

// Because is the reason of an event that the help desk caused; empty for any
// other.
func (e Event) Because() string {
	var h helped
	if e.Data == "" || json.Unmarshal([]byte(e.Data), &h) != nil {
		return ""
	}
	return h.Because
}

// OpenPairing opens a set-up for a person, whatever they have; one who was
// never seen is added. The phones that they have go in the step that makes the
// new one active, all but those to keep: who has to ask for a link has lost them.
func (d HelpDesk) OpenPairing(ctx context.Context, user string, keep ...PhoneID) (Pairing, Secret, error) {
	token := NewSecret()
	p, err := d.open(ctx, user, keep, token)
	return p, token, err
}

// OpenPairingToEnter is OpenPairing for a browser without script: it returns an
// entry, see TokenOf.
func (d HelpDesk) OpenPairingToEnter(ctx context.Context, user string, keep ...PhoneID) (Pairing, Secret, error) {
	entry := NewSecret()
	p, err := d.open(ctx, user, keep, TokenOf(setUpPage, entry))
	return p, entry, err
}

func (d HelpDesk) open(ctx context.Context, user string, keep []PhoneID, token Secret) (Pairing, error) {
	p, err := d.service.AddPerson(ctx, user)
	if err != nil {
		return Pairing{}, err
	}
	e, err := d.service.EnrolmentOf(ctx, p.ID)
	if err != nil {
		return Pairing{}, err
	}
	g := Pairing{Person: p.ID, User: p.User}
	for _, phone := range e.Phones {
		if !slices.Contains(keep, phone.ID) {
			g.Removes = append(g.Removes, phone.ID)
		}
	}
	return d.service.open(ctx, g, token)
}

// Unlock lets a person have pushes and type codes again.
func (d HelpDesk) Unlock(ctx context.Context, id PersonID) error {
	return d.service.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		if err := store.SetPushLocked(ctx, id, false); err != nil {
			return nil, err
		}
		for _, of := range Guesses() {
			if err := store.EndTry(ctx, id, of); err != nil {
				return nil, err
			}
		}
		return []Event{{Kind: EventPersonUnlocked, Person: id}}, nil
	})
}

// NoteCaller puts into the trail that somebody on the line, who says to be a
// person, has shown to hold a phone of theirs, or why not.
func (d HelpDesk) NoteCaller(ctx context.Context, person PersonID, refused error) error {
	e := Event{Kind: EventCallerVerified, Person: person}
	if refused != nil {
		e.Kind, e.Detail = EventCallerRefused, refused.Error()
	}
	return d.service.note(ctx, e)
}

// RemovePhone removes a phone for good, and its TOTP secret with it.
func (d HelpDesk) RemovePhone(ctx context.Context, p Phone) error {
	return d.service.RemovePhone(ctx, p)
}

// RemoveAuthenticator removes an authenticator app of a person for good, and ends
// all of their trust in browsers; ErrNotFound where there is none of that id.
func (d HelpDesk) RemoveAuthenticator(ctx context.Context, person PersonID, id AuthenticatorID) error {
	return d.service.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		a, err := store.Authenticator(ctx, id)
		if err != nil {
			return nil, err
		}
		return []Event{{Kind: EventSecretRemoved, Person: person, Detail: addedOn(a.added())}},
			store.RemoveAuthenticator(ctx, person, id)
	})
}

// EndTrust is that of the service.
func (d HelpDesk) EndTrust(ctx context.Context, person PersonID, app ApplicationID, id TrustID) (int, error) {
	return d.service.EndTrust(ctx, person, app, id, Origin{})
}

// StopRecovery stops a running recovery of a person, with the set-up that was
// opened through it. stopped is false where it was over; ErrNotFound for
// another's.
func (d HelpDesk) StopRecovery(ctx context.Context, person PersonID, id RecoveryID) (stopped bool, err error) {
	return d.service.refuseRecovery(ctx, person, id, Phone{})
}
