//! Both YAML readers over any text: no panic, every span inside, bounds kept.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lockkeeper::text::yaml::{self, Bounds, MAX_COPIED};

fuzz_target!(|text: &str| {
    let document = yaml::read(text, Bounds::UNTRUSTED);
    for problem in &document.problems {
        assert!(text.get(problem.span.start as usize..problem.span.end as usize).is_some(), "{problem:?}");
    }
    let mut values = 0;
    let mut open = vec![(document.root(), 0)];
    while let Some((value, depth)) = open.pop() {
        values += 1;
        assert!(depth <= Bounds::UNTRUSTED.depth, "{depth}");
        for span in [value.span(), value.text_span(), value.key_span()] {
            assert!(text.get(span.start as usize..span.end as usize).is_some(), "{span:?}");
        }
        let _ = (value.as_str(), value.as_bool(), value.as_u64(), value.key());
        open.extend(value.items().map(|value| (value, depth + 1)));
        open.extend(value.entries().map(|(_, value)| (value, depth + 1)));
    }
    assert!(values <= text.len() + 1 + MAX_COPIED, "{values}");
    let stream = yaml::read_stream(text);
    for problem in &stream.problems {
        assert!(text.get(problem.span.start as usize..problem.span.end as usize).is_some(), "{problem:?}");
    }
    let mut open = vec![stream.root()];
    while let Some(value) = open.pop() {
        for span in [value.span(), value.text_span(), value.key_span()] {
            assert!(text.get(span.start as usize..span.end as usize).is_some(), "{span:?}");
        }
        let _ = (value.as_str(), value.as_bool(), value.as_u64(), value.key());
        open.extend(value.items());
        open.extend(value.entries().map(|(_, value)| value));
    }
});
