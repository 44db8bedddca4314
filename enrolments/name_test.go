package enrolments_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"countersign/enrolments"
)

func TestTextsArePutIntoOneForm(t *testing.T) {
	for given, want := range map[string]string{
		"":                       "",
		"plain":                  "plain",
		"Zoe\u0308":              "Zo\u00eb",
		"\u212bngstr\u00f6m":     "\u00c5ngstr\u00f6m",
		"\u1112\u1161\u11ab":     "\ud55c",
		"Ana's phone \U0001f4f1": "Ana's phone \U0001f4f1",
		"\u2764\ufe0f":           "\u2764\ufe0f",
		"<b>&\"'</b>":            "<b>&\"'</b>",
	} {
		if got, err := enrolments.ParseText("text", given, 64); err != nil || got != want {
			t.Errorf("%+q: got %+q, %v, want %+q", given, got, err, want)
		}
	}
}

func TestWhatCouldDeceiveIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"NUL":                    "a\x00b",
		"line feed":              "a\nb",
		"carriage return":        "a\rb",
		"tab":                    "a\tb",
		"escape":                 "a\x1b[31mb",
		"delete":                 "a\x7fb",
		"C1 control":             "a\u0085b",
		"right-to-left override": "a\u202eb",
		"left-to-right isolate":  "a\u2066b",
		"right-to-left mark":     "a\u200fb",
		"zero-width space":       "a\u200bb",
		"zero-width joiner":      "a\u200db",
		"word joiner":            "a\u2060b",
		"byte order mark":        "\ufeffab",
		"soft hyphen":            "a\u00adb",
		"tag character":          "a\U000e0041b",
		"no-break space":         "a\u00a0b",
		"ideographic space":      "a\u3000b",
		"line separator":         "a\u2028b",
		"private use":            "a\ue000b",
		"unassigned":             "a\u0378b",
		"noncharacter":           "a\uffffb",
		"a surrogate in UTF-8":   "a\xed\xa0\x80b",
		"half a character":       "a\xc3",
		"Hangul filler":          "a\u3164b",
		"half a Hangul filler":   "a\u115fb",
		"halfwidth filler":       "a\uffa0b",
		"grapheme joiner":        "a\u034fb",
		"empty Braille cell":     "a\u2800b",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := enrolments.ParseText("text", text, 64)
			if !errors.Is(err, enrolments.ErrInvalid) || got != "" {
				t.Fatalf("got %+q, %v, want ErrInvalid", got, err)
			}
			if strings.Contains(err.Error(), text) {
				t.Errorf("the error repeats the text: %q", err)
			}
		})
	}
}

func TestTextsAreBoundedInCharacters(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		fits bool
	}{
		"as many as may be":             {strings.Repeat("\U0001f4f1", 64), true},
		"one more":                      {strings.Repeat("a", 65), false},
		"too many before, not after":    {strings.Repeat("e\u0301", 64), true},
		"one more after being composed": {strings.Repeat("e\u0301", 65), false},
		// A composition exclusion: one character becomes two.
		"one that grows beyond": {strings.Repeat("\u0958", 33), false},
		"10 KiB":                {strings.Repeat("a", 10<<10), false},
		"10 KiB of marks":       {"a" + strings.Repeat("\u0301", 5<<10), false},
	} {
		_, err := enrolments.ParseText("text", c.text, 64)
		if fits := err == nil; fits != c.fits {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestANameIsNeverEmptyNorHangsOnSpaces(t *testing.T) {
	for _, name := range []string{"", " ", " ana", "ana ", "\u00a0ana"} {
		if got, err := enrolments.ParseName("name", name, 64); !errors.Is(err, enrolments.ErrInvalid) || got != "" {
			t.Errorf("%q: got %q, %v, want ErrInvalid", name, got, err)
		}
	}
	if got, err := enrolments.ParseName("name", "Ana's phone", 64); err != nil || got != "Ana's phone" {
		t.Errorf("got %q, %v", got, err)
	}
}

func FuzzParseText(f *testing.F) {
	f.Add("Zoe\u0308")
	f.Add("a\u202eb")
	f.Add("\xff")
	f.Fuzz(func(t *testing.T, in string) {
		out, err := enrolments.ParseText("text", in, 16)
		if err != nil {
			if out != "" || !errors.Is(err, enrolments.ErrInvalid) {
				t.Errorf("got %q, %v", out, err)
			}
			return
		}
		if !norm.NFC.IsNormalString(out) || utf8.RuneCountInString(out) > 16 {
			t.Errorf("%+q became %+q", in, out)
		}
		if strings.ContainsFunc(out, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.C, r) }) {
			t.Errorf("%+q holds a character that cannot be shown", out)
		}
		if again, err := enrolments.ParseText("text", out, 16); err != nil || again != out {
			t.Errorf("%+q becomes %+q, %v, when read again", out, again, err)
		}
	})
}
