package demo

import (
	"fmt"

	"countersign/mobile-stub/phone"
)

// signIn is the action of a request for which its application names no other.
const signIn = "Sign in"

// wording is how the phone puts a request: nobody who confirms a change is
// asked whether they are signing in.
type wording struct {
	Title    string `json:"title"`
	Question string `json:"question"`
	No       string `json:"no"`
	// refused says what came of a no, look and stopped what of a wrong number.
	refused, look, stopped string
}

// put words a request by its lines, and returns those that it does not say.
func put(lines []phone.Line) (w wording, rest []phone.Line) {
	var application, action string
	for _, l := range lines {
		switch l.Label {
		case "Application":
			application = l.Value
		case "Action":
			action = l.Value
		default:
			rest = append(rest, l)
		}
	}
	if action == "" || action == signIn {
		return wording{
			Title: "Sign-in request", Question: fmt.Sprintf("Are you signing in to %s?", application), No: "No, don’t sign in",
			refused: "Nobody was let in", look: "Look at the screen you are signing in on. If you are not signing in", stopped: "this sign-in was stopped",
		}, rest
	}
	return wording{
		Title: "Request", Question: fmt.Sprintf("%s asks: %s?", application, action), No: "No, don’t do it",
		refused: "Nothing was done", look: "Look at the screen on which you began it. If that was not you", stopped: "it was not approved",
	}, rest
}

// note says what came of an answer.
func (w wording) note(decision string) string {
	switch decision {
	case "approve":
		return "Approved. You can go on in the browser."
	case "deny":
		return "Refused. " + w.refused + "."
	}
	return "Reported. " + w.refused + ", your administrator is told, and no more requests are sent."
}

// refusal says what it means for the person that an answer was not taken.
func (w wording) refusal(p *phone.Problem) string {
	switch {
	case p.Kind != "number-wrong":
		return p.Detail
	case p.NumberAttemptsLeft > 0:
		return "Not that one. " + w.look + ", tap “It wasn’t me”."
	}
	return "The number was wrong twice, so " + w.stopped + "."
}
