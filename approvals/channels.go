package approvals

import (
	"context"
	"errors"
	"slices"
	"time"

	"countersign/enrolments"
)

// Somebody without phone and code shows on the waiting screen what else is
// theirs: a code that is sent to their backup address, or answers to their
// security questions. Neither ever settles a sign-in. It begins a recovery, with
// the wait that the policy asks after such a proof, and the approval at hand is
// withdrawn. What phones are told, and how they stop it, is as in every recovery.

// Channels is what these ways need of enrolments.
type Channels interface {
	OffersEmail() bool
	BeginRecoveryEmail(ctx context.Context, p enrolments.Person, approval, application string) (send func(context.Context) error, err error)
	SpendRecoveryEmail(ctx context.Context, person enrolments.PersonID, approval, typed string) error
	QuestionsOf(ctx context.Context, person enrolments.PersonID) ([]enrolments.QuestionID, error)
	CheckAnswers(ctx context.Context, person enrolments.PersonID, answers []enrolments.Secret) error
}

const (
	// maxLetters bounds the letters that are being sent at once.
	maxLetters = 256
	// letterLimit is how long a mail server may take for one.
	letterLimit = time.Minute
)

// offers are the ways to a new phone that the policy leaves to somebody in role
// and that they have set up.
func (s *Service) offers(e enrolments.Enrolment, p enrolments.Policy, role string) (out []Method) {
	for _, m := range enrolments.RecoveryPaths() {
		if _, ok := p.RecoveryAfter(m, role); ok && s.has(e, m) {
			out = append(out, m)
		}
	}
	return out
}

// offer notes what is offered on the waiting screen of a new approval.
func (s *Service) offer(n *New, e enrolments.Enrolment, p enrolments.Policy, role string) {
	n.Offers = s.offers(e, p, role)
	if slices.Contains(n.Offers, enrolments.MethodEmail) {
		n.EmailHint = enrolments.MaskEmail(e.BackupEmail)
	}
}

func (s *Service) has(e enrolments.Enrolment, m Method) bool {
	switch m {
	case ByTOTP:
		return e.Authenticators > 0
	case ByRecoveryCode:
		return e.RecoveryCodes > 0
	case enrolments.MethodEmail:
		return e.BackupEmail != "" && !e.PushLocked && s.config.People.OffersEmail()
	case enrolments.MethodQuestions:
		return e.Questions && !e.PushLocked
	}
	return false
}

// SendRecoveryEmail sends a code to the backup address of whoever waits. Whether
// there is one makes no difference that can be seen, nor does the mail server:
// the code is stored in any case, and a letter goes out in the background.
// enrolments.ErrNotOffered by the policy, ErrSettled, ErrLocked, ErrBusy,
// *enrolments.TooManyEmailsError.
func (s *Service) SendRecoveryEmail(ctx context.Context, app enrolments.Application, a Approval) error {
	if a.Final() {
		return ErrSettled
	}
	if _, err := s.recoverable(ctx, app, a, enrolments.MethodEmail); err != nil {
		return err
	}
	select {
	case s.letters <- struct{}{}:
	default:
		return ErrBusy
	}
	send, err := s.config.People.BeginRecoveryEmail(ctx, enrolments.Person{ID: a.Person, User: a.User}, string(a.ID), a.ApplicationName)
	if err != nil {
		<-s.letters
		return err
	}
	s.begin(func(life context.Context) {
		defer func() { <-s.letters }()
		ctx, done := context.WithTimeout(lent{life, ctx}, letterLimit)
		defer done()
		if err := send(ctx); err != nil {
			s.config.Log.Warn("a code for a new phone could not be sent by mail", "approval", string(a.ID), "error", err)
		}
	})
	return nil
}

// RecoverByEmail begins a recovery by the code that SendRecoveryEmail sent for
// the same approval. enrolments.ErrCodeWrong, ErrCodeExpired,
// *enrolments.BlockedError; else as RecoverByAnswers.
func (s *Service) RecoverByEmail(ctx context.Context, app enrolments.Application, a Approval, typed string) (enrolments.Recovery, enrolments.Secret, error) {
	return s.recover(ctx, app, a, enrolments.MethodEmail, func() error {
		return s.config.People.SpendRecoveryEmail(ctx, a.Person, string(a.ID), typed)
	})
}

// QuestionsFor are the security questions of whoever waits.
// enrolments.ErrNotOffered, ErrSettled, ErrLocked.
func (s *Service) QuestionsFor(ctx context.Context, app enrolments.Application, a Approval) ([]enrolments.QuestionID, error) {
	if _, err := s.recoverable(ctx, app, a, enrolments.MethodQuestions); err != nil {
		return nil, err
	}
	all, err := s.config.People.QuestionsOf(ctx, a.Person)
	return all, orNotOffered(err)
}

// RecoverByAnswers begins a recovery by answers to security questions, in their
// order. enrolments.ErrAnswersWrong, *enrolments.BlockedError,
// enrolments.ErrBusy; ErrNotOffered, ErrSettled, ErrLocked,
// enrolments.ErrFreshApproval for an approval that has begun one before.
func (s *Service) RecoverByAnswers(ctx context.Context, app enrolments.Application, a Approval, answers []enrolments.Secret) (enrolments.Recovery, enrolments.Secret, error) {
	return s.recover(ctx, app, a, enrolments.MethodQuestions, func() error {
		return orNotOffered(s.config.People.CheckAnswers(ctx, a.Person, answers))
	})
}

// orNotOffered says of what a person has not set up what is said of what the
// policy leaves out.
func orNotOffered(err error) error {
	if errors.Is(err, enrolments.ErrNotFound) {
		return enrolments.ErrNotOffered
	}
	return err
}

// recoverable returns how long a new phone has to wait that m lets in from the
// waiting screen of a. One that has run out still serves: mail takes longer than
// a sign-in lives, and nobody has said no to it. Whatever the approval was made
// under, the policy of now holds.
func (s *Service) recoverable(ctx context.Context, app enrolments.Application, a Approval, m Method) (time.Duration, error) {
	wait, ok := app.Policy.RecoveryAfter(m, a.Role)
	switch {
	case !ok || a.Purpose != ForSignIn && !slices.Contains(a.Offers, m): // of a change that adds no phone
		return 0, enrolments.ErrNotOffered
	case m == enrolments.MethodEmail && !s.config.People.OffersEmail():
		return 0, enrolments.ErrNotOffered
	case a.Final() && a.State != Expired:
		return 0, ErrSettled
	}
	_, err := s.unlocked(ctx, a.Person)
	return wait, err
}

// recover begins a recovery once prove has seen the proof.
func (s *Service) recover(ctx context.Context, app enrolments.Application, a Approval, m Method, prove func() error) (enrolments.Recovery, enrolments.Secret, error) {
	wait, err := s.recoverable(ctx, app, a, m)
	if err == nil {
		err = prove()
	}
	if err == nil {
		err = s.withdrawToRecover(ctx, a)
	}
	if err != nil {
		return enrolments.Recovery{}, enrolments.Secret{}, err
	}
	a.Method = m
	return s.beginRecovery(ctx, app, a, wait)
}

// withdrawToRecover takes the approval off the phones before the recovery
// begins: a phone that has meanwhile answered has the word.
func (s *Service) withdrawToRecover(ctx context.Context, a Approval) error {
	if a.State == Expired {
		return nil
	}
	stands, err := s.settle(ctx, a.ID, Settlement{State: Withdrawn, Reason: Recovering})
	if errors.Is(err, ErrSettled) && stands.State == Expired {
		return nil
	}
	return err
}
