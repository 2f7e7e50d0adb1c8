//! What can be known before anything runs: which fields flow on every link, and what is wrong with the expressions,
//! texts and field names that refer to them.

use crate::properties::WRONG_VALUE;
use crate::{ComponentError, Palette, Services, Template};
use flow_data::arrow::datatypes::SchemaRef;
use flow_data::{Expression, Stream, Variables, nearby_names};
use flow_model::{
    Catalogue, ComponentId, Diagnostic, ERROR_OUTLET, Flow, Graph, IN, InputDeclaration, InputType, Link, PortRef,
    StartSettings,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An outlet of a component.
pub type PortKey = PortRef;

/// What was found out about a flow before it runs.
#[derive(Debug, Clone, Default)]
pub struct Examination {
    /// What is wrong with expressions and with the names of fields and flow variables.
    pub diagnostics: Vec<Diagnostic>,
    /// The fields on every outlet where they can be known.
    pub schemas: BTreeMap<PortKey, SchemaRef>,
}

/// What a component learns and says when its flow is examined.
pub struct Design<'a> {
    component: &'a ComponentId,
    name: &'a str,
    inlets: BTreeMap<String, SchemaRef>,
    outlets: BTreeMap<String, SchemaRef>,
    variables: &'a Variables,
    /// Flow variables that have a value by default; the values of the others are made up.
    defaults: &'a BTreeSet<String>,
    services: &'a dyn Services,
    problems: Vec<Diagnostic>,
}

impl Palette {
    /// Finds out what can be known about a flow before it runs.
    pub fn examine(&self, flow: &Flow, sources: &dyn Services) -> Examination {
        let mut found = Examination::default();
        // The rules of the document report what makes a graph impossible.
        let Ok(graph) = Graph::build(flow) else { return found };
        let (variables, defaults) = sample_variables(flow);
        for id in graph.order() {
            let Some(component) = flow.components.get(id) else { continue };
            let prepared = self.prepare(id, component);
            let mut design = Design {
                component: id,
                name: &component.name,
                inlets: inlet_schemas(flow, id, &mut found),
                outlets: BTreeMap::new(),
                variables: &variables,
                defaults: &defaults,
                services: sources,
                problems: Vec::new(),
            };
            match prepared {
                Ok(prepared) => prepared.design(&mut design),
                Err(problems) => {
                    design.problems.extend(problems.into_iter().filter(|problem| problem.code == WRONG_VALUE))
                }
            }
            if self.ports(component).is_some_and(|ports| ports.has_outlet(ERROR_OUTLET)) {
                design.outlet(ERROR_OUTLET, Arc::clone(ComponentError::schema()));
            }
            found.diagnostics.append(&mut design.problems);
            found
                .schemas
                .extend(design.outlets.into_iter().map(|(outlet, schema)| (PortRef::new(id, &outlet), schema)));
        }
        found
    }

    /// What is wrong with expressions and names, as far as the fields can be known.
    pub fn check_expressions(&self, flow: &Flow, sources: &dyn Services) -> Vec<Diagnostic> {
        self.examine(flow, sources).diagnostics
    }

    /// The fields on every outlet where they can be known.
    pub fn output_schemas(&self, flow: &Flow, sources: &dyn Services) -> BTreeMap<PortKey, SchemaRef> {
        self.examine(flow, sources).schemas
    }
}

/// A value of the right type for every declared input, and the names of those whose value is their default.
fn sample_variables(flow: &Flow) -> (Variables, BTreeSet<String>) {
    let inputs = StartSettings::of(flow).map(|settings| settings.inputs).unwrap_or_default();
    let given = |input: &InputDeclaration| input.default.clone().filter(|value| !value.is_null());
    let defaults = inputs.iter().filter(|input| given(input).is_some()).map(|input| input.name.clone()).collect();
    let sample = |input: &InputDeclaration| -> Value {
        let made_up = match input.kind {
            InputType::Text => json!(""),
            InputType::Integer => json!(1),
            InputType::Number => json!(0.5),
            InputType::Boolean => json!(true),
        };
        given(input).unwrap_or(made_up)
    };
    (inputs.iter().map(|input| (input.name.clone(), sample(input))).collect(), defaults)
}

/// The fields that arrive at each inlet of a component, where all the outlets linked to it are known.
fn inlet_schemas(flow: &Flow, id: &ComponentId, found: &mut Examination) -> BTreeMap<String, SchemaRef> {
    let mut arriving: BTreeMap<&str, Vec<(&Link, Option<&SchemaRef>)>> = BTreeMap::new();
    for link in flow.links.iter().filter(|link| link.to.component == *id) {
        arriving.entry(&link.to.port).or_default().push((link, found.schemas.get(&link.from)));
    }
    let mut inlets = BTreeMap::new();
    let mut problems = Vec::new();
    for (inlet, links) in arriving {
        let known: Option<Vec<Stream>> =
            links.iter().map(|(_, schema)| schema.map(|schema| Stream::empty(Arc::clone(schema)))).collect();
        match known.map(|streams| Stream::append(&streams)) {
            Some(Ok(joined)) => {
                inlets.insert(inlet.to_owned(), Arc::clone(joined.schema()));
            }
            Some(Err(error)) => {
                let mut problem =
                    Diagnostic::error(error.code(), format!("{error}: map them to the same fields first")).at(id);
                if let Some((link, _)) = links.last() {
                    problem = problem.along(link);
                }
                problems.push(problem);
            }
            None => {}
        }
    }
    found.diagnostics.append(&mut problems);
    inlets
}

