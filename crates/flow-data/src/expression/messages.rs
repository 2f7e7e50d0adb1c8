//! DataFusion's errors in our words: what is wrong, where, and the way out.

use crate::{DataError, nearby_names};
use datafusion::common::{DataFusionError, SchemaError};

/// Why `sql` cannot be parsed.
pub(crate) fn syntax_error(sql: &str, error: &DataFusionError) -> DataError {
    let text = match error {
        DataFusionError::SQL(parser, _) => parser.to_string(),
        other => first_line(&other.strip_backtrace()),
    };
    let text = text.trim_start_matches("sql parser error: ").to_owned();
    let (message, place) = match text.rsplit_once(" at Line: ") {
        Some((message, place)) => (message.to_owned(), parse_place(place)),
        None => (text, None),
    };
    let (line, column) = match place {
        Some(place) if place != (0, 0) => place,
        _ => end_of(sql),
    };
    let message = message.replace("found: EOF", "but it ends here").replace("found: ", "found ");
    DataError::ExpressionSyntax { line, column, message }
}

/// `4, Column: 7` as numbers.
fn parse_place(text: &str) -> Option<(u64, u64)> {
    let (line, column) = text.split_once(", Column: ")?;
    let digits: String = column.chars().take_while(char::is_ascii_digit).collect();
    Some((line.trim().parse().ok()?, digits.parse().ok()?))
}

/// The place behind the last character.
fn end_of(sql: &str) -> (u64, u64) {
    let line = sql.split('\n').count().max(1) as u64;
    let column = sql.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
    (line, column)
}

/// Why an expression that parses cannot be planned. `fields` are those of the stream.
pub(super) fn planning_error(error: &DataFusionError, fields: &[&str]) -> DataError {
    match root(error) {
        DataFusionError::SchemaError(schema, _) => match schema.as_ref() {
            SchemaError::FieldNotFound { field, .. } => unknown_field(&field.name, fields),
            SchemaError::DuplicateUnqualifiedField { name } => {
                DataError::Type { message: format!("the stream has two fields named “{name}”; rename one of them") }
            }
            other => DataError::Type { message: first_line(&other.to_string()) },
        },
        other => planning_message(&other.strip_backtrace(), fields),
    }
}

/// Why a query over whole streams cannot be planned. `fields` are those of all inputs.
pub(crate) fn query_error(error: &DataFusionError, fields: &[&str]) -> DataError {
    match root(error) {
        DataFusionError::SchemaError(schema, _) if matches!(schema.as_ref(), SchemaError::FieldNotFound { .. }) => {
            planning_error(error, fields)
        }
        other => {
            let text = other.strip_backtrace();
            let line = first_line(&text);
            if line.starts_with("Invalid function '") {
                return planning_message(&text, fields);
            }
            DataError::Type { message: without_inner_names(&line) }
        }
    }
}

/// Without the names that our own templates of queries have.
fn without_inner_names(line: &str) -> String {
    ["left_input.", "right_input.", "input."].iter().fold(line.to_owned(), |line, name| line.replace(name, ""))
}

fn planning_message(text: &str, fields: &[&str]) -> DataError {
    let line = first_line(text);
    // Of these DataFusion makes no typed errors.
    if let Some(rest) = line.strip_prefix("Invalid function '") {
        let name = rest.split('\'').next().unwrap_or_default();
        let meant = text.split("Did you mean '").nth(1).and_then(|rest| rest.split('\'').next());
        let hint = meant.map(|meant| format!("; did you mean “{meant}”?")).unwrap_or_default();
        return DataError::Type { message: format!("there is no function “{name}”{hint}") };
    }
    if line.contains("ScalarSubquery")
        || line.contains("Subquery")
        || line.contains("InSubquery")
        || line.contains("Exists")
    {
        return DataError::Type {
            message: "an expression sees one record at a time: it cannot hold a SELECT".to_owned(),
        };
    }
    if line.contains("AggregateFunction") || line.contains("WindowFunction") {
        let message =
            "an expression sees one record at a time: it cannot use functions over many (sum, count, row_number, …)";
        return DataError::Type { message: message.to_owned() };
    }
    if let Some(name) = line.strip_prefix("table '").and_then(|rest| rest.split('\'').next()) {
        return unknown_field(name.rsplit('.').next().unwrap_or(name), fields);
    }
    DataError::Type { message: line }
}

fn unknown_field(field: &str, fields: &[&str]) -> DataError {
    DataError::UnknownField {
        field: field.to_owned(),
        near: nearby_names(field, fields.iter().copied()),
        all: fields.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// Why an expression failed on a record.
pub(crate) fn evaluation_error(error: &DataFusionError) -> String {
    first_line(&root(error).strip_backtrace())
}

/// The innermost error that says something.
fn root(error: &DataFusionError) -> &DataFusionError {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => root(inner),
        DataFusionError::Shared(inner) => root(inner),
        DataFusionError::Collection(all) => all.first().map_or(error, root),
        other => other,
    }
}

/// The first line, without the names of the stages it came from.
fn first_line(text: &str) -> String {
    const STAGES: [&str; 11] = [
        "Error during planning: ",
        "Schema error: ",
        "Arrow error: ",
        "Execution error: ",
        "Optimizer rule 'simplify_expressions' failed",
        "type_coercion",
        "caused by",
        "Invalid argument error: ",
        "Cast error: ",
        "Compute error: ",
        "This feature is not implemented: ",
    ];
    let mut line = text.lines().next().unwrap_or_default().trim();
    while let Some(rest) = STAGES.iter().find_map(|stage| line.strip_prefix(stage)) {
        line = rest.trim();
    }
    if let Some(what) = line.strip_prefix("Arithmetic overflow: ") {
        let what = what.trim_start_matches("Overflow happened on: ");
        return format!("overflow: {what} does not fit into its type; cast to a wider one, such as DECIMAL(38, 0)");
    }
    line.trim_end_matches('.').replace("Divide by zero error", "division by zero")
}
