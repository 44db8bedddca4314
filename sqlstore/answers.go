package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"countersign/enrolments"
)

// answerRow is the hash of an answer as JSON, before the set is sealed.
type answerRow struct {
	Question enrolments.QuestionID `json:"question"`
	Salt     []byte                `json:"salt"`
	Hash     []byte                `json:"hash"`
}

// Answers implements enrolments.QuestionStore.
func (s *Store) Answers(ctx context.Context, id enrolments.PersonID) ([]enrolments.AnswerHash, error) {
	var sealed []byte
	if err := s.read().one(ctx, `SELECT answers FROM security_questions WHERE person_id = $1`, []any{string(id)}, &sealed); err != nil {
		return nil, err
	}
	raw, err := s.keys.Open(sealed, placeOf("security_questions", "answers", string(id)))
	if err != nil {
		return nil, fmt.Errorf("answers of person %s: %w", id, err)
	}
	var rows []answerRow
	if err := json.Unmarshal(raw, &rows); err != nil {
		return nil, fmt.Errorf("answers of person %s: not readable", id)
	}
	out, err := answersOf(rows)
	if err != nil {
		return nil, fmt.Errorf("answers of person %s: %w", id, err)
	}
	return out, nil
}

func answersOf(rows []answerRow) (out []enrolments.AnswerHash, err error) {
	for _, r := range rows {
		if len(r.Salt) != 16 || len(r.Hash) != 32 {
			return nil, errors.New("not readable")
		}
		out = append(out, enrolments.AnswerHash{Question: r.Question, Salt: [16]byte(r.Salt), Hash: [32]byte(r.Hash)})
	}
	return out, nil
}

func answerRowsOf(answers []enrolments.AnswerHash) (rows []answerRow) {
	for _, a := range answers {
		rows = append(rows, answerRow{a.Question, a.Salt[:], a.Hash[:]})
	}
	return rows
}

// SetAnswers implements enrolments.QuestionStore.
func (s *Store) SetAnswers(ctx context.Context, id enrolments.PersonID, answers []enrolments.AnswerHash, now time.Time) error {
	return s.write(ctx, func(ctx context.Context, db session) error {
		return s.setAnswers(ctx, db, id, answers, now)
	})
}

// setAnswers replaces the person's answers, and forgets the wrong ones to those
// before.
func (s *Store) setAnswers(ctx context.Context, db session, id enrolments.PersonID, answers []enrolments.AnswerHash, now time.Time) error {
	raw, err := json.Marshal(answerRowsOf(answers))
	if err != nil {
		return err
	}
	if err := db.must(ctx, enrolments.ErrNotFound, counts[enrolments.GuessAnswers].end, string(id)); err != nil {
		return err
	}
	_, err = db.exec(ctx, `INSERT INTO security_questions (person_id, answers, set_at) VALUES ($1, $2, $3)
		ON CONFLICT (person_id) DO UPDATE SET answers = excluded.answers, set_at = excluded.set_at`,
		string(id), s.keys.Seal(raw, placeOf("security_questions", "answers", string(id))), micros(now))
	return err
}

const removeAnswers = `DELETE FROM security_questions WHERE person_id = $1`

// RemoveAnswers implements enrolments.QuestionStore.
func (s *Store) RemoveAnswers(ctx context.Context, id enrolments.PersonID) error {
	return s.must(ctx, removeAnswers, string(id))
}
