package redisstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
)

// outcomes are the words with which a script says no.
var outcomes = map[string]error{
	"not_found":    approvals.ErrNotFound,
	"settled":      approvals.ErrSettled,
	"number_wrong": approvals.ErrNumberWrong,
	"no_tries":     approvals.ErrNoTries,
	"mismatch":     approvals.ErrMismatch,
	"display":      approvals.ErrDisplay,
	"replayed":     approvals.ErrReplayed,
	"held":         approvals.ErrHeld,
	"busy":         approvals.ErrBusy,
	"idempotency":  approvals.ErrIdempotency,
	"result":       approvals.ErrResult,
}

// Keys. An id's slot and its rest are kept apart, so the tag is not repeated.
func tag(slot string) string             { return "{p:" + slot + "}" }
func approvalKey(id approvals.ID) string { return tag(id.Slot()) + "a:" + rest(id) }

func personKey(kind string, person enrolments.PersonID) string {
	return tag(approvals.SlotOf(person)) + kind + ":" + string(person)
}

func rest(id approvals.ID) string { return string(id)[len(id.Slot()):] }

// ask does a step on one approval and reads its reply.
func (s *Store) ask(ctx context.Context, sc script, id approvals.ID, args ...any) (approvals.Approval, string, error) {
	if _, err := approvals.ParseID(string(id)); err != nil {
		return approvals.Approval{}, "", err
	}
	reply, err := s.run(ctx, sc, []string{approvalKey(id)}, args...)
	if err != nil {
		return approvals.Approval{}, "", err
	}
	word, no := reply[0], outcomes[reply[0]]
	if no == nil && word != "ok" && word != "done" {
		return approvals.Approval{}, "", fmt.Errorf("redisstore: %s: unknown reply", sc.name)
	}
	if len(reply) < 3 {
		return approvals.Approval{}, word, no
	}
	a, err := approvalOf(id, reply[1], reply[2])
	if err != nil {
		return approvals.Approval{}, "", fmt.Errorf("redisstore: %s: %w", sc.name, err)
	}
	return a, word, no
}

// Create implements approvals.Store.
func (s *Store) Create(ctx context.Context, n approvals.New) (approvals.Created, error) {
	keys, args, err := creation(n)
	if err != nil {
		return approvals.Created{}, err
	}
	reply, err := s.run(ctx, createScript, keys, args...)
	if err != nil {
		return approvals.Created{}, err
	}
	if no := outcomes[reply[0]]; no != nil {
		return approvals.Created{}, no
	}
	out, err := createdOf(n, reply)
	if err != nil {
		return approvals.Created{}, fmt.Errorf("redisstore: create: %w", err)
	}
	return out, nil
}

// creation is what the script takes.
func creation(n approvals.New) (keys []string, args []any, err error) {
	if _, err := approvals.ParseID(string(n.ID)); err != nil || n.ID.Slot() != approvals.SlotOf(n.Person) {
		return nil, nil, fmt.Errorf("redisstore: create: the id is not one of this person's approvals")
	}
	text, err := docOf(n)
	if err != nil {
		return nil, nil, err
	}
	facts, err := factsOf(n.Phones)
	if err != nil {
		return nil, nil, err
	}
	check, err := checkOf(n)
	if err != nil {
		return nil, nil, err
	}
	keys = []string{approvalKey(n.ID), personKey("p", n.Person)}
	if n.Key != "" {
		keys = append(keys, personKey("k", n.Person)+":"+n.Seat()+":"+n.Key)
	}
	args = []any{
		n.Seat(), hashText(n.Fingerprint), personKey("w", n.Person), approvals.MaxPending,
		n.TTL.Microseconds(), bit(n.CodeOnly || len(n.Phones) == 0), n.Budget.Limit, n.Budget.Window.Microseconds(),
		approvals.RememberKeys.Microseconds(), text, check,
		fmt.Sprintf("%d %d %d %s", n.NumberTries, n.CodeTries, n.Resends, facts),
	}
	return keys, args, nil
}

// checkOf is what answers are compared with, as words.
func checkOf(n approvals.New) (string, error) {
	words := []string{string(n.Person), n.Nonce, orDash(n.Number), approvals.Approval{Display: n.Display}.DisplayHash(), hashText(n.Result)}
	for _, p := range n.Phones {
		words = append(words, string(p.ID))
	}
	for _, word := range append(words, n.Seat()) {
		if word == "" || strings.ContainsAny(word, " =;\n") {
			return "", errors.New("redisstore: create: an id, nonce or number that is empty or no single word")
		}
	}
	return strings.Join(words, " "), nil
}

func createdOf(n approvals.New, reply []string) (approvals.Created, error) {
	if reply[0] == "repeated" && len(reply) == 4 {
		a, err := approvalOf(approvals.ID(n.ID.Slot()+reply[3]), reply[1], reply[2])
		return approvals.Created{Approval: a, Repeated: true}, err
	}
	if reply[0] != "ok" || len(reply) < 2 {
		return approvals.Created{}, fmt.Errorf("unknown reply %q", reply[0])
	}
	a, err := withLine(approvals.Approval{
		ID: n.ID, Application: n.Application, ApplicationName: n.ApplicationName, Logo: n.Logo, Purpose: n.Purpose, Person: n.Person, User: n.User,
		ReturnURL: n.ReturnURL, Display: n.Display, Nonce: n.Nonce, Number: n.Number,
		Takes: n.Takes, Role: n.Role, Offers: n.Offers, EmailHint: n.EmailHint, Barred: n.Barred, TrustFor: n.TrustFor, TTL: n.TTL,
		Waiting: n.Waiting, Result: n.Result, Phones: n.Phones,
	}, reply[1])
	if err != nil {
		return approvals.Created{}, err
	}
	out := approvals.Created{Approval: a}
	if len(reply) > 2 {
		out.Replaced = approvals.ID(n.ID.Slot() + reply[2])
	}
	return out, nil
}

