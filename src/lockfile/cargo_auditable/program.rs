//! The section `.dep-v0` of a program: ELF (System V ABI), PE (Microsoft's specification), Mach-O (Apple's `loader.h`, with several programs in
//! one file), WebAssembly (core specification, custom sections); and the section alone.
//!
//! Every place is checked before it is read, and each header is read once.

use std::io::Read as _;

use flate2::read::ZlibDecoder;

/// The section's name.
const NAME: &[u8] = b".dep-v0";

/// More JSON than any program has, whose Cargo.lock would be as long.
pub(super) const MAX_JSON: u64 = 16 << 20;

/// No more programs for different processors are in one file.
const MAX_ARCHITECTURES: u32 = 64;

/// The JSON in `bytes`.
///
/// # Errors
/// Why there is none, as a lowercase fragment.
pub(super) fn unpack(bytes: &[u8]) -> Result<String, String> {
    let section = match bytes {
        [0x7F, b'E', b'L', b'F', ..] => elf(bytes),
        [b'M', b'Z', ..] => pe(bytes),
        [0xCA, 0xFE, 0xBA, 0xBE | 0xBF, ..] => architectures(bytes),
        [0xFE, 0xED, 0xFA, 0xCE | 0xCF, ..] | [0xCE | 0xCF, 0xFA, 0xED, 0xFE, ..] => mach_o(bytes),
        [0, b'a', b's', b'm', ..] => wasm(bytes),
        // The start of a stream of zlib.
        [0x78, ..] => Some(bytes),
        _ => return Err("this is no program, and nothing that cargo auditable writes".to_owned()),
    };
    let Some(section) = section else {
        return Err(
            "this program has no section `.dep-v0`: it was not built with cargo auditable, or it is cut"
                .to_owned(),
        );
    };
    let mut json = Vec::new();
    let mut decoder = ZlibDecoder::new(section).take(MAX_JSON.saturating_add(1));
    if decoder.read_to_end(&mut json).is_err() {
        return Err("the section `.dep-v0` is damaged".to_owned());
    }
    if json.len() as u64 > MAX_JSON {
        return Err(format!("the section `.dep-v0` holds more than {MAX_JSON} bytes"));
    }
    String::from_utf8(json).map_err(|_| "the section `.dep-v0` holds no UTF-8".to_owned())
}

/// Numbers of a file, in its order of bytes.
#[derive(Clone, Copy)]
struct Numbers<'b> {
    bytes: &'b [u8],
    is_big: bool,
}

impl<'b> Numbers<'b> {
    fn take<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    fn u16(self, at: usize) -> Option<usize> {
        let bytes = self.take(at)?;
        Some(usize::from(match self.is_big {
            true => u16::from_be_bytes(bytes),
            false => u16::from_le_bytes(bytes),
        }))
    }

    fn u32(self, at: usize) -> Option<usize> {
        let bytes = self.take(at)?;
        usize::try_from(match self.is_big {
            true => u32::from_be_bytes(bytes),
            false => u32::from_le_bytes(bytes),
        })
        .ok()
    }

    fn u64(self, at: usize) -> Option<usize> {
        let bytes = self.take(at)?;
        usize::try_from(match self.is_big {
            true => u64::from_be_bytes(bytes),
            false => u64::from_le_bytes(bytes),
        })
        .ok()
    }

    fn part(self, start: usize, length: usize) -> Option<&'b [u8]> {
        self.bytes.get(start..start.checked_add(length)?)
    }

    /// The section's name stands at `at`, in a field of `length` bytes that are filled with zeros.
    fn is_named(self, at: usize, length: usize) -> bool {
        let field = self.part(at, length).unwrap_or_default();
        field
            .strip_prefix(NAME)
            .is_some_and(|rest| rest.iter().all(|byte| *byte == 0))
    }
}

fn elf(bytes: &[u8]) -> Option<&[u8]> {
    let numbers = Numbers {
        bytes,
        is_big: *bytes.get(5)? == 2,
    };
    let is_64 = *bytes.get(4)? == 2;
    let (table, sizes) = match is_64 {
        true => (numbers.u64(0x28)?, 0x3A),
        false => (numbers.u32(0x20)?, 0x2E),
    };
    let (size, count, names) = (
        numbers.u16(sizes)?,
        numbers.u16(sizes + 2)?,
        numbers.u16(sizes + 4)?,
    );
    let header = |number: usize| table.checked_add(number.checked_mul(size)?);
    let place = |header: usize| match is_64 {
        true => Some((
            numbers.u64(header.checked_add(24)?)?,
            numbers.u64(header.checked_add(32)?)?,
        )),
        false => Some((
            numbers.u32(header.checked_add(16)?)?,
            numbers.u32(header.checked_add(20)?)?,
        )),
    };
    let (names, _) = place(header(names)?)?;
    (0..count).find_map(|number| {
        let header = header(number)?;
        let name = names.checked_add(numbers.u32(header)?)?;
        let (start, length) =
            place(header).filter(|_| numbers.is_named(name, NAME.len().saturating_add(1)))?;
        numbers.part(start, length)
    })
}

