//! Bad input has a clear end: which status, which words, and nothing written.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::command::{Desk, Ended};

const VNET: &str = r#"{"id":"/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/virtualNetworks/v","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},"subnets":[],"virtualNetworkPeerings":[]}}"#;

/// A rule that loads in no time and breaks nothing: what is tested here does not depend on rules.
const RULE: &str = r#"# METADATA
# title: A network without a name
# description: Reports a virtual network without a name.
# custom:
#   id: vnet-named
#   severity: low
#   subject: vnet
#   controls: []
#   remediation: Name it.
package policies.vnet_named

deny contains {"message": "A network has no name."} if input.name == ""
"#;

const SCAN: [&str; 5] = ["scan", "--no-builtin", "--policies", "rules", "--quiet"];

fn desk(input: &[u8]) -> Desk {
    Desk::with(&[
        ("rules/named.rego", RULE.as_bytes()),
        ("in.json", input),
        ("out.json", b"old"),
        ("out.sarif", b"old"),
    ])
}

/// Scans with reports, and makes sure that an error left the old ones alone.
fn scan(desk: &Desk, more: &[&str]) -> Ended {
    let always = SCAN.into_iter().chain(["-o", "out.json", "-o", "out.sarif"]);
    let ended = desk.run(&always.chain(more.iter().copied()).collect::<Vec<_>>());
    if ended.status == Some(2) {
        assert!(ended.stderr.starts_with("error: "), "{ended:?}");
        assert_eq!(ended.stdout, "", "{ended:?}");
        assert_eq!((desk.read("out.json"), desk.read("out.sarif")), ("old".to_owned(), "old".to_owned()));
    }
    let left = desk.names().into_iter().filter(|name| name.contains("tmp")).collect::<Vec<_>>();
    assert!(left.is_empty(), "temporary files are left: {left:?}");
    ended
}

/// Status 2, and these words.
fn refused(input: impl AsRef<[u8]>, words: &str) {
    let ended = scan(&desk(input.as_ref()), &["in.json"]);
    let input = String::from_utf8_lossy(input.as_ref()).chars().take(200).collect::<String>();
    assert_eq!(ended.status, Some(2), "{input}: {ended:?}");
    assert!(ended.stderr.contains(words), "{input}: {words:?} is not in {:?}", ended.stderr);
}

/// Status 0: it was read and judged.
fn accepted(input: impl AsRef<[u8]>) {
    let ended = scan(&desk(input.as_ref()), &["in.json"]);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert!(ended.stdout.contains("passed        1"), "{ended:?}");
}

#[test]
fn invalid_json_is_refused_with_its_place_and_what_was_expected() {
    refused(format!("[\n  {}", &VNET[..VNET.len() - 1]), "error: in.json:2:197: the file ends inside an object");
    refused(format!("[\n{VNET}"), "error: in.json:2:196: the file ends inside an array");
    refused("[\n  {\"id\": nope}\n]", "error: in.json:2:11: expected a JSON value");
    refused(format!("[{VNET},]"), "error: in.json:1:198: a comma stands before the closing bracket");
    refused(format!("[{VNET}] x"), "error: in.json:1:199: expected a JSON object or array of Azure resources");
    refused(b"[{\"id\":\"/subscriptions/\xe9\"}]", "error: in.json:1:24: ");
    refused(b"[{\"id\":\"a\0b\"}]", "error: in.json:1:10: control character");
    refused(format!("[{VNET}]\0"), "error: in.json:1:198: expected a JSON object or array");
}

#[test]
fn json_about_something_else_is_refused() {
    for top in ["\"text\"", "42", "null", "true"] {
        refused(top, "error: in.json:1:1: expected a JSON object or array of Azure resources");
    }
    refused("[null]", "error: in.json:1:2: expected a resource: a JSON object");
    refused("{}", "error: in.json:1:1: an object is no Azure resource");
    refused("[\n {\"name\":\"x\"}]", "error: in.json:2:2: an object is no Azure resource");
    refused("[\n {\"id\": 5}]", "error: in.json:2:2: a resource's `id` is a number, where an ARM id is expected");
    refused("[{\"id\":\"hello\"}]", "error: in.json:1:2: an object is no Azure resource: it has no `id` as ARM writes");
    refused("{\"value\": {\"a\":1}}", "error: in.json:1:1: expected `value` or `data` to be an array of resources");
    refused("{\"value\": [\"x\"]}", "error: in.json:1:12: expected a resource: a JSON object");
    refused("[{\"Id\":\"/subscriptions/x\",\"Properties\":{}}]", "this looks like Azure PowerShell's output");
}

