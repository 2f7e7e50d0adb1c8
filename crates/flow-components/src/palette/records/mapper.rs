//! Mapper: makes new records out of those that arrive.

use super::reading;
use crate::describe::{optional, required};
use crate::lookup::{self, Key, LOOKUP, Lookup};
use crate::nesting::{Nesting, path_of};
use crate::wording::records;
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_data::arrow::compute::concat_batches;
use flow_data::arrow::datatypes::{Field, Schema, SchemaRef};
use flow_data::arrow::record_batch::RecordBatch;
use flow_data::{DataError, Expression, Projection, Stream};
use flow_model::{ComponentDescription, ERROR_OUTLET, Effect, Family, IN, OUT, PortDescription, Ports, PropertyKind};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::sync::Arc;

const HELP: &str = "\
Makes one record out of each record that arrives. Every field that leaves has an SQL expression over the fields that \
arrive and the flow variables:

| field | expression |
|---|---|
| `customer` | `upper(trim(customer_name))` |
| `gross` | `round(net * 1.19, 2)` |
| `size` | `CASE WHEN net > 1000 THEN 'large' ELSE 'small' END` |
| `batch` | `$month` |

The expressions are those of [DataFusion](https://datafusion.apache.org/user-guide/sql/scalar_functions.html). Names of \
fields are taken as they are written; put those with spaces or other characters into double quotes, and texts into \
single ones. With *KeepOtherFields* on, fields that have no expression here pass unchanged, before the new ones.

**Records and lists.** `address.city` as an expression is the field `city` of the record `address`, `items[1]` the first \
item of a list, and `items[1]['id']` its field `id`; as the name of a field that leaves it makes a record `address`. `make_array(a, b)` makes a list, \
`named_struct('x', a)` a record.

**Looking up.** With *LookupKeys* set there is a second inlet, `lookup`. For each record, the first one there whose keys \
are equal is found, and its fields are at hand as `lookup.name`; if none is found they are null. The records of that \
inlet are kept in memory; use Join for more of them, or to get every one that fits.";

/// The most memory that the records of the second inlet may take, in bytes.
const LOOKUP_LIMIT: usize = 256 << 20;

pub(super) struct Mapper;

impl ComponentType for Mapper {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "Mapper",
            title: "Mapper",
            family: Family::Transform,
            icon: "arrow-right-left",
            summary: "Makes new fields by SQL expressions",
            help: HELP,
            properties: vec![
                required("Fields", "Fields", PropertyKind::Mapping, "The fields that leave, each with its expression."),
                optional(
                    "KeepOtherFields",
                    "Keep other fields",
                    PropertyKind::Boolean,
                    json!(false),
                    "Whether fields that arrive and are not made here pass unchanged.",
                ),
                optional(
                    "LookupKeys",
                    "Lookup keys",
                    PropertyKind::JoinKeys,
                    json!([]),
                    "What must be equal in a record (left) and in one of the inlet `lookup` (right) for that to be found.",
                ),
            ],
            effect: Effect::None,
            saves: false,
            line: "{Fields}",
        }
    }

    fn ports(&self, component: &flow_model::Component) -> Ports {
        let keys = component.properties.get("LookupKeys").and_then(Value::as_array);
        let mut ports = Ports::named(&[IN], &[OUT, ERROR_OUTLET]);
        if keys.is_some_and(|keys| !keys.is_empty()) {
            ports.inlets.push(PortDescription { name: LOOKUP.to_owned(), title: LOOKUP.to_owned() });
        }
        ports
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        let fields = properties.entries("Fields", "field", "expression");
        let paths: Vec<Vec<String>> = fields.iter().map(|(field, _)| path_of(field)).collect();
        let nesting = Nesting::new(paths.iter().map(Vec::as_slice));
        if let Err(path) = &nesting {
            let message = format!("makes “{path}” twice, or both as a value and as a record: rename one of the fields");
            properties.problem("Fields", &message);
        }
        let names = nesting.map(|nesting| nesting.names().map(str::to_owned).collect()).unwrap_or_default();
        let keep_others = properties.boolean("KeepOtherFields");
        let keys = properties.entries("LookupKeys", "left", "right");
        Arc::new(Prepared { fields, paths, names, keep_others, keys, mapping: Mutex::default() })
    }
}

