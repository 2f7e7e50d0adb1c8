//! A component to measure with, which changes the world as far as the engine knows, and takes no time to do it.

use async_trait::async_trait;
use flow_components::{Component, ComponentError, ComponentType, Outcome, Properties, RunContext};
use flow_model::{ComponentDescription, Effect, Family, IN, Ports};
use std::sync::Arc;

/// Passes its input on, and counts as an effect.
pub struct EffectType;

impl EffectType {
    /// The type in a flow.
    pub const NAME: &str = "BenchEffect";
}

impl ComponentType for EffectType {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: Self::NAME,
            title: "Effect",
            family: Family::Transform,
            icon: "zap",
            summary: "Changes nothing, and counts as if it did.",
            help: "",
            properties: Vec::new(),
            effect: Effect::Changes,
            saves: false,
            line: "",
        }
    }

    fn ports(&self, _: &flow_model::Component) -> Ports {
        Ports::named(&["in"], &["out", "error"])
    }

    fn prepare(&self, _: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(PassOn)
    }
}

struct PassOn;

#[async_trait]
impl Component for PassOn {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        run.before_effect().await?;
        Ok(run.inlets.get(IN).cloned().map_or_else(Outcome::none, Outcome::out))
    }
}
