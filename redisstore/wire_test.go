package redisstore

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/approvals"
	"countersign/enrolments"
)

const aLine = "1790000001000000 1790000001000000 0 1790000060000000 pending 1790000000000000 wait 3 - - - 0 0 2 5 2 a0s1"

func aDoc(t testing.TB) string {
	t.Helper()
	text, err := docOf(approvals.New{
		Application: "northwind", Person: "person", Display: `{"user":"ana"}`, Nonce: "nonce", Number: "47",
		Waiting: enrolments.SecretOf("w").Hash(), Result: enrolments.SecretOf("r").Hash(),
		Phones: []approvals.AskedPhone{{ID: "one", Name: "Ana’s phone"}, {ID: "two"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAnApprovalIsReadFromItsTwoParts(t *testing.T) {
	got, err := approvalOf("id", aLine, aDoc(t))
	if err != nil {
		t.Fatal(err)
	}
	created := time.UnixMicro(1790000000000000).UTC()
	want := approvals.Approval{
		ID: "id", Version: 3, Application: "northwind", Person: "person", Display: `{"user":"ana"}`, Nonce: "nonce", Number: "47",
		Waiting: enrolments.SecretOf("w").Hash(), Result: enrolments.SecretOf("r").Hash(),
		Created: created, Expires: created.Add(time.Minute), AsOf: created.Add(time.Second), Next: approvals.Wait,
		Phones: []approvals.AskedPhone{{ID: "one", Name: "Ana’s phone", Sent: approvals.Asking}, {ID: "two", Sent: approvals.Accepted, Seen: true}},
		State:  approvals.Pending, NumberTries: 2, CodeTries: 5, Resends: 2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAChangeLeavesTheSharedPhonesAlone(t *testing.T) {
	a, err := approvalOf("id", aLine, aDoc(t))
	if err != nil {
		t.Fatal(err)
	}
	b, err := withLine(a, strings.Replace(aLine, "a0s1", "f1s1", 1))
	if err != nil {
		t.Fatal(err)
	}
	if a.Phones[0].Sent != approvals.Asking || b.Phones[0].Sent != approvals.Failed || !b.Phones[0].Seen {
		t.Errorf("before %v, after %v", a.Phones[0], b.Phones[0])
	}
}

func TestALineThatCannotBeReadIsNoApproval(t *testing.T) {
	doc := aDoc(t)
	for _, line := range []string{
		"", " ", aLine + " 1", strings.TrimSuffix(aLine, " a0s1"),
		strings.Replace(aLine, "pending", "approve", 1),
		strings.Replace(aLine, "pending", "", 1),
		strings.Replace(aLine, "wait", "enrol", 1),
		strings.Replace(aLine, " 3 ", " 0 ", 1),
		strings.Replace(aLine, " 3 ", " x ", 1),
		strings.Replace(aLine, "1790000060000000", "0", 1),
		strings.Replace(aLine, "a0s1", "a0", 1),
		strings.Replace(aLine, "a0s1", "-", 1),
		strings.Replace(aLine, "a0s1", "x0s1", 1),
		strings.Replace(aLine, "a0s1", "a2s1", 1),
	} {
		if got, err := approvalOf("id", line, doc); !errors.Is(err, errWire) || got.State != "" {
			t.Errorf("%q: got %q, error %v", line, got.State, err)
		}
	}
	for _, text := range []string{"", "null", "{}", "[]", strings.Replace(doc, `"waiting":"`, `"waiting":"AAAA`, 1)} {
		if got, err := approvalOf("id", aLine, text); !errors.Is(err, errWire) || got.State != "" {
			t.Errorf("%q: got %q, error %v", text, got.State, err)
		}
	}
}

func TestAnApprovalTooLargeIsRefused(t *testing.T) {
	if _, err := docOf(approvals.New{Display: strings.Repeat("x", maxDoc)}); err == nil {
		t.Error("it was taken")
	}
}

func FuzzLine(f *testing.F) {
	f.Add(aLine)
	f.Add(strings.Replace(aLine, "pending", "approved", 1))
	f.Add(strings.Replace(aLine, "a0s1", "-", 1))
	a, err := approvalOf("id", aLine, aDoc(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got, err := withLine(a, line)
		if err != nil {
			if got.State != "" || got.ID != "" {
				t.Fatalf("part of a result: %q", got.State)
			}
			return
		}
		if got.Version < 1 || len(got.Phones) != len(a.Phones) || got.Number != a.Number {
			t.Fatalf("version %d, %d phones", got.Version, len(got.Phones))
		}
		if got.State == approvals.Approved && !strings.Contains(line, " approved ") {
			t.Fatalf("approved by %q", line)
		}
		if got.State == approvals.Pending && !got.AsOf.Before(got.Expires) {
			t.Fatal("pending past its deadline")
		}
	})
}