fn pe(bytes: &[u8]) -> Option<&[u8]> {
    let numbers = Numbers { bytes, is_big: false };
    let header = numbers.u32(0x3C)?;
    if numbers.part(header, 4)? != b"PE\0\0" {
        return None;
    }
    let count = numbers.u16(header.checked_add(6)?)?;
    let table = header
        .checked_add(24)?
        .checked_add(numbers.u16(header.checked_add(20)?)?)?;
    (0..count).find_map(|number| {
        let section = table.checked_add(number.checked_mul(40)?)?;
        let found = numbers.is_named(section, 8).then_some(section)?;
        // What is stored is filled up to whole blocks.
        numbers.part(
            numbers.u32(found.checked_add(20)?)?,
            numbers.u32(found.checked_add(16)?)?,
        )
    })
}

/// One file for several processors.
fn architectures(bytes: &[u8]) -> Option<&[u8]> {
    let numbers = Numbers { bytes, is_big: true };
    let is_64 = *bytes.get(3)? == 0xBF;
    let count = numbers.u32(4)?.min(MAX_ARCHITECTURES as usize);
    (0..count).find_map(|number| {
        let part = match is_64 {
            true => {
                let entry = number.checked_mul(32)?.checked_add(8)?;
                numbers.part(
                    numbers.u64(entry.checked_add(8)?)?,
                    numbers.u64(entry.checked_add(16)?)?,
                )
            }
            false => {
                let entry = number.checked_mul(20)?.checked_add(8)?;
                numbers.part(
                    numbers.u32(entry.checked_add(8)?)?,
                    numbers.u32(entry.checked_add(12)?)?,
                )
            }
        };
        part.and_then(mach_o)
    })
}

fn mach_o(bytes: &[u8]) -> Option<&[u8]> {
    let (is_big, is_64) = match bytes.get(..4)? {
        [0xFE, 0xED, 0xFA, last] => (true, *last == 0xCF),
        [first, 0xFA, 0xED, 0xFE] => (false, *first == 0xCF),
        _ => return None,
    };
    let numbers = Numbers { bytes, is_big };
    let count = numbers.u32(16)?;
    // Of a command that lists sections: its number, where the count stands, where the sections begin, how long each is.
    let (kind, counted, first, size) = match is_64 {
        true => (0x19, 64, 72_usize, 80),
        false => (0x01, 48, 56_usize, 68),
    };
    let mut command = if is_64 { 32_usize } else { 28 };
    for _ in 0..count {
        let length = numbers.u32(command.checked_add(4)?)?;
        if length < 8 {
            return None;
        }
        if numbers.u32(command)? == kind {
            let inside = length.saturating_sub(first) / size;
            let sections = numbers.u32(command.checked_add(counted)?)?.min(inside);
            for number in 0..sections {
                let section = command
                    .checked_add(first)?
                    .checked_add(number.checked_mul(size)?)?;
                if numbers.is_named(section, 16) {
                    let place = |at: usize| section.checked_add(at);
                    let (start, length) = match is_64 {
                        true => (numbers.u32(place(48)?)?, numbers.u64(place(40)?)?),
                        false => (numbers.u32(place(40)?)?, numbers.u32(place(36)?)?),
                    };
                    return numbers.part(start, length);
                }
            }
        }
        command = command.checked_add(length)?;
    }
    None
}

fn wasm(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.get(8..)?;
    while let [id, after @ ..] = rest {
        let (length, after) = leb128(after)?;
        let (section, after) = after.split_at_checked(length)?;
        rest = after;
        if *id == 0 {
            let (length, section) = leb128(section)?;
            let (name, content) = section.split_at_checked(length)?;
            if name == NAME {
                return Some(content);
            }
        }
    }
    None
}

