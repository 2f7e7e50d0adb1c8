//! Join: the records of two streams side by side.

use super::compile::{Request, expression, quoted};
use super::session::JoinMethod;
use crate::arrow::datatypes::DataType;
use crate::{DataError, Expression, Spool, Stream, Variables, type_name};
use datafusion::sql::sqlparser::ast;

/// Which records leave a join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    /// Those that have a partner, with each of their partners.
    Inner,
    /// All of the left, and with each its partners.
    Left,
    /// All of the right, and with each its partners.
    Right,
    /// All of both.
    Full,
    /// Those of the left that have a partner, once each.
    Semi,
    /// Those of the left that have none.
    Anti,
}

/// What must be equal for two records to be partners. A missing value equals nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinKey {
    /// An expression over the fields of the left.
    pub left: String,
    /// An expression over the fields of the right.
    pub right: String,
}

/// The most bytes of the right side that are held in memory, as a share of what all plans may take.
const SHARE: usize = 4;

/// Joins two streams. The fields are those of the left, then those of the right, with `right_` before a name that is
/// taken. A key that is a field of the same name on both sides leaves once.
///
/// Records come in the order of the left, unless the right side is too large for memory: then in no particular one.
pub fn join(
    left: &Stream,
    right: &Stream,
    kind: JoinKind,
    keys: &[JoinKey],
    variables: &Variables,
    spool: &Spool,
) -> Result<Stream, DataError> {
    // Planned at once, for the errors and the fields; the method is only known when the right side is there.
    let joined = plan(left, right, kind, keys, variables, spool, JoinMethod::Hash)?;
    if !right.is_flowing() {
        let method = method_for(right, spool);
        return if method == JoinMethod::Hash {
            Ok(joined)
        } else {
            plan(left, right, kind, keys, variables, spool, method)
        };
    }
    let schema = std::sync::Arc::clone(joined.schema());
    let (left, right, keys) = (left.clone(), right.clone(), keys.to_vec());
    let (variables, spool) = (variables.clone(), spool.clone());
    Ok(Stream::flowing(schema, move || {
        let right = right.hold(&spool)?;
        plan(&left, &right, kind, &keys, &variables, &spool, method_for(&right, &spool))?.batches()
    }))
}

fn method_for(right: &Stream, spool: &Spool) -> JoinMethod {
    let fits = right.size().is_some_and(|bytes| bytes <= spool.limits().plans / SHARE);
    if fits { JoinMethod::Hash } else { JoinMethod::Merge }
}

fn plan(
    left: &Stream,
    right: &Stream,
    kind: JoinKind,
    keys: &[JoinKey],
    variables: &Variables,
    spool: &Spool,
    method: JoinMethod,
) -> Result<Stream, DataError> {
    let mut parts = Vec::with_capacity(2 * keys.len());
    let mut shared = Vec::new();
    for (at, key) in keys.iter().enumerate() {
        let side = |stream: &Stream, sql: &str, side: &str| {
            let place = |error: DataError| error.about(format!("key {}, {side}", at + 1));
            let data_type = Expression::compile(sql, stream.schema(), variables).map_err(place)?.data_type();
            Ok::<_, DataError>((expression(sql, variables).map_err(place)?, data_type))
        };
        let (one, one_type) = side(left, &key.left, "left")?;
        let (other, other_type) = side(right, &key.right, "right")?;
        key_type(&one_type, &other_type).map_err(|error| error.about(format!("key {}", at + 1)))?;
        if let (Some(name), Some(same)) = (field_name(&one), field_name(&other))
            && name == same
        {
            shared.push(name);
        }
        parts.extend([one, other]);
    }
    let (fields, names) = output(left, right, kind, &shared);
    let free = |stem: &str| {
        let taken = |name: &str| [left, right].iter().any(|side| side.schema().column_with_name(name).is_some());
        let mut name = stem.to_owned();
        while taken(&name) {
            name.push('_');
        }
        name
    };
    let key_names: Vec<String> = (0..keys.len()).map(|at| free(&format!("key_{at}"))).collect();
    let side = |table: &str, first: usize| {
        let keys = key_names.iter().enumerate().map(|(at, name)| format!(", ${} AS {name}", 2 * at + first));
        format!("(SELECT *{} FROM {})", keys.collect::<String>(), quoted(table))
    };
    let on: Vec<String> = key_names.iter().map(|name| format!("l.{name} = r.{name}")).collect();
    let how = match kind {
        JoinKind::Inner => "INNER JOIN",
        // The right side stands first, since DataFusion holds the first one in memory and keeps the order of the second.
        JoinKind::Left => "RIGHT JOIN",
        JoinKind::Right => "LEFT JOIN",
        JoinKind::Full => "FULL JOIN",
        JoinKind::Semi => "RIGHT SEMI JOIN",
        JoinKind::Anti => "RIGHT ANTI JOIN",
    };
    let sql = format!(
        "SELECT {} FROM {} AS r {how} {} AS l ON {}",
        fields.join(", "),
        side("right", 1),
        side("left", 0),
        on.join(" AND "),
    );
    let inputs = vec![("left".to_owned(), left.clone()), ("right".to_owned(), right.clone())];
    Request { sql: &sql, parts, names: Some(names), inputs, method }.stream(variables, spool)
}

/// The fields that leave: as SQL, and their names. `shared` are the fields that are keys on both sides.
fn output(left: &Stream, right: &Stream, kind: JoinKind, shared: &[String]) -> (Vec<String>, Vec<String>) {
    let mut names: Vec<String> = Vec::new();
    let mut fields = Vec::new();
    let mut add = |sql: String, name: String| {
        fields.push(format!("{sql} AS out_{}", fields.len()));
        names.push(name);
    };
    for field in left.schema().fields() {
        let name = quoted(field.name());
        let both = matches!(kind, JoinKind::Right | JoinKind::Full) && shared.contains(field.name());
        add(if both { format!("coalesce(l.{name}, r.{name})") } else { format!("l.{name}") }, field.name().clone());
    }
    if !matches!(kind, JoinKind::Semi | JoinKind::Anti) {
        let others = || right.schema().fields().iter().filter(|field| !shared.contains(field.name()));
        for field in others() {
            let taken = |name: &str| left.schema().column_with_name(name).is_some();
            let mut name = field.name().clone();
            while taken(&name) || name != *field.name() && others().any(|other| *other.name() == name) {
                name.insert_str(0, "right_");
            }
            add(format!("r.{}", quoted(field.name())), name);
        }
    }
    (fields, names)
}

/// The name, if the expression is nothing but a field.
fn field_name(expression: &ast::Expr) -> Option<String> {
    match expression {
        ast::Expr::Nested(inner) => field_name(inner),
        ast::Expr::Identifier(name) => Some(name.value.clone()),
        _ => None,
    }
}

/// The type in which the two sides of a key are compared.
pub fn key_type(left: &DataType, right: &DataType) -> Result<DataType, DataError> {
    match (left, right) {
        (one, other) if one == other => Ok(one.clone()),
        (one, DataType::Null) | (DataType::Null, one) => Ok(one.clone()),
        (one, other) if one.is_integer() && other.is_integer() => Ok(DataType::Int64),
        (one, other) if one.is_numeric() && other.is_numeric() => Ok(DataType::Float64),
        (one, other) if one.is_string() && other.is_string() => Ok(DataType::Utf8),
        (one, other) if one.is_temporal() && other.is_temporal() => Ok(one.clone()),
        (one, other) => Err(DataError::Type {
            message: format!("{} is compared with {}: cast one of them", type_name(one), type_name(other)),
        }),
    }
}
