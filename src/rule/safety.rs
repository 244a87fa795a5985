//! Variables that never get a value.
//!
//! Rego's statements may stand in any order; a variable is safe when some order gives it a value before it is
//! used (<https://www.openpolicyagent.org/docs/policy-language#variables>). The engine finds unsafe
//! ones late and writes to standard error when it does, so they are found here first. Where Rego is generous,
//! this check is too: it must not refuse what would run.

use std::collections::BTreeSet;

use regorus::unstable::{AssignOp, BUILTINS, Expr, Literal, LiteralStmt, Query, Rule, RuleHead, Span};

type Names<'a> = BTreeSet<&'a str>;

/// Looks for unsafe variables in one rule.
pub(super) struct Safety<'c> {
    /// Names that are no variables: rules of the package and imports.
    pub is_global: &'c dyn Fn(&str) -> bool,
    /// How many arguments a function of that dotted name takes, for calls that name their result last.
    pub arity: &'c dyn Fn(&str) -> Option<usize>,
}

/// What a statement needs and what it gives.
#[derive(Default)]
struct Flow<'a> {
    needs: Vec<&'a Span>,
    gives: Names<'a>,
}

impl Safety<'_> {
    /// The first use of every variable that gets no value.
    pub(super) fn check<'a>(&self, rule: &'a Rule) -> Vec<&'a Span> {
        let mut unsafe_uses = Vec::new();
        let Rule::Spec { head, bodies, .. } = rule else { return unsafe_uses };
        let mut known = Names::new();
        let mut outputs: Vec<&Expr> = Vec::new();
        let partial = match head {
            RuleHead::Compr { refr, assign, .. } => {
                outputs.extend(assign.iter().map(|assign| assign.value.as_ref()));
                let mut at: &Expr = refr;
                while let Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } = at {
                    if let Expr::RefBrack { index, .. } = at {
                        outputs.push(index);
                    }
                    at = refr;
                }
                matches!(refr.as_ref(), Expr::RefBrack { .. })
            }
            RuleHead::Set { key, .. } => {
                outputs.extend(key.iter().map(AsRef::as_ref));
                true
            }
            RuleHead::Func { args, assign, .. } => {
                for arg in args {
                    pattern_names(arg, &mut |span| {
                        known.insert(span.text());
                    });
                }
                outputs.extend(assign.iter().map(|assign| assign.value.as_ref()));
                false
            }
        };
        if bodies.is_empty() {
            self.check_outputs(&outputs, &known, &mut unsafe_uses);
        }
        for (index, body) in bodies.iter().enumerate() {
            let own: Vec<&Expr> = body.assign.iter().map(|assign| assign.value.as_ref()).collect();
            let of_body = if index == 0 || (partial && own.is_empty()) { &outputs } else { &own };
            self.check_query(&body.query, &known, of_body, &mut unsafe_uses);
        }
        unsafe_uses
    }

    fn check_query<'a>(&self, query: &'a Query, outer: &Names<'a>, outputs: &[&'a Expr], report: &mut Vec<&'a Span>) {
        let mut bound = outer.clone();
        for declared in query.stmts.iter().flat_map(declared) {
            bound.remove(declared);
        }
        let own = self.binders(query, outer);
        let visible: Names<'a> = bound.union(&own).copied().collect();

        let mut open: Vec<&LiteralStmt> = query.stmts.iter().collect();
        loop {
            let before = open.len();
            open.retain(|statement| {
                let ready = self.flows(statement, &visible).into_iter().find(|flow| missing(flow, &bound).is_none());
                if let Some(flow) = &ready {
                    bound.extend(&flow.gives);
                }
                ready.is_none()
            });
            if open.len() == before {
                break;
            }
        }
        for statement in &open {
            let flows = self.flows(statement, &visible);
            report.extend(flows.iter().filter_map(|flow| missing(flow, &bound)).take(1));
        }
        for statement in &query.stmts {
            self.check_nested(statement, &visible, report);
        }
        if open.is_empty() {
            self.check_outputs(outputs, &bound, report);
        }
    }

    /// Head values and the terms of comprehensions: all that they use has a value by then.
    fn check_outputs<'a>(&self, outputs: &[&'a Expr], bound: &Names<'a>, report: &mut Vec<&'a Span>) {
        for output in outputs {
            let mut flow = Flow::default();
            self.uses(output, bound, &mut flow);
            // An index may still be given its value here: `{x.ports[i]}` runs over all.
            let bound = bound.union(&flow.gives).copied().collect();
            report.extend(missing(&flow, &bound));
            self.closures(output, &bound, report);
        }
    }

    /// Names that the statements of a query can give a value to.
    fn binders<'a>(&self, query: &'a Query, outer: &Names<'a>) -> Names<'a> {
        let mut names = Names::new();
        for statement in &query.stmts {
            names.extend(declared(statement));
            names.extend(self.flows(statement, outer).into_iter().flat_map(|flow| flow.gives));
        }
        names
    }

    /// The ways in which a statement can run. `visible` are the names that closures share with it.
    fn flows<'a>(&self, statement: &'a LiteralStmt, visible: &Names<'a>) -> Vec<Flow<'a>> {
        let mut with = Flow::default();
        for modifier in &statement.with_mods {
            self.uses(&modifier.r#as, visible, &mut with);
        }
        let mut flows = match &statement.literal {
            Literal::SomeVars { .. } => vec![Flow::default()],
            Literal::SomeIn { key, value, collection, .. } => {
                let mut flow = Flow::default();
                self.uses(collection, visible, &mut flow);
                for pattern in key.iter().chain([value]) {
                    self.gives(pattern, visible, &mut flow);
                }
                vec![flow]
            }
            Literal::Expr { expr, .. } => self.flows_of(expr, visible),
            Literal::NotExpr { expr, .. } => {
                let mut flow = Flow::default();
                self.uses(expr, visible, &mut flow);
                let indexes: Vec<&Span> = index_names(expr).into_iter().filter(|span| self.is_variable(span)).collect();
                flow.needs.extend(indexes);
                flow.gives.clear();
                vec![flow]
            }
            Literal::Every { key, value, domain, query, .. } => {
                let mut flow = Flow::default();
                self.uses(domain, visible, &mut flow);
                let mut inner = visible.clone();
                for name in key.iter().chain([value]) {
                    inner.remove(name.text());
                }
                self.closure_needs(query, &[], &inner, &mut flow);
                vec![flow]
            }
        };
        for flow in &mut flows {
            flow.needs.extend(&with.needs);
        }
        flows
    }

    fn flows_of<'a>(&self, expr: &'a Expr, visible: &Names<'a>) -> Vec<Flow<'a>> {
        match expr {
            Expr::AssignExpr { op, lhs, rhs, .. } => {
                if let (Expr::Array { items: left, .. }, Expr::Array { items: right, .. }) =
                    (lhs.as_ref(), rhs.as_ref())
                    && left.len() == right.len()
                    && *op == AssignOp::Eq
                {
                    // Every pair unifies on its own; a name may come from either side.
                    let mut flow = Flow::default();
                    for side in left.iter().chain(right) {
                        self.gives(side, visible, &mut flow);
                    }
                    return vec![flow];
                }
                let way = |from: &'a Expr, to: &'a Expr| {
                    let mut flow = Flow::default();
                    self.uses(from, visible, &mut flow);
                    self.gives(to, visible, &mut flow);
                    flow
                };
                match op {
                    AssignOp::ColEq => vec![way(rhs, lhs)],
                    AssignOp::Eq => vec![way(rhs, lhs), way(lhs, rhs)],
                }
            }
            Expr::Call { fcn, params, .. } => {
                let mut flow = Flow::default();
                let name = fcn.span().text();
                let arity = (self.arity)(name).or_else(|| BUILTINS.get(name).map(|(_, arity)| usize::from(*arity)));
                let (inputs, output) = match params.split_last() {
                    Some((last, first)) if arity == Some(first.len()) => (first, Some(last)),
                    _ => (params.as_slice(), None),
                };
                for input in inputs {
                    self.uses(input, visible, &mut flow);
                }
                if let Some(output) = output {
                    self.gives(output, visible, &mut flow);
                }
                vec![flow]
            }
            _ => {
                let mut flow = Flow::default();
                self.uses(expr, visible, &mut flow);
                vec![flow]
            }
        }
    }

    /// A pattern gives its names; other parts of it are used.
    fn gives<'a>(&self, pattern: &'a Expr, visible: &Names<'a>, flow: &mut Flow<'a>) {
        match pattern {
            Expr::Var { span, .. } => {
                if self.is_variable(span) {
                    flow.gives.insert(span.text());
                }
            }
            Expr::Array { items, .. } => items.iter().for_each(|item| self.gives(item, visible, flow)),
            Expr::Object { fields, .. } => {
                for (_, key, value) in fields {
                    self.uses(key, visible, flow);
                    self.gives(value, visible, flow);
                }
            }
            _ => self.uses(pattern, visible, flow),
        }
    }

    fn uses<'a>(&self, expr: &'a Expr, visible: &Names<'a>, flow: &mut Flow<'a>) {
        match expr {
            Expr::Var { span, .. } => {
                if self.is_variable(span) {
                    flow.needs.push(span);
                }
            }
            Expr::RefBrack { refr, index, .. } => {
                self.uses(refr, visible, flow);
                self.gives(index, visible, flow);
            }
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                self.closure_needs(query, &[term.as_ref()], visible, flow);
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                self.closure_needs(query, &[key.as_ref(), value.as_ref()], visible, flow);
            }
            _ => children(expr, &mut |child| self.uses(child, visible, flow)),
        }
    }

    /// A comprehension needs the variables that it shares with the statements around it.
    fn closure_needs<'a>(&self, query: &'a Query, terms: &[&'a Expr], visible: &Names<'a>, flow: &mut Flow<'a>) {
        let mut shared = visible.clone();
        for own in query.stmts.iter().flat_map(declared) {
            shared.remove(own);
        }
        let mut inner = Flow::default();
        for statement in &query.stmts {
            for way in self.flows(statement, &shared) {
                inner.needs.extend(way.needs);
            }
        }
        for term in terms {
            self.uses(term, &shared, &mut inner);
        }
        flow.needs.extend(inner.needs.into_iter().filter(|span| shared.contains(span.text())));
    }

    /// Checks the closures inside a statement on their own.
    fn check_nested<'a>(&self, statement: &'a LiteralStmt, visible: &Names<'a>, report: &mut Vec<&'a Span>) {
        match &statement.literal {
            Literal::SomeVars { .. } => {}
            Literal::SomeIn { key, value, collection, .. } => {
                for part in key.iter().chain([value, collection]) {
                    self.closures(part, visible, report);
                }
            }
            Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => self.closures(expr, visible, report),
            Literal::Every { key, value, domain, query, .. } => {
                self.closures(domain, visible, report);
                let mut inner = visible.clone();
                inner.extend(key.iter().chain([value]).map(Span::text));
                self.check_query(query, &inner, &[], report);
            }
        }
    }

    fn closures<'a>(&self, expr: &'a Expr, visible: &Names<'a>, report: &mut Vec<&'a Span>) {
        match expr {
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                self.check_query(query, visible, &[term.as_ref()], report);
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                self.check_query(query, visible, &[key.as_ref(), value.as_ref()], report);
            }
            _ => children(expr, &mut |child| self.closures(child, visible, report)),
        }
    }

    fn is_variable(&self, span: &Span) -> bool {
        !matches!(span.text(), "_" | "input" | "data") && !(self.is_global)(span.text())
    }
}

