//! Values on their way into a script and back. No digit is lost: whole numbers that a JavaScript number cannot hold are
//! `BigInt`, decimals of more than 15 digits are texts.

use crate::ComponentError;
use flow_data::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int64Array, StringArray,
};
use flow_data::arrow::compute::cast;
use flow_data::arrow::datatypes::{DataType, Int64Type, UInt64Type};
use flow_data::arrow::record_batch::RecordBatch;
use flow_data::{Numbers, value_at};
use rquickjs::{Array as JsArray, BigInt, Coerced, Ctx, FromJs, Function, Object, Result as JsResult, Type};
use serde_json::{Map, Number, Value};
use std::sync::Arc;

/// The largest whole number up to which every one is a JavaScript number.
const SAFE: u64 = (1 << 53) - 1;
/// So many digits of a decimal number survive as a JavaScript number.
const DIGITS: u8 = 15;
/// How deep lists and objects may lie within one another.
const DEEPEST: usize = 64;

/// The record at `row` of a batch as an object.
pub(super) fn record<'js>(ctx: &Ctx<'js>, batch: &RecordBatch, row: usize) -> JsResult<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        object.set(field.name().as_str(), from_arrow(ctx, column, row)?)?;
    }
    Ok(object)
}

fn from_arrow<'js>(ctx: &Ctx<'js>, column: &ArrayRef, row: usize) -> JsResult<rquickjs::Value<'js>> {
    if column.is_null(row) {
        return Ok(rquickjs::Value::new_null(ctx.clone()));
    }
    match column.data_type() {
        DataType::Int64 => from_integer(ctx, column.as_primitive::<Int64Type>().value(row)),
        DataType::UInt64 => from_natural(ctx, column.as_primitive::<UInt64Type>().value(row)),
        DataType::List(_) => from_list(ctx, &column.as_list::<i32>().value(row)),
        DataType::LargeList(_) => from_list(ctx, &column.as_list::<i64>().value(row)),
        DataType::Struct(fields) => {
            let object = Object::new(ctx.clone())?;
            for (field, part) in fields.iter().zip(column.as_struct().columns()) {
                object.set(field.name().as_str(), from_arrow(ctx, part, row)?)?;
            }
            Ok(object.into_value())
        }
        DataType::Decimal32(precision, _)
        | DataType::Decimal64(precision, _)
        | DataType::Decimal128(precision, _)
        | DataType::Decimal256(precision, _) => {
            let numbers = if *precision <= DIGITS { Numbers::Plain } else { Numbers::AsText };
            from_json(ctx, &value_at(column, row, numbers))
        }
        _ => from_json(ctx, &value_at(column, row, Numbers::Plain)),
    }
}

fn from_list<'js>(ctx: &Ctx<'js>, items: &ArrayRef) -> JsResult<rquickjs::Value<'js>> {
    let list = JsArray::new(ctx.clone())?;
    for row in 0..items.len() {
        list.set(row, from_arrow(ctx, items, row)?)?;
    }
    Ok(list.into_value())
}

/// A JSON value as the script sees it.
pub(super) fn from_json<'js>(ctx: &Ctx<'js>, value: &Value) -> JsResult<rquickjs::Value<'js>> {
    Ok(match value {
        Value::Null => rquickjs::Value::new_null(ctx.clone()),
        Value::Bool(value) => rquickjs::Value::new_bool(ctx.clone(), *value),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(integer), _) => from_integer(ctx, integer)?,
            (None, Some(natural)) => from_natural(ctx, natural)?,
            (None, None) => rquickjs::Value::new_float(ctx.clone(), number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => rquickjs::String::from_str(ctx.clone(), text)?.into_value(),
        Value::Array(items) => {
            let list = JsArray::new(ctx.clone())?;
            for (at, item) in items.iter().enumerate() {
                list.set(at, from_json(ctx, item)?)?;
            }
            list.into_value()
        }
        Value::Object(members) => {
            let object = Object::new(ctx.clone())?;
            for (name, member) in members {
                object.set(name.as_str(), from_json(ctx, member)?)?;
            }
            object.into_value()
        }
    })
}

fn from_integer<'js>(ctx: &Ctx<'js>, integer: i64) -> JsResult<rquickjs::Value<'js>> {
    if integer.unsigned_abs() <= SAFE {
        Ok(rquickjs::Value::new_number(ctx.clone(), integer as f64))
    } else {
        Ok(BigInt::from_i64(ctx.clone(), integer)?.into_value())
    }
}

fn from_natural<'js>(ctx: &Ctx<'js>, natural: u64) -> JsResult<rquickjs::Value<'js>> {
    match i64::try_from(natural) {
        Ok(integer) => from_integer(ctx, integer),
        Err(_) => Ok(BigInt::from_u64(ctx.clone(), natural)?.into_value()),
    }
}

