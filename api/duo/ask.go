package duo

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"strconv"
	"strings"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
)

const (
	// hold is how long a poll waits for news: clients poll twenty times at
	// most, which has to last for an approval's life.
	hold = 20 * time.Second
	// codeWait is how long a repeated passcode waits for the first's outcome.
	codeWait = 10 * time.Second
	// maxRounds bounds the sign-ins that look alike, of clients that sign no
	// date, within the time that they are remembered.
	maxRounds = 64
)

// outcome is what a call to sign in came to: refused, or an approval that
// stands somehow.
type outcome struct {
	refusal  refusal
	approval approvals.Approval
}

// factor is how a person wants to sign in.
type factor struct {
	kind factorKind
	// passcode is what was typed.
	passcode string
	// ticket names a number that was shown before, if one was.
	ticket ticket
}

type factorKind int

const (
	factorPush factorKind = iota
	factorPasscode
	factorNone    // calls, text messages
	factorUntyped // a passcode, and none was typed
)

// menuOption is the token of the menu's only option; its word push is what
// clients look for.
const menuOption = "push1"

// passcodeOption is the default where no phone may be asked.
const passcodeOption = "passcode"

// typed reads what a menu gave: one of its tokens, the name of a factor, or a
// passcode.
func (s *Server) typed(text string) factor {
	text = strings.TrimSpace(text)
	lower := strings.ToLower(text)
	if rest, ok := strings.CutPrefix(text, menuOption+"-"); ok {
		if t, ok := parseTicket(rest, s.now()); ok {
			return factor{kind: factorPush, ticket: t}
		}
		return factor{kind: factorPush}
	}
	for _, word := range []struct {
		name string
		kind factorKind
	}{{"push", factorPush}, {"auto", factorPush}, {"phone", factorNone}, {"sms", factorNone}, {passcodeOption, factorUntyped}} {
		if rest, ok := strings.CutPrefix(lower, word.name); ok && strings.Trim(rest, "0123456789") == "" {
			return factor{kind: word.kind}
		}
	}
	return factor{kind: factorPasscode, passcode: text}
}

// signIn asks for one sign-in. polls says that the client shows what the status
// says while it waits; blocks, that it shows nothing.
func (s *Server) signIn(ctx context.Context, c *call, p someone, f factor, client clientKind) (outcome, error) {
	switch {
	case p.absent:
		return outcome{refusal: refusedUnknown}, nil
	case f.kind == factorNone:
		return outcome{refusal: refusedFactor}, nil
	case f.kind == factorUntyped:
		return outcome{refusal: refusedPush}, nil
	case f.kind == factorPasscode:
		return s.passcode(ctx, c, p, f.passcode)
	case p.PushLocked:
		return outcome{refusal: refusedLocked}, nil
	}
	return s.push(ctx, c, p, f.ticket, client)
}

// clientKind is what is known of where a client can show a number.
type clientKind int

const (
	// shows prints the status while it polls.
	shows clientKind = iota
	// mayShow polls, and is not known to print the status.
	mayShow
	// blind waits for the end.
	blind
)

// push asks the person's phones.
func (s *Server) push(ctx context.Context, c *call, p someone, t ticket, client clientKind) (outcome, error) {
	r := approvals.Request{User: p.User, Context: contextOf(c, p.Enrolment)}
	allowed := c.integration.Policy.PushWithoutNumber != ""
	switch {
	case t != "":
		r.Number = t.number(c.integration.Secret, p.ID, c.app.Policy.NumberDigits)
	case client == shows, client == mayShow && !allowed:
	case allowed:
		r.NoNumber = true
	default:
		return outcome{refusal: refusedNumber}, nil
	}
	got, err := s.request(ctx, c, r, t)
	if errors.Is(err, approvals.ErrNothingUsable) {
		return outcome{refusal: refusedUnknown}, nil
	}
	if err != nil || got.Repeated {
		return outcome{approval: got.Approval}, err
	}
	if got.Next == approvals.CodeOnly {
		return outcome{refusal: codesOnly(got.Approval)}, s.withdraw(ctx, c, got.ID)
	}
	return outcome{approval: got.Approval}, nil
}

// codesOnly is why no phone was asked.
func codesOnly(a approvals.Approval) refusal {
	switch a.CodeOnlyBecause() {
	case approvals.HeldBack:
		return refusedHeld
	case approvals.Locked:
		return refusedLocked
	}
	return refusedPush
}