/// A number of at most 32 bits, seven of them in a byte.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0_usize;
    for (at, byte) in bytes.iter().take(5).enumerate() {
        number |= usize::from(byte & 0x7F).checked_shl(u32::try_from(at).ok()?.checked_mul(7)?)?;
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(at.checked_add(1)?..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).expect("memory");
        encoder.finish().expect("memory")
    }

    /// Puts `field` at `at`.
    fn put(bytes: &mut Vec<u8>, at: usize, field: &[u8]) {
        if bytes.len() < at + field.len() {
            bytes.resize(at + field.len(), 0);
        }
        bytes[at..at + field.len()].copy_from_slice(field);
    }

    fn elf_of(section: &[u8], is_big: bool, is_64: bool) -> Vec<u8> {
        let number = |value: u64, width: usize| match is_big {
            true => value.to_be_bytes()[8 - width..].to_vec(),
            false => value.to_le_bytes()[..width].to_vec(),
        };
        let mut bytes = b"\x7fELF".to_vec();
        put(&mut bytes, 4, &[1 + u8::from(is_64), 1 + u8::from(is_big)]);
        let (width, table, sizes, size, place) = if is_64 {
            (8, 0x28, 0x3A, 64, 24)
        } else {
            (4, 0x20, 0x2E, 40, 16)
        };
        put(&mut bytes, table, &number(0x100, width));
        put(
            &mut bytes,
            sizes,
            &[number(size, 2), number(2, 2), number(0, 2)].concat(),
        );
        // Section 0 has the names, section 1 is the one that is looked for.
        put(
            &mut bytes,
            0x100 + place,
            &[number(0x300, width), number(20, width)].concat(),
        );
        let second = 0x100 + usize::try_from(size).expect("small");
        put(&mut bytes, second, &number(3, 4));
        put(
            &mut bytes,
            second + place,
            &[number(0x400, width), number(section.len() as u64, width)].concat(),
        );
        put(&mut bytes, 0x300, b"\0a\0.dep-v0\0");
        put(&mut bytes, 0x400, section);
        bytes
    }

    fn pe_of(section: &[u8]) -> Vec<u8> {
        let mut bytes = b"MZ".to_vec();
        put(&mut bytes, 0x3C, &0x80_u32.to_le_bytes());
        put(&mut bytes, 0x80, b"PE\0\0");
        put(&mut bytes, 0x86, &2_u16.to_le_bytes());
        put(&mut bytes, 0x94, &16_u16.to_le_bytes());
        put(&mut bytes, 0xA8, b".text\0\0\0");
        put(&mut bytes, 0xD0, b".dep-v0\0");
        put(&mut bytes, 0xE0, &(section.len() as u32 + 3).to_le_bytes());
        put(&mut bytes, 0xE4, &0x200_u32.to_le_bytes());
        put(&mut bytes, 0x200, section);
        bytes.extend([0; 3]);
        bytes
    }

    fn mach_o_of(section: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0xCF, 0xFA, 0xED, 0xFE];
        put(&mut bytes, 16, &2_u32.to_le_bytes());
        // Another command, then the segment.
        put(
            &mut bytes,
            32,
            &[2_u32.to_le_bytes(), 16_u32.to_le_bytes()].concat(),
        );
        put(
            &mut bytes,
            48,
            &[0x19_u32.to_le_bytes(), 152_u32.to_le_bytes()].concat(),
        );
        put(&mut bytes, 48 + 64, &1_u32.to_le_bytes());
        put(&mut bytes, 48 + 72, b".dep-v0\0\0\0\0\0\0\0\0\0");
        put(&mut bytes, 48 + 72 + 40, &(section.len() as u64).to_le_bytes());
        put(&mut bytes, 48 + 72 + 48, &0x200_u32.to_le_bytes());
        put(&mut bytes, 0x200, section);
        bytes
    }

    fn several_of(section: &[u8]) -> Vec<u8> {
        let program = mach_o_of(section);
        let mut bytes = vec![0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 2];
        put(
            &mut bytes,
            16,
            &[0x1000_u32.to_be_bytes(), 4_u32.to_be_bytes()].concat(),
        );
        put(
            &mut bytes,
            36,
            &[0x1000_u32.to_be_bytes(), (program.len() as u32).to_be_bytes()].concat(),
        );
        put(&mut bytes, 0x1000, &program);
        bytes
    }

    fn wasm_of(section: &[u8]) -> Vec<u8> {
        let mut bytes = b"\0asm\x01\0\0\0\x01\x01\0\0\x02\x01x".to_vec();
        bytes.push(0);
        let length = 8 + section.len();
        bytes.extend([(length & 0x7F) as u8 | 0x80, (length >> 7) as u8]);
        bytes.extend(b"\x07.dep-v0");
        bytes.extend(section);
        bytes
    }

    #[test]
    fn the_section_is_found_in_every_kind_of_program() {
        let section = packed(b"{}");
        let mut programs = vec![
            pe_of(&section),
            mach_o_of(&section),
            several_of(&section),
            wasm_of(&section),
            section.clone(),
        ];
        for (is_big, is_64) in [(false, false), (false, true), (true, false), (true, true)] {
            programs.push(elf_of(&section, is_big, is_64));
        }
        for (number, program) in programs.iter().enumerate() {
            assert_eq!(unpack(program).as_deref(), Ok("{}"), "program {number}");
            // No part of it is anything else, and none is a panic.
            for end in 0..program.len() {
                let cut = unpack(&program[..end]);
                assert!(
                    cut.is_err() || cut.as_deref() == Ok("{}"),
                    "program {number} cut at {end}"
                );
            }
            for at in 0..program.len() {
                for value in [0, 0xFF, 0x7F] {
                    let mut other = program.clone();
                    other[at] = value;
                    let _ = unpack(&other);
                }
            }
        }
    }

    #[test]
    fn what_is_too_large_is_not_unpacked() {
        let large = packed(&vec![b' '; usize::try_from(MAX_JSON).expect("small") + 1]);
        assert!(unpack(&large).is_err_and(|reason| reason.contains("more than")));
        assert!(unpack(b"").is_err());
        assert!(unpack(&packed(&[0xFF, 0xFE])).is_err());
    }
}
