package enrolments_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/enrolments"
)

// said are three questions with their answers.
func said(answers ...string) (out []enrolments.QuestionAnswer) {
	for i, a := range answers {
		out = append(out, enrolments.QuestionAnswer{Question: enrolments.Questions()[3*i], Answer: enrolments.SecretOf(a)})
	}
	return out
}

func typed(answers ...string) (out []enrolments.Secret) {
	for _, a := range answers {
		out = append(out, enrolments.SecretOf(a))
	}
	return out
}

// answering is a person with three answers.
func answering(t *testing.T) (*desk, enrolments.Pairing) {
	t.Helper()
	d := open(t)
	p, _ := d.paired(t, "ana@example.com")
	d.takesQuestions(t)
	noError(t, d.SetSetUpQuestions(t.Context(), p, said("Herr Zottel", "the burnt Risotto", "Vom Winde verweht")))
	return d, p
}

// takesQuestions has northwind's policy take them.
func (d *desk) takesQuestions(t *testing.T) {
	t.Helper()
	_, err := d.AddApplication(t.Context(), app())
	noError(t, err)
	noError(t, d.SetPolicy(t.Context(), "northwind", []enrolments.Assignment{{Key: "recovery_paths", Value: "totp,questions"}}))
}

func TestQuestionsAreOfferedWhereThePolicyTakesThem(t *testing.T) {
	d := open(t)
	p, _ := d.paired(t, "ana@example.com")
	for _, c := range []struct {
		prepare func()
		in      enrolments.Pairing
		want    bool
	}{
		{func() {}, p, false}, // of an application that is gone
		{func() {
			_, err := d.AddApplication(t.Context(), app())
			noError(t, err)
		}, p, false},
		{func() {
			noError(t, d.SetPolicy(t.Context(), "northwind", []enrolments.Assignment{{Key: "recovery_paths", Value: "questions"}}))
		}, p, true},
		{func() {}, enrolments.Pairing{}, false}, // of none
	} {
		c.prepare()
		got, err := d.OpenedFor(t.Context(), c.in.Application)
		if slices.Contains(got.Policy.RecoveryPaths, enrolments.MethodQuestions) != c.want || err != nil {
			t.Errorf("for %q: %v, %v", c.in.Application, got.Policy.RecoveryPaths, err)
		}
		if c.want || c.in.ID == "" {
			continue
		}
		wantError(t, d.SetSetUpQuestions(t.Context(), p, said("Zottel", "Risotto", "Faust")), enrolments.ErrNotOffered)
	}
}

func TestTwelveQuestionsAreOffered(t *testing.T) {
	all := enrolments.Questions()
	if len(all) != 12 || len(slices.Compact(slices.Sorted(slices.Values(all)))) != 12 {
		t.Errorf("they are %v", all)
	}
}

