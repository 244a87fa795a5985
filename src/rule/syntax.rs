//! A policy's text and syntax tree: what is checked before the engine parses it, and one walk over the tree.
//!
//! The engine's parser needs time that doubles with every level of brackets, and both of its evaluators
//! recurse along expressions; so shape is checked on tokens first. The walk reports references, calls and
//! bindings and knows nothing of what they mean.

use regorus::unstable::{
    AssignOp, Expr, Lexer, Literal, LiteralStmt, Module, Query, Ref, Rule, RuleHead, Span, TokenKind,
};
use regorus::{Engine, Source};

use super::error::LoadError;
use super::schema::Step;

/// Levels of `[`, `{` and `(` in each other: ten take the parser about a millisecond, twenty a second.
const MAX_NESTING: usize = 10;
/// Operators, calls and fields in one expression: each is a level of recursion in the engine.
const MAX_OPERATORS: usize = 32;

/// Parses one policy into `engine` and gives its tree.
pub(super) fn parse(engine: &mut Engine, path: &str, text: &str) -> Result<Ref<Module>, LoadError> {
    check_shape(path, text)?;
    engine.add_policy(path.to_owned(), text.to_owned()).map_err(|error| from_engine(path, text, &error.to_string()))?;
    let module = engine.get_modules().last().cloned();
    module.ok_or_else(|| LoadError::at(path, text, (1, 1), "cannot parse the policy"))
}

/// Turns the engine's rendered error into ours: its last `--> path:line:col` and `error: …` lines.
pub(super) fn from_engine(path: &str, text: &str, rendered: &str) -> LoadError {
    let (place, message) = read_engine(rendered);
    let place = place.filter(|(known, ..)| known == path).map_or((1, 1), |(_, line, column)| (line, column));
    LoadError::at(path, text, place, message)
}

/// Place and message of an error as the engine renders it.
pub(super) fn read_engine(rendered: &str) -> (Option<(String, u32, u32)>, String) {
    let place = rendered.lines().find_map(|line| {
        let mut parts = line.trim().strip_prefix("--> ")?.rsplitn(3, ':');
        let column = parts.next()?.parse().ok()?;
        let line = parts.next()?.parse().ok()?;
        Some((parts.next()?.to_owned(), line, column))
    });
    let message = rendered.lines().find_map(|line| line.trim().strip_prefix("error: "));
    let message = message.or_else(|| rendered.lines().map(str::trim).find(|line| !line.is_empty()));
    (place, message.unwrap_or("unknown error").to_owned())
}

/// Refuses text that the engine would read wrongly, or could not read in reasonable time and stack.
fn check_shape(path: &str, text: &str) -> Result<(), LoadError> {
    if let Some(index) = text.find('\0') {
        let line = text.get(..index).map_or(1, |before| before.lines().count().max(1));
        let place = (u32::try_from(line).unwrap_or(u32::MAX), 1);
        return Err(LoadError::at(
            path,
            text,
            place,
            "a policy holds no NUL byte: the engine would stop reading there",
        ));
    }
    // What cannot be cut into tokens is left to the parser, which says why.
    let Ok(source) = Source::from_contents(path.to_owned(), text.to_owned()) else { return Ok(()) };
    let mut lexer = Lexer::new(&source);
    let mut operators = vec![0usize];
    let mut previous: Option<(bool, u32)> = None;
    while let Ok(token) = lexer.next_token() {
        let (kind, span) = (token.0, token.1);
        let place = (span.line, span.col);
        let word = if matches!(kind, TokenKind::String | TokenKind::RawString) { "" } else { span.text() };
        // Two operands side by side, or a bracket after white space, begin a new expression.
        let follows_operand = previous.is_some_and(|(operand, _)| operand);
        let touches = previous.is_some_and(|(_, end)| end == span.start);
        let count = operators.last_mut().expect("the outermost level is never closed");
        let mut operand = false;
        match (kind, word) {
            (TokenKind::Eof, _) => break,
            (TokenKind::Symbol, "[" | "{" | "(") => {
                *count = if follows_operand && !touches { 0 } else { *count + 1 };
                operators.push(0);
                if operators.len() > MAX_NESTING + 1 {
                    let message = format!("brackets are nested more than {MAX_NESTING} deep");
                    let hint = "give the inner part a rule of its own";
                    return Err(LoadError::at(path, text, place, message).hint(hint));
                }
            }
            (TokenKind::Symbol, "]" | "}" | ")") => {
                if operators.len() > 1 {
                    operators.pop();
                }
                operand = true;
            }
            (TokenKind::Symbol, "," | ";" | ":") => *count = 0,
            (TokenKind::Symbol, _) => *count += 1,
            _ if word == "in" => *count += 1,
            _ => {
                if follows_operand {
                    *count = 0;
                }
                operand = true;
            }
        }
        if operators.iter().sum::<usize>() > MAX_OPERATORS {
            let message = format!("an expression has more than {MAX_OPERATORS} operators");
            return Err(LoadError::at(path, text, place, message).hint("give a part of it a rule of its own"));
        }
        previous = Some((operand, span.end.max(span.start) + u32::from(word.is_empty())));
    }
    Ok(())
}

