package northwind

import (
	"crypto/sha256"
	"crypto/subtle"
	"maps"
	"sync"
)

// Person is somebody who may sign in.
type Person struct {
	Password string
	// Role is what they are here, e.g. owner; empty for nothing in particular.
	// The server's policy says which roles need a second factor.
	Role string
}

// people are those who may sign in, by name.
type people struct {
	mu  sync.Mutex
	all map[string]Person
}

func newPeople(all map[string]Person) *people { return &people{all: maps.Clone(all)} }

// know compares in a time that tells neither who exists nor how much of a
// password was right.
func (p *people) know(name, password string) (Person, bool) {
	p.mu.Lock()
	person, known := p.all[name]
	p.mu.Unlock()
	got, right := sha256.Sum256([]byte(password)), sha256.Sum256([]byte(person.Password))
	return person, subtle.ConstantTimeCompare(got[:], right[:]) == 1 && known
}

func (p *people) setPassword(name, password string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	person := p.all[name]
	person.Password = password
	p.all[name] = person
}
