// Command opa-builtins answers calls of OPA's own built-in functions: the oracle that ours are compared with.
//
// It reads one JSON object a line, {"name", "args": [term text, ...]}, and writes one a line: {"result": term text}, {"err"}, or
// {} where the call is undefined. Result strings are JSON strings, invalid UTF-8 replaced as OPA does where it answers JSON.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/builtins"
)

// Frozen, as the tests' clock is.
var now = time.Unix(1_700_000_000, 0).UTC()

type call struct {
	Name string   `json:"name"`
	Args []string `json:"args"`
}

type answer struct {
	Result *string `json:"result,omitempty"`
	Err    string  `json:"err,omitempty"`
}

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(r io.Reader, w io.Writer) error {
	in := json.NewDecoder(bufio.NewReaderSize(r, 1<<20))
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for {
		var c call
		if err := in.Decode(&c); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := enc.Encode(run(c)); err != nil {
			return err
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
}

func run(c call) (a answer) {
	defer func() {
		if r := recover(); r != nil {
			a = answer{Err: fmt.Sprintf("panic: %v", r)}
		}
	}()
	f := topdown.GetBuiltin(c.Name)
	if f == nil {
		return answer{Err: "no such built-in"}
	}
	args := make([]*ast.Term, len(c.Args))
	for i, text := range c.Args {
		term, err := ast.ParseTerm(text)
		if err != nil {
			return answer{Err: "argument: " + err.Error()}
		}
		args[i] = term
	}
	err := f(quietContext(), args, func(t *ast.Term) error {
		text := "true"
		if t != nil {
			text = write(t.Value)
		}
		a.Result = &text
		return nil
	})
	if err != nil {
		return answer{Err: describe(c.Name, err)}
	}
	return a
}

func quietContext() topdown.BuiltinContext {
	return topdown.BuiltinContext{
		Context:      context.Background(),
		Metrics:      metrics.NoOp(),
		Seed:         rand.New(rand.NewSource(1)),
		Time:         ast.NumberTerm(json.Number(fmt.Sprint(now.UnixNano()))),
		Cache:        builtins.Cache{},
		Capabilities: ast.CapabilitiesForThisVersion(),
		PrintHook:    topdown.NewPrintHook(io.Discard),
	}
}

// describe words an error as the evaluator of OPA does.
func describe(name string, err error) string {
	var known *topdown.Error
	var operand builtins.ErrOperand
	switch {
	case errors.As(err, &known):
		return known.Code + ": " + known.Message
	case errors.As(err, &operand):
		return topdown.TypeErr + ": " + name + ": " + err.Error()
	}
	return topdown.BuiltinErr + ": " + name + ": " + err.Error()
}

// write is Value.String with strings as JSON has them.
func write(v ast.Value) string {
	switch v := v.(type) {
	case ast.String:
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(string(v)); err != nil {
			panic(err)
		}
		return strings.TrimSuffix(b.String(), "\n")
	case *ast.Array:
		return "[" + list(v.Foreach) + "]"
	case ast.Set:
		if v.Len() == 0 {
			return "set()"
		}
		return "{" + list(v.Foreach) + "}"
	case ast.Object:
		var members []string
		v.Foreach(func(key, value *ast.Term) { members = append(members, write(key.Value)+": "+write(value.Value)) })
		return "{" + strings.Join(members, ", ") + "}"
	}
	return v.String()
}

func list(each func(func(*ast.Term))) string {
	var members []string
	each(func(t *ast.Term) { members = append(members, write(t.Value)) })
	return strings.Join(members, ", ")
}
