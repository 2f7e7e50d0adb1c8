//! A JavaScript engine with one compiled script in it.
//!
//! An engine belongs to one thread. A thread that is done with a machine keeps it for the next run of the same script
//! there, so that a script is compiled once a thread and not once a request.

use super::limits::{Limits, Pulse, Stopped, Watch};
use super::surroundings::SETUP;
use super::values;
use crate::{CANCELLED, ComponentError};
use flow_data::Variables;
use flow_data::arrow::record_batch::RecordBatch;
use rquickjs::context::{EvalOptions, intrinsic};
use rquickjs::function::Args;
use rquickjs::{Array, CatchResultExt, CaughtError, Context, Ctx, Function, Object, Persistent, Runtime};
use serde_json::Value;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The code of the error when the script cannot be compiled.
pub(super) const SYNTAX: &str = "script/syntax";

/// What the script's place is called in the engine's messages.
const FILE: &str = "script";
/// How many machines a thread keeps.
const KEPT: usize = 4;
/// The engine's stack. Threads of the runtime have 2 MiB.
const STACK: usize = 512 * 1024;

/// A script, not yet compiled.
#[derive(Debug, Clone)]
pub(super) struct Script {
    /// Different for every script of this process.
    number: u64,
    source: String,
    /// Whether it is called for each record, and not once for all.
    pub(super) per_record: bool,
    clock: bool,
    pub(super) limits: Limits,
}

thread_local! {
    /// Machines that are not in use, the one used last at the end.
    static IDLE: RefCell<Vec<(u64, Machine)>> = const { RefCell::new(Vec::new()) };
}

impl Script {
    pub(super) fn new(body: &str, per_record: bool, clock: bool, limits: Limits) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let parameters = if per_record { "record, index, variables" } else { "records, variables" };
        Self {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            // The body begins on line 2.
            source: format!("(function ({parameters}) {{\n{body}\n}})"),
            per_record,
            clock,
            limits,
        }
    }

    /// The same script with another limit of time.
    pub(super) fn with_time(&self, time: Duration) -> Self {
        Self { limits: Limits { time, ..self.limits }, ..self.clone() }
    }

    /// A machine for the script: one that this thread has kept, or a new one.
    pub(super) fn machine(&self) -> Result<Machine, ComponentError> {
        let kept = IDLE.with_borrow_mut(|idle| {
            let place = idle.iter().position(|(number, _)| *number == self.number)?;
            Some(idle.remove(place).1)
        });
        kept.map_or_else(|| Machine::new(self), Ok)
    }

    /// Keeps a machine for later. Not after an error: who knows what state it is in.
    pub(super) fn give_back(&self, machine: Machine) {
        IDLE.with_borrow_mut(|idle| {
            if idle.len() >= KEPT {
                idle.remove(0);
            }
            idle.push((self.number, machine));
        });
    }
}

/// An engine with a compiled script. The fields are dropped in this order: values before their engine.
pub(super) struct Machine {
    script: Persistent<Function<'static>>,
    lines: Persistent<Function<'static>>,
    variables: Option<Persistent<Object<'static>>>,
    context: Context,
    /// Kept so that it outlives the context.
    _runtime: Runtime,
    watch: Rc<Watch>,
    limits: Limits,
}

type Intrinsics = (
    intrinsic::Date,
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::Proxy,
    intrinsic::MapSet,
    intrinsic::TypedArrays,
    intrinsic::Promise,
);

impl Machine {
    /// A new engine with the script compiled in it.
    pub(super) fn new(script: &Script) -> Result<Self, ComponentError> {
        let unusable = |error: rquickjs::Error| ComponentError::new("script/engine", error.to_string());
        let runtime = Runtime::new().map_err(unusable)?;
        runtime.set_memory_limit(script.limits.memory);
        runtime.set_max_stack_size(STACK);
        let watch = Rc::new(Watch::default());
        let watching = Rc::clone(&watch);
        runtime.set_interrupt_handler(Some(Box::new(move || watching.must_stop())));
        let context = Context::custom::<Intrinsics>(&runtime).map_err(unusable)?;
        let (function, lines) = context.with(|ctx| {
            watch.start(script.limits.time);
            let set_up: Function<'_> = ctx.eval(SETUP).map_err(unusable)?;
            let lines: Function<'_> = set_up.call((script.clock,)).map_err(unusable)?;
            let mut options = EvalOptions::default();
            options.filename = Some(FILE.to_owned());
            let compiled = ctx.eval_with_options::<Function<'_>, _>(script.source.as_str(), options).catch(&ctx);
            let compiled = compiled.map_err(|error| failure(&error, SYNTAX, &watch, script.limits))?;
            Ok::<_, ComponentError>((Persistent::save(&ctx, compiled), Persistent::save(&ctx, lines)))
        })?;
        Ok(Self { script: function, lines, variables: None, context, _runtime: runtime, watch, limits: script.limits })
    }