struct Prepared {
    fields: Vec<(String, String)>,
    /// Where each of the fields is in the records that leave.
    paths: Vec<Vec<String>>,
    /// The names of the fields that leave, without those that pass unchanged.
    names: Vec<String>,
    keep_others: bool,
    keys: Vec<(String, String)>,
    /// The mapping of the last run, if it holds for any: most runs are over records with the same fields.
    mapping: Mutex<Option<Arc<Mapping>>>,
}

/// How records with certain fields are mapped.
struct Mapping {
    input: SchemaRef,
    /// The fields that leave.
    schema: SchemaRef,
    projection: Projection,
    /// Where the values go, unless all of them stay at the top.
    nesting: Option<Nesting>,
}

impl Mapping {
    fn map(&self, batch: &RecordBatch) -> Result<RecordBatch, DataError> {
        let flat = self.projection.map_batch(batch)?;
        match &self.nesting {
            None => Ok(flat),
            Some(nesting) => nesting.nest(&flat),
        }
    }
}

impl Prepared {
    /// The fields that pass unchanged, each with its name as an expression.
    fn others(&self, schema: &SchemaRef) -> Vec<(String, String)> {
        if !self.keep_others {
            return Vec::new();
        }
        let others = schema.fields().iter().filter(|field| !self.names.contains(field.name()));
        others.map(|field| (field.name().clone(), format!("\"{}\"", field.name().replace('"', "\"\"")))).collect()
    }

    /// Where the flat fields go; `others` of them stand before those made here.
    fn nesting(&self, others: &[(String, String)]) -> Result<Nesting, ComponentError> {
        let others: Vec<[String; 1]> = others.iter().map(|(name, _)| [name.clone()]).collect();
        let paths = others.iter().map(<[String; 1]>::as_slice).chain(self.paths.iter().map(Vec::as_slice));
        Nesting::new(paths)
            .map_err(|path| ComponentError::new("data/type", format!("“{path}” is made twice")).on("Fields"))
    }

    /// How records with these fields are mapped: those of the ordinary inlet, with what is looked up.
    fn mapping(&self, run: &RunContext<'_>, input: &SchemaRef) -> Result<Arc<Mapping>, ComponentError> {
        let is_same = |kept: &&Arc<Mapping>| Arc::ptr_eq(&kept.input, input) || kept.input == *input;
        if let Some(kept) = self.mapping.lock().as_ref().filter(is_same) {
            return Ok(Arc::clone(kept));
        }
        let others = self.others(run.input().schema());
        let compiled = others.iter().chain(&self.fields).map(|(field, sql)| {
            let expression = run.services.expressions().compile(sql, input, run.variables);
            expression.map_err(|error| ComponentError::from(error.about(format!("field “{field}”"))).on("Fields"))
        });
        let compiled: Vec<Arc<Expression>> = compiled.collect::<Result<_, _>>()?;
        let holds_for_any = compiled.iter().all(|expression| expression.is_lasting());
        let nesting = self.nesting(&others)?;
        let mapping = if nesting.is_flat() {
            let projection = Projection::new(nesting.names().zip(compiled));
            Mapping { input: Arc::clone(input), schema: Arc::clone(projection.schema()), projection, nesting: None }
        } else {
            let names = others.iter().chain(&self.fields).map(|(field, _)| field);
            let projection = Projection::new(names.zip(compiled));
            let schema = nesting.schema(projection.schema());
            Mapping { input: Arc::clone(input), schema, projection, nesting: Some(nesting) }
        };
        let mapping = Arc::new(mapping);
        if holds_for_any {
            *self.mapping.lock() = Some(Arc::clone(&mapping));
        }
        Ok(mapping)
    }

    fn key(&self, at: usize, left: Arc<Expression>, right: Arc<Expression>) -> Result<Key, DataError> {
        let key = Key { left, right };
        lookup::key_type(&key).map_err(|error| error.about(format!("key {}", at + 1)))?;
        Ok(key)
    }

