package main

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Rules of trivy-checks call functions of the scanner that runs them. These stand in for two of them, so that the rules compile.
var scannerModules = map[string]string{
	"scanner/result.rego": `package scanner.result

new(message, cause) := object.union(
	{"msg": message},
	{key: value | some key in ["filepath", "startline", "endline", "fskey", "resource", "explicit"]; value := metadata(cause)[key]},
)

metadata(cause) := cause.__defsec_metadata if cause.__defsec_metadata

metadata(cause) := cause if not cause.__defsec_metadata
`,
	"scanner/scanner.rego": `package scanner

isManaged(resource) if resource.__defsec_metadata.managed

isManaged(resource) if not resource.__defsec_metadata
`,
}

// addScanner lets calls of the scanner's functions lead to the modules above, where any are made.
func (u *unit) addScanner() {
	found := false
	for name, module := range u.modules {
		imports := scannerImports(module)
		if imports == "" {
			continue
		}
		found = true
		row := module.Package.Location.Row
		lines := strings.SplitAfterN(u.texts[name], "\n", row+1)
		u.texts[name] = strings.Join(lines[:row], "") + imports + strings.Join(lines[row:], "")
		u.modules[name] = parse(name, u.texts[name])
	}
	for name, text := range scannerModules {
		if found {
			u.modules[name], u.texts[name] = ast.MustParseModule(text), text
		}
	}
}

func scannerImports(module *ast.Module) string {
	called := map[string]bool{}
	ast.WalkTerms(module, func(term *ast.Term) bool {
		if call, ok := term.Value.(ast.Call); ok {
			called[call[0].String()] = true
		}
		return false
	})
	ast.WalkExprs(module, func(expr *ast.Expr) bool {
		if expr.IsCall() {
			called[expr.Operator().String()] = true
		}
		return false
	})
	imports := ""
	if called["result.new"] {
		imports += "import data.scanner.result\n"
	}
	if called["isManaged"] {
		imports += "import data.scanner.isManaged\n"
	}
	return imports
}
