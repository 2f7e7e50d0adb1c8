//! Every test that docs/proofs.md names is there, so that nobody trusts in one that was renamed or removed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use system_tests::Tested;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

#[test]
fn every_test_that_the_page_of_proofs_names_is_there() -> Tested {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = std::fs::read_to_string(repository.join("docs/proofs.md"))?;
    // Names of tests are sentences.
    let is_sentence = |name: &&str| {
        name.matches('_').count() > 3 && name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
    };
    let named: BTreeSet<&str> = page.split('`').skip(1).step_by(2).filter(is_sentence).collect();
    assert!(named.len() > 15, "{named:?}");
    let mut missing = named;
    for path in ["crates", "tests"].iter().flat_map(|folder| sources(&repository.join(folder))) {
        let source = std::fs::read_to_string(path)?;
        missing.retain(|name| !source.contains(&format!("fn {name}(")));
    }
    assert!(missing.is_empty(), "docs/proofs.md names tests that are not there: {missing:#?}");
    Ok(())
}
