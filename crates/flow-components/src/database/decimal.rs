//! Decimal numbers from texts.

/// The text as a decimal of `precision` digits, `scale` of them behind the point: its digits without the point. Digits
/// beyond the scale are rounded, half away from zero. `None` if it is no number or has too many digits.
pub(super) fn parse(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.as_bytes().first()? {
        b'-' => (true, mantissa.get(1..)?),
        b'+' => (false, mantissa.get(1..)?),
        _ => (false, mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    // How many of the digits count, beginning with the first one of the whole part.
    let kept = i32::try_from(whole.len()).ok()?.checked_add(exponent)?.checked_add(i32::from(scale))?;
    let mut value: i128 = 0;
    let mut at = 0;
    let mut round_up = false;
    for byte in whole.bytes().chain(fraction.bytes()) {
        let digit = byte.is_ascii_digit().then(|| i128::from(byte - b'0'))?;
        if at < kept {
            value = value.checked_mul(10)?.checked_add(digit)?;
        } else if at == kept {
            round_up = digit >= 5;
        }
        at += 1;
    }
    for _ in at..kept {
        if value == 0 {
            break;
        }
        value = value.checked_mul(10)?;
    }
    value = value.checked_add(i128::from(round_up))?;
    let limit = 10_i128.checked_pow(u32::from(precision))?;
    (value < limit).then_some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn texts_become_digits_without_a_point() {
        for (text, precision, scale, expected) in [
            ("12.50", 10, 2, Some(1250)),
            ("-12.5", 10, 2, Some(-1250)),
            ("+.5", 10, 2, Some(50)),
            ("7", 10, 2, Some(700)),
            ("0.005", 10, 2, Some(1)),
            ("0.0049", 10, 2, Some(0)),
            ("-0.005", 10, 2, Some(-1)),
            ("1e3", 10, 2, Some(100_000)),
            ("1.25e-1", 10, 2, Some(13)),
            ("99.99", 4, 2, Some(9999)),
            ("100", 4, 2, None),
            ("99.999", 4, 2, None),
            ("0", 38, 10, Some(0)),
            ("", 10, 2, None),
            ("-", 10, 2, None),
            ("1.2.3", 10, 2, None),
            ("NaN", 10, 2, None),
            ("1e99", 38, 0, None),
        ] {
            assert_eq!(parse(text, precision, scale), expected, "{text}");
        }
    }
}
