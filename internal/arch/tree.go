package arch

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// file is one Go file's part in the map.
type file struct {
	// path is slash-separated from the module's root: "api/duo/duo.go".
	path    string
	imports []string
}

// folder is the file's package as a path from the module's root.
func (f file) folder() string { return path.Dir(f.path) }

// isTest reports whether the file is in no program: a test, or of a package
// that exists for tests.
func (f file) isTest() bool {
	return strings.HasSuffix(f.path, "_test.go") || isTestPackage(f.folder())
}

// isTestPackage goes by the name, as net/http/httptest does.
func isTestPackage(folder string) bool { return strings.HasSuffix(folder, "test") }

// readTree reads the imports of every Go file under root.
func readTree(root string) ([]file, error) {
	var files []file
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != root && notOurs(entry.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		f, err := readFile(root, name)
		files = append(files, f)
		return err
	})
	return files, err
}

// notOurs names the folders that the go command passes over, and node's.
func notOurs(folder string) bool {
	return folder == "testdata" || folder == "node_modules" || strings.HasPrefix(folder, ".") || strings.HasPrefix(folder, "_")
}

func readFile(root, name string) (file, error) {
	rel, err := filepath.Rel(root, name)
	if err != nil {
		return file{}, err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		return file{}, err
	}
	f := file{path: filepath.ToSlash(rel)}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return file{}, err
		}
		f.imports = append(f.imports, imported)
	}
	return f, nil
}

// readFolders are the top-level folders that are kept: not hidden, and not
// passed over by .gitignore.
func readFolders(root string) ([]string, error) {
	ignore, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		return nil, err
	}
	ignored := map[string]bool{}
	for line := range strings.Lines(string(ignore)) {
		ignored[strings.Trim(strings.TrimSpace(line), "/")] = true
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	var folders []string
	for _, entry := range entries {
		if entry.IsDir() && !notOurs(entry.Name()) && !ignored[entry.Name()] {
			folders = append(folders, entry.Name())
		}
	}
	return folders, nil
}

// readDecisions is the text of docs/adr.
func readDecisions(root string) (string, error) {
	names, err := filepath.Glob(filepath.Join(root, "docs", "adr", "*.md"))
	if err != nil {
		return "", err
	}
	var all strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		all.Write(text)
	}
	return all.String(), nil
}

// readDirect reads the modules that go.mod requires for us rather than for
// another module.
func readDirect(root string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, err
	}
	var direct []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "require ")
		name, version, ok := strings.Cut(line, " ")
		if ok && strings.HasPrefix(version, "v") && !strings.Contains(version, "// indirect") {
			direct = append(direct, name)
		}
	}
	return direct, nil
}
