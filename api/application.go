package api

import (
	"context"
	"crypto/sha256"
	"strings"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
)

// approvalRequest is the body of POST /v1/approvals.
type approvalRequest struct {
	User      string          `json:"user" minLength:"1" doc:"the application's stable name for the person, 1–128 characters" example:"ana@example.com"`
	Role      string          `json:"role,omitempty" doc:"what the person is to the application, 1–32 of a-z, 0-9, _ and -; the policy says whether it needs a second factor" example:"owner"`
	Trusted   string          `json:"trusted_browser,omitempty" maxLength:"128" doc:"the token that came with a redeemed approval of this person in this browser"`
	Context   *requestContext `json:"context,omitempty" doc:"what the person is shown, each at most 256 characters"`
	ReturnURL string          `json:"return_url,omitempty" doc:"where the browser goes afterwards: one of the registered URLs" example:"https://books.example.com/signed-in"`
	NoScript  bool            `json:"without_script,omitempty" doc:"the person's browser runs no scripts, as a noscript element of the application's own form tells: waiting_url and set_up_url are then links that let it in once"`
	TTL       int             `json:"ttl,omitempty" minimum:"30" maximum:"300" doc:"life in seconds"`
}

type requestContext struct {
	IP        string `json:"ip,omitempty" example:"203.0.113.9"`
	UserAgent string `json:"user_agent,omitempty" maxLength:"2048" doc:"as the browser sent it; the person is shown the browser's name"`
	Location  string `json:"location,omitempty" example:"Wellington, NZ"`
	Action    string `json:"action,omitempty" example:"Sign in"`
	Reference string `json:"reference,omitempty"`
}

// requestedApproval is its answer.
type requestedApproval struct {
	ID           string     `json:"id"`
	State        string     `json:"state"`
	Next         string     `json:"next" enum:"wait,code_only,enrol,done"`
	Number       string     `json:"number,omitempty" doc:"what the waiting screen shows and the person types on the phone" example:"47"`
	ExpiresAt    time.Time  `json:"expires_at"`
	WaitingURL   string     `json:"waiting_url" doc:"the server's own waiting screen"`
	WaitingToken string     `json:"waiting_token"`
	SetUpURL     string     `json:"set_up_url,omitempty" doc:"with next = enrol: leads the person's browser to set-up; with done: the same as an offer, where nothing was required"`
	RequiredFrom *time.Time `json:"required_from,omitempty" doc:"with next = done: when a second factor will be required of a person of whom none was, for the application to tell them"`
}

// applicationApproval is an approval as its application sees it.
type applicationApproval struct {
	ID                 string       `json:"id"`
	Version            int64        `json:"version"`
	State              string       `json:"state" enum:"pending,approved,denied,expired,withdrawn"`
	Reason             string       `json:"reason,omitempty"`
	Method             string       `json:"method,omitempty" enum:"push,totp,recovery_code,not_required,trusted_browser"`
	User               string       `json:"user"`
	Application        string       `json:"application"`
	Next               string       `json:"next"`
	CreatedAt          time.Time    `json:"created_at"`
	ExpiresAt          time.Time    `json:"expires_at"`
	SettledAt          *time.Time   `json:"settled_at,omitempty"`
	SettledBy          string       `json:"settled_by,omitempty" doc:"name of the phone"`
	Phones             []askedPhone `json:"phones" nullable:"false"`
	NumberAttemptsLeft int          `json:"number_attempts_left"`
	CodeAttemptsLeft   int          `json:"code_attempts_left"`
}

// askedPhone is a phone's part in an approval. Only the application sees ids.
type askedPhone struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
	Sent string `json:"sent" enum:"asking,accepted,failed,none"`
	Seen bool   `json:"seen"`
}

func applicationViewOf(p approvals.Approval) applicationApproval {
	v := applicationApproval{
		ID: string(p.ID), Version: p.Version, State: string(p.State), Reason: string(p.Reason), Method: string(p.Method),
		User: p.User, Application: string(p.Application), Next: string(nextOf(p)),
		CreatedAt: wireTime(p.Created), ExpiresAt: wireTime(p.Expires), SettledBy: settledBy(p),
		Phones: askedPhones(p, true), NumberAttemptsLeft: p.NumberTries, CodeAttemptsLeft: p.CodeTries,
	}
	if p.Final() {
		settled := wireTime(p.Settled)
		v.SettledAt = &settled
	}
	return v
}

// nextOf is Next as the protocol has it: what was withdrawn for set-up or
// approved at once stays so.
func nextOf(p approvals.Approval) approvals.Next {
	switch {
	case p.Reason == approvals.NeedsEnrol:
		return approvals.Enrol
	case p.Method == approvals.NotRequired, p.Method == approvals.ByTrust:
		return approvals.Done
	}
	return p.Next
}

