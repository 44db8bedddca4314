package approvals_test

import (
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

// channels are those of a town: its mail, and what its people answer.
type channels struct {
	noMail bool
	// sent are the approvals for which a code was sent, begun those for which
	// one was made.
	sent, begun []string
	stuck       bool  // a mail server that takes nothing until it is given up
	mail        error // what becomes of a new code
}

// The code and the answers that are right in every town.
const (
	goodMail   = "482913"
	goodAnswer = "Herr Zottel"
)

func (w *town) OffersEmail() bool { return !w.channels.noMail }

func (w *town) BeginRecoveryEmail(_ context.Context, p enrolments.Person, approval, application string) (func(context.Context) error, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.channels.mail != nil {
		return nil, w.channels.mail
	}
	w.channels.begun = append(w.channels.begun, approval)
	has, stuck := w.people[p.User].BackupEmail != "", w.channels.stuck
	return func(ctx context.Context) error {
		if stuck {
			<-ctx.Done()
			return ctx.Err()
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if has {
			w.channels.sent = append(w.channels.sent, approval+" "+application)
		}
		return nil
	}, nil
}

// SpendRecoveryEmail takes the code of an approval for which one was made.
func (w *town) SpendRecoveryEmail(_ context.Context, person enrolments.PersonID, approval, typed string) error {
	if w.typing != nil {
		w.typing()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	at := slices.Index(w.channels.begun, approval)
	switch {
	case w.lost != nil:
		return w.lost
	case at < 0:
		return enrolments.ErrCodeExpired
	case typed != goodMail || w.byID(person).BackupEmail == "":
		return enrolments.ErrCodeWrong
	}
	w.channels.begun = slices.Delete(w.channels.begun, at, at+1)
	return nil
}

func (w *town) byID(id enrolments.PersonID) enrolments.Enrolment {
	for _, e := range w.people {
		if e.ID == id {
			return e
		}
	}
	return enrolments.Enrolment{}
}

func (w *town) QuestionsOf(_ context.Context, person enrolments.PersonID) ([]enrolments.QuestionID, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.byID(person).Questions {
		return nil, enrolments.ErrNotFound
	}
	return enrolments.Questions()[:3], w.lost
}

func (w *town) CheckAnswers(ctx context.Context, person enrolments.PersonID, answers []enrolments.Secret) error {
	if _, err := w.QuestionsOf(ctx, person); err != nil {
		return err
	}
	if !slices.Equal(answers, good()) {
		return enrolments.ErrAnswersWrong
	}
	return nil
}

// good are the right answers.
func good() []enrolments.Secret {
	return []enrolments.Secret{enrolments.SecretOf(goodAnswer), {}, {}}
}

// everyWay lets the policy take every way to a new phone, and ana have each.
func (s *scene) everyWay() {
	s.app.Policy.RecoveryPaths = enrolments.RecoveryPaths()
	s.person("ana@example.com")
	s.change("ana@example.com", func(e *enrolments.Enrolment) {
		e.BackupEmail, e.Questions, e.RecoveryCodes = "ana@example.org", true, 10
	})
}

// anaAs is a sign-in of ana's, whom the application calls role.
func (s *scene) anaAs(role string) approvals.Requested {
	s.t.Helper()
	r := request("ana@example.com")
	r.Role = role
	out, err := s.Request(s.t.Context(), s.app, r)
	noError(s.t, err)
	return out
}

// recovers begins a recovery by a way, from the waiting screen of a.
func (s *scene) recovers(m approvals.Method, a approvals.Approval) (enrolments.Recovery, error) {
	s.t.Helper()
	var r enrolments.Recovery
	var err error
	if m == enrolments.MethodQuestions {
		r, _, err = s.RecoverByAnswers(s.t.Context(), s.app, a, good())
		return r, err
	}
	if err := s.SendRecoveryEmail(s.t.Context(), s.app, a); err != nil {
		return r, err
	}
	r, _, err = s.RecoverByEmail(s.t.Context(), s.app, a, goodMail)
	return r, err
}

var byChannel = []approvals.Method{enrolments.MethodEmail, enrolments.MethodQuestions}

func TestACodeByMailOrAnswersLeadToANewPhoneAndLetNobodyIn(t *testing.T) {
	for _, m := range byChannel {
		t.Run(string(m), func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.everyWay()
				h := s.phone("ana@example.com", "old phone")
				a := s.anaAs("member").Approval
				r, err := s.recovers(m, a)
				noError(t, err)
				synctest.Wait()
				if got := time.Until(r.ReadyAt); got != 24*time.Hour || r.Method != m || r.Application != "northwind" || r.User != "ana@example.com" {
					t.Errorf("ready in %v; %+v", got, r)
				}
				stands := s.stands(a.ID)
				if stands.State != approvals.Withdrawn || stands.Reason != approvals.Recovering || stands.Method != "" {
					t.Errorf("the sign-in is %s: %s", stands.State, stands.Reason)
				}
				if notice := s.asked(h); !strings.Contains(notice.Display, "Add a new phone") {
					t.Errorf("the phone is asked %s", notice.Display)
				}
				_, err = s.answers(h, s.asked(h), approvals.Deny, nil)
				noError(t, err)
				if s.recovery() != enrolments.RecoveryRefused {
					t.Errorf("refused on the phone, it is %s", s.recovery())
				}
			})
		})
	}
}

