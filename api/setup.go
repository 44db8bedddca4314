package api

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"countersign/enrolments"
	"countersign/internal/qr"
)

// pairingState is a set-up as its browser sees it.
type pairingState struct {
	ID               string        `json:"id"`
	Version          int64         `json:"version"`
	State            string        `json:"state" enum:"open,claimed,active,refused,expired"`
	User             string        `json:"user"`
	ExpiresAt        time.Time     `json:"expires_at"`
	PairURL          string        `json:"pair_url,omitempty" doc:"the link for the phone, while open"`
	Digits           string        `json:"digits,omitempty" doc:"to be compared with the phone's"`
	Phone            *claimedPhone `json:"phone,omitempty"`
	Authenticator    bool          `json:"authenticator" doc:"an authenticator app was proved in this set-up"`
	EmailOffered     bool          `json:"email_offered,omitempty" doc:"a backup address may be set now"`
	EmailRecovers    bool          `json:"email_recovers,omitempty" doc:"by the policy a backup address leads to a new phone"`
	QuestionsOffered bool          `json:"questions_offered,omitempty" doc:"security questions may be answered now"`
	QuestionsSet     bool          `json:"questions_set,omitempty" doc:"the person has answered some"`
	Email            string        `json:"email,omitempty" doc:"the person's backup address, with all but its first letter and its domain covered" example:"a•••@example.org"`
	BackTo           string        `json:"back_to,omitempty" doc:"leads back to the application that opened it"`
	Application      string        `json:"application,omitempty" doc:"the name of that application, with back_to"`
	SigningIn        bool          `json:"signing_in,omitempty" doc:"a sign-in led here and was withdrawn for it: it is begun anew"`
}

type claimedPhone struct {
	Name     string `json:"name"`
	Platform string `json:"platform"`
}

// pairingStateOf shows link, the one for the phone, as long as it is good; empty
// for whoever has it already.
func pairingStateOf(p enrolments.Pairing, link string) pairingState {
	v := pairingState{
		ID: string(p.ID), Version: p.Version, State: string(p.State), User: p.User,
		ExpiresAt: wireTime(p.ExpiresAt), Digits: p.Digits, Authenticator: p.AuthenticatorConfirmed,
		SigningIn: p.SigningIn,
	}
	if p.TakesPhone() {
		v.PairURL = link
	}
	if p.Phone != "" {
		v.Phone = &claimedPhone{p.PhoneName, p.Platform}
	}
	return v
}

// pairURL holds the ticket in its fragment, which browsers never send.
func (a *API) pairURL(token enrolments.Secret) string {
	return a.config.PublicURL + "/pair#" + enrolments.TicketOf(token).Reveal()
}

type readPairingInput struct {
	ID      string `path:"id"`
	Wait    wait   `query:"wait"`
	Version int64  `query:"version" minimum:"0" doc:"the version that the browser has; with wait the answer comes once there is a later one"`
}

func (a *API) readPairing(ctx context.Context, by setUp, in *readPairingInput) (pairingState, error) {
	p := by.Pairing
	changed := func() bool { return hasChanged(p, in.Version) }
	err := a.poll(ctx, "set-up "+in.ID, in.Wait.Duration, changed, func(ctx context.Context) (err error) {
		p, err = a.config.Enrolments.SetUp(ctx, p.ID, by.token)
		return err
	})
	if err != nil {
		return pairingState{}, err
	}
	return a.setUpState(ctx, p, by.token)
}

// hasChanged reports whether there is news for whoever has a version. Expiry is
// no change that anybody stores: it raises none.
func hasChanged(p enrolments.Pairing, version int64) bool {
	return p.Version > version || p.State == enrolments.PairingExpired || p.State == enrolments.PairingRefused
}

type confirmInput struct {
	ID   string `path:"id"`
	Body comparison
}

// comparison is what the person says of the digits on both screens.
type comparison struct {
	Match bool `json:"match" doc:"false refuses the phone for good"`
}

func (a *API) confirmPairing(ctx context.Context, by setUp, in *confirmInput) (pairingState, error) {
	p, err := a.config.Enrolments.Confirm(ctx, by.Pairing, in.Body.Match)
	if err != nil {
		return pairingState{}, by.stands(err)
	}
	return a.setUpState(ctx, p, by.token)
}

// stands keeps the state beside an error.
func (by setUp) stands(err error) error { return pairingStanding{err, by.State} }

type pairingInput struct {
	ID string `path:"id"`
}

// trialRequest is a request to try the new phone with.
type trialRequest struct {
	ID           string    `json:"id"`
	Number       string    `json:"number" doc:"to be typed on the phone"`
	ExpiresAt    time.Time `json:"expires_at"`
	WaitingToken string    `json:"waiting_token" doc:"follows it: GET /v1/approvals/{id}/stream"`
}

func (a *API) tryPhone(ctx context.Context, by setUp, _ *pairingInput) (trialRequest, error) {
	var seed [32]byte
	rand.Read(seed[:]) // never fails: crypto/rand ends the program instead
	r, err := a.config.Approvals.Try(ctx, by.Pairing, a.config.ServerName, seed)
	if err != nil {
		return trialRequest{}, by.stands(err)
	}
	return trialRequest{string(r.ID), r.Number, wireTime(r.Expires), r.Token.Reveal()}, nil
}

type setUpKey struct {
	SetUpKey   string `json:"setup_key" doc:"for typing" example:"JBSW Y3DP"`
	OTPAuthURI string `json:"otpauth_uri"`
	QR         string `json:"qr_svg" doc:"the URI as a QR code"`
}

func (a *API) beginAuthenticator(ctx context.Context, by setUp, _ *pairingInput) (setUpKey, error) {
	key, err := a.config.Enrolments.BeginAuthenticator(ctx, by.Pairing)
	if err != nil {
		return setUpKey{}, by.stands(err)
	}
	svg, err := qr.SVG(key.URI)
	if err != nil {
		return setUpKey{}, err
	}
	return setUpKey{key.Key, key.URI, svg}, nil
}

func (a *API) confirmAuthenticator(ctx context.Context, by setUp, in *codeInput) (pairingState, error) {
	if err := a.config.Enrolments.ConfirmAuthenticator(ctx, by.Pairing, in.Body.Code); err != nil {
		return pairingState{}, by.stands(err)
	}
	p, err := a.config.Enrolments.SetUp(ctx, by.Pairing.ID, by.token)
	if err != nil {
		return pairingState{}, err
	}
	return a.setUpState(ctx, p, by.token)
}

type recoveryCodes struct {
	Codes []string `json:"codes" nullable:"false" doc:"shown once; older ones are void"`
}

func (a *API) issueCodes(ctx context.Context, by setUp, _ *pairingInput) (recoveryCodes, error) {
	codes, err := a.config.Enrolments.IssueCodes(ctx, by.Pairing)
	if err != nil {
		return recoveryCodes{}, by.stands(err)
	}
	return recoveryCodes{codes}, nil
}

// drawPairURL answers with the QR code of the pairing link.
func (a *API) drawPairURL(w http.ResponseWriter, _ *http.Request, by setUp) error {
	if !by.TakesPhone() {
		return by.stands(enrolments.ErrPairingSettled)
	}
	svg, err := qr.SVG(a.pairURL(by.token))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Write([]byte(svg)) // a browser that has gone is no error of ours
	return nil
}
