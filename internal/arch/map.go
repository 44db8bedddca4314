package arch

// module is the name of ours in go.mod.
const module = "countersign"

// room is one package, or with "/..." one and all below it, and which of our
// packages it may import.
type room struct {
	path    string
	imports []string
}

// rooms is the map: a file's room is the first entry that matches its folder.
// Its _test.go files may go further, see goesFurther.
var rooms = []room{
	{"cmd/countersign/...", []string{"..."}},

	{"web/...", []string{"web/...", "approvals", "enrolments"}},
	{"api/duo", []string{"approvals", "enrolments", "internal/qr"}},
	{"api/oidc", []string{"approvals", "enrolments", "internal/jws"}},
	{"api/radius", []string{"approvals", "enrolments"}},
	{"api", []string{"approvals", "enrolments", "notices", "push", "totp", "internal/jws", "internal/qr"}},
	{"mail", []string{"enrolments"}},
	{"notices", []string{"enrolments", "push"}},
	{"redisstore", []string{"approvals", "enrolments"}},
	{"sqlstore", []string{"enrolments", "push", "totp", "internal/jws", "internal/seal"}},

	{"approvals", []string{"enrolments", "push", "internal/jws"}},
	{"enrolments", []string{"push", "totp", "internal/jws"}},
	{"totp", nil},
	{"push", nil},
	{"push/apns", []string{"push"}},
	{"push/fcm", []string{"push"}},
	{"push/webpush", []string{"push"}},

	{"internal/arch", nil},
	{"internal/jws", nil},
	{"internal/qr", nil},
	{"internal/seal", nil},

	// Contract suites, and what starts real parts for tests.
	{"approvals/approvalstest", []string{"approvals", "enrolments"}},
	{"enrolments/enrolmentstest", []string{"enrolments", "push", "internal/jws"}},
	{"mail/mailtest", nil},
	{"push/pushtest", []string{"push", "mobile-stub/gateway"}},
	{"redisstore/redistest", nil},
	{"sqlstore/sqlstoretest", []string{"sqlstore", "enrolments"}},

	// What ours is measured beside.
	{"api/apibench", nil},
	{"redisstore/redisbench", nil},

	// A phone of its own: only the protocol document and the vectors bind it,
	// so that an error in ours is not repeated in its judge.
	{"mobile-stub/...", []string{"mobile-stub/..."}},
}

// neverStandard holds what a room must not reach in the standard library:
// domain packages know neither HTTP nor SQL.
var neverStandard = map[string][]string{
	"approvals":  {"net/http", "database/sql"},
	"enrolments": {"net/http", "database/sql"},
	"push":       {"net/http", "database/sql"},
	"totp":       {"net/http", "database/sql"},
}

// home is the one place of a third-party module, and why the standard library
// will not do.
type home struct {
	module string
	rooms  []string
	why    string
	// tests is true where the tests of any room may use it too: they play the
	// other side, a browser or somebody who looks into Redis.
	tests bool
}

