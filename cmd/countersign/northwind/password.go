package northwind

import "net/http"

// The shortest password that is taken, in bytes, and the longest, as the forms
// have it.
const minPassword, maxPassword = 8, 256

func (a *app) passwordPage(w http.ResponseWriter, r *http.Request) {
	if a.sessions.of(r).user == "" {
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
		return
	}
	show(w, http.StatusOK, "password.html", "")
}

// changePassword also ends what the old password has opened: who learnt it may
// have signed in somewhere, and trusted the browser there.
func (a *app) changePassword(w http.ResponseWriter, r *http.Request) {
	user := a.sessions.of(r).user
	if user == "" {
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	fresh := r.PostFormValue("new")
	if _, right := a.people.know(user, r.PostFormValue("current")); !right {
		show(w, http.StatusForbidden, "password.html", "That is not your current password.")
		return
	}
	if len(fresh) < minPassword || len(fresh) > maxPassword {
		show(w, http.StatusUnprocessableEntity, "password.html", "Choose a new password of at least 8 characters.")
		return
	}
	// First, so that no password is new while trust of the old one stands.
	if err := a.server.endTrust(r.Context(), user); err != nil {
		show(w, http.StatusServiceUnavailable, "password.html", "We can’t end trust in your browsers right now, so nothing was changed. Please try again in a minute.")
		return
	}
	a.people.setPassword(user, fresh)
	method := a.sessions.of(r).method
	a.sessions.endAll(user)
	a.dropTrust(w, user)
	a.sessions.start(w, r, session{user: user, method: method})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
