//! Input text as UTF-8: without a byte-order mark, and out of UTF-16, which Windows PowerShell's `>` writes.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// The UTF-8 text of a file. Offsets into it count from behind a byte-order mark.
pub(crate) fn utf8<'a>(mut bytes: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut head = Vec::with_capacity(3);
    bytes.by_ref().take(3).read_to_end(&mut head)?;
    Ok(match head.as_slice() {
        [0xef, 0xbb, 0xbf] => Box::new(bytes),
        [0xff, 0xfe, ..] => Box::new(utf16(&head[2..], bytes, u16::from_le_bytes)?),
        [0xfe, 0xff, ..] => Box::new(utf16(&head[2..], bytes, u16::from_be_bytes)?),
        _ => Box::new(Cursor::new(head).chain(bytes)),
    })
}

/// The UTF-8 text of a file from a byte on, counted as [`utf8`] does; none for UTF-16, whose bytes are others.
pub(crate) fn utf8_from<'a>(mut bytes: impl Read + Seek + 'a, offset: u64) -> io::Result<Option<Box<dyn Read + 'a>>> {
    let mut head = Vec::with_capacity(3);
    bytes.by_ref().take(3).read_to_end(&mut head)?;
    let mark = match head.as_slice() {
        [0xef, 0xbb, 0xbf] => 3,
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Ok(None),
        _ => 0,
    };
    bytes.seek(SeekFrom::Start(offset + mark))?;
    Ok(Some(Box::new(bytes)))
}

fn utf16(head: &[u8], mut rest: impl Read, unit: fn([u8; 2]) -> u16) -> io::Result<Cursor<String>> {
    let mut bytes = head.to_vec();
    rest.read_to_end(&mut bytes)?;
    let units = bytes.chunks(2).map(|pair| unit([pair[0], pair.get(1).copied().unwrap_or(0)]));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    let text = text.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a UTF-16 surrogate stands alone"))?;
    Ok(Cursor::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> String {
        let mut text = String::new();
        utf8(bytes).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn every_encoding_reads_alike() {
        let le: Vec<u8> = [0xff, 0xfe].into_iter().chain("[é]".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let be: Vec<u8> = [0xfe, 0xff].into_iter().chain("[é]".encode_utf16().flat_map(u16::to_be_bytes)).collect();
        for bytes in ["[é]".as_bytes(), "\u{feff}[é]".as_bytes(), &le, &be] {
            assert_eq!(read(bytes), "[é]");
        }
    }

    #[test]
    fn texts_are_entered_at_a_byte_behind_the_mark() {
        for text in ["[1, 2]", "\u{feff}[1, 2]"] {
            let mut rest = String::new();
            utf8_from(Cursor::new(text), 4).unwrap().unwrap().read_to_string(&mut rest).unwrap();
            assert_eq!(rest, "2]");
        }
        assert!(utf8_from(Cursor::new([0xff, 0xfe, b'[', 0]), 0).unwrap().is_none());
    }

    #[test]
    fn short_and_broken_files_do_not_panic() {
        assert_eq!(read(b""), "");
        assert_eq!(read(b"["), "[");
        assert!(utf8(&[0xff_u8, 0xfe, 0x00, 0xd8][..]).is_err());
    }
}
