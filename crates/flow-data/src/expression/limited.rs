//! Functions that make much out of little, such as `repeat(name, 1000000000)`: beyond a limit they fail instead of taking
//! all memory.

use crate::arrow::array::{Array, ArrayRef, AsArray};
use crate::arrow::compute::cast;
use crate::arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::common::{Result, exec_err};
use datafusion::execution::FunctionRegistry;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use std::sync::Arc;

/// The most bytes (or elements of lists, as eight bytes each) that a function may make of one batch of records.
const MOST: u64 = 256 << 20;

/// What a function makes out of the values that it is given for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Makes {
    /// The first value so many times.
    TextTimes,
    /// So many characters.
    Characters,
    /// So many elements.
    Elements,
}

const LIMITED: [(&str, Makes); 4] = [
    ("repeat", Makes::TextTimes),
    ("lpad", Makes::Characters),
    ("rpad", Makes::Characters),
    ("array_repeat", Makes::Elements),
];

/// Puts limits on the functions of a session that need one.
pub(crate) fn limit_functions(state: &mut SessionState) {
    for (name, makes) in LIMITED {
        let Some(inner) = state.scalar_functions().get(name).cloned() else { continue };
        // It refuses nothing: there is one of that name already, which this one replaces.
        let _ = state.register_udf(Arc::new(ScalarUDF::new_from_impl(Limited { inner, makes })));
    }
}

/// A function with a limit.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Limited {
    inner: Arc<ScalarUDF>,
    makes: Makes,
}

impl Limited {
    /// How many bytes it would make.
    fn size(&self, args: &ScalarFunctionArgs) -> Result<u64> {
        let (Some(of), Some(count)) = (args.args.first(), args.args.get(1)) else { return Ok(0) };
        let rows =
            if args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_))) { 1 } else { args.number_rows };
        let count = cast(&count.to_array(rows)?, &DataType::Int64)?;
        let count = count.as_primitive::<Int64Type>();
        let lengths = match self.makes {
            Makes::TextTimes => Some(cast(&of.to_array(rows)?, &DataType::LargeUtf8)?),
            Makes::Characters | Makes::Elements => None,
        };
        let each = |row: usize| match (self.makes, &lengths) {
            (Makes::TextTimes, Some(texts)) => length(texts, row),
            (Makes::Elements, _) => 8,
            _ => 1,
        };
        let counts = (0..count.len()).filter(|row| count.is_valid(*row));
        Ok(counts.fold(0_u64, |size, row| {
            let times = u64::try_from(count.value(row)).unwrap_or(0);
            size.saturating_add(times.saturating_mul(each(row)))
        }))
    }
}

fn length(texts: &ArrayRef, row: usize) -> u64 {
    let length = texts.as_string::<i64>().value_length(row);
    if texts.is_valid(row) { u64::try_from(length).unwrap_or(0) } else { 0 }
}

impl ScalarUDFImpl for Limited {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.inner().coerce_types(types)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let size = self.size(&args)?;
        if size > MOST {
            return exec_err!("{} would make {} MiB, and may make {}", self.name(), size >> 20, MOST >> 20);
        }
        self.inner.invoke_with_args(args)
    }
}