/// Why a value that the script returned can be no record.
enum Unfit {
    /// The engine failed, or the script did, in a getter.
    Engine(rquickjs::Error),
    /// What is wrong, after its place.
    Value(String, &'static str),
}

impl From<rquickjs::Error> for Unfit {
    fn from(error: rquickjs::Error) -> Self {
        Self::Engine(error)
    }
}

impl Unfit {
    /// The same one level further out.
    fn within(self, place: &str) -> Self {
        match self {
            Self::Value(inner, what) if inner.is_empty() || inner.starts_with('[') => {
                Self::Value(format!("{place}{inner}"), what)
            }
            Self::Value(inner, what) => Self::Value(format!("{place}.{inner}"), what),
            engine @ Self::Engine(_) => engine,
        }
    }
}

/// The records in what a script returned: an object, a list of them, or nothing.
pub(super) fn records(returned: &rquickjs::Value<'_>) -> JsResult<Result<Vec<Value>, ComponentError>> {
    match made(returned) {
        Ok(records) => Ok(Ok(records)),
        Err(Unfit::Engine(error)) => Err(error),
        Err(Unfit::Value(place, what)) => {
            let place = if place.is_empty() { String::new() } else { format!("“{place}”: ") };
            Ok(Err(ComponentError::new("script/value", format!("the script returned {place}{what}")).on("Script")))
        }
    }
}

fn made(returned: &rquickjs::Value<'_>) -> Result<Vec<Value>, Unfit> {
    const EXPECTED: &str = "what is no record: return an object, a list of objects, or nothing";
    if returned.is_promise() {
        return Err(Unfit::Value(String::new(), "a promise: scripts cannot wait for anything, so leave async out"));
    }
    let values = match json(returned, 0)? {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(single) => vec![single],
    };
    if values.iter().all(Value::is_object) { Ok(values) } else { Err(Unfit::Value(String::new(), EXPECTED)) }
}

/// A value of the script as JSON; `None` for undefined.
fn json(value: &rquickjs::Value<'_>, depth: usize) -> Result<Option<Value>, Unfit> {
    if depth > DEEPEST {
        return Err(Unfit::Value(String::new(), "lists and objects too deep within one another, perhaps without end"));
    }
    Ok(Some(match value.type_of() {
        Type::Undefined | Type::Uninitialized => return Ok(None),
        Type::Null => Value::Null,
        Type::Bool => Value::from(value.as_bool()),
        Type::Int => Value::from(value.as_int()),
        Type::Float => number(value.as_float().unwrap_or(f64::NAN))?,
        Type::BigInt => big(value)?,
        Type::String => text(value)?,
        Type::Array => {
            let mut items = Vec::new();
            for (at, item) in value.clone().into_array().into_iter().flat_map(|list| list.iter().enumerate()) {
                let item: rquickjs::Value<'_> = item?;
                let item = json(&item, depth + 1).map_err(|unfit| unfit.within(&format!("[{at}]")))?;
                items.push(item.unwrap_or(Value::Null));
            }
            Value::Array(items)
        }
        Type::Function | Type::Constructor => return Err(Unfit::Value(String::new(), "a function, which is no value")),
        Type::Symbol => return Err(Unfit::Value(String::new(), "a symbol, which is no value")),
        Type::Promise => return Err(Unfit::Value(String::new(), "a promise: scripts cannot wait for anything")),
        _ => match value.as_object() {
            Some(object) => return members(object, depth),
            None => return Err(Unfit::Value(String::new(), "a value of a kind that records do not have")),
        },
    }))
}

/// An object as JSON; one that says how it wants to be written (a Date) as it says.
fn members(object: &Object<'_>, depth: usize) -> Result<Option<Value>, Unfit> {
    if let Ok(written) = object.get::<_, Function<'_>>("toJSON") {
        let value: rquickjs::Value<'_> = written.call((rquickjs::function::This(object.clone()),))?;
        return json(&value, depth + 1);
    }
    let mut members = Map::new();
    for member in object.props::<String, rquickjs::Value<'_>>() {
        let (name, member) = member?;
        if let Some(member) = json(&member, depth + 1).map_err(|unfit| unfit.within(&name))? {
            members.insert(name, member);
        }
    }
    Ok(Some(Value::Object(members)))
}

fn number(value: f64) -> Result<Value, Unfit> {
    if value.fract() == 0.0 && value.abs() <= SAFE as f64 {
        return Ok(Value::from(value as i64));
    }
    let number = Number::from_f64(value).map(Value::Number);
    number.ok_or(Unfit::Value(String::new(), "a number that is none (NaN or infinite)"))
}

/// A BigInt as a number if it fits into 64 bits, else as its digits.
fn big(value: &rquickjs::Value<'_>) -> Result<Value, Unfit> {
    let digits = Coerced::<String>::from_js(value.ctx(), value.clone())?.0;
    let number = digits.parse::<i64>().map(Value::from).or_else(|_| digits.parse::<u64>().map(Value::from));
    Ok(number.unwrap_or(Value::String(digits)))
}

fn text(value: &rquickjs::Value<'_>) -> Result<Value, Unfit> {
    let text = value.as_string().and_then(|text| text.to_string().ok());
    text.map(Value::String).ok_or(Unfit::Value(String::new(), "a text that is no Unicode (half of a character)"))
}

/// What was thrown, if it is no Error.
pub(super) fn shown(thrown: &rquickjs::Value<'_>) -> String {
    match json(thrown, 0) {
        Ok(Some(Value::String(text))) => text,
        Ok(Some(value)) => value.to_string(),
        Ok(None) | Err(_) => format!("a thrown {}", thrown.type_name()),
    }
}

/// A column with one made-up value of the given type, if one comes to mind.
pub(super) fn made_up(data_type: &DataType) -> Option<ArrayRef> {
    let simple: ArrayRef = match data_type {
        DataType::Boolean => Arc::new(BooleanArray::from(vec![true])),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Arc::new(StringArray::from(vec!["text"])),
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => Arc::new(Date32Array::from(vec![20_000])),
        integer if integer.is_integer() => Arc::new(Int64Array::from(vec![1])),
        // With a fraction, so that a script that passes it on shows that the field is no whole number.
        number if number.is_numeric() => Arc::new(Float64Array::from(vec![1.5])),
        _ => return None,
    };
    cast(&simple, data_type).ok()
}
