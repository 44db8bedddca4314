package approvals_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"countersign/approvals"
	"countersign/enrolments"
)

// pages are the security pages of a town, and what is carried out on them.
type pages struct {
	changes []enrolments.Change
	carried []enrolments.Change
	from    enrolments.Origin
	typed   []string             // codes that came by mail
	opened  []enrolments.PhoneID // removed by set-ups of recoveries
	refuse  error                // the answer to what is checked or carried out, where set
}

func (w *town) OpenSecurityPage(_ context.Context, app enrolments.ApplicationID, user, back string) (enrolments.SecurityPage, enrolments.Secret, error) {
	return enrolments.SecurityPage{ID: "a-page", User: user, Application: app, ReturnURL: back}, enrolments.SecretOf("page"), w.lost
}

func (w *town) OpenSecurityPageToEnter(ctx context.Context, app enrolments.ApplicationID, user, back string) (enrolments.SecurityPage, enrolments.Secret, error) {
	p, _, err := w.OpenSecurityPage(ctx, app, user, back)
	return p, enrolments.SecretOf("page entry"), err
}

func (w *town) SecurityPage(_ context.Context, id enrolments.SecurityPageID, _ enrolments.Secret) (enrolments.SecurityPage, error) {
	return enrolments.SecurityPage{ID: id}, w.lost
}

func (w *town) Apps(context.Context, enrolments.PersonID) ([]enrolments.Authenticator, error) {
	return []enrolments.Authenticator{{ID: "an-app"}}, w.lost
}

func (w *town) TrustedBrowsers(context.Context, enrolments.PersonID, enrolments.Application) ([]enrolments.TrustedBrowser, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.trusts.noted), w.lost
}

func (w *town) CheckChange(_ context.Context, p enrolments.SecurityPage, wish enrolments.Wish, _ enrolments.Policy) (enrolments.Change, error) {
	c := wish.Change
	c.Page, c.Person, c.About = p.ID, p.Person, "Old Pixel"
	return c, w.pages.refuse
}

func (w *town) AddChange(_ context.Context, _ enrolments.SecurityPage, c enrolments.Change) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages.changes = append(w.pages.changes, c)
	return w.lost
}

func (w *town) Change(_ context.Context, page enrolments.SecurityPageID, approval string) (enrolments.Change, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.pages.changes {
		if c.Page == page && c.Approval == approval {
			return c, w.lost
		}
	}
	return enrolments.Change{}, enrolments.ErrNotFound
}

