//! The XML reader over any text: no panic, every span inside.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lockkeeper::text::xml;

fuzz_target!(|text: &str| {
    let document = xml::read(text);
    for problem in &document.problems {
        assert!(text.get(problem.span.start as usize..problem.span.end as usize).is_some(), "{problem:?}");
    }
    let mut open = vec![document.root()];
    while let Some(element) = open.pop() {
        for span in [element.span(), element.text_span()] {
            assert!(text.get(span.start as usize..span.end as usize).is_some(), "{span:?}");
        }
        let _ = (element.name(), element.text());
        open.extend(element.children());
    }
});
