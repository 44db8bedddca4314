package web

import (
	"encoding/json"
	"html"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/web/noscript"
)

// states is the table of all states of the waiting screen, which
// waiting/view.test.mjs reads too.
type states struct {
	Asking map[string]json.RawMessage `json:"asking"`
	States []struct {
		Name          string                     `json:"name"`
		State         map[string]json.RawMessage `json:"state"`
		Circumstances noscript.Circumstances     `json:"circumstances"`
		said
	} `json:"states"`
	Change  map[string]json.RawMessage `json:"change"`
	Changes []struct {
		Name          string                     `json:"name"`
		State         map[string]json.RawMessage `json:"state"`
		Circumstances noscript.Circumstances     `json:"circumstances"`
		Headline      string                     `json:"headline"`
		Line          string                     `json:"line"`
	} `json:"changes"`
	Refusals []struct {
		Name       string `json:"name"`
		Problem    string `json:"problem"`
		Code       string `json:"code"`
		Tries      int    `json:"tries_left"`
		RetryAfter int    `json:"retry_after"`
		PhoneAsked bool   `json:"phone_asked"`
		Headline   string `json:"headline"`
		Line       string `json:"line"`
	} `json:"refusals"`
	NextCodes []struct {
		At   time.Time `json:"at"`
		Line string    `json:"line"`
	} `json:"next_codes"`
	Languages []struct {
		Language      string                     `json:"language"`
		State         map[string]json.RawMessage `json:"state"`
		Circumstances noscript.Circumstances     `json:"circumstances"`
		Line          string                     `json:"line"`
	} `json:"languages"`
}

// said is what a screen shows, as text.
type said struct {
	Kind     string   `json:"kind"`
	Headline string   `json:"headline"`
	Line     string   `json:"line"`
	Note     string   `json:"note"`
	Number   string   `json:"number"`
	Tone     string   `json:"tone"`
	Actions  []string `json:"actions"`
}

func readStates(t *testing.T) states {
	t.Helper()
	raw, err := os.ReadFile("testdata/waiting-states.json")
	if err != nil {
		t.Fatal(err)
	}
	var all states
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	if len(all.States) < 40 || len(all.Changes) == 0 || len(all.Refusals) == 0 || len(all.NextCodes) == 0 || len(all.Languages) == 0 {
		t.Fatal("the table is not the one it was")
	}
	return all
}

// with is the state of the table with members changed.
func (all states) with(t *testing.T, members map[string]json.RawMessage) *noscript.State {
	t.Helper()
	merged := maps.Clone(all.Asking)
	maps.Copy(merged, members)
	raw, err := json.Marshal(merged)
	if err != nil {
		t.Fatal(err)
	}
	var s noscript.State
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

var markup = regexp.MustCompile(`<[^>]*>`)

// textOf is what a browser shows of a sentence.
func textOf[T ~string](sentence T) string {
	return strings.TrimSpace(html.UnescapeString(markup.ReplaceAllString(string(sentence), "")))
}

func TestWithoutScriptEachStateSaysWhatTheScriptSays(t *testing.T) {
	all, english := readStates(t), loadWords()["en"]
	for _, c := range all.States {
		state := all.with(t, c.State)
		v := noscript.ViewOf(english, state, c.Circumstances)
		got := said{v.Kind, textOf(v.Headline), textOf(v.Line), textOf(v.Note), v.Number, v.Tone, []string{}}
		for _, key := range v.Actions {
			got.Actions = append(got.Actions, english.Text(key, "application", state.Application))
		}
		if diff := cmp.Diff(c.said, got); diff != "" {
			t.Errorf("%s (-script +without):\n%s", c.Name, diff)
		}
		if v.Title != got.Headline {
			t.Errorf("%s: the title is %q", c.Name, v.Title)
		}
	}
}

func TestWithoutScriptAChangeSpeaksOfNoSignInEither(t *testing.T) {
	all, english := readStates(t), loadWords()["en"]
	for _, c := range all.Changes {
		members := maps.Clone(all.Change)
		maps.Copy(members, c.State)
		v := noscript.ViewOf(english, all.with(t, members), c.Circumstances)
		if textOf(v.Headline) != c.Headline || textOf(v.Line) != c.Line || v.May("waiting.new-phone") {
			t.Errorf("%s: got %q, %q, %v", c.Name, v.Headline, v.Line, v.Actions)
		}
	}
}

func TestWithoutScriptSentencesArePutTogetherAlikeInEachLanguage(t *testing.T) {
	all := readStates(t)
	for _, c := range all.Languages {
		if got := textOf(noscript.ViewOf(loadWords()[c.Language], all.with(t, c.State), c.Circumstances).Line); got != c.Line {
			t.Errorf("%s: got %q, want %q", c.Language, got, c.Line)
		}
	}
}

func TestWithoutScriptARefusedCodeIsExplainedAlike(t *testing.T) {
	all, english := readStates(t), loadWords()["en"]
	for _, c := range all.Refusals {
		count := c.Tries
		if c.RetryAfter > 0 {
			count = c.RetryAfter
		}
		got := noscript.RefusalOf(english, c.Problem, len(c.Code) == 16, count, c.PhoneAsked, all.with(t, nil))
		if want := (noscript.Refusal{Headline: c.Headline, Line: c.Line}); got != want {
			t.Errorf("%s: got %+v, want %+v", c.Name, got, want)
		}
	}
}

func TestWithoutScriptTheNextCodeIsToldAlike(t *testing.T) {
	english := loadWords()["en"]
	for _, c := range readStates(t).NextCodes {
		if got := noscript.NextCode(english, c.At); got != c.Line {
			t.Errorf("at %v: got %q, want %q", c.At, got, c.Line)
		}
	}
}
