//! The functions that expressions may call, as DataFusion's own registry tells of them.

use super::session::session;
use datafusion::logical_expr::Documentation;
use std::collections::BTreeMap;

/// A function of SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlFunction {
    /// Its name.
    pub name: String,
    /// What it works on.
    pub kind: FunctionKind,
    /// How it is called: `substr(str, start_pos[, length])`.
    pub syntax: String,
    /// What it does, in Markdown; empty where the registry does not say.
    pub description: String,
    /// Its arguments, each with what it means.
    pub arguments: Vec<(String, String)>,
}

/// What a function works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FunctionKind {
    /// One record at a time: expressions may call it.
    Scalar,
    /// Many records at once: for queries and for Aggregate.
    Aggregate,
    /// The records around each one: for queries.
    Window,
}

/// Every function that expressions and queries may call, by name.
pub fn functions() -> Vec<SqlFunction> {
    let state = session();
    let mut all = BTreeMap::new();
    let mut add = |name: &String, kind: FunctionKind, told: Option<&Documentation>| {
        // Where a name stands for several, the one for the fewest records is meant most.
        all.entry(name.clone()).or_insert_with(|| described(name, kind, told));
    };
    for (name, function) in state.scalar_functions() {
        add(name, FunctionKind::Scalar, function.documentation());
    }
    for (name, function) in state.aggregate_functions() {
        add(name, FunctionKind::Aggregate, function.documentation());
    }
    for (name, function) in state.window_functions() {
        add(name, FunctionKind::Window, function.documentation());
    }
    all.into_values().collect()
}

fn described(name: &str, kind: FunctionKind, told: Option<&Documentation>) -> SqlFunction {
    let Some(told) = told else {
        return SqlFunction {
            name: name.to_owned(),
            kind,
            syntax: format!("{name}(…)"),
            description: String::new(),
            arguments: Vec::new(),
        };
    };
    SqlFunction {
        name: name.to_owned(),
        kind,
        syntax: told.syntax_example.trim().to_owned(),
        description: told.description.trim().to_owned(),
        arguments: told.arguments.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::{FunctionKind, functions};

    #[test]
    fn functions_are_told_with_their_arguments() {
        let all = functions();
        let find = |name: &str| all.iter().find(|function| function.name == name).unwrap();
        let substr = find("substr");
        assert_eq!(substr.kind, FunctionKind::Scalar);
        assert!(substr.syntax.starts_with("substr("), "{substr:?}");
        assert!(!substr.description.is_empty() && substr.arguments.len() >= 2, "{substr:?}");
        assert_eq!(find("sum").kind, FunctionKind::Aggregate);
        assert_eq!(find("row_number").kind, FunctionKind::Window);
        // What has a limit of ours is still told of by its own registry.
        assert!(!find("repeat").description.is_empty());
        assert!(all.windows(2).all(|two| two[0].name < two[1].name));
    }
}
