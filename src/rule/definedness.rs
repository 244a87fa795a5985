//! A policy's text as both of the engine's evaluators read it rightly: with every binding made explicit.
//!
//! In Rego a rule's body fails where an expression is undefined. regorus 0.14 forgets that in places: its virtual
//! machine goes on after `x := undefined`, keeps undefined elements of array and object comprehensions, and loses
//! its way after a comprehension without a loop whose body failed; its interpreter drops the whole of a partial rule, or skips an `else`, when a head is undefined once. All
//! of it disappears when a value is bound in the body and looked at there, which changes nothing in
//! Rego:
//!
//! - `x := e` becomes `x := e; _ = x`,
//! - `[e | body]` becomes `[v | body; v := e; _ = v]`, the same for the keys and values of objects,
//! - `[e | body]` becomes `[e | some _ in [0]; body]` unless it begins with a loop, the same for all comprehensions,
//! - `r contains e if { body }` becomes `r contains v if { body; v := e; _ = v }`, the same for other heads.
//!
//! Lines keep their numbers, and every place in the new text knows where it came from.

use std::collections::BTreeMap;
use std::ops::Range;

use regorus::Source;
use regorus::unstable::{
    AssignOp, Expr, Lexer, Literal, LiteralStmt, Module, Query, Rule, RuleAssign, RuleBody, RuleHead, TokenKind,
};

/// The new text of a policy.
#[derive(Clone, Debug, Default)]
pub(super) struct Explicit {
    pub text: String,
    original: String,
    /// Copied parts: where they stand in the new text, and in the original.
    copies: Vec<(usize, Range<usize>)>,
}

impl Explicit {
    /// Where a place of the new text stands in the original; lines and columns as the engine counts them.
    pub(super) fn origin(&self, line: u32, column: u32) -> (u32, u32) {
        let Some(offset) = offset_of(&self.text, line, column) else { return (line, column) };
        let index = self.copies.partition_point(|(start, _)| *start <= offset);
        let Some((start, source)) = index.checked_sub(1).and_then(|index| self.copies.get(index)) else {
            return (line, column);
        };
        place_of(&self.original, (source.start + offset - start).min(source.end))
    }
}

/// Rewrites a policy. `is_global` tells the names of rules and imports from variables.
pub(super) fn explicit(path: &str, text: &str, module: &Module, is_global: &dyn Fn(&str) -> bool) -> Explicit {
    let mut prefix = String::from("bound_");
    while text.contains(&prefix) {
        prefix.push('_');
    }
    let mut rewriter =
        Rewriter { text, tokens: tokens(path, text), edits: BTreeMap::new(), prefix, names: 0, is_global };
    for rule in &module.policy {
        rewriter.rule(rule);
    }
    let mut explicit = Explicit { original: text.to_owned(), ..Explicit::default() };
    rewriter.emit(0..text.len(), Lines::Kept, &mut explicit);
    explicit
}

/// A token with its quotes.
struct Token {
    range: Range<usize>,
    /// Its text; empty for strings.
    word: String,
}

/// What happens at a place of the original text.
enum Edit {
    /// A term gives way to a variable; `end` is where the text goes on.
    Name { name: String, end: usize },
    /// New text.
    Insert(String),
    /// `; name := term; _ = name`, the term copied from its range.
    Bind { name: String, term: Range<usize> },
}

#[derive(Clone, Copy, PartialEq)]
enum Lines {
    Kept,
    /// In a term that moved: everything on one line.
    Joined,
}

struct Rewriter<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    edits: BTreeMap<usize, Vec<Edit>>,
    prefix: String,
    names: usize,
    is_global: &'t dyn Fn(&str) -> bool,
}

