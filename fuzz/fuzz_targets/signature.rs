//! Keys and signatures from elsewhere: no panic, and nothing but the right signature is taken.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lockkeeper::database::signature::{PublicKey, SecretKey, verify};

fuzz_target!(|text: &str| {
    let _ = PublicKey::parse(text);
    let _ = PublicKey::list(text);
    let _ = SecretKey::parse(text);
    let key = SecretKey::from_seed([7; 32]).expect("a key");
    let trusted = [key.public()];
    let right = key.sign(b"bytes", "a comment");
    assert!(verify(b"bytes", &right, &trusted).is_ok());
    assert!(verify(text.as_bytes(), &right, &trusted).is_err() || text == "bytes");
    // Over these bytes there is one signature that the key made; what only looks the same differs in white space.
    if verify(b"bytes", text, &trusted).is_ok() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(text), words(&right));
    }
});