// askedPhones are the phones that were asked: none when codes alone count.
func askedPhones(p approvals.Approval, ids bool) []askedPhone {
	out := []askedPhone{}
	if p.Next != approvals.Wait {
		return out
	}
	for _, phone := range p.Phones {
		v := askedPhone{Name: phone.Name, Sent: string(phone.Sent), Seen: phone.Seen}
		if ids {
			v.ID = string(phone.ID)
		}
		out = append(out, v)
	}
	return out
}

func settledBy(p approvals.Approval) string {
	for _, phone := range p.Phones {
		if phone.ID == p.SettledBy {
			return phone.Name
		}
	}
	return ""
}

type requestApprovalInput struct {
	Key  string `header:"Idempotency-Key" maxLength:"128" pattern:"^[!-~]+$" patternDescription:"visible ASCII" doc:"repeats find the first answer for ten minutes"`
	Body approvalRequest
}

func (a *API) requestApproval(ctx context.Context, by caller, in *requestApprovalInput) (requestedApproval, error) {
	if a.stopping() {
		return requestedApproval{}, errStopping
	}
	r := in.request()
	if in.Key == "" {
		r.Seed = enrolments.NewSecret().Hash()
	} else {
		r.Seed, r.Key, r.Fingerprint = seedOf(by.secret, in.Key), in.Key, sha256.Sum256(by.body)
	}
	out, err := a.config.Approvals.Request(ctx, by.Application, r)
	if err != nil {
		return requestedApproval{}, err
	}
	return a.requestedViewOf(out), nil
}

func (in *requestApprovalInput) request() approvals.Request {
	r := approvals.Request{User: in.Body.User, Role: in.Body.Role, Trusted: enrolments.SecretOf(in.Body.Trusted), WithoutScript: in.Body.NoScript, ReturnURL: in.Body.ReturnURL, TTL: time.Duration(in.Body.TTL) * time.Second}
	if c := in.Body.Context; c != nil {
		r.Context = approvals.Context{
			IP: c.IP, Location: c.Location, Browser: browserName(c.UserAgent), Action: c.Action, Reference: c.Reference,
		}
	}
	return r
}

func (a *API) requestedViewOf(r approvals.Requested) requestedApproval {
	v := requestedApproval{
		ID: string(r.ID), State: string(r.State), Next: string(nextOf(r.Approval)), ExpiresAt: wireTime(r.Expires),
		WaitingURL:   a.waitingURL(r.ID, r.Token),
		WaitingToken: r.Token.Reveal(),
	}
	if !r.Entry.IsZero() {
		v.WaitingURL = a.entryURL("waiting", string(r.ID), r.Entry)
	}
	switch r.Next {
	case approvals.Wait:
		v.Number = r.Number
	case approvals.Enrol, approvals.Done:
		if r.Pairing.ID != "" {
			v.SetUpURL = a.openedViewOf(r.Pairing, r.SetUpToken, r.SetUpEntry).SetUpURL
		}
	}
	if !r.RequiredFrom.IsZero() {
		from := wireTime(r.RequiredFrom)
		v.RequiredFrom = &from
	}
	return v
}

// entryURL leads a browser without script to one of the server's own pages.
func (a *API) entryURL(page, id string, entry enrolments.Secret) string {
	return a.config.PublicURL + "/" + page + "/" + id + "/enter/" + entry.Reveal()
}

func (a *API) waitingURL(id approvals.ID, token enrolments.Secret) string {
	return a.config.PublicURL + "/waiting/" + string(id) + "#" + token.Reveal()
}

func (a *API) setUpURL(id enrolments.PairingID, token enrolments.Secret) string {
	return a.config.PublicURL + "/set-up/" + string(id) + "#" + token.Reveal()
}

type readApprovalInput struct {
	ID   string `path:"id"`
	Wait wait   `query:"wait"`
}

func (a *API) readApproval(ctx context.Context, by caller, in *readApprovalInput) (applicationApproval, error) {
	id, err := approvals.ParseID(in.ID)
	if err != nil {
		return applicationApproval{}, err
	}
	p, err := a.config.Approvals.Read(ctx, by.ID, id)
	if err == nil && in.Wait.Duration > 0 {
		p, err = a.follow(ctx, p, in.Wait.Duration, approvals.Approval.Final)
	}
	if err != nil {
		return applicationApproval{}, err
	}
	return applicationViewOf(p), nil
}

type approvalInput struct {
	ID string `path:"id"`
}

func (a *API) withdrawApproval(ctx context.Context, by caller, in *approvalInput) (applicationApproval, error) {
	id, err := approvals.ParseID(in.ID)
	if err != nil {
		return applicationApproval{}, err
	}
	p, err := a.config.Approvals.Withdraw(ctx, by.ID, id)
	if err != nil {
		return applicationApproval{}, withApproval(p, err)
	}
	return applicationViewOf(p), nil
}

type redeemInput struct {
	ID   string `path:"id"`
	Body redemption
}

// redemption is the body of a redeem.
type redemption struct {
	ResultCode string `json:"result_code" minLength:"1" maxLength:"128" doc:"as it came back through the browser"`
}

