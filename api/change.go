package api

import (
	"context"
	"net/http"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
)

func (a *API) changeRoutes(g guard[atPage]) {
	handle(a, operation{
		route: "POST /v1/security-pages/{id}/changes", id: "begin-change", tag: tagSecurity, status: http.StatusCreated,
		does:     "Begin a change: an approval asks the person to confirm it",
		problems: []string{"nothing-to-change", "last-way-in", "person-locked", "nothing-usable"},
	}, g, a.beginChange)
	handle(a, operation{
		route: "POST /v1/security-pages/{id}/changes/{approval}/carry-out", id: "carry-out-change", tag: tagSecurity,
		does:     "Carry out a change that was approved less than five minutes ago, once",
		problems: []string{"fresh-approval-needed", "not-offered", "nothing-to-change", "last-way-in", "person-locked"},
	}, g, a.carryOut)
}

type beginChangeInput struct {
	ID   string `path:"id"`
	Body change
}

// change is the body of a change that is begun.
type change struct {
	Kind            string `json:"kind" enum:"add_phone,replace_phone,rename_phone,remove_phone,add_authenticator,remove_authenticator,renew_recovery_codes"`
	PhoneID         string `json:"phone_id,omitempty" maxLength:"64" doc:"replace_phone, rename_phone, remove_phone: which one"`
	AuthenticatorID string `json:"authenticator_id,omitempty" maxLength:"64" doc:"remove_authenticator: which one"`
	Name            string `json:"name,omitempty" doc:"rename_phone: 1–64 characters"`
	Language        string `json:"language,omitempty" maxLength:"35" doc:"what the person reads, as a BCP 47 tag: the phone says in it what is changed" example:"de"`
}

// change is what the domain makes of it.
func (c change) change() enrolments.Change {
	return enrolments.Change{
		Kind: enrolments.ChangeKind(c.Kind), Name: c.Name,
		Phone: enrolments.PhoneID(c.PhoneID), Authenticator: enrolments.AuthenticatorID(c.AuthenticatorID),
	}
}

type begunChange struct {
	ApprovalID string    `json:"approval_id"`
	ExpiresAt  time.Time `json:"expires_at"`
	WaitingURL string    `json:"waiting_url" doc:"the waiting screen; it comes back to the page with approval_id and, approved, result_code"`
}

func (a *API) beginChange(ctx context.Context, by atPage, in *beginChangeInput) (begunChange, error) {
	if a.stopping() {
		return begunChange{}, errStopping
	}
	app, err := a.config.Enrolments.Application(ctx, by.Application)
	if err != nil {
		return begunChange{}, err
	}
	r, err := a.config.Approvals.BeginChange(ctx, app, by.SecurityPage, in.Body.change(), approvals.Browser{
		IP: by.ip, Name: by.browser, Language: in.Body.Language,
	})
	if err != nil {
		return begunChange{}, err
	}
	return begunChange{string(r.ID), wireTime(r.Expires), a.waitingURL(r.ID, r.Token)}, nil
}

type carryOutInput struct {
	ID       string `path:"id"`
	Approval string `path:"approval"`
	Body     redemption
}

// carriedOut is what came of a change.
type carriedOut struct {
	Kind        string     `json:"kind"`
	SetUpURL    string     `json:"set_up_url,omitempty" doc:"add_phone, replace_phone, add_authenticator: goes on there"`
	RecoveryURL string     `json:"recovery_url,omitempty" doc:"a new phone that a recovery code confirmed: waits there"`
	ReadyAt     *time.Time `json:"ready_at,omitempty" doc:"with recovery_url: until then"`
	Codes       []string   `json:"codes,omitempty" doc:"renew_recovery_codes: shown once; older ones are void"`
}

func (a *API) carryOut(ctx context.Context, by atPage, in *carryOutInput) (carriedOut, error) {
	id, err := freshID(in.Approval)
	if err != nil {
		return carriedOut{}, err
	}
	app, err := a.config.Enrolments.Application(ctx, by.Application)
	if err != nil {
		return carriedOut{}, err
	}
	out, err := a.config.Approvals.CarryOut(ctx, app, by.SecurityPage, id, enrolments.SecretOf(in.Body.ResultCode))
	if err != nil {
		return carriedOut{}, err
	}
	v := carriedOut{Kind: string(out.Kind), Codes: out.Codes}
	switch {
	case !out.SetUpToken.IsZero():
		v.SetUpURL = a.setUpURL(out.Pairing.ID, out.SetUpToken)
	case !out.RecoveryToken.IsZero():
		v.RecoveryURL, v.ReadyAt = a.recoveryURL(out.Recovery.ID, out.RecoveryToken), optionalTime(out.Recovery.ReadyAt)
	}
	return v, nil
}
