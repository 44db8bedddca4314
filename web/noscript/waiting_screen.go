package noscript

import (
	"slices"
	"strings"
	"time"
)

// waitingScreen is what the template of the waiting screen shows.
type waitingScreen struct {
	View
	State *State
	// Here leads back to this place after a step; Still to the same that does
	// not look for news.
	Here, Still string
	// Looks: the page looks for news by itself. Stopped: it would, were it not
	// told to keep still. Goes: it goes on by itself.
	Looks, Stopped, Goes bool
	// Left are the seconds until the deadline as the page was drawn, Extend
	// whether more time is offered.
	Left   int
	Extend bool
	// Typing: there is a field for a code, Field for one of an "app" or a
	// "recovery" code; Other leads to that of the other kind, and is empty where
	// there is none. NoPhone: the person has said that the phone is not there.
	// ToPhone: the field was asked for, so that there is a way back.
	Typing           bool
	Field, Other     string
	NoPhone, ToPhone bool
	// Step is shown in the sign-in's place; EmailWay and QuestionsWay: it could be.
	Step                   *stepScreen
	EmailWay, QuestionsWay bool
	// Refusal is why the last code was not taken, NextCode when an app has another,
	// where that helps; Notice what came of another step.
	Refusal  *Refusal
	NextCode string
	Notice   string
	// Application is what it is called here; Onward the key of the way on from
	// an end, where there is one.
	Application, Onward string
	// Trusts: the browser may be trusted, and the person has not chosen.
	Trusts bool
}

func newWaitingScreen(w Words, v View, state *State, at place, n note) waitingScreen {
	screen := waitingScreen{
		View: v, State: state, Here: at.String(), Notice: n.notice(w), Application: applicationOf(w, state),
	}
	for _, action := range v.Actions {
		if strings.HasPrefix(action, "waiting.onward.") {
			screen.Onward = action
		}
	}
	if v.Purpose == "end" {
		screen.Trusts = v.Go != "" && state.TrustDays > 0 && !n.Trusted
		screen.Goes = v.Go != "" && !screen.Trusts && !screen.May("waiting.new-phone")
		if screen.Trusts && !screen.May("waiting.new-phone") { // it does not go by itself
			screen.Line = sentence(w, "waiting.settled.approved.here", "application", screen.Application)
		}
		return screen
	}
	screen.Typing = v.Code == "shown" || v.Code == "offered" && at.typing()
	screen.EmailWay = at.noPhone && slices.Contains(state.RecoveryOffers, "email")
	screen.QuestionsWay = at.noPhone && slices.Contains(state.RecoveryOffers, "questions")
	screen.NoPhone, screen.ToPhone = at.noPhone, (v.Code == "offered" || v.Kind == "phoneless") && screen.Typing
	screen.Stopped = v.Purpose == "wait" && !screen.Typing && at.still
	screen.Looks = v.Purpose == "wait" && !screen.Typing && !at.still
	still := at
	still.still = true
	screen.Still = still.String()
	screen.Left = max(0, int((state.ExpiresAt.Sub(state.ServerTime)+time.Second-1)/time.Second))
	screen.Extend = state.MayExtend && (screen.Left <= 30 || !screen.Looks)
	if screen.Typing {
		screen.field(w, at, n)
	}
	if v.Code == "none" && at.noPhone {
		screen.Notice = w.Text("waiting.code.phone-only", "application", screen.Application)
	}
	return screen
}

// field makes the screen one on which a code is typed; the phone comes second.
func (screen *waitingScreen) field(w Words, at place, n note) {
	state := screen.State
	if screen.Code == "offered" {
		screen.Headline, screen.Title = sentence(w, "waiting.pending.codeOnly.headline"), w.Text("waiting.pending.codeOnly.headline")
		screen.Line, screen.Number = "", ""
		if !at.noPhone {
			screen.Note = openPhone(w, state)
		}
	}
	screen.Field = "app"
	if !state.takes("totp") || at.recovery && state.takes("recovery_code") {
		screen.Field = "recovery"
	}
	if state.takes("totp") && state.takes("recovery_code") {
		other := at
		other.code, other.recovery = !at.noPhone, !at.recovery
		screen.Other = other.String()
	}
	if n.At != "code" {
		return
	}
	why := RefusalOf(w, n.Said, n.OfRecovery, n.Count, state.Next == "wait", state)
	screen.Refusal = &why
	if !n.OfRecovery && (n.Said == "code-wrong" || n.Said == "code-used") {
		screen.NextCode = NextCode(w, state.ServerTime)
	}
}

// May reports whether the person may do something, by the key of its words.
func (v View) May(action string) bool {
	return slices.Contains(v.Actions, action)
}