func TestTwoOfThreeAnswersAreEnoughInAnyWriting(t *testing.T) {
	d, p := answering(t)
	asked, err := d.QuestionsOf(t.Context(), p.Person)
	noError(t, err)
	all := enrolments.Questions()
	if diff := cmp.Diff([]enrolments.QuestionID{all[0], all[3], all[6]}, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	for name, c := range map[string]struct {
		answers []enrolments.Secret
		want    error
	}{
		"all three":        {typed("Herr Zottel", "the burnt Risotto", "Vom Winde verweht"), nil},
		"in other writing": {typed(" HERR-zottel! ", "The burnt risotto.", "vom winde VERWEHT"), nil},
		"the last two":     {typed("", "the burnt Risotto", "Vom Winde verweht"), nil},
		"first and last":   {typed("Herr Zottel", "a pie", "Vom Winde verweht"), nil},
		"one":              {typed("Herr Zottel", "a pie", "Faust"), enrolments.ErrAnswersWrong},
		"none":             {typed("", "", ""), enrolments.ErrAnswersWrong},
		"of others":        {typed("the burnt Risotto", "Herr Zottel", "Vom Winde verweht"), enrolments.ErrAnswersWrong},
		"two alone":        {typed("Herr Zottel", "the burnt Risotto"), enrolments.ErrAnswersWrong},
		"one too many":     {typed("Herr Zottel", "the burnt Risotto", "Vom Winde verweht", ""), enrolments.ErrAnswersWrong},
	} {
		if err := d.CheckAnswers(t.Context(), p.Person, c.answers); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		noError(t, d.helpDesk(t).Unlock(t.Context(), p.Person))
	}
}

func TestAnswersThatAreSoonGuessedAreRefused(t *testing.T) {
	d, p := answering(t)
	for name, all := range map[string][]enrolments.QuestionAnswer{
		"none":                   nil,
		"two":                    said("Zottel", "Risotto"),
		"four":                   said("Zottel", "Risotto", "Faust", "Werther"),
		"too short":              said("Zo!", "Risotto", "Faust"),
		"too long":               said("Zottel", "Risotto", strings.Repeat("f", 65)),
		"nothing that counts":    said("…?!", "Risotto", "Faust"),
		"the same twice":         said("Zottel", "zottel.", "Faust"),
		"a word of the question": said("Cuddly!", "Risotto", "Faust"),
		"in another language":    said("Kuscheltier", "Risotto", "Faust"),
		"the user name":          said("ANA@example.com", "Risotto", "Faust"),
		"half of the user name":  said("Ana", "Risotto", "Faust"),
		"a question twice": {
			{Question: "lost-thing", Answer: enrolments.SecretOf("Zottel")}, {Question: "lost-thing", Answer: enrolments.SecretOf("Risotto")},
			{Question: "first-book", Answer: enrolments.SecretOf("Faust")},
		},
		"no such question": {
			{Question: "mothers-maiden-name", Answer: enrolments.SecretOf("Zottel")}, {Question: "lost-thing", Answer: enrolments.SecretOf("Risotto")},
			{Question: "first-book", Answer: enrolments.SecretOf("Faust")},
		},
	} {
		err := d.SetSetUpQuestions(t.Context(), p, all)
		if !errors.Is(err, enrolments.ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
		for _, answer := range []string{"ottel", "isotto", "aust"} {
			if err != nil && strings.Contains(err.Error(), answer) {
				t.Errorf("%s: %v holds an answer", name, err)
			}
		}
	}
	noError(t, d.CheckAnswers(t.Context(), p.Person, typed("Herr Zottel", "the burnt Risotto", "")))
}

func TestFiveWrongSetsOfAnswersBlockAndTwentyLock(t *testing.T) {
	d, p := answering(t)
	wrong := func() error { return d.CheckAnswers(t.Context(), p.Person, typed("a", "b", "c")) }
	var blocked *enrolments.BlockedError
	for round, wait := range []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 0} {
		for range 5 {
			wantError(t, wrong(), enrolments.ErrAnswersWrong)
		}
		err := d.CheckAnswers(t.Context(), p.Person, typed("Herr Zottel", "the burnt Risotto", ""))
		if !errors.As(err, &blocked) || (wait > 0 && !blocked.Until.Equal(d.clock.now().Add(wait))) || (wait == 0) != blocked.Until.IsZero() {
			t.Fatalf("after round %d: %v", round, err)
		}
		d.clock.turn(wait)
	}
	d.clock.turn(1000 * time.Hour)
	if err := wrong(); !errors.As(err, &blocked) {
		t.Errorf("the lock ended by itself: %v", err)
	}
	noError(t, d.helpDesk(t).Unlock(t.Context(), p.Person))
	noError(t, d.CheckAnswers(t.Context(), p.Person, typed("Herr Zottel", "the burnt Risotto", "")))
}

func TestOnlyASetUpThatHasConfirmedSomethingSetsQuestions(t *testing.T) {
	d := open(t)
	p, _, _ := d.claimed(t, "ana@example.com")
	wantError(t, d.SetSetUpQuestions(t.Context(), p, said("Zottel", "Risotto", "Faust")), enrolments.ErrPairingSettled)
	active, _ := d.paired(t, "ana@example.com")
	d.clock.turn(enrolments.PairingTTL)
	wantError(t, d.SetSetUpQuestions(t.Context(), active, said("Zottel", "Risotto", "Faust")), enrolments.ErrPairingSettled)
	wantError(t, d.CheckAnswers(t.Context(), p.Person, typed("a", "b", "c")), enrolments.ErrNotFound)
}

func TestWhatIsDoneAboutQuestionsIsInTheTrailAndNoAnswerIs(t *testing.T) {
	d, p := answering(t)
	wantError(t, d.CheckAnswers(t.Context(), p.Person, typed("Zorro", "Zucchini", "Zauberberg")), enrolments.ErrAnswersWrong)
	noError(t, d.RemoveQuestions(t.Context(), p.Person))
	wantError(t, d.RemoveQuestions(t.Context(), p.Person), enrolments.ErrNotFound)
	kinds := d.trail(t)
	want := []enrolments.EventKind{enrolments.EventQuestionsSet, enrolments.EventQuestionsWrong, enrolments.EventQuestionsRemoved}
	if diff := cmp.Diff(want, kinds[len(kinds)-3:]); diff != "" {
		t.Errorf("the trail (-want +got):\n%s", diff)
	}
	text := strings.ToLower(fmt.Sprintf("%+v", d.events(t)))
	for _, answer := range []string{"zottel", "risotto", "winde", "zorro", "zucchini", "zauber"} {
		if strings.Contains(text, answer) {
			t.Errorf("the trail holds %q", answer)
		}
	}
}