func (w *town) CarryOut(ctx context.Context, _ enrolments.SecurityPage, c enrolments.Change, _ []approvals.Method, from enrolments.Origin) (enrolments.Carried, error) {
	if err := cmp.Or(w.pages.refuse, w.SpendApproval(ctx, c.Approval, time.Now())); err != nil {
		return enrolments.Carried{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages.carried, w.pages.from = append(w.pages.carried, c), from
	return enrolments.Carried{SetUpToken: enrolments.SecretOf("set-up")}, nil
}

func (w *town) ConfirmPageEmail(_ context.Context, _ enrolments.SecurityPage, typed string) (enrolments.Email, error) {
	w.pages.typed = append(w.pages.typed, typed)
	return enrolments.Email{}, w.lost
}

func (w *town) OpenRecovery(_ context.Context, r enrolments.Recovery, remove []enrolments.PhoneID) (enrolments.Pairing, enrolments.Secret, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages.opened = append(w.pages.opened, remove...)
	return enrolments.Pairing{ID: "a-pairing", Person: r.Person}, enrolments.SecretOf("set-up"), w.lost
}

// page is ana's security page.
func (s *scene) page() enrolments.SecurityPage {
	return enrolments.SecurityPage{ID: "a-page", Person: s.person("ana@example.com").ID, User: "ana@example.com", Application: s.app.ID}
}

func (s *scene) changes(kind enrolments.ChangeKind) approvals.Requested {
	s.t.Helper()
	out, err := s.BeginChange(s.t.Context(), s.app, s.page(), enrolments.Wish{Change: enrolments.Change{Kind: kind, Phone: "old-pixel", Name: "Pixel"}}, approvals.Browser{IP: "203.0.113.9", Name: chrome})
	noError(s.t, err)
	return out
}

// carries carries out what out confirmed, as the browser of the page does.
func (s *scene) carries(out approvals.Requested) (approvals.CarriedOut, error) {
	return s.CarryOut(context.Background(), s.app, s.page(), out.ID, codeOf(s.stands(out.ID), out.Token))
}

func TestAChangeIsShownOnThePhoneAndCarriedOutOnce(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		out := s.changes(enrolments.ChangeRemovePhone)
		asked := s.asked(h)
		if asked.Action() != "Remove the phone “Old Pixel”" || asked.ReturnURL != publicURL+"/security/a-page" || !strings.Contains(asked.Display, chrome) {
			t.Errorf("the phone is asked %s, back to %s", asked.Display, asked.ReturnURL)
		}
		if _, err := s.carries(out); !errors.Is(err, enrolments.ErrFreshApproval) {
			t.Errorf("before the phone said yes: %v", err)
		}
		_, err := s.answers(h, asked, approvals.Approve, nil)
		noError(t, err)
		done, err := s.carries(out)
		noError(t, err)
		if from := s.town.pages.from; from != (enrolments.Origin{Browser: chrome, IP: "203.0.113.9"}) {
			t.Errorf("it is noted as from %v", from)
		}
		if done.Kind != enrolments.ChangeRemovePhone || len(s.town.pages.carried) != 1 || s.town.pages.carried[0].Phone != "old-pixel" {
			t.Errorf("carried out: %v", s.town.pages.carried)
		}
		_, err = s.carries(out)
		wantError(t, err, enrolments.ErrFreshApproval)
		for _, want := range []string{"approval.requested change: wait", "approval.settled change: approved by push"} {
			if s.times(want) != 1 {
				t.Errorf("%q is not in the trail %v", want, s.trail())
			}
		}
		history, err := s.History(t.Context(), h.Person)
		noError(t, err)
		if len(history) != 1 || history[0].Purpose != approvals.ForChange || history[0].Action != asked.Action() {
			t.Errorf("history: %+v", history)
		}
	})
}

func TestAChangeIsNeverASignIn(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		s.app.Policy.TrustFor = 30 * 24 * time.Hour
		s.town.codes["123456"] = nil
		signIn, out := s.asks("ana@example.com"), s.changes(enrolments.ChangeRenewCodes)
		if a := s.stands(signIn.ID); a.State != approvals.Pending || s.stands(out.ID).State != approvals.Pending {
			t.Errorf("the sign-in is %s", a.State)
		}
		if out.TrustFor != 0 {
			t.Error("the browser may be trusted by it")
		}
		s.settleBy("123456", out)
		a := s.stands(out.ID)
		_, err := s.Read(t.Context(), s.app.ID, a.ID)
		wantError(t, err, approvals.ErrNotFound)
		_, _, err = s.Redeem(t.Context(), s.app.ID, a.ID, codeOf(a, out.Token))
		wantError(t, err, approvals.ErrNotFound)
		_, err = s.Withdraw(t.Context(), s.app.ID, a.ID)
		wantError(t, err, approvals.ErrNotFound)
		_, _, err = s.OpenPairing(t.Context(), s.app, "ana@example.com", "", a.ID)
		wantError(t, err, enrolments.ErrFreshApproval)
		_, _, err = s.BeginRecovery(t.Context(), s.app, a)
		wantError(t, err, enrolments.ErrFreshApproval)
		wantError(t, s.Trust(t.Context(), a), enrolments.ErrFreshApproval)
		if len(s.town.spent) != 0 {
			t.Errorf("spent: %v", s.town.spent)
		}
		_, err = s.carries(out) // and after all that it still is what it was
		noError(t, err)
		_, err = s.answers(h, signIn.Approval, approvals.Approve, nil)
		noError(t, err)
		_, err = s.CarryOut(t.Context(), s.app, s.page(), signIn.ID, codeOf(s.stands(signIn.ID), signIn.Token))
		wantError(t, err, enrolments.ErrFreshApproval)
	})
}

