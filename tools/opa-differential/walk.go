package main

import (
	"sort"

	"github.com/open-policy-agent/opa/v1/ast"
)

// walker learns the shape of the input from the compiled rules: where it is looked into, and what its parts meet.
type walker struct {
	root    *shape
	rules   []*ast.Rule
	values  map[string]places
	params  map[string][]places
	env     map[*ast.Rule]map[ast.Var]places
	virtual map[*ast.Term]place
	grown   bool
	local   map[ast.Var]places
}

func newWalker(modules map[string]*ast.Module) *walker {
	w := &walker{
		root: newShape(), values: map[string]places{}, params: map[string][]places{},
		env: map[*ast.Rule]map[ast.Var]places{}, virtual: map[*ast.Term]place{},
	}
	names := []string{}
	for name := range modules {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		for _, rule := range modules[name].Rules {
			for ; rule != nil; rule = rule.Else {
				w.rules = append(w.rules, rule)
			}
		}
	}
	return w
}

func (w *walker) grow(onto places, more places) {
	if onto.add(more) {
		w.grown = true
	}
}

func (w *walker) bind(name ast.Var, more places) {
	if w.local[name] == nil {
		w.local[name] = places{}
	}
	w.grow(w.local[name], more)
}

func (w *walker) rule(rule *ast.Rule) {
	if w.env[rule] == nil {
		w.env[rule] = map[ast.Var]places{}
	}
	w.local = w.env[rule]
	name := rule.Ref().GroundPrefix().String()
	for i, arg := range rule.Head.Args {
		w.meet(arg, w.paramOf(name, i))
	}
	w.body(rule.Body)
	if w.values[name] == nil {
		w.values[name] = places{}
	}
	given := places{}
	if rule.Head.Value != nil {
		given.add(w.term(rule.Head.Value))
	}
	if rule.Head.RuleKind() == ast.MultiValue && rule.Head.Key != nil {
		given = w.collection(rule.Head.Key, w.term(rule.Head.Key))
	} else if !rule.Ref().IsGround() && rule.Head.Value != nil {
		given = w.collection(rule.Head.Value, given)
	}
	w.grow(w.values[name], given)
}

func (w *walker) paramOf(name string, i int) places {
	for len(w.params[name]) <= i {
		w.params[name] = append(w.params[name], places{})
	}
	return w.params[name][i]
}

// collection stands for a set, an array or an object that a rule makes of these members.
func (w *walker) collection(by *ast.Term, members places) places {
	one, ok := w.virtual[by]
	if !ok {
		one = place{at: newShape(), elems: &places{}}
		w.virtual[by] = one
	}
	w.grow(*one.elems, members)
	return places{one.at: one}
}

func (w *walker) body(body ast.Body) {
	for _, expr := range body {
		switch terms := expr.Terms.(type) {
		case *ast.Term:
			for at := range w.term(terms) {
				at.note([]byte("true"))
			}
		case *ast.Every:
			if name, ok := terms.Value.Value.(ast.Var); ok {
				w.bind(name, w.term(terms.Domain).elem())
			}
			w.body(terms.Body)
		case []*ast.Term:
			w.call(expr, terms[1:])
		}
	}
}

// meet makes a pattern and places one: a variable stands for them, a literal is what they may hold.
func (w *walker) meet(pattern *ast.Term, at places) {
	switch value := pattern.Value.(type) {
	case ast.Var:
		w.bind(value, at)
		w.grow(at, w.local[value])
	case *ast.Array:
		for i := range value.Len() {
			w.meet(value.Elem(i), at.elem())
		}
	case ast.Object:
		value.Foreach(func(key, member *ast.Term) {
			if name, ok := key.Value.(ast.String); ok {
				w.meet(member, at.field(string(name)))
			}
		})
	case ast.String, ast.Number, ast.Boolean, ast.Null:
		at.note(pattern)
	}
}

func (w *walker) call(expr *ast.Expr, args []*ast.Term) {
	name := expr.Operator().String()
	if w.isFunction(name) {
		for i, arg := range args {
			at := w.term(arg)
			if i < len(w.params[name]) {
				w.grow(w.paramOf(name, i), at)
			} else {
				w.meet(arg, w.values[name])
			}
			if isScalar(arg) && i < len(w.params[name]) {
				w.paramOf(name, i).note(arg)
			}
		}
		return
	}
	switch name {
	case "eq", "assign", "equal", "neq":
		left, right := w.term(args[0]), w.term(args[1])
		w.meet(args[1], left)
		w.meet(args[0], right)
	case "internal.member_2":
		w.member(args[0], args[1])
	case "internal.member_3":
		w.member(args[1], args[2])
	case "walk":
		w.walk(args)
	case "object.get":
		w.objectGet(args)
	default:
		w.builtin(name, args)
	}
}

func (w *walker) isFunction(name string) bool {
	return len(w.params[name]) > 0
}

func (w *walker) member(item, of *ast.Term) {
	w.meet(item, w.term(of).elem())
	members := w.term(item)
	eachMember(of, func(member *ast.Term) { members.note(member) })
}

