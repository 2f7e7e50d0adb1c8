//! The narrowest type that all values of a CSV column have.

use crate::arrow::compute::kernels::cast_utils::Parser;
use crate::arrow::datatypes::{DataType, Date32Type, TimeUnit};

/// What the values of a column seen so far have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Common {
    /// No value seen yet.
    Nothing,
    Boolean,
    Integer,
    Number,
    Date,
    /// Date and time without a time zone.
    Time,
    /// Date and time with a time zone.
    ZonedTime,
    Text,
}

impl Common {
    /// What is left in common when `value` is seen too.
    pub(super) fn with(self, value: &str) -> Self {
        if self == Self::Text {
            return self;
        }
        match (self, classify(value)) {
            (Self::Nothing, seen) => seen,
            (before, seen) if before == seen => before,
            (Self::Integer, Self::Number) | (Self::Number, Self::Integer) => Self::Number,
            (Self::Date, Self::Time) | (Self::Time, Self::Date) => Self::Time,
            _ => Self::Text,
        }
    }

    /// The type of a field with such values.
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Integer => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::ZonedTime => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Nothing | Self::Text => DataType::Utf8,
        }
    }
}

fn classify(value: &str) -> Common {
    match value.as_bytes() {
        [b't' | b'T' | b'f' | b'F', ..]
            if value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false") =>
        {
            Common::Boolean
        }
        [b'0'..=b'9' | b'-' | b'.', ..] => {
            classify_number(value).or_else(|| classify_time(value)).unwrap_or(Common::Text)
        }
        _ => Common::Text,
    }
}

/// Leading zeros mean a code (postcode, article number), and so do more digits than fit: a number would lose them.
fn classify_number(value: &str) -> Option<Common> {
    let digits = value.strip_prefix('-').unwrap_or(value).as_bytes();
    if matches!(digits, [b'0', b'0'..=b'9', ..]) {
        return None;
    }
    if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
        return Some(if value.parse::<i64>().is_ok() { Common::Integer } else { Common::Text });
    }
    let shaped = digits.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    let number = shaped.then(|| value.parse::<f64>().ok()).flatten()?;
    number.is_finite().then_some(Common::Number)
}

/// Years of four digits only, in the order of ISO 8601: other orders cannot be told apart.
fn classify_time(value: &str) -> Option<Common> {
    let (date, rest) = value.split_at_checked(10)?;
    let shaped = date
        .bytes()
        .enumerate()
        .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    if !shaped || Date32Type::parse(date).is_none() {
        return None;
    }
    match rest.as_bytes() {
        [] => Some(Common::Date),
        [b'T' | b' ', time @ ..] if time.len() >= 8 && time[2] == b':' && time[5] == b':' => {
            let zoned = time[8..].iter().any(|byte| matches!(byte, b'Z' | b'z' | b'+' | b'-'));
            Some(if zoned { Common::ZonedTime } else { Common::Time })
        }
        _ => None,
    }
}
