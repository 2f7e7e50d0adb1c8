//! Values to and from PostgreSQL.

use crate::database::Cell;
use bytes::{BufMut, BytesMut};
use std::error::Error;
use std::fmt::Write as _;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type};

/// A value of a parameter, sent as text: the server reads it as whatever type it expects there.
#[derive(Debug)]
pub(super) struct Parameter<'a>(pub(super) &'a Cell<'a>);

impl ToSql for Parameter<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        if matches!(self.0, Cell::Null) {
            return Ok(IsNull::Yes);
        }
        let mut text = String::new();
        write_text(self.0, &mut text);
        out.put_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    fn to_sql_checked(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.to_sql(kind, out)
    }
}

/// The value as the server reads it; nothing for null.
pub(super) fn write_text(cell: &Cell<'_>, out: &mut String) {
    // Writing to a text cannot fail.
    match cell {
        Cell::Null => {}
        Cell::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        Cell::Integer(value) => drop(write!(out, "{value}")),
        Cell::Number(value) if value.is_infinite() => {
            out.push_str(if *value > 0.0 { "Infinity" } else { "-Infinity" });
        }
        Cell::Number(value) => drop(write!(out, "{value}")),
        Cell::Text(text) => out.push_str(text),
        Cell::Bytes(bytes) => {
            out.push_str("\\x");
            for byte in bytes.iter() {
                let _ = write!(out, "{byte:02x}");
            }
        }
    }
}

/// A value as the server sends it: its bytes in the binary form of its type.
pub(super) struct Raw<'a>(pub(super) &'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The value of a `numeric` without its point, rounded to `scale` digits behind it. `None` if it is no number, infinite,
/// or has more than `precision` digits.
pub(super) fn numeric(raw: &[u8], precision: u8, scale: i8) -> Option<i128> {
    let word = |at: usize| raw.get(at * 2..at * 2 + 2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let (count, sign) = (usize::from(word(0)?), word(2)?);
    let weight = i16::from_be_bytes(word(1)?.to_be_bytes());
    if sign != 0 && sign != 0x4000 {
        return None;
    }
    // Each digit is one of base 10,000; the one at `at` counts 10,000 to the power of `weight - at`.
    let mut value: i128 = 0;
    let mut rest = 0_u16;
    let scale = i32::from(scale);
    for at in 0..count {
        let digit = i128::from(word(4 + at)?);
        let place = (i32::from(weight) - i32::try_from(at).ok()?) * 4 + scale;
        if place >= 0 {
            value = value.checked_add(digit.checked_mul(10_i128.checked_pow(place.unsigned_abs())?)?)?;
        } else if place > -4 {
            let divisor = 10_i128.pow(place.unsigned_abs());
            value = value.checked_add(digit / divisor)?;
            rest = u16::from((digit % divisor) * 2 >= divisor);
        } else if place == -4 {
            rest = u16::from(digit >= 5000);
        }
    }
    value = value.checked_add(i128::from(rest))?;
    let limit = 10_i128.checked_pow(u32::from(precision))?;
    (value < limit).then_some(if sign == 0x4000 { -value } else { value })
}

/// A `uuid` as people write it.
pub(super) fn uuid(raw: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in raw.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The binary form of a number with these digits of base 10,000.
    fn binary(weight: i16, sign: u16, digits: &[u16]) -> Vec<u8> {
        let count = u16::try_from(digits.len()).unwrap();
        let mut bytes: Vec<u8> = [count.to_be_bytes(), weight.to_be_bytes(), sign.to_be_bytes(), [0, 0]].concat();
        bytes.extend(digits.iter().flat_map(|digit| digit.to_be_bytes()));
        bytes
    }

    #[test]
    fn numerics_become_digits_without_a_point() {
        for (weight, sign, digits, precision, scale, expected) in [
            (0, 0, &[12, 5000][..], 10, 2, Some(1250)),
            (0, 0x4000, &[12, 5000], 10, 2, Some(-1250)),
            (1, 0, &[1, 0, 1], 20, 4, Some(100_000_001)),
            (1, 0, &[1], 10, 0, Some(10_000)),
            (0, 0, &[], 10, 2, Some(0)),
            (-1, 0, &[50], 10, 2, Some(1)),
            (-1, 0, &[49], 10, 2, Some(0)),
            (-2, 0, &[5000], 10, 4, Some(1)),
            (0, 0, &[100], 4, 2, None),
            (0, 0xC000, &[], 10, 2, None),
            (30, 0, &[1], 38, 0, None),
        ] {
            assert_eq!(numeric(&binary(weight, sign, digits), precision, scale), expected, "{digits:?} {weight}");
        }
        assert_eq!(numeric(&[0, 1], 10, 2), None);
    }
}
