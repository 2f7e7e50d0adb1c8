//! JavaScript.

use crate::testing::{Bench, outlet, rows, stream};
use crate::{CANCELLED, ComponentError, Outcome, Palette};
use flow_data::arrow::datatypes::{Field, Schema};
use flow_data::{Stream, json_to_batch, parse_type, type_text};
use flow_model::{Component, Flow, PortRef};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn script(text: &str) -> Component {
    Component::new("JavaScript", "Script").with("Script", text)
}

async fn run(component: &Component, input: Stream) -> Result<Outcome, ComponentError> {
    Bench::new().with_variable("rate", 2).run(component, input).await
}

async fn made(text: &str, input: Stream) -> Value {
    rows(outlet(&run(&script(text), input).await.unwrap(), "out"))
}

async fn failure(component: &Component) -> ComponentError {
    run(component, stream("a\n1\n2\n")).await.unwrap_err()
}

/// A stream of JSON records with the given fields.
fn typed(columns: &[(&str, &str)], records: Value) -> Stream {
    let field = |(name, text): &(&str, &str)| Field::new(*name, parse_type(text).unwrap(), true);
    let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
    let batch = json_to_batch(records.as_array().unwrap(), &schema).unwrap();
    Stream::new(schema, vec![batch])
}

#[tokio::test]
async fn each_record_becomes_one_several_or_none() {
    let input = || stream("name,n\nAda Lovelace,1\nBob,2\nEve,3\n");
    let text = "if (record.n === 2) return null;
                const [first, last] = record.name.split(' ');
                return [{ first, last, index, double: record.n * variables.rate }, ...(last ? [{ first: last }] : [])];";
    let expected = json!([
        {"first": "Ada", "last": "Lovelace", "index": 0, "double": 2},
        {"first": "Lovelace", "last": null, "index": null, "double": null},
        {"first": "Eve", "last": null, "index": 2, "double": 6},
    ]);
    assert_eq!(made(text, input()).await, expected);
    let outcome = run(&script("return record;"), input()).await.unwrap();
    assert_eq!((rows(outlet(&outcome, "out")), outcome.note.as_deref()), (rows(&input()), Some("3 records")));
    assert_eq!(made("return;", input()).await, json!([]));
}

#[tokio::test]
async fn a_script_can_see_all_records_at_once() {
    let text = "const sums = new Map();
                for (const { town, n } of records) sums.set(town, (sums.get(town) ?? 0) + n);
                return [...sums].map(([town, sum]) => ({ town, sum }));";
    let component = script(text).with("Per", "Stream");
    let outcome = run(&component, stream("town,n\nRome,1\nOslo,2\nRome,3\n")).await.unwrap();
    assert_eq!(rows(outlet(&outcome, "out")), json!([{"town": "Rome", "sum": 4}, {"town": "Oslo", "sum": 2}]));
}

#[tokio::test]
async fn no_digit_is_lost_on_the_way_through() {
    let columns = [
        ("id", "Integer"),
        ("small", "Decimal(10,2)"),
        ("large", "Decimal(30,4)"),
        ("at", "TimestampTz"),
        ("part", "Record<tags List<Text>, ok Boolean>"),
    ];
    let records = json!([
        {"id": "9007199254740993", "small": "0.10", "large": "12345678901234567890.1234", "at": "2024-02-29T12:00:00Z", "part": {"tags": ["a", null], "ok": true}},
        {"id": "-5", "small": "12345678.91", "large": null, "at": null, "part": null},
    ]);
    let input = typed(&columns, records);
    let declared: Vec<Value> = columns.iter().map(|(name, kind)| json!({"name": name, "type": kind})).collect();
    let component = script("return { ...record, id: record.id };").with("Columns", declared);
    let outcome = run(&component, input.clone()).await.unwrap();
    assert_eq!(outlet(&outcome, "out").to_json_rows(9).unwrap(), input.to_json_rows(9).unwrap());
    let kinds =
        made("return { id: typeof record.id, small: typeof record.small, large: typeof record.large };", input).await;
    assert_eq!(kinds[0], json!({"id": "bigint", "small": "number", "large": "string"}));
    assert_eq!(kinds[1]["id"], "number");
    assert_eq!(
        made("return { big: 2n ** 80n, in64: 2n ** 63n - 1n, at: new Date(0) };", stream("a\n1\n")).await,
        json!([{"big": "1208925819614629174706176", "in64": i64::MAX, "at": "1970-01-01T00:00:00.000Z"}])
    );
}

