//! Writes `ui/src/generated` from the Rust types and the palette. Run it after changing a command, an event, a wire type
//! or a component type:
//! `cargo run -p designer --example generate-types`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/generated");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("types.ts"), designer::typescript())?;
    std::fs::write(folder.join("palette.ts"), designer::typescript_palette())
}
