use super::*;
use crate::arrow::array::{Array, ArrayRef, Int64Array, ListArray, StringArray, StructArray};
use crate::arrow::datatypes::{DataType, Field, Fields, Int64Type, Schema};
use crate::arrow::record_batch::RecordBatch;
use crate::{DataError, Spool, SpoolLimits, Stream, Variables, type_name};
use serde_json::{Value, json};
use std::sync::Arc;

fn table(fields: &[(&str, Value)]) -> Stream {
    let rows = fields[0].1.as_array().unwrap().len();
    let records: Vec<Value> = (0..rows)
        .map(|row| Value::from_iter(fields.iter().map(|(name, values)| ((*name).to_owned(), values[row].clone()))))
        .collect();
    let schema = crate::json_schema_of(&records);
    let batch = crate::json_to_batch(&records, &schema).unwrap();
    Stream::new(schema, vec![batch])
}

fn rows(stream: &Stream) -> Value {
    Value::from_iter(stream.to_json_records().unwrap().into_iter().map(Value::Object))
}

fn fields(stream: &Stream) -> Vec<String> {
    stream.schema().fields().iter().map(|field| format!("{} {}", field.name(), type_name(field.data_type()))).collect()
}

fn none() -> Variables {
    Variables::default()
}

fn pairs(entries: &[(&str, &str)]) -> Vec<(String, String)> {
    entries.iter().map(|(name, sql)| ((*name).to_owned(), (*sql).to_owned())).collect()
}

fn key(expression: &str, descending: bool) -> SortKey {
    SortKey { expression: expression.to_owned(), descending, nulls_first: false }
}

fn orders() -> Stream {
    table(&[
        ("id", json!([1, 2, 3, 4, 5])),
        ("customer", json!(["b", "a", "b", null, "c"])),
        ("amount", json!([10.0, 5.0, 2.5, 1.0, null])),
    ])
}

#[test]
fn records_are_sorted_and_equal_ones_keep_their_order() {
    let spool = Spool::in_memory();
    let sorted = sort(&orders(), &[key("customer", false)], None, &none(), &spool).unwrap();
    assert!(sorted.is_flowing());
    let ids = |stream: &Stream| -> Vec<Value> {
        rows(stream).as_array().unwrap().iter().map(|row| row["id"].clone()).collect()
    };
    assert_eq!(ids(&sorted), [2, 1, 3, 5, 4]);
    assert_eq!(ids(&sorted), [2, 1, 3, 5, 4], "a second time");
    assert_eq!(sorted.schema().fields().len(), 3);
    let first = SortKey { nulls_first: true, ..key("customer", true) };
    let variables = none().with("factor", -1);
    assert_eq!(
        ids(&sort(&orders(), &[first, key("id * $factor", false)], None, &variables, &spool).unwrap()),
        [4, 5, 3, 1, 2]
    );
    assert_eq!(ids(&sort(&orders(), &[key("amount", true)], Some(2), &none(), &spool).unwrap()), [1, 2]);
    assert_eq!(ids(&sort(&orders(), &[], Some(1), &none(), &spool).unwrap()), [1]);
    let error = sort(&orders(), &[key("id", false), key("idd", false)], None, &none(), &spool).unwrap_err();
    assert_eq!(
        (error.code(), error.to_string()),
        ("data/unknown-field", "key 2: there is no field “idd”; did you mean “id”?".to_owned())
    );
}

