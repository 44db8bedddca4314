package duo

import "countersign/approvals"

// The three results that clients act on, and what they call waiting.
const (
	resultAllow  = "allow"
	resultDeny   = "deny"
	resultAuth   = "auth"
	resultEnrol  = "enroll"
	resultWait   = "waiting"
	statusPushed = "pushed"
)

// refusal is why a sign-in is refused before there is an approval. The values
// are in transaction ids that clients hold for a minute.
type refusal string

const (
	refusedUnknown     refusal = "unknown"
	refusedDisabled    refusal = "disabled"
	refusedLocked      refusal = "locked"
	refusedNumber      refusal = "number"
	refusedHeld        refusal = "held"
	refusedPush        refusal = "push"
	refusedBlocked     refusal = "blocked"
	refusedUsed        refusal = "used"
	refusedFactor      refusal = "factor"
	refusedUnavailable refusal = "unavailable"
)

// sentences are in ASCII: the oldest clients print bytes as they come.
var sentences = map[refusal]string{
	refusedUnknown:     "You cannot sign in here. Ask your administrator.",
	refusedDisabled:    "Sign-ins are switched off here. Ask your administrator.",
	refusedLocked:      "Sign-ins are held back after a report. Ask your administrator.",
	refusedNumber:      "Your phone has to be shown a number, and there is no place for it here. Type a passcode instead.",
	refusedHeld:        "Too many requests were sent to your phones. Type a passcode instead.",
	refusedPush:        "No phone is asked here. Type a passcode instead.",
	refusedBlocked:     "Too many wrong passcodes. Wait a while, or approve on your phone.",
	refusedUsed:        "That passcode was used before. Wait for the next one.",
	refusedFactor:      "Calls and text messages are not offered. Approve on your phone, or type a passcode.",
	refusedUnavailable: "Your sign-in could not be checked just now. Try again.",
}

// status is the wire's word for a refusal.
func (r refusal) status() string {
	if r == refusedLocked || r == refusedBlocked || r == refusedHeld {
		return "locked_out"
	}
	return resultDeny
}

// standing is an approval in the wire's words.
type standing struct{ result, status, message string }

// standingOf says how an approval stands.
func standingOf(a approvals.Approval) standing {
	switch a.State {
	case approvals.Approved:
		return standing{resultAllow, resultAllow, "Success. Logging you in..."}
	case approvals.Denied:
		return denied(a.Reason)
	case approvals.Expired:
		return standing{resultDeny, "timeout", "Login timed out."}
	case approvals.Withdrawn:
		return standing{resultDeny, resultDeny, "Login ended. A newer one may have taken its place."}
	}
	return pending(a)
}

func denied(reason approvals.Reason) standing {
	switch reason {
	case approvals.Reported:
		return standing{resultDeny, "fraud", "Login request reported as not yours."}
	case approvals.NumberMismatch:
		return standing{resultDeny, resultDeny, "Wrong number typed on the phone."}
	case approvals.TooManyCodes:
		return standing{resultDeny, resultDeny, "Incorrect passcode. Please try again."}
	}
	return standing{resultDeny, resultDeny, "Login request denied."}
}

func pending(a approvals.Approval) standing {
	asked := "Sent a login request to " + phonesOf(a) + "."
	switch how := phase(a); {
	case how == phaseFailed:
		return standing{resultWait, "push_failed", "Your phone could not be reached. Open Countersign on it" + numbered(a, " and enter ") + "."}
	case how == phaseSeen:
		asked = "The login request is open on your phone."
	}
	if a.Number != "" {
		asked += " Enter " + a.Number + " there."
	}
	return standing{resultWait, statusPushed, asked}
}

func numbered(a approvals.Approval, before string) string {
	if a.Number == "" {
		return ""
	}
	return before + a.Number
}

// phonesOf names the phone that was asked, if there is one alone.
func phonesOf(a approvals.Approval) string {
	if len(a.Phones) == 1 {
		return plain(a.Phones[0].Name)
	}
	return "your phones"
}

// plain leaves the printable ASCII of a name, for terminals of any age.
func plain(text string) string {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if r < ' ' || r > '~' {
			r = '?'
		}
		out = append(out, byte(r))
	}
	return string(out)
}
