package api

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed docs/page.html docs/style.css
var docsFiles embed.FS

// docsPolicy lets the page have its own style sheet and nothing else.
const docsPolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// describe registers the document of all routes, for programs and for people.
// It comes last: both are made once, of what was registered before.
func (a *API) describe() error {
	document := []byte{}
	page := bytes.Buffer{}
	style, err := docsFiles.ReadFile("docs/style.css")
	if err != nil {
		return err
	}
	text := func(kind string) map[string]*huma.Schema {
		return map[string]*huma.Schema{kind: {Type: huma.TypeString}}
	}
	plain(a, operation{route: "GET /openapi.json", id: "openapi", tag: tagServer, does: "This document"},
		a.anyone(), map[string]*huma.Schema{"application/json": {Type: huma.TypeObject}}, nil,
		func(w http.ResponseWriter, r *http.Request, by anyone) error {
			return serve("application/json", document)(w, r, by)
		})
	plain(a, operation{route: "GET /docs", id: "docs", tag: tagServer, does: "This document, for people"},
		a.anyone(), text("text/html"), nil, func(w http.ResponseWriter, r *http.Request, by anyone) error {
			w.Header().Set("Content-Security-Policy", docsPolicy)
			return serve("text/html; charset=utf-8", page.Bytes())(w, r, by)
		})
	plain(a, operation{route: "GET /docs/style.css", id: "docs-style", tag: tagServer, does: "The style of /docs"},
		a.anyone(), text("text/css"), nil, serve("text/css; charset=utf-8", style))
	if document, err = json.Marshal(a.huma.OpenAPI()); err != nil {
		return err
	}
	t, err := template.ParseFS(docsFiles, "docs/page.html")
	if err != nil {
		return err
	}
	return t.Execute(&page, a.pageOf(a.huma.OpenAPI()))
}

// docsPage and what follows are what the page shows.
type docsPage struct {
	About    string
	Groups   []docsGroup
	Problems []docsProblem
}

type docsGroup struct {
	Name, About string
	Routes      []docsRoute
}

type docsRoute struct {
	ID, Method, Path, Does, Security string
	Params, Body                     []docsMember
	Answers, Problems                []docsAnswer
}

type docsAnswer struct {
	Status, Kinds string
	Members       []docsMember
}

type docsMember struct {
	Name, Type, Means string
	Required          bool
}

type docsProblem struct {
	Kind, Title, Detail string
	Status              int
}

func (a *API) pageOf(o *huma.OpenAPI) docsPage {
	out := docsPage{About: o.Info.Description}
	for _, tag := range o.Tags {
		out.Groups = append(out.Groups, docsGroup{Name: tag.Name, About: tag.Description, Routes: routesOf(o, tag.Name)})
	}
	for _, m := range meanings {
		out.Problems = append(out.Problems, docsProblem{m.kind, m.title, m.detail, m.status})
	}
	return out
}

func routesOf(o *huma.OpenAPI, tag string) []docsRoute {
	var out []docsRoute
	for _, item := range o.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil && slices.Contains(op.Tags, tag) {
				out = append(out, routeOf(o, op))
			}
		}
	}
	slices.SortFunc(out, func(x, y docsRoute) int {
		return cmp.Or(cmp.Compare(x.Path, y.Path), cmp.Compare(x.Method, y.Method))
	})
	return out
}

func routeOf(o *huma.OpenAPI, op *huma.Operation) docsRoute {
	out := docsRoute{ID: op.OperationID, Method: op.Method, Path: op.Path, Does: op.Summary}
	for _, scheme := range op.Security {
		for name := range scheme {
			out.Security = o.Components.SecuritySchemes[name].Description
			out.Security = strings.ToLower(out.Security[:1]) + strings.TrimSuffix(out.Security[1:], ".")
		}
	}
	for _, p := range op.Parameters {
		out.Params = append(out.Params, docsMember{p.Name, typeOf(p.Schema), cmp.Or(p.Description, p.Schema.Description), p.Required})
	}
	if op.RequestBody != nil {
		out.Body = membersOf(o, op.RequestBody.Content["application/json"])
	}
	for status, response := range op.Responses {
		if response.Content[problemType] != nil {
			out.Problems = append(out.Problems, docsAnswer{Status: status, Kinds: response.Description})
			continue
		}
		answer := docsAnswer{Status: status, Members: membersOf(o, response.Content["application/json"])}
		answer.Kinds = strings.Join(contentTypes(response), ", ")
		out.Answers = append(out.Answers, answer)
	}
	slices.SortFunc(out.Problems, func(x, y docsAnswer) int { return cmp.Compare(x.Status, y.Status) })
	return out
}

func contentTypes(r *huma.Response) []string {
	var out []string
	for kind := range r.Content {
		out = append(out, kind)
	}
	slices.Sort(out)
	return out
}

// membersOf lists the members of a body, in the order of their names.
func membersOf(o *huma.OpenAPI, m *huma.MediaType) []docsMember {
	if m == nil || m.Schema == nil {
		return nil
	}
	schema := m.Schema
	if schema.Ref != "" {
		schema = o.Components.Schemas.SchemaFromRef(schema.Ref)
	}
	var out []docsMember
	for name, member := range schema.Properties {
		out = append(out, docsMember{name, typeOf(member), member.Description, slices.Contains(schema.Required, name)})
	}
	slices.SortFunc(out, func(x, y docsMember) int { return cmp.Compare(x.Name, y.Name) })
	return out
}

// typeOf says in a word what a member is.
func typeOf(s *huma.Schema) string {
	switch {
	case s.Ref != "":
		return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
	case s.Items != nil:
		return "list of " + typeOf(s.Items)
	case len(s.Enum) > 0:
		raw, err := json.Marshal(s.Enum)
		if err != nil {
			return s.Type
		}
		return strings.Trim(strings.ReplaceAll(strings.ReplaceAll(string(raw), `"`, ""), ",", " | "), "[]")
	}
	return strings.TrimSpace(s.Type + " " + s.Format)
}