fn missing<'a>(flow: &Flow<'a>, bound: &Names<'a>) -> Option<&'a Span> {
    flow.needs.iter().find(|span| !bound.contains(span.text()) && !flow.gives.contains(span.text())).copied()
}

/// Names that a statement makes new in its query.
fn declared(statement: &LiteralStmt) -> Vec<&str> {
    let mut names = Vec::new();
    match &statement.literal {
        Literal::SomeVars { vars, .. } => names.extend(vars.iter().map(Span::text)),
        Literal::SomeIn { key, value, .. } => {
            for pattern in key.iter().chain([value]) {
                pattern_names(pattern, &mut |span| names.push(span.text()));
            }
        }
        Literal::Expr { expr, .. } => {
            if let Expr::AssignExpr { op: AssignOp::ColEq, lhs, .. } = expr.as_ref() {
                pattern_names(lhs, &mut |span| names.push(span.text()));
            }
        }
        Literal::NotExpr { .. } | Literal::Every { .. } => {}
    }
    names
}

fn pattern_names<'a>(pattern: &'a Expr, found: &mut dyn FnMut(&'a Span)) {
    match pattern {
        Expr::Var { span, .. } => found(span),
        Expr::Array { items, .. } => items.iter().for_each(|item| pattern_names(item, found)),
        Expr::Object { fields, .. } => fields.iter().for_each(|(_, _, value)| pattern_names(value, found)),
        _ => {}
    }
}

