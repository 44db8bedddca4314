package api

import (
	"context"
	"errors"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
)

// screenState is what a waiting screen shows: a frame of the stream.
type screenState struct {
	ID                 string       `json:"id"`
	Version            int64        `json:"version"`
	State              string       `json:"state" enum:"pending,approved,denied,expired,withdrawn"`
	Reason             string       `json:"reason,omitempty" doc:"of denied and withdrawn"`
	Method             string       `json:"method,omitempty" enum:"push,totp,recovery_code,not_required,trusted_browser"`
	SettledBy          string       `json:"settled_by,omitempty" doc:"name of the phone"`
	Purpose            string       `json:"purpose" enum:"sign_in,change" doc:"change: of how the person signs in; nobody is signed in by it"`
	Action             string       `json:"action,omitempty" doc:"of a change, in words"`
	Application        string       `json:"application" doc:"name of the application"`
	Logo               string       `json:"logo,omitempty" doc:"path of its picture on this server"`
	User               string       `json:"user"`
	Next               string       `json:"next" enum:"wait,code_only,enrol,done"`
	CodeOnlyBecause    string       `json:"code_only_because,omitempty" enum:"held_back,no_phone,reported,policy" doc:"with next = code_only"`
	Number             string       `json:"number,omitempty" doc:"to be typed on the phone, while phones are asked"`
	ExpiresAt          time.Time    `json:"expires_at"`
	ServerTime         time.Time    `json:"server_time"`
	Phones             []askedPhone `json:"phones" nullable:"false"`
	Methods            []string     `json:"methods" nullable:"false" doc:"push, totp, recovery_code: what the application takes"`
	RecoveryOffers     []string     `json:"recovery_offers" nullable:"false" doc:"totp, recovery_code, email, questions: the ways to a new phone that the person has and the policy takes"`
	EmailHint          string       `json:"email_hint,omitempty" doc:"the backup address, with all but its first letter and its domain covered" example:"a•••@example.org"`
	TrustDays          int          `json:"trust_days,omitempty" doc:"the browser may be trusted for so many days once approved"`
	MayExtend          bool         `json:"may_extend" doc:"a second life may be had"`
	NumberAttemptsLeft int          `json:"number_attempts_left"`
	CodeAttemptsLeft   int          `json:"code_attempts_left"`
	ResendsLeft        int          `json:"resends_left"`
	ReturnTo           string       `json:"return_to,omitempty" doc:"settled: where the browser goes; only an approval brings a result_code"`
}

// screenStateOf is the one view that every form of the stream shows.
func screenStateOf(p approvals.Approval, token enrolments.Secret) screenState {
	v := screenState{
		ID: string(p.ID), Version: p.Version, State: string(p.State), Reason: string(p.Reason), Method: string(p.Method),
		SettledBy: settledBy(p), Purpose: purposeOf(p.Purpose), Application: p.ApplicationName, Logo: logoPath(p), User: p.User, Next: string(nextOf(p)),
		ExpiresAt: wireTime(p.Expires), ServerTime: wireTime(p.AsOf), Phones: askedPhones(p, false), Methods: taken(p), CodeOnlyBecause: string(p.CodeOnlyBecause()),
		NumberAttemptsLeft: p.NumberTries, CodeAttemptsLeft: p.CodeTries, ResendsLeft: p.Resends,
		ReturnTo: approvals.ReturnTo(p, token),
	}
	v.RecoveryOffers, v.EmailHint = methodNames(p.Offers), p.EmailHint
	v.MayExtend = p.MayExtend()
	if p.Purpose == approvals.ForChange {
		v.Action = p.Action()
	}
	if p.MayTrust() {
		v.TrustDays = int(p.TrustFor / (24 * time.Hour))
	}
	if !p.Final() && p.Next == approvals.Wait {
		v.Number = p.Number
	}
	return v
}

// purposeOf is a purpose as the protocol has it.
func purposeOf(p approvals.Purpose) string {
	if p == approvals.ForSignIn {
		return "sign_in"
	}
	return string(p)
}

// taken names the methods that may settle the approval.
func taken(p approvals.Approval) []string {
	if len(p.Takes) == 0 {
		return methodNames(enrolments.Methods())
	}
	return methodNames(p.Takes)
}

func methodNames(all []approvals.Method) []string {
	out := []string{}
	for _, m := range all {
		out = append(out, string(m))
	}
	return out
}

// codeInput is a code typed on the waiting screen or in set-up.
type codeInput struct {
	ID   string `path:"id"`
	Body typedCode
}

type typedCode struct {
	Code string `json:"code" minLength:"1" maxLength:"64" doc:"6–8 digits or a recovery code; spaces and hyphens are ignored" example:"123 456"`
}

func (a *API) typeCode(ctx context.Context, by screen, in *codeInput) (screenState, error) {
	return by.reply(a.config.Approvals.Code(ctx, by.ID, in.Body.Code))
}

func (a *API) resend(ctx context.Context, by screen, _ *approvalInput) (screenState, error) {
	app, err := a.config.Enrolments.Application(ctx, by.Application)
	if err != nil {
		return screenState{}, err
	}
	return by.reply(a.config.Approvals.Resend(ctx, app, by.ID))
}

func (a *API) extend(ctx context.Context, by screen, _ *approvalInput) (screenState, error) {
	p, err := a.config.Approvals.Extend(ctx, by.Approval)
	if errors.Is(err, approvals.ErrHeld) {
		err = errNoMoreTime // not the pushes' kind
	}
	return by.reply(p, err)
}

func (a *API) disown(ctx context.Context, by screen, _ *approvalInput) (screenState, error) {
	return by.reply(a.config.Approvals.Disown(ctx, by.ID))
}

func (a *API) cancel(ctx context.Context, by screen, _ *approvalInput) (screenState, error) {
	return by.reply(a.config.Approvals.Cancel(ctx, by.ID))
}

// reply is the state after a step, or the refusal with what stands.
func (by screen) reply(p approvals.Approval, err error) (screenState, error) {
	if err != nil {
		return screenState{}, withApproval(p, err)
	}
	return screenStateOf(p, by.token), nil
}
