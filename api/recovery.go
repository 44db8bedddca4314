package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"countersign/enrolments"
)

// recovering is a browser that presented a recovery token.
type recovering struct {
	enrolments.Recovery
	token enrolments.Secret
}

func (a *API) recovering() guard[recovering] {
	return guard[recovering]{scheme: "recoveryToken", problems: []string{"unauthorized", "too-many-requests"}, absent: errRecovery, know: a.knowRecovery}
}

func (a *API) knowRecovery(r *http.Request, _ []byte) (recovering, error) {
	text, err := bearer(r.Header)
	if err != nil {
		return recovering{}, err
	}
	id, token := r.PathValue("id"), enrolments.SecretOf(text)
	if len(id) != enrolments.IDSize {
		return recovering{}, enrolments.ErrUnauthorized
	}
	known, err := a.config.Enrolments.Recovery(r.Context(), enrolments.RecoveryID(id), token)
	return recovering{known, token}, err
}

// ownScreen is a waiting screen of the server's own pages: what it may do, no
// application's page may.
func (a *API) ownScreen() guard[screen] {
	g := a.screen()
	know := g.know
	g.know = func(r *http.Request, body []byte) (screen, error) {
		s, err := know(r, body)
		if err == nil && !a.isOwn(r) {
			return screen{}, errOrigin
		}
		return s, err
	}
	return g
}

func (a *API) recoveryRoutes() {
	handle(a, operation{
		route: "POST /v1/approvals/{id}/recovery", id: "begin-recovery", tag: tagRecovery, status: http.StatusCreated,
		does:     "Begin the way to a new phone, after a code",
		problems: []string{"fresh-approval-needed", "not-offered", "person-locked"},
	}, a.ownScreen(), a.beginRecovery)
	g := a.recovering()
	handle(a, operation{
		route: "GET /v1/recoveries/{id}", id: "read-recovery", tag: tagRecovery,
		does: "Read how a recovery stands", problems: []string{"recovery-not-found"},
	}, g, a.readRecovery)
	handle(a, operation{
		route: "POST /v1/recoveries/{id}/set-up", id: "open-recovery", tag: tagRecovery, status: http.StatusCreated,
		does:     "Open the set-up of the new phone",
		problems: []string{"recovery-not-found", "recovery-waiting", "recovery-over", "person-locked"},
	}, g, a.openRecovery)
}

// begunRecovery is the answer to a recovery that was begun.
type begunRecovery struct {
	ID            string    `json:"id"`
	State         string    `json:"state" enum:"waiting,ready"`
	ReadyAt       time.Time `json:"ready_at"`
	EndsAt        time.Time `json:"ends_at"`
	RecoveryURL   string    `json:"recovery_url" doc:"the server's own page, to come back to"`
	RecoveryToken string    `json:"recovery_token"`
}

func (a *API) beginRecovery(ctx context.Context, by screen, _ *approvalInput) (begunRecovery, error) {
	return a.begun(ctx, by, func(app enrolments.Application) (enrolments.Recovery, enrolments.Secret, error) {
		return a.config.Approvals.BeginRecovery(ctx, app, by.Approval)
	})
}

func (a *API) begunRecoveryOf(r enrolments.Recovery, token enrolments.Secret) begunRecovery {
	return begunRecovery{
		ID: string(r.ID), State: string(r.State), ReadyAt: wireTime(r.ReadyAt), EndsAt: wireTime(r.EndsAt),
		RecoveryURL:   a.recoveryURL(r.ID, token),
		RecoveryToken: token.Reveal(),
	}
}

func (a *API) recoveryURL(id enrolments.RecoveryID, token enrolments.Secret) string {
	return a.config.PublicURL + "/recovery/" + string(id) + "#" + token.Reveal()
}

// recoveryState is a recovery as its browser sees it.
type recoveryState struct {
	ID          string     `json:"id"`
	State       string     `json:"state" enum:"waiting,ready,refused,done,expired"`
	Method      string     `json:"method" enum:"totp,recovery_code,email,questions" doc:"the proof that it began with"`
	User        string     `json:"user"`
	Application string     `json:"application" doc:"name of the application"`
	ServerTime  time.Time  `json:"server_time"`
	ReadyAt     time.Time  `json:"ready_at"`
	EndsAt      time.Time  `json:"ends_at"`
	Phones      []ownPhone `json:"phones" nullable:"false" doc:"those that the person has: each was told and can stop it"`
	Number      string     `json:"number,omitempty" doc:"while waiting and a phone is asked: typed there, it ends the wait"`
	RefusedBy   string     `json:"refused_by,omitempty" doc:"name of the phone"`
	BackTo      string     `json:"back_to,omitempty" doc:"leads back to the application"`
}

// ownPhone is a phone that may be removed.
type ownPhone struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (a *API) readRecovery(ctx context.Context, by recovering, _ *recoveryInput) (recoveryState, error) {
	e, err := a.config.Enrolments.EnrolmentOf(ctx, by.Person)
	if err != nil {
		return recoveryState{}, err
	}
	number, _, err := a.config.Approvals.NumberOf(ctx, by.Recovery)
	if err != nil {
		return recoveryState{}, err
	}
	app, err := a.config.Enrolments.OpenedFor(ctx, by.Application)
	if err != nil {
		return recoveryState{}, err
	}
	v := recoveryState{
		ID: string(by.ID), State: string(by.State), Method: string(by.Method), User: by.User, Application: by.ApplicationName,
		ServerTime: wireTime(a.config.Now()), ReadyAt: wireTime(by.ReadyAt), EndsAt: wireTime(by.EndsAt),
		Phones: []ownPhone{}, Number: number, RefusedBy: by.RefusedBy, BackTo: app.WayBack(by.ReturnURL),
	}
	for _, p := range e.Phones {
		v.Phones = append(v.Phones, ownPhone{string(p.ID), p.Name})
	}
	return v, nil
}

type recoveryInput struct {
	ID string `path:"id"`
}

type openRecoveryInput struct {
	ID   string `path:"id"`
	Body removals
}

// removals are the phones that are gone.
type removals struct {
	Remove []string `json:"remove" nullable:"false" maxItems:"10" doc:"ids of phones that go as the new one becomes active"`
}

func (a *API) openRecovery(ctx context.Context, by recovering, in *openRecoveryInput) (openedPairing, error) {
	var remove []enrolments.PhoneID
	for _, id := range in.Body.Remove {
		remove = append(remove, enrolments.PhoneID(id))
	}
	p, token, err := a.config.Enrolments.OpenRecovery(ctx, by.Recovery, remove)
	if err != nil {
		return openedPairing{}, a.recoveryStanding(by.Recovery, err)
	}
	return a.openedViewOf(p, token, enrolments.Secret{}), nil
}

// recoveryStanding says when to come back.
func (a *API) recoveryStanding(r enrolments.Recovery, err error) error {
	if errors.Is(err, enrolments.ErrRecoveryWaiting) {
		return retryError{err, r.ReadyAt.Sub(a.config.Now())}
	}
	return err
}

var errRecovery = errors.New("the recovery is not there any more")
