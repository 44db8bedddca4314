package mail

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Languages are those that letters are written in.
func Languages() []string { return []string{"en", "de", "fr"} }

//go:embed words.*.json layout.txt layout.html
var files embed.FS

// words is the catalogue of one language: sentences by key. {name} in a
// sentence stands for a value.
type words map[string]string

// catalogues reads them once: they are part of the program.
var catalogues = sync.OnceValue(func() map[string]words {
	all := make(map[string]words)
	for _, language := range Languages() {
		text, err := files.ReadFile("words." + language + ".json")
		if err != nil {
			panic("mail: embedded files: " + err.Error())
		}
		var w words
		if err := json.Unmarshal(text, &w); err != nil {
			panic("mail: words." + language + ".json: " + err.Error())
		}
		all[language] = w
	}
	return all
})

// choose is the language that a letter is written in: the wanted one (a BCP 47
// tag) or, where there is no such catalogue, the other.
func choose(wanted, otherwise string) string {
	primary, _, _ := strings.Cut(strings.ToLower(wanted), "-")
	if _, ok := catalogues()[primary]; ok {
		return primary
	}
	return otherwise
}

// fill puts values into a sentence: pairs of a name and what stands for it. A
// value is never looked into for further names.
func (w words) fill(key string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		pairs[i] = "{" + pairs[i] + "}"
	}
	return strings.NewReplacer(pairs...).Replace(w[key])
}

// when writes an instant as people read it, in UTC: a server does not know where
// its people are.
func (w words) when(at time.Time) string {
	at = at.UTC()
	day := fmt.Sprint(at.Day())
	if at.Day() == 1 {
		day = w["first"]
	}
	return w.fill("when",
		"weekday", w[fmt.Sprintf("weekday.%d", at.Weekday())], "day", day,
		"month", w[fmt.Sprintf("month.%d", at.Month())], "year", fmt.Sprint(at.Year()),
		"time", at.Format("15:04"))
}
