// Package arch holds the map of the house as a test: which room may import
// which, the one home of each third-party module, and what a room may never
// reach. It reads the import clauses of every Go file under the module's root,
// whatever its build tags, so that nothing hides behind one.
//
// The map itself is in map.go and is meant to be read. A new package, module or
// top-level folder fails here until it has a line there (and, for a folder, a
// reason in docs/adr): that is the moment to ask whether it is needed.
//
// No program imports this package.
package arch
