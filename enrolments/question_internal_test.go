package enrolments

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"
)

func TestAnswersAreComparedAsTheyAreRemembered(t *testing.T) {
	for text, want := range map[string]string{
		"Teddy the 2nd!":     "teddythe2nd",
		"  t e d d y  ":      "teddy",
		"TEDDY":              "teddy",
		"Straße":             "strasse",
		"ZOE\u0308":          "zoë",
		"\u212Bngstr\u00f6m": "ångström",
		"Ｔｅｄｄｙ":              "teddy",
		"ΣΊΣΥΦΟΣ":            "σίσυφοσ",
		"हिन्दी":             "हिन्दी",
		"—!?":                "",
		"\xff":               "",
		strings.Repeat("a", 4*maxAnswer*utf8.UTFMax+1): "",
	} {
		if got := foldAnswer(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func FuzzFoldAnswer(f *testing.F) {
	for _, text := range []string{"Teddy", "ZOE\u0308", "İ", "ﬃ", "ẞ", "\u0345", "한글", "\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := foldAnswer(text)
		if !utf8.ValidString(once) || strings.ContainsAny(once, " \n-.") {
			t.Errorf("%q became %q", text, once)
		}
	})
}

// Two who wait for the same stove get it one after the other; too many are sent
// away before they cost anything.
func TestFewHashAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKitchen()
		var leaves []func()
		for range maxHashing {
			leave, err := k.enter(t.Context(), NewID[PersonID]())
			if err != nil {
				t.Fatal(err)
			}
			leaves = append(leaves, leave)
		}
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan error, maxWaitForHashing)
		for range maxWaitForHashing {
			go func() {
				leave, err := k.enter(ctx, NewID[PersonID]())
				if err == nil {
					leave()
				}
				results <- err
			}()
		}
		synctest.Wait()
		if _, err := k.enter(t.Context(), NewID[PersonID]()); !errors.Is(err, ErrBusy) {
			t.Errorf("one more: %v", err)
		}
		if len(results) != 0 {
			t.Errorf("%d did not wait", len(results))
		}
		leaves[0]()
		synctest.Wait()
		for range maxWaitForHashing {
			if err := <-results; err != nil {
				t.Errorf("who waited: %v", err)
			}
		}
		leave, err := k.enter(t.Context(), NewID[PersonID]())
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		if _, err := k.enter(ctx, NewID[PersonID]()); err == nil {
			t.Error("who has gone got a place")
		}
		leave()
	})
}

func TestNobodyHashesInThePlacesOfAllOthers(t *testing.T) {
	k := newKitchen()
	leave, err := k.enter(t.Context(), "eve")
	if err != nil {
		t.Fatal(err)
	}
	for range maxHashing + maxWaitForHashing {
		if _, err := k.enter(t.Context(), "eve"); !errors.Is(err, ErrBusy) {
			t.Fatalf("a second set of hers: got %v, want %v", err, ErrBusy)
		}
	}
	others, err := k.enter(t.Context(), "ana")
	if err != nil {
		t.Fatalf("somebody else: %v", err)
	}
	others()
	leave()
	again, err := k.enter(t.Context(), "eve")
	if err != nil {
		t.Fatalf("after the first: %v", err)
	}
	again()
}
