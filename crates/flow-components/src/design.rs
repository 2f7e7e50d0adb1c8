//! What a component learns and says when its flow is examined before it runs.

mod respell;
mod texts;

use crate::examine::Calls;
use crate::{ComponentError, Palette, Services, Template};
use flow_data::arrow::datatypes::{DataType, SchemaRef};
use flow_data::{DataError, Expression, Spool, Variables, nearby_names};
use flow_model::{ComponentId, Diagnostic, FlowName, IN, InputDeclaration, TextPlace};
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a component learns and says when its flow is examined.
pub struct Design<'a> {
    pub(crate) component: &'a ComponentId,
    pub(crate) name: &'a str,
    pub(crate) properties: &'a BTreeMap<String, Value>,
    pub(crate) inlets: BTreeMap<String, SchemaRef>,
    pub(crate) outlets: BTreeMap<String, SchemaRef>,
    /// A value of the right type for every flow variable that is set before the component.
    pub(crate) variables: &'a Variables,
    /// The same for those that it sets.
    pub(crate) sets: Vec<(String, Value)>,
    /// Flow variables that have a value by default; the values of the others are made up.
    pub(crate) defaults: &'a BTreeSet<String>,
    pub(crate) services: &'a dyn Services,
    pub(crate) palette: &'a Palette,
    pub(crate) calls: &'a Calls,
    /// Whether it asked for anything outside of its flow.
    pub(crate) looked_outside: Cell<bool>,
    pub(crate) problems: Vec<Diagnostic>,
    /// The expressions that were looked at, with their types where they have one.
    pub(crate) expressions: Vec<ExpressionType>,
}

/// An expression of a component, and the type of its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionType {
    /// The property that it is in.
    pub property: String,
    /// Where in that.
    pub place: TextPlace,
    /// The type; none where the expression is wrong or its fields are not known.
    pub data_type: Option<DataType>,
}

/// Another flow of the project, as far as it is known before it runs.
#[derive(Debug, Clone)]
pub struct Called {
    /// The inputs that it declares.
    pub inputs: Vec<InputDeclaration>,
    /// Whether any of its ends gives records.
    pub replies: bool,
    /// The fields of what arrives at these ends, if they can be known.
    pub reply: Option<SchemaRef>,
}

