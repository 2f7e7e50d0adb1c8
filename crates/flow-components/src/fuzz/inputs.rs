//! Inputs: samples changed in bytes and in structure, words thrown together, noise.

use serde_json::{Map, Value, json};

/// SplitMix64.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit`; 0 if that is 0.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next()).unwrap() % limit.max(1)
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// Numbers and texts at which programs stumble.
const ODD: &[&str] = &[
    "0",
    "-0",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "1e308",
    "1e-400",
    "NaN",
    "0.1",
    "\u{0}",
    "\u{feff}",
    "é",
    "\u{202e}",
    "𝒳",
    "\\",
    "\"",
    "'",
    "''",
    "\r\n",
    "\n\n",
    "\t",
    "{}",
    "[]",
    "null",
    "true",
    "2024-02-30",
    "9999-12-31T23:59:60Z",
    "0000-00-00",
    "../..",
    "%00",
    "${",
    "}}",
];

/// Makes inputs, one after the other.
pub(super) struct Inputs<'a> {
    random: Random,
    samples: Vec<Vec<u8>>,
    words: &'a [&'a str],
}

impl<'a> Inputs<'a> {
    pub(super) fn new(random: Random, samples: Vec<Vec<u8>>, words: &'a [&'a str]) -> Self {
        Self { random, samples, words }
    }

    pub(super) fn next(&mut self) -> Vec<u8> {
        match self.random.below(20) {
            0 => self.noise(),
            1..5 => self.thrown_together(),
            5..11 => {
                let sample = self.sample();
                match serde_json::from_slice::<Value>(&sample) {
                    Ok(mut value) => {
                        for _ in 0..=self.random.below(4) {
                            self.change_value(&mut value);
                        }
                        value.to_string().into_bytes()
                    }
                    Err(_) => self.changed(sample),
                }
            }
            _ => {
                let sample = self.sample();
                self.changed(sample)
            }
        }
    }

    fn sample(&mut self) -> Vec<u8> {
        if self.samples.is_empty() { Vec::new() } else { self.random.one_of(&self.samples).clone() }
    }

    fn noise(&mut self) -> Vec<u8> {
        (0..self.random.below(200)).map(|_| self.random.next().to_le_bytes()[0]).collect()
    }

    fn word(&mut self) -> &'a str {
        let odd = self.words.is_empty() || self.random.below(4) == 0;
        let word: &&str = self.random.one_of(if odd { ODD } else { self.words });
        word
    }

    fn thrown_together(&mut self) -> Vec<u8> {
        let between = if self.random.below(2) == 0 { " " } else { "" };
        let words: Vec<&str> = (0..self.random.below(30)).map(|_| self.word()).collect();
        words.join(between).into_bytes()
    }

    /// Changes a few places of a sample.
    fn changed(&mut self, mut input: Vec<u8>) -> Vec<u8> {
        for _ in 0..=self.random.below(5) {
            let at = self.random.below(input.len() + 1);
            let end = (at + 1 + self.random.below(40)).min(input.len());
            match self.random.below(9) {
                0 if at < input.len() => input[at] ^= 1 << self.random.below(8),
                1 if at < input.len() => input[at] = *self.random.one_of(&[0, 0xff, 0x7f, 0x80, b'"', b'<', b',']),
                2 if at < end => drop(input.drain(at..end)),
                3 => input.truncate(at),
                4 if at < end => {
                    // Many times over: deep, wide, or long.
                    let times = [2, 20, 2000][self.random.below(3)];
                    let part = input[at..end].repeat(times);
                    input.splice(at..at, part);
                }
                5 => {
                    let other = self.sample();
                    let from = self.random.below(other.len());
                    let to = (from + self.random.below(200)).min(other.len());
                    input.splice(at..at, other[from.min(to)..to].to_vec());
                }
                _ => {
                    let word = self.word().as_bytes().to_vec();
                    let end = if self.random.below(2) == 0 { at } else { end.max(at) };
                    input.splice(at..end, word);
                }
            }
            input.truncate(1 << 20);
        }
        input
    }

    /// Changes one place of a JSON document.
    fn change_value(&mut self, value: &mut Value) {
        let go_in = self.random.below(6) > 0;
        match value {
            Value::Object(fields) if go_in && !fields.is_empty() => {
                let at = self.random.below(fields.len());
                let name = fields.keys().nth(at).cloned().unwrap_or_default();
                match self.random.below(12) {
                    0 => drop(fields.remove(&name)),
                    1 => {
                        let value = fields.remove(&name).unwrap_or_default();
                        fields.insert(self.word().to_owned(), value);
                    }
                    2 => drop(fields.insert(self.word().to_owned(), fields[&name].clone())),
                    _ => self.change_value(&mut fields[&name]),
                }
            }
            Value::Array(values) if go_in && !values.is_empty() => {
                let at = self.random.below(values.len());
                match self.random.below(12) {
                    0 => drop(values.remove(at)),
                    1 => values.push(values[at].clone()),
                    _ => self.change_value(&mut values[at]),
                }
            }
            Value::String(text) if self.random.below(3) > 0 => {
                let changed = self.changed(std::mem::take(text).into_bytes());
                *text = String::from_utf8_lossy(&changed).into_owned();
            }
            value => *value = self.value(value),
        }
    }

    /// Another value in place of one.
    fn value(&mut self, before: &Value) -> Value {
        match self.random.below(10) {
            0 => Value::Null,
            1 => json!(true),
            2 => json!(self.random.next()),
            3 => json!(-1.5e300),
            4 => Value::Array(vec![before.clone(); self.random.below(3)]),
            5 => Value::Object(Map::from_iter([(self.word().to_owned(), before.clone())])),
            6 => {
                // Deep, but not deeper than JSON is read.
                (0..self.random.below(100)).fold(before.clone(), |inner, _| json!([inner]))
            }
            _ => json!(self.word()),
        }
    }
}
