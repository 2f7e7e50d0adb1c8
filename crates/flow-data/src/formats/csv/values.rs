//! The values of a column from their texts.

use crate::arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, PrimitiveBuilder, StringArray, StringBuilder,
    TimestampMicrosecondBuilder, new_null_array,
};
use crate::arrow::compute::kernels::cast_utils::Parser;
use crate::arrow::compute::{CastOptions, cast_with_options};
use crate::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use crate::arrow::util::display::FormatOptions;
use std::borrow::Cow;
use std::sync::Arc;

/// What does not fit becomes null.
const LENIENT: CastOptions<'static> = CastOptions { safe: true, format_options: FormatOptions::new() };

/// A column of the given type, and the places of the values that do not have it; those are null. Values that are `None`
/// are null.
pub(in crate::formats) fn column<'a>(
    data_type: &DataType,
    values: impl Iterator<Item = Option<Cow<'a, str>>>,
    count: usize,
) -> (ArrayRef, Vec<usize>) {
    match data_type {
        DataType::Int64 => primitive::<Int64Type>(values, count, integer),
        DataType::Float64 => primitive::<Float64Type>(values, count, number),
        DataType::Date32 => primitive::<Date32Type>(values, count, date),
        DataType::Timestamp(TimeUnit::Microsecond, zone) if zone.as_deref().is_none_or(|zone| zone == "UTC") => {
            let mut builder = TimestampMicrosecondBuilder::with_capacity(count).with_data_type(data_type.clone());
            let misfits = fill(values, time_stamp, |value| builder.append_option(value));
            (Arc::new(builder.finish()), misfits)
        }
        DataType::Boolean => {
            let mut builder = BooleanBuilder::with_capacity(count);
            let misfits = fill(values, boolean, |value| builder.append_option(value));
            (Arc::new(builder.finish()), misfits)
        }
        other => {
            let mut builder = StringBuilder::with_capacity(count, count * 8);
            values.for_each(|value| builder.append_option(value));
            let texts = builder.finish();
            if *other == DataType::Utf8 {
                return (Arc::new(texts), Vec::new());
            }
            typed(&texts, other)
        }
    }
}

/// Texts cast to any type.
fn typed(texts: &StringArray, data_type: &DataType) -> (ArrayRef, Vec<usize>) {
    match cast_with_options(texts, data_type, &LENIENT) {
        Ok(cast) => {
            let misfits = (0..texts.len()).filter(|at| cast.is_null(*at) && texts.is_valid(*at)).collect();
            (cast, misfits)
        }
        Err(_) => {
            let nothing = new_null_array(data_type, texts.len());
            (nothing, (0..texts.len()).filter(|at| texts.is_valid(*at)).collect())
        }
    }
}

/// Appends what each value parses to: null for none and for what does not fit. The places of the latter are given back.
fn fill<'a, T>(
    values: impl Iterator<Item = Option<Cow<'a, str>>>,
    parse: impl Fn(&str) -> Option<T>,
    mut append: impl FnMut(Option<T>),
) -> Vec<usize> {
    let mut misfits = Vec::new();
    for (place, value) in values.enumerate() {
        let parsed = value.as_deref().map(&parse);
        if matches!(parsed, Some(None)) {
            misfits.push(place);
        }
        append(parsed.flatten());
    }
    misfits
}

fn primitive<'a, T: ArrowPrimitiveType>(
    values: impl Iterator<Item = Option<Cow<'a, str>>>,
    count: usize,
    parse: fn(&str) -> Option<T::Native>,
) -> (ArrayRef, Vec<usize>) {
    let mut builder = PrimitiveBuilder::<T>::with_capacity(count);
    let misfits = fill(values, parse, |value| builder.append_option(value));
    (Arc::new(builder.finish()), misfits)
}

fn integer(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let (negative, digits) = match bytes {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    // So many digits fit whatever they are.
    if digits.is_empty() || digits.len() > 18 {
        return text.parse().ok();
    }
    let mut value: i64 = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return text.parse().ok();
        }
        value = value * 10 + i64::from(digit - b'0');
    }
    Some(if negative { -value } else { value })
}

/// Powers of ten that a number holds exactly.
const TENS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

fn number(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let (negative, digits) = match bytes {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    // Up to 15 digits are exact, and so is their quotient by an exact power of ten, correctly rounded.
    if (1..=16).contains(&digits.len()) {
        let (mut value, mut count, mut point) = (0u64, 0, None);
        for byte in digits {
            match byte {
                b'0'..=b'9' => {
                    value = value * 10 + u64::from(byte - b'0');
                    count += 1;
                }
                b'.' if point.is_none() => point = Some(count),
                _ => return slow_number(text),
            }
        }
        if (1..=15).contains(&count) {
            let behind = count - point.unwrap_or(count);
            let value = value as f64 / TENS[behind];
            return Some(if negative { -value } else { value });
        }
    }
    slow_number(text)
}

#[cold]
fn slow_number(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        other => match other.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
            "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
            _ => None,
        },
    }
}

