//! The console's files are embedded from `ui/dist`. They are built before a release; a plain `cargo build` in a
//! fresh clone must work without them, so the folder is made here.

fn main() {
    let dist = std::path::Path::new("../../ui/dist");
    if let Err(error) = std::fs::create_dir_all(dist) {
        println!("cargo:warning=the folder ui/dist for the console's files cannot be made: {error}");
    }
    println!("cargo:rerun-if-changed=../../ui/dist");
}