func TestHowLongANewPhoneWaits(t *testing.T) {
	const hour = time.Hour
	for name, c := range map[string]struct {
		hours  int
		role   string
		mail   time.Duration
		answer error
		wait   time.Duration // after answers
	}{
		"as the policy says":               {48, "member", 48 * hour, nil, 48 * hour},
		"not at all by mail":               {0, "member", 0, nil, 24 * hour},
		"a day for an administrator":       {0, "owner", 24 * hour, enrolments.ErrNotOffered, 0},
		"longer for an administrator":      {48, "owner", 48 * hour, enrolments.ErrNotOffered, 0},
		"a day for nobody knows whom":      {0, "", 24 * hour, enrolments.ErrNotOffered, 0},
		"as the policy says, of any other": {1, "moon", hour, nil, 24 * hour},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.everyWay()
				s.app.Policy.RecoveryWait = time.Duration(c.hours) * hour
				r, err := s.recovers(enrolments.MethodEmail, s.anaAs(c.role).Approval)
				noError(t, err)
				if got := time.Until(r.ReadyAt); got != c.mail {
					t.Errorf("by mail in %v, want %v", got, c.mail)
				}
				r, err = s.recovers(enrolments.MethodQuestions, s.anaAs(c.role).Approval)
				wantError(t, err, c.answer)
				if got := time.Until(r.ReadyAt); err == nil && got != c.wait {
					t.Errorf("by answers in %v, want %v", got, c.wait)
				}
			})
		})
	}
}

func TestWhatIsOfferedIsWhatThePersonHasAndThePolicyTakes(t *testing.T) {
	all := []approvals.Method{approvals.ByTOTP, approvals.ByRecoveryCode, enrolments.MethodEmail, enrolments.MethodQuestions}
	for name, c := range map[string]struct {
		change func(*scene)
		role   string
		want   []approvals.Method
	}{
		"everything":        {func(*scene) {}, "member", all},
		"to administrators": {func(*scene) {}, "owner", all[:3]},
		"without a role":    {func(*scene) {}, "", all[:3]},
		"by the policy":     {func(s *scene) { s.app.Policy.RecoveryPaths = all[1:2] }, "member", all[1:2]},
		"without mail":      {func(s *scene) { s.town.channels.noMail = true }, "member", []approvals.Method{all[0], all[1], all[3]}},
		"after a report":    {func(s *scene) { s.change("ana@example.com", lock) }, "member", all[:2]},
		"nothing set up": {func(s *scene) {
			s.change("ana@example.com", func(e *enrolments.Enrolment) { e.BackupEmail, e.Questions, e.RecoveryCodes = "", false, 0 })
		}, "member", all[:1]},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.everyWay()
				c.change(s)
				a := s.anaAs(c.role)
				if diff := gocmp.Diff(c.want, a.Offers); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				hint := ""
				if slices.Contains(c.want, enrolments.MethodEmail) {
					hint = "a•••@example.org"
				}
				if a.EmailHint != hint || a.Role != c.role {
					t.Errorf("hint %q, role %q", a.EmailHint, a.Role)
				}
			})
		})
	}
}

func TestWhereAWayIsNotTakenItLeadsNowhere(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*scene)
		want   error
	}{
		"the policy has changed":  {func(s *scene) { s.app.Policy.RecoveryPaths = []approvals.Method{approvals.ByTOTP} }, enrolments.ErrNotOffered},
		"a sign-in was reported":  {func(s *scene) { s.change("ana@example.com", lock) }, approvals.ErrLocked},
		"they became a role more": {func(s *scene) { s.app.Policy.AdministratorRoles = []string{"member"} }, enrolments.ErrNotOffered},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.everyWay()
				a := s.anaAs("member").Approval
				c.change(s)
				for _, m := range byChannel {
					if m == enrolments.MethodEmail && strings.HasPrefix(name, "they") {
						continue // a code by mail is still taken, after a day
					}
					_, err := s.recovers(m, a)
					wantError(t, err, c.want)
				}
				_, err := s.QuestionsFor(t.Context(), s.app, a)
				wantError(t, err, c.want)
				if len(s.town.recoveries.all)+len(s.town.channels.begun) != 0 || s.stands(a.ID).State != approvals.Pending {
					t.Error("something was begun all the same")
				}
			})
		})
	}
}