#[test]
fn a_stream_larger_than_the_memory_for_plans_is_sorted_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let limits = SpoolLimits { stream: 1 << 20, streams: 4 << 20, plans: 64 << 20 };
    let spool = Spool::new(folder.path(), limits);
    const ROWS: i64 = 400_000;
    let schema =
        Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true), Field::new("t", DataType::Utf8, true)]));
    let of = Arc::clone(&schema);
    let stream = Stream::flowing(schema, move || {
        let schema = Arc::clone(&of);
        Ok(Box::new((0..ROWS / 8000).map(move |batch| {
            let numbers = (0..8000).map(|row| (batch * 8000 + row) * 7919 % ROWS);
            let texts: StringArray =
                numbers.clone().map(|n| Some(format!("some text that takes memory {n:0>60}"))).collect();
            let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from_iter_values(numbers)), Arc::new(texts)];
            Ok(RecordBatch::try_new(Arc::clone(&schema), columns).unwrap())
        })))
    });
    let sorted = sort(&stream, &[key("n", true)], None, &none(), &spool).unwrap();
    let mut expected = ROWS;
    for batch in sorted.batches().unwrap() {
        let batch = batch.unwrap();
        for n in batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap() {
            expected -= 1;
            assert_eq!(n, Some(expected));
        }
    }
    assert_eq!(expected, 0);
    // A join of two sides that do not fit: both are sorted on disk.
    let keys = [JoinKey { left: "n".to_owned(), right: "n".to_owned() }];
    let joined = join(&stream, &stream, JoinKind::Inner, &keys, &none(), &spool).unwrap();
    let joined: usize = joined.batches().unwrap().map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(joined as i64, ROWS);
}

#[test]
fn groups_come_in_the_order_of_their_first_record() {
    let spool = Spool::in_memory();
    let groups = pairs(&[("who", "coalesce(customer, 'nobody')")]);
    let aggregates = pairs(&[("n", "count(*)"), ("mean", "sum(amount) / count(*)"), ("most", "max(amount)")]);
    let found = aggregate(&orders(), &groups, &aggregates, &none(), &spool).unwrap();
    assert_eq!(fields(&found), ["who text", "n integer", "mean number", "most number"]);
    assert_eq!(
        rows(&found),
        json!([
            {"who": "b", "n": 2, "mean": 6.25, "most": 10.0},
            {"who": "a", "n": 1, "mean": 5.0, "most": 5.0},
            {"who": "nobody", "n": 1, "mean": 1.0, "most": 1.0},
            {"who": "c", "n": 1, "mean": null, "most": null},
        ])
    );
    let all = aggregate(&orders(), &[], &pairs(&[("n", "count(DISTINCT customer)")]), &none(), &spool).unwrap();
    assert_eq!(rows(&all), json!([{"n": 3}]));
    let nothing = orders().slice(0, 0).unwrap();
    assert_eq!(
        rows(&aggregate(&nothing, &[], &pairs(&[("n", "count(*)")]), &none(), &spool).unwrap()),
        json!([{"n": 0}])
    );
}

#[test]
fn a_wrong_aggregate_is_named() {
    let spool = Spool::in_memory();
    let found = |groups: &[(&str, &str)], aggregates: &[(&str, &str)]| {
        aggregate(&orders(), &pairs(groups), &pairs(aggregates), &none(), &spool)
            .map(|stream| rows(&stream))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        found(&[], &[("n", "count(*)"), ("x", "sum(amont)")]),
        "field “x”: there is no field “amont”; did you mean “amount”?"
    );
    assert!(found(&[], &[("x", "amount")]).starts_with("field “x”: "));
    assert!(found(&[("g", "customer")], &[("x", "amount")]).starts_with("field “x”: "));
    assert!(found(&[("g", "customer +")], &[]).starts_with("field “g”: syntax error"));
    assert!(found(&[], &[("x", "sum(amount)) FROM input; DROP TABLE t --")]).contains("syntax error"));
    assert_eq!(
        found(&[], &[("x", "$rate * sum(amount)")]),
        "field “x”: there is no flow variable “$rate”; there is no flow variable at all here"
    );
}

fn customers() -> Stream {
    table(&[
        ("id", json!(["a", "b", "d", null])),
        ("name", json!(["Ada", "Bob", "Dan", "Nil"])),
        ("amount", json!([1, 2, 3, 4])),
    ])
}

fn joined(kind: JoinKind) -> Stream {
    let keys = [JoinKey { left: "customer".to_owned(), right: "id".to_owned() }];
    join(&orders(), &customers(), kind, &keys, &none(), &Spool::in_memory()).unwrap()
}

