package main

import (
	"errors"
	"fmt"
	"time"

	"countersign/mobile-stub/phone"
)

// outcome is how an approval stands, in words.
func outcome(state, reason string) string {
	switch {
	case state == "approved":
		return "Approved: the sign-in goes on"
	case reason == "reported":
		return "Refused and reported: the administrator has been told"
	case reason == "number_mismatch":
		return "Stopped: the number was wrong too often"
	case reason == "replaced":
		return "Replaced by a newer request; nothing is asked of you"
	case state == "denied":
		return "Refused: the sign-in is stopped"
	case state == "expired":
		return "Expired; nothing was approved and nothing is asked of you"
	case state == "withdrawn":
		return "Withdrawn; nothing is asked of you"
	}
	return phone.Plain("Settled: " + state + " " + reason)
}

// explain says what happened and what to do.
func explain(err error) string {
	var p *phone.Problem
	switch {
	case errors.As(err, &p):
		return fmt.Sprintf("%v%s", err, advice(p))
	case errors.Is(err, phone.ErrNetwork):
		return err.Error() + "\nIs the server running, and the address right? Codes work without it: mobile-stub code"
	case errors.Is(err, phone.ErrNoRequest):
		return err.Error() + "\nIt may have expired, been answered elsewhere or been replaced; mobile-stub watch shows what is asked now"
	}
	return err.Error()
}

func advice(p *phone.Problem) string {
	switch p.Kind {
	case phone.NumberWrong:
		if p.NumberAttemptsLeft > 0 {
			return fmt.Sprintf("\nNot that one: %d left. Look at the screen you are signing in on; if you are not signing in, use deny or report", p.NumberAttemptsLeft)
		}
		return "\nThat was the last try: the sign-in is stopped"
	case phone.ApprovalSettled:
		return "\n" + outcome(p.State, p.Reason)
	case phone.ProofClock:
		return fmt.Sprintf("\nThis machine's clock is off by %v; set it right", time.Until(p.ServerTime).Abs().Round(time.Second))
	case phone.PhoneUnknown:
		return "\nThis phone was refused or removed; mobile-stub remove -local forgets the account"
	case phone.TicketInvalid:
		return "\nMake a new link in the browser"
	}
	return ""
}