// Read implements approvals.Store.
func (s *Store) Read(ctx context.Context, id approvals.ID) (approvals.Approval, error) {
	a, _, err := s.ask(ctx, readScript, id)
	return a, err
}

// Answer implements approvals.Store.
func (s *Store) Answer(ctx context.Context, id approvals.ID, a approvals.Answer) (approvals.Approval, error) {
	out, _, err := s.ask(ctx, answerScript, id, string(a.Phone), a.Nonce, a.Display, string(a.Decision),
		orDash(a.Number), orDash(a.Digest), a.Proof, approvals.RememberProofs.Milliseconds())
	return out, err
}

// TryCode implements approvals.Store.
func (s *Store) TryCode(ctx context.Context, id approvals.ID) (approvals.Approval, error) {
	a, _, err := s.ask(ctx, tryCodeScript, id)
	return a, err
}

// Settle implements approvals.Store.
func (s *Store) Settle(ctx context.Context, id approvals.ID, with approvals.Settlement) (approvals.Approval, error) {
	switch with.State {
	case approvals.Approved, approvals.Denied, approvals.Withdrawn:
	default:
		return approvals.Approval{}, fmt.Errorf("redisstore: settle: %q settles nothing", with.State)
	}
	a, _, err := s.ask(ctx, settleScript, id, string(with.State), orDash(with.Reason), orDash(with.Method), bit(with.KeepsHeld))
	return a, err
}

// Expire implements approvals.Store.
func (s *Store) Expire(ctx context.Context, id approvals.ID) (approvals.Approval, bool, error) {
	a, word, err := s.ask(ctx, expireScript, id)
	return a, err == nil && word == "done", err
}

// Resend implements approvals.Store.
func (s *Store) Resend(ctx context.Context, id approvals.ID, b approvals.Budget) (approvals.Approval, error) {
	a, _, err := s.ask(ctx, resendScript, id, b.Limit, b.Window.Microseconds())
	return a, err
}

// Extend implements approvals.Store.
func (s *Store) Extend(ctx context.Context, id approvals.ID, from, to time.Duration) (approvals.Approval, error) {
	a, _, err := s.ask(ctx, extendScript, id, from.Microseconds(), to.Microseconds())
	return a, err
}

// NoteSent implements approvals.Store.
func (s *Store) NoteSent(ctx context.Context, id approvals.ID, phone enrolments.PhoneID, sent approvals.Sent) error {
	letter, ok := sentLetter(sent)
	if !ok {
		return fmt.Errorf("redisstore: note: unknown word %q about a phone", sent)
	}
	_, _, err := s.ask(ctx, noteScript, id, string(phone), 1, letter)
	return err
}

// NoteSeen implements approvals.Store.
func (s *Store) NoteSeen(ctx context.Context, id approvals.ID, phone enrolments.PhoneID) error {
	_, _, err := s.ask(ctx, noteScript, id, string(phone), 2, "1")
	return err
}

// Redeem implements approvals.Store.
func (s *Store) Redeem(ctx context.Context, id approvals.ID, result enrolments.Hash) (approvals.Approval, error) {
	a, _, err := s.ask(ctx, redeemScript, id, hashText(result), approvals.RedeemWithin.Microseconds())
	return a, err
}

// PendingFor implements approvals.Store.
func (s *Store) PendingFor(ctx context.Context, person enrolments.PersonID, phone enrolments.PhoneID) ([]approvals.Approval, error) {
	slot := approvals.SlotOf(person)
	reply, err := s.run(ctx, pendingScript, []string{personKey("p", person)}, string(phone))
	if err != nil {
		return nil, err
	}
	var out []approvals.Approval
	for entry := range slices.Chunk(reply[1:], 3) {
		if len(entry) != 3 {
			return nil, fmt.Errorf("redisstore: pending: %w", errWire)
		}
		a, err := approvalOf(approvals.ID(slot+entry[0]), entry[1], entry[2])
		if err != nil {
			return nil, fmt.Errorf("redisstore: pending: %w", err)
		}
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b approvals.Approval) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(b.ID, a.ID))
	})
	return out, nil
}

// SpendProof implements approvals.Store.
func (s *Store) SpendProof(ctx context.Context, person enrolments.PersonID, proof string) error {
	reply, err := s.run(ctx, spendScript, []string{personKey("x", person) + ":" + proof}, approvals.RememberProofs.Milliseconds())
	if err != nil {
		return err
	}
	if reply[0] != "ok" {
		return cmp.Or(outcomes[reply[0]], errWire)
	}
	return nil
}

// Watch implements approvals.Store.
func (s *Store) Watch(ctx context.Context, id approvals.ID, notify func(approvals.Approval)) (func(), error) {
	if _, err := approvals.ParseID(string(id)); err != nil {
		return nil, err
	}
	return s.hub.watch(ctx, id, notify)
}

// WatchPerson implements approvals.Store.
func (s *Store) WatchPerson(ctx context.Context, person enrolments.PersonID, notify func()) (func(), error) {
	return s.hub.watchPerson(ctx, person, notify)
}
