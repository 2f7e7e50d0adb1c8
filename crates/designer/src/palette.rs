//! The palette: what component types there are.

use crate::{Command, CommandError, Designer};
use flow_model::{Catalogue, ComponentDescription};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use ts_rs::TS;

/// Every component type, in the order of the palette, with its properties: what the palette shows and what the
/// inspector is made from.
#[derive(Debug, Deserialize, TS)]
pub struct Palette {}

/// The answer of `palette`.
#[derive(Debug, Serialize, TS)]
pub struct PaletteView {
    /// The component types.
    pub components: Vec<ComponentDescription>,
}

impl Command for Palette {
    const NAME: &'static str = "palette";
    type Output = PaletteView;

    async fn run(self, designer: Arc<Designer>) -> Result<PaletteView, CommandError> {
        Ok(PaletteView { components: designer.palette().all().into_iter().cloned().collect() })
    }
}
