package enrolments

import "regexp"

// maxRoles bounds the roles that a policy names.
const maxRoles = 16

var roleShape = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// ParseRole reads what an application calls a person's role: 1 to 32 of a–z,
// 0–9, _ and -. There is one way to write a role, so that no second spelling of
// it is asked for less.
func ParseRole(text string) (string, error) {
	if !roleShape.MatchString(text) {
		return "", invalid("role is %q; it takes 1 to 32 of a-z, 0-9, _ and -, beginning with a letter or digit", truncate(text))
	}
	return text, nil
}
