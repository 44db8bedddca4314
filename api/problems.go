package api

import (
	"errors"
	"net/http"

	"countersign/approvals"
	"countersign/enrolments"
	"countersign/internal/jws"
	"countersign/notices"
	"countersign/push"
)

// What this package itself refuses.
var (
	errBody         = errors.New("the body is not one JSON object as it should be")
	errBodyTooLarge = errors.New("the body is too large")
	errMediaType    = errors.New("the body is not application/json")
	errQuery        = errors.New("a query parameter is out of bounds")
	errOrigin       = errors.New("the page's origin is not known")
	errNoRoute      = errors.New("no such route")
	errMethod       = errors.New("no such method here")
	errPairing      = errors.New("the pairing is not there any more")
	errBlocked      = errors.New("codes are blocked")
	errTooMany      = errors.New("too many requests")
	errTooManyWait  = errors.New("too many wait for this")
	errStopping     = errors.New("the server is stopping")
	errNotReady     = errors.New("the server is not ready")
	errHandshake    = errors.New("the websocket handshake is not one")
	errManyEmails   = errors.New("too many mails")
	errNoMoreTime   = errors.New("there was more time already")
	errInternal     = errors.New("internal")
)

// meaning is what an error means on the wire.
type meaning struct {
	is     error
	status int
	// kind is part of the protocol and never changes.
	kind  string
	title string
	// detail says what to do. Where it is empty the error's own words are
	// shown: those of errors that are written for people.
	detail string
	// retry is the Retry-After in seconds; zero for none.
	retry int
}

