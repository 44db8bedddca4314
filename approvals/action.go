package approvals

import (
	"strings"

	"countersign/enrolments"
)

// actions say what a change does, for the phone that is asked and the screen
// that waits. {about} and {name} are those of the change. They are signed as
// they are shown, so they are the server's words, in the language of the page
// on which the change was begun.
var actions = map[string]map[enrolments.ChangeKind]string{
	"en": {
		enrolments.ChangeAddPhone:            "Add a new phone",
		enrolments.ChangeReplacePhone:        "Add a new phone in place of “{about}”",
		enrolments.ChangeReplacePhones:       "Add a new phone in place of all others",
		enrolments.ChangeRenamePhone:         "Rename the phone “{about}” to “{name}”",
		enrolments.ChangeRemovePhone:         "Remove the phone “{about}”",
		enrolments.ChangeAddAuthenticator:    "Add an authenticator app",
		enrolments.ChangeRemoveAuthenticator: "Remove the authenticator app added on {about}",
		enrolments.ChangeRenewCodes:          "Make new recovery codes",
		enrolments.ChangeSetEmail:            "Use {about} as backup address",
		enrolments.ChangeRemoveEmail:         "Remove the backup address {about}",
		enrolments.ChangeSetQuestions:        "Set new security questions",
		enrolments.ChangeRemoveQuestions:     "Remove the security questions",
	},
	"de": {
		enrolments.ChangeAddPhone:            "Neues Telefon hinzufügen",
		enrolments.ChangeReplacePhone:        "Neues Telefon anstelle von „{about}“ hinzufügen",
		enrolments.ChangeReplacePhones:       "Neues Telefon anstelle aller anderen hinzufügen",
		enrolments.ChangeRenamePhone:         "Telefon „{about}“ in „{name}“ umbenennen",
		enrolments.ChangeRemovePhone:         "Telefon „{about}“ entfernen",
		enrolments.ChangeAddAuthenticator:    "Authenticator-App hinzufügen",
		enrolments.ChangeRemoveAuthenticator: "Am {about} hinzugefügte Authenticator-App entfernen",
		enrolments.ChangeRenewCodes:          "Neue Wiederherstellungscodes erstellen",
		enrolments.ChangeSetEmail:            "{about} als Ersatzadresse verwenden",
		enrolments.ChangeRemoveEmail:         "Ersatzadresse {about} entfernen",
		enrolments.ChangeSetQuestions:        "Neue Sicherheitsfragen festlegen",
		enrolments.ChangeRemoveQuestions:     "Sicherheitsfragen entfernen",
	},
	"fr": {
		enrolments.ChangeAddPhone:            "Ajouter un nouveau téléphone",
		enrolments.ChangeReplacePhone:        "Ajouter un nouveau téléphone à la place de « {about} »",
		enrolments.ChangeReplacePhones:       "Ajouter un nouveau téléphone à la place de tous les autres",
		enrolments.ChangeRenamePhone:         "Renommer le téléphone « {about} » en « {name} »",
		enrolments.ChangeRemovePhone:         "Retirer le téléphone « {about} »",
		enrolments.ChangeAddAuthenticator:    "Ajouter une application d’authentification",
		enrolments.ChangeRemoveAuthenticator: "Retirer l’application d’authentification ajoutée le {about}",
		enrolments.ChangeRenewCodes:          "Créer de nouveaux codes de secours",
		enrolments.ChangeSetEmail:            "Utiliser {about} comme adresse de secours",
		enrolments.ChangeRemoveEmail:         "Retirer l’adresse de secours {about}",
		enrolments.ChangeSetQuestions:        "Définir de nouvelles questions de sécurité",
		enrolments.ChangeRemoveQuestions:     "Retirer les questions de sécurité",
	},
}

// actionOf is what a change does, in words of a language (BCP 47), or of English
// where there are none in it.
func actionOf(c enrolments.Change, language string) string {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	known, ok := actions[base]
	if !ok {
		known = actions["en"]
	}
	return strings.NewReplacer("{about}", c.About, "{name}", c.Name).Replace(known[c.Kind])
}
