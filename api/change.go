package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
)

func (a *API) changeRoutes(g guard[atPage]) {
	handle(a, operation{
		route: "POST /v1/security-pages/{id}/changes", id: "begin-change", tag: tagSecurity, status: http.StatusCreated,
		does:     "Begin a change: an approval asks the person to confirm it",
		problems: []string{"nothing-to-change", "last-way-in", "person-locked", "nothing-usable", "not-offered", "email-refused"},
	}, g, a.beginChange)
	handle(a, operation{
		route: "POST /v1/security-pages/{id}/changes/{approval}/carry-out", id: "carry-out-change", tag: tagSecurity,
		does:     "Carry out a change that was approved less than five minutes ago, once",
		problems: []string{"fresh-approval-needed", "not-offered", "nothing-to-change", "last-way-in", "person-locked", "email-refused", "too-many-emails", "unavailable"},
	}, g, a.carryOut)
	handleSilent(a, operation{
		route: "POST /v1/security-pages/{id}/email/confirm", id: "confirm-changed-email", tag: tagSecurity,
		does:     "Set the backup address by the code that a change has sent there",
		problems: []string{"code-wrong", "code-expired", "codes-blocked", "person-locked"},
	}, g, a.confirmPageEmail)
}

type beginChangeInput struct {
	ID   string `path:"id"`
	Body change
}

// change is the body of a change that is begun.
type change struct {
	Kind            string `json:"kind" enum:"add_phone,replace_phone,replace_phones,rename_phone,remove_phone,add_authenticator,remove_authenticator,renew_recovery_codes,set_email,remove_email,set_questions,remove_questions"`
	PhoneID         string `json:"phone_id,omitempty" maxLength:"64" doc:"replace_phone, rename_phone, remove_phone: which one"`
	AuthenticatorID string `json:"authenticator_id,omitempty" maxLength:"64" doc:"remove_authenticator: which one"`
	Name            string `json:"name,omitempty" doc:"rename_phone: 1–64 characters"`
	Address         string `json:"address,omitempty" maxLength:"320" doc:"set_email: the address" example:"ana@example.org"`
	Language        string `json:"language,omitempty" maxLength:"35" doc:"what the person reads, as a BCP 47 tag: the phone says in it what is changed, and mail is written in it" example:"de"`

	Questions []answeredQuestion `json:"questions,omitempty" nullable:"false" maxItems:"3" doc:"set_questions: three different ones with three different answers"`
}

// wish is what the domain makes of it.
func (c change) wish() enrolments.Wish {
	return enrolments.Wish{
		Change: enrolments.Change{
			Kind: enrolments.ChangeKind(c.Kind), Name: c.Name, Address: c.Address, Language: c.Language,
			Phone: enrolments.PhoneID(c.PhoneID), Authenticator: enrolments.AuthenticatorID(c.AuthenticatorID),
		},
		Questions: questionsOf(c.Questions),
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
	r, err := a.config.Approvals.BeginChange(ctx, app, by.SecurityPage, in.Body.wish(), approvals.Browser{
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
	SetUpURL    string     `json:"set_up_url,omitempty" doc:"add_phone, replace_phone, replace_phones, add_authenticator: goes on there"`
	RecoveryURL string     `json:"recovery_url,omitempty" doc:"a new phone that a recovery code confirmed: waits there"`
	ReadyAt     *time.Time `json:"ready_at,omitempty" doc:"with recovery_url: until then"`
	SentTo      string     `json:"sent_to,omitempty" doc:"set_email: where a code went, with most of it covered" example:"a•••@example.org"`
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
	if errors.Is(err, enrolments.ErrUnsent) {
		a.config.Log.Warn("a code could not be sent by mail", "error", err)
	}
	if err != nil {
		return carriedOut{}, err
	}
	v := carriedOut{Kind: string(out.Kind), Codes: out.Codes}
	if out.SentTo != "" {
		v.SentTo = enrolments.MaskEmail(out.SentTo)
	}
	switch {
	case !out.SetUpToken.IsZero():
		v.SetUpURL = a.setUpURL(out.Pairing.ID, out.SetUpToken)
	case !out.RecoveryToken.IsZero():
		v.RecoveryURL, v.ReadyAt = a.recoveryURL(out.Recovery.ID, out.RecoveryToken), optionalTime(out.Recovery.ReadyAt)
	}
	return v, nil
}

func (a *API) confirmPageEmail(ctx context.Context, by atPage, in *mailedInput) error {
	return mailed(a.config.Approvals.ConfirmPageEmail(ctx, by.SecurityPage, in.Body.Code))
}
