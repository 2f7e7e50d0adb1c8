//! The TypeScript side of the commands, events, wire types and the palette, made from the Rust side.

use crate::command::{Command, CommandVisitor, visit_commands};
use crate::{CommandError, Event};
use flow_components::Palette;
use flow_model::Catalogue;
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

/// A second TypeScript file: how every component type looks, for pages that cannot ask for the palette.
pub fn typescript_palette() -> String {
    let mut file = String::from(PALETTE_HEADER);
    for kind in Palette::standard().all() {
        let family = serde_json::to_string(&kind.family).unwrap_or_default();
        file.push_str(&format!(
            "  {}: {{ title: {:?}, family: {family}, icon: {:?} }},\n",
            kind.kind, kind.title, kind.icon
        ));
    }
    file.push_str("} as const;\n");
    file
}

const PALETTE_HEADER: &str = "// Generated from the palette. Do not edit: change the component types in flow-components and run\n// `cargo run -p designer --example generate-types`.\n\n/** How each component type looks, for pages that cannot ask for the palette. */\nexport const palette = {\n";

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
        let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/src/generated"));
        for (file, generated) in [("types.ts", super::typescript()), ("palette.ts", super::typescript_palette())] {
            let committed = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
            assert!(
                committed == generated,
                "ui/src/generated/{file} is out of date: run `cargo run -p designer --example generate-types`"
            );
        }
    }
}