#[test]
fn joins_keep_the_order_of_the_left_and_name_what_clashes() {
    let inner = joined(JoinKind::Inner);
    assert_eq!(
        fields(&inner),
        ["id integer", "customer text", "amount number", "right_id text", "name text", "right_amount integer"]
    );
    let names = |kind| -> Vec<(Value, Value)> {
        let found = rows(&joined(kind));
        found.as_array().unwrap().iter().map(|row| (row["id"].clone(), row["name"].clone())).collect()
    };
    let found = |id: i64, name: &str| (json!(id), json!(name));
    assert_eq!(names(JoinKind::Inner), [found(1, "Bob"), found(2, "Ada"), found(3, "Bob")]);
    let left = [found(1, "Bob"), found(2, "Ada"), found(3, "Bob"), (json!(4), json!(null)), (json!(5), json!(null))];
    assert_eq!(names(JoinKind::Left), left);
    assert_eq!(names(JoinKind::Full).len(), 7);
    assert_eq!(names(JoinKind::Right).len(), 5);
    let ids =
        |kind| -> Vec<Value> { rows(&joined(kind)).as_array().unwrap().iter().map(|row| row["id"].clone()).collect() };
    assert_eq!(ids(JoinKind::Semi), [1, 2, 3]);
    assert_eq!(ids(JoinKind::Anti), [4, 5]);
    assert_eq!(joined(JoinKind::Semi).schema().fields().len(), 3);
}

#[test]
fn a_key_of_the_same_name_leaves_once() {
    let keys = [JoinKey { left: "id".to_owned(), right: "id".to_owned() }];
    let (one, other) =
        (table(&[("id", json!([1, 2])), ("a", json!([1, 2]))]), table(&[("id", json!([2, 3])), ("b", json!([2, 3]))]));
    let full = join(&one, &other, JoinKind::Full, &keys, &none(), &Spool::in_memory()).unwrap();
    assert_eq!(fields(&full), ["id integer", "a integer", "b integer"]);
    let mut ids: Vec<i64> = rows(&full).as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, [1, 2, 3]);
}

#[test]
fn keys_that_cannot_be_equal_are_refused() {
    let failed = |left: &str, right: &str| {
        let keys = [JoinKey { left: left.to_owned(), right: right.to_owned() }];
        join(&orders(), &customers(), JoinKind::Inner, &keys, &none(), &Spool::in_memory()).unwrap_err().to_string()
    };
    assert_eq!(failed("id", "id"), "key 1: integer is compared with text: cast one of them");
    assert_eq!(failed("customer", "idd"), "key 1, right: there is no field “idd”; did you mean “id”?");
    let keys = [JoinKey { left: "upper(customer)".to_owned(), right: "upper(id)".to_owned() }];
    let found = join(&orders(), &customers(), JoinKind::Inner, &keys, &none(), &Spool::in_memory()).unwrap();
    assert_eq!(rows(&found).as_array().unwrap().len(), 3);
}

#[test]
fn the_first_of_equal_records_stays() {
    let spool = Spool::in_memory();
    let found = distinct(&orders(), &["customer".to_owned()], &spool).unwrap();
    let ids: Vec<Value> = rows(&found).as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
    assert_eq!(ids, [1, 2, 4, 5]);
    assert_eq!(found.schema().fields().len(), 3);
    let twice = Stream::append(&[orders(), orders()]).unwrap();
    assert_eq!(rows(&distinct(&twice, &[], &spool).unwrap()), rows(&orders()));
    assert_eq!(distinct(&orders(), &["custmer".to_owned()], &spool).unwrap_err().code(), "data/unknown-field");
}

#[test]
fn streams_are_united_by_name() {
    let one = table(&[("id", json!([1])), ("x", json!([1]))]);
    let other = table(&[("x", json!([2.5])), ("y", json!(["z"]))]);
    let both = union(&[one.clone(), other]).unwrap();
    assert_eq!(fields(&both), ["id integer", "x number", "y text"]);
    assert_eq!(rows(&both), json!([{"id": 1, "x": 1.0, "y": null}, {"id": null, "x": 2.5, "y": "z"}]));
    let error = union(&[one, table(&[("x", json!(["text"]))])]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the streams that arrive have different fields: “x” is integer in one stream and text in another"
    );
}

