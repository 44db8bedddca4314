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

// questions are all there are, each with its own words in the languages of the
// pages, for none of them is an answer to it. They ask for what stands in no register
// and on no profile, has many answers, and does not change.
var questions = []struct {
	id    QuestionID
	words string
}{
	{"cuddly-toy", "what was your favourite cuddly toy called when you were little wie hieß ihr liebstes kuscheltier als sie klein waren comment appelait votre doudou préféré dans petite enfance"},
	{"hiding-place", "where did you hide child when nobody was find haben sie sich als kind versteckt wenn niemand finden sollte vous cachiez enfant quand personne devait trouver"},
	{"teacher-nickname", "which nickname did your class give teacher whom everybody feared welchen spitznamen hatte ihrer klasse eine lehrkraft vor der sich alle fürchteten quel surnom votre classe donnait elle professeur que tout monde craignait"},
	{"first-dish", "which dish went wrong when you first cooked for somebody welches gericht ist ihnen misslungen als sie zum ersten mal für jemanden gekocht haben quel plat avez vous raté première fois que cuisiné pour quelqu"},
	{"neighbours-pet", "what was the name neighbour pet that you liked child wie hieß ein tier der nachbarschaft das sie als kind mochten comment appelait animal voisinage que vous aimiez enfant"},
	{"lost-thing", "what did you lose child and miss for long time was haben sie als kind verloren und lange vermisst avez vous perdu enfant longtemps regretté"},
	{"first-wage", "what did you buy with the first money that earned yourself was haben sie sich vom ersten selbst verdienten geld gekauft avez vous acheté avec premier argent que gagné"},
	{"family-word", "which word does your family use that nobody else understands welches wort benutzt ihre familie das sonst niemand versteht quel mot utilise dans votre famille que personne autre comprend"},
	{"seat-neighbour", "who sat next you your first year school wer saß ihrem ersten schuljahr neben ihnen qui était assis côté vous pendant votre première année école"},
	{"first-book", "which was the first book that you read end yourself welches buch haben sie als erstes allein ende gelesen quel est premier livre que vous avez jusqu bout sans aide"},
	{"invented-game", "what did you call game that invented child wie nannten sie ein spiel das als kind erfunden haben comment appeliez vous jeu que aviez inventé enfant"},
	{"worst-present", "which present disappointed you most when were child welches geschenk hat sie als kind meisten enttäuscht quel cadeau été votre plus grande déception enfance"},
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

// Check refuses an answer that somebody could guess without knowing the person.
// ErrInvalid, in words; the answer is not in them.
func (a QuestionAnswer) Check(user string) error {
	_, err := checkAnswer(user, a)
	return err
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
