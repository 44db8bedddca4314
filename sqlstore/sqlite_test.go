package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"countersign/enrolments"
)

func TestAFailedCallerTakesNobodyAlong(t *testing.T) {
	s := open(t, sqliteURL(t))
	lite := s.db.(*sqliteFile)
	broken := errors.New("broken")
	insert := func(id string, err error) work {
		return func(ctx context.Context, db session) error {
			_, insertErr := db.exec(ctx, `INSERT INTO spent_approvals (approval, spent_at) VALUES ($1, 0)`, id)
			return errors.Join(insertErr, err)
		}
	}
	// Nobody else writes: the test stands in for the writer's goroutine.
	got := lite.commit([]work{insert("a", nil), insert("b", broken), insert("a", nil), insert("c", nil)})
	if got[0] != nil || !errors.Is(got[1], broken) || meaning(got[2]) != enrolments.ErrExists || got[3] != nil {
		t.Errorf("got %v", got)
	}
	var kept string
	must(t, s.read().one(t.Context(), `SELECT group_concat(approval, ' ') FROM (SELECT approval FROM spent_approvals ORDER BY approval)`, nil, &kept))
	if kept != "a c" {
		t.Errorf("kept %q, want the two that succeeded", kept)
	}
}

func TestATransactionThatSQLiteHasUndoneIsNobodysSuccess(t *testing.T) {
	s := open(t, sqliteURL(t))
	lite := s.db.(*sqliteFile)
	insert := func(id string) work {
		return func(ctx context.Context, db session) error {
			_, err := db.exec(ctx, `INSERT INTO spent_approvals (approval, spent_at) VALUES ($1, 0)`, id)
			return err
		}
	}
	undone := func(ctx context.Context, db session) error {
		if _, err := db.exec(ctx, `ROLLBACK`); err != nil { // as a full disk does
			return err
		}
		return errors.New("disk full")
	}
	for i, err := range lite.commit([]work{insert("a"), undone, insert("b")}) {
		if err == nil {
			t.Errorf("caller %d was told of success", i)
		}
	}
	var count int
	must(t, s.read().one(t.Context(), `SELECT count(*) FROM spent_approvals`, nil, &count))
	if count != 0 {
		t.Errorf("%d rows are there", count)
	}
	if errs := lite.commit([]work{insert("c")}); errs[0] != nil {
		t.Errorf("the writer does not recover: %v", errs[0])
	}
}

func TestEveryConnectionToTheFileIsSetUp(t *testing.T) {
	s := open(t, sqliteURL(t))
	lite := s.db.(*sqliteFile)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		for name, q := range map[string]interface {
			QueryRowContext(context.Context, string, ...any) *sql.Row
		}{"writer": lite.conn, "readers": lite.pools[0]} {
			var got string
			must(t, q.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
			if got != want {
				t.Errorf("%s: %s is %s, want %s", name, pragma, got, want)
			}
		}
	}
	if _, err := lite.pools[0].Exec(`DELETE FROM people`); err == nil {
		t.Error("a reader may write")
	}
}