fn with_items() -> Stream {
    table(&[
        ("id", json!([1, 2, 3])),
        ("items", json!([[{"id": 10, "n": 1}, {"id": 11, "n": 2}], [], null])),
        ("tags", json!([["a"], ["b", "c"], []])),
    ])
}

fn unnested(field: &str, keep_empty: bool, expand: bool) -> Result<Stream, DataError> {
    unnest(&with_items(), &Unnest { field: field.to_owned(), keep_empty, expand })
}

#[test]
fn lists_become_records() {
    let found = unnested("tags", false, true).unwrap();
    let tags: Vec<(Value, Value)> =
        rows(&found).as_array().unwrap().iter().map(|row| (row["id"].clone(), row["tags"].clone())).collect();
    assert_eq!(tags, [(json!(1), json!("a")), (json!(2), json!("b")), (json!(2), json!("c"))]);
    let found = unnested("items", true, true).unwrap();
    assert_eq!(
        found.schema().fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>(),
        ["id", "items_id", "n", "tags"]
    );
    assert_eq!(
        rows(&found).as_array().unwrap().iter().map(|row| row["items_id"].clone()).collect::<Vec<_>>(),
        [json!(10), json!(11), json!(null), json!(null)]
    );
    let whole = unnested("items", false, false).unwrap();
    assert_eq!(rows(&whole)[1]["items"], json!({"id": 11, "n": 2}));
    assert_eq!(
        unnested("id", false, false).unwrap_err().to_string(),
        "“id” is integer, and only a list can be unnested"
    );
    assert_eq!(unnested("item", false, false).unwrap_err().code(), "data/unknown-field");
}

#[test]
fn members_of_a_missing_record_are_missing() {
    let members: Fields = vec![Field::new("n", DataType::Int64, true)].into();
    let inner: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let records: ArrayRef = Arc::new(StructArray::new(members, vec![inner], Some(vec![true, false].into())));
    let schema = Arc::new(Schema::new(vec![Field::new("r", records.data_type().clone(), true)]));
    let stream = Stream::new(Arc::clone(&schema), vec![RecordBatch::try_new(schema, vec![records]).unwrap()]);
    let how = Unnest { field: "r".to_owned(), keep_empty: false, expand: true };
    assert_eq!(rows(&unnest(&stream, &how).unwrap()), json!([{"n": 1}, {"n": null}]));
}

#[test]
fn a_sliced_list_gives_its_own_items() {
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1)]), Some(vec![Some(2), Some(3)])]);
    let schema = Arc::new(Schema::new(vec![Field::new("l", lists.data_type().clone(), true)]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(lists)]).unwrap();
    let stream = Stream::new(schema, vec![batch]).slice(1, 1).unwrap();
    let how = Unnest { field: "l".to_owned(), keep_empty: false, expand: false };
    assert_eq!(rows(&unnest(&stream, &how).unwrap()), json!([{"l": 2}, {"l": 3}]));
}

fn ask(sql: &str) -> Result<Stream, DataError> {
    let inputs = [("orders".to_owned(), orders()), ("customers".to_owned(), customers())];
    query(sql, &inputs, &none().with("least", 2).with("who", "b'--"), &Spool::in_memory())
}

#[test]
fn a_query_sees_every_input_as_a_table() {
    let found = ask(
        "SELECT c.name, count(*) AS n, sum(o.amount) AS total FROM orders o JOIN customers c ON c.id = o.customer \
         WHERE o.amount > $least GROUP BY c.name ORDER BY c.name",
    );
    assert_eq!(
        rows(&found.unwrap()),
        json!([{"name": "Ada", "n": 1, "total": 5.0}, {"name": "Bob", "n": 2, "total": 12.5}])
    );
    let windows =
        ask("SELECT id, row_number() OVER (PARTITION BY customer ORDER BY id) AS nr FROM orders ORDER BY id LIMIT 3");
    assert_eq!(rows(&windows.unwrap()), json!([{"id": 1, "nr": 1}, {"id": 2, "nr": 1}, {"id": 3, "nr": 2}]));
    assert_eq!(rows(&ask("SELECT $who AS who FROM orders LIMIT 1").unwrap()), json!([{"who": "b'--"}]));
    let with = ask("WITH big AS (SELECT * FROM orders WHERE amount >= 5) SELECT count(*) AS n FROM big, orders");
    assert_eq!(rows(&with.unwrap()), json!([{"n": 10}]));
}

