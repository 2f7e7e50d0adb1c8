//! The TypeScript side of the commands, events and wire types, made from the Rust side.

use crate::command::{Command, CommandVisitor, visit_commands};
use crate::{CommandError, Event};
use std::collections::BTreeMap;
use ts_rs::{Config, TS, TypeVisitor};

/// One TypeScript file: every type that a command, an event or the API of a server uses, and `Commands`, which says
/// for each command what goes in and what comes out. `cargo run -p designer --example generate-types` writes it.
pub fn typescript() -> String {
    let config = Config::new().with_large_int("number");
    let mut writer = Writer { config: &config, types: flow_api::declarations(), commands: String::new() };
    writer.visit::<CommandError>();
    writer.visit::<Event>();
    visit_commands(&mut writer);

    let mut file = String::from(HEADER);
    for declaration in writer.types.values() {
        file.push('\n');
        file.push_str(declaration);
        file.push('\n');
    }
    file.push_str(
        "\n/** Every command of the designer: what goes in, what comes out. */\nexport interface Commands {\n",
    );
    file.push_str(&writer.commands);
    file.push_str("}\n");
    file
}

const HEADER: &str = "// Generated from the crates flow-api and designer. Do not edit: change the Rust types and run\n// `cargo run -p designer --example generate-types`.\n";

struct Writer<'a> {
    config: &'a Config,
    types: BTreeMap<String, String>,
    commands: String,
}

impl TypeVisitor for Writer<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Types without a file of their own (`string`, `Array<…>`) are no declarations, but may hold some.
        if T::output_path().is_none() {
            T::visit_generics(self);
            return;
        }
        let name = T::ident(self.config);
        if self.types.contains_key(&name) {
            return;
        }
        let docs = T::docs().unwrap_or_default();
        self.types.insert(name, format!("{docs}export {}", T::decl(self.config)));
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

impl CommandVisitor for Writer<'_> {
    fn command<C: Command>(&mut self) {
        TypeVisitor::visit::<C>(self);
        TypeVisitor::visit::<C::Output>(self);
        for line in C::docs().unwrap_or_default().lines() {
            self.commands.push_str("  ");
            self.commands.push_str(line);
            self.commands.push('\n');
        }
        self.commands.push_str(&format!(
            "  {}: {{ input: {}; output: {} }};\n",
            C::NAME,
            C::name(self.config),
            C::Output::name(self.config)
        ));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_generated_types_are_those_of_the_rust_side() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/src/generated/types.ts");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == super::typescript(),
            "ui/src/generated/types.ts is out of date: run `cargo run -p designer --example generate-types`"
        );
    }
}
