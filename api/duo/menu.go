package duo

import "strings"

// menu is the text that a terminal shows, and what its options stand for.
type menu struct {
	text    string
	factors map[string]string
}

// menu offers what the person has. Option 1 has the number in its text; the
// default is for clients that show no menu, and has none.
func (s *Server) menu(c *call, p someone) menu {
	m := menu{factors: map[string]string{"default": passcodeOption}}
	var b strings.Builder
	b.WriteString("Countersign login for " + plain(p.User) + "\n\n")
	if !p.canPush(c.app.Policy) {
		b.WriteString("Passcode: ")
		m.text = b.String()
		return m
	}
	t := newTicket(s.now())
	m.factors["default"], m.factors["1"] = menuOption, menuOption+"-"+string(t)
	number := t.number(c.integration.Secret, p.ID, c.app.Policy.NumberDigits)
	where := "your phones"
	if len(p.Phones) == 1 {
		where = plain(p.Phones[0].Name)
	}
	b.WriteString("Enter a passcode or select the option:\n\n")
	b.WriteString(" 1. Ask " + where + ", and enter " + number + " there\n\n")
	b.WriteString("Passcode or option (1-1): ")
	m.text = b.String()
	return m
}
