//! SQL texts as authors write them: statements, and the names in them that stand for values.

use super::Dialect;
use std::collections::BTreeSet;

/// One SQL statement in which `$name` stands for a value. The value is bound, never put into the text, so it cannot
/// change what the statement means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Name(String),
}

impl Statement {
    /// The statements of a text, which are divided by `;`. Names, `;` and quotes within literals, quoted names and
    /// comments mean nothing.
    pub(crate) fn all(text: &str, dialect: Dialect) -> Vec<Self> {
        let mut statements = vec![Self { parts: Vec::new() }];
        let mut reader = Reader { rest: text, dialect };
        while let Some(piece) = reader.next_piece() {
            match piece {
                Piece::End => statements.push(Self { parts: Vec::new() }),
                Piece::Name(name) => push(&mut statements, Part::Name(name.to_owned())),
                Piece::Text(text) => push_text(&mut statements, text),
            }
        }
        statements.retain(|statement| !statement.is_empty());
        statements
    }

    /// Whether nothing is in it but space and comments.
    fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| match part {
            Part::Text(text) => is_blank(text),
            Part::Name(_) => false,
        })
    }

    /// The names that stand in it.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.names_in_order().collect()
    }

    /// The same in the order of the places in [`Self::sql`].
    pub(crate) fn names_in_order(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Name(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The text as the database takes it, with a place for each name. Each place is one of its own, so that a name may
    /// stand where different types are expected.
    pub(crate) fn sql(&self, dialect: Dialect) -> String {
        let mut sql = String::new();
        let mut place = 0;
        for part in &self.parts {
            match part {
                Part::Text(text) => sql.push_str(text),
                Part::Name(_) => {
                    place += 1;
                    sql.push_str(&dialect.place(place));
                }
            }
        }
        sql.trim().to_owned()
    }
}

fn push(statements: &mut [Statement], part: Part) {
    if let Some(last) = statements.last_mut() {
        last.parts.push(part);
    }
}

fn push_text(statements: &mut [Statement], text: &str) {
    let Some(last) = statements.last_mut() else { return };
    match last.parts.last_mut() {
        Some(Part::Text(before)) => before.push_str(text),
        _ => last.parts.push(Part::Text(text.to_owned())),
    }
}

enum Piece<'a> {
    /// Text that is passed on as it is.
    Text(&'a str),
    Name(&'a str),
    /// A `;`.
    End,
}

struct Reader<'a> {
    rest: &'a str,
    dialect: Dialect,
}

impl<'a> Reader<'a> {
    fn next_piece(&mut self) -> Option<Piece<'a>> {
        let first = self.rest.chars().next()?;
        if first == ';' {
            self.take(1);
            return Some(Piece::End);
        }
        if let Some(name) = self.name() {
            self.take(1 + name.len());
            return Some(Piece::Name(name));
        }
        let length = self.closed_length(first).unwrap_or_else(|| self.plain_length());
        Some(Piece::Text(self.take(length)))
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// The name behind a `$`. PostgreSQL's `$tag$` opens a literal instead.
    fn name(&self) -> Option<&'a str> {
        let after = self.rest.strip_prefix('$')?;
        let name = word(after);
        let is_name = name.chars().next().is_some_and(|first| !first.is_ascii_digit());
        (is_name && !after[name.len()..].starts_with('$')).then_some(name)
    }

    /// The length of a literal, quoted name or comment that begins here.
    fn closed_length(&self, first: char) -> Option<usize> {
        let mysql = self.dialect == Dialect::MySql;
        match first {
            '\'' => Some(quoted_length(self.rest, '\'', mysql)),
            'E' | 'e' if self.rest[1..].starts_with('\'') => Some(1 + quoted_length(&self.rest[1..], '\'', true)),
            '"' => Some(quoted_length(self.rest, '"', mysql)),
            '`' => Some(quoted_length(self.rest, '`', false)),
            '-' if self.rest.starts_with("--") => Some(through(self.rest, "\n")),
            '#' if mysql => Some(through(self.rest, "\n")),
            '/' if self.rest.starts_with("/*") => Some(through(&self.rest[2..], "*/") + 2),
            '$' if self.dialect == Dialect::Postgres => {
                let tag = word(&self.rest[1..]);
                let open = self.rest.get(..tag.len() + 2).filter(|open| open.ends_with('$'))?;
                Some(open.len() + through(&self.rest[open.len()..], open))
            }
            _ => None,
        }
    }

    /// The length of what means nothing special: at least one character, whole words at a time.
    fn plain_length(&self) -> usize {
        match word(self.rest).len() {
            0 => self.rest.chars().next().map_or(0, char::len_utf8),
            // Within a word a `$` is a letter like others.
            word => {
                word + self.rest[word..].find(|c: char| !is_letter(c) && c != '$').unwrap_or(self.rest.len() - word)
            }
        }
    }
}

