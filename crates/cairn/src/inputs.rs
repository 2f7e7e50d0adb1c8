//! The inputs of a request, as a person types them: `--input month=1997-03`.

use crate::outcome::Failure;
use clap::Args;
use flow_model::InputDeclaration;
use serde_json::{Map, Value};
use std::str::FromStr;

/// What a request is given.
#[derive(Debug, Clone, Default, Args)]
pub struct InputArgs {
    /// An input of the flow, as NAME=VALUE; may be repeated. `cairn run` without it names what a flow takes.
    #[arg(long = "input", short = 'i', value_name = "NAME=VALUE")]
    inputs: Vec<GivenInput>,
}

#[derive(Debug, Clone)]
struct GivenInput {
    name: String,
    text: String,
}

impl FromStr for GivenInput {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, text)) if !name.is_empty() => Ok(Self { name: name.to_owned(), text: text.to_owned() }),
            _ => Err("give it as NAME=VALUE".to_owned()),
        }
    }
}

impl InputArgs {
    /// The values, each of the type that the flow declares. What it does not declare is passed on as text, for
    /// whoever checks the inputs to refuse.
    pub fn values(&self, declared: &[InputDeclaration]) -> Result<Map<String, Value>, Failure> {
        let mut values = Map::new();
        for GivenInput { name, text } in &self.inputs {
            let value = match declared.iter().find(|input| &input.name == name) {
                Some(input) => input.parse(text)?,
                None => Value::from(text.as_str()),
            };
            if values.insert(name.clone(), value).is_some() {
                return Err(Failure::new("input/twice", format!("the input “{name}” is given twice: give it once")));
            }
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flow_model::InputType;

    fn given(inputs: &[&str]) -> InputArgs {
        InputArgs { inputs: inputs.iter().map(|text| text.parse().unwrap()).collect() }
    }

    #[test]
    fn values_take_the_declared_type_and_may_hold_an_equals_sign() {
        let declared = [("count", InputType::Integer), ("filter", InputType::Text)]
            .map(|(name, kind)| InputDeclaration { name: name.to_owned(), kind, default: None });
        let values = given(&["count=3", "filter=a=b"]).values(&declared).unwrap();
        assert_eq!(Value::from(values), serde_json::json!({"count": 3, "filter": "a=b"}));
    }

    #[test]
    fn an_input_that_is_given_twice_is_refused() {
        assert_eq!(given(&["a=1", "a=2"]).values(&[]).unwrap_err().code, "input/twice");
    }
}
