package enrolmentstest

import (
	"testing"

	"countersign/enrolments"
)

// answers are three hashes that of no others are.
func answers(seed string) (out []enrolments.AnswerHash) {
	for _, q := range enrolments.Questions()[:enrolments.QuestionsSet] {
		h := key(seed + string(q))
		out = append(out, enrolments.AnswerHash{Question: q, Salt: [16]byte(h[:16]), Hash: h})
	}
	return out
}

var questions = []promise{
	{"answers come back as they were set, and are a person's own", func(t *testing.T, f *fixture) {
		p, other := f.person(t), f.person(t)
		ok(t, f.store.SetAnswers(t.Context(), p.ID, answers("1"), present()))
		got, err := f.store.Answers(t.Context(), p.ID)
		ok(t, err)
		same(t, got, answers("1"))
		_, err = f.store.Answers(t.Context(), other.ID)
		is(t, err, enrolments.ErrNotFound)
		ok(t, f.store.SetAnswers(t.Context(), p.ID, answers("2"), present()))
		got, err = f.store.Answers(t.Context(), p.ID)
		ok(t, err)
		same(t, got, answers("2"))
	}},
	{"new answers forget the wrong guesses at the old ones, and at nothing else", func(t *testing.T, f *fixture) {
		p := f.person(t)
		limits := enrolments.DefaultCodeLimits()
		for _, of := range enrolments.Guesses() {
			_, err := f.store.BeginTry(t.Context(), p.ID, of, limits, present())
			ok(t, err)
		}
		ok(t, f.store.SetAnswers(t.Context(), p.ID, answers("1"), present()))
		for of, want := range map[enrolments.Guess]int{enrolments.GuessAnswers: 0, enrolments.GuessCode: 1, enrolments.GuessEmail: 1} {
			n, _, err := f.store.Failures(t.Context(), p.ID, of)
			ok(t, err)
			same(t, n, want)
		}
	}},
	{"answers are removed once", func(t *testing.T, f *fixture) {
		p := f.person(t)
		ok(t, f.store.SetAnswers(t.Context(), p.ID, answers("1"), present()))
		oneWins(t, atOnce(func(int) error { return f.store.RemoveAnswers(t.Context(), p.ID) }), enrolments.ErrNotFound)
		_, err := f.store.Answers(t.Context(), p.ID)
		is(t, err, enrolments.ErrNotFound)
	}},
	{"answers of nobody are not found", func(t *testing.T, f *fixture) {
		is(t, f.store.SetAnswers(t.Context(), "nobody", answers("1"), present()), enrolments.ErrNotFound)
		is(t, f.store.RemoveAnswers(t.Context(), "nobody"), enrolments.ErrNotFound)
		_, err := f.store.Answers(t.Context(), "nobody")
		is(t, err, enrolments.ErrNotFound)
	}},
}
