package arch

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// check returns what in files breaks the map, a line each.
func check(files []file) []string {
	var wrong []string
	for _, f := range files {
		if problem := checkName(f); problem != "" {
			wrong = append(wrong, problem)
		}
		for _, imported := range f.imports {
			if problem := checkImport(f, imported); problem != "" {
				wrong = append(wrong, fmt.Sprintf("%s imports %s: %s", f.path, imported, problem))
			}
		}
	}
	slices.Sort(wrong)
	return slices.Compact(wrong)
}

func checkName(f file) string {
	if f.folder() == "." {
		return f.path + ": no package at the root; the rooms are folders"
	}
	if slices.Contains(vagueNames, path.Base(f.folder())) {
		return f.folder() + ": a package is named after what it owns"
	}
	if _, ok := roomOf(f.folder()); !ok {
		return f.folder() + ": not in the map; give it a line in internal/arch/map.go"
	}
	return ""
}

func checkImport(f file, imported string) string {
	first, rest, _ := strings.Cut(imported, "/")
	switch {
	case first == module:
		return checkRoom(f, rest)
	case strings.Contains(first, "."):
		return checkHome(f, imported)
	}
	return checkStandard(f, imported)
}

// checkRoom judges an import of ours.
func checkRoom(f file, target string) string {
	if isTestPackage(target) && !f.isTest() && startsParts[f.folder()] != target {
		return "a package for tests, in the program"
	}
	r, _ := roomOf(f.folder())
	if target == f.folder() || matchesAny(r.imports, target) || goesFurther(f, target) {
		return ""
	}
	return "the map has no such arrow"
}

// goesFurther: a _test.go file drives its room from outside and may import
// anything of ours but the program. mobile-stub's may not, for the reason given
// in the map.
func goesFurther(f file, target string) bool {
	return strings.HasSuffix(f.path, "_test.go") &&
		!matches("mobile-stub/...", f.folder()) && !matches("cmd/...", target)
}

func checkHome(f file, imported string) string {
	for _, name := range testModules {
		if within(imported, name) {
			if f.isTest() {
				return ""
			}
			return "for tests alone"
		}
	}
	for _, h := range homes {
		if within(imported, h.module) {
			if matchesAny(h.rooms, f.folder()) || h.tests && f.isTest() {
				return ""
			}
			return "its home is " + strings.Join(h.rooms, " and ")
		}
	}
	return "no home in the map"
}

func checkStandard(f file, imported string) string {
	if f.isTest() {
		return ""
	}
	for _, never := range neverStandard[f.folder()] {
		if within(imported, never) {
			return "the domain knows neither HTTP nor SQL"
		}
	}
	return ""
}

// checkDirect returns what go.mod requires and the map gives no home.
func checkDirect(direct []string) []string {
	var wrong []string
	for _, name := range direct {
		known := slices.Contains(testModules, name) ||
			slices.ContainsFunc(homes, func(h home) bool { return h.module == name })
		if !known {
			wrong = append(wrong, "go.mod requires "+name+": no home in the map")
		}
	}
	return wrong
}

// checkFolders returns the folders, and the packages in internal, that were
// added to the design and that no decision explains.
func checkFolders(folders []string, files []file, decisions string) []string {
	extra := slices.DeleteFunc(slices.Clone(folders), func(folder string) bool {
		return folder == "internal" || slices.Contains(cardFolders, folder)
	})
	for _, f := range files {
		if strings.HasPrefix(f.path, "internal/") {
			extra = append(extra, f.folder())
		}
	}
	slices.Sort(extra)
	var wrong []string
	for _, folder := range slices.Compact(extra) {
		if !strings.Contains(decisions, "`"+folder+"`") {
			wrong = append(wrong, folder+": no reason for it in docs/adr")
		}
	}
	return wrong
}

func roomOf(folder string) (room, bool) {
	i := slices.IndexFunc(rooms, func(r room) bool { return matches(r.path, folder) })
	if i < 0 {
		return room{}, false
	}
	return rooms[i], true
}

func matchesAny(patterns []string, folder string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, folder) })
}

// matches reads a pattern as the go command does: "a/..." is a and all below.
func matches(pattern, folder string) bool {
	if pattern == "..." {
		return true
	}
	base, below := strings.CutSuffix(pattern, "/...")
	return folder == base || below && strings.HasPrefix(folder, base+"/")
}

// within reports whether an import path is name or below it.
func within(imported, name string) bool {
	return imported == name || strings.HasPrefix(imported, name+"/")
}
