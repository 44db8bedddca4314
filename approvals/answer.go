package approvals

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"countersign/enrolments"
	"countersign/internal/jws"
)

// AnswerType is the type of a signed answer.
const AnswerType = "countersign-answer+jwt"

// answerClaims are the claims of an answer. Number is a pointer since only an
// approving answer may have the member.
type answerClaims struct {
	Iss      string   `json:"iss"`
	Aud      string   `json:"aud"`
	Txn      string   `json:"txn"`
	Nonce    string   `json:"nonce"`
	Decision Decision `json:"decision"`
	Number   *string  `json:"number,omitempty"`
	Dsp      string   `json:"dsp"`
	UV       bool     `json:"uv,omitempty"`
	Iat      int64    `json:"iat"`
}

// Answer settles by a phone's signed answer. ErrNumberWrong and ErrSettled
// come with the approval as it stands; else ErrSignature, ErrAlgorithm,
// ErrAudience, ErrClock, ErrMismatch, ErrDisplay, ErrVerification, ErrReplayed, ErrNotFound.
func (s *Service) Answer(ctx context.Context, phone enrolments.KnownPhone, id ID, token string) (Approval, error) {
	a, err := s.verifyAnswer(phone.Phone, id, token)
	// Somebody else's approval lies in another slot, or does not name the
	// phone; both read as not found.
	if err == nil && id.Slot() != SlotOf(phone.Person) {
		err = ErrNotFound
	}
	if err != nil {
		// A proof is for one use whatever becomes of its answer; that of a
		// good answer is spent in the store's own step.
		if replayed := s.SpendProof(ctx, phone); replayed != nil {
			return Approval{}, replayed
		}
		return Approval{}, err
	}
	a.Proof = phone.ProofID
	if err := s.refused(ctx, phone, a); err != nil {
		return Approval{}, err
	}
	if err := s.lock(ctx, phone, id, a); err != nil {
		return Approval{}, err
	}
	settled, err := s.config.Store.Answer(ctx, id, a)
	s.answered(ctx, phone, a, settled, err)
	return settled, err
}

// verifyAnswer checks all that can be checked without the approval.
func (s *Service) verifyAnswer(phone enrolments.Phone, id ID, token string) (Answer, error) {
	header, payload, err := jws.Verify(token, phone.Key, AnswerType)
	switch {
	case errors.Is(err, jws.ErrAlgorithm):
		return Answer{}, ErrAlgorithm
	case err != nil:
		return Answer{}, ErrSignature
	}
	var c answerClaims
	if err := jws.Claims(payload, &c); err != nil {
		return Answer{}, ErrMismatch
	}
	switch {
	case header.Kid != string(phone.ID) || c.Iss != string(phone.ID):
		return Answer{}, ErrMismatch
	case c.Aud != s.config.PublicURL:
		return Answer{}, ErrAudience
	case !enrolments.Near(c.Iat, s.now()):
		return Answer{}, ErrClock
	case c.Txn != string(id):
		return Answer{}, ErrMismatch
	case !c.wellFormed():
		return Answer{}, ErrMismatch
	case c.Decision == Approve && NeedsVerification(c.Nonce) && !c.UV:
		return Answer{}, ErrVerification
	}
	a := Answer{Phone: phone.ID, Nonce: c.Nonce, Display: c.Dsp, Decision: c.Decision, Digest: hashText(string(payload)), Verified: c.UV}
	if c.Number != nil {
		a.Number = *c.Number
	}
	return a, nil
}

func (c answerClaims) wellFormed() bool {
	if !slices.Contains([]Decision{Approve, Deny, Report}, c.Decision) {
		return false
	}
	if c.Decision != Approve {
		return c.Number == nil
	}
	if withoutNumber(c.Nonce) {
		return c.Number == nil
	}
	return c.Number != nil && len(*c.Number) >= 1 && len(*c.Number) <= 6 && strings.Trim(*c.Number, "0123456789") == ""
}

