package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
)

// atPage is a browser that presented the token of a security page.
type atPage struct {
	enrolments.SecurityPage
	// ip and browser are what it shows of itself.
	ip, browser string
}

// securityPage lets in the server's own pages alone: what the page may do, no
// application's may.
func (a *API) securityPage() guard[atPage] {
	return guard[atPage]{
		scheme: "securityToken", problems: []string{"unauthorized", "origin-refused", "too-many-requests"},
		absent: errNothingThere, know: a.knowSecurityPage,
	}
}

func (a *API) knowSecurityPage(r *http.Request, _ []byte) (atPage, error) {
	text, err := bearer(r.Header)
	if err != nil {
		return atPage{}, err
	}
	id := r.PathValue("id")
	if len(id) != enrolments.IDSize {
		return atPage{}, enrolments.ErrUnauthorized
	}
	p, err := a.config.Enrolments.SecurityPage(r.Context(), enrolments.SecurityPageID(id), enrolments.SecretOf(text))
	if err != nil {
		return atPage{}, err
	}
	if !a.isOwn(r) {
		return atPage{}, errOrigin
	}
	at := atPage{SecurityPage: p, browser: browserName(r.UserAgent())}
	if from := clientAddress(r, a.config.TrustedProxies); from.IsValid() {
		at.ip = from.String()
	}
	return at, nil
}

var errNothingThere = errors.New("that is not there any more")

func (a *API) securityRoutes() {
	handle(a, operation{
		route: "POST /v1/security-pages", id: "open-security-page", tag: tagApplication, status: http.StatusCreated,
		does:     "Open the page on which a person sees and changes how they sign in",
		problems: []string{"person-not-found", "return-url-refused"},
	}, a.application(), a.openSecurityPage)
	g := a.securityPage()
	handle(a, operation{
		route: "GET /v1/security-pages/{id}", id: "read-security-page", tag: tagSecurity,
		does: "Read how the person signs in",
	}, g, a.readSecurityPage)
	a.changeRoutes(g)
	handleSilent(a, operation{
		route: "DELETE /v1/security-pages/{id}/trusted-browsers", id: "distrust-all", tag: tagSecurity,
		does: "End the trust in all browsers that the person trusts for this application",
	}, g, a.distrustAll)
	handleSilent(a, operation{
		route: "DELETE /v1/security-pages/{id}/trusted-browsers/{browser}", id: "distrust", tag: tagSecurity,
		does: "End the trust in one",
	}, g, a.distrust)
	handleSilent(a, operation{
		route: "DELETE /v1/security-pages/{id}/recoveries/{recovery}", id: "stop-recovery", tag: tagSecurity,
		does: "Stop a new phone that is under way", problems: []string{"nothing-to-change"},
	}, g, a.stopRecovery)
}

type openSecurityPageInput struct {
	Body struct {
		User      string `json:"user" minLength:"1" doc:"who is signed in" example:"ana@example.com"`
		ReturnURL string `json:"return_url,omitempty" doc:"leads back to the application: one of the registered URLs"`
		NoScript  bool   `json:"without_script,omitempty" doc:"the person's browser runs no scripts: security_url is a link that lets it in once"`
	}
}

type openedSecurityPage struct {
	ID            string    `json:"id"`
	EndsAt        time.Time `json:"ends_at"`
	SecurityURL   string    `json:"security_url" doc:"the server's own page"`
	SecurityToken string    `json:"security_token,omitempty" doc:"not with without_script: the link makes it"`
}

func (a *API) openSecurityPage(ctx context.Context, by caller, in *openSecurityPageInput) (openedSecurityPage, error) {
	if in.Body.NoScript {
		return a.openSecurityPageToEnter(ctx, by, in)
	}
	p, token, err := a.config.Approvals.OpenSecurityPage(ctx, by.Application, in.Body.User, in.Body.ReturnURL)
	if err != nil {
		return openedSecurityPage{}, err
	}
	return openedSecurityPage{
		ID: string(p.ID), EndsAt: wireTime(p.EndsAt), SecurityToken: token.Reveal(),
		SecurityURL: a.config.PublicURL + "/security/" + string(p.ID) + "#" + token.Reveal(),
	}, nil
}

