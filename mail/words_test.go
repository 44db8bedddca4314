package mail_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"countersign/enrolments"
	"countersign/mail"
)

func catalogue(t *testing.T, language string) map[string]string {
	t.Helper()
	text, err := os.ReadFile("words." + language + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var words map[string]string
	if err := json.Unmarshal(text, &words); err != nil {
		t.Fatalf("%s: %v", language, err)
	}
	return words
}

var names = regexp.MustCompile(`\{[a-z]+\}`)

func TestEveryLanguageHasTheSameSentencesWithTheSameValues(t *testing.T) {
	english := catalogue(t, "en")
	for _, language := range mail.Languages() {
		words := catalogue(t, language)
		if got, want := slices.Sorted(maps.Keys(words)), slices.Sorted(maps.Keys(english)); !slices.Equal(got, want) {
			t.Errorf("%s: its keys are not those of English: %q", language, slices.DeleteFunc(append(got, want...), func(k string) bool {
				return words[k] != "" && english[k] != ""
			}))
		}
		for key, sentence := range words {
			got, want := names.FindAllString(sentence, -1), names.FindAllString(english[key], -1)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s %s: values %v, want %v", language, key, got, want)
			}
			if strings.TrimSpace(sentence) == "" {
				t.Errorf("%s %s is empty", language, key)
			}
		}
	}
}

func TestEveryAnnouncedEventHasWords(t *testing.T) {
	words := catalogue(t, "en")
	for _, kind := range enrolments.AnnouncedKinds() {
		for _, part := range []string{".subject", ".line"} {
			if words[string(kind)+part] == "" {
				t.Errorf("%s%s has no words", kind, part)
			}
		}
	}
}

func TestALetterIsInThePersonsLanguageOrTheServers(t *testing.T) {
	for wanted, want := range map[string]string{"de": "de", "DE-at": "de", "fr-CA": "fr", "en-NZ": "en", "mi": "fr", "": "fr"} {
		text, err := mail.Writer{Server: "Example Ltd", Language: "fr"}.Write(enrolments.Letter{Kind: enrolments.LetterCode, Language: wanted})
		if err != nil || text.Language != want {
			t.Errorf("%q: got %s, %v; want %s", wanted, text.Language, err, want)
		}
	}
}

func TestANoticeSaysWhatWhenAndWhere(t *testing.T) {
	for language, want := range map[string][]string{
		"en": {"New phone", "Phone: Ana's iPhone", "When: Sunday, 1 November 2026, 12:00 UTC", "From: Chrome on Windows, Wellington, NZ, 203.0.113.9", "If this wasn’t you"},
		"de": {"Neues Telefon", "Telefon: Ana's iPhone", "Wann: Sonntag, 1. November 2026, 12:00 Uhr UTC", "Woher: Chrome", "Wenn Sie das nicht waren"},
		"fr": {"Nouveau téléphone", "Téléphone: Ana's iPhone", "Quand: dimanche 1er novembre 2026 à 12:00 UTC", "Depuis: Chrome", "Si ce n’était pas vous"},
	} {
		l := notice()
		l.Language = language
		text, err := mail.Writer{Server: "Example Ltd", Language: "en"}.Write(l)
		if err != nil {
			t.Fatal(err)
		}
		for _, sentence := range append(want, l.StopURL) {
			if !strings.Contains(text.Plain, sentence) {
				t.Errorf("%s: no %q in\n%s", language, sentence, text.Plain)
			}
		}
	}
}

func TestACodeIsInNoSubject(t *testing.T) {
	text, err := mail.Writer{Server: "Example Ltd", Language: "en"}.Write(code())
	if err != nil || strings.Contains(text.Subject, "482913") || strings.Count(text.Plain, "482913") != 1 || strings.Count(text.HTML, "482913") != 1 {
		t.Errorf("got %v, %+v", err, text)
	}
}

func TestAnEventWithoutWordsOfItsOwnIsToldAllTheSame(t *testing.T) {
	l := notice()
	l.Event, l.Language = "of a later version", "en"
	text, err := mail.Writer{Server: "Example Ltd", Language: "en"}.Write(l)
	if err != nil || !strings.Contains(text.Plain, "Something changed in the way your sign-in is protected.") {
		t.Errorf("got %v, %s", err, text.Plain)
	}
}

func TestALetterThatCannotBeStoppedSaysWhomToTell(t *testing.T) {
	l := notice()
	l.StopURL, l.Language = "", "en"
	text, err := mail.Writer{Server: "Example Ltd", Language: "en"}.Write(l)
	if err != nil || strings.Contains(text.HTML, "href") || !strings.Contains(text.Plain, "tell your administrator at once") {
		t.Errorf("got %v, %s", err, text.Plain)
	}
}

// Whoever opens a letter is seen by nobody: it loads nothing, and leads to the
// stop page alone.
func TestALetterLoadsNothingAndLeadsNowhereElse(t *testing.T) {
	loads := regexp.MustCompile(`(?i)<(img|script|link|iframe|object|video|audio|svg|base|form|input)|url\(|@import|\bsrc\s*=|\bbackground\s*=|\bon[a-z]+\s*=`)
	links := regexp.MustCompile(`(?i)(?:https?:|href=")[^"<\s]*`)
	for _, language := range mail.Languages() {
		l := notice()
		l.Language, l.Detail = language, `<img src="https://evil.example/x">`
		text, err := mail.Writer{Server: "Example Ltd", Language: "en"}.Write(l)
		if err != nil {
			t.Fatal(err)
		}
		page := strings.ReplaceAll(text.HTML, "&lt;img src=&#34;https://evil.example/x&#34;&gt;", "")
		if found := loads.FindAllString(page, -1); len(found) > 0 {
			t.Errorf("%s: it loads %q", language, found)
		}
		if found := links.FindAllString(page, -1); len(found) != 1 || found[0] != `href="`+l.StopURL {
			t.Errorf("%s: it leads to %q", language, found)
		}
	}
}
