package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/compile"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
)

var now = time.Unix(1_700_000_000, 0).UTC()

const deadline = 20 * time.Second

type answer struct {
	Result *json.RawMessage `json:"result,omitempty"`
	Error  string           `json:"error,omitempty"`
	// Whether the input led to a line that none before it had.
	Fresh bool `json:"fresh,omitempty"`
}

func (u *unit) evaluate(query string, inputs []string) ([]answer, error) {
	prepared, err := u.prepare(query)
	if err != nil {
		return nil, err
	}
	answers := make([]answer, len(inputs))
	for i, text := range inputs {
		input, err := ast.ValueFromReader(strings.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("input: %w", err)
		}
		answers[i] = u.once(prepared, input)
	}
	return answers, nil
}

func (u *unit) prepare(query string) (*rego.PreparedEvalQuery, error) {
	if found := u.prepared[query]; found != nil {
		return found, nil
	}
	prepared, err := rego.New(
		rego.Query(query),
		rego.Compiler(u.compiler),
		rego.Store(inmem.NewFromObject(u.data)),
		rego.Runtime(ast.ObjectTerm()),
	).PrepareForEval(context.Background())
	if err != nil {
		return nil, err
	}
	u.prepared[query] = &prepared
	return &prepared, nil
}

func (u *unit) once(prepared *rego.PreparedEvalQuery, input ast.Value) answer {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	before := len(u.seen.lines)
	results, err := prepared.Eval(ctx,
		rego.EvalParsedInput(input),
		rego.EvalTime(now),
		rego.EvalQueryTracer(u.cover),
		rego.EvalQueryTracer(u.seen),
	)
	a := answer{Fresh: len(u.seen.lines) > before}
	var known *topdown.Error
	switch {
	case errors.As(err, &known):
		a.Error = known.Code
	case err != nil:
		a.Error = err.Error()
	case len(results) == 1:
		var text bytes.Buffer
		enc := json.NewEncoder(&text)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(results[0].Expressions[0].Value); err != nil {
			a.Error = err.Error()
			return a
		}
		raw := json.RawMessage(bytes.TrimSpace(text.Bytes()))
		a.Result = &raw
	}
	return a
}

type built struct {
	Bundle string `json:"bundle"`
}

// build is what `opa build -t wasm` does, with the package as its one entrypoint.
func (u *unit) build(lacked []string) (*built, error) {
	b := bundle.Bundle{Data: u.data}
	b.Manifest.Init()
	b.Manifest.SetRegoVersion(ast.RegoV1)
	b.Manifest.FileRegoVersions = map[string]int{}
	roots := map[string]bool{}
	for name := range u.data {
		roots[name] = true
	}
	for name, module := range u.modules {
		roots[firstOf(module.Package.Path)] = true
		b.Modules = append(b.Modules, bundle.ModuleFile{
			URL: "/" + name, Path: "/" + name, Parsed: module.Copy(), Raw: []byte(u.texts[name]),
		})
		if module.RegoVersion() == ast.RegoV0 {
			b.Manifest.FileRegoVersions["/"+name] = 0
		}
	}
	sort.Slice(b.Modules, func(i, j int) bool { return b.Modules[i].Path < b.Modules[j].Path })
	names := []string{}
	for root := range roots {
		names = append(names, root)
	}
	sort.Strings(names)
	b.Manifest.Roots = &names
	compiler := compile.New().
		WithTarget(compile.TargetWasm).
		WithAsBundle(true).
		WithBundle(&b).
		WithCapabilities(without(lacked)).
		WithEntrypoints(u.path())
	if err := compiler.Build(context.Background()); err != nil {
		return nil, err
	}
	result := compiler.Bundle()
	result.Modules = nil
	var archive bytes.Buffer
	if err := bundle.NewWriter(&archive).DisableFormat(true).Write(*result); err != nil {
		return nil, err
	}
	return &built{base64.StdEncoding.EncodeToString(archive.Bytes())}, nil
}

// path is the package as entrypoints name it.
func (u *unit) path() string {
	var parts []string
	for _, term := range u.modules[u.own[0]].Package.Path[1:] {
		parts = append(parts, string(term.Value.(ast.String)))
	}
	return strings.Join(parts, "/")
}

func firstOf(path ast.Ref) string {
	return strings.Trim(path[1].Value.String(), `"`)
}

func without(lacked []string) *ast.Capabilities {
	left := map[string]bool{}
	for _, name := range lacked {
		left[name] = true
	}
	all := ast.CapabilitiesForThisVersion()
	kept := *all
	kept.Builtins = nil
	for _, builtin := range all.Builtins {
		if !left[builtin.Name] {
			kept.Builtins = append(kept.Builtins, builtin)
		}
	}
	return &kept
}

// lineTracer notes the lines that evaluation came to.
type lineTracer struct{ lines map[string]bool }

func newLineTracer() *lineTracer { return &lineTracer{map[string]bool{}} }

func (*lineTracer) Enabled() bool               { return true }
func (*lineTracer) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

func (t *lineTracer) TraceEvent(event topdown.Event) {
	if event.Op != topdown.EvalOp && event.Op != topdown.ExitOp {
		return
	}
	if event.Location != nil {
		t.lines[fmt.Sprintf("%s %s:%d", event.Op, event.Location.File, event.Location.Row)] = true
	}
}

type covered struct {
	Covered    int `json:"covered"`
	NotCovered int `json:"not_covered"`
}

// report counts the lines of the package's own files, by file.
func (u *unit) report() map[string]covered {
	report := u.cover.Report(u.modules)
	files := map[string]covered{}
	for _, name := range u.own {
		if file := report.Files[name]; file != nil {
			files[name] = covered{file.CoveredLines, file.NotCoveredLines}
		}
	}
	return files
}
