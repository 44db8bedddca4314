package enrolments

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"sync"

	"golang.org/x/crypto/argon2"
)

// AnswerHash is what is stored of an answer to a security question: argon2id
// under a salt of its own. Answers are soon guessed, so that stores seal it too.
type AnswerHash struct {
	Question QuestionID
	Salt     [16]byte
	Hash     [32]byte
}

// Cost of one hash, by OWASP's Password Storage Cheat Sheet: 19 MiB, two passes,
// one lane.
const (
	argonMemory = 19 << 10 // KiB
	argonTime   = 2
	argonLanes  = 1
)

// Bounds of hashing at once: 4 × 19 MiB of memory, and so many who wait for it.
const (
	maxHashing        = 4
	maxWaitForHashing = 64
)

// ErrBusy is returned when so many answers are being looked at that one more
// would cost too much memory, or others of the same person.
var ErrBusy = errors.New("too many answers at once")

// kitchen hashes answers, few at a time, and of each person one set.
type kitchen struct {
	stoves, queue chan struct{}
	guests        *sync.Map // by PersonID
}

func newKitchen() kitchen {
	return kitchen{make(chan struct{}, maxHashing), make(chan struct{}, maxHashing+maxWaitForHashing), &sync.Map{}}
}

// enter waits for one of the places; ErrBusy when too many wait already, or the
// person does: nobody takes the places of all others.
func (k kitchen) enter(ctx context.Context, person PersonID) (leave func(), err error) {
	if _, inside := k.guests.LoadOrStore(person, true); inside {
		return nil, ErrBusy
	}
	select {
	case k.queue <- struct{}{}:
	default:
		k.guests.Delete(person)
		return nil, ErrBusy
	}
	select {
	case k.stoves <- struct{}{}:
		return func() { <-k.stoves; <-k.queue; k.guests.Delete(person) }, nil
	case <-ctx.Done():
		<-k.queue
		k.guests.Delete(person)
		return nil, ctx.Err()
	}
}

// hash makes what is stored of answers, each already folded.
func (k kitchen) hash(ctx context.Context, person PersonID, all []QuestionAnswer, folded []string) ([]AnswerHash, error) {
	leave, err := k.enter(ctx, person)
	if err != nil {
		return nil, err
	}
	defer leave()
	out := make([]AnswerHash, len(all))
	for i, a := range all {
		out[i].Question = a.Question
		rand.Read(out[i].Salt[:]) // never fails: crypto/rand ends the program instead
		out[i].Hash = argon(folded[i], out[i].Salt)
	}
	return out, nil
}

// right counts the answers that are right. All are looked at, and for as long
// whether right or wrong.
func (k kitchen) right(ctx context.Context, person PersonID, stored []AnswerHash, folded []string) (int, error) {
	leave, err := k.enter(ctx, person)
	if err != nil {
		return 0, err
	}
	defer leave()
	right := 0
	for i, h := range stored {
		made := argon(folded[i], h.Salt)
		right += subtle.ConstantTimeCompare(made[:], h.Hash[:])
	}
	return right, nil
}

func argon(answer string, salt [16]byte) [32]byte {
	return [32]byte(argon2.IDKey([]byte(answer), salt[:], argonTime, argonMemory, argonLanes, 32))
}
