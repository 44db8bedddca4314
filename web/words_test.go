package web

import (
	"encoding/json"
	"io/fs"
	"maps"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// catalogues are the folders that hold words of pages.
func catalogues(t *testing.T) []string {
	t.Helper()
	names, err := fs.Glob(files, "*/words.en.json")
	if err != nil || len(names) < 4 {
		t.Fatalf("got %d catalogues, %v", len(names), err)
	}
	var folders []string
	for _, name := range names {
		folders = append(folders, path.Dir(name))
	}
	return folders
}

func values(text string) string {
	found := placeholder.FindAllString(text, -1)
	slices.Sort(found)
	return strings.Join(slices.Compact(found), " ")
}

func TestEveryLanguageHasEverySentenceWithItsValuesAndForms(t *testing.T) {
	for _, folder := range catalogues(t) {
		english := readCatalogue(folder + "/words.en.json")
		for _, language := range languages {
			name := folder + "/words." + language + ".json"
			got := readCatalogue(name)
			if diff := cmp.Diff(slices.Sorted(maps.Keys(english)), slices.Sorted(maps.Keys(got))); diff != "" {
				t.Errorf("%s: keys differ from English (-en +%s):\n%s", name, language, diff)
			}
			for key, s := range got {
				if section, _, _ := strings.Cut(key, "."); section != folder && key != "direction" {
					t.Errorf("%s: %s does not begin with the folder's name", name, key)
				}
				if got, want := slices.Sorted(maps.Keys(s)), slices.Sorted(maps.Keys(english[key])); !slices.Equal(got, want) ||
					!slices.Equal(got, []string{"other"}) && !slices.Equal(got, []string{"one", "other"}) {
					t.Errorf("%s: %s has the forms %v, want %v", name, key, got, want)
				}
				// "One try left." may leave the number out.
				if got, want := values(s["other"]), values(english[key]["other"]); got != want {
					t.Errorf("%s: %s holds %q, want %q", name, key, got, want)
				}
				for _, text := range s {
					if text == "" || text != strings.TrimSpace(text) || strings.ContainsAny(text, "<>'") {
						t.Errorf("%s: %s is empty, has space around it, markup, or a typewriter's apostrophe: %q", name, key, text)
					}
				}
			}
		}
	}
}

func TestOtherLanguagesAreNotEnglish(t *testing.T) {
	for _, folder := range catalogues(t) {
		english := readCatalogue(folder + "/words.en.json")
		for _, language := range languages[1:] {
			for key, s := range readCatalogue(folder + "/words." + language + ".json") {
				if key != "direction" && s["other"] == english[key]["other"] && strings.Contains(s["other"], " ") {
					t.Errorf("%s: %s is English: %q", language, key, s["other"])
				}
			}
		}
	}
}

// Without it a browser may begin a line with a colon.
func TestFrenchKeepsItsSignsWithTheirWords(t *testing.T) {
	apart := regexp.MustCompile(`[^ ] [:;?!»]|« `)
	for key, s := range loadWords()["fr"].sentences {
		for _, text := range s {
			if found := apart.FindString(text); found != "" {
				t.Errorf("%s: a space in %q is one that a line may break at", key, found)
			}
		}
	}
}

// sources are the files that say sentences: templates, scripts, and this
// package's own.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := fs.WalkDir(files, ".", func(name string, _ fs.DirEntry, err error) error {
		if ext := path.Ext(name); err == nil && (ext == ".html" || ext == ".mjs") && !strings.HasSuffix(name, ".test.mjs") {
			all.Write(mustRead(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String() + ownSources(t)
}

// Where a key is put together, its beginning stands in the script up to ${, and
// its end may follow; in Go and in templates it is a string that ends in a dot.
func TestEverySentenceIsSaidSomewhereAndNoneThatThereIsNot(t *testing.T) {
	all := sources(t)
	english := loadWords()["en"].sentences
	begun := regexp.MustCompile("[\"`]([a-z]+\\.(?:[a-z-]+\\.)+)(?:\\$\\{|\")")
	var beginnings []string
	for _, found := range begun.FindAllStringSubmatch(all, -1) {
		beginnings = append(beginnings, found[1])
	}
	for key := range english {
		said := regexp.MustCompile("[\"'`]" + regexp.QuoteMeta(key) + "[\"'`]").MatchString(all)
		if !said && !slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(key, b) }) {
			t.Errorf("%s is said nowhere", key)
		}
	}
	sections := strings.Join(catalogues(t), "|")
	quoted := regexp.MustCompile("[\"'`]((?:" + sections + ")\\.[A-Za-z0-9.-]+)[\"'`]")
	for _, found := range quoted.FindAllStringSubmatch(all, -1) {
		if key := found[1]; english[key] == nil && !strings.HasSuffix(key, ".") && types[path.Ext(key)] == "" && path.Ext(key) != ".html" {
			t.Errorf("%s is said, and is in no catalogue", key)
		}
	}
}

func TestAPageSpeaksTheLanguageOfItsBrowser(t *testing.T) {
	handler := plainPages()
	for language, headline := range map[string]string{"en": "One moment", "de": "Einen Moment", "fr": "Un instant"} {
		request := httptest.NewRequest("GET", pages["waiting screen"], nil)
		request.Header.Set("Accept-Language", language+"-XX, en;q=0.5")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, request)
		body := w.Body.String()
		for _, want := range []string{`<html lang="` + language + `" dir="ltr"`, headline} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: the page has no %s", language, want)
			}
		}
		if got := w.Header().Values("Vary"); !slices.Contains(got, "Accept-Language") || w.Header().Get("Content-Language") != language {
			t.Errorf("%s: got Vary %v, Content-Language %q", language, got, w.Header().Get("Content-Language"))
		}
	}
}