#[test]
fn a_query_that_is_none_is_refused() {
    for (sql, code, part) in [
        ("", "data/expression-syntax", "empty"),
        ("DROP TABLE orders", "data/expression-syntax", "only a SELECT"),
        ("SELECT 1; SELECT 2", "data/expression-syntax", "two statements"),
        ("COPY orders TO 'x.csv'", "data/expression-syntax", "only a SELECT"),
        ("EXPLAIN SELECT 1", "data/expression-syntax", "only a SELECT"),
        ("SELECT (id FROM orders", "data/expression-syntax", "syntax error"),
        ("SELECT * FROM order", "data/type", "there is no table “order”; did you mean “orders”?"),
        ("SELECT * FROM 'data.csv'", "data/", ""),
        ("SELECT amont FROM orders", "data/unknown-field", "did you mean “amount”?"),
        ("SELECT id, id FROM orders", "data/", "id"),
        ("SELECT $leest FROM orders", "data/unknown-variable", "did you mean “least”?"),
    ] {
        let error = ask(sql).map(|stream| rows(&stream)).unwrap_err();
        assert!(error.code().starts_with(code), "{sql}: {} {error}", error.code());
        assert!(error.to_string().contains(part), "{sql}: {error}");
    }
}

#[test]
fn a_plan_is_kept_for_the_same_question_and_clocks_are_not() {
    let spool = Spool::in_memory();
    for _ in 0..3 {
        sort(&orders(), &[key("id", false)], None, &none(), &spool).unwrap();
    }
    assert_eq!(spool.plans().len(), 1);
    let inputs = [("orders".to_owned(), orders())];
    query("SELECT now() AS at FROM orders", &inputs, &none(), &spool).unwrap();
    assert_eq!(spool.plans().len(), 1);
    // The kept plan reads the streams of today.
    let other = orders().slice(1, 1).unwrap();
    assert_eq!(rows(&sort(&other, &[key("id", false)], None, &none(), &spool).unwrap()).as_array().unwrap().len(), 1);
    assert_eq!(spool.plans().len(), 1);
}

#[test]
fn an_error_of_an_input_comes_through_as_it_was() {
    let schema = Arc::clone(orders().schema());
    let broken = Stream::flowing(schema, || {
        let error = DataError::Evaluate { row: Some(7), message: "division by zero".to_owned() };
        Ok(Box::new([orders().to_batch(), Err(error.about("field “x”"))].into_iter()))
    });
    let sorted = sort(&broken, &[key("id", false)], None, &none(), &Spool::in_memory()).unwrap();
    let error = sorted.to_batch().unwrap_err();
    assert_eq!((error.row(), error.to_string()), (Some(7), "field “x”: record 7: division by zero".to_owned()));
    let divided =
        aggregate(&orders(), &[], &pairs(&[("x", "sum(id / (id - 1))")]), &none(), &Spool::in_memory()).unwrap();
    assert_eq!(divided.to_batch().unwrap_err().code(), "data/evaluate");
}

#[test]
fn a_reader_that_stops_early_stops_the_plan() {
    let schema = Arc::clone(orders().schema());
    let endless = Stream::flowing(schema, || Ok(Box::new(std::iter::repeat_with(|| orders().to_batch()))));
    let inputs = [("orders".to_owned(), endless)];
    let found = query("SELECT id + 1 AS next FROM orders", &inputs, &none(), &Spool::in_memory()).unwrap();
    assert_eq!(found.first(2).unwrap().rows(), Some(2));
}
