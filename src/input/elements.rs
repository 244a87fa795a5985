//! Takes an export apart into its resources, in one pass and without holding the file.
//!
//! The shape is recognised from the content: an array of resources, a page (`value` of ARM, `data` of
//! Resource Graph), a single resource, several of these one after the other (JSON Lines), or an array of pages.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::Read;

use serde::Deserialize;
use serde_json::de::StreamDeserializer;

use crate::azure::{Element, Given, NotAResource, Place, RawResource};
use crate::finding::FileId;

/// How much is read at a time; a resource larger than this makes the buffer grow.
const CHUNK: usize = 1 << 19;

/// Why a file could not be taken apart, and at which byte of its text.
#[derive(Debug)]
pub(crate) struct BadInput {
    pub(crate) offset: u64,
    pub(crate) message: String,
    pub(crate) hint: Option<&'static str>,
    /// Whether it is well-formed JSON that is about something else.
    pub(crate) foreign: bool,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) elements: Vec<(Place, Element)>,
    /// The pages in it.
    pub(crate) pages: Vec<PageSeen>,
    /// Whether any page, array or resource was there at all.
    pub(crate) any: bool,
    /// Whether the file is about something else, and was left out.
    pub(crate) foreign: bool,
}

thread_local! {
    /// Files are many and mostly small: memory for their text is asked for once a thread.
    static SPARE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A page of a list, as far as it tells whether the list is whole.
#[derive(Debug)]
pub(crate) struct PageSeen {
    /// Types of its resources, each once.
    pub(crate) kinds: BTreeSet<String>,
    /// How many resources it holds.
    pub(crate) rows: u64,
    /// Whether it says that another page follows.
    pub(crate) continues: bool,
    /// How many resources the whole list holds, which Resource Graph tells.
    pub(crate) total: Option<u64>,
}

/// Reads every resource of one file.
pub(crate) fn read(file: FileId, text: impl Read) -> Result<Contents, BadInput> {
    let mut bytes = SPARE.take();
    bytes.clear();
    let mut input = Buffer { text, bytes, start: 0, base: 0, ended: false };
    let contents = documents(&mut input, file);
    // What one huge resource needed is not kept for the small ones behind it.
    if input.bytes.capacity() <= 8 * CHUNK {
        SPARE.set(input.bytes);
    }
    contents
}

fn documents<R: Read>(input: &mut Buffer<R>, file: FileId) -> Result<Contents, BadInput> {
    let mut contents = Contents::default();
    while let Some(first) = input.peek()? {
        contents.any = true;
        match first {
            b'[' => array(input, file, &mut contents)?,
            b'{' => object(input, file, &mut contents)?,
            _ => return Err(input.error("expected a JSON object or array of Azure resources", None)),
        }
    }
    Ok(contents)
}

fn array<R: Read>(input: &mut Buffer<R>, file: FileId, contents: &mut Contents) -> Result<(), BadInput> {
    input.start += 1;
    if input.peek()? == Some(b']') {
        input.start += 1;
        return Ok(());
    }
    loop {
        match input.peek()? {
            Some(b'{') => object(input, file, contents)?,
            Some(b']') => return Err(input.error("a comma stands before the closing bracket", None)),
            Some(_) => return Err(input.error("expected a resource: a JSON object", None)),
            None => return Err(input.error("the file ends inside an array: it is cut short", Some(CUT))),
        }
        match input.peek()? {
            Some(b',') => input.start += 1,
            Some(b']') => {
                input.start += 1;
                return Ok(());
            }
            Some(_) => return Err(input.error("expected a comma or the closing bracket of the array", None)),
            None => return Err(input.error("the file ends inside an array: it is cut short", Some(CUT))),
        }
    }
}

const CUT: &str = "export it again; a full disk or an interrupted download leaves such files";
const POWERSHELL: &str =
    "this looks like Azure PowerShell's output; export with `az ... -o json` or `az rest`, which keep ARM's JSON";
const NO_ID: &str = "an Azure resource has an `id`; exports come from `az network vnet list`, `az graph query` or ARM's REST API, unprojected";
const TABLE: &str = "ask Resource Graph for `resultFormat: objectArray`, or use `az graph query`, which does";

fn object<R: Read>(input: &mut Buffer<R>, file: FileId, contents: &mut Contents) -> Result<(), BadInput> {
    let base = input.base + input.start as u64;
    input.value(|bytes, offset_in_value| {
        let mut stream: StreamDeserializer<'_, _, Given<RawResource<'_>>> =
            serde_json::Deserializer::from_slice(bytes).into_iter();
        let raw = match stream.next() {
            Some(Ok(Given::Value(raw))) => raw,
            Some(Err(error)) => return Err(Parse::Json(error)),
            Some(Ok(_)) | None => return Err(Parse::Said(base, "expected an object".to_owned(), None)),
        };
        *offset_in_value = stream.byte_offset();
        element(raw, bytes, base, file, contents)
    })
}

/// A resource, or the resources of a page.
fn element(
    mut raw: RawResource<'_>,
    bytes: &[u8],
    base: u64,
    file: FileId,
    contents: &mut Contents,
) -> Result<(), Parse> {
    match std::mem::take(&mut raw.page) {
        Given::Value(page) if raw.id.value().is_none() => {
            let continues = raw.next_link.value().is_some_and(|link| !link.is_empty());
            let total = raw.total.value().copied();
            let first = contents.elements.len();
            for item in page.0 {
                let text = item.get();
                // The text is borrowed from the buffer, so its address tells where it stands.
                let inside = text.as_ptr().addr() - bytes.as_ptr().addr();
                let offset = base + inside as u64;
                let at = |error: &serde_json::Error| offset + byte_of(text.as_bytes(), error);
                let raw: RawResource<'_> = match serde_json::from_str::<Given<RawResource<'_>>>(text) {
                    Ok(Given::Value(raw)) => raw,
                    Ok(_) => return Err(Parse::Said(offset, "expected a resource: a JSON object".to_owned(), None)),
                    Err(error) => return Err(Parse::Said(at(&error), plain(&error), None)),
                };
                one(raw, Place { file, offset }, contents)?;
            }
            let rows = &contents.elements[first..];
            let kinds = rows.iter().map(|(_, element)| element.kind.to_string()).collect();
            contents.pages.push(PageSeen { kinds, rows: rows.len() as u64, continues, total });
            Ok(())
        }
        Given::Odd(_) if raw.id.value().is_none() => {
            Err(Parse::Said(base, "expected `value` or `data` to be an array of resources".to_owned(), Some(TABLE)))
        }
        _ => one(raw, Place { file, offset: base }, contents),
    }
}

fn one(raw: RawResource<'_>, place: Place, contents: &mut Contents) -> Result<(), Parse> {
    match raw.into_element(place) {
        Ok(element) => {
            contents.elements.push((place, element));
            Ok(())
        }
        Err(NotAResource::PowerShell) => {
            Err(Parse::Said(place.offset, "an object is no ARM resource".to_owned(), Some(POWERSHELL)))
        }
        Err(NotAResource::OddId(found)) => {
            Err(Parse::Said(place.offset, format!("a resource's `id` is {found}, where an ARM id is expected"), None))
        }
        Err(NotAResource::Unrecognised) => Err(Parse::Foreign(place.offset)),
    }
}

enum Parse {
    Json(serde_json::Error),
    Said(u64, String, Option<&'static str>),
    Foreign(u64),
}

/// A sliding window over the text.
struct Buffer<R> {
    text: R,
    bytes: Vec<u8>,
    start: usize,
    base: u64,
    ended: bool,
}

impl<R: Read> Buffer<R> {
    /// The next byte that is no white space, without taking it.
    fn peek(&mut self) -> Result<Option<u8>, BadInput> {
        loop {
            while let Some(&byte) = self.bytes.get(self.start) {
                if !byte.is_ascii_whitespace() {
                    return Ok(Some(byte));
                }
                self.start += 1;
            }
            if !self.refill()? {
                return Ok(None);
            }
        }
    }

    /// Drops what was taken and reads more; false at the end of the text.
    fn refill(&mut self) -> Result<bool, BadInput> {
        if self.ended {
            return Ok(false);
        }
        self.bytes.drain(..self.start);
        self.base += self.start as u64;
        self.start = 0;
        // Doubling keeps the work on one huge resource linear.
        let wanted = CHUNK.max(self.bytes.len());
        self.bytes.reserve(wanted + 32);
        let read = self.text.by_ref().take(wanted as u64).read_to_end(&mut self.bytes);
        let read = read.map_err(|error| BadInput {
            offset: self.base + self.bytes.len() as u64,
            message: format!("reading failed: {error}"),
            hint: None,
            foreign: false,
        })?;
        self.ended = read == 0;
        Ok(read > 0)
    }

    /// Parses the value that begins here, reading more while it is cut short.
    fn value(&mut self, mut parse: impl FnMut(&[u8], &mut usize) -> Result<(), Parse>) -> Result<(), BadInput> {
        loop {
            let mut length = 0;
            match parse(&self.bytes[self.start..], &mut length) {
                Ok(()) => {
                    self.start += length;
                    return Ok(());
                }
                Err(Parse::Json(error)) if error.is_eof() => {
                    if !self.refill()? {
                        let offset = self.base + self.bytes.len() as u64;
                        let message = "the file ends inside an object: it is cut short".to_owned();
                        return Err(BadInput { offset, message, hint: Some(CUT), foreign: false });
                    }
                }
                Err(Parse::Json(error)) => {
                    let offset = self.base + self.start as u64 + byte_of(&self.bytes[self.start..], &error);
                    return Err(BadInput { offset, message: plain(&error), hint: None, foreign: false });
                }
                Err(Parse::Said(offset, message, hint)) => {
                    return Err(BadInput { offset, message, hint, foreign: false });
                }
                Err(Parse::Foreign(offset)) => {
                    let message = "an object is no Azure resource: it has no `id` as ARM writes them".to_owned();
                    return Err(BadInput { offset, message, hint: Some(NO_ID), foreign: true });
                }
            }
        }
    }

    fn error(&self, message: &str, hint: Option<&'static str>) -> BadInput {
        BadInput { offset: self.base + self.start as u64, message: message.to_owned(), hint, foreign: false }
    }
}

/// The byte that an error's line and column name.
fn byte_of(bytes: &[u8], error: &serde_json::Error) -> u64 {
    let before =
        bytes.split_inclusive(|b| *b == b'\n').take(error.line().saturating_sub(1)).map(<[u8]>::len).sum::<usize>();
    (before + error.column().saturating_sub(1)).min(bytes.len().saturating_sub(1)) as u64
}

/// The error without its own, relative, place.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    match text {
        "recursion limit exceeded" => "the JSON is nested more than 128 deep".to_owned(),
        "expected ident" => "expected a JSON value".to_owned(),
        text => text.to_owned(),
    }
}

