package enrolments

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Setting is one value of a policy for people: what it does, what it takes, and
// why it is what it is where nobody says otherwise. All but Value are the same
// for every policy.
type Setting struct {
	// Key names it in "countersign policy set APP KEY=VALUE" and never changes.
	Key string
	// Does says what it decides, Takes what it may be.
	Does, Takes string
	Value       string
	// Default is the value of a policy that names none, Why the reason.
	Default, Why string
}

// Settings are the values of p in the order in which they are shown.
func (p Policy) Settings() []Setting {
	var out []Setting
	for _, s := range settings() {
		s.Value, s.Default = s.show(p), s.show(DefaultPolicy())
		out = append(out, s.Setting)
	}
	return out
}

// Set changes the value that key names; "default" is the one that Settings
// tells. ErrInvalid for an unknown key and for a value that is out of bounds.
func (p *Policy) Set(key, text string) error {
	for _, s := range settings() {
		if s.Key != key {
			continue
		}
		if text == "default" {
			text = s.show(DefaultPolicy())
		}
		if err := s.set(p, text); err != nil {
			return err
		}
		return s.check(*p)
	}
	return invalid("policy has no value %q; countersign policy show lists them", truncate(key))
}

// setting ties a Setting to its field.
type setting struct {
	Setting
	show  func(Policy) string
	set   func(*Policy, string) error
	check func(Policy) error
}

// settings are all there are.
func settings() []setting {
	return []setting{
		seconds("approval_seconds", "life of an approval where the application names none", 30, 300,
			"long enough to find a phone, short enough that no request waits for a tired tap",
			func(p *Policy) *time.Duration { return &p.TTL }),
		list("methods", "ways to settle a sign-in that are taken", "of push, totp, recovery_code, with push or totp among them",
			"each is there for the day on which another fails", methodsOf(Methods(), func(p *Policy) *[]Method { return &p.Methods }), checkMethods),
		number("number_digits", "digits of the number that is typed on the phone", 2, 6,
			"as CISA's guidance on number matching shows it", func(p *Policy) *int { return &p.NumberDigits }),
		number("number_tries", "numbers that may be typed before a sign-in is stopped as an attack", 1, 3,
			"one slip", func(p *Policy) *int { return &p.NumberTries }),
		number("code_tries", "codes that one sign-in takes", 1, 10,
			"slips of the thumb, and no guessing", func(p *Policy) *int { return &p.CodeTries }),
		number("resends", "times that the phones may be asked again", 0, 5,
			"once for the phone that slept, once more for its person", func(p *Policy) *int { return &p.Resends }),
		number("push_limit", "pushes to one person in a push window; after them codes only", 1, 30,
			"enough for an honest morning, too few to tire anybody out", func(p *Policy) *int { return &p.PushLimit }),
		seconds("push_window_seconds", "window of the push limit, and the quiet time that ends it", 60, 3600,
			"as long as somebody who bombs has to wait between bursts", func(p *Policy) *time.Duration { return &p.PushWindow }),
		flag("require_verification", "a phone may approve only after a look at its person (screen lock)",
			"not every phone can", func(p *Policy) *bool { return &p.RequireVerification }),
		flag("first_sign_in", "a person who has nothing set up is led to set-up; without it they are refused",
			"people set themselves up when they first need it", func(p *Policy) *bool { return &p.FirstSignIn }),
		spell("trusted_browser_days", "days in which a browser that its person trusts needs no second factor; 0 for none", day24, 0, 90,
			"convenience is for the application to choose", func(p *Policy) *time.Duration { return &p.TrustFor }),
		spell("trusted_browser_idle_hours", "hours that a trusted browser may go unused before it is asked again; 0 for as long as it is trusted", time.Hour, 0, 2160,
			"a browser in use stays trusted, one that was left behind, lent or sold does not", func(p *Policy) *time.Duration { return &p.TrustIdle }),
		list("recovery_paths", "what leads to a new phone without the old one", "of totp, recovery_code, email, questions, or none",
			"answers are guessed and told; a code, or a mailbox of one's own, is not", methodsOf(RecoveryPaths(), func(p *Policy) *[]Method { return &p.RecoveryPaths }), checkPaths),
		spell("recovery_wait_hours", "hours between a recovery code or a code by mail and the new phone that it lets in; the person's phones are told and can stop it", time.Hour, 0, 168,
			"codes on paper are read by others: a day to notice it", func(p *Policy) *time.Duration { return &p.RecoveryWait }),
		list("administrator_roles", "roles whose people never come to a new phone by questions, and by a code by mail only after a day; so nobody does whose role is not told",
			"at most 16 names, or none for nobody", "who has these accounts has everybody's", rolesOf(func(p *Policy) *[]string { return &p.AdministratorRoles }),
			checkRoles("administrator_roles", func(p Policy) []string { return p.AdministratorRoles })),
		list("optional_roles", "roles whose people may do without a second factor until they set one up; every other role, and none, needs one",
			"at most 16 names, or none", "nobody is let off unless somebody says so", rolesOf(func(p *Policy) *[]string { return &p.OptionalRoles }),
			checkRoles("optional_roles", func(p Policy) []string { return p.OptionalRoles })),
		day("required_from", "day (UTC) from which a second factor is needed; before it people with nothing set up are let in",
			"a day like 2026-12-01, or none", "needed from the first sign-in", func(p *Policy) *time.Time { return &p.RequiredFrom }),
		number("grace_days", "days that a person has from then, or from a later first sign-in, to set something up", 0, 90,
			"a day of grace is a day with a password alone", func(p *Policy) *int { return &p.GraceDays }),
	}
}

