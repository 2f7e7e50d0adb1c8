//! The palette: what component types there are, and what expressions may call.

use crate::{Command, CommandError, Designer};
use flow_data::FunctionKind;
use flow_model::{Catalogue, Component, ComponentDescription, Ports};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use ts_rs::TS;

/// Every component type, in the order of the palette, with its properties: what the palette shows and what the
/// inspector is made from.
#[derive(Debug, Deserialize, TS)]
pub struct Palette {}

/// The answer of `palette`.
#[derive(Debug, Serialize, TS)]
pub struct PaletteView {
    /// The component types.
    pub components: Vec<ComponentDescription>,
    /// The ports that a new component of each type has.
    pub ports: BTreeMap<&'static str, Ports>,
}

impl Command for Palette {
    const NAME: &'static str = "palette";
    type Output = PaletteView;

    async fn run(self, designer: Arc<Designer>) -> Result<PaletteView, CommandError> {
        let palette = designer.palette();
        let components: Vec<ComponentDescription> = palette.all().into_iter().cloned().collect();
        let fresh = |kind: &'static str| palette.ports(&Component::new(kind, "")).unwrap_or_default();
        let ports = components.iter().map(|description| (description.kind, fresh(description.kind))).collect();
        Ok(PaletteView { components, ports })
    }
}

/// Every function that SQL expressions and queries may call, by name: for completion and its help.
#[derive(Debug, Deserialize, TS)]
pub struct SqlFunctions {}

/// The answer of `sql_functions`.
#[derive(Debug, Serialize, TS)]
pub struct SqlFunctionsView {
    /// The functions.
    pub functions: Vec<SqlFunction>,
}

/// A function of SQL.
#[derive(Debug, Serialize, TS)]
pub struct SqlFunction {
    /// Its name.
    pub name: String,
    /// What it works on.
    pub kind: SqlFunctionKind,
    /// How it is called: `substr(str, start_pos[, length])`.
    pub syntax: String,
    /// What it does, in Markdown; may be empty.
    pub description: String,
    /// Its arguments.
    pub arguments: Vec<SqlArgument>,
}

/// What a function of SQL works on.
#[derive(Debug, Clone, Copy, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum SqlFunctionKind {
    /// One record at a time: expressions may call it.
    Scalar,
    /// Many records: queries and Aggregate may call it.
    Aggregate,
    /// The records around each one: queries may call it.
    Window,
}

/// An argument of a function of SQL.
#[derive(Debug, Serialize, TS)]
pub struct SqlArgument {
    /// Its name.
    pub name: String,
    /// What it means, in Markdown.
    pub description: String,
}

impl Command for SqlFunctions {
    const NAME: &'static str = "sql_functions";
    type Output = SqlFunctionsView;

    async fn run(self, _: Arc<Designer>) -> Result<SqlFunctionsView, CommandError> {
        Ok(SqlFunctionsView { functions: flow_data::functions().into_iter().map(SqlFunction::of).collect() })
    }
}

impl SqlFunction {
    fn of(function: flow_data::SqlFunction) -> Self {
        let flow_data::SqlFunction { name, kind, syntax, description, arguments } = function;
        let kind = match kind {
            FunctionKind::Scalar => SqlFunctionKind::Scalar,
            FunctionKind::Aggregate => SqlFunctionKind::Aggregate,
            FunctionKind::Window => SqlFunctionKind::Window,
        };
        let argument = |(name, description)| SqlArgument { name, description };
        Self { name, kind, syntax, description, arguments: arguments.into_iter().map(argument).collect() }
    }
}
