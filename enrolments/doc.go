// Package enrolments owns what lasts: people, their phones and how a phone is
// paired, authenticators (TOTP secrets), recovery codes, backup addresses and
// security questions, the applications that may ask and their policies, the
// audit trail of all of it, and what people are told of that.
//
// A phone comes to be in four steps, and a person sees each:
//
//	open     somebody who may (an application, an administrator) opens a
//	         pairing; its ticket is shown as a link and a QR code
//	claimed  a phone spends the ticket with its new public key and proves that
//	         it holds the private one
//	confirm  both screens show six digits made of the ticket and the key; the
//	         person says on the browser that they are equal
//	active   only now may the phone answer, and be given a TOTP secret
//
// The package knows neither HTTP nor SQL nor Redis. It refuses a second use of
// anything that is for one use (ticket, TOTP step, recovery code), and every
// such race is decided in the store, in one step.
package enrolments
