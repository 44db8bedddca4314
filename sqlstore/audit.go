package sqlstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"countersign/enrolments"
)

// Bounds of the trail: callers waiting, callers a transaction, its time; events
// a call, bytes of one text, events an answer.
const (
	trailQueue = 1024
	trailBatch = 256
	// trailPatience is how long one append may take, a database that does not
	// answer included.
	trailPatience = 15 * time.Second

	maxEvents    = 64
	maxEventText = 2 << 10
	maxEventData = 8 << 10
	maxTell      = 4
	maxAnswer    = 1000
)

// ErrTampered is returned when the audit trail is not what was written.
var ErrTampered = errors.New("the audit trail was altered")

// link is one row of the trail: an event in its place.
type link struct {
	number int64
	event  enrolments.Event
	before []byte
}

// hash covers everything in the row. A label keeps it apart from every other
// hash of ours, and lengths in front keep one field from running into the next.
func (l link) hash() []byte {
	h := sha256.New()
	field := func(raw []byte) {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(raw)))
		h.Write(size[:])
		h.Write(raw)
	}
	number := func(n int64) { field(binary.BigEndian.AppendUint64(nil, uint64(n))) }
	e := l.event
	field([]byte("countersign-audit-1"))
	number(l.number)
	field(l.before)
	number(micros(e.At))
	for _, text := range []string{string(e.Kind), string(e.Person), string(e.Application), string(e.Phone), e.Approval, e.Detail, e.Data} {
		field([]byte(text))
	}
	return h.Sum(nil)
}

// Record implements enrolments.AuditStore. It takes at most 64 events with
// texts of at most 2 KiB, else ErrInvalid; callers at once are committed
// together.
func (s *Store) Record(ctx context.Context, events ...enrolments.Event) error {
	if len(events) == 0 {
		return nil
	}
	if len(events) > maxEvents {
		return fmt.Errorf("%w: %d events at once; at most %d", enrolments.ErrInvalid, len(events), maxEvents)
	}
	for _, e := range events {
		if err := checkEvent(e); err != nil {
			return err
		}
	}
	return s.trail.do(ctx, events)
}

// checkEvent refuses what the database would refuse: nobody else's events fail
// with it.
func checkEvent(e enrolments.Event) error {
	if e.Kind == "" {
		return fmt.Errorf("%w: an event of no kind", enrolments.ErrInvalid)
	}
	for _, text := range []string{string(e.Kind), string(e.Person), string(e.Application), string(e.Phone), e.Approval, e.Detail} {
		if len(text) > maxEventText {
			return fmt.Errorf("%w: a text of an event is longer than %d bytes", enrolments.ErrInvalid, maxEventText)
		}
		if err := storable([]any{text}); err != nil {
			return err
		}
	}
	if len(e.Data) > maxEventData {
		return fmt.Errorf("%w: the data of an event is longer than %d bytes", enrolments.ErrInvalid, maxEventData)
	}
	if len(e.Tell) > maxTell {
		return fmt.Errorf("%w: %d addresses to tell of an event; at most %d", enrolments.ErrInvalid, len(e.Tell), maxTell)
	}
	for _, to := range e.Tell {
		if len(to.Address) > enrolments.MaxEmail || len(to.Language) > maxEventText {
			return fmt.Errorf("%w: an address to tell of an event is too long", enrolments.ErrInvalid)
		}
		if err := storable([]any{to.Language}); err != nil {
			return err
		}
	}
	return storable([]any{e.Data})
}

// append is what the trail's line does for all who wait.
func (s *Store) append(calls [][]enrolments.Event) []error {
	errs := make([]error, len(calls))
	var events []enrolments.Event
	for _, call := range calls {
		events = append(events, call...)
	}
	// No caller's context, since all are in it; a bound of its own, since all
	// wait for it.
	ctx, cancel := context.WithTimeout(context.Background(), trailPatience)
	defer cancel()
	err := s.write(ctx, func(ctx context.Context, db session) error {
		return s.chain(ctx, db, events)
	})
	if err == nil {
		s.tell(events)
	}
	return fail(errs, err)
}

// chain appends events under the lock of the head, so that of all nodes one
// appends at a time, and stores the notices of those that are announced.
func (s *Store) chain(ctx context.Context, db session, events []enrolments.Event) error {
	var number int64
	var before []byte
	if err := db.one(ctx, `SELECT number, hash FROM audit_head WHERE id = 1`+db.lock, nil, &number, &before); err != nil {
		return fmt.Errorf("head of the audit trail: %w", err)
	}
	rows := make([]any, 0, len(events)*auditWidth)
	for _, e := range events {
		number++
		l := link{number, e, before}
		hash := l.hash()
		rows = append(rows, l.number, micros(e.At), string(e.Kind), string(e.Person), string(e.Application),
			string(e.Phone), e.Approval, e.Detail, e.Data, before, hash)
		before = hash
	}
	if err := insertAudit(ctx, db, rows); err != nil {
		return err
	}
	if err := db.must(ctx, ErrTampered, `UPDATE audit_head SET number = $1, hash = $2, seal = $3 WHERE id = 1`,
		number, before, s.keys.Seal(before, headPlace(number))); err != nil {
		return err
	}
	return s.announce(ctx, db, events)
}

