package bench

import (
	"time"

	"countersign/approvals"
	"countersign/enrolments"
)

// sampleDisplay is what a phone would show, of usual length.
const sampleDisplay = `{"application":"Northwind Books","user":"ana@example.com","action":"Sign in","location":"Wellington, NZ","ip":"203.0.113.9","browser":"Chrome on Windows","reference":"","time":"2026-11-01T10:00:00Z"}`

// sample is an approval of a person with one phone. Its waiting token is token.
func sample(person enrolments.PersonID, phone enrolments.PhoneID, token enrolments.Secret) approvals.New {
	return approvals.New{
		ID: approvals.NewID(person), Application: "northwind", ApplicationName: "Northwind Books",
		Person: person, User: "ana@example.com", ReturnURL: "https://books.example.com/signed-in",
		Display: sampleDisplay, Nonce: "0123456789012345678901", Number: "47",
		Waiting: token.Hash(), Result: enrolments.NewSecret().Hash(),
		Phones: []approvals.AskedPhone{{ID: phone, Name: "Ana's iPhone", Sent: approvals.Asking}},
		TTL:    enrolments.MaxTTL, NumberTries: 2, CodeTries: 5, Resends: 2,
		Budget: approvals.Budget{Limit: 1000, Window: time.Minute},
	}
}

// samples are approvals of as many people.
func samples(n int) ([]approvals.New, []enrolments.Secret) {
	all, tokens := make([]approvals.New, n), make([]enrolments.Secret, n)
	for i := range all {
		tokens[i] = enrolments.NewSecret()
		all[i] = sample(enrolments.NewID[enrolments.PersonID](), enrolments.NewID[enrolments.PhoneID](), tokens[i])
	}
	return all, tokens
}