impl Rewriter<'_> {
    fn rule(&mut self, rule: &Rule) {
        let Rule::Spec { head, bodies, .. } = rule else { return };
        let mut terms = Vec::new();
        match head {
            RuleHead::Compr { refr, assign, span } => {
                if let Expr::RefBrack { index, .. } = refr.as_ref() {
                    self.expr(index);
                    if !self.is_defined(index) {
                        let end = assign.as_ref().map_or(span.end, |assign| assign.span.start);
                        terms.extend(self.last_bracket(usize::try_from(end).unwrap_or_default()));
                    }
                }
                terms.extend(assign.iter().filter_map(|assign| self.assigned(assign)));
            }
            RuleHead::Set { key, span, .. } => {
                if let Some(key) = key {
                    self.expr(key);
                    if !self.is_defined(key) {
                        terms.extend(self.after_contains(self.range(span.start, span.end)));
                    }
                }
            }
            RuleHead::Func { assign, .. } => terms.extend(assign.iter().filter_map(|assign| self.assigned(assign))),
        }
        let partial = match head {
            RuleHead::Set { .. } => true,
            RuleHead::Compr { refr, .. } => matches!(refr.as_ref(), Expr::RefBrack { .. }),
            RuleHead::Func { .. } => false,
        };
        match bodies.split_first() {
            // A value without a body is undefined as a whole, which both evaluators get right; an entry is not.
            None if partial => self.add_body(terms),
            None => {}
            Some((first, rest)) => {
                self.body(first, terms);
                for body in rest {
                    let terms = body.assign.iter().filter_map(|assign| self.assigned(assign)).collect();
                    self.body(body, terms);
                }
            }
        }
    }

    /// The value that a head takes, if it can be undefined.
    fn assigned(&mut self, assign: &RuleAssign) -> Option<Range<usize>> {
        self.expr(&assign.value);
        if self.is_defined(&assign.value) {
            return None;
        }
        let whole = self.range(assign.span.start, assign.span.end);
        let operator = self.tokens.iter().find(|token| token.range.start == whole.start)?;
        self.trimmed(operator.range.end..whole.end)
    }

    /// Binds a head's terms at the end of a body, after what the body's own statements need.
    fn body(&mut self, body: &RuleBody, terms: Vec<Range<usize>>) {
        if body.query.stmts.is_empty() {
            return self.add_body(terms);
        }
        self.query(&body.query, terms);
    }

    /// Gives a head without a body one.
    fn add_body(&mut self, terms: Vec<Range<usize>>) {
        let Some(end) = terms.iter().map(|term| term.end).max() else { return };
        self.edit(end, Edit::Insert(" if { true".to_owned()));
        for term in terms {
            self.bind(term, end);
        }
        self.edit(end, Edit::Insert(" }".to_owned()));
    }

    fn query(&mut self, query: &Query, terms: Vec<Range<usize>>) {
        let mut changed = !terms.is_empty();
        for statement in &query.stmts {
            changed |= self.statement(statement);
        }
        let (Some(first), Some(last)) = (query.stmts.first(), query.stmts.last()) else { return };
        let (start, end) = (self.real_start(first.span.start), self.real_end(last.span.end));
        for term in terms {
            self.bind(term, end);
        }
        // `if x := e` has one statement and no braces.
        if changed && query.span.start == first.span.start {
            self.edits.entry(start).or_default().insert(0, Edit::Insert("{ ".to_owned()));
            self.edit(end, Edit::Insert(" }".to_owned()));
        }
    }

    /// The body of a comprehension, with a loop around it.
    fn comprehension(&mut self, query: &Query, terms: Vec<Range<usize>>) {
        self.query(query, terms);
        if let Some(first) = query.stmts.first().filter(|first| !is_loop_over_document(first)) {
            let start = self.real_start(first.span.start);
            self.edits.entry(start).or_default().insert(0, Edit::Insert("some _ in [0]; ".to_owned()));
        }
    }

    /// Looks into a statement; says whether something was put behind it.
    fn statement(&mut self, statement: &LiteralStmt) -> bool {
        match &statement.literal {
            Literal::SomeVars { .. } => {}
            Literal::SomeIn { key, value, collection, .. } => {
                if let Some(key) = key {
                    self.expr(key);
                }
                self.expr(value);
                self.expr(collection);
            }
            Literal::Expr { expr, .. } => {
                self.expr(expr);
                if let Expr::AssignExpr { op: AssignOp::ColEq, lhs, rhs, .. } = expr.as_ref()
                    && let Expr::Var { span, .. } = lhs.as_ref()
                    && !self.is_defined(rhs)
                {
                    if span.text() == "_" {
                        self.unify_wildcard(self.real_end(span.end));
                        return false;
                    }
                    let end = self.real_end(statement.span.end);
                    self.edit(end, Edit::Insert(format!("; _ = {}", span.text())));
                    return true;
                }
            }
            Literal::NotExpr { expr, .. } => self.expr(expr),
            Literal::Every { domain, query, .. } => {
                self.expr(domain);
                self.query(query, Vec::new());
            }
        }
        false
    }

    /// `_ := e` gives no name to look at; `_ = e` is looked at by itself.
    fn unify_wildcard(&mut self, after: usize) {
        let operator = self.tokens.iter().find(|token| token.range.start >= after && token.word == ":=");
        if let Some(range) = operator.map(|token| token.range.clone()) {
            self.edit(range.start, Edit::Name { name: " =".to_owned(), end: range.end });
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Number { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. }
            | Expr::Var { .. } => {}
            Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().for_each(|item| self.expr(item)),
            Expr::Object { fields, .. } => {
                for (_, key, value) in fields {
                    self.expr(key);
                    self.expr(value);
                }
            }
            Expr::SetCompr { term, query, .. } => {
                self.expr(term);
                self.comprehension(query, Vec::new());
            }
            Expr::ArrayCompr { span, term, query, .. } => {
                self.expr(term);
                let bar = self.real_start(query.span.start);
                let range = self.trimmed(self.real_start(span.start) + 1..bar).filter(|_| !self.is_defined(term));
                self.comprehension(query, range.into_iter().collect());
            }
            Expr::ObjectCompr { span, key, value, query, .. } => {
                self.expr(key);
                self.expr(value);
                let inside = self.real_start(span.start) + 1..self.real_start(query.span.start);
                let colon = self.colon(inside.clone());
                let mut terms = Vec::new();
                if let Some(colon) = colon {
                    terms.extend(self.trimmed(inside.start..colon).filter(|_| !self.is_defined(key)));
                    terms.extend(self.trimmed(colon + 1..inside.end).filter(|_| !self.is_defined(value)));
                }
                self.comprehension(query, terms);
            }
            Expr::Call { params, .. } => params.iter().for_each(|param| self.expr(param)),
            Expr::UnaryExpr { expr, .. } => self.expr(expr),
            Expr::RefDot { refr, .. } => self.expr(refr),
            Expr::RefBrack { refr, index, .. } => {
                self.expr(refr);
                self.expr(index);
            }
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. }
            | Expr::AssignExpr { lhs, rhs, .. } => {
                self.expr(lhs);
                self.expr(rhs);
            }
            Expr::Membership { key, value, collection, .. } => {
                if let Some(key) = key {
                    self.expr(key);
                }
                self.expr(value);
                self.expr(collection);
            }
        }
    }

    /// Whether an expression always has a value: literals, variables, comprehensions, and what is made of them.
    fn is_defined(&self, expr: &Expr) -> bool {
        match expr {
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Number { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. }
            | Expr::ArrayCompr { .. }
            | Expr::SetCompr { .. }
            | Expr::ObjectCompr { .. } => true,
            Expr::Var { span, .. } => !matches!(span.text(), "_" | "input" | "data") && !(self.is_global)(span.text()),
            Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().all(|item| self.is_defined(item)),
            Expr::Object { fields, .. } => {
                fields.iter().all(|(_, key, value)| self.is_defined(key) && self.is_defined(value))
            }
            _ => false,
        }
    }

    fn bind(&mut self, term: Range<usize>, at: usize) {
        self.names += 1;
        let name = format!("{}{}", self.prefix, self.names);
        self.edit(term.start, Edit::Name { name: name.clone(), end: term.end });
        self.edit(at, Edit::Bind { name, term });
    }

    fn edit(&mut self, at: usize, edit: Edit) {
        self.edits.entry(at).or_default().push(edit);
    }

    /// Writes a part of the original, with its edits.
    fn emit(&self, range: Range<usize>, lines: Lines, out: &mut Explicit) {
        self.emit_from(range, lines, None, out);
    }

    /// `inside` is the term that is being copied: its own edit is not applied again.
    fn emit_from(&self, range: Range<usize>, lines: Lines, inside: Option<usize>, out: &mut Explicit) {
        let mut at = range.start;
        while at < range.end {
            let next =
                self.edits.range(at..range.end).find(|(place, _)| Some(**place) != inside || **place > range.start);
            let Some((place, edits)) = next else { break };
            self.copy(at..*place, lines, out);
            at = *place;
            let mut end = at;
            for edit in edits {
                end = end.max(self.apply(edit, at, lines, out));
            }
            if end == at {
                // Only insertions: the text goes on with at least one character of the original.
                let step = self.text.get(at..range.end).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
                self.copy(at..at + step, lines, out);
                end = at + step;
            }
            at = end;
        }
        self.copy(at..range.end, lines, out);
        if range.end == self.text.len() && lines == Lines::Kept {
            for edit in self.edits.get(&range.end).into_iter().flatten() {
                self.apply(edit, range.end, lines, out);
            }
        }
    }

    /// Applies one edit and says where the original goes on.
    fn apply(&self, edit: &Edit, at: usize, lines: Lines, out: &mut Explicit) -> usize {
        match edit {
            Edit::Insert(text) => {
                out.text.push_str(text);
                at
            }
            Edit::Bind { name, term } => {
                out.text.extend(["; ", name.as_str(), " := "]);
                self.emit_from(term.clone(), Lines::Joined, Some(term.start), out);
                out.text.extend(["; _ = ", name.as_str()]);
                at
            }
            Edit::Name { name, end } => {
                // The copy marks where the name stands for errors that point at it.
                out.copies.push((out.text.len(), at..at));
                out.text.push_str(name);
                if lines == Lines::Kept {
                    let removed = self.gaps(at..*end).filter_map(|gap| self.text.get(gap));
                    let breaks: usize = removed.map(|gap| gap.matches('\n').count()).sum();
                    out.text.push_str(&"\n".repeat(breaks));
                }
                *end
            }
        }
    }

    /// Copies plain text; joined lines lose their comments.
    fn copy(&self, range: Range<usize>, lines: Lines, out: &mut Explicit) {
        if lines == Lines::Kept {
            return self.copy_part(range, out);
        }
        let mut at = range.start;
        for gap in self.gaps(range.clone()) {
            let text = self.text.get(gap.clone()).unwrap_or_default();
            if text.contains(['\n', '#']) {
                self.copy_part(at..gap.start, out);
                out.text.push(' ');
                at = gap.end;
            }
        }
        self.copy_part(at..range.end, out);
    }

    fn copy_part(&self, range: Range<usize>, out: &mut Explicit) {
        if let Some(text) = self.text.get(range.clone()).filter(|text| !text.is_empty()) {
            out.copies.push((out.text.len(), range));
            out.text.push_str(text);
        }
    }

    /// White space and comments between the tokens of a range.
    fn gaps(&self, range: Range<usize>) -> impl Iterator<Item = Range<usize>> + '_ {
        let first = self.tokens.partition_point(|token| token.range.end <= range.start);
        let tokens = self.tokens.iter().skip(first).take_while(move |token| token.range.start < range.end);
        let starts = tokens.clone().map(|token| token.range.start).chain([range.end]);
        let ends = [range.start].into_iter().chain(tokens.map(|token| token.range.end));
        ends.zip(starts).filter(|(end, start)| end < start).map(|(end, start)| end..start)
    }

    fn range(&self, start: u32, end: u32) -> Range<usize> {
        self.real_start(start)..self.real_end(end)
    }

    /// The engine's spans of strings leave out the quotes.
    fn real_start(&self, start: u32) -> usize {
        let start = usize::try_from(start).unwrap_or_default();
        self.token_at(start).map_or(start, |token| token.range.start)
    }

    fn real_end(&self, end: u32) -> usize {
        let end = usize::try_from(end).unwrap_or_default();
        let index = self.tokens.partition_point(|token| token.range.end < end);
        match self.tokens.get(index) {
            Some(token) if token.range.start < end => token.range.end,
            _ => end,
        }
    }

    fn token_at(&self, offset: usize) -> Option<&Token> {
        let index = self.tokens.partition_point(|token| token.range.end <= offset);
        self.tokens.get(index).filter(|token| token.range.start <= offset)
    }

    /// A range without the white space and the comments around it; `None` when nothing is left.
    fn trimmed(&self, range: Range<usize>) -> Option<Range<usize>> {
        let mut inside =
            self.tokens.iter().filter(|token| token.range.start >= range.start && token.range.end <= range.end);
        let start = inside.clone().next()?.range.start;
        Some(start..inside.next_back()?.range.end)
    }

    /// What stands between the last `]` before `end` and its `[`.
    fn last_bracket(&self, end: usize) -> Option<Range<usize>> {
        let mut depth = 0usize;
        let mut close = None;
        for token in self.tokens.iter().rev().skip_while(|token| token.range.end > end) {
            match token.word.as_str() {
                "]" | "}" | ")" => {
                    close = close.or(Some(token.range.start));
                    depth += 1;
                }
                "[" | "{" | "(" | "set(" => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        return self.trimmed(token.range.end..close?);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// What follows the `contains` of a head.
    fn after_contains(&self, head: Range<usize>) -> Option<Range<usize>> {
        let inside = |token: &&Token| token.range.start >= head.start && token.range.end <= head.end;
        let keyword = self.tokens.iter().filter(inside).find(|token| token.word == "contains")?;
        self.trimmed(keyword.range.end..head.end)
    }

    /// The colon of an object comprehension's head.
    fn colon(&self, inside: Range<usize>) -> Option<usize> {
        let mut depth = 0usize;
        for token in
            self.tokens.iter().filter(|token| token.range.start >= inside.start && token.range.end <= inside.end)
        {
            match token.word.as_str() {
                "[" | "{" | "(" | "set(" => depth += 1,
                "]" | "}" | ")" => depth = depth.saturating_sub(1),
                ":" if depth == 0 => return Some(token.range.start),
                _ => {}
            }
        }
        None
    }
}

/// `some x in input.…`: needs no other statement, so it is the first to run.
fn is_loop_over_document(statement: &LiteralStmt) -> bool {
    let Literal::SomeIn { collection, .. } = &statement.literal else { return false };
    let mut at: &Expr = collection;
    while let Expr::RefDot { refr, .. } = at {
        at = refr;
    }
    matches!(at, Expr::Var { span, .. } if matches!(span.text(), "input" | "data"))
}

fn tokens(path: &str, text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let Ok(source) = Source::from_contents(path.to_owned(), text.to_owned()) else { return tokens };
    let mut lexer = Lexer::new(&source);
    while let Ok(token) = lexer.next_token() {
        let (kind, span) = (token.0, token.1);
        let start = usize::try_from(span.start).unwrap_or_default();
        let end = usize::try_from(span.end).unwrap_or_default();
        match kind {
            TokenKind::Eof => break,
            TokenKind::String | TokenKind::RawString => {
                tokens.push(Token { range: start.saturating_sub(1)..end + 1, word: String::new() });
            }
            _ => tokens.push(Token { range: start..end, word: span.text().to_owned() }),
        }
    }
    tokens
}

/// The byte offset of a place; a tab counts as four columns.
fn offset_of(text: &str, line: u32, column: u32) -> Option<usize> {
    let mut start = 0;
    for _ in 1..line {
        start += text.get(start..)?.find('\n')? + 1;
    }
    let mut at = 1;
    for (offset, character) in text.get(start..)?.char_indices() {
        if at >= column || character == '\n' {
            return Some(start + offset);
        }
        at += width(character);
    }
    Some(text.len())
}

fn place_of(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let column: u32 = before.get(start..).unwrap_or_default().chars().map(width).sum();
    (u32::try_from(line).unwrap_or(u32::MAX), column + 1)
}

/// Columns of a character, as the engine counts them.
fn width(character: char) -> u32 {
    if character == '\t' { 4 } else { u32::try_from(character.len_utf8()).unwrap_or(1) }
}

#[cfg(test)]
mod tests {
    use regorus::Engine;

    use super::*;
    use crate::rule::syntax::parse;

    fn rewrite(rules: &str) -> Explicit {
        let text = format!("package a\n{rules}\n");
        let mut engine = Engine::new();
        let module = parse(&mut engine, "p.rego", &text).unwrap();
        let explicit = explicit("p.rego", &text, &module, &|name| matches!(name, "rule" | "r" | "f"));
        parse(&mut engine, "q.rego", &explicit.text).unwrap_or_else(|error| panic!("{error}\n{}", explicit.text));
        assert_eq!(explicit.text.lines().count(), text.lines().count(), "{}", explicit.text);
        explicit
    }

    fn rewritten(rules: &str) -> String {
        let text = rewrite(rules).text;
        text.strip_prefix("package a\n").unwrap().trim_end().to_owned()
    }

    #[test]
    fn bindings_are_looked_at() {
        assert_eq!(rewritten("r if { x := input.a; x > 1 }"), "r if { x := input.a; _ = x; x > 1 }");
        assert_eq!(
            rewritten("r if {\n\tx := f(\"a\") # why\n\ty := x\n}"),
            "r if {\n\tx := f(\"a\"); _ = x # why\n\ty := x\n}"
        );
        assert_eq!(rewritten("r if { x := rule }"), "r if { x := rule; _ = x }");
        assert_eq!(rewritten("r if { _ := input.a }"), "r if { _  = input.a }");
        assert_eq!(rewritten("r if x := input.a"), "r if { x := input.a; _ = x }");
        assert_eq!(
            rewritten("r if { every x in input.a { y := x.b; y } }"),
            "r if { every x in input.a { y := x.b; _ = y; y } }"
        );
    }

    #[test]
    fn what_always_has_a_value_is_left_alone() {
        for rule in [
            "r if { x := 1; y := x; z := [x, y, \"a\"]; w := {\"a\": z}; v := {u | some u in input.a} }",
            "r := 1 if { x := input.a[_] == 1; x }".replace("x := input.a[_] == 1; x", "input.a[_] == 1").as_str(),
            "r contains x if { some x in input.a }",
            "r[k] := v if { some k, v in input.a }",
            "r contains {\"message\": x} if { some x in input.a }",
            "r if { [x, y] := input.pair }",
            "default r := 1",
            "f(x) := x",
            "r := input.a",
        ] {
            assert_eq!(rewritten(rule), rule);
        }
    }

    #[test]
    fn terms_of_comprehensions_move_into_their_bodies() {
        assert_eq!(
            rewritten("r if { x := [h.a | some h in input.l]; x }"),
            "r if { x := [bound_1 | some h in input.l; bound_1 := h.a; _ = bound_1]; x }"
        );
        assert_eq!(
            rewritten("r if { {h.k: f(h.v) | some h in input.l}.a }"),
            "r if { {bound_1: bound_2 | some h in input.l; bound_1 := h.k; _ = bound_1; bound_2 := f(h.v); _ = bound_2}.a }"
        );
        assert_eq!(
            rewritten("r if { [[g.x | some g in h.l] | some h in input.l; h.a] }"),
            "r if { [[bound_1 | some _ in [0]; some g in h.l; bound_1 := g.x; _ = bound_1] | some h in input.l; h.a] }"
        );
        assert_eq!(
            rewritten("r if { [f([g.x | some g in h.l]) | some h in input.l] }"),
            "r if { [bound_2 | some h in input.l; bound_2 := f([bound_1 | some _ in [0]; some g in h.l; bound_1 := g.x; _ = bound_1]); _ = bound_2] }"
        );
        assert_eq!(rewritten("r if { {h.a | some h in input.l} }"), "r if { {h.a | some h in input.l} }");
    }

    #[test]
    fn comprehensions_begin_with_a_loop() {
        assert_eq!(rewritten("r if { [1 | input.a][0] }"), "r if { [1 | some _ in [0]; input.a][0] }");
        assert_eq!(
            rewritten("r if { {1 | \"a\" in input.l}[1] }"),
            "r if { {1 | some _ in [0]; \"a\" in input.l}[1] }"
        );
        assert_eq!(
            rewritten("r if { {1: 2 | some x in y; y := input.a}[1] }"),
            "r if { {1: 2 | some _ in [0]; some x in y; y := input.a; _ = y}[1] }"
        );
    }

    #[test]
    fn heads_move_into_their_bodies_and_lines_stay() {
        assert_eq!(
            rewritten("r contains input.a if input.b"),
            "r contains bound_1 if { input.b; bound_1 := input.a; _ = bound_1 }"
        );
        assert_eq!(
            rewritten("r contains {\n\t\"message\": f(x), # said\n\t\"at\": \"]\",\n} if {\n\tsome x in input.l\n}"),
            "r contains bound_1\n\n\n if {\n\tsome x in input.l; bound_1 := { \"message\": f(x), \"at\": \"]\", }; _ = bound_1\n}"
        );
        assert_eq!(rewritten("r contains input.a"), "r contains bound_1 if { true; bound_1 := input.a; _ = bound_1 }");
        assert_eq!(
            rewritten("m[x.k] := x.v if { some x in input.l }"),
            "m[bound_1] := bound_2 if { some x in input.l; bound_1 := x.k; _ = bound_1; bound_2 := x.v; _ = bound_2 }"
        );
        assert_eq!(
            rewritten("r := input.a if { input.b } else := input.c if input.d else := input.e"),
            "r := bound_1 if { input.b; bound_1 := input.a; _ = bound_1 } \
             else := bound_2 if { input.d; bound_2 := input.c; _ = bound_2 } \
             else := bound_3 if { true; bound_3 := input.e; _ = bound_3 }"
        );
        assert_eq!(
            rewritten("f(x) := (x.a | x.b) if x"),
            "f(x) := bound_1 if { x; bound_1 := (x.a | x.b); _ = bound_1 }"
        );
        assert_eq!(
            rewritten("r contains sprintf(\"%s\", [y]) if y := input.a"),
            "r contains bound_1 if { y := input.a; _ = y; bound_1 := sprintf(\"%s\", [y]); _ = bound_1 }"
        );
    }

    #[test]
    fn the_new_names_are_not_the_policys() {
        assert_eq!(
            rewritten("r contains x.bound_1 if { some x in input.l }"),
            "r contains bound__1 if { some x in input.l; bound__1 := x.bound_1; _ = bound__1 }"
        );
    }

    #[test]
    fn places_lead_back_to_the_original() {
        let rules = "r contains {\n\t\"message\": f(x),\n\t\"at\": input.zz,\n} if {\n\tx := input.a; y := input.b\n}";
        let explicit = rewrite(rules);
        for word in ["f(x)", "input.zz", "input.b", "input.a", "message"] {
            let place = |text: &str| place_of(text, text.find(word).unwrap());
            let (line, column) = place(&explicit.text);
            assert_eq!(explicit.origin(line, column), place(&explicit.original), "{word}");
        }
    }
}