#[test]
fn nothing_is_no_input() {
    refused("", "error: in.json: the file is empty");
    refused(" \n\n", "error: in.json: the file is empty");
    refused("\u{feff}", "error: in.json: the file is empty");
    refused("[]", "error: no Azure resource was found in in.json");

    let desk = Desk::with(&[("rules/named.rego", RULE), ("out.json", "old"), ("out.sarif", "old"), ("dir/x.txt", "x")]);
    for (input, words) in [
        ("dir", "error: no Azure resource was found in dir"),
        ("missing.json", "error: cannot read missing.json: No such file or directory"),
        ("-", "error: -: the file is empty"),
    ] {
        let ended = scan(&desk, &[input]);
        assert_eq!(ended.status, Some(2), "{input}");
        assert!(ended.stderr.contains(words), "{ended:?}");
    }
    desk.put("dir/package.json", b"{\"name\": \"not Azure's\"}");
    assert_eq!(scan(&desk, &["dir"]).status, Some(2), "other people's JSON in a folder is no input");
    desk.put("dir/cut.json", b"{\"id\": \"/subscriptions/s");
    assert!(scan(&desk, &["dir"]).stderr.contains("dir/cut.json:1:25: the file ends inside an object"));
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let desk = desk(VNET.as_bytes());
    let path = desk.path().join("in.json");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_ok() {
        println!("skipped: this user may read everything");
        return;
    }
    let ended = scan(&desk, &["in.json"]);
    assert!(ended.status == Some(2) && ended.stderr.contains("cannot read in.json: Permission denied"), "{ended:?}");
}

#[test]
fn two_files_that_differ_on_a_resource_are_both_named() {
    let desk = desk(format!("[{VNET}]").as_bytes());
    desk.put("other.json", VNET.replace("10.0.0.0", "10.1.0.0").as_bytes());
    let ended = scan(&desk, &["in.json", "other.json"]);
    assert_eq!(ended.status, Some(2));
    for words in ["two inputs say different things", "--> in.json:1:2", "--> other.json:1:1"] {
        assert!(ended.stderr.contains(words), "{ended:?}");
    }
    desk.put("other.json", VNET.replace("virtualNetworks/v", "VIRTUALNETWORKS/V").as_bytes());
    assert_eq!(scan(&desk, &["in.json", "other.json"]).status, Some(0), "the letter case of an id says nothing");
}

#[test]
fn every_encoding_that_windows_writes_is_read() {
    let text = format!("[{VNET}]");
    accepted(&text);
    accepted(format!("\u{feff}{text}"));
    let wide = |order: fn(u16) -> [u8; 2]| {
        let units = "\u{feff}".encode_utf16().chain(text.encode_utf16());
        units.flat_map(order).collect::<Vec<u8>>()
    };
    accepted(wide(u16::to_le_bytes));
    accepted(wide(u16::to_be_bytes));
    refused([0xff, 0xfe, 0x00, 0xd8], "error: cannot read in.json: a UTF-16 surrogate stands alone");
}

#[test]
fn a_key_that_stands_twice_is_refused_where_a_rule_could_read_it() {
    refused("[{\"id\":\"/subscriptions/s\",\"id\":\"/subscriptions/t\"}]", "in.json:1:30: the key `id` stands twice");
    let twice = VNET.replace("\"subnets\":[]", "\"subnets\":[],\"addressSpace\":{}");
    refused(twice, "the key `addressSpace` stands twice in one object");
    accepted(VNET.replace("\"properties\"", "\"etag\":\"1\",\"etag\":\"2\",\"properties\""));
}

#[test]
fn deep_nesting_is_skipped_or_refused() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000));
    accepted(VNET.replace("\"properties\"", &format!("\"unknown\":{},\"properties\"", deep("[", "]"))));
    refused(deep("{\"properties\":", "}"), "nested more than 128 deep");
    refused(deep("[", "]"), "error: in.json:1:2: expected a resource: a JSON object");
    refused("[".repeat(1_000_000), "error: in.json:1:2: ");
}

