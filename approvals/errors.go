package approvals

import "errors"

var (
	// ErrNotFound is returned for an approval that is not there (any more) or
	// is somebody else's: the two are not told apart.
	ErrNotFound = errors.New("no such approval")
	// ErrSettled is returned, with the approval as it stands, by whatever
	// came too late.
	ErrSettled = errors.New("the approval is settled")
	// ErrNumberWrong is returned, with the approval, for a wrong number.
	ErrNumberWrong = errors.New("the number is wrong")
	// ErrNothingUsable is returned for a person who has something set up, but
	// nothing that the application takes.
	ErrNothingUsable = errors.New("the person has nothing set up that this application takes")
	// ErrCodeKind is returned, with the approval, for a kind of code that the
	// application does not take.
	ErrCodeKind = errors.New("this application does not take that kind of code")
	// ErrNoTries is returned when no code try is left.
	ErrNoTries = errors.New("no try is left")
	// ErrMismatch is returned for an answer to another approval: its nonce,
	// transaction or issuer is not this one's.
	ErrMismatch = errors.New("the answer belongs to another approval")
	// ErrDisplay is returned when something else was shown than was sent.
	ErrDisplay = errors.New("the answer is about another text than the phone was sent")
	// ErrSignature, ErrAlgorithm, ErrAudience, ErrClock: what is wrong with a
	// signed answer.
	ErrSignature = errors.New("the answer's signature does not verify")
	ErrAlgorithm = errors.New("the answer is signed with another algorithm than the phone was paired with")
	ErrAudience  = errors.New("the answer is meant for another server")
	ErrClock     = errors.New("the answer's time is too far from the server's")
	// ErrVerification is returned for an approving answer of a phone that has
	// not verified its person where the application's policy asks for it.
	ErrVerification = errors.New("the phone has to verify its person for this answer")
	// ErrReplayed is returned for a proof that was used before.
	ErrReplayed = errors.New("the proof was used before")
	// ErrHeld is returned when a person was sent as many pushes as the policy
	// allows, or an approval as many resends.
	ErrHeld = errors.New("no more pushes for now")
	// ErrBusy is returned when a bound of the store is reached: too many
	// pending approvals, too many waiting.
	ErrBusy = errors.New("too many at once")
	// ErrIdempotency is returned when an idempotency key comes back with
	// another request.
	ErrIdempotency = errors.New("the idempotency key belongs to another request")
	// ErrReturnURL is returned for a return URL that is not registered.
	ErrReturnURL = errors.New("the return URL is not registered")
	// ErrCodeWaits is returned for a set-up that is to be opened by a kind of code
	// after which, by the policy, a new phone has to wait or does not come at all.
	ErrCodeWaits = errors.New("after this kind of code a new phone has to wait")
	// ErrResult is returned for a result code that is wrong, spent, or late.
	ErrResult = errors.New("the result code is not valid")
)
