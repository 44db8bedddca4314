package enrolments_test

import (
	"context"
	"slices"
	"testing"

	"countersign/enrolments"
)

// hangingUp is a store whose caller is gone as soon as a phone is removed.
type hangingUp struct {
	enrolments.Store
	hangUp context.CancelFunc
}

func (s hangingUp) RemovePhone(ctx context.Context, id enrolments.PhoneID) error {
	defer s.hangUp()
	return s.Store.RemovePhone(ctx, id)
}

// Else whoever acts in somebody's name would hang up at the right moment.
func TestWhatWasDoneStandsInTheTrailAndIsToldAlsoWhereTheCallerHasHungUp(t *testing.T) {
	ctx, hangUp := context.WithCancel(t.Context())
	d := open(t, func(c *enrolments.Config) { c.Store = hangingUp{c.Store, hangUp} })
	p, h := d.paired(t, "ana@example.com")
	noError(t, d.RemovePhone(ctx, d.know(t, h).Phone))
	if last := d.events(t); last[len(last)-1].Kind != enrolments.EventPhoneRemoved {
		t.Errorf("the trail ends with %s", last[len(last)-1].Kind)
	}
	told, err := d.store.Notices(t.Context(), p.Person, d.clock.now(), 10)
	noError(t, err)
	if !slices.ContainsFunc(told, func(n enrolments.Notice) bool { return n.Event == enrolments.EventPhoneRemoved }) {
		t.Error("the person is told nothing")
	}
}
