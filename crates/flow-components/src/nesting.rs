//! Fields within records: `address.city` is the field `city` of the record `address`.

use flow_data::DataError;
use flow_data::arrow::array::{ArrayRef, StructArray};
use flow_data::arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use flow_data::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use std::sync::Arc;

/// How flat fields are put into records.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Nesting(Vec<Node>);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// The flat field at this place, under this name.
    Field { name: String, at: usize },
    /// A record of what is in it.
    Record { name: String, members: Vec<Node> },
}

impl Nesting {
    /// From the paths of the flat fields, in order. Fails with the path that is already taken by a value or a record.
    pub(crate) fn new<'a>(paths: impl IntoIterator<Item = &'a [String]>) -> Result<Self, String> {
        let mut nodes = Vec::new();
        for (at, path) in paths.into_iter().enumerate() {
            add(&mut nodes, path, at).ok_or_else(|| path.join("."))?;
        }
        Ok(Self(nodes))
    }

    /// Whether every field stays where it is.
    pub(crate) fn is_flat(&self) -> bool {
        self.0.iter().all(|node| matches!(node, Node::Field { .. }))
    }

    /// The names at the top.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|node| match node {
            Node::Field { name, .. } | Node::Record { name, .. } => name.as_str(),
        })
    }

    /// The fields of the records.
    pub(crate) fn schema(&self, flat: &Schema) -> SchemaRef {
        Arc::new(Schema::new(fields(&self.0, flat)))
    }

    /// The records.
    pub(crate) fn nest(&self, flat: &RecordBatch) -> Result<RecordBatch, DataError> {
        let failed = |message: String| DataError::Type { message };
        let schema = self.schema(flat.schema_ref());
        let columns: Result<Vec<ArrayRef>, String> = self.0.iter().map(|node| column(node, flat)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(flat.num_rows()));
        RecordBatch::try_new_with_options(schema, columns.map_err(failed)?, &options)
            .map_err(|error| failed(error.to_string()))
    }
}

fn add(nodes: &mut Vec<Node>, path: &[String], at: usize) -> Option<()> {
    let (first, rest) = path.split_first()?;
    let place = nodes.iter_mut().find(|node| match node {
        Node::Field { name, .. } | Node::Record { name, .. } => name == first,
    });
    match (place, rest) {
        (None, []) => nodes.push(Node::Field { name: first.clone(), at }),
        (None, rest) => {
            let mut members = Vec::new();
            add(&mut members, rest, at)?;
            nodes.push(Node::Record { name: first.clone(), members });
        }
        (Some(Node::Record { members, .. }), [_, ..]) => add(members, rest, at)?,
        (Some(_), _) => return None,
    }
    Some(())
}

fn fields(nodes: &[Node], flat: &Schema) -> Fields {
    let fields = nodes.iter().map(|node| match node {
        Node::Field { name, at } => {
            let data_type = flat.fields().get(*at).map_or(DataType::Null, |field| field.data_type().clone());
            Field::new(name, data_type, true)
        }
        Node::Record { name, members } => Field::new(name, DataType::Struct(fields(members, flat)), true),
    });
    fields.collect()
}

fn column(node: &Node, flat: &RecordBatch) -> Result<ArrayRef, String> {
    match node {
        Node::Field { at, name } => {
            flat.columns().get(*at).cloned().ok_or_else(|| format!("there is no column for “{name}”"))
        }
        Node::Record { members, .. } => {
            let columns: Vec<ArrayRef> =
                members.iter().map(|member| column(member, flat)).collect::<Result<_, String>>()?;
            let fields = fields(members, flat.schema_ref());
            let record = StructArray::try_new_with_length(fields, columns, None, flat.num_rows());
            Ok(Arc::new(record.map_err(|error| error.to_string())?))
        }
    }
}

/// The parts of a name: `address.city` has two. In double quotes a dot is a character like others.
pub(crate) fn path_of(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for character in name.chars() {
        match character {
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            other => {
                if let Some(part) = parts.last_mut() {
                    part.push(other);
                }
            }
        }
    }
    // What is no path is a name as it stands.
    if quoted || parts.iter().any(String::is_empty) { vec![name.to_owned()] } else { parts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{rows, stream};
    use flow_data::Stream;
    use serde_json::json;

    fn nesting(names: &[&str]) -> Result<Nesting, String> {
        let paths: Vec<Vec<String>> = names.iter().map(|name| path_of(name)).collect();
        Nesting::new(paths.iter().map(Vec::as_slice))
    }

    #[test]
    fn dots_make_records_and_quotes_keep_dots() {
        for (name, expected) in [
            ("a", vec!["a"]),
            ("a.b.c", vec!["a", "b", "c"]),
            ("a.\"b.c\"", vec!["a", "b.c"]),
            ("\"a\".b", vec!["a", "b"]),
            (".a", vec![".a"]),
            ("a.", vec!["a."]),
            ("5\" disc", vec!["5\" disc"]),
        ] {
            assert_eq!(path_of(name), expected, "{name}");
        }
    }

    #[test]
    fn fields_are_put_into_records_in_the_order_of_their_first_member() {
        let flat = stream("a,b,c,d\n1,2,3,4\n5,6,7,8\n").to_batch().unwrap();
        let nesting = nesting(&["id", "to.city", "note", "to.geo.x"]).unwrap();
        assert!(!nesting.is_flat());
        let nested = nesting.nest(&flat).unwrap();
        let expected = json!([
            {"id": 1, "to": {"city": 2, "geo": {"x": 4}}, "note": 3},
            {"id": 5, "to": {"city": 6, "geo": {"x": 8}}, "note": 7},
        ]);
        assert_eq!(rows(&Stream::new(nested.schema(), vec![nested.clone()])), expected);
        assert_eq!(nested.schema(), nesting.schema(flat.schema_ref()));
    }

    #[test]
    fn a_name_is_a_value_or_a_record() {
        assert_eq!(nesting(&["a", "a.b"]).unwrap_err(), "a.b");
        assert_eq!(nesting(&["a.b.c", "a.b"]).unwrap_err(), "a.b");
        assert!(nesting(&["a.b", "a.c"]).is_ok());
    }
}