// meanings is the one table from errors to problems. The first that fits is
// taken.
var meanings = []meaning{
	{errBody, 400, "invalid-request", "The body cannot be read", "Send one JSON object with the members that /docs names, each once and in lower case, and nothing after it.", 0},
	{errHandshake, 400, "invalid-request", "The websocket handshake cannot be read", "Open the stream with a websocket client of version 13 that offers the subprotocol countersign.v1.", 0},
	{errQuery, 422, "invalid-request", "A query parameter is out of bounds", `Send wait as seconds, e.g. "25s", at most "25s", and version as a whole number.`, 0},
	{enrolments.ErrInvalid, 422, "invalid-request", "A value is out of bounds", "", 0},
	{errMediaType, 415, "unsupported-media-type", "The body is not JSON", "Send the body as Content-Type: application/json, not compressed.", 0},
	{errBodyTooLarge, 413, "body-too-large", "The body is too large", "Send at most 64 KiB.", 0},

	{enrolments.ErrUnauthorized, 401, "unauthorized", "The key or token is missing or not valid", "Send the key or token of this resource as Authorization: Bearer, or begin again to get a new one.", 0},
	{enrolments.ErrPhoneUnknown, 401, "phone-unknown", "This phone is not known", "The phone was removed, or its key is another: pair it again.", 0},
	{enrolments.ErrRequestProof, 401, "proof-invalid", "The phone's proof does not fit the request", "Sign exactly this method, address and body, in one Phone-Proof header.", 0},
	{enrolments.ErrClock, 401, "proof-clock", "The phone's clock is off", "Set the phone's clock by server_time and sign again.", 0},
	{approvals.ErrReplayed, 401, "proof-replayed", "The proof was used before", "Sign every request anew, with a jti of its own.", 0},
	{enrolments.ErrPhoneInactive, 403, "phone-inactive", "The phone is not confirmed yet", "Compare the digits on both screens and confirm them in the browser first.", 0},
	{errOrigin, 403, "origin-refused", "The page may not do this", "Call from the server's own pages, or from the origin of a return URL registered for the application.", 0},

	{approvals.ErrNotFound, 404, "approval-not-found", "No such approval", "Ask for a new approval: approvals are kept for ten minutes, each for its own application and phones.", 0},
	{enrolments.ErrNotFound, 404, "person-not-found", "No such person", "Check the user name, or open a set-up for the person with POST /v1/pairings.", 0},
	{errRecovery, 404, "recovery-not-found", "No such recovery", "Sign in with a code and begin a new one.", 0},
	{errNothingThere, 404, "nothing-to-change", "That is not there any more", "Read the page again: it was removed meanwhile, or is none of this person's.", 0},
	{errNotice, 404, "notice-not-found", "No such notice", "Read the phone's notices again: they are kept for thirty days.", 0},
	{errPairing, 404, "pairing-not-found", "No such set-up", "Open a new set-up.", 0},
	{errLogo, 404, "logo-not-found", "There is no such logo", "Take the address from the state of a waiting screen; it changes with the picture.", 0},
	{errNoRoute, 404, "not-found", "There is nothing here", "See /docs for the routes that there are.", 0},
	{errMethod, 405, "method-not-allowed", "This method is not for this route", "Use a method of the Allow header; /docs says which does what.", 0},

	{approvals.ErrSettled, 409, "approval-settled", "The approval is settled", "Take what stands, or begin a new sign-in.", 0},
	{approvals.ErrIdempotency, 409, "idempotency-mismatch", "The Idempotency-Key belongs to another request", "Send the first request's body again, or choose a new key.", 0},
	{approvals.ErrResult, 410, "result-code-invalid", "The result code is not valid", "It is good once, within two minutes, for the approval that this browser's session began: begin a new sign-in.", 0},
	{approvals.ErrReturnURL, 422, "return-url-refused", "The return URL is not registered", "Register the URL for the application, or send one that equals a registered one in scheme, host, port and path.", 0},
	{approvals.ErrNothingUsable, 403, "nothing-usable", "Nothing of the person's is taken", "The person has something set up, but nothing that the application's policy takes: add a method to the policy, or let the help desk open a set-up.", 0},
	{errNoMoreTime, 409, "no-more-time", "There is no more time to be had", "It is given once, within five minutes: begin a new sign-in.", 0},
	{approvals.ErrHeld, 429, "too-many-pushes", "No more pushes for now", "Type a code instead, or wait and begin a new sign-in.", 60},
	{approvals.ErrBusy, 429, "too-many-requests", "Too many at once", "Let pending sign-ins end and try again after Retry-After.", 5},

	{approvals.ErrVerification, 403, "user-verification-needed", "The phone has to verify its person", "Unlock with the screen lock when asked, and approve again.", 0},
	{approvals.ErrSignature, 403, "answer-signature", "The answer's signature does not verify", "Sign the answer with the key that the phone was paired with.", 0},
	{approvals.ErrAlgorithm, 403, "answer-algorithm", "The answer is signed with another algorithm", "Sign with the algorithm of the key that the phone was paired with.", 0},
	{approvals.ErrAudience, 403, "answer-audience", "The answer is meant for another server", "Set aud to this server's public URL.", 0},
	{approvals.ErrClock, 403, "answer-clock", "The answer's time is too far from the server's", "Set the phone's clock and answer again.", 0},
	{approvals.ErrMismatch, 403, "answer-mismatch", "The answer belongs to another approval", "Fetch the approval again and sign its id and nonce as this phone.", 0},
	{approvals.ErrDisplay, 403, "answer-display", "The answer is about another text", "Sign the display text byte for byte as it was sent.", 0},
	{approvals.ErrNumberWrong, 422, "number-wrong", "The number is wrong", "Type the number that the waiting screen shows, if a try is left.", 0},

	{enrolments.ErrCodeWrong, 422, "code-wrong", "The code is wrong", "Type the code that the phone or authenticator app shows now, or a recovery code.", 0},
	{approvals.ErrCodeKind, 422, "code-kind-refused", "This kind of code is not taken", "Use a way that methods names: the application's policy leaves this kind of code out.", 0},
	{enrolments.ErrCodeUsed, 422, "code-used", "The code was used before", "Wait for the next code, or type another recovery code.", 0},
	{errBlocked, 429, "codes-blocked", "Codes are not taken now", "Too many codes were wrong: use a phone, wait for Retry-After, or ask the administrator to unlock.", 0},
	{approvals.ErrNoTries, 429, "codes-blocked", "This sign-in takes no more codes", "Begin a new sign-in.", 60},

	{errMailed, 422, "code-wrong", "The code is wrong", "Type the six digits of the newest mail, or have a new one sent.", 0},
	{enrolments.ErrCodeExpired, 422, "code-expired", "The code is not good any more", "It is good once, for ten minutes and five tries: have a new one sent.", 0},
	{errManyEmails, 429, "too-many-emails", "No more mail for now", "Use the newest code, or wait for Retry-After: five codes are sent an hour.", 0},
	{enrolments.ErrSameMailbox, 422, "email-refused", "That is the mailbox of the sign-in", "Give an address of another mailbox: whoever has that one must not have both.", 0},
	{enrolments.ErrUnsent, 503, "unavailable", "The mail could not be sent", "Check the address and try again after Retry-After; the administrator finds the cause in the log.", 30},
	{enrolments.ErrNotOffered, 403, "not-offered", "This is not offered here", "The application's policy or this server leaves it out, or it was not set up: use another way.", 0},

	{enrolments.ErrAnswersWrong, 422, "answers-wrong", "Too few of the answers are right", "Two of the three have to be right. Capital letters, spaces and signs make no difference.", 0},
	{enrolments.ErrBusy, 429, "too-many-requests", "Too many at once", "Try again after Retry-After.", 5},

	{approvals.ErrCodeWaits, 403, "fresh-approval-needed", "After this kind of code a new phone has to wait", "Let the person sign in again and choose “I don't have my phone” on the waiting screen, which begins that wait; or let them approve on a phone.", 0},
	{enrolments.ErrFreshApproval, 403, "fresh-approval-needed", "A fresh approval is needed", "Let the person approve a sign-in for this application, and send its id as approval_id within five minutes, once.", 0},
	{approvals.ErrLocked, 403, "person-locked", "An administrator has to look first", "A sign-in of this person was reported: let an administrator look, and unlock them.", 0},
	{enrolments.ErrLastWay, 409, "last-way-in", "It is the last way in", "Add a phone or an authenticator app first; without it the person could not sign in.", 0},
	{enrolments.ErrRecoveryWaiting, 409, "recovery-waiting", "The wait is not over", "Come back after Retry-After, or approve it on a phone that the person has.", 0},
	{enrolments.ErrRecoveryOver, 410, "recovery-over", "The recovery is over", "It was stopped, has led to a phone or is out of time: sign in with a code and begin a new one.", 0},
	{notices.ErrOver, 410, "notice-over", "It can no longer be stopped", "Seven days have passed, or there was nothing to stop: tell the administrator.", 0},
	{enrolments.ErrTicket, 410, "ticket-invalid", "The link is not valid any more", "Open a new set-up; a link is good once, for ten minutes.", 0},
	{enrolments.ErrPairingSettled, 409, "pairing-settled", "The set-up is not at that step", "Read the set-up for its state, or open a new one.", 0},
	{enrolments.ErrProof, 422, "pairing-proof-invalid", "The phone does not prove its key", "Sign the ticket's hash, the key's thumbprint and this server's URL with the phone's own key, by a clock that is right.", 0},
	{jws.ErrKey, 422, "key-refused", "This kind of key is not taken", "Send a public P-256 or Ed25519 key as a JWK with only its public members.", 0},
	{push.ErrBadTarget, 422, "push-target-refused", "The push target is not taken", "", 0},

	{errTooMany, 429, "too-many-requests", "Too many requests from this address", "Wait for Retry-After; check the key or token before trying again.", 0},
	{errTooManyWait, 429, "too-many-requests", "Too many wait for this", "Close other windows that wait for the same, or try again after Retry-After.", 5},
	{errStopping, 503, "unavailable", "The server is restarting", "Try again after Retry-After.", 2},
	{errNotReady, 503, "unavailable", "The server is not ready", "Try again after Retry-After; the administrator finds the cause in the log.", 5},
	{errInternal, http.StatusInternalServerError, "internal", "Something went wrong in the server", "Try again; if it stays, give the administrator the instance of this problem, which the log names too.", 0},
}

// meaningOf finds what err means; false when the table does not know it.
func meaningOf(err error) (meaning, bool) {
	for _, m := range meanings {
		if errors.Is(err, m.is) {
			return m, true
		}
	}
	return meaning{}, false
}
