package enrolmentstest

import (
	"fmt"
	"strings"
	"testing"

	"countersign/enrolments"
)

// rows verifies the trail and returns how long it is.
func (f *fixture) rows(t *testing.T) int64 {
	t.Helper()
	n, err := f.store.VerifyAudit(t.Context())
	ok(t, err)
	return n
}

var audit = []promise{
	{"an empty trail verifies", func(t *testing.T, f *fixture) {
		same(t, f.rows(t), int64(0))
	}},
	{"events come back whole, newest first", func(t *testing.T, f *fixture) {
		p, approval := f.person(t), enrolments.NewID[string]()
		first := enrolments.Event{At: present(), Kind: enrolments.EventApprovalRequested, Person: p.ID,
			Application: "books", Phone: "phone", Approval: approval, Data: `{"a":"<&> 'b'"}`, Detail: "Ana's phone, 𝄞 'quoted' \"twice\""}
		second := enrolments.Event{At: present(), Kind: enrolments.EventApprovalSettled, Person: p.ID, Approval: approval}
		third := enrolments.Event{At: present(), Kind: enrolments.EventPersonUnlocked, Person: p.ID}
		before := f.rows(t)
		ok(t, f.store.Record(t.Context(), first, second))
		ok(t, f.store.Record(t.Context(), third))
		same(t, f.rows(t), before+3)
		for _, c := range []struct {
			filter enrolments.EventFilter
			want   []enrolments.Event
		}{
			{enrolments.EventFilter{Limit: 3}, []enrolments.Event{third, second, first}},
			{enrolments.EventFilter{Limit: 1}, []enrolments.Event{third}},
			{enrolments.EventFilter{Person: p.ID, Limit: 1000}, []enrolments.Event{third, second, first}},
			{enrolments.EventFilter{Approval: approval, Limit: 1000}, []enrolments.Event{second, first}},
			{enrolments.EventFilter{Person: p.ID, Approval: approval, Limit: 1}, []enrolments.Event{second}},
			{enrolments.EventFilter{Person: p.ID, Kind: enrolments.EventPersonUnlocked, Limit: 1000}, []enrolments.Event{third}},
			{enrolments.EventFilter{Kind: enrolments.EventApprovalRequested, Limit: 1000}, []enrolments.Event{first}},
			{enrolments.EventFilter{Person: p.ID, Approval: approval, Kind: enrolments.EventApprovalSettled, Limit: 9}, []enrolments.Event{second}},
			{enrolments.EventFilter{Kind: "nothing", Limit: 10}, nil},
			{enrolments.EventFilter{Person: "nobody", Limit: 10}, nil},
			{enrolments.EventFilter{Person: "nobody", Approval: approval, Limit: 10}, nil},
		} {
			got, err := f.store.Events(t.Context(), c.filter)
			ok(t, err)
			same(t, got, c.want)
		}
	}},
	{"a limit is 1 to 1000", func(t *testing.T, f *fixture) {
		for _, limit := range []int{-1, 0, 1001} {
			_, err := f.store.Events(t.Context(), enrolments.EventFilter{Limit: limit})
			is(t, err, enrolments.ErrInvalid)
		}
	}},
	{"events recorded at once are all in one chain, each caller's in order", func(t *testing.T, f *fixture) {
		before := f.rows(t)
		person := enrolments.NewID[enrolments.PersonID]()
		const each = 9
		for _, err := range atOnce(func(i int) error {
			events := make([]enrolments.Event, each)
			for n := range events {
				events[n] = enrolments.Event{At: present(), Kind: enrolments.EventCodeWrong, Person: person, Detail: fmt.Sprint(i, " ", n)}
			}
			return f.store.Record(t.Context(), events...)
		}) {
			ok(t, err)
		}
		same(t, f.rows(t), before+callers*each)
		got, err := f.store.Events(t.Context(), enrolments.EventFilter{Person: person, Limit: 1000})
		ok(t, err)
		same(t, len(got), callers*each)
		next := make(map[int]int)
		for _, e := range got { // newest first: each caller's go down
			var i, n int
			if _, err := fmt.Sscan(e.Detail, &i, &n); err != nil {
				t.Fatal(err)
			}
			if want := each - 1 - next[i]; n != want {
				t.Errorf("caller %d: event %d where %d should be", i, n, want)
			}
			next[i]++
		}
	}},
	{"an event that cannot be kept is refused and nobody else's with it", func(t *testing.T, f *fixture) {
		before := f.rows(t)
		good := enrolments.Event{At: present(), Kind: enrolments.EventPersonAdded}
		for _, bad := range []enrolments.Event{
			{At: present()},
			{At: present(), Kind: enrolments.EventPersonAdded, Detail: strings.Repeat("x", 2049)},
			{At: present(), Kind: enrolments.EventPersonAdded, Data: strings.Repeat("x", 8193)},
			{At: present(), Kind: enrolments.EventPersonAdded, Data: "\x00"},
			{At: present(), Kind: enrolments.EventPersonAdded, Detail: "\xff"},
			{At: present(), Kind: enrolments.EventPersonAdded, Approval: "a\x00b"},
		} {
			is(t, f.store.Record(t.Context(), good, bad), enrolments.ErrInvalid)
		}
		is(t, f.store.Record(t.Context(), make([]enrolments.Event, 65)...), enrolments.ErrInvalid)
		same(t, f.rows(t), before)
		ok(t, f.store.Record(t.Context()))
		ok(t, f.store.Record(t.Context(), good))
		same(t, f.rows(t), before+1)
	}},
}
