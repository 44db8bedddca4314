package api

import (
	"context"
	"time"

	"countersign/enrolments"
)

func (a *API) trustRoutes() {
	handle(a, operation{
		route: "POST /v1/approvals/{id}/trust", id: "trust-browser", tag: tagWaiting,
		does: "Trust this browser, once approved", problems: []string{"fresh-approval-needed"},
	}, a.ownScreen(), a.trust)
	g := a.application()
	handle(a, operation{
		route: "GET /v1/people/{user}/trusted-browsers", id: "read-trusted-browsers", tag: tagApplication,
		does: "Read the browsers that a person trusts for this application", problems: []string{"person-not-found"},
	}, g, a.readTrusted)
	handleSilent(a, operation{
		route: "DELETE /v1/people/{user}/trusted-browsers", id: "end-trust", tag: tagApplication,
		does: "End the trust in all of them, as after a change of password", problems: []string{"person-not-found"},
	}, g, a.endAllTrust)
	handleSilent(a, operation{
		route: "DELETE /v1/people/{user}/trusted-browsers/{id}", id: "end-trust-in-one", tag: tagApplication,
		does: "End the trust in one", problems: []string{"person-not-found"},
	}, g, a.endTrust)
}

func (a *API) trust(ctx context.Context, by screen, _ *approvalInput) (screenState, error) {
	if err := a.config.Approvals.Trust(ctx, by.Approval); err != nil {
		return screenState{}, err
	}
	return screenStateOf(by.Approval, by.token), nil
}

type trustedList struct {
	Browsers []trustedBrowser `json:"trusted_browsers" nullable:"false" doc:"newest first"`
}

type trustedBrowser struct {
	ID         string    `json:"id"`
	Name       string    `json:"name" example:"Chrome on Windows"`
	AddedAt    time.Time `json:"added_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	EndsAt     time.Time `json:"ends_at"`
	// IdleEndsAt is left out where the policy lets a browser go unused.
	IdleEndsAt *time.Time `json:"idle_ends_at,omitempty" doc:"when it is asked again unless it was used before"`
}

func (a *API) readTrusted(ctx context.Context, by caller, in *readPersonInput) (trustedList, error) {
	e, err := a.config.Enrolments.Person(ctx, in.User)
	if err != nil {
		return trustedList{}, err
	}
	all, err := a.config.Enrolments.TrustedBrowsers(ctx, e.ID, by.Application)
	if err != nil {
		return trustedList{}, err
	}
	v := trustedList{Browsers: []trustedBrowser{}}
	for _, t := range all {
		v.Browsers = append(v.Browsers, trustedBrowserOf(t, by.Policy))
	}
	return v, nil
}

func trustedBrowserOf(t enrolments.TrustedBrowser, p enrolments.Policy) trustedBrowser {
	v := trustedBrowser{ID: string(t.ID), Name: t.Name, AddedAt: wireTime(t.AddedAt), LastUsedAt: wireTime(t.LastUsedAt), EndsAt: wireTime(t.EndsAt)}
	if idle := t.IdleEndsAt(p); !idle.IsZero() {
		idle = wireTime(idle)
		v.IdleEndsAt = &idle
	}
	return v
}

func (a *API) endAllTrust(ctx context.Context, by caller, in *readPersonInput) error {
	return a.endTrust(ctx, by, &endTrustInput{User: in.User})
}

type endTrustInput struct {
	User string `path:"user"`
	ID   string `path:"id"`
}

// endTrust of one that is gone already changes nothing, as is right.
func (a *API) endTrust(ctx context.Context, by caller, in *endTrustInput) error {
	e, err := a.config.Enrolments.Person(ctx, in.User)
	if err != nil {
		return err
	}
	_, err = a.config.Enrolments.EndTrust(ctx, e.ID, by.ID, enrolments.TrustID(in.ID), enrolments.Origin{})
	return err
}