// homes has every module that go.mod names as our own need.
var homes = []home{
	{module: "firebase.google.com/go/v4", rooms: []string{"push/fcm"}, why: "the maintained client of FCM HTTP v1 and its error codes"},
	{module: "cloud.google.com/go/auth", rooms: []string{"push/fcm"}, why: "what firebase takes credentials in"},
	{module: "golang.org/x/oauth2", rooms: []string{"push/fcm"}, why: "what firebase alone is measured with"},
	{module: "google.golang.org/api", rooms: []string{"push/fcm"}, why: "what firebase takes options in"},
	{module: "github.com/sony/gobreaker/v2", rooms: []string{"push"}, why: "the states of a circuit breaker, one probe at a time, right under concurrency"},
	{module: "github.com/sideshow/apns2", rooms: []string{"push/apns"}, why: "APNs over HTTP/2 with provider tokens and every reason named"},
	{module: "github.com/SherClockHolmes/webpush-go", rooms: []string{"push/webpush"}, why: "RFC 8291 encryption and RFC 8292 keys"},
	{module: "github.com/gorilla/websocket", rooms: []string{"api", "api/apibench"}, tests: true, why: "no websocket in the standard library; apibench plays ten thousand browsers, and the server that ours is measured beside"},
	{module: "github.com/danielgtaylor/huma/v2", rooms: []string{"api"}, why: "OpenAPI 3.1 that cannot differ from the handlers"},
	{module: "github.com/mileusna/useragent", rooms: []string{"api"}, why: "a browser's name out of a User-Agent, for people to read"},
	{module: "github.com/redis/go-redis/v9", rooms: []string{"redisstore", "redisstore/redisbench"}, tests: true, why: "Sentinel, Cluster and scripts; redisbench is the plain pool that ours is measured beside"},
	{module: "modernc.org/sqlite", rooms: []string{"sqlstore"}, why: "SQLite without cgo"},
	{module: "github.com/jackc/pgx/v5", rooms: []string{"sqlstore", "sqlstore/sqlstoretest"}, why: "the PostgreSQL driver"},
	{module: "github.com/pressly/goose/v3", rooms: []string{"sqlstore"}, why: "migrations for both databases, one at a time across nodes"},
	{module: "github.com/pquerna/otp", rooms: []string{"totp"}, why: "RFC 6238 and 4226 as a known library has them"},
	{module: "github.com/boombuler/barcode", rooms: []string{"internal/qr"}, why: "ISO/IEC 18004"},
	{module: "github.com/go-jose/go-jose/v4", rooms: []string{"internal/jws"}, why: "JOSE, read by many eyes"},
	{module: "golang.org/x/net", rooms: []string{"enrolments"}, why: "domains in other letters as the DNS is asked for them (UTS 46), by the tables of the Go project"},
	{module: "golang.org/x/text", rooms: []string{"enrolments"}, why: "Unicode normalisation of names"},
	{module: "github.com/wneessen/go-mail", rooms: []string{"mail"}, why: "SMTP as servers speak it: STARTTLS that cannot be stripped, AUTH, and MIME with encoded headers; net/smtp is frozen"},
	{module: "github.com/alecthomas/kong", rooms: []string{"cmd/countersign"}, why: "verbs, flags, environment and help from one struct"},
	{module: "golang.org/x/crypto", rooms: []string{"cmd/countersign", "enrolments"}, why: "certificates by ACME, by the Go project's own client; argon2id for answers that people could guess"},
	{module: "github.com/prometheus/client_golang", rooms: []string{"cmd/countersign/metrics"}, why: "counters, histograms and the text that Prometheus reads"},
	{module: "go.opentelemetry.io/otel", rooms: []string{"cmd/countersign/trace"}, why: "traces as every collector reads them, by the standard environment"},
	{module: "go.opentelemetry.io/otel/sdk", rooms: []string{"cmd/countersign/trace"}, why: "spans are gathered and sent in the background"},
	{module: "go.opentelemetry.io/otel/trace", rooms: []string{"cmd/countersign/trace"}, why: "what a span is"},
	{module: "go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp", rooms: []string{"cmd/countersign/trace"}, why: "the protocol of OpenTelemetry over HTTP"},
	{module: "github.com/schollz/progressbar/v3", rooms: []string{"cmd/countersign/..."}, why: "progress of long runs on a terminal"},
	{module: "golang.org/x/term", rooms: []string{"cmd/countersign/..."}, why: "whether there is a terminal"},
}

// startsParts are packages of the program that may import one for tests: the
// measurements run servers of their own.
var startsParts = map[string]string{
	"cmd/countersign/bench": "redisstore/redistest",
}

// testModules are for tests and *test packages alone.
var testModules = []string{
	"github.com/duosecurity/duo_api_golang",
	"github.com/emersion/go-sasl",
	"github.com/emersion/go-smtp",
	"github.com/google/go-cmp",
	"github.com/rogpeppe/go-internal",
	"go.uber.org/goleak",
	"pgregory.net/rapid",
}

// cardFolders are the top-level folders that the product was designed with;
// any other, and every package in internal, is named in docs/adr.
var cardFolders = []string{"cmd", "push", "approvals", "totp", "api", "mobile-stub"}

// vagueNames are what packages are called when nobody knows what they own.
var vagueNames = []string{"util", "utils", "common", "helper", "helpers", "model", "models", "config", "mock", "mocks", "manager"}