/// A reference: a name and the steps after it.
#[derive(Clone, Debug)]
pub(super) struct Chain<'a> {
    /// The name that it starts with.
    pub root: &'a Span,
    /// The steps, each with its place.
    pub steps: Vec<(Step, &'a Span)>,
}

impl Chain<'_> {
    /// The dotted name, as far as it is static.
    pub(super) fn name(&self) -> String {
        let mut name = self.root.text().to_owned();
        for (step, _) in &self.steps {
            let Step::Field(field) = step else { break };
            name.push('.');
            name.push_str(field);
        }
        name
    }
}

/// How a variable takes the value of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// The value itself: `x := ref`.
    Value,
    /// One element after the other: `some x in ref`, `every x in ref`.
    Elements,
}

/// What a rule's tree holds.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// A reference whose value is used as a whole.
    Read(Chain<'a>),
    /// A new variable that stands for a reference, or for its elements; nothing is read by that alone.
    Bind {
        /// The variable.
        name: &'a Span,
        /// What it stands for.
        from: Chain<'a>,
        /// Which part.
        takes: Takes,
    },
    /// A new variable that stands for anything else.
    Declare(&'a Span),
    /// An argument of the function that this rule is.
    Argument(&'a Span),
    /// A call; its arguments are reported on their own.
    Call(Chain<'a>),
    /// A `with` modifier.
    With(&'a Span),
}

/// Reports what a rule's tree holds, in the order of the text.
pub(super) fn walk<'a>(rule: &'a Rule, found: &mut dyn FnMut(Found<'a>)) {
    match rule {
        Rule::Spec { head, bodies, .. } => {
            match head {
                RuleHead::Compr { refr, assign, .. } => {
                    walk_head(refr, found);
                    if let Some(assign) = assign {
                        walk_expr(&assign.value, found);
                    }
                }
                RuleHead::Set { refr, key, .. } => {
                    walk_head(refr, found);
                    if let Some(key) = key {
                        walk_expr(key, found);
                    }
                }
                RuleHead::Func { refr, args, assign, .. } => {
                    walk_head(refr, found);
                    for arg in args {
                        walk_argument(arg, found);
                    }
                    if let Some(assign) = assign {
                        walk_expr(&assign.value, found);
                    }
                }
            }
            for body in bodies {
                if let Some(assign) = &body.assign {
                    walk_expr(&assign.value, found);
                }
                walk_query(&body.query, found);
            }
        }
        Rule::Default { value, .. } => walk_expr(value, found),
    }
}

/// The rule's own name is no reference, the keys in its brackets are.
fn walk_head<'a>(mut head: &'a Expr, found: &mut dyn FnMut(Found<'a>)) {
    loop {
        match head {
            Expr::RefDot { refr, .. } => head = refr,
            Expr::RefBrack { refr, index, .. } => {
                walk_expr(index, found);
                head = refr;
            }
            _ => return,
        }
    }
}

fn walk_argument<'a>(argument: &'a Expr, found: &mut dyn FnMut(Found<'a>)) {
    match argument {
        Expr::Var { span, .. } => found(Found::Argument(span)),
        Expr::Array { items, .. } => items.iter().for_each(|item| walk_argument(item, found)),
        Expr::Object { fields, .. } => fields.iter().for_each(|(_, _, value)| walk_argument(value, found)),
        _ => walk_expr(argument, found),
    }
}

fn walk_query<'a>(query: &'a Query, found: &mut dyn FnMut(Found<'a>)) {
    for statement in &query.stmts {
        walk_statement(statement, found);
    }
}

fn walk_statement<'a>(statement: &'a LiteralStmt, found: &mut dyn FnMut(Found<'a>)) {
    for with in &statement.with_mods {
        found(Found::With(&with.span));
        walk_expr(&with.r#as, found);
    }
    match &statement.literal {
        Literal::SomeVars { vars, .. } => vars.iter().for_each(|name| found(Found::Declare(name))),
        Literal::SomeIn { key, value, collection, .. } => {
            if let Some(key) = key {
                walk_pattern(key, found);
            }
            match value.as_ref() {
                Expr::Var { span, .. } if span.text() != "_" => bind(span, collection, Takes::Elements, found),
                _ => {
                    walk_pattern(value, found);
                    walk_expr(collection, found);
                }
            }
        }
        Literal::Expr { expr, .. } => match expr.as_ref() {
            Expr::AssignExpr { op: AssignOp::ColEq, lhs, rhs, .. } => match lhs.as_ref() {
                Expr::Var { span, .. } if span.text() != "_" => bind(span, rhs, Takes::Value, found),
                _ => {
                    walk_pattern(lhs, found);
                    walk_expr(rhs, found);
                }
            },
            _ => walk_expr(expr, found),
        },
        Literal::NotExpr { expr, .. } => walk_expr(expr, found),
        Literal::Every { key, value, domain, query, .. } => {
            if let Some(key) = key {
                found(Found::Declare(key));
            }
            bind(value, domain, Takes::Elements, found);
            walk_query(query, found);
        }
    }
}

/// New variables in a pattern; whatever else it holds is read.
fn walk_pattern<'a>(pattern: &'a Expr, found: &mut dyn FnMut(Found<'a>)) {
    match pattern {
        Expr::Var { span, .. } => found(Found::Declare(span)),
        Expr::Array { items, .. } => items.iter().for_each(|item| walk_pattern(item, found)),
        Expr::Object { fields, .. } => {
            for (_, key, value) in fields {
                walk_expr(key, found);
                walk_pattern(value, found);
            }
        }
        _ => walk_expr(pattern, found),
    }
}

fn bind<'a>(name: &'a Span, source: &'a Expr, takes: Takes, found: &mut dyn FnMut(Found<'a>)) {
    if let Some(from) = chain(source, found) {
        found(Found::Bind { name, from, takes });
    } else {
        walk_expr(source, found);
        found(Found::Declare(name));
    }
}

/// The reference that an expression is, its dynamic indexes reported; `None` for any other expression.
fn chain<'a>(expr: &'a Expr, found: &mut dyn FnMut(Found<'a>)) -> Option<Chain<'a>> {
    let mut at = expr;
    loop {
        match at {
            Expr::Var { .. } => break,
            Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } => at = refr,
            _ => return None,
        }
    }
    let mut steps = Vec::new();
    let mut at = expr;
    loop {
        match at {
            Expr::RefDot { refr, field, .. } => {
                steps.push((Step::Field(field.0.text().to_owned()), &field.0));
                at = refr;
            }
            Expr::RefBrack { refr, index, .. } => {
                steps.push((step_of(index, found), index.span()));
                at = refr;
            }
            Expr::Var { span, .. } => {
                steps.reverse();
                return Some(Chain { root: span, steps });
            }
            _ => return None,
        }
    }
}

fn step_of<'a>(index: &'a Expr, found: &mut dyn FnMut(Found<'a>)) -> Step {
    match index {
        Expr::String { value, .. } | Expr::RawString { value, .. } => {
            value.as_string().map_or(Step::Any, |text| Step::Field(text.as_ref().to_owned()))
        }
        _ => {
            walk_expr(index, found);
            Step::Any
        }
    }
}

fn walk_expr<'a>(expr: &'a Expr, found: &mut dyn FnMut(Found<'a>)) {
    match expr {
        Expr::String { .. } | Expr::RawString { .. } | Expr::Number { .. } | Expr::Bool { .. } | Expr::Null { .. } => {}
        Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => match chain(expr, found) {
            Some(chain) => found(Found::Read(chain)),
            None => walk_reference_into_expression(expr, found),
        },
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().for_each(|item| walk_expr(item, found)),
        Expr::Object { fields, .. } => {
            for (_, key, value) in fields {
                walk_expr(key, found);
                walk_expr(value, found);
            }
        }
        Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
            walk_expr(term, found);
            walk_query(query, found);
        }
        Expr::ObjectCompr { key, value, query, .. } => {
            walk_expr(key, found);
            walk_expr(value, found);
            walk_query(query, found);
        }
        Expr::Call { fcn, params, .. } => {
            if let Some(target) = chain(fcn, found) {
                found(Found::Call(target));
            }
            for param in params {
                walk_expr(param, found);
            }
        }
        Expr::UnaryExpr { expr, .. } => walk_expr(expr, found),
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => {
            walk_expr(lhs, found);
            walk_expr(rhs, found);
        }
        Expr::Membership { key, value, collection, .. } => {
            if let Some(key) = key {
                walk_expr(key, found);
            }
            walk_expr(value, found);
            walk_expr(collection, found);
        }
    }
}

/// `f(x).y[z]`: the call and the indexes; the fields are of its result.
fn walk_reference_into_expression<'a>(mut expr: &'a Expr, found: &mut dyn FnMut(Found<'a>)) {
    loop {
        match expr {
            Expr::RefDot { refr, .. } => expr = refr,
            Expr::RefBrack { refr, index, .. } => {
                walk_expr(index, found);
                expr = refr;
            }
            _ => return walk_expr(expr, found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Result<(), String> {
        check_shape("p.rego", text).map_err(|error| error.to_string())
    }

    #[test]
    fn ten_levels_of_brackets_pass_and_eleven_do_not() {
        let nested = |depth: usize| format!("package a\nx := {}1{}\n", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(shape(&nested(10)), Ok(()));
        let error = shape(&nested(11)).unwrap_err();
        assert!(error.starts_with("p.rego:2:16: brackets are nested more than 10 deep"), "{error}");
        assert!(error.contains("hint: give the inner part a rule of its own"), "{error}");
    }

    #[test]
    fn brackets_in_strings_raw_strings_and_comments_do_not_count() {
        let many = "[".repeat(50);
        assert_eq!(shape(&format!("package a\n# {many}\nx := \"{many}\"\ny := `{many}\n{many}`\n")), Ok(()));
    }

    #[test]
    fn a_string_with_an_escaped_quote_does_not_hide_what_follows() {
        let deep = "[".repeat(11);
        assert!(shape(&format!("package a\nx := \"\\\"\" # \"\ny := {deep}\n")).is_err());
    }

    #[test]
    fn long_chains_of_operators_are_refused_however_they_are_broken() {
        for (link, name) in [("+ 1", "sums"), ("+ a.b", "fields"), ("\n  + f(1)", "lines"), ("| {1}", "unions")] {
            let text = format!("package a\nx := 1 {}\n", link.repeat(70));
            assert!(shape(&text).unwrap_err().contains("more than 32 operators"), "{name}");
        }
        let text = format!("package a\nx := a{}\n", ".b".repeat(70));
        assert!(shape(&text).unwrap_err().contains("more than 32 operators"));
        let text = format!("package a\nx := a{}\n", "[0]".repeat(70));
        assert!(shape(&text).unwrap_err().contains("more than 32 operators"));
    }

    #[test]
    fn many_statements_and_many_elements_are_no_long_expression() {
        let lines = "  x.y == 1\n  f(x)[0] != \"a\"\n  not z\n".repeat(100);
        assert_eq!(shape(&format!("package a\nr if {{\n{lines}}}\n")), Ok(()));
        let items = "a.b + 1, ".repeat(200);
        assert_eq!(shape(&format!("package a\nr := [{items}]\n")), Ok(()));
        let rules = "r contains 1 if { f(\"s\") }\n".repeat(200);
        assert_eq!(shape(&format!("package a\n{rules}")), Ok(()));
    }

    #[test]
    fn a_nul_byte_is_refused_because_the_rest_would_be_dropped() {
        let error = shape("package a\nx := 1\n\0deny := 1\n").unwrap_err();
        assert!(error.contains("NUL"), "{error}");
    }

    #[test]
    fn an_error_of_the_engine_keeps_its_place_and_message() {
        let mut engine = Engine::new();
        let error = parse(&mut engine, "dir/p.rego", "package a\n\ndeny contains x if {\n  x := \n}\n").unwrap_err();
        assert_eq!((error.path.as_str(), error.line, error.column), ("dir/p.rego", 4, 5));
        assert_eq!(error.excerpt, "  x := ");
        assert!(!error.message.is_empty() && !error.message.contains("-->"), "{}", error.message);
    }
}
