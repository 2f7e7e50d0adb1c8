//! Where in the text of an expression or a query an error is: for editors, which mark it there.

use super::plan::{self, Plan};
use crate::arrow::datatypes::SchemaRef;
use crate::{DataError, Variables};
use datafusion::sql::sqlparser::ast::{self, ExprWithAlias, Spanned, Visit, Visitor};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Span, Token, Tokenizer};
use std::ops::{ControlFlow, Range};

impl DataError {
    /// The bytes of `sql` that the error is about, where the error itself tells: the place of a syntax error up to the end
    /// of the word there, or the name that is not known.
    pub fn range_in(&self, sql: &str) -> Option<Range<usize>> {
        match self {
            Self::ExpressionSyntax { line, column, .. } if *line > 0 => {
                let from = offset(sql, Location { line: *line, column: *column })?;
                let rest = sql.get(from..)?;
                let word = rest.char_indices().find(|(_, c)| !c.is_alphanumeric() && *c != '_');
                let length = word.map_or(rest.len(), |(at, c)| if at == 0 { c.len_utf8() } else { at });
                Some(from..from + length)
            }
            Self::UnknownField { field, .. } => {
                find(sql, |token| matches!(token, Token::Word(word) if word.value == *field))
            }
            Self::UnknownVariable { variable, .. } => {
                find(sql, |token| matches!(token, Token::Placeholder(text) if text.get(1..) == Some(variable.as_str())))
            }
            Self::About { error, .. } | Self::Upstream { error } => error.range_in(sql),
            _ => None,
        }
    }
}

/// The bytes of the expression `sql` that `error`, which compiling it gave, is about: where the error itself does not
/// tell, the innermost part that gives the same error.
pub(super) fn place_of_error(
    sql: &str,
    schema: &SchemaRef,
    variables: &Variables,
    error: &DataError,
) -> Option<Range<usize>> {
    if let Some(range) = error.range_in(sql) {
        return Some(range);
    }
    let parsed = plan::parse(sql).ok()?;
    let mut parts = Parts::default();
    let _ = parsed.expr.visit(&mut parts);
    let gives_it = |part: &&(ast::Expr, Span)| {
        let alone = ExprWithAlias { expr: part.0.clone(), alias: None };
        Plan::of(alone, schema, variables).is_err_and(|found| found == *error)
    };
    // The inner ones stand first.
    let (part, span) = parts.0.iter().find(gives_it)?;
    let from = offset(sql, span.start)?;
    // What a part knows of its end are its names and values, without the brackets behind them.
    let to = match part {
        ast::Expr::Function(_) => end_of_call(sql, from)?,
        _ => offset(sql, span.end)?,
    };
    (from < to).then_some(from..to)
}

/// Where the call that begins at `from` ends: behind the bracket that closes its arguments.
fn end_of_call(sql: &str, from: usize) -> Option<usize> {
    let rest = sql.get(from..)?;
    let tokens = Tokenizer::new(&GenericDialect {}, rest).tokenize_with_location().ok()?;
    let mut open = 0_usize;
    for token in tokens {
        match token.token {
            Token::LParen => open += 1,
            Token::RParen if open > 1 => open -= 1,
            Token::RParen => return Some(from + offset(rest, token.span.end)?),
            _ => {}
        }
    }
    None
}

/// All parts of an expression that know their place, the inner ones before those that hold them.
#[derive(Default)]
struct Parts(Vec<(ast::Expr, Span)>);

impl Visitor for Parts {
    type Break = ();

    fn post_visit_expr(&mut self, part: &ast::Expr) -> ControlFlow<()> {
        let span = part.span();
        if span.start.line > 0 {
            self.0.push((part.clone(), span));
        }
        ControlFlow::Continue(())
    }
}

/// The first token that `is_it`.
fn find(sql: &str, is_it: impl Fn(&Token) -> bool) -> Option<Range<usize>> {
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize_with_location().ok()?;
    let found = tokens.into_iter().find(|token| is_it(&token.token))?;
    Some(offset(sql, found.span.start)?..offset(sql, found.span.end)?)
}

/// The byte of a place that is told by line and character, both from 1.
fn offset(sql: &str, place: Location) -> Option<usize> {
    let line = usize::try_from(place.line.checked_sub(1)?).ok()?;
    let column = usize::try_from(place.column.checked_sub(1)?).ok()?;
    let mut begin = 0;
    for text in sql.split_inclusive('\n').take(line) {
        begin += text.len();
    }
    let rest = sql.get(begin..)?;
    let within = rest.char_indices().map(|(at, _)| at).nth(column).unwrap_or(rest.len());
    Some(begin + within)
}

#[cfg(test)]
mod tests {
    use crate::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
    use crate::{Expression, Variables};
    use std::sync::Arc;

    /// What of `sql` is marked.
    fn marked(sql: &str) -> Option<&str> {
        let schema: SchemaRef = Arc::new(Schema::new(vec![
            Field::new("amount", DataType::Float64, true),
            Field::new("größe", DataType::Utf8, true),
        ]));
        let variables = Variables::default().with("month", "1997-01");
        let error = Expression::compile(sql, &schema, &variables).expect_err(sql);
        let range = Expression::place_of_error(sql, &schema, &variables, &error)?;
        Some(&sql[range])
    }

    #[test]
    fn an_error_is_marked_where_it_is() {
        assert_eq!(marked("amount + amuont * 2"), Some("amuont"));
        assert_eq!(marked("'ü' || größe || \"wrong one\""), Some("\"wrong one\""));
        assert_eq!(marked("amount > 1 AND\n  $mnth = 'x'"), Some("$mnth"));
        assert_eq!(marked("amount * * 2"), Some("*"));
        assert_eq!(marked("round(amount, 2) + uper(größe)"), Some("uper(größe)"));
        assert_eq!(marked("round(amount,\n 2"), Some(""));
    }

    #[test]
    fn what_does_not_fit_is_marked_in_its_innermost_part() {
        let found = marked("amount > 1 AND upper(make_array(1)) = 'x'");
        assert_eq!(found, Some("upper(make_array(1))"));
    }
}
