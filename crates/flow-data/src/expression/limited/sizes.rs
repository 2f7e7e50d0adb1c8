//! How much a function makes out of its arguments, known before it makes it.

use crate::arrow::array::{Array, ArrayRef, AsArray};
use crate::arrow::compute::cast;
use crate::arrow::datatypes::{DataType, Int64Type, IntervalMonthDayNanoType, IntervalUnit, TimeUnit};
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;

/// The least that an element of a list takes.
const ELEMENT: u64 = 8;
const DAY: f64 = 86_400.0;

/// What a function makes out of the values that it is given for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Makes {
    /// The first value, a text, as many times as the second says.
    TextTimes,
    /// As many characters as the second value says.
    Characters,
    /// The first value with the third in all places of the second.
    Replaced,
    /// A list of the first value as many times as the second says.
    FirstTimes,
    /// A list of as many elements as the second value says.
    Elements,
    /// A list of all values from the first to the second, in steps of the third.
    Series,
}

/// The values that a function is given.
pub(super) struct Arguments(Vec<Argument>);

enum Argument {
    /// Whole numbers; of dates and points in time their seconds.
    Numbers(ArrayRef),
    Texts(ArrayRef),
    Intervals(ArrayRef),
    Other,
}

impl Arguments {
    pub(super) fn new(values: &[ColumnarValue], rows: usize) -> Result<Self> {
        values.iter().map(|value| Argument::new(&value.to_array(rows)?)).collect::<Result<_>>().map(Self)
    }

    fn number(&self, at: usize, row: usize) -> Option<i64> {
        let Some(Argument::Numbers(numbers)) = self.0.get(at) else { return None };
        numbers.is_valid(row).then(|| numbers.as_primitive::<Int64Type>().value(row))
    }

    /// A number of times: nothing where it is negative or missing.
    fn times(&self, at: usize, row: usize) -> u64 {
        self.number(at, row).and_then(|times| u64::try_from(times).ok()).unwrap_or(0)
    }

    fn text(&self, at: usize, row: usize) -> Option<&str> {
        let Some(Argument::Texts(texts)) = self.0.get(at) else { return None };
        texts.is_valid(row).then(|| texts.as_string::<i64>().value(row))
    }

    fn length(&self, at: usize, row: usize) -> u64 {
        self.text(at, row).map_or(0, |text| text.len() as u64)
    }
}

impl Argument {
    fn new(values: &ArrayRef) -> Result<Self> {
        Ok(match values.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                Self::Texts(cast(values, &DataType::LargeUtf8)?)
            }
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _) => {
                let seconds = cast(values, &DataType::Timestamp(TimeUnit::Second, None))?;
                Self::Numbers(cast(&seconds, &DataType::Int64)?)
            }
            DataType::Interval(IntervalUnit::MonthDayNano) => Self::Intervals(values.clone()),
            data_type if data_type.is_integer() => Self::Numbers(cast(values, &DataType::Int64)?),
            _ => Self::Other,
        })
    }
}

impl Makes {
    /// How many bytes it makes for a record.
    pub(super) fn of(self, given: &Arguments, row: usize) -> u64 {
        match self {
            Self::TextTimes => given.length(0, row).saturating_mul(given.times(1, row)),
            Self::Characters => given.times(1, row),
            Self::Replaced => replaced(given, row).unwrap_or(0),
            Self::FirstTimes => given.length(0, row).max(ELEMENT).saturating_mul(given.times(1, row)),
            Self::Elements => given.length(2, row).max(ELEMENT).saturating_mul(given.times(1, row)),
            Self::Series => series(given, row).unwrap_or(0),
        }
    }
}

fn replaced(given: &Arguments, row: usize) -> Option<u64> {
    let (text, from, to) = (given.text(0, row)?, given.text(1, row)?, given.text(2, row)?);
    let grows = (to.len() as u64).saturating_sub(from.len() as u64);
    let most = (text.len() / from.len().max(1)) as u64 + 1;
    // Only where there could be too many is it worth counting.
    let places = if most.saturating_mul(grows) <= super::MOST { most } else { text.matches(from).count() as u64 };
    Some((text.len() as u64).saturating_add(places.saturating_mul(grows)))
}

/// What the points in time on a way of `span` seconds take, in steps of so many months and seconds.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate, which stays within the type")]
fn points(span: f64, months: f64, seconds: f64) -> u64 {
    // The function itself refuses a step of nothing.
    if months == 0.0 && seconds == 0.0 {
        return 0;
    }
    let (shortest, longest) = (months * 28.0 * DAY + seconds, months * 31.0 * DAY + seconds);
    if shortest * longest <= 0.0 {
        // A month forward and thirty days back: it may tread on the spot.
        return u64::MAX;
    }
    let points = span / shortest.abs().min(longest.abs()).copysign(shortest);
    if points < 0.0 { 0 } else { (points as u64).saturating_add(1).saturating_mul(ELEMENT).min(u64::MAX - 1) }
}

/// `range(stop)`, `range(start, stop)` or `range(start, stop, step)`.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn series(given: &Arguments, row: usize) -> Option<u64> {
    let alone = given.0.len() == 1;
    let start = if alone { 0 } else { given.number(0, row)? };
    let stop = given.number(if alone { 0 } else { 1 }, row)?;
    let span = i128::from(stop) - i128::from(start);
    let elements = match given.0.get(2) {
        None if span < 0 => 0,
        None => span.unsigned_abs() + 1,
        Some(Argument::Intervals(steps)) => {
            let steps = steps.as_primitive::<IntervalMonthDayNanoType>();
            let (months, days, nanos) =
                IntervalMonthDayNanoType::to_parts(steps.is_valid(row).then(|| steps.value(row))?);
            return Some(points(span as f64, f64::from(months), f64::from(days) * DAY + nanos as f64 / 1e9));
        }
        Some(_) => {
            let step = i128::from(given.number(2, row)?);
            // The function itself refuses a step of 0.
            if step == 0 || (span < 0) != (step < 0) && span != 0 { 0 } else { (span / step).unsigned_abs() + 1 }
        }
    };
    Some(u64::try_from(elements).unwrap_or(u64::MAX - 1).saturating_mul(ELEMENT))
}
