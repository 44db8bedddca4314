// Package notices tells people what has changed in the protection of their
// sign-in, and takes their "this wasn't me".
//
// What is told, and that it is told whenever it is recorded, is the store's and
// enrolments' promise: a notice and its deliveries are there once the event is in
// the trail. This package carries them:
//
//	record   the store adds deliveries and pokes the line of each channel
//	claim    a line takes what is due, by a lease, on one node at a time
//	carry    by mail to one address, or by a wake-up to the person's phones
//	end      carried: forgotten, and noted in the trail; not now: put off,
//	         with a pause that grows; never, or for a day: given up, and noted
//
// A node that dies after carrying and before noting leaves the delivery to be
// carried again: at least once is what is promised. Nothing that was done waits
// for any of this or fails by it.
//
// Whoever has the secret of a notice, or a phone of its person, can read it and
// stop what it tells of, within seven days. The package refuses both to everybody
// else, with one answer for all of them, and it never stops anything by a look.
package notices