/// Variables in the brackets of references.
fn index_names(expr: &Expr) -> Vec<&Span> {
    let mut names = Vec::new();
    if let Expr::RefBrack { index, .. } = expr {
        pattern_names(index, &mut |span| names.push(span));
    }
    if !matches!(expr, Expr::ArrayCompr { .. } | Expr::SetCompr { .. } | Expr::ObjectCompr { .. }) {
        children(expr, &mut |child| names.extend(index_names(child)));
    }
    names
}

/// The direct parts of an expression, without the bodies of comprehensions and the names of functions.
fn children<'a>(expr: &'a Expr, found: &mut dyn FnMut(&'a Expr)) {
    match expr {
        Expr::String { .. }
        | Expr::RawString { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. }
        | Expr::Var { .. }
        | Expr::ArrayCompr { .. }
        | Expr::SetCompr { .. }
        | Expr::ObjectCompr { .. } => {}
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().for_each(|item| found(item)),
        Expr::Object { fields, .. } => {
            for (_, key, value) in fields {
                found(key);
                found(value);
            }
        }
        Expr::Call { params, .. } => params.iter().for_each(|param| found(param)),
        Expr::UnaryExpr { expr, .. } => found(expr),
        Expr::RefDot { refr, .. } => found(refr),
        Expr::RefBrack { refr, index, .. } => {
            found(refr);
            found(index);
        }
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => {
            found(lhs);
            found(rhs);
        }
        Expr::Membership { key, value, collection, .. } => {
            for part in key.iter().chain([value, collection]) {
                found(part);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use regorus::Engine;

    use super::*;
    use crate::rule::syntax::parse;

    /// Names of unsafe variables in `deny contains "x" if { body }`, beside two functions and a rule.
    fn unsafe_in(body: &str) -> Vec<String> {
        unsafe_rule(&format!("deny contains \"x\" if {{\n{body}\n}}"))
    }

    fn unsafe_rule(rule: &str) -> Vec<String> {
        let text = format!("package a\nlimit := 3\nf(x) := x\n{rule}\n");
        let mut engine = Engine::new();
        let module = parse(&mut engine, "p.rego", &text).unwrap();
        let safety = Safety {
            is_global: &|name| matches!(name, "limit" | "f" | "deny"),
            arity: &|name| (name == "f").then_some(1),
        };
        let rule = module.policy.last().unwrap();
        safety.check(rule).into_iter().map(|span| format!("{} {}:{}", span.text(), span.line, span.col)).collect()
    }

    #[test]
    fn variables_that_get_a_value_in_any_order_are_safe() {
        for body in [
            "x > 1\nx := input.a",
            "y == x\nx := input.a\ny := input.b",
            "some x in input.list\nx.open",
            "some i, x in input.list\ni > 0\nx.open",
            "some i\ninput.list[i].open\ni > 0",
            "input.list[i].open\ni > 0",
            "input.list[_].open",
            "input.list[i].ports[j] == 22\ni != j",
            "x = input.a\nx > limit",
            "input.a = x\nx > limit",
            "[x, y] := input.pair\nx == y",
            "[x, 1] = [2, y]\nx == y",
            "{\"k\": v} := input.o\nv > 1",
            "f(1, out)\nout == 1",
            "count(input.list, n)\nn > 1",
            "every x in input.list { x.open }",
            "y := input.a\nevery k, x in input.list { x.open == y; k != y }",
            "names := {x.name | some x in input.list}\ncount(names) > 1",
            "names := {x | x := input.list[_].name; x != y}\ny := input.a\ncount(names) > 1",
            "pairs := {k: v | some k, v in input.tags}\npairs.a",
            "ports := [p | p := input.hops[i].ports[_]; i > 0]\nports[0]",
            "not input.list[_].open",
            "not f(x)\nx := 1",
            "x := input.a\nx in input.list",
            "x := input.a\nnot x in input.list",
            "some x in {y | some y in input.list}\nx",
            "x := 1\nz := [x | some x in input.list]\nz == x",
            "some [k, v] in input.pairs\nk == v",
            "count({h | some h in input.hops; h.open}) > limit",
            "m := {x: y | some x in input.a; y := [z | some z in x.b; z != x]}\nm",
            "sprintf(\"%s\", [input.a]) == \"b\"",
        ] {
            assert_eq!(unsafe_in(body), [""; 0], "{body}");
        }
    }

    #[test]
    fn variables_that_never_get_a_value_are_named_with_their_place() {
        for (body, expected) in [
            ("x > 1", "x 5:1"),
            ("some x\nx > 1", "x 6:1"),
            ("x := y\ny := x", "y 5:6"),
            ("x = y + 1\ny = x + 1", "y 5:5"),
            ("not x", "x 5:5"),
            ("not input.list[i]", "i 5:16"),
            ("x in input.list", "x 5:1"),
            ("f(x)", "x 5:3"),
            ("names := {n | some h in input.hops; h.x == nam}\nnames", "nam 5:44"),
            ("every x in input.list { x == y }", "y 5:30"),
            ("x := 1\nsome x\nx > 1", ""),
        ] {
            let found = unsafe_in(body);
            if !expected.is_empty() {
                assert!(found.iter().any(|name| name == expected), "{body}: {found:?}");
            }
        }
    }

    #[test]
    fn heads_use_what_their_bodies_give() {
        assert_eq!(unsafe_rule("deny contains m if { some m in input.list }"), [""; 0]);
        assert_eq!(unsafe_rule("deny contains m if { some n in input.list }"), ["m 4:15"]);
        assert_eq!(unsafe_rule("g(a, [b, c]) := a + b + c + d"), ["d 4:29"]);
        assert_eq!(unsafe_rule("m[k] := v if { some k, v in input.tags }"), [""; 0]);
        assert_eq!(unsafe_rule("m[k] := v if { some k in input.tags }"), ["v 4:9"]);
        assert_eq!(unsafe_rule("h := x if { x := 1 } else := y if { y := 2 }"), [""; 0]);
        assert_eq!(unsafe_rule("h := x if { x := 1 } else := x if { y := 2 }"), ["x 4:30"]);
    }
}