func headPlace(number int64) string { return placeOf("audit_head", "seal", fmt.Sprint(number)) }

// auditWidth is how many columns a row of the trail has.
const auditWidth = 11

// insertAudit writes rows, many a statement. The sizes are few, so that the
// statements stay prepared.
func insertAudit(ctx context.Context, db session, rows []any) error {
	for _, size := range []int{64, 8, 1} {
		for ; len(rows) >= size*auditWidth; rows = rows[size*auditWidth:] {
			if _, err := db.exec(ctx, insertAuditRows(size), rows[:size*auditWidth]...); err != nil {
				return err
			}
		}
	}
	return nil
}

func insertAuditRows(size int) string {
	var b strings.Builder
	b.WriteString(`INSERT INTO audit (number, at, kind, person, application, phone, approval, detail, data, before, hash) VALUES `)
	for i := range size * auditWidth {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%auditWidth == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	b.WriteString(")")
	return b.String()
}

const eventColumns = `at, kind, person, application, phone, approval, detail, data`

func scanEvent(scan func(...any) error, more ...any) (e enrolments.Event, err error) {
	var at int64
	err = scan(append([]any{&at, &e.Kind, &e.Person, &e.Application, &e.Phone, &e.Approval, &e.Detail, &e.Data}, more...)...)
	e.At = instant(at)
	return e, err
}

// Events implements enrolments.AuditStore. A limit out of bounds is ErrInvalid.
func (s *Store) Events(ctx context.Context, f enrolments.EventFilter) ([]enrolments.Event, error) {
	if f.Limit < 1 || f.Limit > maxAnswer {
		return nil, fmt.Errorf("%w: a limit of %d events; it takes 1 to %d", enrolments.ErrInvalid, f.Limit, maxAnswer)
	}
	where, args := "WHERE TRUE ", []any{f.Limit}
	for _, is := range []struct{ column, value string }{
		{"person", string(f.Person)}, {"approval", f.Approval}, {"kind", string(f.Kind)},
	} {
		if is.value != "" {
			args = append(args, is.value)
			where += fmt.Sprintf("AND %s = $%d ", is.column, len(args))
		}
	}
	var events []enrolments.Event
	err := s.read().each(ctx, `SELECT `+eventColumns+` FROM audit `+where+`ORDER BY number DESC LIMIT $1`, args,
		func(scan func(...any) error) error {
			e, err := scanEvent(scan)
			events = append(events, e)
			return err
		})
	return events, err
}

// VerifyAudit implements enrolments.AuditStore; what does not fit is
// ErrTampered. The head of the trail is sealed, so that rows cannot be taken
// off its end, or all be written anew, with the database alone.
func (s *Store) VerifyAudit(ctx context.Context) (rows int64, err error) {
	err = s.db.snapshot(ctx, func(ctx context.Context, db session) error {
		rows = 0
		before := make([]byte, sha256.Size)
		err := db.each(ctx, `SELECT `+eventColumns+`, number, before, hash FROM audit ORDER BY number`, nil,
			func(scan func(...any) error) error {
				l := link{}
				var hash []byte
				var err error
				if l.event, err = scanEvent(scan, &l.number, &l.before, &hash); err != nil {
					return err
				}
				if l.number != rows+1 {
					return fmt.Errorf("%w: row %d is missing", ErrTampered, rows+1)
				}
				if !bytes.Equal(l.before, before) || !bytes.Equal(l.hash(), hash) {
					return fmt.Errorf("%w: row %d does not fit", ErrTampered, l.number)
				}
				rows, before = l.number, hash
				return nil
			})
		if err != nil {
			return err
		}
		return s.verifyHead(ctx, db, rows, before)
	})
	if err != nil {
		return 0, err
	}
	return rows, nil
}

// verifyHead compares where the rows end with where the trail was sealed.
func (s *Store) verifyHead(ctx context.Context, db session, rows int64, last []byte) error {
	var number int64
	var hash, sealed []byte
	err := db.one(ctx, `SELECT number, hash, seal FROM audit_head WHERE id = 1`, nil, &number, &hash, &sealed)
	if errors.Is(err, enrolments.ErrNotFound) {
		return fmt.Errorf("%w: its head is missing", ErrTampered)
	}
	if err != nil {
		return err
	}
	if rows < number {
		return fmt.Errorf("%w: row %d is missing, the last one was %d", ErrTampered, rows+1, number)
	}
	if rows > number || !bytes.Equal(hash, last) {
		return fmt.Errorf("%w: row %d does not fit the head", ErrTampered, rows)
	}
	if number == 0 && sealed == nil {
		return nil
	}
	plain, err := s.keys.Open(sealed, headPlace(number))
	if err != nil || !bytes.Equal(plain, hash) {
		return fmt.Errorf("%w: the seal of row %d does not fit", ErrTampered, number)
	}
	return nil
}
