//! SQL: a query over the streams that arrive.

use super::{design_planned, ports_with_inlets};
use crate::describe::{optional, required};
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_data::{Stream, query};
use flow_model::{ComponentDescription, Effect, Family, Ports, PropertyKind};
use serde_json::json;
use std::sync::Arc;

const HELP: &str = "\
Asks the streams that arrive as a database would be asked: every inlet is a table of its name.

```sql
SELECT c.name, count(*) AS orders, sum(o.amount) AS total
FROM orders o JOIN customers c ON c.id = o.customer_id
WHERE o.date >= $from
GROUP BY c.name
HAVING sum(o.amount) > 1000
ORDER BY total DESC
```

Name the inlets in *Inlets*; with one alone it is `input`. `$name` stands for a flow variable. Everything that \
[DataFusion](https://datafusion.apache.org/user-guide/sql/select.html) knows in a SELECT is possible: joins, \
subqueries, WITH, window functions. Names are taken as they are written; put those with spaces or other characters into \
double quotes. Every field that leaves needs a name of its own.

The streams may be larger than memory. Without ORDER BY, the order of the records is not settled. For a query in a \
database, use SQL Get.";

const INLETS: [&str; 1] = ["input"];

pub(super) struct Sql;

impl ComponentType for Sql {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "Sql",
            title: "SQL",
            family: Family::Transform,
            icon: "table-2",
            summary: "A query over the streams that arrive",
            help: HELP,
            properties: vec![
                optional(
                    "Inlets",
                    "Inlets",
                    PropertyKind::Names,
                    json!(INLETS),
                    "The names of the inlets, which are those of the tables.",
                ),
                required(
                    "Query",
                    "Query",
                    PropertyKind::Sql,
                    "A SELECT over the inlets. `$name` stands for a flow variable.",
                ),
            ],
            effect: Effect::None,
            saves: false,
            line: "{Query}",
        }
    }

    fn ports(&self, component: &flow_model::Component) -> Ports {
        ports_with_inlets(component, &INLETS)
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Prepared { inlets: properties.names("Inlets"), query: properties.text("Query") })
    }
}

struct Prepared {
    inlets: Vec<String>,
    query: String,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let arrived = self.inlets.iter().filter_map(|inlet| Some((inlet.clone(), run.inlets.get(inlet)?.clone())));
        let arrived: Vec<(String, Stream)> = arrived.collect();
        let found = query(&self.query, &arrived, run.variables, run.spool());
        Ok(Outcome::out(found.map_err(|error| ComponentError::from(error).on("Query"))?))
    }

    fn design(&self, design: &mut Design<'_>) {
        let known: Option<Vec<(String, Stream)>> = self
            .inlets
            .iter()
            .map(|inlet| Some((inlet.clone(), Stream::empty(Arc::clone(design.inlet(inlet)?)))))
            .collect();
        if let Some(inputs) = known {
            let planned = query(&self.query, &inputs, design.variables(), design.spool());
            design_planned(design, "Query", planned);
        }
    }
}
