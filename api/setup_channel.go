package api

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"countersign/enrolments"
)

func (a *API) setUpChannelRoutes() {
	g := a.setUp()
	handle(a, operation{
		route: "POST /v1/pairings/{id}/email", id: "begin-email", tag: tagSetUp, status: http.StatusAccepted,
		does:     "Send a code to what shall be the person's backup address",
		problems: []string{"pairing-not-found", "pairing-settled", "not-offered", "email-refused", "too-many-emails", "unavailable"},
	}, g, a.beginEmail)
	handle(a, operation{
		route: "POST /v1/pairings/{id}/email/confirm", id: "confirm-email", tag: tagSetUp,
		does:     "Set the backup address by the code that was sent there",
		problems: []string{"pairing-not-found", "pairing-settled", "code-wrong", "code-expired", "codes-blocked"},
	}, g, a.confirmEmail)
	handle(a, operation{
		route: "PUT /v1/pairings/{id}/questions", id: "set-questions", tag: tagSetUp,
		does:     "Answer three security questions",
		problems: []string{"pairing-not-found", "pairing-settled", "not-offered"},
	}, g, a.setQuestions)
}

// errMailed is enrolments.ErrCodeWrong for a code that came by mail.
var errMailed = errors.New("the code that came by mail is wrong")

// mailed says of a code that came by mail what to do.
func mailed(err error) error {
	if errors.Is(err, enrolments.ErrCodeWrong) {
		return errMailed
	}
	return err
}

type emailInput struct {
	ID   string `path:"id"`
	Body backupEmail
}

// backupEmail is what shall be a person's backup address.
type backupEmail struct {
	Address  string `json:"address" minLength:"1" maxLength:"320" example:"ana@example.org"`
	Language string `json:"language,omitempty" maxLength:"35" doc:"a BCP 47 tag: in what language mail is written there" example:"de"`
}

// sentEmail says where a code went.
type sentEmail struct {
	SentTo string `json:"sent_to" doc:"the address, with all but its first letter and its domain covered" example:"a•••@example.org"`
}

func (a *API) beginEmail(ctx context.Context, by setUp, in *emailInput) (sentEmail, error) {
	to, err := a.config.Enrolments.BeginSetUpEmail(ctx, by.Pairing, in.Body.Address, in.Body.Language)
	if errors.Is(err, enrolments.ErrUnsent) {
		a.config.Log.Warn("a code could not be sent by mail", "error", err)
	}
	if err != nil {
		return sentEmail{}, by.stands(err)
	}
	return sentEmail{enrolments.MaskEmail(to)}, nil
}

func (a *API) confirmEmail(ctx context.Context, by setUp, in *mailedInput) (pairingState, error) {
	if _, err := a.config.Enrolments.ConfirmSetUpEmail(ctx, by.Pairing, in.Body.Code); err != nil {
		return pairingState{}, by.stands(mailed(err))
	}
	return a.setUpState(ctx, by.Pairing, by.token)
}

// mailedInput is a code that came by mail.
type mailedInput struct {
	ID   string `path:"id"`
	Body mailedCode
}

type mailedCode struct {
	Code string `json:"code" minLength:"1" maxLength:"64" doc:"six digits; spaces and hyphens are ignored" example:"482 913"`
}

type questionsInput struct {
	ID   string `path:"id"`
	Body answeredQuestions
}

// answeredQuestions are three questions, each with what its person answered.
type answeredQuestions struct {
	Questions []answeredQuestion `json:"questions" nullable:"false" minItems:"3" maxItems:"3" doc:"three different ones with three different answers"`
}

type answeredQuestion struct {
	Question string `json:"question" doc:"the id of one of the twelve" example:"first-book"`
	Answer   string `json:"answer" maxLength:"1024" doc:"3 to 64 letters and digits; case, spaces and signs make no difference"`
}

func questionsOf(answered []answeredQuestion) (all []enrolments.QuestionAnswer) {
	for _, q := range answered {
		all = append(all, enrolments.QuestionAnswer{Question: enrolments.QuestionID(q.Question), Answer: enrolments.SecretOf(q.Answer)})
	}
	return all
}

func (a *API) setQuestions(ctx context.Context, by setUp, in *questionsInput) (pairingState, error) {
	if err := a.config.Enrolments.SetSetUpQuestions(ctx, by.Pairing, questionsOf(in.Body.Questions)); err != nil {
		return pairingState{}, by.stands(err)
	}
	return a.setUpState(ctx, by.Pairing, by.token)
}

// setUpState is pairingStateOf with the way back, and what else may be set up now.
func (a *API) setUpState(ctx context.Context, p enrolments.Pairing, token enrolments.Secret) (pairingState, error) {
	v := pairingStateOf(p, a.pairURL(token))
	app, err := a.config.Enrolments.OpenedFor(ctx, p.Application)
	if err != nil {
		return pairingState{}, err
	}
	if v.BackTo = app.WayBack(p.ReturnURL); v.BackTo != "" {
		v.Application = app.Name
	}
	if !p.Confirmed() {
		return v, nil
	}
	e, err := a.config.Enrolments.EnrolmentOf(ctx, p.Person)
	if err != nil {
		return pairingState{}, err
	}
	v.EmailOffered, v.QuestionsSet = a.config.Enrolments.OffersEmail(), e.Questions
	if e.BackupEmail != "" {
		v.Email = enrolments.MaskEmail(e.BackupEmail)
	}
	v.EmailRecovers = slices.Contains(app.Policy.RecoveryPaths, enrolments.MethodEmail)
	v.QuestionsOffered = slices.Contains(app.Policy.RecoveryPaths, enrolments.MethodQuestions)
	return v, nil
}
