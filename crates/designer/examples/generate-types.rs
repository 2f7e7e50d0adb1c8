//! Writes `ui/src/generated/types.ts` from the Rust types. Run it after changing a command, an event or a wire type:
//! `cargo run -p designer --example generate-types`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/generated");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("types.ts"), designer::typescript())
}
