package enrolments

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var (
	// ErrNotOffered is returned for what this server or the application's policy
	// does not offer, or the person has not set up.
	ErrNotOffered = errors.New("this is not offered here")
	// ErrSameMailbox is returned for a backup address whose mailbox is the one
	// that the person signs in with: whoever has that one would have both.
	ErrSameMailbox = errors.New("that mailbox is the one that is signed in with")
	// ErrCodeExpired is returned for a code that was sent and is not good any
	// more: it is spent, out of time, out of tries or replaced by a newer one.
	ErrCodeExpired = errors.New("the code is not good any more")
	// ErrUnsent is returned when the mail server has not taken a letter.
	ErrUnsent = errors.New("the mail could not be sent")
)

// TooManyEmailsError is returned when a person was sent EmailCodesAnHour.
type TooManyEmailsError struct {
	// Until is when the next one may be sent.
	Until time.Time
}

func (e *TooManyEmailsError) Error() string {
	return "no more codes by mail until " + e.Until.UTC().Format(time.RFC3339)
}

// OffersEmail reports whether this server sends mail.
func (s *Service) OffersEmail() bool { return s.config.Post != nil }

// BackupEmail returns a person's backup address; ErrNotFound where there is
// none.
func (s *Service) BackupEmail(ctx context.Context, person PersonID) (Email, error) {
	return s.config.Store.BackupEmail(ctx, person)
}

// BeginEmail sends a code to what shall be a person's backup address, and
// returns that as ParseEmail gives it. Whether they may set one, the caller has
// seen. ErrNotOffered, ErrInvalid, ErrSameMailbox, *TooManyEmailsError,
// ErrUnsent.
func (s *Service) BeginEmail(ctx context.Context, p Person, purpose EmailPurpose, address, language string) (sentTo string, err error) {
	if address, language, err = s.checkEmail(p, address, language); err != nil {
		return "", err
	}
	letter, err := s.writeCode(ctx, p, purpose, Email{Address: address, Language: language}, true)
	if err != nil {
		return "", err
	}
	return address, s.send(ctx, p, letter)
}

// checkEmail reads what shall be a person's backup address.
func (s *Service) checkEmail(p Person, address, language string) (_, _ string, err error) {
	if !s.OffersEmail() {
		return "", "", ErrNotOffered
	}
	if address, err = ParseEmail(address); err != nil {
		return "", "", err
	}
	if language, err = parseLanguage(language); err != nil {
		return "", "", err
	}
	if user, err := ParseEmail(p.User); err == nil && SameMailbox(user, address) {
		return "", "", ErrSameMailbox
	}
	return address, language, nil
}

// writeCode stores a fresh code for an address and puts it in a letter; set says
// that the address becomes the person's when the code is typed.
func (s *Service) writeCode(ctx context.Context, p Person, purpose EmailPurpose, to Email, set bool) (Letter, error) {
	code, err := newEmailCode()
	if err != nil {
		return Letter{}, err
	}
	now := s.now()
	stored := EmailCode{
		ID: NewID[string](), Person: p.ID, Purpose: purpose, Code: emailHash(p.ID, purpose, code), SentAt: now,
	}
	if set {
		stored.Address, stored.Language = to.Address, to.Language
	}
	if to.Address == "" {
		stored.Code = NewSecret().Hash() // goes nowhere, and is no six digits
	}
	if err := s.config.Store.AddEmailCode(ctx, stored); err != nil {
		return Letter{}, err
	}
	return Letter{Kind: LetterCode, To: to.Address, Language: to.Language, User: p.User, Code: SecretOf(code), At: now}, nil
}

// send hands a letter with a code to the post.
func (s *Service) send(ctx context.Context, p Person, l Letter) error {
	if err := s.config.Post.Send(ctx, l); err != nil {
		return fmt.Errorf("%w: %w", ErrUnsent, err)
	}
	return s.note(ctx, Event{Kind: EventEmailCodeSent, Person: p.ID, Detail: MaskEmail(l.To)})
}

// ConfirmEmail takes the code that BeginEmail sent for the same purpose, and
// makes its address the person's. ErrCodeWrong, ErrCodeExpired, *BlockedError.
func (s *Service) ConfirmEmail(ctx context.Context, p Person, purpose EmailPurpose, typed string) (Email, error) {
	spent, err := s.spendEmailCode(ctx, p.ID, purpose, typed, EmailSpent.set)
	return spent.Email, err
}

