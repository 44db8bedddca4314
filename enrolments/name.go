package enrolments

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Bounds of names, in characters after normalisation.
const (
	MaxUser      = 128
	MaxPhoneName = 64
	MaxText      = 256
)

// ParseText normalises (NFC) a text that people will be shown and refuses what
// could deceive them: control, format (bidi, zero-width), blank, private and
// unassigned characters. what names the text in the error; limit counts
// characters.
func ParseText(what, text string, limit int) (string, error) {
	if len(text) > limit*utf8.UTFMax {
		return "", invalid("%s is longer than %d characters", what, limit)
	}
	if !utf8.ValidString(text) {
		return "", invalid("%s is not valid UTF-8", what)
	}
	text = norm.NFC.String(text)
	if utf8.RuneCountInString(text) > limit {
		return "", invalid("%s is longer than %d characters", what, limit)
	}
	for _, r := range text {
		if !unicode.IsGraphic(r) || (unicode.IsSpace(r) && r != ' ') || blank(r) {
			return "", invalid("%s has the character %U, which cannot be shown safely", what, r)
		}
	}
	return text, nil
}

// blank reports letters and signs that are drawn as nothing, the Hangul fillers
// say: two names that look alike would be two.
func blank(r rune) bool {
	const braille = '\u2800'
	return r == braille || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// ParseName is ParseText for what must not be empty or begin or end in a space.
func ParseName(what, text string, limit int) (string, error) {
	text, err := ParseText(what, text, limit)
	if err != nil {
		return "", err
	}
	if text == "" || text[0] == ' ' || text[len(text)-1] == ' ' {
		return "", invalid("%s is empty or begins or ends with a space", what)
	}
	return text, nil
}
