package sqlstore

import (
	"testing"

	"countersign/enrolments"
	"countersign/enrolments/enrolmentstest"
	"countersign/sqlstore/sqlstoretest"
)

func TestPostgreSQLKeepsTheContract(t *testing.T) {
	server := sqlstoretest.Start(t)
	enrolmentstest.Exercise(t, func(t *testing.T) enrolments.Store { return open(t, server.Database(t)) })
}