// lock holds pushes back after "it wasn't me", until an administrator unlocks the
// person, and tells of the report in the same step. It comes before the approval
// is settled: a phone that was told "reported" does not say so again where the
// lock was lost. What it has reported before, and was told of, locks nothing anew.
// A report counts also where it came too late: whoever floods a person with
// sign-ins replaces each by the next.
func (s *Service) lock(ctx context.Context, phone enrolments.KnownPhone, id ID, answer Answer) error {
	if answer.Decision != Report {
		return nil
	}
	a, err := s.config.Store.Read(ctx, id)
	known := a.Reason == Reported && a.SettledBy == phone.ID
	switch {
	case errors.Is(err, ErrNotFound), err == nil && (known || !a.isAbout(phone.ID, answer)):
		return nil // the store says what is wrong with it
	case err != nil:
		return err
	}
	s.config.Log.Warn("a sign-in was reported as not the person's own",
		"approval", string(id), "application", string(a.Application), "person", string(a.Person))
	return s.config.People.LockPush(ctx, a.about(enrolments.Event{
		Kind: enrolments.EventApprovalReported, Phone: phone.ID, Detail: "reported as not the person's own",
	}.From(a.origin())))
}

// isAbout reports whether an answer is to what that phone was asked.
func (a Approval) isAbout(phone enrolments.PhoneID, answer Answer) bool {
	return a.Asked(phone) && a.Nonce == answer.Nonce && a.DisplayHash() == answer.Display
}

// answered notes what an answer did.
func (s *Service) answered(ctx context.Context, phone enrolments.KnownPhone, a Answer, settled Approval, err error) {
	ctx, done := after(ctx)
	defer done()
	if errors.Is(err, ErrNumberWrong) {
		s.audit(ctx, settled, enrolments.EventNumberWrong, phone.ID, "")
	}
	// The same answer sent again is answered again, not noted again.
	taken := err == nil || errors.Is(err, ErrNumberWrong)
	if taken && settled.Final() && settled.JustSettled() {
		s.auditEnding(ctx, settled, a.Verified)
		s.allowed(ctx, phone, settled)
		if err := s.config.People.UsedPhone(ctx, phone.ID); err != nil {
			s.config.Log.Warn("use of a phone could not be noted", "phone", string(phone.ID), "error", err)
		}
	}
}

// Seen notes that the person has opened the approval on a phone.
func (s *Service) Seen(ctx context.Context, phone enrolments.KnownPhone, id ID) error {
	if id.Slot() != SlotOf(phone.Person) {
		return ErrNotFound
	}
	return s.config.Store.NoteSeen(ctx, id, phone.ID)
}

// PendingFor returns what a phone is asked now, newest first. With wait it
// returns once there is something, or after that time.
func (s *Service) PendingFor(ctx context.Context, phone enrolments.KnownPhone, wait time.Duration) ([]Approval, error) {
	list, err := s.askedOf(ctx, phone)
	if err != nil || len(list) > 0 || wait == 0 {
		return list, err
	}
	woken := make(chan struct{}, 1)
	stop, err := s.config.Store.WatchPerson(ctx, phone.Person, func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return nil, err
	}
	defer stop()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		// Read after subscribing: nothing falls between.
		list, err := s.config.Store.PendingFor(ctx, phone.Person, phone.ID)
		if err != nil || len(list) > 0 {
			return list, err
		}
		select {
		case <-woken:
		case <-timer.C:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// askedOf is what a phone is asked now, recoveries included.
func (s *Service) askedOf(ctx context.Context, phone enrolments.KnownPhone) ([]Approval, error) {
	list, err := s.config.Store.PendingFor(ctx, phone.Person, phone.ID)
	if err != nil {
		return nil, err
	}
	made, err := s.remind(ctx, phone, list)
	if err != nil {
		s.config.Log.Warn("a phone could not be told of a recovery", "phone", string(phone.ID), "error", err)
	}
	if !made {
		return list, nil
	}
	return s.config.Store.PendingFor(ctx, phone.Person, phone.ID)
}

// SpendProof refuses the second use of a phone's proof.
func (s *Service) SpendProof(ctx context.Context, phone enrolments.KnownPhone) error {
	return s.config.Store.SpendProof(ctx, phone.Person, phone.ProofID)
}
