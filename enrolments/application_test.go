package enrolments_test

import (
	"errors"
	"strings"
	"testing"

	"countersign/enrolments"
)

// app is an application that may send browsers to a few places.
func app() enrolments.Application {
	return enrolments.Application{
		ID: "northwind", Name: "Northwind Books", Policy: enrolments.DefaultPolicy(),
		ReturnURLs: []string{
			"https://app.example.com/signed-in", "https://books.example.com:8443/a/b",
			"http://localhost:3000/back", "http://[::1]:3000/back", "https://xn--bcher-kva.example/",
		},
	}
}

func TestABrowserIsSentToARegisteredPlaceOnly(t *testing.T) {
	for given, want := range map[string]bool{
		"https://app.example.com/signed-in":                  true,
		"HTTPS://APP.Example.COM/signed-in":                  true,
		"https://app.example.com:443/signed-in":              true,
		"https://app.example.com/signed-in?next=%2Fcart&a=b": true,
		"https://books.example.com:8443/a/b":                 true,
		"http://localhost:3000/back":                         true,
		"http://[::1]:3000/back?x=1":                         true,
		"https://xn--bcher-kva.example/":                     true,

		"":                                   false,
		"http://app.example.com/signed-in":   false,
		"ftp://app.example.com/signed-in":    false,
		"//app.example.com/signed-in":        false,
		"/signed-in":                         false,
		"https:app.example.com/signed-in":    false,
		"https:///signed-in":                 false,
		"javascript:alert(1)":                false,
		"data:text/html,hello":               false,
		" https://app.example.com/signed-in": false,

		"https://app.example.com:444/signed-in": false,
		"https://app.example.com:80/signed-in":  false,
		"https://books.example.com/a/b":         false,
		"https://books.example.com:443/a/b":     false,
		"http://localhost/back":                 false,
		"https://localhost:3000/back":           false,
		"http://127.0.0.1:3000/back":            false,

		"https://app.example.com":                false,
		"https://app.example.com/":               false,
		"https://app.example.com/signed-in/":     false,
		"https://app.example.com/Signed-in":      false,
		"https://app.example.com/signed-in/more": false,
		"https://app.example.com/x/../signed-in": false,
		"https://app.example.com/./signed-in":    false,
		"https://app.example.com//signed-in":     false,
		"https://app.example.com/signed%2Din":    false,
		"https://app.example.com/%73igned-in":    false,
		"https://app.example.com/signed-in%2F":   false,
		"https://app.example.com/signed-in;a=b":  false,
		"https://books.example.com:8443/a%2Fb":   false,
		"https://books.example.com:8443/a%2fb":   false,
		"https://books.example.com:8443/a\\b":    false,

		"https://app.example.com.evil.test/signed-in":                      false,
		"https://app.example.com@evil.test/signed-in":                      false,
		"https://evil.test@app.example.com/signed-in":                      false,
		"https://user:pass@app.example.com/signed-in":                      false,
		"https://@app.example.com/signed-in":                               false,
		"https://app.example.com\\@evil.test/signed-in":                    false,
		"https://app.example.com\\.evil.test/signed-in":                    false,
		"https://evil.test\\app.example.com/signed-in":                     false,
		"https:\\\\app.example.com/signed-in":                              false,
		"https://evil.test/https://app.example.com/signed-in":              false,
		"https://evil.test?https://app.example.com/signed-in":              false,
		"https://evil.test#@app.example.com/signed-in":                     false,
		"https://app.example.com#@evil.test/signed-in":                     false,
		"https://app.example.com/signed-in#token":                          false,
		"https://app.example.com./signed-in":                               false,
		"https://app.example.com%2eevil.test/signed-in":                    false,
		"https://app.example.com%00.evil.test/signed-in":                   false,
		"https://app.example.com\x00/signed-in":                            false,
		"https://app.example.com\n/signed-in":                              false,
		"https://app.example.com /signed-in":                               false,
		"https://app\u3002example.com/signed-in":                           false,
		"https://\uff41pp.example.com/signed-in":                           false,
		"https://\u0430pp.example.com/signed-in":                           false,
		"https://boo\u212as.example.com:8443/a/b":                          false,
		"https://b\u00fccher.example/":                                     false,
		"https://app.example.com/signed-in?a=1;b=2":                        false,
		"https://app.example.com/signed-in?a=%zz":                          false,
		"https://app.example.com/signed-in?a=" + strings.Repeat("x", 1024): false,
	} {
		if got := app().Allows(given); got != want {
			t.Errorf("%q: got %v, want %v", given, got, want)
		}
	}
}

func TestAnApplicationWithoutReturnURLsSendsNobodyAnywhere(t *testing.T) {
	if (enrolments.Application{}).Allows("https://app.example.com/signed-in") {
		t.Error("a place that was never registered is allowed")
	}
}

func FuzzAllows(f *testing.F) {
	f.Add("https://app.example.com/signed-in?x=1")
	f.Add("https://app.example.com:443/signed-in")
	f.Add("https://app.example.com\\@evil.test/signed-in")
	a := app()
	a.ReturnURLs = a.ReturnURLs[:1]
	f.Fuzz(func(t *testing.T, in string) {
		if !a.Allows(in) {
			return
		}
		// Whatever is allowed begins as a browser would need it to.
		rest, ok := strings.CutPrefix(strings.ToLower(in), "https://app.example.com")
		if !ok || !strings.HasPrefix(strings.TrimLeft(rest, ":0123456789"), "/signed-in") {
			t.Errorf("%q is allowed", in)
		}
	})
}

