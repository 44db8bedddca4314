package sqlstore

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/enrolments"
)

func TestAnAlteredTrailIsFoundAndTheRowNamed(t *testing.T) {
	for name, c := range map[string]struct {
		statements []string
		names      string
	}{
		"a text changed":      {[]string{`UPDATE audit SET detail = 'x' WHERE number = 3`}, "row 3"},
		"a time changed":      {[]string{`UPDATE audit SET at = at + 1 WHERE number = 1`}, "row 1"},
		"a person changed":    {[]string{`UPDATE audit SET person = 'x' WHERE number = 2`}, "row 2"},
		"a hash changed":      {[]string{`UPDATE audit SET hash = before WHERE number = 4`}, "row 4"},
		"a row removed":       {[]string{`DELETE FROM audit WHERE number = 3`}, "row 3 is missing"},
		"the first removed":   {[]string{`DELETE FROM audit WHERE number = 1`}, "row 1 is missing"},
		"the last removed":    {[]string{`DELETE FROM audit WHERE number = 5`}, "row 5 is missing"},
		"all removed":         {[]string{`DELETE FROM audit`}, "row 1 is missing"},
		"the head removed":    {[]string{`DELETE FROM audit_head`}, "head"},
		"the end cut off":     {[]string{`DELETE FROM audit WHERE number = 5`, `UPDATE audit_head SET number = 4, hash = (SELECT hash FROM audit WHERE number = 4)`}, "seal of row 4"},
		"the seal removed":    {[]string{`UPDATE audit_head SET seal = NULL`}, "seal of row 5"},
		"the head moved back": {[]string{`UPDATE audit_head SET number = 4`}, "row 5"},
		"two rows exchanged": {[]string{`UPDATE audit SET number = 99 WHERE number = 2`, `UPDATE audit SET number = 2 WHERE number = 3`,
			`UPDATE audit SET number = 3 WHERE number = 99`}, "row 2"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, sqliteURL(t))
			record(t, s, 5)
			if n, err := s.VerifyAudit(t.Context()); n != 5 || err != nil {
				t.Fatalf("before: %d rows, %v", n, err)
			}
			for _, statement := range c.statements {
				change(t, s, statement)
			}
			n, err := s.VerifyAudit(t.Context())
			if !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), c.names) || n != 0 {
				t.Errorf("got %d, %v; want ErrTampered with %q", n, err, c.names)
			}
		})
	}
}

func TestEveryFieldOfARowIsInItsHash(t *testing.T) {
	row := link{number: 7, before: make([]byte, 32), event: enrolments.Event{At: time.UnixMicro(1), Kind: "a", Person: "b",
		Application: "c", Phone: "d", Approval: "e", Detail: "f", Data: "g"}}
	seen := map[string]string{string(row.hash()): "the row itself"}
	for name, alter := range map[string]func(l *link){
		"number":      func(l *link) { l.number++ },
		"before":      func(l *link) { l.before = append(make([]byte, 31), 1) },
		"at":          func(l *link) { l.event.At = time.UnixMicro(2) },
		"kind":        func(l *link) { l.event.Kind = "x" },
		"person":      func(l *link) { l.event.Person = "x" },
		"application": func(l *link) { l.event.Application = "x" },
		"phone":       func(l *link) { l.event.Phone = "x" },
		"approval":    func(l *link) { l.event.Approval = "x" },
		"detail":      func(l *link) { l.event.Detail = "x" },
		"data":        func(l *link) { l.event.Data = "x" },
		// The same bytes, cut elsewhere.
		"shifted": func(l *link) { l.event.Approval, l.event.Detail = "ef", "" },
	} {
		altered := row
		alter(&altered)
		hash := string(altered.hash())
		if other, ok := seen[hash]; ok {
			t.Errorf("%s has the hash of %s", name, other)
		}
		seen[hash] = name
	}
}

func TestARowForgedWithItsHashIsFoundAtTheNext(t *testing.T) {
	s := open(t, sqliteURL(t))
	record(t, s, 5)
	var l link
	must(t, s.read().each(t.Context(), `SELECT `+eventColumns+`, number, before FROM audit WHERE number = 3`, nil,
		func(scan func(...any) error) (err error) {
			l.event, err = scanEvent(scan, &l.number, &l.before)
			return err
		}))
	l.event.Detail = "forged"
	for _, query := range []string{
		`UPDATE audit SET detail = 'forged', hash = $1 WHERE number = 3`,
		`UPDATE audit SET before = $1 WHERE number = 4`, // and so on, one after the other
	} {
		_, err := s.once(t.Context(), query, l.hash())
		must(t, err)
		if _, err := s.VerifyAudit(t.Context()); !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), "row 4") {
			t.Errorf("got %v, want ErrTampered with row 4", err)
		}
	}
}

func TestATrailWrittenAnewWithoutTheKeyIsFound(t *testing.T) {
	url := sqliteURL(t)
	s := open(t, url)
	record(t, s, 3)
	change(t, s, `DELETE FROM audit`)
	change(t, s, `UPDATE audit_head SET number = 0, hash = zeroblob(32)`)
	forger := *s
	forger.keys = ring(t, 9)
	must(t, forger.write(t.Context(), func(ctx context.Context, db session) error {
		return forger.chain(ctx, db, []enrolments.Event{{Kind: "x"}, {Kind: "y"}, {Kind: "z"}})
	}))
	if _, err := s.VerifyAudit(t.Context()); !errors.Is(err, ErrTampered) {
		t.Errorf("got %v, want ErrTampered", err)
	}
}

func nodesAtOnceWriteOneChain(t *testing.T, fresh func(*testing.T) string) {
	url := fresh(t)
	const nodes, callers, each = 3, 5, 8
	var all sync.WaitGroup
	stores := make([]*Store, nodes)
	for i := range stores {
		stores[i] = open(t, url)
	}
	for _, s := range stores {
		for range callers {
			all.Go(func() {
				for range each {
					if err := s.Record(t.Context(), enrolments.Event{Kind: "x"}, enrolments.Event{Kind: "y"}); err != nil {
						t.Errorf("got %v", err)
					}
				}
			})
		}
	}
	all.Wait()
	if n, err := stores[0].VerifyAudit(t.Context()); n != nodes*callers*each*2 || err != nil {
		t.Errorf("%d rows, %v; want %d", n, err, nodes*callers*each*2)
	}
	change(t, stores[0], `DELETE FROM audit WHERE number = 7`)
	if _, err := stores[0].VerifyAudit(t.Context()); !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), "row 7") {
		t.Errorf("got %v, want ErrTampered with row 7", err)
	}
}
