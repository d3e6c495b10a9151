//! Embeds every page under `rules/`, so that adding a rule touches one file.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a build script talks to cargo through the environment, standard output and panics"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("rules");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut pages = Vec::new();
    collect(&root, &mut pages);
    // Names are sorted, so the program does not depend on the order of a folder listing.
    pages.sort();
    let mut code = String::from("&[\n");
    for page in &pages {
        let name = page
            .strip_prefix(&root)
            .expect("below rules/")
            .display()
            .to_string();
        writeln!(
            code,
            "    ({name:?}, include_str!({:?})),",
            page.display().to_string()
        )
        .expect("writing to a string");
    }
    code.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    fs::write(out.join("pages.rs"), code).expect("OUT_DIR is writable");
}

fn collect(folder: &Path, pages: &mut Vec<PathBuf>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder).expect("rules/ is readable") {
        let path = entry.expect("rules/ is readable").path();
        if path.is_dir() {
            collect(&path, pages);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
}
