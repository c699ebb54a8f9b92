package main

import (
	"encoding/json"
	"sort"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"
)

// shape is what the rules of a unit expect at one place of their input: the schema that most policies are written without.
type shape struct {
	Fields   map[string]*shape `json:"fields,omitempty"`
	Elem     *shape            `json:"elem,omitempty"`
	Literals []json.RawMessage `json:"literals,omitempty"`
	Types    []string          `json:"types,omitempty"`
	known    map[string]bool
	id       int
}

const (
	maxDepth  = 12
	maxPlaces = 32
)

var shapes int

func newShape() *shape {
	shapes++
	return &shape{known: map[string]bool{}, id: shapes}
}

func (s *shape) note(literal json.RawMessage) {
	if len(s.Literals) < 64 && !s.known["= "+string(literal)] {
		s.known["= "+string(literal)] = true
		s.Literals = append(s.Literals, literal)
	}
}

func (s *shape) typed(name string) {
	if !s.known["type "+name] {
		s.known["type "+name] = true
		s.Types = append(s.Types, name)
	}
}

// place is a set of shapes that a term may stand for; virtual ones stand for collections that rules build.
type place struct {
	at    *shape
	depth int
	elems *places
}
type places map[*shape]place

// sorted makes what is learnt the same in every run.
func (p places) sorted() []place {
	all := make([]place, 0, len(p))
	for _, one := range p {
		all = append(all, one)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].at.id < all[j].at.id })
	return all
}

func (p places) add(more places) bool {
	grown := false
	for _, one := range more.sorted() {
		if _, ok := p[one.at]; !ok && len(p) < maxPlaces {
			p[one.at] = one
			grown = true
		}
	}
	return grown
}

func (p places) field(name string) places {
	next := places{}
	for _, one := range p.sorted() {
		if one.elems != nil {
			next.add(*one.elems)
			continue
		}
		if one.depth >= maxDepth {
			continue
		}
		if one.at.Fields == nil {
			one.at.Fields = map[string]*shape{}
		}
		if one.at.Fields[name] == nil {
			one.at.Fields[name] = newShape()
		}
		next[one.at.Fields[name]] = place{at: one.at.Fields[name], depth: one.depth + 1}
	}
	return next
}

func (p places) elem() places {
	next := places{}
	for _, one := range p.sorted() {
		if one.elems != nil {
			next.add(*one.elems)
			continue
		}
		if one.depth >= maxDepth {
			continue
		}
		if one.at.Elem == nil {
			one.at.Elem = newShape()
		}
		next[one.at.Elem] = place{at: one.at.Elem, depth: one.depth + 1}
	}
	return next
}

func (p places) note(term *ast.Term) {
	literal, err := ast.JSON(term.Value)
	if err != nil {
		return
	}
	text, err := json.Marshal(literal)
	if err != nil || len(text) > 512 {
		return
	}
	for at := range p {
		at.note(text)
	}
}

func (p places) typed(of types.Type) {
	for _, option := range optionsOf(of) {
		for at := range p {
			at.typed(option)
		}
	}
}

func optionsOf(of types.Type) []string {
	switch of := of.(type) {
	case types.String, *types.String:
		return []string{"string"}
	case types.Number, *types.Number:
		return []string{"number"}
	case types.Boolean, *types.Boolean:
		return []string{"boolean"}
	case *types.Array, *types.Set:
		return []string{"array"}
	case *types.Object:
		return []string{"object"}
	case types.Any:
		var options []string
		for _, one := range of {
			options = append(options, optionsOf(one)...)
		}
		return options
	case *types.NamedType:
		return optionsOf(of.Type)
	}
	return nil
}

type description struct {
	Shape    *shape            `json:"shape"`
	Literals []json.RawMessage `json:"literals"`
}

// describe follows the input through all rules until nothing new is learnt.
func (u *unit) describe() description {
	w := newWalker(u.compiler.Modules)
	for range 8 {
		w.grown = false
		for _, rule := range w.rules {
			w.rule(rule)
		}
		if !w.grown {
			break
		}
	}
	return description{w.root, u.literals()}
}

// literals are the texts and numbers that stand in the rules themselves and in their data.
func (u *unit) literals() []json.RawMessage {
	found := map[string]bool{}
	collect := func(term *ast.Term) bool {
		switch term.Value.(type) {
		case ast.Ref:
			return true
		case ast.String, ast.Number:
			if text, err := json.Marshal(mustJSON(term.Value)); err == nil && len(text) < 128 {
				found[string(text)] = true
			}
		}
		return false
	}
	for _, module := range u.compiler.Modules {
		for _, rule := range module.Rules {
			ast.WalkTerms(rule, collect)
		}
	}
	if data, err := ast.InterfaceToValue(u.data); err == nil {
		ast.WalkTerms(ast.NewTerm(data), collect)
	}
	texts := make([]string, 0, len(found))
	for text := range found {
		texts = append(texts, text)
	}
	sort.Strings(texts)
	literals := []json.RawMessage{}
	for i, text := range texts {
		if i == 2000 {
			break
		}
		literals = append(literals, json.RawMessage(text))
	}
	return literals
}

func mustJSON(value ast.Value) any {
	plain, err := ast.JSON(value)
	if err != nil {
		panic(err)
	}
	return plain
}
