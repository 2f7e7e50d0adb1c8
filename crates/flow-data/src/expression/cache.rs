//! Keeping planned expressions, so that a flow plans each once per version and schema and not once per request.

use super::Expression;
use super::plan::Plan;
use crate::arrow::datatypes::SchemaRef;
use crate::{DataError, Variables};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::mem;
use std::sync::Arc;

/// Expressions kept in one generation; the cache holds two of them.
const GENERATION: usize = 2048;
/// Combinations of variable types kept of one expression.
const COMBINATIONS: usize = 4;

/// A cache of planned expressions of bounded size: what has not been asked for in a while is forgotten.
#[derive(Debug, Default)]
pub struct ExpressionCache {
    hasher: RandomState,
    generations: Mutex<Generations>,
}

/// Entries asked for lately are in `young`. When it is full it becomes `old`, and what was `old` is forgotten.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<u64, Vec<Arc<Entry>>>,
    old: HashMap<u64, Vec<Arc<Entry>>>,
    /// The schema last asked about and its hash: a mapper asks for all its expressions with the same one.
    last_schema: Option<(SchemaRef, u64)>,
}

#[derive(Debug)]
struct Entry {
    sql: String,
    schema: SchemaRef,
    plan: Plan,
    /// The expression itself when it uses no flow variables.
    constant: Option<Arc<Expression>>,
}

impl ExpressionCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same as [`Expression::compile`], from the cache if it was compiled before for this schema and for variables
    /// of these types; their values may differ.
    pub fn compile(&self, sql: &str, schema: &SchemaRef, variables: &Variables) -> Result<Arc<Expression>, DataError> {
        let (key, kept) = {
            let mut generations = self.generations.lock();
            let key = self.hasher.hash_one((sql, generations.hash_of(schema, &self.hasher)));
            (key, generations.find(key, sql, schema, variables))
        };
        let entry = match kept {
            Some(entry) => entry,
            None => self.plan(key, sql, schema, variables)?,
        };
        match &entry.constant {
            Some(expression) => Ok(Arc::clone(expression)),
            None => entry.plan.bind(variables).map(Arc::new),
        }
    }

    /// How many expressions are kept.
    pub fn len(&self) -> usize {
        let generations = self.generations.lock();
        generations.young.len() + generations.old.len()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn plan(&self, key: u64, sql: &str, schema: &SchemaRef, variables: &Variables) -> Result<Arc<Entry>, DataError> {
        let plan = Plan::new(sql, schema, variables)?;
        let constant = if plan.is_constant() { Some(Arc::new(plan.bind(variables)?)) } else { None };
        let entry = Arc::new(Entry { sql: sql.to_owned(), schema: Arc::clone(schema), plan, constant });
        if entry.plan.lasts() {
            self.generations.lock().keep(key, Arc::clone(&entry));
        }
        Ok(entry)
    }
}

impl Generations {
    fn hash_of(&mut self, schema: &SchemaRef, hasher: &RandomState) -> u64 {
        if let Some((_, hash)) = self.last_schema.as_ref().filter(|(last, _)| Arc::ptr_eq(last, schema)) {
            return *hash;
        }
        let hash = hasher.hash_one(schema);
        self.last_schema = Some((Arc::clone(schema), hash));
        hash
    }

    fn find(&mut self, key: u64, sql: &str, schema: &SchemaRef, variables: &Variables) -> Option<Arc<Entry>> {
        let fits = |entry: &&Arc<Entry>| {
            entry.sql == sql
                && (Arc::ptr_eq(&entry.schema, schema) || entry.schema == *schema)
                && entry.plan.fits(variables)
        };
        if let Some(found) = self.young.get(&key).and_then(|entries| entries.iter().find(fits)) {
            return Some(Arc::clone(found));
        }
        let found = Arc::clone(self.old.get(&key)?.iter().find(fits)?);
        self.keep(key, Arc::clone(&found));
        Some(found)
    }

    fn keep(&mut self, key: u64, entry: Arc<Entry>) {
        if self.young.len() >= GENERATION {
            self.old = mem::take(&mut self.young);
        }
        let entries = self.young.entry(key).or_default();
        if entries.len() >= COMBINATIONS {
            entries.remove(0);
        }
        entries.push(entry);
    }
}