impl<'de> Deserialize<'de> for RawResource<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Given::deserialize(deserializer)? {
            Given::Value(raw) => Ok(raw),
            Given::Odd(found) => Err(serde::de::Error::custom(format_args!("expected an object, found {found}"))),
            Given::Absent => Err(serde::de::Error::custom("expected an object, found null")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VNET: &str = r#"{"id":"/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/virtualNetworks/v","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]}}}"#;

    fn kinds(text: &str) -> Vec<(u64, String)> {
        let contents = read(FileId(0), text.as_bytes()).unwrap();
        contents.elements.into_iter().map(|(place, e)| (place.offset, e.kind.to_string())).collect()
    }

    fn error(text: &str) -> (u64, String) {
        let error = read(FileId(0), text.as_bytes()).unwrap_err();
        (error.offset, error.message)
    }

    #[test]
    fn every_shape_gives_its_resources_with_their_places() {
        let kind = || "virtualNetworks".to_owned();
        assert_eq!(kinds(VNET), [(0, kind())]);
        assert_eq!(kinds(&format!("[{VNET}]")), [(1, kind())]);
        assert_eq!(kinds(&format!("{{\"value\": [{VNET}]}}")), [(11, kind())]);
        assert_eq!(kinds(&format!("{{\"data\":[{VNET}],\"count\":1}}")), [(9, kind())]);
        assert_eq!(kinds(&format!("{VNET}\n{VNET}\n")), [(0, kind()), (VNET.len() as u64 + 1, kind())]);
        assert_eq!(kinds(&format!("[{{\"value\":[{VNET}]}}]")), [(11, kind())]);
        assert_eq!(kinds("[]"), []);
    }

    #[test]
    fn resources_larger_than_a_chunk_are_read_whole() {
        let padding = " ".repeat(3 * CHUNK);
        let text = format!("[{VNET},{{\"id\":\"/subscriptions/s\",\"x\":\"{padding}\"}},{VNET}]");
        assert_eq!(kinds(&text).len(), 3);
    }

    #[test]
    fn errors_name_the_byte() {
        assert_eq!(error("x"), (0, "expected a JSON object or array of Azure resources".to_owned()));
        assert_eq!(error("[{\"id\":\"a\" 1}]").0, 11);
        assert_eq!(error(&format!("[{VNET},]")).0, VNET.len() as u64 + 2);
        assert!(error(&VNET[..VNET.len() - 1]).1.contains("cut short"));
        assert!(error(&format!("[{VNET}")).1.contains("cut short"));
        assert!(error("[{\"name\":\"x\"}]").1.contains("no `id`"));
        assert!(error("[{\"id\":\"/a\",\"id\":\"/b\"}]").1.contains("`id` stands twice"));
        assert!(error("{\"data\":{\"columns\":[],\"rows\":[]}}").1.contains("array of resources"));
    }

    #[test]
    fn deep_nesting_is_skipped_or_refused_and_no_crash() {
        let deep = format!("{{\"id\":\"/subscriptions/s\",\"y\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(kinds(&deep).len(), 1);
        let deep = format!("{}{}", "{\"properties\":".repeat(10_000), "}".repeat(10_000));
        assert!(error(&deep).1.contains("nested more than 128 deep"));
    }
}
