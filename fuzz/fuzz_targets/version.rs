//! Every version order over two texts: no panic, refused on both sides or on none, antisymmetric, and a
//! version equals itself. And every language of ranges over them: no panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lockkeeper::version::SCHEMES;
use lockkeeper::version::range::RANGES;

fuzz_target!(|text: &str| {
    let (left, right) = text.split_once('\n').unwrap_or((text, text));
    for scheme in SCHEMES {
        let name = scheme.name();
        match (scheme.compare(left, right), scheme.compare(right, left)) {
            (Ok(there), Ok(back)) => assert_eq!(there, back.reverse(), "{name}: {left:?} {right:?}"),
            (Err(_), Err(_)) => {}
            (there, back) => panic!("{name}: {left:?} {right:?}: {there:?}, {back:?}"),
        }
        match scheme.compare(left, left) {
            Ok(order) => assert!(order.is_eq(), "{name}: {left:?}"),
            Err(unorderable) => assert!(scheme.compare(left, right).is_err(), "{name}: {unorderable}"),
        }
        let event = scheme.event(left);
        let _ = scheme.compare(&event, right);
    }
    for syntax in RANGES {
        let _ = syntax.contains(left, right);
    }
});
