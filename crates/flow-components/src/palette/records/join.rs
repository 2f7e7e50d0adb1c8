//! Join: brings the records of two streams together.

use super::design_planned;
use crate::describe::{choice, optional, required};
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_data::{JoinKey, JoinKind, Stream, join};
use flow_model::{ComponentDescription, ERROR_OUTLET, Effect, Family, OUT, Ports, PropertyKind};
use std::sync::Arc;

const HELP: &str = "\
Brings the records of the inlets `left` and `right` together whose keys are equal.

| Kind | leaves |
|---|---|
| Inner | every pair of partners |
| Left | the same, and records of `left` without a partner |
| Right | the same, and records of `right` without a partner |
| Full | the same, and records of both without a partner |
| Semi | records of `left` that have a partner, once each |
| Anti | records of `left` that have none |

Keys are fields or expressions: `customer_id` on the left and `id` on the right, `upper(code)` on both. A missing value \
equals nothing.

The fields of `left` leave first, then those of `right`. A name that both have gets `right_` before it; a key that is a \
field of the same name on both sides leaves once. What has no partner has no values in the fields of the other.

Records leave in the order of `left`. Both streams may be larger than memory; if `right` is, they leave in no particular \
order. To take single values from a small table, a Mapper with *LookupKeys* is simpler.";

const LEFT: &str = "left";
const RIGHT: &str = "right";

pub(super) struct Join;

impl ComponentType for Join {
    fn description(&self) -> ComponentDescription {
        let kinds = [
            ("Inner", "Inner: pairs only"),
            ("Left", "Left: all of left"),
            ("Right", "Right: all of right"),
            ("Full", "Full: all of both"),
            ("Semi", "Semi: left with a partner"),
            ("Anti", "Anti: left without a partner"),
        ];
        ComponentDescription {
            kind: "Join",
            title: "Join",
            family: Family::Transform,
            icon: "merge",
            summary: "Brings the records of two streams together",
            help: HELP,
            properties: vec![
                optional("Kind", "Kind", choice(&kinds), "Inner", "Which records leave."),
                required(
                    "Keys",
                    "Keys",
                    PropertyKind::JoinKeys,
                    "What must be equal: fields or expressions, of the left and of the right.",
                ),
            ],
            effect: Effect::None,
            saves: false,
            line: "{Kind}",
        }
    }

    fn ports(&self, _: &flow_model::Component) -> Ports {
        Ports::named(&[LEFT, RIGHT], &[OUT, ERROR_OUTLET])
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        let kinds = [
            ("Inner", JoinKind::Inner),
            ("Left", JoinKind::Left),
            ("Right", JoinKind::Right),
            ("Full", JoinKind::Full),
            ("Semi", JoinKind::Semi),
            ("Anti", JoinKind::Anti),
        ];
        let keys = properties.entries("Keys", "left", "right");
        Arc::new(Prepared {
            kind: properties.choice("Kind", &kinds),
            keys: keys.into_iter().map(|(left, right)| JoinKey { left, right }).collect(),
        })
    }
}

struct Prepared {
    kind: JoinKind,
    keys: Vec<JoinKey>,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let arrived = |inlet: &str| {
            run.inlets.get(inlet).ok_or_else(|| {
                let message = format!("nothing arrived at the inlet “{inlet}”, so its fields are not known: link it");
                ComponentError::new("join/no-input", message)
            })
        };
        let joined = join(arrived(LEFT)?, arrived(RIGHT)?, self.kind, &self.keys, run.variables, run.spool());
        Ok(Outcome::out(joined.map_err(|error| ComponentError::from(error).on("Keys"))?))
    }

    fn design(&self, design: &mut Design<'_>) {
        let (left, right) = (design.inlet(LEFT).cloned(), design.inlet(RIGHT).cloned());
        let mut is_good = true;
        for (at, key) in self.keys.iter().enumerate() {
            let left = design.expression_over(left.as_ref(), &key.left, "Keys", &format!("key {}, left", at + 1));
            let right = design.expression_over(right.as_ref(), &key.right, "Keys", &format!("key {}, right", at + 1));
            is_good &= left.is_some() && right.is_some();
        }
        let (Some(left), Some(right), true) = (&left, &right, is_good) else { return };
        let empty = |schema: &Arc<_>| Stream::empty(Arc::clone(schema));
        let spool = design.spool();
        let planned = join(&empty(left), &empty(right), self.kind, &self.keys, design.variables(), spool);
        design_planned(design, "Keys", planned);
    }
}
