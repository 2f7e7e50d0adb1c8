//! Examples for the document: each body and each error gets one, made from its schema, so that none can be forgotten or
//! go out of date. Schemas that have an example of their own keep it.

use super::codes::{CODES, Stated};
use serde_json::{Map, Value, json};

/// Schemas within schemas are followed so far.
const DEEPEST: usize = 8;

/// Adds to every operation of the document what it takes and answers, by example, and the codes of its errors.
pub fn add(document: &mut Value) {
    let schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    for item in paths.values_mut() {
        for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
            add_bodies(&schemas, operation.pointer_mut("/requestBody/content"));
            let codes: Vec<Stated> = operation.get(CODES).cloned().and_then(read).unwrap_or_default();
            if let Some(stated) = operation.get_mut(CODES) {
                *stated = names(&codes);
            }
            let Some(answers) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
            for (status, answer) in answers {
                match status.parse().unwrap_or(0) {
                    status @ 400..=599 => {
                        let codes: Vec<Stated> = codes.iter().filter(|code| code.status == status).cloned().collect();
                        add_codes(answer, &codes);
                    }
                    _ => add_bodies(&schemas, answer.get_mut("content")),
                }
            }
        }
    }
}

fn add_bodies(schemas: &Value, content: Option<&mut Value>) {
    for (kind, body) in content.and_then(Value::as_object_mut).into_iter().flatten() {
        if kind.contains("json")
            && let Some(body) = body.as_object_mut()
            && let Some(schema) = body.get("schema").cloned()
            && !body.contains_key("example")
        {
            body.insert("example".to_owned(), example(schemas, &schema, "", DEEPEST));
        }
    }
}

fn read(stated: Value) -> Option<Vec<Stated>> {
    serde_json::from_value(stated).ok()
}

fn names(codes: &[Stated]) -> Value {
    codes.iter().map(|code| json!(code.code)).collect()
}

/// Names the codes that an error can have, and gives an example of each.
fn add_codes(answer: &mut Value, codes: &[Stated]) {
    let Some(answer) = answer.as_object_mut() else { return };
    answer.insert(CODES.to_owned(), names(codes));
    let problem = |code: &Stated| {
        let example = json!({
            "type": format!("urn:cairn:error:{}", code.code), "title": code.title, "status": code.status,
            "code": code.code, "detail": format!("{}: here it says where, and what to do", code.title),
        });
        (code.code.to_owned(), json!({"summary": code.title, "value": example}))
    };
    let examples: Map<String, Value> = codes.iter().map(problem).collect();
    for (_, body) in answer.get_mut("content").and_then(Value::as_object_mut).into_iter().flatten() {
        if let (Some(body), false) = (body.as_object_mut(), examples.is_empty()) {
            body.insert("examples".to_owned(), Value::Object(examples.clone()));
        }
    }
}

/// A value of this schema; `name` is that of the member that it is for.
fn example(schemas: &Value, schema: &Value, name: &str, deep: usize) -> Value {
    let own = schema.get("example").or_else(|| schema.pointer("/examples/0")).or_else(|| schema.get("const"));
    if let Some(own) = own.or_else(|| schema.pointer("/enum/0")) {
        return own.clone();
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let target = target.rsplit('/').next().and_then(|target| schemas.get(target));
        return target.filter(|_| deep > 0).map_or(Value::Null, |target| example(schemas, target, name, deep - 1));
    }
    if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
        let parts = all.iter().map(|part| example(schemas, part, name, deep));
        return Value::Object(parts.filter_map(|part| part.as_object().cloned()).flatten().collect());
    }
    let either = ["oneOf", "anyOf"].iter().find_map(|kind| schema.get(*kind)).and_then(Value::as_array);
    if let Some(one) = either.and_then(|either| either.iter().find(|one| kind(one) != "null")) {
        return example(schemas, one, name, deep);
    }
    match kind(schema) {
        "object" => object(schemas, schema, name, deep),
        "array" => schema.get("items").map_or(json!([]), |items| json!([example(schemas, items, name, deep)])),
        "boolean" => json!(false),
        "integer" => json!(number(name).max(schema.get("minimum").and_then(Value::as_i64).unwrap_or(i64::MIN))),
        "number" => json!(number(name) as f64 + 0.5),
        "string" => text(schema, name),
        _ => Value::Null,
    }
}

fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null")
        }
        _ if schema.get("properties").is_some() => "object",
        _ => "",
    }
}

fn object(schemas: &Value, schema: &Value, name: &str, deep: usize) -> Value {
    let Some(members) = schema.get("properties").and_then(Value::as_object) else {
        return match (name, schema.get("additionalProperties")) {
            ("inputs" | "variables" | "rows", _) => json!({"customer": "Anna"}),
            (_, Some(values)) if values.is_object() => json!({"Running": example(schemas, values, name, deep)}),
            _ => json!({}),
        };
    };
    members.iter().map(|(name, member)| (name.clone(), example(schemas, member, name, deep))).collect()
}

fn number(name: &str) -> i64 {
    match name {
        "id" | "request" | "first" => 17,
        "status" => 200,
        "pid" => 4711,
        "bytes" | "residentBytes" => 52_428_800,
        "limit" => 100,
        _ => 1,
    }
}

fn text(schema: &Value, name: &str) -> Value {
    if schema.get("format").and_then(Value::as_str) == Some("date-time") {
        return json!("2026-03-01T12:00:00Z");
    }
    json!(match name {
        "project" => "orders",
        "flow" => "import",
        "account" | "user" | "requestedBy" | "changedBy" | "by" => "anna",
        "name" | "server" => "north",
        "password" | "old" | "new" => "correct horse battery staple",
        "role" => "Operator",
        "repository" => "https://git.example.org/orders.git",
        "branch" => "main",
        "host" => "git.example.org",
        "commit" | "wantedCommit" | "activeCommit" => "3f786850e387550fdab836ed7e6dc881de23001b",
        "version" | "activeVersion" => "89e6c98d92887913cadf06b2adb97f26cde4849b",
        "component" => "checkpoint-a1b2c3",
        "address" => "http://127.0.0.1:7401",
        "message" | "detail" | "help" | "title" => "told in a sentence",
        "code" => "http/status",
        "trigger" => "api",
        "next" | "previous" => "17",
        _ => "text",
    })
}