func TestACodeForAChangeFreesNoPushes(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "phone")
		s.app.Policy.PushLimit = 1
		s.town.codes["123456"] = nil
		s.asks("ana@example.com")
		out := s.changes(enrolments.ChangeRenewCodes)
		if out.Next != approvals.CodeOnly {
			t.Fatalf("next is %s", out.Next)
		}
		s.settleBy("123456", out)
		if a := s.asks("ana@example.com"); a.Next != approvals.CodeOnly {
			t.Errorf("then next is %s", a.Next)
		}
	})
}

func TestOnlyWhatWasApprovedHereAndJustNowIsCarriedOut(t *testing.T) {
	type try struct {
		page enrolments.SecurityPage
		id   approvals.ID
		code enrolments.Secret
	}
	for name, change := range map[string]func(s *scene, h *handset, out approvals.Requested, with *try){
		"another page": func(_ *scene, _ *handset, _ approvals.Requested, with *try) { with.page.ID = "another-page" },
		"another person's page": func(s *scene, _ *handset, _ approvals.Requested, with *try) {
			with.page.Person = s.person("bob@example.com").ID
		},
		"another application's page": func(_ *scene, _ *handset, _ approvals.Requested, with *try) { with.page.Application = "other" },
		"a guessed code":             func(_ *scene, _ *handset, _ approvals.Requested, with *try) { with.code = enrolments.NewSecret() },
		"no code":                    func(_ *scene, _ *handset, _ approvals.Requested, with *try) { with.code = enrolments.Secret{} },
		"no such approval": func(s *scene, _ *handset, _ approvals.Requested, with *try) {
			with.id = approvals.NewID(s.page().Person)
		},
		"five minutes later": func(*scene, *handset, approvals.Requested, *try) { pass(5 * time.Minute) },
		"forgotten":          func(*scene, *handset, approvals.Requested, *try) { pass(20 * time.Minute) },
		"the code of another change": func(s *scene, h *handset, _ approvals.Requested, with *try) {
			other := s.changes(enrolments.ChangeRenewCodes)
			_, err := s.answers(h, other.Approval, approvals.Approve, nil)
			noError(s.t, err)
			with.code = codeOf(s.stands(other.ID), other.Token)
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				h := s.phone("ana@example.com", "phone")
				out := s.changes(enrolments.ChangeRemovePhone)
				_, err := s.answers(h, out.Approval, approvals.Approve, nil)
				noError(t, err)
				with := try{s.page(), out.ID, codeOf(s.stands(out.ID), out.Token)}
				change(s, h, out, &with)
				_, err = s.CarryOut(t.Context(), s.app, with.page, with.id, with.code)
				wantError(t, err, enrolments.ErrFreshApproval)
				if len(s.town.pages.carried)+len(s.town.spent) != 0 {
					t.Error("something was carried out")
				}
			})
		})
	}
}

func TestWhatWasRefusedOrEndedIsNotCarriedOut(t *testing.T) {
	for name, end := range map[string]func(s *scene, h *handset, out approvals.Requested){
		"denied": func(s *scene, h *handset, out approvals.Requested) {
			_, err := s.answers(h, out.Approval, approvals.Deny, nil)
			noError(s.t, err)
		},
		"cancelled": func(s *scene, _ *handset, out approvals.Requested) {
			_, err := s.Cancel(s.t.Context(), out.ID)
			noError(s.t, err)
		},
		"expired":  func(*scene, *handset, approvals.Requested) { pass(time.Minute) },
		"replaced": func(s *scene, _ *handset, _ approvals.Requested) { s.changes(enrolments.ChangeAddPhone) },
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				h := s.phone("ana@example.com", "phone")
				out := s.changes(enrolments.ChangeRemovePhone)
				approved := s.stands(out.ID)
				approved.State = approvals.Approved // as a browser may claim
				end(s, h, out)
				_, err := s.CarryOut(t.Context(), s.app, s.page(), out.ID, codeOf(approved, out.Token))
				wantError(t, err, enrolments.ErrFreshApproval)
			})
		})
	}
}