func (a *API) openSecurityPageToEnter(ctx context.Context, by caller, in *openSecurityPageInput) (openedSecurityPage, error) {
	p, entry, err := a.config.Approvals.OpenSecurityPageToEnter(ctx, by.Application, in.Body.User, in.Body.ReturnURL)
	if err != nil {
		return openedSecurityPage{}, err
	}
	return openedSecurityPage{ID: string(p.ID), EndsAt: wireTime(p.EndsAt), SecurityURL: a.entryURL("security", string(p.ID), entry)}, nil
}

// securityState is how a person signs in, as their own browser shows it.
type securityState struct {
	ID                string            `json:"id"`
	User              string            `json:"user"`
	Application       string            `json:"application" doc:"name of the application"`
	ServerTime        time.Time         `json:"server_time"`
	EndsAt            time.Time         `json:"ends_at" doc:"when the page closes"`
	BackTo            string            `json:"back_to,omitempty" doc:"leads back to the application"`
	Phones            []securityPhone   `json:"phones" nullable:"false" doc:"oldest first"`
	Authenticators    []securityApp     `json:"authenticators" nullable:"false" doc:"authenticator apps, oldest first; phones' own secrets are not among them"`
	RecoveryCodesLeft int               `json:"recovery_codes_left"`
	Email             string            `json:"email,omitempty" doc:"the backup address, with most of it covered" example:"a•••@example.org"`
	EmailOffered      bool              `json:"email_offered" doc:"a backup address can be set"`
	EmailRecovers     bool              `json:"email_recovers" doc:"by the policy a backup address leads to a new phone, for somebody who has one"`
	QuestionsSet      bool              `json:"questions_set" doc:"security questions are answered"`
	QuestionsOffered  bool              `json:"questions_offered" doc:"security questions can be answered: the policy takes them"`
	PushLocked        bool              `json:"push_locked" doc:"a request was reported: nothing is changed until an administrator has looked"`
	NewPhoneBy        []string          `json:"new_phone_by" nullable:"false" doc:"push, totp, recovery_code, email, questions: what lets in a new phone, of what the person has and the policy takes"`
	RecoveryWaitHours int               `json:"recovery_wait_hours" doc:"how long a new phone waits that a recovery code lets in"`
	TrustedBrowsers   []trustedBrowser  `json:"trusted_browsers" nullable:"false" doc:"for this application, newest first"`
	SignIns           []pastSignIn      `json:"sign_ins" nullable:"false" doc:"at any application, newest first, at most twenty"`
	Recoveries        []runningRecovery `json:"recoveries" nullable:"false" doc:"new phones that are under way"`
}

type securityPhone struct {
	personPhone
	Reach string `json:"reach" enum:"webpush,fcm,apns,silent" doc:"how it is woken; silent: nothing wakes it, it shows requests once it is opened"`
}

