package enrolments_test

import (
	"errors"
	"strings"
	"testing"

	"countersign/enrolments"
)

func TestAnAddressIsKeptInOneWay(t *testing.T) {
	for text, want := range map[string]string{
		"ana@example.com":                "ana@example.com",
		"Ana.Ng+x@EXAMPLE.Com":           "Ana.Ng+x@example.com",
		"!#$%&'*+-/=?^_`{|}~@a-b.co":     "!#$%&'*+-/=?^_`{|}~@a-b.co",
		"ana@bücher.example":             "ana@xn--bcher-kva.example",
		"ana@BÜCHER.example":             "ana@xn--bcher-kva.example",
		"ana@straße.de":                  "ana@xn--strae-oqa.de",
		"ana@例え。jp":                      "ana@xn--r8jz45g.jp",
		"ana@xn--bcher-kva.example":      "ana@xn--bcher-kva.example",
		"ana@ｅxample.com":                "ana@example.com",
		"1@1.example":                    "1@1.example",
		strings.Repeat("a", 64) + "@b.c": strings.Repeat("a", 64) + "@b.c",
	} {
		got, err := enrolments.ParseEmail(text)
		if err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
		if again, err := enrolments.ParseEmail(got); err != nil || again != got {
			t.Errorf("%q becomes %q, %v, when read again", got, again, err)
		}
	}
}

func TestWhatIsNoAddressIsRefusedInWords(t *testing.T) {
	label := strings.Repeat("a", 63)
	for text, want := range map[string]string{
		"":                               "one @",
		"ana":                            "one @",
		"ana@b@example.com":              "one @",
		"@example.com":                   "1 to 64",
		strings.Repeat("a", 65) + "@b.c": "1 to 64",
		"ana@":                           "a domain",
		"ana@localhost":                  "a domain",
		"ana@example.com.":               "a domain",
		"ana@.example.com":               "a domain",
		"ana@exa_mple.com":               "a domain",
		"ana@-a.com":                     "a domain",
		"ana@example..com":               "a domain",
		"ana@" + label + "a.com":         "a domain",
		"ana@xn--zzzzzzz99999.com":       "a domain",
		"ana@[192.0.2.1]":                "a domain",
		"ana@192.0.2.1":                  "machine",
		"ana@example.1":                  "machine",
		"ána@example.com":                "a to z",
		`"ana"@example.com`:              "quotes",
		`"a@b"@example.com`:              "one @",
		"ana(work)@example.com":          "quotes",
		"<ana@example.com>":              "quotes",
		"a,b@example.com":                "quotes",
		".ana@example.com":               "quotes",
		"ana.@example.com":               "quotes",
		"a..b@example.com":               "quotes",
		"ana ng@example.com":             "space",
		" ana@example.com":               "space",
		"ana@example.com\r\nBcc: x@y.zz": "space",
		"ana\x00@example.com":            "cannot be seen",
		"an\u200ba@example.com":          "cannot be seen",
		"ana@ex\u00adample.com":          "cannot be seen",
		"ana@\xff.com":                   "cannot be seen",
		strings.Repeat("a", 1017):        "longer than 254",
		strings.Repeat("a", 64) + "@" + label + "." + label + "." + label[:62]: "longer than 254",
	} {
		got, err := enrolments.ParseEmail(text)
		if !errors.Is(err, enrolments.ErrInvalid) || got != "" || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestOneMailboxIsRecognisedInEveryWriting(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"ana@example.com", "ana@example.com", true},
		{"ana@example.com", "ANA@example.com", true},
		{"ana@example.com", "ana+backup@example.com", true},
		{"ana+a@example.com", "ana+b@example.com", true},
		{"ana.ng@gmail.com", "anang+x@googlemail.com", true},
		{"ana.ng@example.com", "anang@example.com", false},
		{"ana@example.com", "ana@example.org", false},
		{"ana@example.com", "bob@example.com", false},
		{"+a@example.com", "+b@example.com", false},
	} {
		if got := enrolments.SameMailbox(c.a, c.b); got != c.same || enrolments.SameMailbox(c.b, c.a) != c.same {
			t.Errorf("%s and %s: got %v, want %v", c.a, c.b, got, c.same)
		}
	}
}

func TestAMaskedAddressShowsALetterAndTheDomain(t *testing.T) {
	for address, want := range map[string]string{
		"ana@example.com": "a•••@example.com", "a@example.com": "a•••@example.com", "": "•••@",
	} {
		if got := enrolments.MaskEmail(address); got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
}

func FuzzParseEmail(f *testing.F) {
	for _, text := range []string{"ana@example.com", "a.b+c@bücher.example", `"a"@b.c`, "a@b", "a@xn--.c", "a@例え。jp", "\xff@a.b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := enrolments.ParseEmail(text)
		if err != nil {
			if got != "" || !errors.Is(err, enrolments.ErrInvalid) {
				t.Errorf("%q: got %q, %v", text, got, err)
			}
			return
		}
		if len(got) > enrolments.MaxEmail || strings.Count(got, "@") != 1 || strings.ContainsFunc(got, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Errorf("%q became %q", text, got)
		}
		if again, err := enrolments.ParseEmail(got); err != nil || again != got {
			t.Errorf("%q becomes %q, %v, when read again", got, again, err)
		}
		if !enrolments.SameMailbox(got, got) || !strings.HasSuffix(enrolments.MaskEmail(got), got[strings.IndexByte(got, '@'):]) {
			t.Errorf("%q is not its own mailbox", got)
		}
	})
}
