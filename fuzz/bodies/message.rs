//! The body of the target `message`, which tests run too.

use lockkeeper::carry::message::{carried, is_signed_by, trailers};

/// Messages of commits, hostile ones too: no panic; where the commit comes from and who signed it stand in the last block of
/// trailers, and nothing of the message in front of them is lost but white space and comments.
pub fn run(message: &[u8]) {
    let id = "0123456789abcdef0123456789abcdef01234567";
    let signer = "A <a@example.org>";
    let _ = trailers(message);
    let _ = is_signed_by(message, signer.as_bytes());
    let origin = format!("(cherry picked from commit {id})");
    let plain = carried(message, id, None);
    assert!(plain.ends_with(format!("{origin}\n").as_bytes()));
    let signed = carried(message, id, Some(signer));
    assert!(is_signed_by(&signed, signer.as_bytes()));
    assert!(signed.ends_with(b"\n") && !signed.ends_with(b"\n\n") && !signed.starts_with(b"\n"));
    let words = |text: &[u8]| -> Vec<Vec<u8>> {
        let words = text.split(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | 0x0B | 0x0C));
        words
            .filter(|word| !word.is_empty())
            .map(<[u8]>::to_vec)
            .collect()
    };
    let (before, after) = (words(message), words(&plain));
    assert_eq!(after.get(..before.len()), Some(before.as_slice()));
}