#[tokio::test]
async fn errors_name_record_line_and_column() {
    let error = failure(&script("const a = record.a;\nif (a === 2)\n  undefinedFunction(a);\nreturn record;")).await;
    assert_eq!((error.code.as_str(), error.row, error.property.as_deref()), ("script/error", Some(2), Some("Script")));
    assert!(error.message.starts_with("record 2: line 3, column 3: ReferenceError: "), "{error}");
    let syntax = failure(&script("return {\n  a: 1,\n  b: = 2\n};")).await;
    assert_eq!((syntax.code.as_str(), syntax.retryable), ("script/syntax", false));
    assert!(syntax.message.starts_with("line 3, column "), "{syntax}");
    for (text, part) in [
        ("throw 'too bad';", "record 1: too bad"),
        ("throw new RangeError('over');", "line 1, column 11: RangeError: over"),
        ("return { f: () => 1 };", "“f”: a function"),
        ("return { a: { b: [1, NaN] } };", "“a.b[1]”: a number that is none"),
        ("return 5;", "no record"),
        ("return ['x'];", "no record"),
        ("const a = {}; a.self = a; return a;", "too deep within one another"),
        ("return { get a() { throw new Error('in a getter'); } };", "in a getter"),
        ("return (async () => record)();", "promise"),
        ("return { a: '\\ud800' };", "half of a character"),
    ] {
        let error = failure(&script(text)).await;
        assert!(error.message.contains(part), "{text}: {error}");
    }
}

#[tokio::test]
async fn what_never_ends_is_stopped() {
    for text in [
        "while (true) {}",
        "for (;;) { try { for (;;) {} } catch {} }",
        "return { a: /^(a+)+$/.test('a'.repeat(40) + 'b') };",
        "const f = () => f() + f(); try { f(); } catch { for (;;) {} }",
        "return { get a() { for (;;) {} } };",
        "return new Promise(() => {}).then((() => { for (;;) {} })());",
    ] {
        let began = Instant::now();
        let error = failure(&script(text).with("TimeLimit", 0.1)).await;
        assert_eq!((error.code.as_str(), error.retryable), ("script/time", false), "{text}: {error}");
        assert!(began.elapsed() < Duration::from_secs(10), "{text}");
    }
}

#[tokio::test]
async fn what_not_even_the_engine_can_stop_holds_nobody_up() {
    // It ends by itself after a while, since a test that ends waits for its threads.
    let text = "return { a: Array.prototype.includes.call({ length: 4e8 }, 1) };";
    let began = Instant::now();
    let outcome = run(&script(text).with("TimeLimit", 0.1), stream("a\n1\n")).await;
    println!("{outcome:?} after {:?}", began.elapsed());
    assert_eq!(outcome.unwrap_err().code, "script/time");
}

#[tokio::test]
async fn memory_and_stack_have_limits() {
    for text in [
        "const all = []; for (;;) all.push(new Array(1000).fill(index));",
        "let text = 'x'; for (;;) text += text;",
        "return { a: new Uint8Array(1e9) };",
        "try { const all = []; for (;;) all.push('x'.repeat(100_000) + all.length); } catch { return {}; } ",
    ] {
        let component = script(text).with("MemoryLimit", 8).with("TimeLimit", 20);
        match run(&component, stream("a\n1\n")).await {
            Err(error) => assert!(
                error.code == "script/memory"
                    || error.message.contains("too long")
                    || error.message.contains("invalid"),
                "{text}: {error}"
            ),
            // It caught the error, which is its right.
            Ok(outcome) => assert_eq!(outlet(&outcome, "out").rows(), Some(1), "{text}"),
        }
    }
    let error = failure(&script("const f = (n) => f(n + 1) + 1; return { a: f(0) };")).await;
    assert!(error.message.contains("stack"), "{error}");
}

#[tokio::test]
async fn an_attempt_that_must_end_stops_its_script() {
    let bench = Bench::new();
    let cancel = bench.cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(30)).await;
        cancel.cancel();
    });
    let error = bench.run(&script("for (;;) {}").with("TimeLimit", 60), stream("a\n1\n")).await.unwrap_err();
    assert_eq!(error.code, CANCELLED);
}

#[tokio::test]
async fn a_script_has_no_clock_unless_it_asks_for_it_and_nothing_of_the_outside() {
    for text in [
        "return { a: Date.now() };",
        "return { a: new Date() };",
        "return { a: Date() };",
        "return { a: Math.random() };",
        "return { a: new (new Date(0).constructor)() };",
    ] {
        let error = failure(&script(text)).await;
        assert!(error.message.contains("switch Clock on"), "{text}: {error}");
        let clocked = run(&script(text).with("Clock", true), stream("a\n1\n")).await.unwrap();
        assert_eq!(outlet(&clocked, "out").rows(), Some(1));
    }
    assert_eq!(
        made(
            "return { a: new Date('2024-02-29T12:00:00Z').toISOString(), b: Date.UTC(1970, 0, 2) };",
            stream("a\n1\n")
        )
        .await,
        json!([{"a": "2024-02-29T12:00:00.000Z", "b": 86_400_000}])
    );
    for name in ["require", "process", "fetch", "std", "os", "setTimeout", "performance", "XMLHttpRequest", "Worker"] {
        assert_eq!(
            made(&format!("return {{ a: typeof {name} }};"), stream("a\n1\n")).await,
            json!([{"a": "undefined"}]),
            "{name}"
        );
    }
}

