package api

import (
	"context"
	"errors"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
	"countersign/internal/qr"
)

type renameInput struct {
	Body struct {
		Name string `json:"name" doc:"1–64 characters"`
	}
}

func (a *API) renamePhone(ctx context.Context, by enrolments.KnownPhone, in *renameInput) error {
	return a.config.Enrolments.RenamePhone(ctx, by, in.Body.Name)
}

type signInList struct {
	SignIns []pastSignIn `json:"sign_ins" nullable:"false" doc:"newest first, at most twenty"`
}

// pastSignIn is how a sign-in ended, for the question "was this me?".
type pastSignIn struct {
	ApprovalID  string    `json:"approval_id"`
	Purpose     string    `json:"purpose" enum:"sign_in,change"`
	Action      string    `json:"action" doc:"what it was for, in words"`
	Application string    `json:"application"`
	At          time.Time `json:"at"`
	State       string    `json:"state"`
	Reason      string    `json:"reason,omitempty"`
	Method      string    `json:"method,omitempty"`
	Browser     string    `json:"browser"`
	Location    string    `json:"location"`
	IP          string    `json:"ip"`
	SettledBy   string    `json:"settled_by,omitempty" doc:"a phone's name"`
	ThisPhone   bool      `json:"this_phone"`
}

func (a *API) readHistory(ctx context.Context, by enrolments.KnownPhone, _ *struct{}) (signInList, error) {
	history, err := a.config.Approvals.History(ctx, by.Person)
	if err != nil {
		return signInList{}, err
	}
	v := signInList{SignIns: []pastSignIn{}}
	for _, s := range history {
		v.SignIns = append(v.SignIns, pastSignInOf(s, by.ID))
	}
	return v, nil
}

func pastSignInOf(s approvals.SignIn, phone enrolments.PhoneID) pastSignIn {
	return pastSignIn{
		ApprovalID: string(s.Approval), Purpose: purposeOf(s.Purpose), Action: s.Action, Application: s.Application, At: wireTime(s.At),
		State: string(s.State), Reason: string(s.Reason), Method: string(s.Method),
		Browser: s.Browser, Location: s.Location, IP: s.IP,
		SettledBy: s.PhoneName, ThisPhone: s.Phone == phone && phone != "",
	}
}

type openByPhoneInput struct {
	Body struct {
		Replace bool `json:"replace" doc:"this phone is removed in the step that makes the new one active"`
	}
}

// openedByPhone is a set-up that a phone shows in place of a browser.
type openedByPhone struct {
	ID        string    `json:"id"`
	State     string    `json:"state" enum:"open"`
	PairURL   string    `json:"pair_url"`
	QR        string    `json:"qr_svg" doc:"pair_url as a QR code"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (a *API) openPairingByPhone(ctx context.Context, by enrolments.KnownPhone, in *openByPhoneInput) (openedByPhone, error) {
	p, ticket, err := a.config.Enrolments.OpenPairingByPhone(ctx, by, in.Body.Replace)
	if err != nil {
		return openedByPhone{}, err
	}
	link := a.config.PublicURL + "/pair#" + ticket.Reveal()
	svg, err := qr.SVG(link)
	if err != nil {
		return openedByPhone{}, err
	}
	return openedByPhone{string(p.ID), string(p.State), link, svg, wireTime(p.ExpiresAt)}, nil
}

// pairingOf reads a set-up that the phone opened.
func (a *API) pairingOf(ctx context.Context, by enrolments.KnownPhone, id string) (enrolments.Pairing, error) {
	p, err := a.config.Enrolments.PairingOf(ctx, by, enrolments.PairingID(id))
	if errors.Is(err, enrolments.ErrNotFound) {
		return p, errPairing
	}
	return p, err
}

func (a *API) readPairingByPhone(ctx context.Context, by enrolments.KnownPhone, in *readPairingInput) (pairingState, error) {
	p, err := a.pairingOf(ctx, by, in.ID)
	if err != nil {
		return pairingState{}, err
	}
	changed := func() bool { return hasChanged(p, in.Version) }
	err = a.poll(ctx, "phone "+string(by.ID), in.Wait.Duration, changed, func(ctx context.Context) (err error) {
		p, err = a.pairingOf(ctx, by, in.ID)
		return err
	})
	if err != nil {
		return pairingState{}, err
	}
	return pairingStateOf(p, ""), nil
}

func (a *API) confirmPairingByPhone(ctx context.Context, by enrolments.KnownPhone, in *confirmInput) (pairingState, error) {
	p, err := a.pairingOf(ctx, by, in.ID)
	if err != nil {
		return pairingState{}, err
	}
	settled, err := a.config.Enrolments.Confirm(ctx, p, in.Body.Match)
	if err != nil {
		return pairingState{}, pairingStanding{err, p.State}
	}
	return pairingStateOf(settled, ""), nil
}
