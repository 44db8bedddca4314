package enrolments

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// QuestionID names a security question. Its words stand with the pages; the
// values are stored and never change.
type QuestionID string

// questions are all there are, each with the words, in the languages of the
// pages, that would be no answer to it. They ask for what stands in no register
// and on no profile, has many answers, and does not change.
var questions = []struct {
	id    QuestionID
	words string
}{
	{"cuddly-toy", "name first favourite cuddly toy child kuscheltier kuscheltiers erstes name kind nom premier doudou enfant"},
	{"hiding-place", "hide hiding place child found versteck verstecken kind gefunden cachette cacher enfant trouver"},
	{"teacher-nickname", "nickname teacher class feared school spitzname lehrer lehrerin klasse gefürchtet surnom professeur classe craint école"},
	{"first-dish", "dish cook cooked first wrong gericht gekocht erstes misslungen missraten plat cuisiné cuisine première raté"},
	{"neighbours-pet", "name neighbour neighbours pet animal child liked name nachbarn nachbar tier haustier kind nom voisin voisins animal enfant"},
	{"lost-thing", "lost lose child missed thing verloren kind vermisst ding sache perdu enfant regretté manqué objet"},
	{"first-wage", "buy bought first money earned wage gekauft erstes geld verdient lohn acheté premier argent gagné salaire"},
	{"family-word", "word family nobody understands wort familie niemand versteht mot famille personne comprend"},
	{"seat-neighbour", "name sat beside first school class child name saß neben erste schule klasse kind nom assis côté première école classe enfant"},
	{"first-book", "title book first read end yourself titel buch erstes gelesen ende titre livre premier lu bout"},
	{"invented-game", "name game invented play child name spiel erfunden gespielt kind nom jeu inventé jouer enfant"},
	{"worst-present", "present disappointed gift child most geschenk enttäuscht kind cadeau déçu enfant plus"},
}

// Questions are the ids of all of them, in the order in which they are offered.
func Questions() []QuestionID {
	var out []QuestionID
	for _, q := range questions {
		out = append(out, q.id)
	}
	return out
}

const (
	// QuestionsSet is how many questions a person answers, QuestionsRight how
	// many of them have to be right.
	QuestionsSet, QuestionsRight = 3, 2
	// Bounds of an answer, in characters that count.
	minAnswer, maxAnswer = 3, 64
)

// answerLimits are those of wrong sets of answers: less is guessed here than at
// a code, so less is let through. The lock is ended by the help desk, or by new
// answers.
var answerLimits = CodeLimits{InARow: 5, BackOff: 15 * time.Minute, LockAt: 20}

// QuestionAnswer is a question with what its person answered.
type QuestionAnswer struct {
	Question QuestionID
	Answer   Secret
}

// foldAnswer is an answer as it is compared: letters, with their marks, and
// digits, in one writing (NFKC) and without case. People remember what they
// wrote, not how.
func foldAnswer(text string) string {
	if len(text) > 4*maxAnswer*utf8.UTFMax || !utf8.ValidString(text) {
		return ""
	}
	// Folding may undo the composition, so that it is composed again.
	text = norm.NFKC.String(cases.Fold().String(norm.NFKC.String(text)))
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text)
}

// checkAnswers refuses a set of questions and answers that somebody could guess
// without knowing the person, or the person could not tell apart. It returns the
// answers as they are compared. ErrInvalid, in words; no answer is in them.
func checkAnswers(user string, all []QuestionAnswer) ([]string, error) {
	if len(all) != QuestionsSet {
		return nil, invalid("%d questions; choose %d", len(all), QuestionsSet)
	}
	var folded []string
	for i, a := range all {
		if slices.ContainsFunc(all[:i], func(b QuestionAnswer) bool { return a.Question == b.Question }) {
			return nil, invalid("question %q is there twice; choose three different ones", truncate(string(a.Question)))
		}
		answer, err := checkAnswer(user, a)
		if err != nil {
			return nil, err
		}
		if slices.Contains(folded, answer) {
			return nil, invalid("answer %d is the same as one before it; give three different ones", i+1)
		}
		folded = append(folded, answer)
	}
	return folded, nil
}

func checkAnswer(user string, a QuestionAnswer) (string, error) {
	at := slices.IndexFunc(questions, func(q struct {
		id    QuestionID
		words string
	}) bool {
		return q.id == a.Question
	})
	if at < 0 {
		return "", invalid("there is no question %q", truncate(string(a.Question)))
	}
	answer := foldAnswer(a.Answer.Reveal())
	if n := utf8.RuneCountInString(answer); n < minAnswer || n > maxAnswer {
		return "", invalid("the answer to %s has to have %d to %d letters and digits", a.Question, minAnswer, maxAnswer)
	}
	name, _, _ := strings.Cut(user, "@")
	if answer == foldAnswer(user) || answer == foldAnswer(name) {
		return "", invalid("the answer to %s is the name that is signed in with", a.Question)
	}
	for word := range strings.FieldsSeq(questions[at].words) {
		if answer == foldAnswer(word) {
			return "", invalid("the answer to %s is a word of the question", a.Question)
		}
	}
	return answer, nil
}
