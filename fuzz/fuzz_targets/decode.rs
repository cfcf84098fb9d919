//! Decoding any bytes, and what then escapes the text for each medium.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lockkeeper::text::{Lines, decode, escape};

fuzz_target!(|data: &[u8]| {
    let decoded = decode::decode(data);
    let text = decoded.text.as_ref();
    if let Some(problem) = &decoded.problem {
        assert!(text.get(problem.span.start as usize..problem.span.end as usize).is_some(), "{problem:?}");
    }
    let lines = Lines::of(text);
    for (offset, _) in text.char_indices() {
        let position = lines.position(u32::try_from(offset).expect("a small input"));
        assert!(position.line >= 1 && position.column >= 1);
    }
    let terminal = escape::terminal(text);
    assert!(!terminal.contains('\u{1b}') && !terminal.contains('\u{9b}'), "{terminal:?}");
    let html = escape::html(text);
    assert!(!html.contains('<') && !html.contains('"'), "{html:?}");
    let markdown = escape::markdown(text);
    assert!(!markdown.contains('\n') && !markdown.contains('@'), "{markdown:?}");
    let _ = (escape::markdown_code(text), escape::yaml(text));
});
