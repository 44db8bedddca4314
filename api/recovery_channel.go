package api

import (
	"context"
	"errors"
	"net/http"

	"countersign/approvals"
	"countersign/enrolments"
)

func (a *API) recoveryChannelRoutes() {
	g := a.ownScreen()
	handleSilent(a, operation{
		route: "POST /v1/approvals/{id}/recovery/email", id: "send-recovery-email", tag: tagRecovery, status: http.StatusAccepted,
		does:     "Send a code to the person's backup address, if there is one",
		problems: []string{"not-offered", "approval-settled", "person-locked", "too-many-emails"},
	}, g, a.sendRecoveryEmail)
	handle(a, operation{
		route: "POST /v1/approvals/{id}/recovery/email/confirm", id: "recover-by-email", tag: tagRecovery, status: http.StatusCreated,
		does:     "Begin the way to a new phone by the code that was sent there",
		problems: []string{"not-offered", "approval-settled", "fresh-approval-needed", "person-locked", "code-wrong", "code-expired", "codes-blocked"},
	}, g, a.recoverByEmail)
	handle(a, operation{
		route: "GET /v1/approvals/{id}/recovery/questions", id: "read-recovery-questions", tag: tagRecovery,
		does: "Read which security questions the person has answered", problems: []string{"not-offered", "approval-settled", "person-locked"},
	}, g, a.readQuestions)
	handle(a, operation{
		route: "POST /v1/approvals/{id}/recovery/questions", id: "recover-by-questions", tag: tagRecovery, status: http.StatusCreated,
		does:     "Begin the way to a new phone by answers to them, of which two have to be right",
		problems: []string{"not-offered", "approval-settled", "fresh-approval-needed", "person-locked", "answers-wrong", "codes-blocked"},
	}, g, a.recoverByQuestions)
}

func (a *API) sendRecoveryEmail(ctx context.Context, by screen, _ *approvalInput) error {
	app, err := a.config.Enrolments.Application(ctx, by.Application)
	if err != nil {
		return err
	}
	return a.stands(ctx, by, a.config.Approvals.SendRecoveryEmail(ctx, app, by.Approval))
}

func (a *API) recoverByEmail(ctx context.Context, by screen, in *mailedInput) (begunRecovery, error) {
	return a.begun(ctx, by, func(app enrolments.Application) (enrolments.Recovery, enrolments.Secret, error) {
		return a.config.Approvals.RecoverByEmail(ctx, app, by.Approval, in.Body.Code)
	})
}

// begun is the answer to a recovery that begin begins.
func (a *API) begun(ctx context.Context, by screen, begin func(enrolments.Application) (enrolments.Recovery, enrolments.Secret, error)) (begunRecovery, error) {
	app, err := a.config.Enrolments.Application(ctx, by.Application)
	if err != nil {
		return begunRecovery{}, err
	}
	r, token, err := begin(app)
	if err != nil {
		return begunRecovery{}, a.stands(ctx, by, mailed(err))
	}
	return a.begunRecoveryOf(r, token), nil
}

// stands keeps the approval as it stands beside a refusal that came of it.
func (a *API) stands(ctx context.Context, by screen, err error) error {
	if !errors.Is(err, approvals.ErrSettled) {
		return err
	}
	now, lost := a.config.Approvals.Waiting(ctx, by.ID, by.token)
	if lost != nil {
		return err
	}
	return withApproval(now, err)
}

// securityQuestions are a person's, by their ids; the pages have the words.
type securityQuestions struct {
	Questions []string `json:"questions" nullable:"false" example:"[\"first-book\"]"`
}

func (a *API) readQuestions(ctx context.Context, by screen, _ *approvalInput) (securityQuestions, error) {
	app, err := a.config.Enrolments.Application(ctx, by.Application)
	if err != nil {
		return securityQuestions{}, err
	}
	all, err := a.config.Approvals.QuestionsFor(ctx, app, by.Approval)
	if err != nil {
		return securityQuestions{}, a.stands(ctx, by, err)
	}
	v := securityQuestions{Questions: []string{}}
	for _, id := range all {
		v.Questions = append(v.Questions, string(id))
	}
	return v, nil
}

type answersInput struct {
	ID   string `path:"id"`
	Body givenAnswers
}

type givenAnswers struct {
	Answers []string `json:"answers" nullable:"false" minItems:"3" maxItems:"3" doc:"to the questions in their order, each at most 1 KiB; empty where it is not remembered"`
}

func (a *API) recoverByQuestions(ctx context.Context, by screen, in *answersInput) (begunRecovery, error) {
	var answers []enrolments.Secret
	for _, text := range in.Body.Answers {
		answers = append(answers, enrolments.SecretOf(text))
	}
	return a.begun(ctx, by, func(app enrolments.Application) (enrolments.Recovery, enrolments.Secret, error) {
		return a.config.Approvals.RecoverByAnswers(ctx, app, by.Approval, answers)
	})
}