/// By hand the same was done with 1 GiB.
#[test]
fn one_long_line_is_read_like_any_other() {
    let mut text = String::from("[");
    let padding = " ".repeat(1 << 20);
    for at in 0..64 {
        let vnet = VNET.replace("virtualNetworks/v", &format!("virtualNetworks/v{at}"));
        write!(text, "{vnet}{padding},").unwrap();
    }
    text.push_str(VNET);
    text.push(']');
    let desk = desk(text.as_bytes());
    let ended = scan(&desk, &["in.json"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("passed        65"), "{ended:?}");
    text.pop();
    desk.put("in.json", text.as_bytes());
    desk.put("out.json", b"old");
    desk.put("out.sarif", b"old");
    let ended = scan(&desk, &["in.json"]);
    assert!(ended.stderr.contains(&format!("in.json:1:{}: the file ends", text.len() + 1)), "{ended:?}");
}

#[test]
fn odd_values_are_told_with_their_place_and_stop_nothing() {
    let odd = [
        ("10.0.0.0/16", "10.0.0.0/99", "`10.0.0.0/99` is no address prefix"),
        ("10.0.0.0/16", "hello", "`hello` is no address prefix"),
        ("\"10.0.0.0/16\"", "7", "an entry is a number, where an address prefix is expected"),
        ("\"subnets\":[]", "\"subnets\":{}", "`subnets` is an object, where an array is expected"),
        ("\"virtualNetworkPeerings\":[]", "\"virtualNetworkPeerings\":[[]]", "an entry is an array"),
        (
            "\"virtualNetworkPeerings\":[]",
            "\"virtualNetworkPeerings\":[{\"name\":\"p\",\"peeringState\":\"Happy\"}]",
            "`Happy` is no peering state that Azure documents",
        ),
    ];
    let whole = VNET.to_owned();
    let cases = odd.into_iter().map(|(from, to, words)| (whole.replace(from, to), words));
    let start = VNET.find("\"properties\":").unwrap();
    let no_object = format!("{}\"properties\":5}}", &VNET[..start]);
    for (text, words) in cases.chain([(no_object, "`properties` is a number, where an object is expected")]) {
        let desk = desk(text.as_bytes());
        let ended = desk.run(&["scan", "--no-builtin", "--policies", "rules", "in.json"]);
        assert_eq!(ended.status, Some(0), "{text}: {ended:?}");
        let told =
            ended.stdout.split_once("odd values: ").map(|(_, told)| told.replace("\n  ", " ")).unwrap_or_default();
        assert!(told.contains(words) && told.contains("--> in.json:1:"), "{text}: {}", ended.stdout);
    }
}

#[test]
fn malformed_ids_are_read_as_far_as_they_go() {
    for id in ["/subscriptions//resourceGroups//providers/Microsoft.Network/virtualNetworks/v", "virtualNetworks/v"] {
        let text = VNET.replace("/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/virtualNetworks/v", id);
        let ended = scan(&desk(text.as_bytes()), &["in.json"]);
        assert!(matches!(ended.status, Some(0 | 2)), "{id}: {ended:?}");
    }
    accepted(VNET.replace("/subscriptions/s/resourceGroups", "/SUBSCRIPTIONS/S/RESOURCEGROUPS"));
}

#[test]
fn configuration_that_matches_nothing_is_told_with_its_line() {
    let approval = |rule: &str, local: &str| {
        format!(
            "[[approval]]\nid = \"NET-1\"\nrule = \"{rule}\"\nlocal = \"{local}\"\nreason = \"x\"\nexpires = 2027-01-01\n"
        )
    };
    let scan = |config: &str, more: &[&str]| {
        let desk = Desk::with(&[("in.json", format!("[{VNET}]").as_str()), ("c.toml", config)]);
        let always = ["scan", "in.json", "--complete", "--as-of", "2026-06-30", "--config", "c.toml"];
        desk.run(&always.into_iter().chain(more.iter().copied()).collect::<Vec<_>>())
    };
    for (config, words) in [
        ("[rules.peering-onesided]\nseverity = \"low\"\n", "there is no rule `peering-onesided`\n --> c.toml:1:8"),
        (&approval("peering-nope", "*"), "there is no rule `peering-nope`\n --> c.toml:3:8"),
        ("[clasify.role]\n", "unknown key `clasify` in the file\n --> c.toml:1:2"),
        ("x = [\n", " --> c.toml:1:"),
        ("[rules.peering-near-limit]\nlimt = 3\n", " --> c.toml:2:1"),
        ("[estate]\non_premises = [\"10.0.0.0/99\"]\n", " --> c.toml:2:16"),
    ] {
        let ended = scan(config, &[]);
        assert_eq!(ended.status, Some(2), "{config}: {ended:?}");
        assert!(ended.stderr.starts_with("error: ") && !ended.stderr.starts_with("error: error"), "{ended:?}");
        assert!(ended.stderr.contains(words), "{config}: {ended:?}");
    }
    let ended = scan(&approval("peering-one-sided", "vnet-gone"), &[]);
    assert!(ended.stdout.contains("[approval-unused]: 1 violation") && ended.stdout.contains("c.toml:"), "{ended:?}");
    // Who owns the subscription is not known, so one of these rules was not judged, and may be the one.
    let ended = scan(&approval("peering-*", "vnet-gone"), &["--verbose"]);
    assert!(ended.stdout.contains("approval-unused") && ended.stdout.contains("undetermined  1"), "{ended:?}");
    let ended = scan("[classify.role]\nhub = [{ name = \"vnet-gone\" }]\n", &[]);
    assert!(ended.stdout.contains("c.toml:2:"), "{ended:?}");
    for option in ["--select", "--ignore"] {
        let ended = scan("", &[option, "no-such-*"]);
        assert!(ended.status == Some(2) && ended.stderr.contains("no rule has this id"), "{ended:?}");
    }
}

#[test]
fn a_report_that_cannot_be_written_leaves_the_old_one() {
    let desk = desk(format!("[{VNET}]").as_bytes());
    fs::create_dir(desk.path().join("folder.md")).unwrap();
    for (path, words) in [
        ("missing/out.csv", "No such file or directory"),
        ("folder.md", "it is a folder"),
        ("out.pdf", "cannot tell the format of the report `out.pdf`"),
        ("out.html", "not available yet"),
        ("./out.json", "two reports go to this file"),
    ] {
        let ended = scan(&desk, &["in.json", "-o", path]);
        assert_eq!(ended.status, Some(2), "{path}: {ended:?}");
        assert!(ended.stderr.contains(words), "{path}: {ended:?}");
    }
    let path = desk.path().join("out.csv");
    fs::write(&path, "old").unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let ended = scan(&desk, &["in.json", "-o", "out.csv"]);
    assert!(ended.status == Some(2) && ended.stderr.contains("the file is read-only"), "{ended:?}");
    assert_eq!(desk.read("out.csv"), "old");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let desk = desk(format!("[{VNET}]").as_bytes());
    std::os::unix::fs::symlink("/dev/full", desk.path().join("full.csv")).unwrap();
    let ended = desk.run(&[&SCAN[..], &["in.json", "-o", "full.csv"]].concat());
    assert!(ended.status == Some(2) && ended.stderr.contains("No space left on device"), "{ended:?}");

    let mut command = desk.command(&[&SCAN[..], &["in.json"]].concat());
    command.stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let output = command.stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write to standard output"));
}

/// A reader that stops early gets no complaint; the status still is the verdict.
#[test]
fn a_closed_pipe_ends_quietly() {
    let mut text = String::new();
    for at in 0..3000 {
        // No rule, but a warning each: far more than a pipe holds.
        let vnet = VNET.replace("virtualNetworks/v", &format!("virtualNetworks/v{at}")).replace("10.0.0.0/16", "odd");
        writeln!(text, "{vnet}").unwrap();
    }
    let desk = desk(text.as_bytes());
    let mut command = desk.command(&["scan", "--no-builtin", "--policies", "rules", "in.json", "--format", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(first, "{\n");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

/// Ctrl-C while the input still comes: no report was begun, and the old ones stand.
#[cfg(unix)]
#[test]
fn an_interrupt_leaves_nothing_behind() {
    use std::os::unix::process::ExitStatusExt as _;

    let desk = desk(b"");
    let before = desk.names();
    let mut command = desk.command(&[&SCAN[..], &["-", "-o", "out.json", "-o", "out.sarif"]].concat());
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // More than a pipe holds: once this is written, the program is reading.
    stdin.write_all(format!("[{}", " ".repeat(1 << 20)).as_bytes()).unwrap();
    let interrupted = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    if !interrupted.is_ok_and(|status| status.success()) {
        println!("skipped: there is no `kill`");
        drop(stdin);
        child.wait().unwrap();
        return;
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < deadline, "the program goes on");
        std::thread::yield_now();
    };
    drop(stdin);
    assert!(status.signal() == Some(2) || status.code() == Some(130), "{status:?}");
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
    assert_eq!(desk.names(), before);
    assert_eq!((desk.read("out.json"), desk.read("out.sarif")), ("old".to_owned(), "old".to_owned()));
}