#[tokio::test]
async fn one_call_leaves_nothing_behind_for_the_next() {
    let text = "try { globalThis.seen = (globalThis.seen ?? 0) + 1; } catch {}
                try { Math.seen = 1; } catch {}
                return { seen: typeof seen, math: typeof Math.seen };";
    let nothing = json!({"seen": "undefined", "math": "undefined"});
    assert_eq!(made(text, stream("a\n1\n2\n")).await, json!([nothing, nothing]));
}

#[tokio::test]
async fn what_a_script_says_goes_to_the_log() {
    let text = "console.log('record', index, { a: record.a, big: 1n });
                if (index === 1) for (let i = 0; i < 200; i++) console.log(i);
                return record;";
    let outcome = run(&script(text), stream("a\n1\n2\n")).await.unwrap();
    let lines: Vec<&str> = outcome.log.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(lines[0], "record 0 {\"a\":1,\"big\":\"1\"}");
    assert_eq!((lines.len(), lines[100]), (101, "… and more: only the first 100 lines are written"));
}

#[tokio::test]
async fn a_compiled_script_serves_many_requests() {
    let component = crate::testing::prepare(&script("return { a: record.a + 1 };"));
    let bench = Bench::new();
    for _ in 0..20 {
        let outcome = bench.run_prepared(component.as_ref(), stream("a\n1\n"), false).await.unwrap();
        assert_eq!(rows(outlet(&outcome, "out")), json!([{"a": 2}]));
    }
}

#[tokio::test]
async fn declared_fields_are_kept_and_what_does_not_fit_is_named() {
    let columns = json!([{"name": "n", "type": "Integer"}, {"name": "gone", "type": "Date"}]);
    let component = script("return { n: record.a === 2 ? 'two' : record.a, extra: 1 };").with("Columns", columns);
    let error = failure(&component).await;
    assert_eq!((error.code.as_str(), error.property.as_deref()), ("data/value", Some("Columns")));
    assert!(error.message.contains("row 2, field “n”: “two” is no integer"), "{error}");
    let outcome = run(&component, stream("a\n1\n")).await.unwrap();
    assert_eq!(rows(outlet(&outcome, "out")), json!([{"n": 1, "gone": null}]));
}

#[test]
fn the_designer_sees_syntax_errors_and_guesses_the_fields() {
    let fields = |text: &str, columns: Value| {
        let flow = Flow::from_json(&json!({"format": 1, "components": [
            {"id": "start-aaaaaa", "type": "Start", "name": "Start", "properties": {"Inputs": [{"name": "n", "type": "Integer"}, {"name": "t", "type": "Text"}]}},
            {"id": "script-aaaaaa", "type": "JavaScript", "name": "Script", "properties": {"Script": text, "Columns": columns}},
        ], "links": [{"from": "start-aaaaaa.out", "to": "script-aaaaaa.in"}]}).to_string()).unwrap();
        let found = Palette::standard().examine(&flow, &Bench::new());
        let schema = found.schemas.get(&PortRef::new(&crate::testing::id("script-aaaaaa"), "out")).map(|schema| {
            let field = |field: &Arc<Field>| format!("{} {}", field.name(), type_text(field.data_type()).unwrap());
            schema.fields().iter().map(field).collect::<Vec<_>>().join(", ")
        });
        (
            schema,
            found
                .diagnostics
                .iter()
                .map(|problem| format!("{}: {}", problem.code, problem.message))
                .collect::<Vec<_>>(),
        )
    };
    let (schema, problems) = fields("return { ...record, half: record.n / 2, of: variables.t };", json!([]));
    assert_eq!(
        (schema.as_deref(), problems.len()),
        (Some("n Integer, t Text, half Number, of Text"), 0),
        "{problems:?}"
    );
    let (schema, problems) = fields("return record.missing.part;", json!([{"name": "a", "type": "Date"}]));
    assert_eq!((schema.as_deref(), problems.len()), (Some("a Date"), 0), "{problems:?}");
    let (schema, problems) = fields("for (;;) {}", json!([]));
    assert_eq!((schema, problems.len()), (None, 0), "{problems:?}");
    let (_, problems) = fields("return {", json!([]));
    assert!(problems[0].starts_with("script/syntax: “Script”, line "), "{problems:?}");
}