// Somebody else's proof, or none, takes nothing from the person: the sign-in
// goes on.
func TestAWrongProofBeginsNothing(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.everyWay()
		a := s.anaAs("member").Approval
		_, _, err := s.RecoverByEmail(t.Context(), s.app, a, goodMail)
		wantError(t, err, enrolments.ErrCodeExpired)
		noError(t, s.SendRecoveryEmail(t.Context(), s.app, a))
		_, _, err = s.RecoverByEmail(t.Context(), s.app, a, "000000")
		wantError(t, err, enrolments.ErrCodeWrong)
		_, _, err = s.RecoverByAnswers(t.Context(), s.app, a, []enrolments.Secret{{}, {}, {}})
		wantError(t, err, enrolments.ErrAnswersWrong)
		if got := s.stands(a.ID).State; got != approvals.Pending || len(s.town.recoveries.all) != 0 {
			t.Errorf("the sign-in is %s, with %d recoveries", got, len(s.town.recoveries.all))
		}
		s.town.lost = context.DeadlineExceeded
		_, err = s.recovers(enrolments.MethodQuestions, a)
		wantError(t, err, context.DeadlineExceeded)
	})
}

func TestACodeByMailOfOneSignInIsNoneOfAnothers(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.everyWay()
		first := s.anaAs("member").Approval
		noError(t, s.SendRecoveryEmail(t.Context(), s.app, first))
		second := s.anaAs("member").Approval
		_, _, err := s.RecoverByEmail(t.Context(), s.app, second, goodMail)
		wantError(t, err, enrolments.ErrCodeExpired)
		_, _, err = s.RecoverByEmail(t.Context(), s.app, s.stands(first.ID), goodMail)
		wantError(t, err, approvals.ErrSettled) // replaced by the second
	})
}

// Mail takes longer than a sign-in lives.
func TestASignInThatHasRunOutStillLeadsToANewPhone(t *testing.T) {
	for _, m := range byChannel {
		play(t, func(t *testing.T, s *scene) {
			s.everyWay()
			a := s.anaAs("member").Approval
			noError(t, s.SendRecoveryEmail(t.Context(), s.app, a))
			pass(5 * time.Minute)
			stands := s.stands(a.ID)
			if stands.State != approvals.Expired {
				t.Fatalf("it is %s", stands.State)
			}
			wantError(t, s.SendRecoveryEmail(t.Context(), s.app, stands), approvals.ErrSettled)
			begin := func() (err error) {
				if m == enrolments.MethodEmail {
					_, _, err = s.RecoverByEmail(t.Context(), s.app, stands, goodMail)
				} else {
					_, _, err = s.RecoverByAnswers(t.Context(), s.app, stands, good())
				}
				return err
			}
			noError(t, begin())
			if err := begin(); err == nil || len(s.town.recoveries.all) != 1 {
				t.Errorf("a second time: %v, %d recoveries", err, len(s.town.recoveries.all))
			}
			if got := s.stands(a.ID).State; got != approvals.Expired {
				t.Errorf("it is %s", got)
			}
		})
	}
}

func TestWhatAPhoneHasAnsweredStands(t *testing.T) {
	for decision, state := range map[approvals.Decision]approvals.State{
		approvals.Approve: approvals.Approved, approvals.Deny: approvals.Denied, approvals.Report: approvals.Denied,
	} {
		t.Run(string(decision), func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.everyWay()
				h := s.phone("ana@example.com", "old phone")
				a := s.anaAs("member").Approval
				noError(t, s.SendRecoveryEmail(t.Context(), s.app, a))
				// While the code is looked at, as the latest that it can come.
				s.town.typing = func() {
					_, err := s.answers(h, a, decision, nil)
					noError(t, err)
				}
				_, _, err := s.RecoverByEmail(t.Context(), s.app, a, goodMail)
				wantError(t, err, approvals.ErrSettled)
				if got := s.stands(a.ID).State; got != state || len(s.town.recoveries.all) != 0 {
					t.Errorf("it is %s, with %d recoveries", got, len(s.town.recoveries.all))
				}
				_, err = s.recovers(enrolments.MethodQuestions, s.stands(a.ID))
				wantError(t, err, approvals.ErrSettled)
			})
		})
	}
}

