package approvals

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"countersign/enrolments"
)

// historyLength is how many sign-ins a person is shown.
const historyLength = 20

// SignIn is how one sign-in or change ended, for the question "was this me?".
type SignIn struct {
	Approval    ID
	Application string
	// Purpose and Action say what it was for; a change has its action in words.
	Purpose Purpose
	Action  string
	At      time.Time
	State   State
	Reason  Reason
	Method  Method
	// Phone settled it, by the name it had; empty when none did.
	Phone     enrolments.PhoneID
	PhoneName string
	// Verified says that the phone verified its person for its answer.
	Verified              bool
	Browser, Location, IP string
}

// ending is what the audit trail keeps of a settled approval for programs. The
// names are stored: they never change.
type ending struct {
	State     State   `json:"state"`
	Reason    Reason  `json:"reason,omitempty"`
	Method    Method  `json:"method,omitempty"`
	Purpose   Purpose `json:"purpose,omitempty"`
	PhoneName string  `json:"phone_name,omitempty"`
	Verified  bool    `json:"verified,omitempty"`
	Shown     display `json:"shown"`
}

// endingOf is an approval's ending as JSON; empty for one that was known by
// its id alone.
func endingOf(a Approval, verified bool) string {
	e := ending{Purpose: a.Purpose, State: a.State, Reason: a.Reason, Method: a.Method, Verified: verified}
	if json.Unmarshal([]byte(a.Display), &e.Shown) != nil {
		return ""
	}
	if a.Purpose == ForCaller {
		e.Shown.Reference = "" // the number, which no trail holds
	}
	for _, p := range a.Phones {
		if p.ID == a.SettledBy {
			e.PhoneName = p.Name
		}
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return ""
	}
	return string(raw)
}

// History returns how a person's newest sign-ins and changes ended, newest first,
// at most twenty.
func (s *Service) History(ctx context.Context, person enrolments.PersonID) ([]SignIn, error) {
	return HistoryIn(ctx, s.config.Record, person)
}

// Trail is the audit trail, to be read.
type Trail interface {
	Events(ctx context.Context, f enrolments.EventFilter) ([]enrolments.Event, error)
}

// HistoryIn is History for who has the trail and no Service.
func HistoryIn(ctx context.Context, trail Trail, person enrolments.PersonID) ([]SignIn, error) {
	events, err := trail.Events(ctx, enrolments.EventFilter{
		Person: person, Kind: enrolments.EventApprovalSettled, Limit: historyLength,
	})
	if err != nil {
		return nil, err
	}
	out := make([]SignIn, 0, len(events))
	for _, event := range events {
		if event.Data == "" || isNotice(event.Application) {
			continue
		}
		var e ending
		if err := json.Unmarshal([]byte(event.Data), &e); err != nil {
			return nil, fmt.Errorf("audit trail: approval %s: %w", event.Approval, err)
		}
		if e.Purpose == ForCaller {
			continue
		}
		out = append(out, SignIn{
			Approval: ID(event.Approval), Application: e.Shown.Application, At: event.At, Purpose: e.Purpose, Action: e.Shown.Action,
			State: e.State, Reason: e.Reason, Method: e.Method,
			Phone: event.Phone, PhoneName: e.PhoneName, Verified: e.Verified,
			Browser: e.Shown.Browser, Location: e.Shown.Location, IP: e.Shown.IP,
		})
	}
	return out, nil
}