impl Design<'_> {
    /// The fields of the ordinary inlet, if they can be known.
    pub fn input(&self) -> Option<&SchemaRef> {
        self.inlets.get(IN)
    }

    /// Connections, files, caches.
    pub fn services(&self) -> &dyn Services {
        self.services
    }

    /// Says that the outlet has these fields.
    pub fn outlet(&mut self, name: &str, schema: SchemaRef) {
        self.outlets.insert(name.to_owned(), schema);
    }

    /// Says that the outlet has the fields of the ordinary inlet.
    pub fn passes_on(&mut self, outlet: &str) {
        if let Some(schema) = self.input().cloned() {
            self.outlet(outlet, schema);
        }
    }

    /// Reports a problem with a property. `message` begins with the place within it, if there are several.
    pub fn problem(&mut self, code: &str, property: &str, message: &str) {
        let message = format!("“{}”, {message}", self.name);
        self.problems.push(Diagnostic::error(code, message).at(self.component).on(property));
    }

    /// The same for what may turn out well when the flow runs.
    pub fn warning(&mut self, code: &str, property: &str, message: &str) {
        let message = format!("“{}”, {message}", self.name);
        self.problems.push(Diagnostic::warning(code, message).at(self.component).on(property));
    }

    /// Compiles an expression over the ordinary inlet and reports what is wrong with it. `place` names it among others
    /// of the property: `field “price”`. Without known fields only its syntax is checked.
    pub fn expression(&mut self, sql: &str, property: &str, place: &str) -> Option<Arc<Expression>> {
        let compiled = match self.input() {
            Some(schema) => self.services.expressions().compile(sql, schema, self.variables).map(Some),
            None => Expression::check_syntax(sql).map(|()| None),
        };
        compiled.unwrap_or_else(|error| {
            self.problem(error.code(), property, &format!("{place}: {error}"));
            None
        })
    }

    /// The same for a condition, which must be true or false.
    pub fn condition(&mut self, sql: &str, property: &str, place: &str) {
        let unfit = self.expression(sql, property, place).and_then(|expression| expression.require_condition().err());
        if let Some(error) = unfit {
            self.problem(error.code(), property, &format!("{place}: {error}"));
        }
    }

    /// Reports the names in a template that are no flow variables, nor fields of the ordinary inlet if `fields`.
    pub fn template(&mut self, template: &Template, property: &str, fields: bool) {
        if fields && self.input().is_none() {
            return;
        }
        let mut known: Vec<&str> = self.variables.names().collect();
        if let Some(schema) = self.input().filter(|_| fields) {
            known.extend(schema.fields().iter().map(|field| field.name().as_str()));
        }
        let unknown: Vec<String> =
            template.names().into_iter().filter(|name| !known.contains(name)).map(str::to_owned).collect();
        let hints: Vec<Vec<String>> = unknown.iter().map(|name| nearby_names(name, known.iter().copied())).collect();
        for (name, near) in unknown.iter().zip(hints) {
            let hint = match near.as_slice() {
                [] => "declare it among the inputs of Start".to_owned(),
                near => format!(
                    "did you mean {}?",
                    near.iter().map(|name| format!("“${{{name}}}”")).collect::<Vec<_>>().join(", ")
                ),
            };
            let what = if fields { "flow variable or field" } else { "flow variable" };
            self.problem("template/unknown-name", property, &format!("“${{{name}}}” names no {what}; {hint}"));
        }
    }

    /// Reports a name that is no field of the ordinary inlet.
    pub fn field(&mut self, name: &str, property: &str) {
        let Some(schema) = self.input().cloned() else { return };
        if schema.field_with_name(name).is_ok() {
            return;
        }
        let near = nearby_names(name, schema.fields().iter().map(|field| field.name().as_str()));
        let all = schema.fields().iter().map(|field| field.name().clone()).collect();
        let error = flow_data::DataError::UnknownField { field: name.to_owned(), near, all };
        self.problem(error.code(), property, &error.to_string());
    }

    /// The text of a template with the defaults of the flow's inputs; `None` if one of its names has no default.
    pub fn likely_text(&self, template: &Template) -> Option<String> {
        template.fill(|name| self.variables.text(name).filter(|_| self.defaults.contains(name))).ok()
    }
}
