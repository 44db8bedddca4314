// Package mail puts letters into words and hands them to a mail server. It is
// the enrolments.Post of a server that has mail set up.
//
// A letter is written in one of the languages of the catalogues
// (words.<language>.json), as text and as HTML of one layout, and carries what
// RFC 3834 asks of mail that no person wrote. It holds no remote image, nothing
// that counts who reads it, and no link but the one that stops what happened.
//
// The package is the one home of the SMTP client. It refuses to give a password
// or a letter to a connection without TLS unless it was told to, a header that
// is more than one line, and to repeat an address or a mail server's own words
// in an error: those of Check, which an administrator asked for, hold both.
package mail