func eachMember(of *ast.Term, do func(*ast.Term)) {
	switch value := of.Value.(type) {
	case *ast.Array:
		value.Foreach(do)
	case ast.Set:
		value.Foreach(do)
	}
}

func (w *walker) walk(args []*ast.Term) {
	if len(args) != 2 {
		return
	}
	pair, ok := args[1].Value.(*ast.Array)
	if !ok || pair.Len() != 2 {
		return
	}
	all := places{}
	for _, one := range w.term(args[0]).sorted() {
		below(one, all)
	}
	w.meet(pair.Elem(1), all)
}

func below(one place, into places) {
	if _, seen := into[one.at]; seen || len(into) >= maxPlaces {
		return
	}
	into[one.at] = one
	names := []string{}
	for name := range one.at.Fields {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		below(place{at: one.at.Fields[name], depth: one.depth + 1}, into)
	}
	if one.at.Elem != nil {
		below(place{at: one.at.Elem, depth: one.depth + 1}, into)
	}
}

func (w *walker) objectGet(args []*ast.Term) {
	at := w.term(args[0])
	switch key := args[1].Value.(type) {
	case ast.String:
		at = at.field(string(key))
	case *ast.Array:
		for i := range key.Len() {
			if name, ok := key.Elem(i).Value.(ast.String); ok {
				at = at.field(string(name))
			} else {
				at = at.elem()
			}
		}
	default:
		at = at.elem()
	}
	if len(args) > 3 {
		w.meet(args[3], at)
	}
}

// Built-ins whose result is still about the value they were given.
var passing = map[string]bool{
	"lower": true, "upper": true, "trim": true, "trim_space": true, "trim_prefix": true, "trim_suffix": true, "trim_left": true,
	"trim_right": true, "to_number": true, "array.concat": true, "array.slice": true, "or": true, "and": true, "minus": true,
	"union": true, "intersection": true, "sort": true, "object.union": true, "object.remove": true, "object.filter": true,
	"json.filter": true, "json.remove": true, "cast_array": true, "cast_set": true, "count": false,
}

func (w *walker) builtin(name string, args []*ast.Term) {
	declared := ast.BuiltinMap[name]
	if declared == nil {
		for _, arg := range args {
			w.term(arg)
		}
		return
	}
	arity := len(declared.Decl.FuncArgs().Args)
	for i, arg := range args {
		at := w.term(arg)
		if i >= arity {
			break
		}
		at.typed(declared.Decl.FuncArgs().Args[i])
		for j, other := range args {
			if j != i && j < arity {
				if isScalar(other) {
					at.note(other)
				}
				eachMember(other, func(member *ast.Term) {
					if isScalar(member) {
						at.note(member)
					}
				})
			}
		}
	}
	if len(args) > arity && passing[name] {
		for i := range arity {
			w.meet(args[arity], w.term(args[i]))
		}
	}
}

func isScalar(term *ast.Term) bool {
	switch term.Value.(type) {
	case ast.String, ast.Number, ast.Boolean:
		return true
	}
	return false
}

func (w *walker) term(term *ast.Term) places {
	switch value := term.Value.(type) {
	case ast.Var:
		if value.Equal(ast.InputRootDocument.Value) {
			return places{w.root: place{at: w.root}}
		}
		found := places{}
		found.add(w.local[value])
		return found
	case ast.Ref:
		return w.ref(value)
	case *ast.ArrayComprehension:
		w.body(value.Body)
		return w.collection(term, w.term(value.Term))
	case *ast.SetComprehension:
		w.body(value.Body)
		return w.collection(term, w.term(value.Term))
	case *ast.ObjectComprehension:
		w.body(value.Body)
		return w.collection(term, w.term(value.Value))
	case *ast.Array, ast.Set:
		members := places{}
		eachMember(term, func(member *ast.Term) { members.add(w.term(member)) })
		return w.collection(term, members)
	case ast.Object:
		members := places{}
		value.Foreach(func(_, member *ast.Term) { members.add(w.term(member)) })
		return w.collection(term, members)
	}
	return places{}
}

func (w *walker) ref(ref ast.Ref) places {
	at, rest := places{}, ref[1:]
	switch head := ref[0].Value.(type) {
	case ast.Var:
		switch {
		case head.Equal(ast.InputRootDocument.Value):
			at = places{w.root: place{at: w.root}}
		case head.Equal(ast.DefaultRootDocument.Value):
			at, rest = w.ruleAt(ref)
		default:
			at = places{}
			at.add(w.local[head])
		}
	default:
		at = w.term(ref[0])
	}
	for _, step := range rest {
		if name, ok := step.Value.(ast.String); ok {
			at = at.field(string(name))
		} else {
			at = at.elem()
		}
	}
	return at
}

// ruleAt gives what the longest rule on a path holds, and the path below it.
func (w *walker) ruleAt(ref ast.Ref) (places, ast.Ref) {
	for end := len(ref); end > 1; end-- {
		if found, ok := w.values[ref[:end].String()]; ok {
			copied := places{}
			copied.add(found)
			return copied, ref[end:]
		}
	}
	return places{}, nil
}
