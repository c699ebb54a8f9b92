// Command opa-differential evaluates policies with OPA itself: the oracle that our host is compared with.
//
// Its arguments are folders of Go modules, whose Rego it finds as units: a package with what it imports. It reads one JSON
// object a line and writes one a line. Everything that a policy may not repeat, its time and runtime, is fixed.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

type request struct {
	Command string `json:"command"`
	Unit    string `json:"unit"`
	// Of `open`: a unit that the caller brings.
	Modules map[string]string `json:"modules"`
	Data    json.RawMessage   `json:"data"`
	// Of `compile`: built-ins that the host lacks.
	Lacked []string `json:"lacked"`
	// Of `eval`.
	Query  string   `json:"query"`
	Inputs []string `json:"inputs"`
}

func main() {
	if err := serve(os.Stdin, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(r io.Reader, w io.Writer, folders []string) error {
	o, err := newOracle(folders)
	if err != nil {
		return err
	}
	in := json.NewDecoder(bufio.NewReaderSize(r, 1<<20))
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for {
		var asked request
		if err := in.Decode(&asked); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := enc.Encode(o.answer(asked)); err != nil {
			return err
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
}

type failure struct {
	Error string `json:"error"`
}

func (o *oracle) answer(asked request) (answer any) {
	defer func() {
		if r := recover(); r != nil {
			answer = failure{fmt.Sprintf("panic: %v", r)}
		}
	}()
	answer, err := o.run(asked)
	if err != nil {
		return failure{err.Error()}
	}
	return answer
}

func (o *oracle) run(asked request) (any, error) {
	if asked.Command == "units" {
		return o.list(), nil
	}
	if asked.Command == "open" {
		return o.bring(asked.Unit, asked.Modules, asked.Data)
	}
	u := o.units[asked.Unit]
	if u == nil {
		return nil, fmt.Errorf("no unit %s", asked.Unit)
	}
	if err := u.open(); err != nil {
		return nil, err
	}
	switch asked.Command {
	case "describe":
		return u.describe(), nil
	case "compile":
		return u.build(asked.Lacked)
	case "eval":
		return u.evaluate(asked.Query, asked.Inputs)
	case "coverage":
		return u.report(), nil
	}
	return nil, fmt.Errorf("no command %s", asked.Command)
}
