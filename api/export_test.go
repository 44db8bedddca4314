package api

// What the tests of parsers reach for.
var (
	ParseWait     = parseWait
	ParseVersion  = parseVersion
	TokenOffered  = tokenOffered
	DecodeStrict  = decodeStrict
	Bearer        = bearer
	Neighbourhood = neighbourhood
)

// MaxAddresses bounds what a limit remembers.
const MaxAddresses = maxAddresses

// NewLimit and its methods.
var NewLimit = newLimit

// Remembered is how many addresses a limit remembers.
func (l *limit) Remembered() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.buckets)
}

// Take and Check are the limit's own.
var (
	Take  = (*limit).take
	Check = (*limit).check
)
