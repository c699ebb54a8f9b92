package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/util"
)

// unit is one package with all that it imports from its module, and the data that lies beside it.
type unit struct {
	id      string
	query   string
	modules map[string]*ast.Module
	texts   map[string]string
	// Names in modules of the package's own files, by which its coverage is counted.
	own      []string
	data     map[string]any
	compiler *ast.Compiler
	prepared map[string]*rego.PreparedEvalQuery
	cover    *cover.Cover
	seen     *lineTracer
}

type oracle struct {
	units map[string]*unit
	order []string
}

// source is one file of a module, parsed.
type source struct {
	path   string
	dir    string
	pkg    string
	text   string
	module *ast.Module
}

func newOracle(folders []string) (*oracle, error) {
	o := &oracle{units: map[string]*unit{}}
	for _, folder := range folders {
		sources, err := read(folder)
		if err != nil {
			return nil, err
		}
		o.find(folder, sources)
	}
	sort.Strings(o.order)
	return o, nil
}

func read(folder string) ([]source, error) {
	var sources []source
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".rego") || strings.HasSuffix(path, "_test.rego") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(filepath.Dir(folder), path)
		module := parse(name, string(text))
		if module == nil {
			return nil
		}
		pkg := strings.TrimPrefix(module.Package.Path.String(), "data.")
		sources = append(sources, source{name, filepath.Dir(path), pkg, string(text), module})
		return nil
	})
	return sources, err
}

// parse tries both versions of the language: modules seldom say which one their files are in.
func parse(name, text string) *ast.Module {
	for _, version := range []ast.RegoVersion{ast.RegoV1, ast.RegoV0} {
		module, err := ast.ParseModuleWithOpts(name, text, ast.ParserOptions{RegoVersion: version, ProcessAnnotation: false})
		if err == nil && module != nil {
			return module
		}
	}
	return nil
}

func (o *oracle) find(folder string, sources []source) {
	groups := map[string][]source{}
	for _, s := range sources {
		groups[s.dir+"\x00"+s.pkg] = append(groups[s.dir+"\x00"+s.pkg], s)
	}
	for _, group := range groups {
		if !hasRules(group) {
			continue
		}
		u := &unit{modules: map[string]*ast.Module{}, texts: map[string]string{}, data: readData(group[0].dir)}
		for _, s := range group {
			u.own = append(u.own, s.path)
		}
		u.addImports(group, sources)
		u.addScanner()
		u.query = group[0].module.Package.Path.String()
		rel, _ := filepath.Rel(filepath.Dir(folder), group[0].dir)
		u.id = rel + " " + group[0].pkg
		o.units[u.id] = u
		o.order = append(o.order, u.id)
	}
}

func hasRules(group []source) bool {
	for _, s := range group {
		for _, rule := range s.module.Rules {
			if len(rule.Head.Args) == 0 && !rule.Default {
				return true
			}
		}
	}
	return false
}

func (u *unit) addImports(group, all []source) {
	for queue := group; len(queue) > 0; queue = queue[1:] {
		s := queue[0]
		if u.modules[s.path] != nil {
			continue
		}
		u.modules[s.path], u.texts[s.path] = s.module, s.text
		for _, path := range referred(s.module) {
			queue = append(queue, nearest(path, group[0], all)...)
		}
	}
}

// referred gives the paths under data that a module names.
func referred(module *ast.Module) []string {
	var paths []string
	ast.WalkRefs(module, func(ref ast.Ref) bool {
		if ref.HasPrefix(ast.DefaultRootRef) {
			paths = append(paths, strings.TrimPrefix(ref.ConstantPrefix().String(), "data."))
		}
		return false
	})
	return paths
}

// nearest gives the files of the packages that a path leads into: of several folders with one, those closest by.
func nearest(path string, from source, all []source) []source {
	best, shared := []source{}, -1
	for _, s := range all {
		if s.pkg == from.pkg || (path != s.pkg && !strings.HasPrefix(path, s.pkg+".")) {
			continue
		}
		switch n := commonPrefix(s.dir, from.dir); {
		case n > shared:
			best, shared = []source{s}, n
		case n == shared:
			best = append(best, s)
		}
	}
	return best
}

func commonPrefix(left, right string) int {
	a, b := strings.Split(left, "/"), strings.Split(right, "/")
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func readData(dir string) map[string]any {
	for _, name := range []string{"data.json", "data.yaml"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		var data map[string]any
		if err == nil && util.Unmarshal(text, &data) == nil && data != nil {
			return data
		}
	}
	return map[string]any{}
}

type listed struct {
	ID       string   `json:"id"`
	Query    string   `json:"query"`
	Path     string   `json:"path"`
	Error    string   `json:"error,omitempty"`
	Builtins []string `json:"builtins"`
}

// list opens every unit: what does not compile says why.
func (o *oracle) list() []listed {
	units := make([]listed, 0, len(o.order))
	for _, id := range o.order {
		u := o.units[id]
		found := listed{ID: id, Query: u.query, Path: u.path(), Builtins: []string{}}
		if err := u.open(); err != nil {
			found.Error = err.Error()
		} else {
			found.Builtins = u.builtins()
		}
		units = append(units, found)
	}
	return units
}

func (o *oracle) bring(id string, texts map[string]string, data json.RawMessage) (any, error) {
	u := &unit{id: id, modules: map[string]*ast.Module{}, texts: texts}
	for name, text := range texts {
		module, err := ast.ParseModuleWithOpts(name, text, ast.ParserOptions{})
		if err != nil {
			return nil, err
		}
		u.modules[name] = module
		u.own = append(u.own, name)
		u.query = module.Package.Path.String()
	}
	if err := util.UnmarshalJSON(data, &u.data); err != nil {
		return nil, err
	}
	o.units[id] = u
	return struct{}{}, u.open()
}

func (u *unit) open() error {
	if u.compiler != nil {
		return nil
	}
	compiler := ast.NewCompiler().WithEnablePrintStatements(false)
	copies := map[string]*ast.Module{}
	for name, module := range u.modules {
		copies[name] = module.Copy()
	}
	if compiler.Compile(copies); compiler.Failed() {
		return fmt.Errorf("%s: %w", u.id, compiler.Errors)
	}
	u.compiler = compiler
	u.prepared = map[string]*rego.PreparedEvalQuery{}
	u.cover = cover.New()
	u.seen = newLineTracer()
	return nil
}

func (u *unit) builtins() []string {
	names := []string{}
	for _, builtin := range u.compiler.Required.Builtins {
		names = append(names, builtin.Name)
	}
	sort.Strings(names)
	return names
}
