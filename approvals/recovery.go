package approvals

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"countersign/enrolments"
)

// A recovery leads to a new phone without the old one. While it is under way
// each of the person's phones is asked about it: a notice, which is an approval
// of its own kind. Refusing it stops the recovery; approving it, with the number
// that the new phone's browser shows, ends the wait.
//
// A notice lives as long as an approval may and a recovery may wait for days: a
// phone that looks gets a new notice when there is none. Notices cost no push
// budget and no sign-in takes their place, so that nobody can hide a recovery
// behind a flood of sign-ins.

// noticeAction is what a phone says that it is asked about.
const noticeAction = "Add a new phone"

// How the nonces of notices begin; the recovery's id follows. The nonce is in
// every answer, so an answer cannot be about another recovery.
const notice, verifiedNotice = "r-", "ruv-"

// recoveryOf is the recovery that a nonce belongs to; false for a sign-in's.
func recoveryOf(nonce string) (enrolments.RecoveryID, bool) {
	rest, ok := strings.CutPrefix(nonce, verifiedNotice)
	if !ok {
		rest, ok = strings.CutPrefix(nonce, notice)
	}
	if !ok || len(rest) <= enrolments.IDSize {
		return "", false
	}
	return enrolments.RecoveryID(rest[:enrolments.IDSize]), true
}

// noticeFor is what takes the application's place in a notice: no application
// can have this name, and each recovery has its own.
func noticeFor(id enrolments.RecoveryID) enrolments.ApplicationID {
	return enrolments.ApplicationID("recovery:" + id)
}

// isNotice reports whether something is about a notice and no sign-in.
func isNotice(id enrolments.ApplicationID) bool { return strings.HasPrefix(string(id), "recovery:") }

// ErrLocked is enrolments.ErrLocked.
var ErrLocked = enrolments.ErrLocked

// BeginRecovery begins a recovery for the browser of an approval of a sign-in
// that a code approved less than five minutes ago; each serves once. The policy
// says whether such a code is enough and how long it has to wait. All of the
// person's phones are told. enrolments.ErrFreshApproval, ErrNotOffered, ErrLocked.
func (s *Service) BeginRecovery(ctx context.Context, app enrolments.Application, a Approval) (enrolments.Recovery, enrolments.Secret, error) {
	if a.Purpose != ForSignIn {
		return enrolments.Recovery{}, enrolments.Secret{}, enrolments.ErrFreshApproval
	}
	return s.recoverByCode(ctx, app, a)
}

func (s *Service) recoverByCode(ctx context.Context, app enrolments.Application, a Approval) (enrolments.Recovery, enrolments.Secret, error) {
	byCode := a.Method == ByTOTP || a.Method == ByRecoveryCode
	if a.State != Approved || !byCode || a.AsOf.Sub(a.Settled) >= freshFor {
		return enrolments.Recovery{}, enrolments.Secret{}, enrolments.ErrFreshApproval
	}
	wait, ok := app.Policy.RecoveryAfter(a.Method, a.Role)
	if !ok {
		return enrolments.Recovery{}, enrolments.Secret{}, enrolments.ErrNotOffered
	}
	return s.beginRecovery(ctx, app, a, wait)
}

// beginRecovery begins a recovery by a.Method, whose proof was seen.
func (s *Service) beginRecovery(ctx context.Context, app enrolments.Application, a Approval, wait time.Duration) (enrolments.Recovery, enrolments.Secret, error) {
	e, err := s.unlocked(ctx, a.Person)
	if err == nil {
		err = s.spendOnce(ctx, a.ID)
	}
	if err != nil {
		return enrolments.Recovery{}, enrolments.Secret{}, err
	}
	r, token, err := s.config.People.BeginRecovery(ctx, recoveryBy(app, a), wait)
	if err != nil {
		return enrolments.Recovery{}, enrolments.Secret{}, err
	}
	s.tell(ctx, r, e, app.Policy)
	return r, token, nil
}

// unlocked is what a person has; ErrLocked for one whose pushes are locked, for
// their phones could not stop a recovery.
func (s *Service) unlocked(ctx context.Context, person enrolments.PersonID) (enrolments.Enrolment, error) {
	e, err := s.config.Record.EnrolmentOf(ctx, person)
	if err == nil && e.PushLocked {
		err = ErrLocked
	}
	return e, err
}

func recoveryBy(app enrolments.Application, a Approval) enrolments.Recovery {
	from := a.origin()
	r := enrolments.Recovery{
		Person: a.Person, User: a.User, Application: app.ID, ApplicationName: app.Name, Method: a.Method,
		Browser: from.Browser, Location: from.Location, IP: from.IP,
	}
	if a.Purpose == ForSignIn { // a change comes back to a page that is soon closed
		r.ReturnURL = a.ReturnURL
	}
	return r
}

