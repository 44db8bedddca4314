package enrolments

import (
	"context"
	"errors"
	"slices"
	"time"
)

// ErrAnswersWrong is returned for answers of which too few are right. Which, is
// not told.
var ErrAnswersWrong = errors.New("the answers are wrong")

// QuestionsOf returns the questions that a person has answered, in their order;
// ErrNotFound.
func (s *Service) QuestionsOf(ctx context.Context, person PersonID) ([]QuestionID, error) {
	stored, err := s.config.Store.Answers(ctx, person)
	if err != nil {
		return nil, err
	}
	var out []QuestionID
	for _, a := range stored {
		out = append(out, a.Question)
	}
	return out, nil
}

// SetQuestions replaces a person's security questions. Whether they may, the
// caller has seen. ErrInvalid, ErrBusy.
func (s *Service) SetQuestions(ctx context.Context, p Person, all []QuestionAnswer) error {
	folded, err := checkAnswers(p.User, all)
	if err != nil {
		return err
	}
	hashes, err := s.kitchen.hash(ctx, p.ID, all, folded)
	if err != nil {
		return err
	}
	return s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		return []Event{{Kind: EventQuestionsSet, Person: p.ID}}, store.SetAnswers(ctx, p.ID, hashes, s.now())
	})
}

// RemoveQuestions forgets a person's security questions; ErrNotFound.
func (s *Service) RemoveQuestions(ctx context.Context, person PersonID) error {
	return s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		return []Event{{Kind: EventQuestionsRemoved, Person: person}}, store.RemoveAnswers(ctx, person)
	})
}

// SetSetUpQuestions is SetQuestions for the holder of a set-up that has
// confirmed something; ErrPairingSettled for one that has not, or is over,
// ErrNotOffered by the policy.
func (s *Service) SetSetUpQuestions(ctx context.Context, p Pairing, all []QuestionAnswer) error {
	if !p.Confirmed() || p.over(s.now()) {
		return ErrPairingSettled
	}
	app, err := s.OpenedFor(ctx, p.Application)
	if err == nil && !slices.Contains(app.Policy.RecoveryPaths, MethodQuestions) {
		err = ErrNotOffered
	}
	if err != nil {
		return err
	}
	return s.SetQuestions(ctx, p.person(), all)
}

// CheckAnswers looks at answers to a person's questions, in their order. The try
// is counted before it is looked at. ErrAnswersWrong, *BlockedError, ErrBusy,
// ErrNotFound for a person who has none.
func (s *Service) CheckAnswers(ctx context.Context, person PersonID, answers []Secret) error {
	stored, err := s.config.Store.Answers(ctx, person)
	if err != nil {
		return err
	}
	err = s.try(ctx, person, GuessAnswers, answerLimits, func(time.Time) error {
		folded := make([]string, len(stored))
		for i := range stored {
			if i < len(answers) {
				folded[i] = foldAnswer(answers[i].Reveal())
			}
		}
		right, err := s.kitchen.right(ctx, person, stored, folded)
		if err == nil && (right < QuestionsRight || len(answers) != len(stored)) {
			err = ErrAnswersWrong
		}
		return err
	})
	if errors.Is(err, ErrAnswersWrong) {
		err = errors.Join(err, s.note(ctx, Event{Kind: EventQuestionsWrong, Person: person}))
	}
	return err
}
