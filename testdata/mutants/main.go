// Command mutants makes a package ready for mutation tests: it turns each switch
// without a tag into a chain of ifs. Go's coverage does not see the conditions of
// cases, and gremlins changes only what coverage sees, so their mutants would never be
// tested. Usage:
//
//	mutants DIR...
//
// It writes the files of the packages anew, without comments. Run it on a copy.
package main

import (
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "mutants: %v\n", err)
		os.Exit(1)
	}
}

func run(dirs []string, stderr io.Writer) error {
	for _, dir := range dirs {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			return err
		}
		changed := 0
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			n, err := rewrite(name)
			if err != nil {
				return err
			}
			changed += n
		}
		if changed == 0 {
			return fmt.Errorf("%s: there is no switch without a tag", dir)
		}
		fmt.Fprintf(stderr, "mutants: %d switches of %s are ifs now\n", changed, dir)
	}
	return nil
}

// rewrite returns how many switches of the file it has changed.
func rewrite(name string) (int, error) {
	source, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	text, changed, err := unswitch(name, source)
	if err != nil {
		return 0, err
	}
	return changed, os.WriteFile(name, text, 0o600)
}

// unswitch returns the source with ifs in place of switches, and how many it changed.
func unswitch(name string, source []byte) (text []byte, changed int, err error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, 0, err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		changed += inList(n)
		return true
	})
	var out strings.Builder
	if err := format.Node(&out, fset, file); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	return []byte(out.String()), changed, nil
}

// inList changes the switches of a list of statements.
func inList(n ast.Node) (changed int) {
	var list []ast.Stmt
	switch block := n.(type) {
	case *ast.BlockStmt:
		list = block.List
	case *ast.CaseClause:
		list = block.Body
	case *ast.CommClause:
		list = block.Body
	}
	for i, s := range list {
		choice, ok := s.(*ast.SwitchStmt)
		if !ok || choice.Tag != nil || jumps(choice.Body) {
			continue
		}
		if chain := ifs(choice.Body.List); chain != nil {
			chain.Init = choice.Init
			list[i] = chain
			changed++
		}
	}
	return changed
}

// ifs returns the cases as a chain of ifs; nil when there is nothing but a default.
func ifs(cases []ast.Stmt) *ast.IfStmt {
	var first, last *ast.IfStmt
	var otherwise ast.Stmt
	for _, s := range cases {
		clause := s.(*ast.CaseClause)
		body := &ast.BlockStmt{List: clause.Body}
		if clause.List == nil {
			otherwise = body
			continue
		}
		next := &ast.IfStmt{Cond: anyOf(clause.List), Body: body}
		if last == nil {
			first = next
		} else {
			last.Else = next
		}
		last = next
	}
	if last == nil {
		return nil
	}
	last.Else = otherwise
	return first
}

// anyOf joins the conditions of one case.
func anyOf(conditions []ast.Expr) ast.Expr {
	if len(conditions) == 1 {
		return conditions[0]
	}
	joined := ast.Expr(&ast.ParenExpr{X: conditions[0]})
	for _, c := range conditions[1:] {
		joined = &ast.BinaryExpr{X: joined, Op: token.LOR, Y: &ast.ParenExpr{X: c}}
	}
	return joined
}

// jumps says whether a statement leaves the switch in a way that an if has not.
func jumps(body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ForStmt, *ast.RangeStmt, *ast.SelectStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.FuncLit:
			return false // a break in there ends that
		case *ast.BranchStmt:
			found = found || n.Label == nil && n.Tok == token.BREAK || n.Tok == token.FALLTHROUGH
		}
		return true
	})
	return found
}