/// The letters, digits and `_` at the beginning.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !is_letter(c)).unwrap_or(text.len());
    &text[..end]
}

fn is_letter(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// How far it is through the end of `closing`; the whole text if it does not occur.
fn through(text: &str, closing: &str) -> usize {
    text.find(closing).map_or(text.len(), |at| at + closing.len())
}

/// The length of a text in quotes, in which a doubled quote stands for one, and with `escapes` a backslash takes the
/// meaning of what follows it.
fn quoted_length(text: &str, quote: char, escapes: bool) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if escapes && character == '\\' {
            escaped = true;
        } else if character == quote {
            // Of a doubled quote, the second one opens the next piece.
            return at + 1;
        }
    }
    text.len()
}

fn is_blank(text: &str) -> bool {
    let mut rest = text.trim_start();
    loop {
        let comment = match rest {
            "" => return true,
            text if text.starts_with("--") => through(text, "\n"),
            text if text.starts_with("/*") => through(&text[2..], "*/") + 2,
            _ => return false,
        };
        rest = rest[comment..].trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, dialect: Dialect) -> Vec<(String, Vec<String>)> {
        let names = |statement: &Statement| statement.names_in_order().map(str::to_owned).collect();
        Statement::all(text, dialect).iter().map(|statement| (statement.sql(dialect), names(statement))).collect()
    }

    #[test]
    fn names_become_places_and_everything_else_stays() {
        for (dialect, text, sql, names) in [
            (Dialect::Sqlite, "SELECT $a, $b, $a", "SELECT ?1, ?2, ?3", vec!["a", "b", "a"]),
            (Dialect::Postgres, "SELECT $a::int + $1", "SELECT $1::int + $1", vec!["a"]),
            (Dialect::MySql, "SELECT $order_id;", "SELECT ?", vec!["order_id"]),
            (Dialect::Sqlite, "SELECT '$a', \"$b\", `$c`, a$b, $d", "SELECT '$a', \"$b\", `$c`, a$b, ?1", vec!["d"]),
            (Dialect::Sqlite, "SELECT 'it''s $a' || $b", "SELECT 'it''s $a' || ?1", vec!["b"]),
            (Dialect::MySql, r"SELECT 'it\'s $a', $b", r"SELECT 'it\'s $a', ?", vec!["b"]),
            (Dialect::Sqlite, r"SELECT 'C:\', $b", r"SELECT 'C:\', ?1", vec!["b"]),
            (Dialect::Postgres, r"SELECT E'it\'s $a', $b", r"SELECT E'it\'s $a', $1", vec!["b"]),
            (Dialect::Postgres, "SELECT $$ $a; $$, $x$ $b $x$, $c", "SELECT $$ $a; $$, $x$ $b $x$, $1", vec!["c"]),
            (Dialect::Sqlite, "-- $a;\nSELECT /* $b; */ $c", "-- $a;\nSELECT /* $b; */ ?1", vec!["c"]),
            (Dialect::MySql, "# $a\nSELECT $größe", "# $a\nSELECT ?", vec!["größe"]),
        ] {
            let names = names.into_iter().map(str::to_owned).collect();
            assert_eq!(read(text, dialect), [(sql.to_owned(), names)], "{text}");
        }
    }

    #[test]
    fn statements_are_divided_and_empty_ones_dropped() {
        let texts: Vec<String> = read("DELETE FROM t; -- old\n;INSERT INTO t VALUES (';', $a);\n", Dialect::Sqlite)
            .into_iter()
            .map(|(sql, _)| sql)
            .collect();
        assert_eq!(texts, ["DELETE FROM t", "INSERT INTO t VALUES (';', ?1)"]);
    }

    #[test]
    fn what_is_not_closed_goes_to_the_end() {
        for text in ["SELECT '$a", "SELECT /* $a", "SELECT \"$a", "SELECT $x$ $a", "é'", "E"] {
            assert_eq!(read(text, Dialect::Postgres)[0].1, [""; 0], "{text}");
        }
    }
}