// day24 is a day by the clock on the wall of a computer.
const day24 = 24 * time.Hour

func number(key, does string, low, up int, why string, field func(*Policy) *int) setting {
	return setting{
		Setting: Setting{Key: key, Does: does, Takes: span(low, up), Why: why},
		show:    func(p Policy) string { return strconv.Itoa(*field(&p)) },
		set: func(p *Policy, text string) error {
			n, err := whole(key, text, low, up)
			*field(p) = n
			return err
		},
		check: func(p Policy) error { return within(key, *field(&p), low, up) },
	}
}

// seconds is a time in whole seconds.
func seconds(key, does string, low, up int, why string, field func(*Policy) *time.Duration) setting {
	return spell(key, does, time.Second, low, up, why, field)
}

// spell is a time in whole units: a part of a second would pass here and be
// refused at every sign-in.
func spell(key, does string, unit time.Duration, low, up int, why string, field func(*Policy) *time.Duration) setting {
	return setting{
		Setting: Setting{Key: key, Does: does, Takes: span(low, up), Why: why},
		show:    func(p Policy) string { return strconv.FormatInt(int64(*field(&p)/unit), 10) },
		set: func(p *Policy, text string) error {
			n, err := whole(key, text, low, up)
			*field(p) = time.Duration(n) * unit
			return err
		},
		check: func(p Policy) error {
			if d := *field(&p); d%unit != 0 {
				return invalid("%s is %v; it takes a multiple of %v", key, d, unit)
			}
			return within(key, int(*field(&p)/unit), low, up)
		},
	}
}

func flag(key, does, why string, field func(*Policy) *bool) setting {
	return setting{
		Setting: Setting{Key: key, Does: does, Takes: "true or false", Why: why},
		show:    func(p Policy) string { return strconv.FormatBool(*field(&p)) },
		set: func(p *Policy, text string) error {
			if text != "true" && text != "false" {
				return invalid("%s is %q; it takes true or false", key, truncate(text))
			}
			*field(p) = text == "true"
			return nil
		},
		check: func(Policy) error { return nil },
	}
}

// names is a field of several values as text.
type names struct {
	show func(Policy) []string
	set  func(*Policy, []string)
}

