//! The paths that a component's property stands for when it runs: one, or one for each record.

use super::Search;
use crate::{ComponentError, Properties, RunContext, Template};
use flow_data::arrow::datatypes::Schema;
use flow_data::arrow::record_batch::RecordBatch;

/// A path in which `${name}` stands for a field of the inlet or a flow variable, and which may be a pattern.
pub(crate) struct PathTemplate {
    /// As the author wrote it.
    pub(crate) template: Template,
    /// Whether the author wrote a pattern. What is filled in is never one.
    pub(crate) is_pattern: bool,
}

impl PathTemplate {
    /// Reads it from a property.
    pub(crate) fn read(properties: &mut Properties<'_>, name: &str) -> Self {
        let template = properties.template(name);
        let is_pattern = template.texts().any(|text| text.contains(['*', '?', '[', '{']));
        Self { template, is_pattern }
    }

    /// The path that the record at `row` stands for.
    pub(crate) fn fill(
        &self,
        run: &RunContext<'_>,
        records: &RecordBatch,
        row: usize,
    ) -> Result<String, ComponentError> {
        match self.is_pattern {
            true => run.fill_from_encoded(&self.template, records, row, globset::escape),
            false => run.fill_from(&self.template, records, row),
        }
    }

    /// The search for the files that the record at `row` stands for.
    pub(crate) fn search(
        &self,
        run: &RunContext<'_>,
        records: &RecordBatch,
        row: usize,
    ) -> Result<Search, ComponentError> {
        let path = self.fill(run, records, row)?;
        match self.is_pattern {
            true => Search::for_pattern(run.services, &path),
            false => Search::for_file(run.services, &path),
        }
    }
}

/// Whether one of the names in a template is that of a field.
pub(crate) fn names_fields(template: &Template, schema: &Schema) -> bool {
    template.names().into_iter().any(|name| schema.column_with_name(name).is_some())
}

/// The records that templates are filled from: all of them if one of `templates` names a field, else one without
/// fields. They are in memory: each stands for a file.
pub(crate) async fn records_for(run: &RunContext<'_>, templates: &[&Template]) -> Result<RecordBatch, ComponentError> {
    let input = run.input().clone();
    if templates.iter().any(|template| names_fields(template, input.schema())) {
        return run.blocking(move || Ok(input.to_batch()?)).await;
    }
    let one = flow_data::arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(1));
    let nothing = RecordBatch::try_new_with_options(std::sync::Arc::new(Schema::empty()), Vec::new(), &one);
    nothing.map_err(|error| ComponentError::new("component/internal", error.to_string()))
}
