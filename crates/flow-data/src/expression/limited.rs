//! Functions that make much out of little, such as `repeat(name, 1000000000)` and `range(0, 1000000000)`: beyond a limit
//! they fail instead of taking all memory.

mod sizes;

use crate::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, exec_err};
use datafusion::execution::FunctionRegistry;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use sizes::{Arguments, Makes};
use std::sync::Arc;

/// The most bytes (or elements of lists, as eight bytes each at least) that a function may make of one batch of records.
const MOST: u64 = 256 << 20;

const LIMITED: [(&str, Makes); 8] = [
    ("repeat", Makes::TextTimes),
    ("lpad", Makes::Characters),
    ("rpad", Makes::Characters),
    ("replace", Makes::Replaced),
    ("array_repeat", Makes::FirstTimes),
    ("array_resize", Makes::Elements),
    ("range", Makes::Series),
    ("generate_series", Makes::Series),
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
        let rows =
            if args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_))) { 1 } else { args.number_rows };
        let arguments = Arguments::new(&args.args, rows)?;
        Ok((0..rows).map(|row| self.makes.of(&arguments, row)).fold(0, u64::saturating_add))
    }
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

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
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
        match self.size(&args)? {
            size if size <= MOST => self.inner.invoke_with_args(args),
            u64::MAX => exec_err!("{} would never end, and may make {} MiB", self.name(), MOST >> 20),
            size => exec_err!("{} would make {} MiB, and may make {}", self.name(), size >> 20, MOST >> 20),
        }
    }
}

#[cfg(test)]
mod tests;
