//! Filter: parts the records in two.

use super::reading;
use crate::describe::required;
use crate::wording::records;
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_data::{keep, split};
use flow_model::{ComponentDescription, ERROR_OUTLET, Effect, Family, IN, OUT, Ports, PropertyKind};
use std::sync::Arc;

const HELP: &str = "\
Looks at every record. Those for which the condition is true leave at `out`, all others (false, or unknown because of a \
missing value) at `rejected`. Link `rejected` where they must not be lost; otherwise they are dropped.

`amount > 0 AND customer_id IS NOT NULL`

Both outlets always deliver, even if no record is left on one of them. To choose between paths once for the whole \
stream, use Branch.";

const REJECTED: &str = "rejected";

pub(super) struct Filter;

impl ComponentType for Filter {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "Filter",
            title: "Filter",
            family: Family::Transform,
            icon: "funnel",
            summary: "Parts the records by a condition",
            help: HELP,
            properties: vec![required(
                "Condition",
                "Condition",
                PropertyKind::Expression { condition: true },
                "An SQL condition over the fields and the flow variables (`$name`).",
            )],
            effect: Effect::None,
            saves: false,
            line: "{Condition}",
        }
    }

    fn ports(&self, _: &flow_model::Component) -> Ports {
        Ports::named(&[IN], &[OUT, REJECTED, ERROR_OUTLET])
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Prepared { condition: properties.text("Condition") })
    }
}

struct Prepared {
    condition: String,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let input = run.input().clone();
        let failed = |error| ComponentError::from(error).on("Condition");
        let condition =
            run.services.expressions().compile(&self.condition, input.schema(), run.variables).map_err(failed)?;
        match (run.wants(OUT), run.wants(REJECTED)) {
            // The stream is read once, so both parts must be there before one of them can leave.
            (true, true) => {
                let (read, spool) = (input.clone(), run.spool().clone());
                let part = move || split(&read, &condition, &spool).map_err(failed);
                let (matching, rejected) = reading(run, &[&input], part).await?;
                let note = format!("{}, {} rejected", records(matching.rows()), rejected.rows().unwrap_or_default());
                let outlets = vec![(OUT.to_owned(), matching), (REJECTED.to_owned(), rejected)];
                Ok(Outcome { outlets, ..Outcome::none() }.with_note(note))
            }
            (false, true) => Ok(Outcome::on(REJECTED, keep(&input, &condition, true).map_err(failed)?)),
            (_, false) => Ok(Outcome::out(keep(&input, &condition, false).map_err(failed)?)),
        }
    }

    fn design(&self, design: &mut Design<'_>) {
        design.condition(&self.condition, "Condition", "Condition");
        design.passes_on(OUT);
        design.passes_on(REJECTED);
    }
}
