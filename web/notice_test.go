package web

import (
	"testing"

	"countersign/enrolments"
)

func TestThePageOfANoticeHasWordsForWhateverIsAnnounced(t *testing.T) {
	for _, kind := range enrolments.AnnouncedKinds() {
		if _, ok := loadWords()["en"].sentences["notice.changed."+string(kind)]; !ok {
			t.Errorf("%s has no words", kind)
		}
	}
}