func list(key, does, takes, why string, of names, check func(Policy) error) setting {
	return setting{
		Setting: Setting{Key: key, Does: does, Takes: takes, Why: why},
		show: func(p Policy) string {
			if len(of.show(p)) == 0 {
				return "none"
			}
			return strings.Join(of.show(p), ",")
		},
		set: func(p *Policy, text string) error {
			if len(text) > 1024 {
				return invalid("%s is longer than any list of them", key)
			}
			var all []string
			if text != "none" {
				all = strings.Split(text, ",")
			}
			of.set(p, all)
			return nil
		},
		check: check,
	}
}

func day(key, does, takes, why string, field func(*Policy) *time.Time) setting {
	return setting{
		Setting: Setting{Key: key, Does: does, Takes: takes, Why: why},
		show: func(p Policy) string {
			if field(&p).IsZero() {
				return "none"
			}
			return field(&p).Format(time.DateOnly)
		},
		set: func(p *Policy, text string) (err error) {
			*field(p) = time.Time{}
			if text == "none" {
				return nil
			}
			if *field(p), err = time.Parse(time.DateOnly, text); err != nil {
				return invalid("%s is %q; it takes %s", key, truncate(text), takes)
			}
			return nil
		},
		check: func(p Policy) error {
			at := *field(&p)
			if !at.IsZero() && (at.Year() < 2000 || at.Year() > 2200 || !at.Equal(at.UTC().Truncate(24*time.Hour))) {
				return invalid("%s is %v; it takes %s", key, at, takes)
			}
			return nil
		},
	}
}

// methodsOf keeps the known methods in their order, and what is unknown for the
// check to name.
func methodsOf(known []Method, field func(*Policy) *[]Method) names {
	return names{
		show: func(p Policy) (out []string) {
			for _, m := range *field(&p) {
				out = append(out, string(m))
			}
			return out
		},
		set: func(p *Policy, all []string) {
			var kept []Method
			for _, m := range known {
				if slices.Contains(all, string(m)) {
					kept = append(kept, m)
				}
			}
			for _, text := range all {
				if !slices.Contains(known, Method(text)) {
					kept = append(kept, Method(text))
				}
			}
			*field(p) = kept
		},
	}
}

func checkMethods(p Policy) error {
	for i, m := range p.Methods {
		if !slices.Contains(Methods(), m) || slices.Contains(p.Methods[:i], m) {
			return invalid("methods has %q; it takes push, totp and recovery_code, each once", truncate(string(m)))
		}
	}
	if !slices.Contains(p.Methods, MethodPush) && !slices.Contains(p.Methods, MethodTOTP) {
		return invalid("methods has neither push nor totp: ten recovery codes later nobody could sign in")
	}
	return nil
}

func checkPaths(p Policy) error {
	for i, m := range p.RecoveryPaths {
		if !slices.Contains(RecoveryPaths(), m) || slices.Contains(p.RecoveryPaths[:i], m) {
			return invalid("recovery_paths has %q; it takes totp, recovery_code, email and questions, each once", truncate(string(m)))
		}
	}
	return nil
}

func rolesOf(field func(*Policy) *[]string) names {
	return names{
		show: func(p Policy) []string { return *field(&p) },
		set: func(p *Policy, all []string) {
			*field(p) = nil
			for _, role := range all {
				if !slices.Contains(*field(p), role) {
					*field(p) = append(*field(p), role)
				}
			}
		},
	}
}

func checkRoles(key string, of func(Policy) []string) func(Policy) error {
	return func(p Policy) error {
		if len(of(p)) > maxRoles {
			return invalid("%s has %d names; it takes at most %d", key, len(of(p)), maxRoles)
		}
		for _, role := range of(p) {
			if _, err := ParseRole(role); err != nil {
				return err
			}
		}
		return nil
	}
}

func span(low, up int) string { return strconv.Itoa(low) + " to " + strconv.Itoa(up) }

func whole(key, text string, low, up int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, invalid("%s is %q; it takes %s", key, truncate(text), span(low, up))
	}
	return n, within(key, n, low, up)
}

func within(key string, n, low, up int) error {
	if n < low || n > up {
		return invalid("%s is %d; it takes %s", key, n, span(low, up))
	}
	return nil
}
