package api

import (
	"context"
	"net/http"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
)

// keptAfter is how long the token of a page is kept in a browser without script
// after the page's own time is over, so that it can still say so.
const keptAfter = approvals.KeepSettled

// entrance is a browser that presented an entry. Whether it is good is decided
// in the step that spends it, so each costs its address a token.
type entrance struct{ entry enrolments.Secret }

func (a *API) entrance() guard[entrance] {
	return guard[entrance]{
		scheme: "entry", problems: []string{"unauthorized", "too-many-requests"}, absent: enrolments.ErrUnauthorized,
		know: func(r *http.Request, _ []byte) (entrance, error) {
			text, err := bearer(r.Header)
			return entrance{enrolments.SecretOf(text)}, err
		},
	}
}

func (a *API) entryRoutes() {
	g := a.entrance()
	handle(a, operation{
		route: "POST /v1/approvals/{id}/enter", id: "enter-waiting", tag: tagWaiting, costs: true,
		does: "Trade the entry of a browser without script for the waiting token, once",
	}, g, a.enterWaiting)
	handle(a, operation{
		route: "POST /v1/pairings/{id}/enter", id: "enter-set-up", tag: tagSetUp, costs: true,
		does: "Trade the entry of a browser without script for the set-up token, once",
	}, g, a.enterSetUp)
	handle(a, operation{
		route: "POST /v1/security-pages/{id}/enter", id: "enter-security-page", tag: tagSecurity, costs: true,
		does: "Trade the entry of a browser without script for the security token, once",
	}, g, a.enterSecurityPage)
}

// entered is what an entry was traded for.
type entered struct {
	Token  string    `json:"token"`
	EndsAt time.Time `json:"ends_at" doc:"when the page has nothing more to say"`
}

func (a *API) enterWaiting(ctx context.Context, by entrance, in *approvalInput) (entered, error) {
	id, err := approvals.ParseID(in.ID)
	if err != nil {
		return entered{}, enrolments.ErrUnauthorized
	}
	p, token, err := a.config.Approvals.Enter(ctx, id, by.entry)
	if err != nil {
		return entered{}, err
	}
	return entered{token.Reveal(), wireTime(p.Created.Add(enrolments.MaxTTL + keptAfter))}, nil
}

func (a *API) enterSetUp(ctx context.Context, by entrance, in *pairingInput) (entered, error) {
	if len(in.ID) != enrolments.IDSize {
		return entered{}, enrolments.ErrUnauthorized
	}
	p, token, err := a.config.Enrolments.EnterSetUp(ctx, enrolments.PairingID(in.ID), by.entry)
	if err != nil {
		return entered{}, err
	}
	return entered{token.Reveal(), wireTime(p.ExpiresAt.Add(keptAfter))}, nil
}

func (a *API) enterSecurityPage(ctx context.Context, by entrance, in *securityPageInput) (entered, error) {
	if len(in.ID) != enrolments.IDSize {
		return entered{}, enrolments.ErrUnauthorized
	}
	p, token, err := a.config.Approvals.EnterSecurityPage(ctx, enrolments.SecurityPageID(in.ID), by.entry)
	if err != nil {
		return entered{}, err
	}
	return entered{token.Reveal(), wireTime(p.OpenedAt.Add(enrolments.SecurityPageMost + keptAfter))}, nil
}