// passcode settles by what the person typed, at once.
func (s *Server) passcode(ctx context.Context, c *call, p someone, typed string) (outcome, error) {
	r := approvals.Request{User: p.User, Context: contextOf(c, p.Enrolment), CodesOnly: true}
	got, err := s.request(ctx, c, r, "")
	if errors.Is(err, approvals.ErrNothingUsable) {
		return outcome{refusal: refusedUnknown}, nil
	}
	if err != nil {
		return outcome{}, err
	}
	if got.Repeated {
		a, err := s.await(ctx, got.ID, codeWait, approvals.Approval.Final)
		return outcome{approval: a}, err
	}
	a, err := s.config.Approvals.Code(ctx, got.ID, typed)
	if blocked := (*enrolments.BlockedError)(nil); errors.As(err, &blocked) {
		return outcome{refusal: refusedBlocked}, s.withdraw(ctx, c, got.ID)
	}
	switch {
	case errors.Is(err, enrolments.ErrCodeUsed):
		return outcome{refusal: refusedUsed}, nil
	case err == nil, errors.Is(err, enrolments.ErrCodeWrong), errors.Is(err, approvals.ErrSettled), errors.Is(err, approvals.ErrCodeKind):
		return outcome{approval: a}, nil
	}
	return outcome{}, errors.Join(err, s.withdraw(ctx, c, got.ID))
}

// withdraw ends an approval that nobody can settle any more.
func (s *Server) withdraw(ctx context.Context, c *call, id approvals.ID) error {
	_, err := s.config.Approvals.Withdraw(ctx, c.app.ID, id)
	if errors.Is(err, approvals.ErrSettled) {
		return nil
	}
	return err
}

// request makes an approval, or finds that of the same request sent before. Two
// with a date, or with a ticket, are the same if they are equal. Without either
// the next sign-in may look like the last: one that is pending is the same, and
// one that is settled is not.
func (s *Server) request(ctx context.Context, c *call, r approvals.Request, t ticket) (got approvals.Requested, err error) {
	name := c.name
	if t != "" {
		name = "ticket-" + string(t)
	}
	r.Fingerprint = sha256.Sum256([]byte(canonical(c.params)))
	r.Seed = s.seed(c.integration, name)
	app := policyFor(c.app, r.CodesOnly)
	for round := range maxRounds {
		r.Key = "duo-" + name + "-" + strconv.Itoa(round)
		got, err = s.config.Approvals.Request(ctx, app, r)
		if err != nil || !got.Repeated || !got.Final() || c.dated || t != "" {
			return got, err
		}
	}
	return approvals.Requested{}, approvals.ErrBusy
}

// seed makes the waiting token of an approval that may be asked for again.
func (s *Server) seed(i enrolments.Integration, name string) (seed [32]byte) {
	mac := hmac.New(sha256.New, []byte(i.Secret.Reveal()))
	mac.Write([]byte("countersign-duo-seed\x00" + name))
	return [32]byte(mac.Sum(nil))
}

// settled blocks until an outcome is final.
func (s *Server) settled(ctx context.Context, o outcome) (outcome, error) {
	if o.refusal != "" || o.approval.Final() {
		return o, nil
	}
	// The store's clock ends it; a little more than that is a store that lags.
	const grace = 5 * time.Second
	a, err := s.await(ctx, o.approval.ID, o.approval.Expires.Sub(o.approval.AsOf)+grace, approvals.Approval.Final)
	return outcome{approval: a}, err
}

// What a pending approval shows of its path, for polls to tell news by.
const (
	phasePushed = "pushed"
	phaseFailed = "failed"
	phaseSeen   = "seen"
)

// phase names what there is to say about an approval.
func phase(a approvals.Approval) string {
	failed, seen := len(a.Phones) > 0, false
	for _, p := range a.Phones {
		failed = failed && p.Sent == approvals.Failed
		seen = seen || p.Seen
	}
	switch {
	case a.Final():
		return string(a.State)
	case seen:
		return phaseSeen
	case failed:
		return phaseFailed
	}
	return phasePushed
}

// poll returns an approval once there is something that its client was not told
// yet, whichever node told it the rest.
func (s *Server) poll(ctx context.Context, c *call, id approvals.ID) (approvals.Approval, error) {
	a, err := s.config.Approvals.Read(ctx, c.app.ID, id)
	if err != nil || a.Final() {
		return a, err
	}
	told := phase(a)
	if err := s.tell(ctx, a); !errors.Is(err, approvals.ErrReplayed) {
		return a, err
	}
	a, err = s.await(ctx, id, hold, func(now approvals.Approval) bool { return phase(now) != told })
	if errors.Is(err, errStopping) {
		err = nil
	}
	if err == nil && !a.Final() && phase(a) != told {
		if err := s.tell(ctx, a); err != nil && !errors.Is(err, approvals.ErrReplayed) {
			return a, err
		}
	}
	return a, err
}

// tell notes that a client was told; approvals.ErrReplayed when it was before.
func (s *Server) tell(ctx context.Context, a approvals.Approval) error {
	return s.config.Approvals.Once(ctx, a.Person, "duo-"+string(a.ID)+"-"+phase(a))
}