func TestOriginsAreThoseOfTheReturnURLs(t *testing.T) {
	for origin, want := range map[string]bool{
		"https://app.example.com":        true,
		"https://books.example.com:8443": true,
		"http://localhost:3000":          true,
		"http://[::1]:3000":              true,
		"https://xn--bcher-kva.example":  true,

		"":                                  false,
		"null":                              false,
		"*":                                 false,
		"https://app.example.com/":          false,
		"https://app.example.com/signed-in": false,
		"https://app.example.com:443":       false, // browsers leave it out
		"http://app.example.com":            false,
		"https://APP.example.com":           false, // browsers write it small
		"https://app.example.com.evil.test": false,
		"https://app.example.com@evil.test": false,
		"https://books.example.com":         false,
		"https://example.com":               false,
		"https://evil.test":                 false,
	} {
		if got := app().HasOrigin(origin); got != want {
			t.Errorf("%q: got %v, want %v", origin, got, want)
		}
	}
	portNamed := enrolments.Application{ReturnURLs: []string{"https://App.example.com:443/x", "http://localhost:80/x"}}
	if !portNamed.HasOrigin("https://app.example.com") || !portNamed.HasOrigin("http://localhost") {
		t.Error("a default port that was registered hides the origin")
	}
}

func TestApplicationsOutOfBoundsAreRefused(t *testing.T) {
	for name, change := range map[string]func(*enrolments.Application){
		"no id":              func(a *enrolments.Application) { a.ID = "" },
		"id in capitals":     func(a *enrolments.Application) { a.ID = "Northwind" },
		"id with underscore": func(a *enrolments.Application) { a.ID = "north_wind" },
		"id begins with -":   func(a *enrolments.Application) { a.ID = "-northwind" },
		"id ends with -":     func(a *enrolments.Application) { a.ID = "northwind-" },
		"id with line feed":  func(a *enrolments.Application) { a.ID = "northwind\n" },
		"long id":            func(a *enrolments.Application) { a.ID = enrolments.ApplicationID(strings.Repeat("a", 33)) },
		"no name":            func(a *enrolments.Application) { a.Name = "" },
		"bidi in the name":   func(a *enrolments.Application) { a.Name = "Books\u202e" },
		"long name":          func(a *enrolments.Application) { a.Name = strings.Repeat("a", 65) },
		"http return URL":    func(a *enrolments.Application) { a.ReturnURLs = []string{"http://app.example.com/"} },
		"return URL in letters beyond ASCII": func(a *enrolments.Application) {
			a.ReturnURLs = []string{"https://b\u00fccher.example/"}
		},
		"many return URLs": func(a *enrolments.Application) { a.ReturnURLs = make([]string, 17) },
		"no policy":        func(a *enrolments.Application) { a.Policy = enrolments.Policy{} },
	} {
		t.Run(name, func(t *testing.T) {
			a := app()
			change(&a)
			if err := a.Check(); !errors.Is(err, enrolments.ErrInvalid) {
				t.Errorf("got %v, want ErrInvalid", err)
			}
		})
	}
	a := app()
	a.ID = enrolments.ApplicationID("a-1" + strings.Repeat("b", 29))
	if err := a.Check(); err != nil {
		t.Errorf("the longest id: %v", err)
	}
}

func TestAKeyIsReadBackAsItWasShown(t *testing.T) {
	for _, id := range []enrolments.ApplicationID{"a", "northwind", "a-1"} {
		key := enrolments.NewAPIKey(id)
		got, err := enrolments.ParseAPIKey(key.Reveal())
		if err != nil || got != key {
			t.Errorf("%s: got %v, %v", id, got, err)
		}
	}
	// base64url has underscores of its own.
	secret := strings.Repeat("_", 43)
	if key, err := enrolments.ParseAPIKey("cs_a_" + secret); err != nil || key.Secret.Reveal() != secret {
		t.Errorf("a secret of underscores: got %v", err)
	}
}

func TestWhatIsNoKeyIsUnauthorized(t *testing.T) {
	secret := strings.Repeat("s", 43)
	for _, text := range []string{
		"", "cs_", "cs__", "cs_northwind", "cs_northwind_", "cs_northwind_short", "cs__" + secret,
		"CS_northwind_" + secret, "northwind_" + secret, " cs_northwind_" + secret,
		"cs_northwind_" + secret + "x", "cs_NORTHWIND_" + secret, "cs_north/wind_" + secret,
		"cs_" + strings.Repeat("a", 33) + "_" + secret, "cs_a_" + strings.Repeat("s", 1<<20),
	} {
		key, err := enrolments.ParseAPIKey(text)
		if !errors.Is(err, enrolments.ErrUnauthorized) || key != (enrolments.APIKey{}) {
			t.Errorf("%.40q: got %v, want ErrUnauthorized", text, err)
		}
	}
}

func FuzzParseAPIKey(f *testing.F) {
	f.Add(enrolments.NewAPIKey("northwind").Reveal())
	f.Add("cs_a_b_c")
	f.Fuzz(func(t *testing.T, in string) {
		key, err := enrolments.ParseAPIKey(in)
		if err != nil && key != (enrolments.APIKey{}) {
			t.Error("a part of a key came with an error")
		}
		if err == nil && key.Reveal() != in {
			t.Errorf("%q does not survive being read and written", in)
		}
	})
}
