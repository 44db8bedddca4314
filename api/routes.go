package api

import (
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

const (
	tagApplication = "Application"
	tagWaiting     = "Waiting screen"
	tagSetUp       = "Set-up"
	tagRecovery    = "New phone"
	tagSecurity    = "My sign-in security"
	tagNotice      = "This wasn't me"
	tagPhone       = "Phone"
	tagServer      = "Server"
)

// routes registers everything there is.
func (a *API) routes() error {
	a.huma = huma.NewAPI(humaConfig(a.config, a.ownProblems), gate{a.mux, a})
	a.applicationRoutes()
	a.waitingRoutes()
	a.setUpRoutes()
	a.setUpChannelRoutes()
	a.entryRoutes()
	a.recoveryRoutes()
	a.recoveryChannelRoutes()
	a.trustRoutes()
	a.logoRoute()
	a.securityRoutes()
	a.noticeRoutes()
	a.phoneRoutes()
	a.serverRoutes()
	// huma describes its own errors too; ownProblems lets none of them out.
	for _, theirs := range []string{"ErrorModel", "ErrorDetail"} {
		delete(a.huma.OpenAPI().Components.Schemas.Map(), theirs)
	}
	if err := a.describe(); err != nil {
		return fmt.Errorf("api: describe: %w", err)
	}
	a.mux.HandleFunc("/", a.nothingHere)
	return nil
}

func (a *API) applicationRoutes() {
	g := a.application()
	handle(a, operation{
		route: "POST /v1/approvals", id: "request-approval", tag: tagApplication, status: http.StatusCreated,
		does:     "Ask a person to confirm a sign-in",
		problems: []string{"person-not-found", "person-locked", "return-url-refused", "idempotency-mismatch", "fresh-approval-needed", "nothing-usable", "unavailable"},
	}, g, a.requestApproval)
	handle(a, operation{
		route: "GET /v1/approvals/{id}", id: "read-approval", tag: tagApplication,
		does: "Read an approval, or wait until it is settled", problems: []string{"approval-not-found"},
	}, g, a.readApproval)
	handle(a, operation{
		route: "POST /v1/approvals/{id}/withdraw", id: "withdraw-approval", tag: tagApplication,
		does: "Withdraw a pending approval", problems: []string{"approval-not-found", "approval-settled"},
	}, g, a.withdrawApproval)
	handle(a, operation{
		route: "POST /v1/approvals/{id}/redeem", id: "redeem-approval", tag: tagApplication,
		does: "Trade the result code for a signed result, once", problems: []string{"approval-not-found", "result-code-invalid"},
	}, g, a.redeemApproval)
	handle(a, operation{
		route: "POST /v1/pairings", id: "open-pairing", tag: tagApplication, status: http.StatusCreated,
		does: "Open a set-up for a person", problems: []string{"fresh-approval-needed", "person-locked", "return-url-refused", "unavailable"},
	}, g, a.openPairing)
	handle(a, operation{
		route: "GET /v1/people/{user}", id: "read-person", tag: tagApplication,
		does: "Read what a person has set up", problems: []string{"person-not-found"},
	}, g, a.readPerson)
	handle(a, operation{
		route: "GET /v1/policy", id: "read-policy", tag: tagApplication,
		does: "Read the application's policy, with bounds, defaults and reasons",
	}, g, a.readPolicy)
}

func (a *API) waitingRoutes() {
	g := a.screen()
	a.streamRoute()
	handle(a, operation{
		route: "POST /v1/approvals/{id}/code", id: "type-code", tag: tagWaiting,
		does:     "Settle by a code from a phone or an authenticator app, or a recovery code",
		problems: []string{"approval-settled", "code-wrong", "code-used", "code-kind-refused", "codes-blocked"},
	}, g, a.typeCode)
	handle(a, operation{
		route: "POST /v1/approvals/{id}/resend", id: "resend", tag: tagWaiting,
		does: "Ask the phones again", problems: []string{"approval-settled", "too-many-pushes"},
	}, g, a.resend)
	handle(a, operation{
		route: "POST /v1/approvals/{id}/extend", id: "extend", tag: tagWaiting,
		does: "Give the person a second life of the approval, once", problems: []string{"approval-settled", "no-more-time"},
	}, g, a.extend)
	handle(a, operation{
		route: "POST /v1/approvals/{id}/disown", id: "disown", tag: tagWaiting,
		does: "Deny: somebody else began this", problems: []string{"approval-settled"},
	}, g, a.disown)
	handle(a, operation{
		route: "POST /v1/approvals/{id}/cancel", id: "cancel", tag: tagWaiting,
		does: "Withdraw the sign-in", problems: []string{"approval-settled"},
	}, g, a.cancel)
}

func (a *API) setUpRoutes() {
	g := a.setUp()
	handle(a, operation{
		route: "GET /v1/pairings/{id}", id: "read-pairing", tag: tagSetUp,
		does: "Read a set-up, or wait until it changes", problems: []string{"pairing-not-found"},
	}, g, a.readPairing)
	a.qrRoute()
	handle(a, operation{
		route: "POST /v1/pairings/{id}/confirm", id: "confirm-pairing", tag: tagSetUp,
		does: "Say whether both screens show the same digits", problems: []string{"pairing-not-found", "pairing-settled"},
	}, g, a.confirmPairing)
	handle(a, operation{
		route: "POST /v1/pairings/{id}/try", id: "try-phone", tag: tagSetUp, status: http.StatusCreated,
		does: "Send the new phone a request to try it with", problems: []string{"pairing-not-found", "pairing-settled", "too-many-pushes"},
	}, g, a.tryPhone)
	handle(a, operation{
		route: "POST /v1/pairings/{id}/authenticator", id: "begin-authenticator", tag: tagSetUp, status: http.StatusCreated,
		does: "Make a secret for an authenticator app", problems: []string{"pairing-not-found", "pairing-settled"},
	}, g, a.beginAuthenticator)
	handle(a, operation{
		route: "POST /v1/pairings/{id}/authenticator/confirm", id: "confirm-authenticator", tag: tagSetUp,
		does:     "Prove the authenticator app by its first code",
		problems: []string{"pairing-not-found", "pairing-settled", "code-wrong", "code-used", "codes-blocked"},
	}, g, a.confirmAuthenticator)
	handle(a, operation{
		route: "POST /v1/pairings/{id}/recovery-codes", id: "issue-recovery-codes", tag: tagSetUp, status: http.StatusCreated,
		does: "Make ten recovery codes, shown once", problems: []string{"pairing-not-found", "pairing-settled"},
	}, g, a.issueCodes)
}

func (a *API) phoneRoutes() {
	handle(a, operation{
		route: "POST /v1/pair", id: "pair", tag: tagPhone, status: http.StatusCreated, costs: true,
		does:     "Spend a ticket with a new key",
		problems: []string{"ticket-invalid", "pairing-proof-invalid", "key-refused", "push-target-refused", "too-many-requests"},
	}, a.anyone(), a.pair)
	handle(a, operation{
		route: "GET /v1/phone", id: "read-phone", tag: tagPhone, does: "Read how this phone stands, or wait until it is active",
	}, a.phone(proof{inactive: true}), a.readPhone)
	handle(a, operation{
		route: "POST /v1/phone/totp", id: "issue-totp", tag: tagPhone, status: http.StatusCreated,
		does: "Make this phone's own secret for codes",
	}, a.phone(proof{}), a.issueTOTP)
	handleSilent(a, operation{
		route: "PUT /v1/phone/push", id: "set-push", tag: tagPhone, does: "Say where this phone is woken",
		problems: []string{"push-target-refused"},
	}, a.phone(proof{}), a.setPush)
	handleSilent(a, operation{
		route: "PATCH /v1/phone", id: "rename-phone", tag: tagPhone, does: "Rename this phone",
	}, a.phone(proof{}), a.renamePhone)
	handle(a, operation{
		route: "GET /v1/phone/history", id: "read-history", tag: tagPhone, does: "Read how the person's newest sign-ins ended",
	}, a.phone(proof{}), a.readHistory)
	a.newPhoneRoutes()
	handleSilent(a, operation{
		route: "DELETE /v1/phone", id: "remove-phone", tag: tagPhone, does: "Remove this phone",
	}, a.phone(proof{inactive: true}), a.removePhone)
	handle(a, operation{
		route: "GET /v1/phone/approvals", id: "pending-approvals", tag: tagPhone,
		does: "Read what this phone is asked, or wait until it is asked",
	}, a.phone(proof{}), a.pendingApprovals)
	handleSilent(a, operation{
		route: "POST /v1/phone/approvals/{id}/seen", id: "seen", tag: tagPhone, does: "Say that the person has opened it",
		problems: []string{"approval-not-found"},
	}, a.phone(proof{}), a.seen)
	handle(a, operation{
		route: "POST /v1/phone/approvals/{id}/answer", id: "answer", tag: tagPhone, does: "Answer, signed",
		problems: []string{"approval-not-found", "approval-settled", "number-wrong", "answer-signature", "answer-algorithm",
			"answer-audience", "answer-clock", "answer-mismatch", "answer-display", "user-verification-needed"},
	}, a.phone(proof{unspent: true}), a.answer)
}

// newPhoneRoutes let a new phone in by one that the person has.
func (a *API) newPhoneRoutes() {
	handle(a, operation{
		route: "POST /v1/phone/pairings", id: "open-pairing-by-phone", tag: tagPhone, status: http.StatusCreated,
		does: "Open a set-up for a new phone", problems: []string{"person-locked"},
	}, a.phone(proof{}), a.openPairingByPhone)
	handle(a, operation{
		route: "GET /v1/phone/pairings/{id}", id: "read-pairing-by-phone", tag: tagPhone,
		does: "Read a set-up that this phone opened, or wait for its change", problems: []string{"pairing-not-found"},
	}, a.phone(proof{}), a.readPairingByPhone)
	handle(a, operation{
		route: "POST /v1/phone/pairings/{id}/confirm", id: "confirm-pairing-by-phone", tag: tagPhone,
		does: "Say whether the digits on both phones are equal", problems: []string{"pairing-not-found", "pairing-settled"},
	}, a.phone(proof{}), a.confirmPairingByPhone)
}

// nothingHere answers what no route takes: 405 with the methods there are, or
// 404.
func (a *API) nothingHere(w http.ResponseWriter, r *http.Request) {
	probe := *r
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe.Method = method
		if _, pattern := a.mux.Handler(&probe); pattern != "/" {
			w.Header().Add("Allow", method)
		}
	}
	err := errNoRoute
	if len(w.Header().Values("Allow")) > 0 {
		err = errMethod
	}
	a.writeProblem(w, r, err)
}
