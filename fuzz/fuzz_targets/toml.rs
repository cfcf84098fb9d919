//! The TOML reader over any text: no panic, every span inside.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lockkeeper::text::toml;

fuzz_target!(|text: &str| {
    let document = toml::read(text);
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
});