type redeemed struct {
	ResultToken string              `json:"result_token" doc:"ES256 JWT of type countersign-result+jwt; compare txn with the approval that this browser's session began"`
	Approval    applicationApproval `json:"approval"`
	Trusted     *issuedTrust        `json:"trusted_browser,omitempty" doc:"the person trusts this browser: keep the token in a cookie of it"`
}

type issuedTrust struct {
	Token  string    `json:"token"`
	EndsAt time.Time `json:"ends_at"`
}

func (a *API) redeemApproval(ctx context.Context, by caller, in *redeemInput) (redeemed, error) {
	id, err := approvals.ParseID(in.ID)
	if err != nil {
		return redeemed{}, err
	}
	p, token, err := a.config.Approvals.Redeem(ctx, by.ID, id, enrolments.SecretOf(in.Body.ResultCode))
	if err != nil {
		return redeemed{}, err
	}
	out := redeemed{ResultToken: token, Approval: applicationViewOf(p)}
	if t, secret := a.config.Approvals.IssueTrust(ctx, p); !secret.IsZero() {
		out.Trusted = &issuedTrust{secret.Reveal(), wireTime(t.EndsAt)}
	}
	return out, nil
}

type openPairingInput struct{ Body pairingRequest }

// pairingRequest is the body of POST /v1/pairings.
type pairingRequest struct {
	User       string `json:"user" minLength:"1" doc:"1–128 characters" example:"ana@example.com"`
	ApprovalID string `json:"approval_id,omitempty" doc:"a fresh approval of this person, for one who has something set up"`
	ReturnURL  string `json:"return_url,omitempty" doc:"leads back to the application: one of the registered URLs" example:"https://books.example.com/signed-in"`
	NoScript   bool   `json:"without_script,omitempty" doc:"the person's browser runs no scripts: set_up_url is a link that lets it in once"`
}

type openedPairing struct {
	ID         string    `json:"id"`
	State      string    `json:"state"`
	User       string    `json:"user"`
	ExpiresAt  time.Time `json:"expires_at"`
	SetUpURL   string    `json:"set_up_url"`
	SetUpToken string    `json:"set_up_token,omitempty" doc:"not with without_script: the link makes it"`
}

func (a *API) openPairing(ctx context.Context, by caller, in *openPairingInput) (openedPairing, error) {
	fresh, err := freshID(in.Body.ApprovalID)
	if err != nil {
		return openedPairing{}, err
	}
	var token, entry enrolments.Secret
	var p enrolments.Pairing
	if in.Body.NoScript {
		p, entry, err = a.config.Approvals.OpenPairingToEnter(ctx, by.Application, in.Body.User, in.Body.ReturnURL, fresh)
	} else {
		p, token, err = a.config.Approvals.OpenPairing(ctx, by.Application, in.Body.User, in.Body.ReturnURL, fresh)
	}
	if err != nil {
		return openedPairing{}, err
	}
	return a.openedViewOf(p, token, entry), nil
}

func (a *API) openedViewOf(p enrolments.Pairing, token, entry enrolments.Secret) openedPairing {
	v := openedPairing{
		ID: string(p.ID), State: string(p.State), User: p.User, ExpiresAt: wireTime(p.ExpiresAt),
		SetUpURL: a.setUpURL(p.ID, token), SetUpToken: token.Reveal(),
	}
	if !entry.IsZero() {
		v.SetUpURL = a.entryURL("set-up", string(p.ID), entry)
	}
	return v
}

// freshID reads an optional approval id; one that cannot be an approval's is
// as good as a stale one.
func freshID(text string) (approvals.ID, error) {
	if text == "" {
		return "", nil
	}
	id, err := approvals.ParseID(text)
	if err != nil {
		return "", enrolments.ErrFreshApproval
	}
	return id, nil
}

type readPersonInput struct {
	User string `path:"user"`
}

type person struct {
	User              string        `json:"user"`
	Phones            []personPhone `json:"phones" nullable:"false"`
	Authenticators    int           `json:"authenticators"`
	RecoveryCodesLeft int           `json:"recovery_codes_left"`
	PushLocked        bool          `json:"push_locked"`
}

type personPhone struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Platform   string     `json:"platform"`
	AddedAt    time.Time  `json:"added_at"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
}

func (a *API) readPerson(ctx context.Context, _ caller, in *readPersonInput) (person, error) {
	e, err := a.config.Enrolments.Person(ctx, strings.Clone(in.User))
	if err != nil {
		return person{}, err
	}
	v := person{
		User: e.User, Phones: []personPhone{}, Authenticators: e.Authenticators,
		RecoveryCodesLeft: e.RecoveryCodes, PushLocked: e.PushLocked,
	}
	for _, p := range e.Phones {
		v.Phones = append(v.Phones, personPhoneOf(p))
	}
	return v, nil
}

func personPhoneOf(p enrolments.Phone) personPhone {
	return personPhone{string(p.ID), p.Name, p.Platform, wireTime(p.AddedAt), optionalTime(p.LastUsedAt)}
}
