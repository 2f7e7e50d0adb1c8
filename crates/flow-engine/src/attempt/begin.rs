//! What a request begins with: its inputs, as the flow variables that Start finds.

use super::Attempt;
use crate::schedule::Arrived;
use flow_components::ComponentError;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

impl Attempt {
    /// The request's inputs, checked against what the flow declares.
    pub(super) fn inputs(&self) -> Result<Arrived, ComponentError> {
        let none = Map::new();
        let given = match &self.request.inputs {
            Value::Object(given) => given,
            Value::Null => &none,
            _ => {
                return Err(
                    ComponentError::new("input/type", "the inputs of a request must be a JSON object").for_good()
                );
            }
        };
        let inputs = self.plan.settings.check_inputs(given);
        let inputs = inputs.map_err(|error| ComponentError::new(error.code, error.message).for_good())?;
        Ok(Arrived { inlets: BTreeMap::new(), variables: inputs.into_iter().collect() })
    }
}
