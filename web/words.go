package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// languages there are words in, the first for everybody else.
var languages = []string{"en", "de", "fr"}

// words are the sentences of all pages in one language. Each page's lie in its
// folder, in words.<language>.json, under keys that begin with the folder's
// name; those of all pages in the page folder, those of forms that several pages
// have in the forms folder.
type words struct {
	Language  string // as in RFC 5646: "de"
	sentences map[string]sentence
}

// sentence holds the forms of one, by the names of its language's plural rules
// (CLDR); "other" alone where nothing is counted. A name in braces is a value.
type sentence map[string]string

// UnmarshalJSON takes a string, or an object of forms.
func (s *sentence) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(raw, []byte("{")) {
		return json.Unmarshal(raw, (*map[string]string)(s))
	}
	var only string
	err := json.Unmarshal(raw, &only)
	*s = sentence{"other": only}
	return err
}

// MarshalJSON is the inverse of UnmarshalJSON.
func (s sentence) MarshalJSON() ([]byte, error) {
	if len(s) == 1 {
		return json.Marshal(s["other"])
	}
	return json.Marshal(map[string]string(s))
}

// loadWords reads the catalogues once: they are part of the program.
var loadWords = sync.OnceValue(func() map[string]words {
	all := map[string]words{}
	for _, language := range languages {
		w := words{Language: language, sentences: map[string]sentence{}}
		names, err := fs.Glob(files, "*/words."+language+".json")
		if err != nil {
			panic("web: catalogues: " + err.Error())
		}
		for _, name := range names {
			maps.Copy(w.sentences, readCatalogue(name))
		}
		maps.Copy(w.sentences, changes(language))
		all[language] = w
	}
	return all
})

// changes says for the page of a notice what has changed, as the phone page does.
func changes(language string) map[string]sentence {
	said := map[string]sentence{}
	for key, s := range readCatalogue("words/" + language + ".json") {
		if strings.HasPrefix(key, "changed.") {
			said["notice."+key] = s
		}
	}
	return said
}

func readCatalogue(name string) map[string]sentence {
	var c map[string]sentence
	if err := json.Unmarshal(mustRead(name), &c); err != nil {
		panic("web: " + name + ": " + err.Error())
	}
	return c
}

// isCatalogue says whether an embedded file holds words of a page: it comes
// within the page, never by itself.
func isCatalogue(name string) bool {
	return strings.HasPrefix(path.Base(name), "words.") && path.Ext(name) == ".json"
}

// of gives the sentences that a page's script may say: those of its folder, of all
// pages, and of the forms, if it has them.
func (w words) of(folder string) map[string]sentence {
	sections := []string{folder, "page"}
	if folder == "setup" || folder == "security" {
		sections = append(sections, "forms")
	}
	own := map[string]sentence{}
	for key, s := range w.sentences {
		if section, _, _ := strings.Cut(key, "."); slices.Contains(sections, section) {
			own[key] = s
		}
	}
	return own
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// T writes a sentence, for templates: {{.T "waiting.resend"}}. Values come as
// pairs of name and value; each is text, and isolated (bdi), so that a name
// written from right to left cannot turn the sentence around it. The value
// "count" chooses the form. A key that there is not is an error.
func (w words) T(key string, values ...any) (template.HTML, error) {
	sentence, named, err := w.form(key, values)
	if err != nil {
		return "", err
	}
	return template.HTML(fill(sentence, named, template.HTMLEscapeString, isolated)), nil
}

// Text is T as text, for a title or as a value of another sentence. Of a key
// that there is not it says nothing.
func (w words) Text(key string, values ...any) string {
	sentence, named, err := w.form(key, values)
	if err != nil {
		return ""
	}
	return fill(sentence, named, strings.Clone, func(_, value string) string { return value })
}

// Has reports whether there is a sentence of that key.
func (w words) Has(key string) bool {
	_, ok := w.sentences[key]
	return ok
}

// form chooses the form of a sentence and names its values.
func (w words) form(key string, values []any) (string, map[string]string, error) {
	s, ok := w.sentences[key]
	if !ok || len(values)%2 != 0 {
		return "", nil, fmt.Errorf("no sentence %q in %s with %d values", key, w.Language, len(values))
	}
	named := map[string]string{}
	form := "other"
	for pair := range slices.Chunk(values, 2) {
		named[fmt.Sprintf("{%v}", pair[0])] = fmt.Sprint(pair[1])
		if n, counts := pair[1].(int); counts && pair[0] == "count" && s["one"] != "" && w.one(n) {
			form = "one"
		}
	}
	return s[form], named, nil
}

// one says whether a number of things has the form "one" (CLDR's plural rules
// for whole numbers that are not negative).
func (w words) one(n int) bool {
	return n == 1 || n == 0 && w.Language == "fr"
}

// fill writes the words and the values of a sentence, each in its way.
func fill(sentence string, values map[string]string, said func(string) string, valued func(name, value string) string) string {
	var b strings.Builder
	rest := 0
	for _, at := range placeholder.FindAllStringIndex(sentence, -1) {
		name := sentence[at[0]:at[1]]
		b.WriteString(said(sentence[rest:at[0]]) + valued(name, values[name]))
		rest = at[1]
	}
	return b.String() + said(sentence[rest:])
}

// isolated is a value as markup.
func isolated(name, value string) string {
	value = "<bdi>" + template.HTMLEscapeString(value) + "</bdi>"
	if name == "{number}" { // to be found at a glance
		return "<strong>" + value + "</strong>"
	}
	return value
}

// longestPreference bounds how many languages of a request are looked at; a
// browser names a handful.
const longestPreference = 32

// preferred gives the language that an Accept-Language weighs most (RFC 9110,
// 12.5.4), the earlier one of two. A range is compared by its language alone:
// who asks for Austrian German reads German.
func preferred(accept string) string {
	best, most := languages[0], 0.0
	named := map[string]bool{}
	star := 0.0
	for n, entry := range strings.Split(accept, ",") {
		if n == longestPreference {
			break
		}
		tag, weight := weighed(entry)
		language, _, _ := strings.Cut(strings.ToLower(tag), "-")
		named[language] = true
		if language == "*" {
			star = weight
		}
		if weight > most && slices.Contains(languages, language) {
			best, most = language, weight
		}
	}
	if star > most {
		for _, language := range languages {
			if !named[language] {
				return language
			}
		}
	}
	return best
}

// weighed takes one range and its weight apart. What is malformed weighs nothing.
func weighed(entry string) (string, float64) {
	tag, parameter, found := strings.Cut(entry, ";")
	tag = strings.TrimSpace(tag)
	if !found {
		return tag, 1
	}
	name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
	weight, err := strconv.ParseFloat(value, 64)
	if err != nil || !strings.EqualFold(name, "q") || len(value) > len("0.000") || !(weight >= 0 && weight <= 1) {
		return tag, 0
	}
	return tag, weight
}