    /// The records of the ordinary inlet, each with what was found for it.
    async fn looked_up(&self, run: &RunContext<'_>) -> Result<Stream, ComponentError> {
        let input = run.input().clone();
        if self.keys.is_empty() {
            return Ok(input);
        }
        let failed = |error| ComponentError::from(error).on("LookupKeys");
        if input.schema().column_with_name(LOOKUP).is_some() {
            return Err(name_taken());
        }
        let Some(others) = run.inlets.get(LOOKUP).cloned() else { return Err(nothing_arrived()) };
        let cache = run.services.expressions();
        let mut keys = Vec::new();
        for (at, (left, right)) in self.keys.iter().enumerate() {
            let place = |error: DataError| failed(error.about(format!("key {}", at + 1)));
            let left = cache.compile(left, input.schema(), run.variables).map_err(place)?;
            let right = cache.compile(right, others.schema(), run.variables).map_err(place)?;
            keys.push(self.key(at, left, right).map_err(failed)?);
        }
        let read = others.clone();
        let prepare = move || Lookup::new(&in_memory(&read)?, &keys).map_err(failed);
        let lookup = reading(run, &[&others], prepare).await?;
        let schema = lookup::extended_schema(input.schema(), others.schema());
        input.map_batches(schema, move |batch| lookup.extend(batch)).map_err(failed)
    }
}

/// All records of the second inlet.
fn in_memory(stream: &Stream) -> Result<RecordBatch, ComponentError> {
    let (mut batches, mut bytes) = (Vec::new(), 0);
    for batch in stream.batches()? {
        let batch = batch?;
        bytes += batch.get_array_memory_size();
        if bytes > LOOKUP_LIMIT {
            let message = format!(
                "the records of the inlet “lookup” take more than {} MB of memory: use Join, which has no such limit",
                LOOKUP_LIMIT >> 20
            );
            return Err(ComponentError::new("mapper/lookup-too-large", message).on("LookupKeys").for_good());
        }
        batches.push(batch);
    }
    let failed = |error| ComponentError::new("data/type", format!("{error}"));
    concat_batches(stream.schema(), &batches).map_err(failed)
}

fn name_taken() -> ComponentError {
    let message = "a field that arrives is called “lookup” itself: give it another name before this Mapper";
    ComponentError::new("mapper/lookup-name", message).on("LookupKeys").for_good()
}

fn nothing_arrived() -> ComponentError {
    let message = "nothing arrived at the inlet “lookup”: link it, or remove LookupKeys";
    ComponentError::new("mapper/no-lookup", message).on("LookupKeys")
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let input = self.looked_up(run).await?;
        let mapping = self.mapping(run, input.schema())?;
        let mapped = input.map_batches(Arc::clone(&mapping.schema), move |batch| mapping.map(batch));
        let mapped = mapped.map_err(|error| ComponentError::from(error).on("Fields"))?;
        Ok(Outcome { note: mapped.rows().map(records), ..Outcome::out(mapped) })
    }

    fn design(&self, design: &mut Design<'_>) {
        let input = design.input().cloned();
        let input = if self.keys.is_empty() { input } else { self.design_lookup(design, input) };
        let others = design.input().map(|schema| self.others(schema)).unwrap_or_default();
        let compiled: Vec<Option<Field>> = others
            .iter()
            .chain(&self.fields)
            .map(|(field, sql)| {
                let expression = design.expression_over(input.as_ref(), sql, "Fields", &format!("field “{field}”"))?;
                Some(Field::new(field, expression.data_type(), true))
            })
            .collect();
        // With one expression wrong the fields count as not known: one problem at its place, not many behind it.
        if let Some(fields) = compiled.into_iter().collect::<Option<Vec<Field>>>()
            && let Ok(nesting) = self.nesting(&others)
        {
            design.outlet(OUT, nesting.schema(&Schema::new(fields)));
        }
    }
}

impl Prepared {
    /// The fields of the ordinary inlet with those that are looked up, if both are known.
    fn design_lookup(&self, design: &mut Design<'_>, input: Option<SchemaRef>) -> Option<SchemaRef> {
        let others = design.inlet(LOOKUP).cloned();
        for (at, (left, right)) in self.keys.iter().enumerate() {
            let left = design.expression_over(input.as_ref(), left, "LookupKeys", &format!("key {}, left", at + 1));
            let right = design.expression_over(others.as_ref(), right, "LookupKeys", &format!("key {}, right", at + 1));
            if let (Some(left), Some(right)) = (left, right)
                && let Err(error) = self.key(at, left, right)
            {
                design.problem(error.code(), "LookupKeys", &error.to_string());
            }
        }
        let (input, others) = (input?, others?);
        if input.column_with_name(LOOKUP).is_some() {
            let error = name_taken();
            design.problem(&error.code, "LookupKeys", &error.message);
            return None;
        }
        Some(lookup::extended_schema(&input, &others))
    }
}
