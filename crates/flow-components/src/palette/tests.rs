mod bucket_files;
mod control;
mod design;
mod files;
mod http;
mod http_answers;
mod http_faults;
mod javascript;
mod manage_files;
mod records;
mod sql;
mod tables;
mod texts;
mod variables;

use super::*;
use flow_model::{ERROR_OUTLET, Effect};

#[test]
fn every_component_type_is_described_for_people() {
    let palette = Palette::standard();
    let names: Vec<&str> = palette.all().iter().map(|description| description.kind).collect();
    let expected = [
        "Start",
        "End",
        "Branch",
        "ForEach",
        "SubFlow",
        "Wait",
        "Fail",
        "Checkpoint",
        "SetVariable",
        "Assert",
        "Log",
        "FileRead",
        "FileWrite",
        "FileList",
        "FileMove",
        "FileDelete",
        "Mapper",
        "Filter",
        "Sort",
        "Aggregate",
        "Join",
        "Union",
        "Distinct",
        "Unnest",
        "Sql",
        "Parse",
        "Format",
        "JavaScript",
        "SqlGet",
        "SqlPut",
        "SqlExecute",
        "HttpRequest",
        "HttpReply",
    ];
    assert_eq!(names, expected);
    for description in palette.all() {
        assert!(description.help.len() > 100, "{} needs help", description.kind);
        assert!(!description.summary.is_empty() && !description.icon.is_empty(), "{}", description.kind);
        for property in &description.properties {
            assert!(!property.help.is_empty() && !property.title.is_empty(), "{} {}", description.kind, property.name);
            assert!(!property.required || property.default.is_null(), "{} {}", description.kind, property.name);
            let mut pairs = property.title.as_bytes().windows(2);
            let is_a_name = pairs.any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
            // Those of Start are called everywhere as the field calls them.
            let is_of_the_field = description.kind == "Start";
            assert!(!is_a_name || is_of_the_field, "{} {} needs a label in words", description.kind, property.name);
            let mentioned =
                description.line.split(['{', '}']).skip(1).step_by(2).all(|name| description.property(name).is_some());
            assert!(mentioned, "the line of {} names an unknown property", description.kind);
        }
    }
}

#[test]
fn defaults_alone_prepare_every_type_that_requires_nothing() {
    let palette = Palette::standard();
    let id = ComponentId::parse("some-aaaaaa").unwrap();
    for description in palette.all() {
        let prepared = palette.prepare(&id, &flow_model::Component::new(description.kind, "Some"));
        let requires = description.properties.iter().any(|property| property.required);
        assert_eq!(prepared.is_err(), requires, "{}", description.kind);
        for problem in prepared.err().unwrap_or_default() {
            assert_eq!(problem.code, "property/missing", "{problem:?}");
        }
    }
}

#[test]
fn what_changes_the_world_can_fail_into_its_error_outlet() {
    let palette = Palette::standard();
    for description in palette.all().into_iter().filter(|description| description.effect == Effect::Changes) {
        let ports = palette.ports(&flow_model::Component::new(description.kind, "Some")).unwrap();
        assert!(ports.has_outlet(ERROR_OUTLET), "{}", description.kind);
    }
}

#[test]
fn an_unknown_type_is_a_problem_at_its_component() {
    let palette = Palette::standard();
    let id = ComponentId::parse("teleport-aaaaaa").unwrap();
    let problems = palette.prepare(&id, &flow_model::Component::new("Teleport", "Away")).err().unwrap();
    assert_eq!((problems[0].code.as_str(), &problems[0].place.component), ("component/unknown-type", &Some(id)));
    assert!(palette.ports(&flow_model::Component::new("Teleport", "Away")).is_none());
}

#[test]
fn what_matters_only_sometimes_says_so_by_values_that_the_other_property_can_have() {
    let palette = Palette::standard();
    let mut conditions = 0;
    for description in palette.all() {
        for property in &description.properties {
            assert!(property.shown_when.is_empty() || !property.required, "{} of {}", property.name, description.kind);
            for condition in &property.shown_when {
                conditions += 1;
                for value in &condition.values {
                    let set = flow_model::Component::new(description.kind, "x").with(condition.property, value.clone());
                    let known = description.property(condition.property).is_some();
                    let mut flow = flow_model::Flow::default();
                    flow.components.insert(ComponentId::from_random(description.kind, [0; 6]), set);
                    let found = flow_model::check_structure(&flow, palette.as_ref());
                    let wrong = found.iter().find(|found| found.place.property.as_deref() == Some(condition.property));
                    assert!(known && wrong.is_none(), "{} of {}: {wrong:?}", property.name, description.kind);
                }
            }
        }
    }
    assert!(conditions > 20);
}
