// Command opa-cases compiles OPA's own test cases to WebAssembly, all in this one process, and writes them to stdout.
//
// Each case is two frames, each a big-endian length of 32 bits and its bytes: the case as JSON, then the module (empty where
// it does not compile: the JSON says why). The argument is the folder of OPA's Go module, which go.mod pins.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/test/cases"
	"github.com/open-policy-agent/opa/v1/types"
)

var versions = []struct {
	name string
	rego ast.RegoVersion
}{{"v0", ast.RegoV0}, {"v1", ast.RegoV1}}

// frame is a test case with what the runner must know besides.
type frame struct {
	cases.TestCase
	Version      string `json:"version"`
	File         string `json:"file"`
	CompileError string `json:"compile_error,omitempty"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: opa-cases <folder of OPA's module>")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dir string, w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<20)
	declareTestBuiltins()
	for _, version := range versions {
		root := filepath.Join(dir, "v1/test/cases/testdata", version.name)
		set, err := cases.Load(root)
		if err != nil {
			return err
		}
		for _, tc := range set.Sorted().Cases {
			file, _ := filepath.Rel(root, tc.Filename)
			f := frame{TestCase: tc, Version: version.name, File: file}
			if tc.InputTerm != nil {
				// As OPA prints it: the text of a case may hold trailing commas, which the module's parser refuses.
				printed := ast.MustParseTerm(*tc.InputTerm).String()
				f.InputTerm = &printed
			}
			wasm, err := compile(tc, version.rego)
			if err != nil {
				f.CompileError = err.Error()
			}
			text, err := json.Marshal(f)
			if err != nil {
				return err
			}
			if err := write(out, text, wasm); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}

func compile(tc cases.TestCase, version ast.RegoVersion) ([]byte, error) {
	opts := []func(*rego.Rego){
		rego.Query(tc.Query),
		rego.SetRegoVersion(version),
		rego.Capabilities(ast.CapabilitiesForThisVersion(ast.CapabilitiesExperimentalKeywords(tc.ExperimentalKeywords))),
	}
	for i, text := range tc.Modules {
		opts = append(opts, rego.Module(fmt.Sprintf("module-%d.rego", i), text))
	}
	result, err := rego.New(opts...).Compile(context.Background())
	if err != nil {
		return nil, err
	}
	return result.Bytes, nil
}

func write(w io.Writer, frames ...[]byte) error {
	for _, bytes := range frames {
		if err := binary.Write(w, binary.BigEndian, uint32(len(bytes))); err != nil {
			return err
		}
		if _, err := w.Write(bytes); err != nil {
			return err
		}
	}
	return nil
}

// declareTestBuiltins makes known to the compiler what only OPA's tests have. It is never called here.
func declareTestBuiltins() {
	rego.RegisterBuiltin1(&rego.Function{
		Name: "test.sleep",
		Decl: types.NewFunction(types.Args(types.S), types.NewNull()),
	}, func(rego.BuiltinContext, *ast.Term) (*ast.Term, error) { return ast.NullTerm(), nil })
}
