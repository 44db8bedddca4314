package enrolments_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"countersign/enrolments"
)

func TestAnIntegrationHasAKeyAndSecretOfTheSizesThatClientsCheck(t *testing.T) {
	d := open(t)
	i, err := d.AddIntegration(t.Context(), app(), enrolments.IntegrationPolicy{})
	noError(t, err)
	if !regexp.MustCompile(`^DI[A-Z0-9]{18}$`).MatchString(string(i.Key)) {
		t.Errorf("key %q", i.Key)
	}
	if !regexp.MustCompile(`^[A-Za-z0-9]{40}$`).MatchString(i.Secret.Reveal()) {
		t.Error("the secret is not 40 letters and digits")
	}
	if shown := fmt.Sprintf("%v %+v %#v", i, i, i); strings.Contains(shown, i.Secret.Reveal()) {
		t.Error("an integration that is printed shows its secret")
	}
	got, a, err := d.Integration(t.Context(), i.Key)
	noError(t, err)
	if a.ID != app().ID || got.Secret.Reveal() != i.Secret.Reveal() {
		t.Errorf("came back as %v of %v", got, a)
	}
	if _, _, err := d.Integration(t.Context(), "DIAAAAAAAAAAAAAAAAAA"); !errors.Is(err, enrolments.ErrUnauthorized) {
		t.Errorf("an unknown key is %v", err)
	}
}

func TestAKeyFromOutsideIsTwentyCharactersOfItsAlphabet(t *testing.T) {
	if _, err := enrolments.ParseIntegrationKey("DIAAAAAAAAAAAAAAAAA9"); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"", "DI", "DIAAAAAAAAAAAAAAAAAAA", "XXAAAAAAAAAAAAAAAAAA", "DIaaaaaaaaaaaaaaaaaa", "DIAAAAAAAAAAAAAAAAA\n"} {
		if _, err := enrolments.ParseIntegrationKey(text); !errors.Is(err, enrolments.ErrUnauthorized) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestANameMeansOnePersonByThePolicyOfItsIntegration(t *testing.T) {
	d := open(t)
	i, err := d.AddIntegration(t.Context(), app(), enrolments.IntegrationPolicy{Domains: []string{"CORP", "corp.example.com"}})
	noError(t, err)
	noError(t, d.AddAlias(t.Context(), app().ID, "root", "ana"))
	noError(t, d.AddAlias(t.Context(), app().ID, `CORP\zoe`, "zoe.b"))
	for name, want := range map[string]string{
		"ana": "ana", "Ana": "Ana", "root": "ana", `CORP\zoe`: "zoe.b",
		`CORP\ben`: "ben", `corp\ben`: "ben", "ben@corp.example.com": "ben", "ben@CORP.EXAMPLE.COM": "ben",
		`OTHER\ben`: `OTHER\ben`, "ben@example.com": "ben@example.com", "@corp.example.com": "@corp.example.com",
		"ben@corp.example.com@elsewhere": "ben@corp.example.com@elsewhere",
	} {
		got, err := d.UserOf(t.Context(), i, name)
		if err != nil || got != want {
			t.Errorf("%q means %q, %v; want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"", `CORP\`, "a\nb", "a\u202eb", strings.Repeat("a", 129)} {
		if _, err := d.UserOf(t.Context(), i, name); !errors.Is(err, enrolments.ErrInvalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestAPolicyOutOfBoundsIsRefusedInWords(t *testing.T) {
	for want, p := range map[string]enrolments.IntegrationPolicy{
		"old signatures":      {OldSignatures: strings.Repeat("a", 201)},
		"push without number": {PushWithoutNumber: "a\nb"},
		"17 domains":          {Domains: make([]string, 17)},
		"is none":             {Domains: []string{"a@b"}},
	} {
		if err := p.Check(); !errors.Is(err, enrolments.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", p, err)
		}
	}
}

func TestADisabledIntegrationSaysSo(t *testing.T) {
	d := open(t)
	i, err := d.AddIntegration(t.Context(), app(), enrolments.IntegrationPolicy{OldSignatures: "a reason"})
	noError(t, err)
	noError(t, d.DisableIntegration(t.Context(), app().ID, true))
	got, _, err := d.Integration(t.Context(), i.Key)
	noError(t, err)
	if !got.Policy.Disabled || got.Policy.OldSignatures != "a reason" {
		t.Errorf("policy %+v", got.Policy)
	}
	if err := d.DisableIntegration(t.Context(), "nobody", true); !errors.Is(err, enrolments.ErrNotFound) {
		t.Errorf("no integration: %v", err)
	}
}
