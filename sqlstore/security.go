package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"countersign/enrolments"
)

// changeRow is what a change holds beside its object, as JSON, before it is sealed.
type changeRow struct {
	Name     string      `json:"name,omitempty"`
	Address  string      `json:"address,omitempty"`
	Language string      `json:"language,omitempty"`
	Answers  []answerRow `json:"answers,omitempty"`
}

// AddSecurityPage implements enrolments.SecurityStore. It also clears away the
// person's pages that have ended, with what was begun on them.
func (s *Store) AddSecurityPage(ctx context.Context, p enrolments.SecurityPage) error {
	return s.write(ctx, func(ctx context.Context, db session) error {
		if err := lockPerson(ctx, db, p.Person); err != nil {
			return err
		}
		if _, err := db.exec(ctx, `DELETE FROM security_pages WHERE person_id = $1 AND ends_at <= $2`,
			string(p.Person), micros(p.OpenedAt)); err != nil {
			return err
		}
		if _, err := db.exec(ctx, `INSERT INTO security_pages (id, person_id, application_id, return_url, token, opened_at, ends_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, string(p.ID), string(p.Person), string(p.Application), p.ReturnURL, p.Token[:],
			micros(p.OpenedAt), micros(p.EndsAt)); err != nil {
			return err
		}
		_, err := db.exec(ctx, `DELETE FROM security_pages WHERE person_id = $1 AND application_id = $2 AND id NOT IN
			(SELECT id FROM security_pages WHERE person_id = $1 AND application_id = $2
			ORDER BY opened_at DESC, id LIMIT $3)`, string(p.Person), string(p.Application), enrolments.MaxSecurityPages)
		return err
	})
}

// SecurityPage implements enrolments.SecurityStore.
func (s *Store) SecurityPage(ctx context.Context, id enrolments.SecurityPageID, now time.Time) (p enrolments.SecurityPage, err error) {
	var token []byte
	var opened, ends int64
	err = s.read().one(ctx, `SELECT s.id, s.person_id, p.user_name, s.application_id, s.return_url, s.token, s.opened_at, s.ends_at
		FROM security_pages s JOIN people p ON p.id = s.person_id WHERE s.id = $1 AND s.ends_at > $2`,
		[]any{string(id), micros(now)}, &p.ID, &p.Person, &p.User, &p.Application, &p.ReturnURL, &token, &opened, &ends)
	if err != nil {
		return enrolments.SecurityPage{}, err
	}
	if p.Token, err = hashOf(token); err != nil {
		return enrolments.SecurityPage{}, err
	}
	p.OpenedAt, p.EndsAt = instant(opened), instant(ends)
	return p, nil
}

// AddChange implements enrolments.SecurityStore.
func (s *Store) AddChange(ctx context.Context, c enrolments.Change, until time.Time) error {
	details, err := json.Marshal(changeRow{c.Name, c.Address, c.Language, answerRowsOf(c.Answers)})
	if err != nil {
		return err
	}
	return s.write(ctx, func(ctx context.Context, db session) error {
		// The row stays locked from here on, so that the count stands.
		if err := db.must(ctx, enrolments.ErrNotFound, `UPDATE security_pages
			SET ends_at = CASE WHEN ends_at < $3 THEN $3 ELSE ends_at END WHERE id = $1 AND ends_at > $2`,
			string(c.Page), micros(c.BegunAt), micros(until)); err != nil {
			return err
		}
		var count int
		err := db.one(ctx, `SELECT count(*) FROM changes WHERE page_id = $1`, []any{string(c.Page)}, &count)
		if err != nil {
			return err
		}
		if count >= enrolments.MaxChanges {
			return fmt.Errorf("%w: %d changes were begun on this page already; open it again", enrolments.ErrInvalid, count)
		}
		_, err = db.exec(ctx, `INSERT INTO changes (approval, page_id, person_id, kind, phone_id, authenticator_id, about, details, begun_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, c.Approval, string(c.Page), string(c.Person), string(c.Kind),
			string(c.Phone), string(c.Authenticator), c.About, s.keys.Seal(details, detailsOf(c.Approval)), micros(c.BegunAt))
		return err
	})
}

// Change implements enrolments.SecurityStore.
func (s *Store) Change(ctx context.Context, page enrolments.SecurityPageID, approval string) (c enrolments.Change, err error) {
	var begun int64
	var sealed []byte
	err = s.read().one(ctx, `SELECT approval, page_id, person_id, kind, phone_id, authenticator_id, about, details, begun_at
		FROM changes WHERE approval = $1 AND page_id = $2`, []any{approval, string(page)},
		&c.Approval, &c.Page, &c.Person, &c.Kind, &c.Phone, &c.Authenticator, &c.About, &sealed, &begun)
	if err != nil {
		return enrolments.Change{}, err
	}
	c.BegunAt = instant(begun)
	if err := s.openDetails(&c, sealed); err != nil {
		return enrolments.Change{}, fmt.Errorf("details of change %s: %w", approval, err)
	}
	return c, nil
}

func (s *Store) openDetails(c *enrolments.Change, sealed []byte) error {
	raw, err := s.keys.Open(sealed, detailsOf(c.Approval))
	if err != nil {
		return err
	}
	var row changeRow
	if err := json.Unmarshal(raw, &row); err != nil {
		return errors.New("not readable")
	}
	c.Name, c.Address, c.Language = row.Name, row.Address, row.Language
	c.Answers, err = answersOf(row.Answers)
	return err
}

func detailsOf(approval string) string { return placeOf("changes", "details", approval) }

// CarryOut implements enrolments.SecurityStore.
func (s *Store) CarryOut(ctx context.Context, c enrolments.Change, with enrolments.Carrying, now time.Time) error {
	return s.write(ctx, func(ctx context.Context, db session) error {
		if err := lockUnlocked(ctx, db, c.Person); err != nil {
			return err
		}
		var found string // gone where "this wasn't me" has closed the page meanwhile
		if err := db.one(ctx, `SELECT approval FROM changes WHERE approval = $1`, []any{c.Approval}, &found); err != nil {
			return err
		}
		if _, err := db.exec(ctx, spendApproval, c.Approval, micros(now)); err != nil {
			return err
		}
		return s.carryOut(ctx, db, c, with, now)
	})
}

// carryOut does what the change says. The person is locked.
func (s *Store) carryOut(ctx context.Context, db session, c enrolments.Change, with enrolments.Carrying, now time.Time) error {
	switch c.Kind {
	case enrolments.ChangeAddPhone, enrolments.ChangeReplacePhone, enrolments.ChangeReplacePhones, enrolments.ChangeAddAuthenticator:
		with.Pairing.Person = c.Person
		return addPairing(ctx, db, with.Pairing)
	case enrolments.ChangeRenamePhone:
		return db.must(ctx, enrolments.ErrNotFound, `UPDATE phones SET name = $3 WHERE id = $1 AND person_id = $2 AND active`,
			string(c.Phone), string(c.Person), c.Name)
	case enrolments.ChangeRemovePhone:
		if err := s.endAllTrust(ctx, db, c.Person); err != nil {
			return err
		}
		// Its authenticator goes with it: ON DELETE CASCADE.
		if err := db.must(ctx, enrolments.ErrNotFound, `DELETE FROM phones WHERE id = $1 AND person_id = $2 AND active`,
			string(c.Phone), string(c.Person)); err != nil {
			return err
		}
		return wayIn(ctx, db, c.Person, with.Methods)
	case enrolments.ChangeRemoveAuthenticator:
		if err := s.removeApp(ctx, db, c.Person, c.Authenticator); err != nil {
			return err
		}
		return wayIn(ctx, db, c.Person, with.Methods)
	case enrolments.ChangeRenewCodes:
		return replaceCodes(ctx, db, c.Person, with.Codes)
	case enrolments.ChangeSetEmail:
		return nil // the code that is sent now sets it
	case enrolments.ChangeRemoveEmail:
		if _, err := s.backupEmail(ctx, db, c.Person); err != nil {
			return err
		}
		return forgetEmail(ctx, db, c.Person)
	case enrolments.ChangeSetQuestions:
		return s.setAnswers(ctx, db, c.Person, c.Answers, now)
	case enrolments.ChangeRemoveQuestions:
		return db.must(ctx, enrolments.ErrNotFound, removeAnswers, string(c.Person))
	}
	return fmt.Errorf("%w: a change of kind %q", enrolments.ErrInvalid, c.Kind)
}

// wayIn refuses what has left the person without a way in.
func wayIn(ctx context.Context, db session, id enrolments.PersonID, methods []enrolments.Method) error {
	var phones, authenticators int
	err := db.one(ctx, `SELECT (SELECT count(*) FROM phones WHERE person_id = $1 AND active),
		(SELECT count(*) FROM authenticators WHERE person_id = $1 AND confirmed)`, []any{string(id)}, &phones, &authenticators)
	if err == nil && !enrolments.WayIn(methods, phones, authenticators) {
		err = enrolments.ErrLastWay
	}
	return err
}