func TestARecoveryCodeConfirmsNothingButANewPhone(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "phone")
		for _, kind := range enrolments.ChangeKinds() {
			s.town.codes["recovery"], s.town.codes["AAAA-AAAA-AAAA-AAAA"] = nil, nil
			out := s.changes(kind)
			if takes := slices.Contains(out.Takes, approvals.ByRecoveryCode); takes != kind.AddsPhone() {
				t.Errorf("%s takes %v", kind, out.Takes)
			}
			if !kind.AddsPhone() {
				_, err := s.Code(t.Context(), out.ID, "AAAA-AAAA-AAAA-AAAA")
				wantError(t, err, approvals.ErrCodeKind)
			}
		}
		s.change("ana@example.com", func(e *enrolments.Enrolment) { e.Phones, e.Authenticators, e.RecoveryCodes = nil, 0, 3 })
		_, err := s.BeginChange(t.Context(), s.app, s.page(), enrolments.Wish{Change: enrolments.Change{Kind: enrolments.ChangeRenewCodes}}, approvals.Browser{})
		wantError(t, err, approvals.ErrNothingUsable)
	})
}

func TestANewPhoneThatACodeConfirmedIsARecoveryThatEveryPhoneIsToldOf(t *testing.T) {
	for code, wait := range map[string]time.Duration{"recovery": 24 * time.Hour, "123456": 0} {
		t.Run(code, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				h := s.phone("ana@example.com", "phone")
				s.town.codes[code] = nil
				out := s.changes(enrolments.ChangeReplacePhones)
				s.settleBy(code, out)
				done, err := s.carries(out)
				noError(t, err)
				synctest.Wait()
				r := done.Recovery
				if r.ID == "" || !r.ReadyAt.Equal(time.Now().Add(wait)) || done.RecoveryToken.IsZero() {
					t.Errorf("the recovery is %+v", r)
				}
				if notice := s.asked(h); notice.Action() != "Add a new phone" {
					t.Errorf("the phone is asked %s", notice.Display)
				}
				atOnce := !done.SetUpToken.IsZero() && slices.Equal(s.town.pages.opened, []enrolments.PhoneID{h.ID})
				if atOnce != (wait == 0) || len(s.town.pages.carried) != 0 {
					t.Errorf("the set-up is opened for %v, carried out %v", s.town.pages.opened, s.town.pages.carried)
				}
				_, err = s.carries(out)
				wantError(t, err, enrolments.ErrFreshApproval)
			})
		})
	}
}

func TestAfterAReportNothingIsChangedUntilAnAdministratorHasLooked(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		out := s.changes(enrolments.ChangeRenewCodes)
		_, err := s.answers(h, out.Approval, approvals.Approve, nil)
		noError(t, err)
		s.change("ana@example.com", func(e *enrolments.Enrolment) { e.PushLocked = true })
		_, err = s.carries(out)
		wantError(t, err, approvals.ErrLocked)
		_, err = s.BeginChange(t.Context(), s.app, s.page(), enrolments.Wish{Change: enrolments.Change{Kind: enrolments.ChangeRenewCodes}}, approvals.Browser{})
		wantError(t, err, approvals.ErrLocked)
		wantError(t, s.ConfirmPageEmail(t.Context(), s.page(), "482913"), approvals.ErrLocked)
		s.change("ana@example.com", func(e *enrolments.Enrolment) { e.PushLocked = false })
		noError(t, s.ConfirmPageEmail(t.Context(), s.page(), "482913"))
		if len(s.town.pages.typed) != 1 {
			t.Errorf("typed: %v", s.town.pages.typed)
		}
	})
}

