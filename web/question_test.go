package web

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"countersign/enrolments"
)

// The ids are the domain's and the words the pages': here they meet.
func TestEveryQuestionHasWordsAndNoneOfThemIsItsAnswer(t *testing.T) {
	word := regexp.MustCompile(`[\pL\pN]+`)
	for _, language := range languages {
		w := loadWords()[language].of("page")
		tried := 0
		for _, id := range enrolments.Questions() {
			question := w["page.question."+string(id)]["other"]
			if question == "" {
				t.Errorf("%s: no words for %s", language, id)
			}
			for _, answer := range word.FindAllString(question, -1) {
				if utf8.RuneCountInString(answer) < 3 {
					continue // too short for an answer
				}
				tried++
				err := enrolments.QuestionAnswer{Question: id, Answer: enrolments.SecretOf(answer)}.Check("someone-else@example.com")
				if err == nil || !strings.Contains(err.Error(), "word of the question") {
					t.Errorf("%s: %q answers %s: %v", language, answer, id, err)
				}
			}
		}
		if tried < 36 {
			t.Errorf("%s: only %d words were tried", language, tried)
		}
	}
}
