//! Paths as relative URIs.
//!
//! GitHub refuses absolute URIs and other schemes, so whatever comes in, a relative reference with neither goes out.

use std::fmt::Write as _;

/// A relative-path reference (RFC 3986, sections 3.3 and 4.2): `.` and `..` resolved, everything but unreserved
/// characters and `/` percent-encoded. What would be absolute or leave its base is cut down to what lies below.
pub(super) fn relative(path: &str) -> String {
    if path == "-" {
        return "standard-input.json".to_owned();
    }
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            name => segments.push(encoded(name)),
        }
    }
    if segments.is_empty() { "unknown-input".to_owned() } else { segments.join("/") }
}

/// Whether a path says that it lies outside its base.
pub(super) fn is_outside(path: &str) -> bool {
    let drive = path.as_bytes().get(1) == Some(&b':');
    path.starts_with('/') || path == ".." || path.starts_with("../") || drive
}

/// One segment, everything but unreserved characters percent-encoded.
pub(super) fn encoded(segment: &str) -> String {
    let mut text = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            let _infallible = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_relative_references() {
        for (path, uri) in [
            ("snapshot/prod.json", "snapshot/prod.json"),
            ("./a//b/../c d&é.json", "a/c%20d%26%C3%A9.json"),
            ("/home/x/a.json", "home/x/a.json"),
            ("../../a.json", "a.json"),
            ("C:/x/a.json", "C%3A/x/a.json"),
            ("https://evil/a", "https%3A/evil/a"),
            (r"a\b%.json", "a%5Cb%25.json"),
            ("-", "standard-input.json"),
            ("", "unknown-input"),
            ("..", "unknown-input"),
        ] {
            assert_eq!(relative(path), uri, "{path}");
        }
    }

    #[test]
    fn paths_outside_the_root_are_known() {
        for (path, outside) in
            [("a", false), ("..a", false), ("../a", true), ("/a", true), ("C:/a", true), ("-", false)]
        {
            assert_eq!(is_outside(path), outside, "{path}");
        }
    }
}