func TestWhatCannotBeCarriedOutIsNotAskedFor(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		h := s.phone("ana@example.com", "phone")
		for _, refuse := range []error{enrolments.ErrLastWay, enrolments.ErrNotFound, enrolments.ErrInvalid} {
			s.town.pages.refuse = refuse
			_, err := s.BeginChange(t.Context(), s.app, s.page(), enrolments.Wish{Change: enrolments.Change{Kind: enrolments.ChangeRemovePhone}}, approvals.Browser{})
			wantError(t, err, refuse)
		}
		list, err := s.PendingFor(t.Context(), h.known(), 0)
		noError(t, err)
		if len(list)+len(s.town.pages.changes) != 0 {
			t.Errorf("the phone is asked %v", list)
		}
	})
}

func TestActionsAreInTheLanguageOfThePage(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "phone")
		for language, want := range map[string]string{
			"de-CH": "Telefon „Old Pixel“ in „Pixel“ umbenennen", "fr": "Renommer le téléphone « Old Pixel » en « Pixel »",
			"": "Rename the phone “Old Pixel” to “Pixel”", "tlh": "Rename the phone “Old Pixel” to “Pixel”",
		} {
			out, err := s.BeginChange(t.Context(), s.app, s.page(), enrolments.Wish{Change: enrolments.Change{Kind: enrolments.ChangeRenamePhone, Name: "Pixel"}}, approvals.Browser{Language: language})
			noError(t, err)
			if got := out.Action(); got != want {
				t.Errorf("%s: got %s", language, got)
			}
			for _, kind := range enrolments.ChangeKinds() {
				out, err := s.BeginChange(t.Context(), s.app, s.page(), enrolments.Wish{Change: enrolments.Change{Kind: kind}}, approvals.Browser{Language: language})
				noError(t, err)
				if out.Action() == "" || strings.ContainsAny(out.Action(), "{}") {
					t.Errorf("%s in %q: got %q", kind, language, out.Action())
				}
			}
		}
	})
}

func TestARecoveryIsStoppedOnThePageAndItsNoticeEnds(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		r, h := s.begins("recovery")
		noError(t, s.StopRecovery(t.Context(), s.page(), r.ID, chrome))
		if s.recovery() != enrolments.RecoveryRefused {
			t.Errorf("it is %s", s.recovery())
		}
		list, err := s.PendingFor(t.Context(), h.known(), 0)
		noError(t, err)
		if len(list) != 0 {
			t.Errorf("the phone is still asked %s", list[0].Display)
		}
		theirs := s.page()
		theirs.Person = s.person("bob@example.com").ID
		wantError(t, s.StopRecovery(t.Context(), theirs, r.ID, chrome), enrolments.ErrNotFound)
	})
}

func TestTheSecurityPageShowsWhatThePersonHas(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		r, h := s.begins("recovery")
		got, err := s.Security(t.Context(), s.app, s.page())
		noError(t, err)
		if len(got.Phones) != 1 || got.Phones[0].ID != h.ID || len(got.Apps) != 1 || len(got.Recoveries) != 1 || got.Recoveries[0].ID != r.ID || len(got.SignIns) != 1 {
			t.Errorf("got %+v", got)
		}
		s.town.lost = errors.New("the database is lost")
		_, err = s.Security(t.Context(), s.app, s.page())
		wantError(t, err, s.town.lost)
	})
}

