//! The JSON reader over any text: no panic, every span inside; and where `serde_json` accepts the text, the
//! same values without a problem.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lockkeeper::text::json;
use lockkeeper::text::tree::{Kind, Value};

fuzz_target!(|text: &str| {
    let document = json::read(text);
    for problem in &document.problems {
        assert!(text.get(problem.span.start as usize..problem.span.end as usize).is_some(), "{problem:?}");
    }
    let mut open = vec![document.root()];
    while let Some(value) = open.pop() {
        for span in [value.span(), value.text_span(), value.key_span()] {
            assert!(text.get(span.start as usize..span.end as usize).is_some(), "{span:?}");
        }
        let _ = (value.as_str(), value.as_bool(), value.as_u64(), value.key());
        open.extend(value.items());
        open.extend(value.entries().map(|(_, value)| value));
    }
    if let Ok(theirs) = serde_json::from_str::<serde_json::Value>(text) {
        assert!(document.problems.is_empty(), "{:?}", document.problems);
        same(document.root(), &theirs);
    }
});

/// `serde_json` bounds the nesting of what it accepts.
fn same(ours: Value<'_>, theirs: &serde_json::Value) {
    match theirs {
        serde_json::Value::Null => assert_eq!(ours.kind(), Kind::Null),
        serde_json::Value::Bool(truth) => assert_eq!(ours.as_bool(), Some(*truth)),
        serde_json::Value::Number(number) => {
            assert_eq!(ours.kind(), Kind::Number);
            if let Some(number) = number.as_u64() {
                assert_eq!(ours.as_u64(), Some(number), "{}", ours.raw());
            }
        }
        serde_json::Value::String(string) => assert_eq!(ours.as_str().as_deref(), Some(string.as_str())),
        serde_json::Value::Array(items) => {
            assert_eq!(ours.kind(), Kind::Array);
            assert_eq!(ours.items().count(), items.len());
            for (ours, theirs) in ours.items().zip(items) {
                same(ours, theirs);
            }
        }
        serde_json::Value::Object(entries) => {
            assert!(ours.is_object());
            for (key, theirs) in entries {
                same(ours.get(key).expect("every key is there"), theirs);
            }
        }
    }
}
