package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/enrolments"
)

// announce stores the notices of events, with what is to be delivered of them.
// The head of the trail is locked, so that of all nodes one does it at a time:
// counts stand until the transaction ends.
func (s *Store) announce(ctx context.Context, db session, events []enrolments.Event) error {
	for _, e := range events {
		if !e.Announced() {
			continue
		}
		n, token := e.Announce()
		err := db.one(ctx, `SELECT user_name FROM people WHERE id = $1`, []any{string(n.Person)}, &n.User)
		if errors.Is(err, enrolments.ErrNotFound) {
			continue // nobody to tell
		}
		if err != nil {
			return err
		}
		if err := s.addNotice(ctx, db, n, token, e); err != nil {
			return fmt.Errorf("notice of %s: %w", e.Kind, err)
		}
	}
	return nil
}

func (s *Store) addNotice(ctx context.Context, db session, n enrolments.Notice, token enrolments.Secret, e enrolments.Event) error {
	room, err := roomForNotice(ctx, db, n)
	if err != nil || !room {
		return err
	}
	if n.Application, err = applicationName(ctx, db, e.Application); err != nil {
		return err
	}
	if _, err := db.exec(ctx, `INSERT INTO notices (id, person_id, event, phone_id, application, detail, because,
		browser, location, ip, at, token, secret, stopped_at, recoveries, set_ups, browsers)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, 0, 0, 0)`,
		string(n.ID), string(n.Person), string(n.Event), string(n.Phone), n.Application, n.Detail, n.Because,
		n.Origin.Browser, n.Origin.Location, n.Origin.IP, micros(n.At), n.Token[:],
		s.keys.Seal([]byte(token.Reveal()), placeOf("notices", "secret", string(n.ID)))); err != nil {
		return err
	}
	backup, err := s.backupEmail(ctx, db, n.Person)
	if err != nil && !errors.Is(err, enrolments.ErrNotFound) {
		return err
	}
	for _, to := range enrolments.Mailboxes(n.User, backup, e.Tell) {
		if err := s.addDelivery(ctx, db, n, enrolments.ByMail, to); err != nil {
			return err
		}
	}
	if !n.RingsPhones() {
		return nil
	}
	return s.addDelivery(ctx, db, n, enrolments.ByPhones, enrolments.Email{})
}

// roomForNotice forgets the person's notices that are old, and reports whether
// they were told of this kind less often than the bound in the last hour.
func roomForNotice(ctx context.Context, db session, n enrolments.Notice) (bool, error) {
	if _, err := db.exec(ctx, `DELETE FROM notices WHERE person_id = $1 AND at < $2`,
		string(n.Person), micros(n.At.Add(-enrolments.NoticesKept))); err != nil {
		return false, err
	}
	var count int
	err := db.one(ctx, `SELECT count(*) FROM notices WHERE person_id = $1 AND event = $2 AND at > $3`,
		[]any{string(n.Person), string(n.Event), micros(n.At.Add(-time.Hour))}, &count)
	return count < enrolments.MaxNoticesAnHour, err
}

// applicationName is empty for an application that there is not: other things
// take its place in the trail, too.
func applicationName(ctx context.Context, db session, id enrolments.ApplicationID) (name string, err error) {
	if id == "" {
		return "", nil
	}
	err = db.one(ctx, `SELECT name FROM applications WHERE id = $1`, []any{string(id)}, &name)
	if errors.Is(err, enrolments.ErrNotFound) {
		return "", nil
	}
	return name, err
}

// addDelivery stores one that is due at once.
func (s *Store) addDelivery(ctx context.Context, db session, n enrolments.Notice, c enrolments.Channel, to enrolments.Email) error {
	id := enrolments.NewID[enrolments.DeliveryID]()
	var address []byte // NULL for the phones
	if to.Address != "" {
		address = s.keys.Seal([]byte(to.Address), placeOf("deliveries", "address", string(id)))
	}
	_, err := db.exec(ctx, `INSERT INTO deliveries (id, notice_id, channel, address, language, tries, due_at)
		VALUES ($1, $2, $3, $4, $5, 0, $6)`, string(id), string(n.ID), string(c), address, to.Language, micros(n.At))
	return err
}

// tell says that deliveries may have been added with events.
func (s *Store) tell(events []enrolments.Event) {
	if slices.ContainsFunc(events, enrolments.Event.Announced) {
		s.poke()
	}
}

// poke lets whoever listens look for all deliveries that are due.
func (s *Store) poke() {
	select {
	case s.announced <- struct{}{}:
	default:
	}
}

// Announced implements enrolments.NoticeStore.
func (s *Store) Announced() <-chan struct{} { return s.announced }

const noticeColumns = `n.id, n.person_id, p.user_name, n.event, n.phone_id, n.application, n.detail, n.because, n.browser, n.location,
	n.ip, n.at, n.token, n.stopped_at, n.recoveries, n.set_ups, n.browsers`

const noticeQuery = `SELECT ` + noticeColumns + ` FROM notices n JOIN people p ON p.id = n.person_id `

func scanNotice(scan func(...any) error, more ...any) (n enrolments.Notice, err error) {
	var at, stopped int64
	var token []byte
	if err := scan(append([]any{&n.ID, &n.Person, &n.User, &n.Event, &n.Phone, &n.Application, &n.Detail, &n.Because,
		&n.Origin.Browser, &n.Origin.Location, &n.Origin.IP, &at, &token,
		&stopped, &n.Stopped.Recoveries, &n.Stopped.SetUps, &n.Stopped.Browsers}, more...)...); err != nil {
		return enrolments.Notice{}, err
	}
	if n.Token, err = hashOf(token); err != nil {
		return enrolments.Notice{}, err
	}
	n.At = instant(at)
	if stopped != 0 {
		n.Stopped.At = instant(stopped)
	}
	return n, nil
}

// Notice implements enrolments.NoticeStore.
func (s *Store) Notice(ctx context.Context, id enrolments.NoticeID) (enrolments.Notice, error) {
	return oneNotice(ctx, s.read(), id)
}

func oneNotice(ctx context.Context, db session, id enrolments.NoticeID) (n enrolments.Notice, err error) {
	err = db.each(ctx, noticeQuery+`WHERE n.id = $1`, []any{string(id)}, func(scan func(...any) error) error {
		n, err = scanNotice(scan)
		return err
	})
	if err == nil && n.ID == "" {
		err = enrolments.ErrNotFound
	}
	return n, err
}

// Notices implements enrolments.NoticeStore. A limit out of bounds is ErrInvalid.
func (s *Store) Notices(ctx context.Context, person enrolments.PersonID, since time.Time, limit int) (all []enrolments.Notice, err error) {
	if limit < 1 || limit > maxAnswer {
		return nil, fmt.Errorf("%w: a limit of %d notices; it takes 1 to %d", enrolments.ErrInvalid, limit, maxAnswer)
	}
	err = s.read().each(ctx, noticeQuery+`WHERE n.person_id = $1 AND n.at >= $2 ORDER BY n.at DESC, n.id LIMIT $3`,
		[]any{string(person), micros(since), limit}, func(scan func(...any) error) error {
			n, err := scanNotice(scan)
			all = append(all, n)
			return err
		})
	if err != nil {
		return nil, err
	}
	return all, nil
}