func TestThePageOffersNoWayToANewPhoneThatWouldNotLeadThere(t *testing.T) {
	const push, totp, paper, mail = approvals.ByPush, approvals.ByTOTP, approvals.ByRecoveryCode, enrolments.MethodEmail
	for name, c := range map[string]struct {
		change func(*scene)
		want   []approvals.Method
	}{
		"everything":        {func(*scene) {}, []approvals.Method{push, totp, paper, mail}},
		"without mail":      {func(s *scene) { s.town.channels.noMail = true }, []approvals.Method{push, totp, paper}},
		"by no code":        {func(s *scene) { s.app.Policy.RecoveryPaths = nil }, []approvals.Method{push}},
		"by mail and phone": {func(s *scene) { s.app.Policy.RecoveryPaths = []approvals.Method{mail} }, []approvals.Method{push, mail}},
		"codes alone":       {func(s *scene) { s.app.Policy.Methods = []approvals.Method{totp} }, []approvals.Method{totp, mail}},
		"no phone": {func(s *scene) {
			s.change("ana@example.com", func(e *enrolments.Enrolment) { e.Phones = nil })
		}, []approvals.Method{totp, paper, mail}},
		"nothing that confirms": {func(s *scene) {
			s.app.Policy.Methods, s.app.Policy.RecoveryPaths = []approvals.Method{totp}, []approvals.Method{mail}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.phone("ana@example.com", "phone")
				s.everyWay()
				c.change(s)
				got, err := s.Security(t.Context(), s.app, s.page())
				noError(t, err)
				if diff := gocmp.Diff(c.want, got.NewPhoneBy); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestASecurityPageLeadsBackToARegisteredURLAlone(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		for back, want := range map[string]error{
			"": nil, "https://books.example.com/signed-in?tab=1": nil, "https://evil.example.com/": approvals.ErrReturnURL, "javascript:alert(1)": approvals.ErrReturnURL,
		} {
			_, _, err := s.OpenSecurityPage(t.Context(), s.app, "ana@example.com", back)
			wantError(t, err, want)
		}
	})
}

// A code that by the policy leads to no new phone must not be asked for.
func TestOnlyWhatLeadsToANewPhoneConfirmsOne(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.phone("ana@example.com", "phone")
		s.app.Policy.RecoveryPaths = []approvals.Method{approvals.ByRecoveryCode}
		for kind, want := range map[enrolments.ChangeKind][]approvals.Method{
			enrolments.ChangeAddPhone:    {approvals.ByPush, approvals.ByRecoveryCode},
			enrolments.ChangeRenamePhone: {approvals.ByPush, approvals.ByTOTP, approvals.ByRecoveryCode},
		} {
			if got := s.changes(kind).Takes; !slices.Equal(got, kind.Proofs(want)) {
				t.Errorf("%s takes %v, want %v", kind, got, want)
			}
		}
	})
}

// Whoever has neither phone nor code may still have a backup address: it leads to
// a new phone, as from a sign-in, and confirms nothing else.
func TestABackupAddressConfirmsNothingButANewPhone(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.everyWay()
		h := s.phone("ana@example.com", "old phone")
		for _, kind := range enrolments.ChangeKinds() {
			out := s.changes(kind)
			r, err := s.recovers(enrolments.MethodEmail, out.Approval)
			if !kind.AddsPhone() {
				wantError(t, err, enrolments.ErrNotOffered)
				if len(out.Offers) != 0 || out.EmailHint != "" || s.stands(out.ID).State != approvals.Pending {
					t.Errorf("%s offers %v", kind, out.Offers)
				}
				continue
			}
			noError(t, err)
			if a := s.stands(out.ID); a.State != approvals.Withdrawn || r.Method != enrolments.MethodEmail || time.Until(r.ReadyAt) < 24*time.Hour {
				t.Errorf("%s is %s, ready in %v", kind, a.State, time.Until(r.ReadyAt))
			}
			_, err = s.carries(out)
			wantError(t, err, enrolments.ErrFreshApproval)
			synctest.Wait()
		}
		if list, err := s.PendingFor(t.Context(), h.known(), 0); err != nil || !slices.ContainsFunc(list, func(a approvals.Approval) bool { return a.Action() == "Add a new phone" }) {
			t.Errorf("the phone is asked %v, %v", list, err)
		}
	})
}
