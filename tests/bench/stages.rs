//! What `--timings` prints: a stage or a part of one a line.

/// Name and seconds of a line such as `effective rights    123.4 ms`; `None` for any other line.
pub(crate) fn stage(line: &str) -> Option<(String, f64)> {
    let (rest, unit) = line.trim().rsplit_once(' ')?;
    let (name, number) = rest.trim().rsplit_once(' ')?;
    let number: f64 = number.parse().ok()?;
    let seconds = match unit {
        "ms" => number / 1000.0,
        "s" => number,
        _ => return None,
    };
    Some((name.trim().to_owned(), seconds))
}