fn date(text: &str) -> Option<i32> {
    day(text.as_bytes()).or_else(|| Date32Type::parse(text))
}

/// Days since 1970 of `2024-02-29`.
fn day(bytes: &[u8]) -> Option<i32> {
    let [a, b, c, d, b'-', m, n, b'-', x, y] = *bytes else { return None };
    let two = |tens: u8, ones: u8| {
        (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| i32::from(tens - b'0') * 10 + i32::from(ones - b'0'))
    };
    let (year, month, day) = (two(a, b)? * 100 + two(c, d)?, two(m, n)?, two(x, y)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=longest).contains(&day) {
        return None;
    }
    // Counting years from March makes the leap day the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = year.div_euclid(400);
    let in_era = year.rem_euclid(400);
    let in_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719_468)
}

/// Microseconds since 1970.
fn time_stamp(text: &str) -> Option<i64> {
    usual_time_stamp(text.as_bytes()).or_else(|| TimestampMicrosecondType::parse(text)).or_else(|| {
        // The parser counts nanoseconds, which end in 2262; the cast goes on for longer.
        let data_type = DataType::Timestamp(TimeUnit::Microsecond, None);
        let cast = cast_with_options(&StringArray::from(vec![text]), &data_type, &LENIENT).ok()?;
        cast.is_valid(0).then(|| cast.as_primitive::<TimestampMicrosecondType>().value(0))
    })
}

/// `2024-02-29T10:00:00`, with a blank for the T, parts of a second, and Z behind it.
fn usual_time_stamp(bytes: &[u8]) -> Option<i64> {
    let (date, rest) = bytes.split_at_checked(10)?;
    let [b'T' | b' ', a, b, b':', c, d, b':', e, f, rest @ ..] = rest else { return None };
    let two = |tens: u8, ones: u8, most: i64| {
        let value = (tens.is_ascii_digit() && ones.is_ascii_digit())
            .then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))?;
        (value <= most).then_some(value)
    };
    let seconds = two(*a, *b, 23)? * 3600 + two(*c, *d, 59)? * 60 + two(*e, *f, 59)?;
    let rest = rest.strip_suffix(b"Z").unwrap_or(rest);
    let micros = match rest {
        [] => 0,
        [b'.', digits @ ..] if (1..=6).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) => {
            let value = digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
            value * 10_i64.pow(6 - digits.len() as u32)
        }
        _ => return None,
    };
    Some((i64::from(day(date)?) * 86_400 + seconds) * 1_000_000 + micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fast_ways_give_what_the_slow_ones_give() {
        for text in
            ["0", "1.5", "-2.25", "123456789012345", "0.1", "99999.99999", "1e5", "-0", ".5", "5.", "1234567890.12345"]
        {
            assert_eq!(number(text).map(f64::to_bits), text.parse::<f64>().ok().map(f64::to_bits), "{text}");
        }
        for text in ["", "-", ".", "1.2.3", "x", "1 ", "--1"] {
            assert_eq!((number(text), integer(text)), (None, None), "{text}");
        }
        assert_eq!(integer("-999999999999999999"), Some(-999_999_999_999_999_999));
        assert_eq!((integer("9223372036854775807"), integer("9223372036854775808")), (Some(i64::MAX), None));
        for text in ["1970-01-01", "2024-02-29", "1969-12-31", "2000-03-01", "1900-02-28", "9999-12-31", "0001-01-01"] {
            assert_eq!(day(text.as_bytes()), Date32Type::parse(text), "{text}");
        }
        for text in ["2023-02-29", "2024-13-01", "2024-00-10", "24-01-01", "2024-1-1x"] {
            assert_eq!(day(text.as_bytes()), None, "{text}");
        }
        for text in ["2024-02-29T10:11:12", "1969-12-31 23:59:59.5", "2024-02-29T10:11:12.123456Z"] {
            assert_eq!(usual_time_stamp(text.as_bytes()), TimestampMicrosecondType::parse(text), "{text}");
        }
        assert_eq!(time_stamp("2024-02-29T10:00:00+02:00"), time_stamp("2024-02-29T08:00:00Z"));
        assert!(time_stamp("2500-01-01T00:00:00+01:00").is_some() && time_stamp("2500-01-01T25:00:00").is_none());
    }
}