func TestAPageBringsTheWordsOfItsScriptAndNoOthers(t *testing.T) {
	_, body := fetch(t, plain, "GET", pages["set-up"])
	found := regexp.MustCompile(`(?s)<script type="application/json" id="words">(.*?)</script>`).FindStringSubmatch(body)
	if found == nil {
		t.Fatal("the page has no words")
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(found[1]), &got); err != nil {
		t.Fatal(err)
	}
	if got["setup.title"] != "Set-up" || got["page.back"] != "Back" || got["waiting.title"] != nil {
		t.Errorf("got %v", got)
	}
}

func TestTheLanguageIsTheOneThatWeighsMost(t *testing.T) {
	for accept, want := range map[string]string{
		"": "en", "de": "de", "fr-CA": "fr", "DE-at": "de", "ja, mi": "en",
		"ja, fr;q=0.8, de;q=0.9": "de", "fr;q=0.5,de;q=0.5": "fr", "de;q=0, fr;q=0.001": "fr",
		"de ; q=0.3 , fr; Q=0.4": "fr", "*": "en", "de;q=0.1, *;q=0.9": "en", "en;q=0, *": "de", "en;q=0.4, *;q=0.5": "de",
		"de;q=2, fr;q=0.1": "fr", "de;q=, fr;q=0.1": "fr", "de;q=NaN, fr;q=0.1": "fr", "de;q=-1": "en", "de;level=1, fr;q=0.1": "fr",
		"de;q=0.0001, fr;q=0.001": "fr", "\x00;;,=,de": "de", strings.Repeat("ja,", 40) + "de": "en",
	} {
		if got := preferred(accept); got != want {
			t.Errorf("%q: got %s, want %s", accept, got, want)
		}
	}
}

func FuzzALanguageIsAlwaysOneThatThereIs(f *testing.F) {
	for _, seed := range []string{"de;q=0.9, *;q=0.1", "fr", ",;=q"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		if got := preferred(accept); !slices.Contains(languages, got) {
			t.Errorf("got %q", got)
		}
	})
}

func TestASentenceOfATemplateCountsAndKeepsItsValuesApart(t *testing.T) {
	french, english := loadWords()["fr"], loadWords()["en"]
	for _, c := range []struct {
		words  words
		key    string
		values []any
		want   string
	}{
		{english, "waiting.seconds-left", []any{"count", 1}, "<bdi>1</bdi> second left"},
		{english, "waiting.seconds-left", []any{"count", 0}, "<bdi>0</bdi> seconds left"},
		{french, "waiting.seconds-left", []any{"count", 0}, "encore <bdi>0</bdi> seconde"},
		{french, "waiting.seconds-left", []any{"count", 2}, "encore <bdi>2</bdi> secondes"},
		{english, "waiting.go-on", []any{"application", "<b>{user}"}, "Continue to <bdi>&lt;b&gt;{user}</bdi>"},
		{english, "waiting.pending.opened.line", []any{"phone", "A", "number", "47"}, "Opened on <bdi>A</bdi>. Enter <strong><bdi>47</bdi></strong> there."},
		{english, "waiting.go-on", nil, "Continue to <bdi></bdi>"},
	} {
		if got, err := c.words.T(c.key, c.values...); err != nil || string(got) != c.want {
			t.Errorf("%s %v: got %q, %v; want %q", c.key, c.values, got, err, c.want)
		}
	}
	if _, err := english.T("waiting.no-such-sentence"); err == nil {
		t.Error("a sentence that there is not was said")
	}
}

// ownSources are the package's Go files: pages that are drawn for one request
// name their sentences there.
func ownSources(t *testing.T) string {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err == nil {
		var more []string
		more, err = filepath.Glob("noscript/*.go")
		names = append(names, more...)
	}
	if err != nil || len(names) == 0 {
		t.Fatalf("got %v, %v", names, err)
	}
	var all strings.Builder
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(content)
	}
	return all.String()
}