    /// Before the calls of one run: what may stop them, and the flow variables.
    pub(super) fn begin(
        &mut self,
        cancel: &CancellationToken,
        pulse: &Arc<Pulse>,
        variables: &Variables,
    ) -> Result<(), ComponentError> {
        self.watch.listen(cancel, pulse);
        self.variables = Some(self.guarded(|ctx| {
            let object = Object::new(ctx.clone())?;
            for (name, value) in variables.iter() {
                object.set(name, values::from_json(ctx, value)?)?;
            }
            Ok(Ok(Persistent::save(ctx, object)))
        })?);
        Ok(())
    }

    /// The records that the script makes of the record at `row` of a batch, the `index`th of its stream.
    pub(super) fn call(&self, batch: &RecordBatch, row: usize, index: u64) -> Result<Vec<Value>, ComponentError> {
        self.guarded(|ctx| {
            let mut arguments = Args::new(ctx.clone(), 3);
            arguments.push_arg(values::record(ctx, batch, row)?)?;
            arguments.push_arg(index as f64)?;
            self.finish_call(ctx, arguments)
        })
    }

    /// The records that the script makes of all records together.
    pub(super) fn call_with_all(&self, batches: &[RecordBatch]) -> Result<Vec<Value>, ComponentError> {
        self.guarded(|ctx| {
            let records = Array::new(ctx.clone())?;
            let rows = batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |row| (batch, row)));
            for (at, (batch, row)) in rows.enumerate() {
                records.set(at, values::record(ctx, batch, row)?)?;
            }
            let mut arguments = Args::new(ctx.clone(), 2);
            arguments.push_arg(records)?;
            self.finish_call(ctx, arguments)
        })
    }

    /// The lines that the script logged since it was last asked.
    pub(super) fn said(&self) -> Result<Vec<String>, ComponentError> {
        self.guarded(|ctx| Ok(Ok(self.lines.clone().restore(ctx)?.call::<_, Vec<String>>(())?)))
    }

    fn finish_call<'js>(
        &self,
        ctx: &Ctx<'js>,
        mut arguments: Args<'js>,
    ) -> rquickjs::Result<Result<Vec<Value>, ComponentError>> {
        if let Some(variables) = &self.variables {
            arguments.push_arg(variables.clone().restore(ctx)?)?;
        }
        let returned = self.script.clone().restore(ctx)?.call_arg::<rquickjs::Value<'js>>(arguments)?;
        values::records(&returned)
    }

    /// Does something in the engine, within the limit of time, and explains what goes wrong.
    fn guarded<T>(
        &self,
        work: impl FnOnce(&Ctx<'_>) -> rquickjs::Result<Result<T, ComponentError>>,
    ) -> Result<T, ComponentError> {
        self.context.with(|ctx| {
            self.watch.start(self.limits.time);
            let done = work(&ctx).catch(&ctx);
            self.watch.end();
            done.map_err(|error| failure(&error, "script/error", &self.watch, self.limits))?
        })
    }
}

/// What the engine says went wrong, with its place in the script.
fn failure(error: &CaughtError<'_>, code: &str, watch: &Watch, limits: Limits) -> ComponentError {
    match watch.stopped() {
        Some(Stopped::Cancelled) => return ComponentError::new(CANCELLED, "the attempt was told to end"),
        Some(Stopped::Time) => return limits.out_of_time(),
        None => {}
    }
    let (message, place) = match error {
        CaughtError::Exception(exception) => {
            let name: Option<String> = exception.get("name").ok();
            let message = exception.message().unwrap_or_default();
            let stack = exception.stack().unwrap_or_default();
            let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| "Error".to_owned());
            (format!("{name}: {message}"), place(&stack))
        }
        CaughtError::Value(thrown) => (values::shown(thrown), None),
        CaughtError::Error(rquickjs::Error::Allocation) => ("InternalError: out of memory".to_owned(), None),
        CaughtError::Error(other) => (other.to_string(), None),
    };
    if message.ends_with("out of memory") {
        let message = format!("the script needs more than {} MiB of memory", limits.memory >> 20);
        return ComponentError::new("script/memory", message).on("MemoryLimit").for_good();
    }
    let place = place.map(|(line, column)| format!("line {line}, column {column}: ")).unwrap_or_default();
    let error = ComponentError::new(code, format!("{place}{message}")).on("Script");
    if code == SYNTAX { error.for_good() } else { error }
}

/// The first place within the script in an engine's stack trace: `at name (script:3:14)`.
fn place(stack: &str) -> Option<(u64, u64)> {
    let (_, found) = stack.split_once(&format!("{FILE}:"))?;
    let mut numbers = found.split(|c: char| !c.is_ascii_digit());
    let line: u64 = numbers.next()?.parse().ok()?;
    let column = numbers.next()?.parse().ok()?;
    // The line before the script's first is ours.
    Some((line.saturating_sub(1).max(1), column))
}