// set tells of the address that a code has set.
func (s EmailSpent) set(person PersonID) []Event {
	return []Event{{Kind: EventEmailSet, Person: person, Detail: MaskEmail(s.Email.Address), Tell: s.replaced()}}
}

// spendEmailCode counts the try before it looks. tell is what is told of a code
// that was right.
func (s *Service) spendEmailCode(ctx context.Context, person PersonID, purpose EmailPurpose, typed string, tell func(EmailSpent, PersonID) []Event) (spent EmailSpent, err error) {
	err = s.try(ctx, person, GuessEmail, s.config.CodeLimits, func(now time.Time) error {
		code, err := parseEmailCode(typed)
		if err != nil {
			return err
		}
		return s.actEven(ctx, ErrCodeWrong, func(ctx context.Context, store Store) (_ []Event, err error) {
			spent, err = store.SpendEmailCode(ctx, person, purpose, emailHash(person, purpose, code), now)
			if err != nil {
				return nil, err
			}
			return tell(spent, person), nil
		})
	})
	if errors.Is(err, ErrCodeWrong) || errors.Is(err, ErrCodeExpired) {
		err = errors.Join(err, s.note(ctx, Event{Kind: EventEmailCodeWrong, Person: person}))
	}
	if err != nil {
		return EmailSpent{}, err
	}
	return spent, nil
}

// BeginRecoveryEmail makes a code for the waiting screen of an approval and
// returns what sends it to the person's backup address. For a person who has
// none it does the same, and nothing is sent. ErrNotOffered,
// *TooManyEmailsError.
func (s *Service) BeginRecoveryEmail(ctx context.Context, p Person, approval, application string) (send func(context.Context) error, err error) {
	if !s.OffersEmail() {
		return nil, ErrNotOffered
	}
	to, err := s.config.Store.BackupEmail(ctx, p.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	letter, err := s.writeCode(ctx, p, recoveryPurpose(approval), to, false)
	if err != nil {
		return nil, err
	}
	letter.Application = application
	return func(ctx context.Context) error {
		if letter.To == "" {
			return nil
		}
		return s.send(ctx, p, letter)
	}, nil
}

// SpendRecoveryEmail takes the code of an approval's waiting screen, once.
// ErrCodeWrong, ErrCodeExpired, *BlockedError.
func (s *Service) SpendRecoveryEmail(ctx context.Context, person PersonID, approval, typed string) error {
	nothing := func(EmailSpent, PersonID) []Event { return nil } // the recovery is told of
	_, err := s.spendEmailCode(ctx, person, recoveryPurpose(approval), typed, nothing)
	return err
}

// RemoveEmail forgets a person's backup address; ErrNotFound.
func (s *Service) RemoveEmail(ctx context.Context, person PersonID) error {
	return s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		e, err := store.RemoveEmail(ctx, person)
		return []Event{{Kind: EventEmailRemoved, Person: person, Detail: MaskEmail(e.Address), Tell: []Email{e}}}, err
	})
}

// BeginSetUpEmail is BeginEmail for the holder of a set-up that has confirmed
// something; ErrPairingSettled for one that has not, or is over.
func (s *Service) BeginSetUpEmail(ctx context.Context, p Pairing, address, language string) (sentTo string, err error) {
	if !p.Confirmed() || p.over(s.now()) {
		return "", ErrPairingSettled
	}
	return s.BeginEmail(ctx, p.person(), setUpPurpose(p.ID), address, language)
}

// ConfirmSetUpEmail is ConfirmEmail for the same set-up. Mail takes its time: a
// code that was asked for in time may come a little after.
func (s *Service) ConfirmSetUpEmail(ctx context.Context, p Pairing, typed string) (Email, error) {
	if !p.Confirmed() || p.State == PairingRefused {
		return Email{}, ErrPairingSettled
	}
	return s.ConfirmEmail(ctx, p.person(), setUpPurpose(p.ID), typed)
}

func (p Pairing) person() Person { return Person{ID: p.Person, User: p.User} }