func TestWhatIsNoSignInBeginsNoRecovery(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.everyWay()
		a := s.anaAs("member").Approval
		a.Purpose, a.Offers = approvals.ForChange, nil
		for _, m := range byChannel {
			_, err := s.recovers(m, a)
			wantError(t, err, enrolments.ErrNotOffered)
		}
		byCode := s.byCode("123456")
		byCode.Purpose = approvals.ForChange
		_, _, err := s.BeginRecovery(t.Context(), s.app, byCode)
		wantError(t, err, enrolments.ErrFreshApproval)
	})
}

// Whoever waits must not see whether there is an address, nor wait for a mail
// server.
func TestACodeIsSentInTheBackgroundWhetherThereIsAnAddressOrNot(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.everyWay()
		a := s.anaAs("member").Approval
		s.town.channels.stuck = true
		began := time.Now()
		noError(t, s.SendRecoveryEmail(t.Context(), s.app, a))
		if took := time.Since(began); took != 0 {
			t.Errorf("it took %v", took)
		}
		s.town.channels.stuck = false
		noError(t, s.SendRecoveryEmail(t.Context(), s.app, a))
		synctest.Wait()
		if diff := gocmp.Diff([]string{string(a.ID) + " Northwind Books"}, s.town.channels.sent); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
		s.change("ana@example.com", func(e *enrolments.Enrolment) { e.BackupEmail, e.Questions = "", false })
		noError(t, s.SendRecoveryEmail(t.Context(), s.app, a))
		synctest.Wait()
		if len(s.town.channels.sent) != 1 || len(s.town.channels.begun) != 3 {
			t.Errorf("sent %v of %v", s.town.channels.sent, s.town.channels.begun)
		}
		_, _, err := s.RecoverByEmail(t.Context(), s.app, a, goodMail)
		wantError(t, err, enrolments.ErrCodeWrong)
		_, err = s.QuestionsFor(t.Context(), s.app, a)
		wantError(t, err, enrolments.ErrNotOffered)
		_, err = s.recovers(enrolments.MethodQuestions, a)
		wantError(t, err, enrolments.ErrNotOffered)
	})
}

func TestOnlySoManyLettersAreUnderWay(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.everyWay()
		s.town.channels.stuck = true
		a := s.anaAs("member").Approval
		sent := 0
		for range 1000 {
			err := s.SendRecoveryEmail(t.Context(), s.app, a)
			if err != nil {
				wantError(t, err, approvals.ErrBusy)
				break
			}
			sent++
		}
		if sent == 0 || sent > 256 {
			t.Errorf("%d were begun", sent)
		}
		pass(55 * time.Second)
		s.town.channels.mail = errors.New("no more")
		wantError(t, s.SendRecoveryEmail(t.Context(), s.app, a), approvals.ErrBusy)
		pass(4 * time.Second)
	})
}

func TestAPathThatThePolicyLeavesOutIsNoneAfterACodeEither(t *testing.T) {
	for code, m := range map[string]approvals.Method{"123456": approvals.ByTOTP, "recovery": approvals.ByRecoveryCode} {
		play(t, func(t *testing.T, s *scene) {
			s.person("ana@example.com")
			s.app.Policy.RecoveryPaths = slices.DeleteFunc(enrolments.RecoveryPaths(), func(left approvals.Method) bool { return left == m })
			a := s.byCode(code)
			_, _, err := s.BeginRecovery(t.Context(), s.app, a)
			wantError(t, err, enrolments.ErrNotOffered)
			_, _, err = s.OpenPairing(t.Context(), s.app, "ana@example.com", "", a.ID)
			wantError(t, err, approvals.ErrCodeWaits)
			if len(s.town.spent) != 0 {
				t.Error("the approval was spent")
			}
		})
	}
}

// What waits on one way must not be had at once on another.
func TestARecoveryCodeOpensNoSetUpAtOnceWhereItHasToWait(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.person("ana@example.com")
		a := s.byCode("recovery")
		_, _, err := s.OpenPairing(t.Context(), s.app, "ana@example.com", "", a.ID)
		wantError(t, err, approvals.ErrCodeWaits)
		_, _, err = s.BeginRecovery(t.Context(), s.app, a)
		noError(t, err)

		s.app.Policy.RecoveryWait = 0
		_, _, err = s.OpenPairing(t.Context(), s.app, "ana@example.com", "", s.byCode("recovery").ID)
		noError(t, err)
	})
}