impl Design<'_> {
    /// What is known of the flow `name` of the same project.
    pub fn called(&self, name: &FlowName) -> Result<Called, ComponentError> {
        self.looked_outside.set(true);
        self.calls.get(self.palette, name, self.services)
    }

    /// The fields of the ordinary inlet, if they can be known.
    pub fn input(&self) -> Option<&SchemaRef> {
        self.inlets.get(IN)
    }

    /// The fields of the inlet `name`, if they can be known.
    pub fn inlet(&self, name: &str) -> Option<&SchemaRef> {
        self.inlets.get(name)
    }

    /// A value of the right type for every flow variable that is set here.
    pub fn variables(&self) -> &Variables {
        self.variables
    }

    /// Connections and files: what may be different the next time, so that the component is looked at every time.
    pub fn services(&self) -> &dyn Services {
        self.looked_outside.set(true);
        self.services
    }

    /// Where plans would keep streams.
    pub fn spool(&self) -> &Spool {
        self.services.spool()
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

    /// Says that the component sets a flow variable to a value of this type, if the type is known.
    pub fn sets(&mut self, variable: &str, data_type: Option<DataType>) {
        let value = match data_type {
            Some(DataType::Boolean) => json!(true),
            Some(integer) if integer.is_integer() => json!(1),
            Some(number) if number.is_numeric() => json!(0.5),
            Some(DataType::Null) | None => Value::Null,
            // Dates and times are texts as flow variables.
            Some(_) => json!(""),
        };
        self.sets.push((variable.to_owned(), value));
    }

    /// Reports a problem with a property. `message` begins with the place within it, if there are several.
    pub fn problem(&mut self, code: &str, property: &str, message: &str) {
        self.problem_within(code, property, message, None);
    }

    /// The same at a place within the property.
    pub(crate) fn problem_within(&mut self, code: &str, property: &str, message: &str, place: Option<TextPlace>) {
        let message = format!("“{}”, {message}", self.name);
        self.problems.push(Diagnostic::error(code, message).at(self.component).on(property).within(place));
    }

    /// Reports what is wrong with the texts of a property that were planned together.
    pub(crate) fn planning_problem(&mut self, property: &str, error: &DataError) {
        let place = self.properties.get(property).and_then(|value| texts::place_of_error(value, error));
        self.problem_within(error.code(), property, &error.to_string(), place);
        self.mend_name(property, error);
    }

    /// Says which types the expressions of a property have whose entries are named after fields that leave.
    pub(crate) fn fields_have_types(&mut self, property: &str, schema: &SchemaRef) {
        let entries = self.properties.get(property).and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
        let typed = entries.iter().zip(0..).filter_map(|(entry, at)| {
            let field = schema.field_with_name(entry.get("field")?.as_str()?).ok()?;
            let place = TextPlace { entry: Some(at), member: Some("expression".to_owned()), range: None };
            let data_type = Some(field.data_type().clone());
            Some(ExpressionType { property: property.to_owned(), place, data_type })
        });
        self.expressions.extend(typed.collect::<Vec<_>>());
    }

    /// The same for what may turn out well when the flow runs.
    pub fn warning(&mut self, code: &str, property: &str, message: &str) {
        let message = format!("“{}”, {message}", self.name);
        self.problems.push(Diagnostic::warning(code, message).at(self.component).on(property));
    }

    /// Compiles an expression over the ordinary inlet and reports what is wrong with it. `place` names it among others
    /// of the property: `field “price”`. Without known fields only its syntax is checked.
    pub fn expression(&mut self, sql: &str, property: &str, place: &str) -> Option<Arc<Expression>> {
        let schema = self.input().cloned();
        self.expression_over(schema.as_ref(), sql, property, place)
    }

    /// The same over records of any fields; `None` if they are not known.
    pub fn expression_over(
        &mut self,
        schema: Option<&SchemaRef>,
        sql: &str,
        property: &str,
        place: &str,
    ) -> Option<Arc<Expression>> {
        let value = self.properties.get(property).unwrap_or(&Value::Null);
        let at = texts::place_of(value, sql, &self.places_in(property));
        let compiled = match schema {
            Some(schema) => self.services.expressions().compile(sql, schema, self.variables).map(Some),
            None => Expression::check_syntax(sql).map(|()| None),
        };
        if let Some(place) = at.clone() {
            let data_type = compiled.as_ref().ok().and_then(Option::as_ref).map(|expression| expression.data_type());
            self.expressions.push(ExpressionType { property: property.to_owned(), place, data_type });
        }
        compiled.unwrap_or_else(|error| {
            let range = match schema {
                Some(schema) => Expression::place_of_error(sql, schema, self.variables, &error),
                None => error.range_in(sql),
            };
            let marked = at.map(|at| if let Some(range) = range { at.marking(sql, range) } else { at });
            self.problem_within(error.code(), property, &format!("{place}: {error}"), marked);
            self.mend_name(property, &error);
            None
        })
    }

    /// The places in a property whose expressions have been looked at.
    fn places_in(&self, property: &str) -> Vec<TextPlace> {
        let of_property = self.expressions.iter().filter(|seen| seen.property == property);
        of_property.map(|seen| seen.place.clone()).collect()
    }

    /// The same for a condition, which must be true or false.
    pub fn condition(&mut self, sql: &str, property: &str, place: &str) {
        let schema = self.input().cloned();
        self.condition_over(schema.as_ref(), sql, property, place);
    }

    /// The same over records of any fields; `None` if they are not known.
    pub fn condition_over(&mut self, schema: Option<&SchemaRef>, sql: &str, property: &str, place: &str) {
        let before = self.expressions.len();
        let compiled = self.expression_over(schema, sql, property, place);
        let unfit = compiled.and_then(|expression| expression.require_condition().err());
        if let Some(error) = unfit {
            let at = self.expressions.get(before).map(|seen| seen.place.clone());
            self.problem_within(error.code(), property, &format!("{place}: {error}"), at);
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
        self.mend_name(property, &error);
    }

    /// Offers the one name that was probably meant, for the problem reported last.
    fn mend_name(&mut self, property: &str, error: &DataError) {
        let (wrong, near) = match error {
            DataError::UnknownField { field: wrong, near, .. }
            | DataError::UnknownVariable { variable: wrong, near, .. } => (wrong, near),
            DataError::About { error, .. } => return self.mend_name(property, error),
            _ => return,
        };
        let ([right], Some(value)) = (near.as_slice(), self.properties.get(property)) else { return };
        let mended = respell::respelled(self.component, property, value, wrong, right);
        if let (Some(edit), Some(problem)) = (mended, self.problems.pop()) {
            self.problems.push(problem.mended_by(format!("Use “{right}”"), edit));
        }
    }

    /// The text of a template with the defaults of the flow's inputs; `None` if one of its names has no default.
    pub fn likely_text(&self, template: &Template) -> Option<String> {
        template.fill(|name| self.variables.text(name).filter(|_| self.defaults.contains(name))).ok()
    }
}
