//! The walls of the house (ARCHITECTURE.md): who may know whom, and which crate alone knows a library.

use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;

type Checked = Result<(), Box<dyn Error>>;

/// The crates of ours that each crate may depend on. A new crate, or a new arrow between two, is a decision: make it here.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("flow-model", &[]),
    ("flow-vcs", &[]),
    ("flow-data", &[]),
    ("flow-components", &["flow-model", "flow-data"]),
    ("flow-store", &["flow-model"]),
    ("flow-store-sqlite", &["flow-model", "flow-store"]),
    ("flow-store-postgres", &["flow-model", "flow-store"]),
    ("flow-engine", &["flow-model", "flow-data", "flow-components", "flow-store"]),
    ("flow-cluster", &["flow-store"]),
    ("flow-project", &["flow-model"]),
    ("flow-api", &["flow-model"]),
    ("flow-trace", &["flow-api"]),
    ("flow-test", &["flow-model", "flow-components", "flow-store", "flow-engine"]),
    (
        "flow-server",
        &[
            "flow-model",
            "flow-data",
            "flow-components",
            "flow-store",
            "flow-engine",
            "flow-cluster",
            "flow-vcs",
            "flow-api",
            "flow-trace",
        ],
    ),
    (
        "designer",
        &[
            "flow-model",
            "flow-data",
            "flow-components",
            "flow-store",
            "flow-engine",
            "flow-project",
            "flow-vcs",
            "flow-api",
            "flow-test",
        ],
    ),
    (
        "cairn",
        &[
            "flow-model",
            "flow-data",
            "flow-components",
            "flow-store",
            "flow-store-sqlite",
            "flow-store-postgres",
            "flow-engine",
            "flow-cluster",
            "flow-project",
            "flow-vcs",
            "flow-api",
            "flow-server",
            "flow-test",
            "flow-trace",
            "designer",
        ],
    ),
    ("cairn-designer", &["designer", "flow-trace"]),
    ("system-tests", &["flow-api", "flow-model", "test-postgres", "test-s3", "test-service"]),
    ("test-postgres", &["test-service"]),
    ("test-s3", &["test-service"]),
    ("test-service", &[]),
    ("workspace-hack", &[]),
];

/// The crates that alone may depend on a library.
const ALONE_KNOW: &[(&str, &[&str])] = &[
    ("git2", &["flow-vcs"]),
    ("opentelemetry", &["flow-trace"]),
    ("datafusion", &["flow-data"]),
    ("tauri", &["cairn-designer"]),
    ("keyring", &["designer"]),
    ("notify", &["flow-project"]),
    // SQL components have a driver of their own; the system tests look into the databases that flows wrote.
    ("rusqlite", &["flow-store-sqlite", "flow-components", "system-tests"]),
    ("tokio-postgres", &["flow-store-postgres", "flow-components"]),
];

fn workspace() -> Result<Vec<Package>, Box<dyn Error>> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let metadata =
        MetadataCommand::new().manifest_path(manifest).no_deps().other_options(vec!["--locked".into()]).exec()?;
    Ok(metadata.packages)
}

fn dependencies(package: &Package) -> BTreeSet<&str> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind != DependencyKind::Development)
        .map(|dependency| dependency.name.as_str())
        .collect()
}

#[test]
fn a_crate_knows_only_the_crates_it_may_know() -> Checked {
    let packages = workspace()?;
    let rules: BTreeMap<_, BTreeSet<_>> =
        MAY_KNOW.iter().map(|(name, known)| (*name, known.iter().copied().collect())).collect();
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut broken = Vec::new();
    for package in &packages {
        let Some(allowed) = rules.get(package.name.as_str()) else {
            broken.push(format!("{} has no rule", package.name));
            continue;
        };
        for dependency in dependencies(package) {
            if ours.contains(dependency) && dependency != "workspace-hack" && !allowed.contains(dependency) {
                broken.push(format!("{} must not know {dependency}", package.name));
            }
        }
    }
    assert!(broken.is_empty(), "walls broken:\n{}", broken.join("\n"));
    Ok(())
}

#[test]
fn a_library_with_one_door_is_known_behind_that_door_only() -> Checked {
    let packages = workspace()?;
    let mut broken = Vec::new();
    for (library, allowed) in ALONE_KNOW {
        for package in &packages {
            let knows = dependencies(package).contains(library);
            if knows && !allowed.contains(&package.name.as_str()) {
                broken.push(format!("{} must not know {library}", package.name));
            }
        }
        assert!(
            packages.iter().any(|package| dependencies(package).contains(library)),
            "nobody knows {library} any more: take it off the list"
        );
    }
    assert!(broken.is_empty(), "walls broken:\n{}", broken.join("\n"));
    Ok(())
}

#[test]
fn the_document_model_has_no_clock_no_files_and_no_async() -> Checked {
    let packages = workspace()?;
    let model = packages.iter().find(|package| package.name.as_str() == "flow-model").ok_or("flow-model is gone")?;
    for forbidden in ["tokio", "async-trait", "rand", "tempfile", "walkdir", "reqwest"] {
        assert!(!dependencies(model).contains(forbidden), "flow-model must not know {forbidden}");
    }
    // It computes with the times that it is given, and asks for none.
    let folder = model.manifest_path.parent().ok_or("flow-model has no folder")?.join("src");
    let asks = ["::now()", "std::fs", "std::time::SystemTime", "std::time::Instant"];
    for file in sources(folder.as_std_path())? {
        let text = std::fs::read_to_string(&file)?;
        let asked = asks.iter().find(|asked| text.contains(**asked));
        assert!(asked.is_none(), "flow-model must not use {asked:?}: {}", file.display());
    }
    Ok(())
}

#[test]
fn both_databases_have_the_same_migrations_by_number_and_name() -> Checked {
    let packages = workspace()?;
    let of_sqlite = migrations(&packages, "flow-store-sqlite")?;
    assert_eq!(of_sqlite, migrations(&packages, "flow-store-postgres")?);
    for (before, file) in of_sqlite.iter().enumerate() {
        assert!(file.starts_with(&format!("{:04}_", before + 1)), "{file} is not migration {}", before + 1);
    }
    Ok(())
}

/// The files of a store's migrations, in their order, each of which the store knows by its number and name.
fn migrations(packages: &[Package], store: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let package =
        packages.iter().find(|package| package.name.as_str() == store).ok_or_else(|| format!("{store} is gone"))?;
    let sources = package.manifest_path.parent().ok_or_else(|| format!("{store} has no folder"))?.join("src");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(sources.join("migrations"))? {
        files.push(entry?.file_name().to_string_lossy().into_owned());
    }
    files.sort_unstable();
    let schema = std::fs::read_to_string(sources.join("schema.rs"))?;
    let mut rest = schema.as_str();
    for file in &files {
        let name = file.trim_end_matches(".sql").split_once('_').map_or("", |(_, name)| name);
        let known = format!("(\"{name}\", include_str!(\"migrations/{file}\")),");
        // In this order: the number is the place.
        let (_, behind) =
            rest.split_once(&known).ok_or_else(|| format!("{store} does not know {file} at its place"))?;
        rest = behind;
    }
    assert!(!rest.contains("include_str!"), "{store} knows a migration that is not there");
    Ok(files)
}

/// The Rust files below a folder, without tests.
fn sources(folder: &std::path::Path) -> std::io::Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_stem().is_some_and(|stem| stem == "tests") {
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}