// origin is whence the approval was asked for, as phones were shown it.
func (a Approval) origin() enrolments.Origin {
	var shown display
	_ = json.Unmarshal([]byte(a.Display), &shown) // ours; without it phones show less
	return enrolments.Origin{Browser: shown.Browser, Location: shown.Location, IP: shown.IP}
}

// tell rings the person's phones about a recovery. Where that fails they are
// told when they next look.
func (s *Service) tell(ctx context.Context, r enrolments.Recovery, e enrolments.Enrolment, p enrolments.Policy) {
	if len(e.Phones) == 0 {
		return
	}
	a, err := s.notify(ctx, r, e, p)
	if err != nil {
		s.config.Log.Warn("phones could not be told of a recovery yet", "recovery", string(r.ID), "error", err)
		return
	}
	s.wake(ctx, a, e.Phones)
}

// notify makes the notice of a recovery.
func (s *Service) notify(ctx context.Context, r enrolments.Recovery, e enrolments.Enrolment, p enrolments.Policy) (Approval, error) {
	n, err := s.build(enrolments.Application{ID: noticeFor(r.ID), Name: r.ApplicationName, Policy: p}, e, Request{
		TTL:     enrolments.MaxTTL,
		Context: Context{IP: r.IP, Location: r.Location, Browser: r.Browser, Action: noticeAction},
		Seed:    enrolments.NewSecret().Hash(), // nobody holds its waiting token
	})
	if err != nil {
		return Approval{}, err
	}
	prefix := notice
	if p.RequireVerification {
		prefix = verifiedNotice
	}
	n.Nonce = prefix + string(r.ID) + "-" + newNonce()
	n.CodeOnly, n.Barred, n.Takes, n.Budget = false, "", []Method{ByPush}, Budget{}
	n.TrustFor, n.Role, n.Offers, n.EmailHint = 0, "", nil, ""
	created, err := s.config.Store.Create(ctx, n)
	return created.Approval, err
}

// remind makes the notices that phone should see and does not: list is what it
// is asked now. It reports whether it made one.
func (s *Service) remind(ctx context.Context, phone enrolments.KnownPhone, list []Approval) (bool, error) {
	running, err := s.config.People.RunningRecoveries(ctx, phone.Person)
	if err != nil || len(running) == 0 {
		return false, err
	}
	e, err := s.config.Record.EnrolmentOf(ctx, phone.Person)
	if err != nil {
		return false, err
	}
	made := false
	for _, r := range running {
		if slices.ContainsFunc(list, func(a Approval) bool { id, ok := recoveryOf(a.Nonce); return ok && id == r.ID }) {
			continue
		}
		app, err := s.config.People.Application(ctx, r.Application)
		if err != nil {
			return made, err
		}
		if _, err := s.notify(ctx, r, e, app.Policy); err != nil {
			return made, err
		}
		made = true
	}
	return made, nil
}

// NumberOf is what a phone has to be told to end the wait of a recovery, and
// until when; empty while no phone is asked.
func (s *Service) NumberOf(ctx context.Context, r enrolments.Recovery) (string, time.Time, error) {
	if r.State != enrolments.RecoveryWaiting {
		return "", time.Time{}, nil
	}
	a, err := s.noticeOf(ctx, r.Person, r.ID)
	return a.Number, a.Expires, err
}

// noticeOf is the notice of a recovery that is pending now; the zero Approval
// where there is none.
func (s *Service) noticeOf(ctx context.Context, person enrolments.PersonID, id enrolments.RecoveryID) (Approval, error) {
	e, err := s.config.Record.EnrolmentOf(ctx, person)
	if err != nil {
		return Approval{}, err
	}
	for _, phone := range e.Phones {
		list, err := s.config.Store.PendingFor(ctx, person, phone.ID)
		if err != nil {
			return Approval{}, err
		}
		for _, a := range list {
			if of, ok := recoveryOf(a.Nonce); ok && of == id {
				return a, nil
			}
		}
	}
	return Approval{}, nil
}

// refused stops the recovery that a phone's answer refuses, before the notice
// is settled: what was refused must never go on because a step was lost.
func (s *Service) refused(ctx context.Context, phone enrolments.KnownPhone, a Answer) error {
	id, ok := recoveryOf(a.Nonce)
	if !ok || a.Decision == Approve {
		return nil
	}
	err := s.config.People.RefuseRecovery(ctx, id, phone.Phone)
	if errors.Is(err, enrolments.ErrNotFound) {
		return ErrMismatch
	}
	return err
}

// allowed ends the wait of the recovery whose notice was approved. Where that
// step is lost the wait goes on.
func (s *Service) allowed(ctx context.Context, phone enrolments.KnownPhone, settled Approval) {
	id, ok := recoveryOf(settled.Nonce)
	if !ok || settled.State != Approved {
		return
	}
	if err := s.config.People.AllowRecovery(ctx, id, phone.Phone); err != nil {
		s.config.Log.Warn("the wait of a recovery could not be ended", "recovery", string(id), "error", err)
	}
}
