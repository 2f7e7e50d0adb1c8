//! Small pieces of text that several components use.

/// `1 record`, `3,213 records`; `records` of a stream whose number is not known yet.
pub(crate) fn records(count: impl Into<Option<usize>>) -> String {
    count.into().map_or_else(|| "records".to_owned(), |count| counted(count as u64, "record"))
}

/// `1 file`, `1,200 files`.
pub(crate) fn files(count: usize) -> String {
    counted(count as u64, "file")
}

/// A number of things, in words, with its thousands apart: `1 iteration`, `3,213 iterations`.
pub fn counted(count: u64, thing: &str) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} {thing}{}", if count == 1 { "" } else { "s" })
}

/// The characters that may stand between two fields of a CSV file.
pub(crate) mod delimiter {
    /// As the inspector offers them.
    pub(crate) const CHOICES: &[(&str, &str)] =
        &[(",", "Comma ,"), (";", "Semicolon ;"), ("\t", "Tab"), ("|", "Bar |")];
    /// As CSV takes them.
    pub(crate) const MEANINGS: &[(&str, u8)] = &[(",", b','), (";", b';'), ("\t", b'\t'), ("|", b'|')];
}

#[cfg(test)]
mod tests {
    use super::records;

    #[test]
    fn counts_are_grouped() {
        let texts = [0, 1, 999, 1_000, 1_234_567].map(records);
        assert_eq!(texts, ["0 records", "1 record", "999 records", "1,000 records", "1,234,567 records"]);
    }
}
