//! The body of the target `signature`, which tests run too.

use lockkeeper::database::signature::{PublicKey, SecretKey, verify};

/// Keys and signatures from elsewhere: no panic, and nothing but the right signature is taken.
pub fn run(text: &str) {
    let _ = PublicKey::parse(text);
    let _ = PublicKey::list(text);
    let _ = SecretKey::parse(text);
    let key = SecretKey::from_seed([7; 32]).expect("a key");
    let trusted = [key.public()];
    let right = key.sign(b"bytes", "a comment");
    assert!(verify(b"bytes", &right, &trusted).is_ok());
    assert!(verify(text.as_bytes(), &right, &trusted).is_err() || text == "bytes");
    // Over these bytes there is one signature that the key made; what only looks the same differs in white space
    // or in the untrusted comment, which nobody signs.
    if verify(b"bytes", text, &trusted).is_ok() {
        let words = |text: &str| {
            let signed = text.split_once('\n').map_or("", |(_, signed)| signed);
            signed.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(words(text), words(&right));
    }
}