type securityApp struct {
	ID         string     `json:"id"`
	AddedAt    time.Time  `json:"added_at"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
}

type runningRecovery struct {
	ID       string    `json:"id"`
	State    string    `json:"state" enum:"waiting,ready"`
	Method   string    `json:"method" doc:"what began it"`
	Browser  string    `json:"browser"`
	Location string    `json:"location"`
	IP       string    `json:"ip"`
	BegunAt  time.Time `json:"begun_at"`
	ReadyAt  time.Time `json:"ready_at"`
	EndsAt   time.Time `json:"ends_at"`
}

func (a *API) readSecurityPage(ctx context.Context, by atPage, _ *securityPageInput) (securityState, error) {
	app, err := a.config.Enrolments.Application(ctx, by.Application)
	if err != nil {
		return securityState{}, err
	}
	s, err := a.config.Approvals.Security(ctx, app, by.SecurityPage)
	if err != nil {
		return securityState{}, err
	}
	return a.securityStateOf(by, app, s), nil
}

type securityPageInput struct {
	ID string `path:"id"`
}

func (a *API) securityStateOf(by atPage, app enrolments.Application, s approvals.Security) securityState {
	v := securityState{
		ID: string(by.ID), User: s.User, Application: app.Name, BackTo: app.WayBack(by.ReturnURL),
		ServerTime: wireTime(a.config.Now()), EndsAt: wireTime(by.EndsAt),
		Phones: []securityPhone{}, Authenticators: []securityApp{}, RecoveryCodesLeft: s.RecoveryCodes, PushLocked: s.PushLocked,
		NewPhoneBy: methodNames(s.NewPhoneBy), RecoveryWaitHours: int(app.Policy.RecoveryWait / time.Hour),
		TrustedBrowsers: []trustedBrowser{}, SignIns: []pastSignIn{}, Recoveries: []runningRecovery{},
	}
	v.EmailOffered, v.QuestionsSet = a.config.Enrolments.OffersEmail(), s.Questions
	v.EmailRecovers = slices.Contains(app.Policy.RecoveryPaths, enrolments.MethodEmail)
	v.QuestionsOffered = slices.Contains(app.Policy.RecoveryPaths, enrolments.MethodQuestions)
	if s.BackupEmail != "" {
		v.Email = enrolments.MaskEmail(s.BackupEmail)
	}
	for _, p := range s.Phones {
		v.Phones = append(v.Phones, securityPhone{personPhoneOf(p), reachOf(p)})
	}
	for _, app := range s.Apps {
		v.Authenticators = append(v.Authenticators, securityApp{string(app.ID), wireTime(app.CreatedAt), optionalTime(app.LastUsed())})
	}
	for _, t := range s.Trusted {
		v.TrustedBrowsers = append(v.TrustedBrowsers, trustedBrowserOf(t, app.Policy))
	}
	for _, past := range s.SignIns {
		v.SignIns = append(v.SignIns, pastSignInOf(past, ""))
	}
	for _, r := range s.Recoveries {
		v.Recoveries = append(v.Recoveries, runningRecovery{
			ID: string(r.ID), State: string(r.State), Method: string(r.Method), Browser: r.Browser, Location: r.Location, IP: r.IP,
			BegunAt: wireTime(r.BegunAt), ReadyAt: wireTime(r.ReadyAt), EndsAt: wireTime(r.EndsAt),
		})
	}
	return v
}

func reachOf(p enrolments.Phone) string {
	if p.Push == nil {
		return "silent"
	}
	return string(p.Push.Service)
}

// optionalTime is nil for a time that never was.
func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = wireTime(t)
	return &t
}

func (a *API) distrustAll(ctx context.Context, by atPage, _ *securityPageInput) error {
	return a.distrust(ctx, by, &distrustInput{})
}

type distrustInput struct {
	ID      string `path:"id"`
	Browser string `path:"browser"`
}

// distrust of a browser that is not trusted any more changes nothing, as is
// right. It needs no approval: all that it does is to have the next sign-in ask.
func (a *API) distrust(ctx context.Context, by atPage, in *distrustInput) error {
	from := enrolments.Origin{Browser: by.browser, IP: by.ip}
	_, err := a.config.Enrolments.EndTrust(ctx, by.Person, by.Application, enrolments.TrustID(in.Browser), from)
	return err
}

type stopRecoveryInput struct {
	ID       string `path:"id"`
	Recovery string `path:"recovery"`
}

func (a *API) stopRecovery(ctx context.Context, by atPage, in *stopRecoveryInput) error {
	return a.config.Approvals.StopRecovery(ctx, by.SecurityPage, enrolments.RecoveryID(in.Recovery), by.browser)
}
