package approvals

import (
	"errors"
	"strconv"
	"testing"

	"countersign/enrolments"
)

func TestNumbersAreEvenlyDrawnAndNeverBeginWithZero(t *testing.T) {
	for digits := 2; digits <= 6; digits++ {
		for range 200 {
			text, err := newNumber(digits)
			if err != nil {
				t.Fatal(err)
			}
			n, err := strconv.Atoi(text)
			if err != nil || len(text) != digits || text != strconv.Itoa(n) {
				t.Fatalf("%d digits: got %q", digits, text)
			}
		}
	}
	// 90 numbers, 200 of each expected.
	const each = 200
	seen := map[string]int{}
	for range 90 * each {
		text, err := newNumber(2)
		if err != nil {
			t.Fatal(err)
		}
		seen[text]++
	}
	chi := 0.0
	for n := 10; n <= 99; n++ {
		off := float64(seen[strconv.Itoa(n)] - each)
		chi += off * off / each
	}
	// Chi-square with 89 degrees of freedom lies above 197 less than once in
	// 10^9 runs; a byte modulo 90 would make it some 290 more.
	if len(seen) != 90 || chi > 197 {
		t.Errorf("%d numbers, chi-square %.0f: not even", len(seen), chi)
	}
}

func TestIdentifiersNameTheSlotOfTheirPerson(t *testing.T) {
	for _, person := range []enrolments.PersonID{"", "ana", "bob"} {
		id := NewID(person)
		if parsed, err := ParseID(string(id)); err != nil || parsed != id || id.Slot() != SlotOf(person) {
			t.Errorf("%s: got %s, %v", person, id, err)
		}
		if NewID(person) == id {
			t.Error("two approvals share an id")
		}
	}
	if SlotOf("ana") == SlotOf("bob") {
		t.Error("two people share a slot")
	}
}

func FuzzParseID(f *testing.F) {
	f.Add(string(NewID("ana")))
	f.Add("../../../../../../etc/passwd/x")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := ParseID(text)
		if err != nil {
			if id != "" || !errors.Is(err, ErrNotFound) {
				t.Errorf("got %q, %v", id, err)
			}
			return
		}
		if string(id) != text || len(text) != 30 || len(id.Slot()) != 8 {
			t.Errorf("%q reads as %q", text, id)
		}
		for _, r := range text {
			if r > 'z' || r < '-' || r == '.' || r == '/' {
				t.Errorf("%q is an id", text)
			}
		}
	})
}
